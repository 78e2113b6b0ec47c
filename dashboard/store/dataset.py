"""Opening a stored version."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pyarrow as pa

from dashboard import settings
from dashboard.errors import NotFound
from dashboard.store import catalogue
from dashboard.store import manifest as manifests
from dashboard.store.hashing import text_hash
from dashboard.store.manifest import Manifest
from dashboard.store.partition import Partition

DATASET_ID = re.compile(r"[a-z0-9]{12}")
_OPEN_LIMIT = 16  # versions kept open in a process: an open version costs address space and file handles, no memory


class Dataset:
    """One immutable version of a dataset, mapped into memory. Safe to use from many threads."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.id = manifest.dataset_id
        self.version = manifest.version
        self.manifest = manifest
        self.path = path
        self.partitions: tuple[Partition, ...] = tuple(
            Partition(path, index, manifest.tables) for index in range(manifest.partitions)
        )
        self._dictionaries: dict[str, np.ndarray] = {}
        self._codes: dict[str, dict[str, int]] = {}

    def dictionary_array(self, name: str) -> pa.LargeStringArray:
        """The texts of a column by code, sorted by bytes. Raises KeyError when the column is not text."""
        if name not in self.manifest.dictionaries:
            raise KeyError(name)
        with pa.memory_map(str(self.path / "dictionaries" / self.manifest.dictionary_file(name))) as source:
            return pa.ipc.open_file(source).get_batch(0).column("text")

    def dictionary(self, name: str) -> np.ndarray:
        """The texts of a column by code: object array, sorted by bytes. Raises KeyError when the column is not text."""
        texts = self._dictionaries.get(name)
        if texts is None:
            texts = self.dictionary_array(name).to_numpy(zero_copy_only=False)
            self._dictionaries[name] = texts
        return texts

    def code(self, name: str, text: str) -> int:
        """The code of a text in a column, -1 when it does not occur (or the column is not text)."""
        codes = self._codes.get(name)
        if codes is None:
            texts = self.dictionary(name) if name in self.manifest.dictionaries else ()
            codes = self._codes[name] = {value: code for code, value in enumerate(texts)}
        return codes.get(text, -1)

    def find(self, user_id: str) -> tuple[int, int] | None:
        """(partition, person number) of a person, None when unknown."""
        partition = self.partitions[text_hash(user_id) % len(self.partitions)]
        ids, wanted = partition.user_ids, user_id.encode()
        low, high = 0, len(ids)
        while low < high:
            middle = (low + high) // 2
            if ids[middle].as_py().encode() < wanted:
                low = middle + 1
            else:
                high = middle
        if low < len(ids) and ids[low].as_py() == user_id:
            return partition.index, low
        return None


_open: OrderedDict[tuple[str, int], Dataset] = OrderedDict()
_lock = threading.Lock()


def version_path(dataset_id: str, version: int) -> Path:
    """Where a version lives. Raises NotFound for anything that is no dataset id: ids reach this from URLs."""
    if not DATASET_ID.fullmatch(dataset_id):
        raise NotFound("dataset")
    return settings.current().data_dir / "datasets" / dataset_id / f"v{version:d}"


def open_dataset(dataset_id: str, version: int | None = None) -> Dataset:
    """The current (or the given) version of a dataset; opened once per process. Raises NotFound."""
    if not DATASET_ID.fullmatch(dataset_id):
        raise NotFound("dataset")
    if version is None:
        with catalogue.reading() as connection:
            row = connection.execute("SELECT version FROM datasets WHERE id = ?", (dataset_id,)).fetchone()
        if row is None:
            raise NotFound("dataset")
        version = int(row["version"])
    path = version_path(dataset_id, version)
    key = (str(path), version)
    with _lock:
        if key in _open:
            _open.move_to_end(key)
            return _open[key]
    with catalogue.reading() as connection:
        row = connection.execute(
            "SELECT manifest FROM versions WHERE dataset_id = ? AND number = ?", (dataset_id, version)
        ).fetchone()
    if row is None:
        raise NotFound("dataset")
    dataset = Dataset(path, manifests.from_json(row["manifest"]))
    with _lock:
        dataset = _open.setdefault(key, dataset)
        while len(_open) > _OPEN_LIMIT:
            _open.popitem(last=False)
    return dataset


def forget(dataset_id: str) -> None:
    """Drop what this process holds open of a dataset, so that deleted files leave the disk."""
    folder = str(settings.current().data_dir / "datasets" / dataset_id) + "/"
    with _lock:
        for key in [key for key in _open if key[0].startswith(folder)]:
            del _open[key]
