"""Finding a person among millions by a part of the id, the name or the e-mail address, and by the handle of a link.

Built once per version, on first use, from the stored users; kept beside them (``v<N>/lookup/``, memory-mapped), so it
goes when the version or the dataset goes. It can be deleted at any time: it is built again.

* The folded texts of a person (:func:`fold`) are one record; records are in the order of the folded ids.
* What begins with a text is found by bisection in each field's own order.
* What merely contains it is found through marks: a row of bits per 16 records says which one, two and three bytes
  occur in them, so only records that can match are read.
* The handles of all people, sorted, lead back to the record.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dashboard.store import files, lookup_kernels
from dashboard.store.dataset import Dataset
from dashboard.store.handles import HANDLE, Maker

FORMAT = 1
FOLDER = "lookup"
FIELDS = ("user_id", "name", "email")
MAX_TEXT = 200  # characters of a search
MAX_HITS = 100
_MIN_BITS, _MAX_BITS = 9, 16


@dataclass(frozen=True)
class Hit:
    """A person who was found. partition, number: as in :meth:`Dataset.find`. name, email: None = not known. field: in
    which the text was found. begins: it stands at the beginning of that field."""

    partition: int
    number: int
    user_id: str
    name: str | None
    email: str | None
    field: str
    begins: bool


@dataclass(frozen=True)
class Found:
    """hits: best first. more: there are others."""

    hits: tuple[Hit, ...]
    more: bool


def fold(text: str) -> str:
    """The form in which texts are compared: without case and without differences of encoding (NFKC)."""
    return text if text.isascii() and text == text.lower() else _folded(text)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


class Lookup:
    """The index of one version. ``columns``: the arrays by name, as :func:`_build` makes them."""

    def __init__(self, dataset: Dataset, about: dict[str, Any], columns: dict[str, npt.NDArray[Any]]) -> None:
        self._partitions = dataset.partitions
        self._ends = np.cumsum([partition.n_users for partition in dataset.partitions])
        self._texts = {name: dataset.dictionary_array(name) for name in about["fields"][1:]}
        self._fields: tuple[str, ...] = tuple(about["fields"])
        self._bits = int(about["bits"])
        self._maker = Maker(dataset.id)
        self._columns = columns
        self._orders = [columns[f"order_{number}"] for number in range(len(self._fields))]
        marks = columns["marks"]
        self._marks = marks.reshape(-1, (1 << self._bits) // 64)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that can be searched, ``user_id`` first."""
        return self._fields

    def search(self, text: str, limit: int = 10) -> Found:
        """People whose id, name or e-mail contains a text, in any case: those with a field equal to it first, then
        those with a field that begins with it (ids before names before e-mails), then the others by id.

        limit: at most 100.
        """
        needle = np.frombuffer(fold(text.strip()[:MAX_TEXT]).encode("utf-8", "ignore"), np.uint8)
        limit = max(1, min(limit, MAX_HITS))
        if not len(needle) or not len(self._columns["person"]):
            return Found((), False)
        best: dict[int, tuple[bool, int, int]] = {}
        for field, order in enumerate(self._orders):
            first, equal, end = lookup_kernels.beginning(
                self._columns["text"], self._columns["offsets"], order, field, needle
            )
            for position in range(first, min(end, first + limit + 1)):
                record, rank = int(order[position]), (position >= equal, field, position)
                best[record] = min(best.get(record, rank), rank)
        records = sorted(best, key=lambda record: best[record])
        hits = [self._hit(record, best[record][1], True) for record in records[: limit + 1]]
        if len(hits) <= limit:
            room = np.empty(limit + 1 + len(hits), np.int32)
            count = lookup_kernels.find(
                self._columns["text"], self._columns["offsets"], self._marks, self._bits, needle, room
            )
            inside = [int(record) for record in room[:count] if int(record) not in best]
            hits += [self._hit(record, self._where(record, needle), False) for record in inside]
        return Found(tuple(hits[:limit]), len(hits) > limit)

    def resolve(self, handle: str) -> tuple[int, int] | None:
        """(partition, person number) of the person with that handle, None when there is none."""
        if not HANDLE.fullmatch(handle):
            return None
        high, low = np.frombuffer(bytes.fromhex(handle), ">u8").astype(np.uint64)
        highs, lows = self._columns["handle_high"], self._columns["handle_low"]
        at = int(np.searchsorted(highs, high))
        while at < len(highs) and highs[at] == high:
            if lows[at] == low:
                return self._place(int(self._columns["person"][self._columns["handle_record"][at]]))
            at += 1
        return None

    def _place(self, person: int) -> tuple[int, int]:
        partition = int(np.searchsorted(self._ends, person, side="right"))
        return partition, person - int(self._ends[partition] - self._partitions[partition].n_users)

    def _hit(self, record: int, field: int, begins: bool) -> Hit:
        partition, number = self._place(int(self._columns["person"][record]))
        stored = self._partitions[partition]
        told: dict[str, str | None] = {"name": None, "email": None}
        for name, texts in self._texts.items():
            code = int(stored.users.column(name)[number])
            told[name] = texts[code].as_py() if code >= 0 else None
        user_id = str(stored.user_ids[number].as_py())
        return Hit(partition, number, user_id, told["name"], told["email"], self._fields[field], begins)

    def _where(self, record: int, needle: npt.NDArray[np.uint8]) -> int:
        offsets = self._columns["offsets"]
        texts = self._columns["text"][offsets[record] : offsets[record + 1]].tobytes().split(b"\xff")
        return next(field for field, text in enumerate(texts) if needle.tobytes() in text)


_open: WeakKeyDictionary[Dataset, Lookup] = WeakKeyDictionary()
_building: WeakKeyDictionary[Dataset, threading.Lock] = WeakKeyDictionary()
_lock = threading.Lock()


def lookup_of(dataset: Dataset) -> Lookup:
    """The index of a version: in memory, from its files, or built now (about 4 seconds for a million people)."""
    with _lock:
        found = _open.get(dataset)
        if found is not None:
            return found
        turn = _building.setdefault(dataset, threading.Lock())
    with turn:
        found = _open.get(dataset) or _from_files(dataset) or _build_and_keep(dataset)
        with _lock:
            return _open.setdefault(dataset, found)


def ready(dataset: Dataset) -> bool:
    """Whether :func:`lookup_of` answers at once."""
    return dataset in _open or (dataset.path / FOLDER).is_dir()


def _from_files(dataset: Dataset) -> Lookup | None:
    """The kept index; None without one, for one of another format or key, and for a damaged one."""
    folder = dataset.path / FOLDER
    try:
        about = json.loads((folder / "about.json").read_bytes())
        if about["format"] != FORMAT or about["key"] != Maker(dataset.id).mark():
            return None
        columns = {name: _map(folder / f"{name}.arrow") for name in about["columns"]}
        if about["sizes"] != {name: len(column) for name, column in columns.items()}:
            return None
        return Lookup(dataset, about, columns)
    except (FileNotFoundError, ValueError, KeyError, TypeError, pa.ArrowException):
        return None


def _map(path: Path) -> npt.NDArray[Any]:
    with pa.memory_map(str(path)) as source:
        column = pa.ipc.open_file(source).get_batch(0).column("values")
        return column.to_numpy(zero_copy_only=True)  # type: ignore[no-any-return]


def _build_and_keep(dataset: Dataset) -> Lookup:
    about, columns = _build(dataset)
    with contextlib.suppress(OSError):  # no room on the disk: it lives in memory only
        _keep(dataset.path, about, columns)
    return _from_files(dataset) or Lookup(dataset, about, columns)


def _keep(version: Path, about: dict[str, Any], columns: dict[str, npt.NDArray[Any]]) -> None:
    """Write the index beside its final place and rename it; of several processes the last one wins."""
    own = version / f".{FOLDER}.{secrets.token_hex(8)}"
    try:
        own.mkdir(mode=0o700)
        for name, values in columns.items():
            files.write_columns(own / f"{name}.arrow", {"values": values})
        files.write_bytes(own / "about.json", json.dumps(about).encode())
        files.fsync_directory(own)
        files.remove_tree(version / FOLDER)
        files.rename(own, version / FOLDER)
    finally:
        files.remove_tree(own)


def _build(dataset: Dataset) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """(what the index is, its arrays)."""
    ids = pa.chunked_array([p.user_ids for p in dataset.partitions], pa.large_string()).combine_chunks()
    users = [partition.users for partition in dataset.partitions]
    known = dataset.manifest.dictionaries
    fields = ("user_id", *(n for n in FIELDS[1:] if n in known and users and all(u.has(n) for u in users)))
    folded = _fold_all(ids)
    person = pc.sort_indices(folded).to_numpy().astype(np.int32)
    texts = [folded.take(pa.array(person))]
    orders = [np.arange(len(person), dtype=np.int32)]
    for name in fields[1:]:
        codes = np.concatenate([u.column(name) for u in users])[person]
        column = _fold_all(dataset.dictionary_array(name)).take(pa.array(codes, mask=codes < 0))
        order = pc.sort_indices(column).to_numpy()  # those without a text come last
        orders.append(order[: len(column) - column.null_count].astype(np.int32))
        texts.append(column)
    offsets, text = _records(texts)
    blocks = -(-len(person) // lookup_kernels.BLOCK)
    bits = min(max(_MIN_BITS, int(4 * len(text) / max(blocks, 1)).bit_length()), _MAX_BITS)
    marks = np.zeros((blocks, (1 << bits) // 64), np.uint64)
    lookup_kernels.mark(text, offsets, bits, marks)
    high, low, record = _handles(dataset.id, ids, person)
    columns: dict[str, npt.NDArray[Any]] = {
        "person": person,
        "offsets": offsets,
        "text": text,
        "marks": marks.reshape(-1),
        "handle_high": high,
        "handle_low": low,
        "handle_record": record,
        **{f"order_{number}": order for number, order in enumerate(orders)},
    }
    for values in columns.values():
        values.flags.writeable = False
    about = {
        "format": FORMAT,
        "key": Maker(dataset.id).mark(),
        "fields": list(fields),
        "bits": bits,
        "columns": list(columns),
        "sizes": {name: len(values) for name, values in columns.items()},
    }
    return about, columns


def _fold_all(texts: pa.LargeStringArray) -> pa.LargeStringArray:
    lower = pc.ascii_lower(texts).cast(pa.large_string())
    other = np.flatnonzero(pc.invert(pc.string_is_ascii(texts)).to_numpy(zero_copy_only=False))
    if not len(other):
        return lower
    mask = np.zeros(len(texts), bool)
    mask[other] = True
    folded = [_folded(text) for text in texts.take(pa.array(other)).to_pylist()]
    return pc.replace_with_mask(lower, pa.array(mask), pa.array(folded, pa.large_string()))


def _records(texts: list[pa.LargeStringArray]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """(offsets, bytes) of the records: every text of a person with the end mark behind it."""
    if not len(texts[0]):
        return np.zeros(1, np.int64), np.zeros(0, np.uint8)
    parts = [column.cast(pa.large_binary()) for column in texts]
    end = pa.scalar(bytes([lookup_kernels.END]), pa.large_binary())
    empty = pa.scalar(b"", pa.large_binary())
    joined = pc.binary_join_element_wise(*parts, empty, end, null_handling="replace", null_replacement="")
    _, offsets, data = joined.buffers()
    starts = np.frombuffer(offsets, np.int64, len(joined) + 1).copy()
    return starts, np.frombuffer(data, np.uint8, int(starts[-1])).copy()


def _handles(
    dataset_id: str, ids: pa.LargeStringArray, person: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64], npt.NDArray[np.int32]]:
    """(first and last 8 bytes of every handle, ascending, and the record of each)."""
    maker = Maker(dataset_id)
    digests = b"".join([maker.digest(user_id) for user_id in ids.take(pa.array(person)).to_pylist()])
    halves = np.frombuffer(digests, ">u8").astype(np.uint64).reshape(-1, 2)
    order = np.lexsort((halves[:, 1], halves[:, 0]))
    return halves[order, 0].copy(), halves[order, 1].copy(), order.astype(np.int32)
