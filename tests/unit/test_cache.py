"""The cache may lose everything and must never invent, mix up or run anything."""

from __future__ import annotations

import pickle
import random
import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import diskcache
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard import cache
from dashboard.cache import BytesDisk, ResultCache, key_of

KEY = "k" * 64


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[ResultCache]:
    store = ResultCache(tmp_path / "cache", 1 << 20)
    yield store
    store.close()


def again(tmp_path: Path) -> ResultCache:
    """Another process: nothing in memory."""
    return ResultCache(tmp_path / "cache", 1 << 20)


def refuse() -> bytes:
    raise AssertionError("computed although it was kept")


@pytest.mark.parametrize("value", [b"", b"small", b"x" * 200_000])
def test_keeps_bytes_in_memory_and_on_disk(kept: ResultCache, tmp_path: Path, value: bytes) -> None:
    assert kept.get(KEY, "ds", lambda: value) == value
    assert kept.get(KEY, "ds", refuse) == value
    assert again(tmp_path).get(KEY, "ds", refuse) == value


def test_the_directory_is_private(kept: ResultCache, tmp_path: Path) -> None:
    kept.get(KEY, "ds", lambda: b"1")
    assert stat.S_IMODE((tmp_path / "cache").stat().st_mode) == 0o700


def test_errors_are_never_kept(kept: ResultCache) -> None:
    def fail() -> bytes:
        raise RuntimeError("once")

    with pytest.raises(RuntimeError):
        kept.get(KEY, "ds", fail)
    assert kept.get(KEY, "ds", lambda: b"fine") == b"fine"


def test_one_computation_for_many_who_ask(kept: ResultCache) -> None:
    calls, gate, answers = [], threading.Event(), []

    def slow() -> bytes:
        calls.append(1)
        gate.wait(5)
        return b"once"

    threads = [threading.Thread(target=lambda: answers.append(kept.get(KEY, "ds", slow))) for _ in range(8)]
    for thread in threads:
        thread.start()
    while not calls:
        pass
    gate.set()
    for thread in threads:
        thread.join()
    assert len(calls) == 1 and answers == [b"once"] * 8


def test_forget_drops_one_dataset(kept: ResultCache, tmp_path: Path) -> None:
    kept.get("a" * 64, "one", lambda: b"1")
    kept.get("b" * 64, "two", lambda: b"2")
    kept.forget("one")
    assert kept.get("a" * 64, "one", lambda: b"new") == b"new"
    assert again(tmp_path).get("b" * 64, "two", refuse) == b"2"


FIRED: list[int] = []


def fire() -> str:
    FIRED.append(1)
    return "object"


class Bomb:
    def __reduce__(self) -> Any:
        return (fire, ())


@pytest.mark.parametrize("as_file", [False, True])
def test_a_planted_pickle_is_not_run(tmp_path: Path, as_file: bool) -> None:
    """With diskcache's own reader the same row runs: so the test can fail."""
    directory = tmp_path / "cache"
    with diskcache.Cache(str(directory), disk_min_file_size=0 if as_file else 1 << 20) as planted:
        planted.set(KEY, Bomb())
    FIRED.clear()
    with diskcache.Cache(str(directory)) as naive:
        naive.get(KEY)
    assert FIRED == [1]
    FIRED.clear()
    assert again(tmp_path).get(KEY, "ds", lambda: b"computed") == b"computed"
    assert FIRED == []
    assert again(tmp_path).get(KEY, "ds", refuse) == b"computed"


def test_the_disk_refuses_everything_but_bytes_under_texts(tmp_path: Path) -> None:
    disk = BytesDisk(str(tmp_path))
    for call in (
        lambda: disk.put((1, 2)),
        lambda: disk.put(1),
        lambda: disk.get(pickle.dumps(1), False),
        lambda: disk.store("text", False),
        lambda: disk.store({}, False),
        lambda: disk.fetch(4, None, pickle.dumps(1), False),
        lambda: disk.fetch(3, "x", None, False),
        lambda: disk.fetch(2, "../../secret", None, False),
        lambda: disk.fetch(1, None, "text", False),
    ):
        with pytest.raises(ValueError):
            call()


def test_removing_never_leaves_the_directory(tmp_path: Path) -> None:
    outside = tmp_path / "outside.val"
    outside.write_bytes(b"mine")
    disk = BytesDisk(str(tmp_path / "cache"))
    disk.remove("../outside.val")
    assert outside.exists()


def _plant(tmp_path: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(tmp_path / "cache" / "cache.db") as connection:
        connection.execute(statement, values)


def test_a_changed_or_swapped_value_is_computed_again(tmp_path: Path) -> None:
    first = again(tmp_path)
    first.get("a" * 64, "ds", lambda: b"right")
    first.get("b" * 64, "ds", lambda: b"other")
    first.close()
    with sqlite3.connect(tmp_path / "cache" / "cache.db") as connection:
        (value,) = connection.execute("SELECT value FROM Cache WHERE key = ?", ("b" * 64,)).fetchone()
    _plant(tmp_path, "UPDATE Cache SET value = ? WHERE key = ?", value, "a" * 64)
    assert again(tmp_path).get("a" * 64, "ds", lambda: b"right") == b"right"
    _plant(tmp_path, "UPDATE Cache SET value = ?", "a text")
    assert again(tmp_path).get("a" * 64, "ds", lambda: b"right") == b"right"


def test_a_damaged_database_is_replaced(tmp_path: Path) -> None:
    first = again(tmp_path)
    first.get(KEY, "ds", lambda: b"1")
    first.close()
    for path in (tmp_path / "cache").glob("cache.db*"):
        path.write_bytes(b"this is no database" * 500)
    assert again(tmp_path).get(KEY, "ds", lambda: b"2") == b"2"
    assert again(tmp_path).get(KEY, "ds", refuse) == b"2"


def test_a_cut_off_file_is_computed_again(tmp_path: Path) -> None:
    value = random.Random(1).randbytes(100_000)
    first = again(tmp_path)
    first.get(KEY, "ds", lambda: value)
    first.close()
    (file,) = (tmp_path / "cache").rglob("*.val")
    file.write_bytes(file.read_bytes()[:50_000])
    assert again(tmp_path).get(KEY, "ds", lambda: value) == value
    (file,) = (tmp_path / "cache").rglob("*.val")
    file.unlink()
    assert again(tmp_path).get(KEY, "ds", lambda: value) == value


def test_a_full_disk_only_costs_time(kept: ResultCache, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(diskcache.Cache, "set", full)
    assert kept.get(KEY, "ds", lambda: b"1") == b"1"


def test_a_directory_that_cannot_be_made_only_costs_time(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file is in the way")
    assert again(tmp_path).get(KEY, "ds", lambda: b"1") == b"1"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9))
def test_random_damage_never_changes_an_answer(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    folder = tmp_path_factory.mktemp("damage")
    chance = random.Random(seed)
    values = {f"{i:064x}": chance.randbytes(chance.choice([10, 1_000, 50_000])) for i in range(4)}
    first = again(folder)
    for key, value in values.items():
        first.get(key, "ds", lambda value=value: value)
    first.close()
    files = sorted(path for path in (folder / "cache").rglob("*") if path.is_file())
    target = chance.choice(files)
    data = bytearray(target.read_bytes())
    for _ in range(chance.choice([1, 8, 200])):
        if data:
            data[chance.randrange(len(data))] = chance.randrange(256)
    target.write_bytes(data)
    second = again(folder)
    for key, value in values.items():
        assert second.get(key, "ds", lambda value=value: value) == value
    second.close()


PARTS: dict[str, Any] = {
    "dataset": "abc",
    "version": 1,
    "content": "h",
    "function": "f",
    "query": {"range": "7d", "options": {}},
    "scope": "ann",
    "time_zone": "UTC",
}
OTHERS: dict[str, Any] = {
    "dataset": "abd",
    "version": 2,
    "content": "i",
    "function": "g",
    "query": {"range": "7d", "options": {"by": "day"}},
    "scope": "bob",
    "time_zone": "Asia/Kolkata",
}


@pytest.mark.parametrize("part", sorted(PARTS))
def test_every_part_of_the_key_matters(part: str) -> None:
    assert key_of(**PARTS) != key_of(**{**PARTS, part: OTHERS[part]})


def test_another_code_has_other_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key_of(**PARTS)
    monkeypatch.setattr(cache, "code_version", lambda: "other")
    assert key_of(**PARTS) != before


def test_the_order_of_a_query_does_not_matter() -> None:
    turned = dict(reversed(list(PARTS["query"].items())))
    assert key_of(**PARTS) == key_of(**{**PARTS, "query": turned})
