"""The pieces of the build against plain Python."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.filters import EPOCH
from dashboard.ingest import derive
from dashboard.ingest.calendar import local_days, utc_offsets
from dashboard.ingest.sorting import equal_runs, group, sort_runs, sort_texts, unsorted_runs
from dashboard.ingest.spill import Spill
from dashboard.ingest.text_index import TextIndex
from dashboard.schema import NULL_DAY, NULL_TIME
from dashboard.store.hashing import text_hash

TEXTS = st.lists(st.one_of(st.text(max_size=3), st.text(alphabet="ab\0", max_size=30)), max_size=60)


@given(st.lists(TEXTS, max_size=4))
@settings(deadline=None)
def test_texts_get_codes_by_appearance_and_ranks_by_bytes(batches: list[list[str]]) -> None:
    index, expected = TextIndex(), {}
    for texts in batches:
        codes = index.add(pa.array([*texts, None], pa.large_string()))
        assert codes.tolist() == [*(expected.setdefault(t, len(expected)) for t in texts), -1]
    ordered = sorted(expected, key=str.encode)
    assert index.take(index.order()).to_pylist() == ordered
    assert [ordered[rank] for rank in index.ranks()] == list(expected)
    assert index.hashes.tolist() == [text_hash(text) for text in expected]
    assert len(index) == len(expected)


def test_a_slice_of_an_arrow_array_is_read_from_its_own_start() -> None:
    texts = pa.array(["a", "bb", None, "ccc"], pa.string())
    index = TextIndex()
    assert index.add(texts.slice(1)).tolist() == [0, -1, 1]
    assert index.take(np.array([1, 0])).to_pylist() == ["ccc", "bb"]


@given(TEXTS)
@settings(deadline=None)
def test_sort_texts(texts: list[str]) -> None:
    data = b"".join(t.encode() for t in texts)
    offsets = np.cumsum([0, *(len(t.encode()) for t in texts)]).astype(np.int64)
    order = sort_texts(np.frombuffer(data, np.uint8), offsets)
    assert [texts[i] for i in order] == sorted(texts, key=str.encode)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6), st.integers(0, 2)), max_size=200))
@settings(max_examples=60, deadline=None)
def test_group_and_sort_runs_equal_a_stable_sort(rows: list[tuple[int, int, int]]) -> None:
    keys = np.array([r[0] for r in rows], np.int32)
    times = np.array([r[1] for r in rows], np.int64)
    order, offsets = group(keys, 5)
    assert order.tolist() == sorted(range(len(rows)), key=lambda i: rows[i][0])
    starts, ends = unsorted_runs(times[order], offsets)
    disordered = [k for k in range(5) if list(t := times[order[offsets[k] : offsets[k + 1]]]) != sorted(t)]
    assert list(zip(starts, ends, strict=True)) == [(offsets[k], offsets[k + 1]) for k in disordered]
    every = np.concatenate([order[s:e] for s, e in zip(starts, ends, strict=True)]) if len(starts) else order[:0]
    sort_runs(order, starts, ends, times[every][:, None])
    assert order.tolist() == sorted(range(len(rows)), key=lambda i: rows[i][:2])
    starts, ends = equal_runs(times[order], offsets)
    every = np.concatenate([order[s:e] for s, e in zip(starts, ends, strict=True)]) if len(starts) else order[:0]
    assert all(len({rows[i][:2] for i in order[s:e]}) == 1 and e - s > 1 for s, e in zip(starts, ends, strict=True))
    third = np.array([r[2] for r in rows], np.int64)
    sort_runs(order, starts, ends, third[every][:, None])
    assert order.tolist() == sorted(range(len(rows)), key=lambda i: rows[i])


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"])
def test_local_days_equal_the_standard_library(zone: str) -> None:
    rng = np.random.default_rng(1)
    times = rng.integers(-(10**15), 2 * 10**15, 3_000)
    jumps = [dt.datetime(2024, 3, 31, 1), dt.datetime(2024, 10, 27, 1), dt.datetime(2011, 12, 30, 10)]
    around = [int(j.replace(tzinfo=dt.UTC).timestamp()) * 10**6 + d for j in jumps for d in (-1, 0, 1)]
    times = np.concatenate((times, around, [NULL_TIME])).astype(np.int64)
    days = local_days(times, *utc_offsets(zone, int(times[:-1].min()), int(times.max())))
    start = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    expected = [
        ((start + dt.timedelta(microseconds=int(t))).astimezone(ZoneInfo(zone)).date() - EPOCH).days for t in times[:-1]
    ]
    assert days.tolist() == [*expected, NULL_DAY]


def test_stamps_beyond_the_calendar_do_not_raise() -> None:
    times = np.array([-(2**62), 2**62], np.int64)
    assert len(local_days(times, *utc_offsets("Europe/Berlin", int(times[0]), int(times[1])))) == 2


@pytest.mark.parametrize("budget", [0, 40, 10**9])
def test_spill_returns_what_it_took_in_memory_and_from_disk(tmp_path: Path, budget: int) -> None:
    spill = Spill(tmp_path / "spill", budget)
    spill.add("events", 0, np.array([0, 2, 3]), {"a": np.arange(3, dtype=np.int32), "b": np.arange(3) * 0.5})
    spill.add("events", 1, np.array([0, 0, 4]), {"a": np.arange(10, 14, dtype=np.int32)})
    assert spill.read("events", 0, "a", np.dtype(np.int32), -1).tolist() == [0, 1]
    assert spill.read("events", 1, "a", np.dtype(np.int32), -1).tolist() == [2, 10, 11, 12, 13]
    assert spill.read("events", 1, "b", np.dtype(np.float64), np.inf).tolist() == [1.0, *[np.inf] * 4]
    assert spill.sources("events", 1).tolist() == [0, 1, 1, 1, 1]
    assert spill.read("users", 0, "a", np.dtype(np.int32), -1).tolist() == []
    assert (tmp_path / "spill").exists() == (budget < 10**9)
    columns = {"a": np.arange(10, dtype=np.int32), "b": np.arange(10) * 0.5}
    taken, again = (spill.take(columns, np.array(rows)) for rows in ([9, 0, 9], [4]))
    assert (taken["a"].tolist(), taken["b"].tolist()) == ([9, 0, 9], [4.5, 0.0, 4.5])
    assert (again["a"].tolist(), again["b"].tolist()) == ([4], [2.0])
    spill.close()
    assert not (tmp_path / "spill").exists()


def test_orders_and_refunds() -> None:
    nan = float("nan")
    lines = [  # person, order, time, amount, gross
        (0, 1, 10, 5.0, True),
        (0, 1, 11, -2.0, False),  # a correction inside an order
        (0, 2, 12, -3.0, False),
        (0, 3, 13, 0.0, False),  # given away: neither
        (1, 1, NULL_TIME, nan, False),
        (1, 1, 20, 4.0, True),  # the same order number of another person is another order
        (2, 9, 30, 1.0, False),  # positive, but from two negatives: quantity -1 at price -1
    ]
    columns = [np.array(c) for c in zip(*lines, strict=True)]
    offsets = np.array([0, 4, 6, 7], np.int64)
    label = np.arange(7, dtype=np.int32)
    person, time, value, first, is_order = derive.orders(
        offsets, columns[1].astype(np.int32), columns[2].astype(np.int64), columns[3], columns[4], label
    )
    found = list(zip(person.tolist(), time.tolist(), value.tolist(), first.tolist(), is_order.tolist(), strict=True))
    assert found == [(0, 10, 3.0, 0, True), (0, 12, -3.0, 2, False), (1, 20, 4.0, 4, True)]


@given(st.lists(st.tuples(st.sampled_from(["", "a", "ünï"]), st.integers(-(10**15), 10**16)), max_size=20))
@settings(deadline=None)
def test_order_names_are_person_and_utc_time(lines: list[tuple[str, int]]) -> None:
    people = ["a", "ünï"]
    data = np.frombuffer("".join(people).encode(), np.uint8)
    starts = np.array([0, 1, 6], np.int64)
    users = np.array([people.index(u) if u else -1 for u, _ in lines], np.int32)
    times = np.array([t for _, t in lines], np.int64)
    found, offsets = derive.order_names(data, starts, users, times)
    names = [bytes(found[offsets[i] : offsets[i + 1]]).decode() for i in range(len(lines))]
    start = dt.datetime(1970, 1, 1)
    assert names == [f"{u} {start + dt.timedelta(microseconds=t)}" for u, t in lines]


def test_active_days_and_first_and_last() -> None:
    offsets = np.array([0, 4, 4, 6], np.int64)
    day = np.array([NULL_DAY, 3, 3, 5, 7, 9], np.int32)
    time = np.array([NULL_TIME, 30, 31, 50, 70, 90], np.int64)
    everything = np.empty(0, np.bool_)
    some = np.array([True, False, True, False, False, False])
    assert [a.tolist() for a in derive.active_days(offsets, day, everything)] == [[0, 2, 2, 4], [3, 5, 7, 9]]
    assert [a.tolist() for a in derive.active_days(offsets, day, some)] == [[0, 1, 1, 1], [3]]
    assert [a.tolist() for a in derive.first_and_last(offsets, time, everything)] == [
        [30, NULL_TIME, 70],
        [50, NULL_TIME, 90],
    ]
    assert [a.tolist() for a in derive.first_and_last(offsets, time, some)] == [
        [31, NULL_TIME, NULL_TIME],
        [31, NULL_TIME, NULL_TIME],
    ]
