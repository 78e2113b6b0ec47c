"""Finding people against plain Python, and what a handle gives away and does not."""

from __future__ import annotations

import re
import shutil
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from dashboard import settings
from dashboard.ingest import publish
from dashboard.store import handles, lookup, lookup_kernels
from dashboard.store.dataset import Dataset, open_dataset
from dashboard.store.lookup import fold, lookup_of
from tests.store_builder import FrameReader, build_dataset

PEOPLE = pd.DataFrame(
    {
        "user_id": ["00123", "123", "=1+1", "Ada", "ADA", "ﬁn", "x\nada", "p1", "p2", "p3"],
        "name": ["Ada Lovelace", "Übergröße", None, "Grace", "ada", "Zoë", "Zoë", "İpek", "<b>ada</b>", "Adam"],
        "email": ["ada@x.de", "B@x.de", None, "c@y.com", "", None, "ADA@Z.ORG", "i@p.tr", None, "adam@x.de"],
        "country": ["DE"] * 10,
    }
)


def expected(dataset: Dataset, text: str) -> list[str]:
    """All people found, in order, by the definition in :meth:`Lookup.search`."""
    needle = fold(text.strip()[: lookup.MAX_TEXT])
    if not needle:
        return []
    ranked = []
    for partition in dataset.partitions:
        for number, user_id in enumerate(partition.user_ids.to_pylist()):
            texts = [user_id]
            for name in ("name", "email"):
                if dataset.manifest.has_column("users", name):
                    code = int(partition.users.column(name)[number])
                    texts.append(dataset.dictionary(name)[code] if code >= 0 else None)
            folded = [None if item is None else fold(item) for item in texts]
            ranks = [
                (0 if item == needle else 1 if item.startswith(needle) else 2, field, item.encode())
                for field, item in enumerate(folded)
                if item is not None and needle in item
            ]
            if ranks:
                best = min(ranks)
                home = (partition.index, number)
                key = best if best[0] < 2 else (2, 0, b"")
                ranked.append((*key, fold(user_id).encode(), home, user_id))
    return [item[-1] for item in sorted(ranked)]


def found(dataset: Dataset, text: str, limit: int = 100) -> list[str]:
    return [hit.user_id for hit in lookup_of(dataset).search(text, limit).hits]


@pytest.mark.parametrize(
    "text",
    [
        *("ada", "ADA", " ada ", "a", "da", "über", "GRÖSSE", "ß", "ss", "@x.de", "x.de", "=1", "=1+1", "00123", "123"),
        *("0", "fi", "zoë", "Zoe\u0308", "i̇", "<b>", "\n", "x\nada", "ad", "nobody", "", "\ud800", "%", "_", "ÿ", "p"),
    ],
)
def test_search_finds_what_plain_python_finds_in_the_same_order(data_dir: Path, text: str) -> None:
    dataset = build_dataset(data_dir, users=PEOPLE)
    assert found(dataset, text) == expected(dataset, text)


TEXT = st.text(alphabet="aAbß1+=@.éE\u0301 ÿ", max_size=5)


@given(
    people=st.lists(st.tuples(TEXT.filter(lambda t: t.strip()), TEXT, TEXT), min_size=1, max_size=60),
    asked=st.lists(TEXT, min_size=1, max_size=8),
    limit=st.integers(1, 12),
)
@limits(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_search_agrees_with_plain_python_on_random_people(
    data_dir: Path, people: list[tuple[str, str, str]], asked: list[str], limit: int
) -> None:
    frame = pd.DataFrame(people, columns=["user_id", "name", "email"], dtype=object)
    frame["user_id"] = frame["user_id"].str.strip()
    frame = frame.drop_duplicates("user_id").replace({"name": {"": None}, "email": {"": None}})
    dataset = build_dataset(data_dir, users=frame, partitions=2)
    for text in asked:
        whole = expected(dataset, text)
        answer = lookup_of(dataset).search(text, limit)
        assert [hit.user_id for hit in answer.hits] == whole[:limit]
        assert answer.more == (len(whole) > limit)
        for hit in answer.hits:
            assert dataset.find(hit.user_id) == (hit.partition, hit.number)
    publish.delete_dataset(dataset.id)


def test_a_dataset_without_names_is_searched_by_id(data_dir: Path) -> None:
    dataset = build_dataset(
        data_dir, events=[{"user_id": f"u{n:03d}", "event_time": "2024-01-01", "event_name": "x"} for n in range(50)]
    )
    assert lookup_of(dataset).fields == ("user_id",)
    assert found(dataset, "U01") == [f"u01{n}" for n in range(10)]


def test_people_with_equal_names_are_all_found(data_dir: Path) -> None:
    users = [{"user_id": f"u{n:02d}", "name": "Same Name", "email": None} for n in range(40)]
    dataset = build_dataset(data_dir, users=users)
    assert sorted(found(dataset, "same name")) == [f"u{n:02d}" for n in range(40)]
    assert lookup_of(dataset).search("same", 10).more


def test_the_kept_index_is_used_again_and_leaves_with_the_dataset(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = build_dataset(data_dir, users=PEOPLE)
    before = found(dataset, "ada")
    folder = dataset.path / lookup.FOLDER
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    lookup._open.clear()
    monkeypatch.setattr(lookup, "_build", lambda dataset: pytest.fail("it was kept"))
    assert found(dataset, "ada") == before
    publish.delete_dataset(dataset.id)
    assert not folder.exists()


@pytest.mark.parametrize("damage", ["about", "short", "gone", "format"])
def test_a_damaged_index_is_built_again(data_dir: Path, damage: str) -> None:
    dataset = build_dataset(data_dir, users=PEOPLE)
    before = found(dataset, "ada")
    folder = dataset.path / lookup.FOLDER
    if damage == "about":
        (folder / "about.json").write_bytes(b"{")
    elif damage == "format":
        (folder / "about.json").write_bytes(b'{"format": 0}')
    elif damage == "short":
        shutil.copy(folder / "person.arrow", folder / "offsets.arrow")
    else:
        (folder / "marks.arrow").unlink()
    lookup._open.clear()
    assert found(dataset, "ada") == before


def test_without_room_on_the_disk_the_index_lives_in_memory(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lookup, "_keep", full)
    dataset = build_dataset(data_dir, users=PEOPLE)
    assert found(dataset, "00123") == ["00123"]
    assert not (dataset.path / lookup.FOLDER).exists()


def test_every_handle_leads_to_its_person_and_no_other_text_does(data_dir: Path) -> None:
    dataset = build_dataset(data_dir, users=PEOPLE)
    index, maker = lookup_of(dataset), handles.Maker(dataset.id)
    made = {user: maker.handle(user) for user in PEOPLE["user_id"]}
    assert len(set(made.values())) == len(made)
    for user, handle in made.items():
        assert index.resolve(handle) == dataset.find(user)
    for text in ("", "0" * 32, "Z" * 32, made["Ada"].upper(), made["Ada"][:-1], made["Ada"] + "0", "00123", "../x"):
        assert index.resolve(text) is None


def test_handles_outlive_an_append_and_say_nothing(data_dir: Path) -> None:
    reader = FrameReader()
    first = build_dataset(data_dir, users=PEOPLE)
    handle = handles.Maker(first.id).handle("Ada")
    assert re.fullmatch("[0-9a-f]{32}", handle)  # that it depends on a secret is tested below
    more = reader.source(data_dir, "events", [{"user_id": "new", "event_time": "2024-02-01", "event_name": "x"}])
    again = [reader.source(data_dir, "users", PEOPLE), more]
    publish.import_sources(
        again, publish.ImportOptions(time_zone="UTC"), mode="replace", dataset_id=first.id, reader=reader
    )
    second = open_dataset(first.id)
    assert second.version == first.version + 1
    assert lookup_of(second).resolve(handle) == second.find("Ada")
    assert handles.Maker("another00000").handle("Ada") != handle


def test_another_installation_knows_none_of_the_handles(data_dir: Path, tmp_path: Path) -> None:
    dataset = build_dataset(data_dir, users=PEOPLE)
    handle = handles.Maker(dataset.id).handle("Ada")
    assert lookup_of(dataset).resolve(handle) is not None
    key = data_dir / handles.FILE
    assert stat.S_IMODE(key.stat().st_mode) == 0o600 and key.stat().st_size == 32
    key.rename(tmp_path / "old.key")  # as if the version's files had been carried to another installation
    handles._read.cache_clear()
    lookup._open.clear()
    assert lookup_of(dataset).resolve(handle) is None
    assert handles.Maker(dataset.id).handle("Ada") != handle


def test_the_key_is_made_once_and_a_damaged_one_is_not_replaced(data_dir: Path) -> None:
    handles._read.cache_clear()
    first = handles.key()
    handles._make(settings.current().data_dir / handles.FILE)  # another process that came at the same moment
    handles._read.cache_clear()
    assert handles.key() == first
    assert [path.name for path in data_dir.iterdir()] == [handles.FILE]
    (data_dir / handles.FILE).write_bytes(b"short")
    handles._read.cache_clear()
    with pytest.raises(ValueError, match="damaged"):
        handles.key()
    handles._read.cache_clear()


@given(
    texts=st.lists(st.binary(max_size=12).map(lambda t: t.replace(b"\xff", b"")), max_size=70),
    needle=st.binary(min_size=1, max_size=5),
)
@limits(max_examples=60)
def test_marks_never_hide_a_record(texts: list[bytes], needle: bytes) -> None:
    needle = needle.replace(b"\xff", b"a")
    records = [text + b"\xff" for text in texts]
    offsets = np.cumsum([0, *map(len, records)]).astype(np.int64)
    text = np.frombuffer(b"".join(records), np.uint8)
    bits = 6  # nearly every mark is set: collisions may cost time, never a record
    marks = np.zeros((-(-len(texts) // lookup_kernels.BLOCK), 1), np.uint64)
    lookup_kernels.mark(text, offsets, bits, marks)
    out = np.empty(100, np.int32)
    count = lookup_kernels.find(text, offsets, marks, bits, np.frombuffer(needle, np.uint8), out)
    assert out[:count].tolist() == [i for i, item in enumerate(texts) if needle in item]
