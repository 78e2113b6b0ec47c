"""The kernels of funnels against the definitions in plain Python, on thousands of small logs full of ties."""

from __future__ import annotations

from bisect import bisect
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.insights import funnel_kernels as kernels
from dashboard.insights.event_rows import starts_of
from dashboard.insights.funnel_gather import REMOVED
from dashboard.insights.funnel_match import ANY, EXCLUSION_BIT, FOREVER, FREE, KNOWN, NEVER, ORDERED, SAME, STRICT
from dashboard.insights.funnel_rows import best_of_rows, merged
from dashboard.insights.funnel_trend_kernels import entered_periods, trend_of_rows
from tests.unit.insights import funnel_oracle as oracle
from tests.unit.insights.funnel_oracle import Event, Funnel

ORDER = {"ordered": ORDERED, "strict": STRICT, "any": ANY}
HOLD = {"free": FREE, "known": KNOWN, "same": SAME}
MANY = settings(max_examples=500, deadline=None)


@st.composite
def logs(draw: st.DrawFn, n: int, exclusions: int = 0, instants: int = 9) -> tuple[Event, ...]:
    """A person's events in order: few instants, so that many are simultaneous; events that match several steps."""
    steps = st.frozensets(st.integers(0, n - 1), max_size=2)
    excluded = st.frozensets(st.integers(0, exclusions - 1)) if exclusions else st.just(frozenset())
    events = st.builds(Event, st.integers(0, instants), steps, excluded, st.integers(-1, 1))
    return tuple(sorted(draw(st.lists(events, max_size=9)), key=lambda event: event.time))


@st.composite
def funnels(draw: st.DrawFn, order: str, *, plain: bool = False) -> Funnel:
    n = draw(st.integers(2, 4))
    spans = [(a, b) for a in range(n) for b in range(a + 1, n)] if order != "any" else [(0, n - 1)]
    exclusions = () if plain else tuple(draw(st.lists(st.sampled_from(spans), max_size=2)))
    funnel = Funnel(
        n,
        order,
        window=draw(st.none() | st.integers(0, 10)),
        exclusions=exclusions,
        enter_from=draw(st.just(-100) | st.integers(0, 5)),
        enter_until=draw(st.just(100) | st.integers(3, 9)),
    )
    if plain:
        return funnel
    optional = st.just(frozenset()) if order == "any" else st.frozensets(st.integers(1, n - 1))
    return replace(
        funnel,
        first_only=draw(st.booleans()),
        grace=draw(st.sampled_from((0, 0, 2, 3))) if order == "ordered" else 0,
        hold=draw(st.sampled_from(("free", "free", "known"))),
        optional=draw(optional),
    )


def bits_of(event: Event) -> int:
    return sum(1 << k for k in event.steps) | sum(1 << (EXCLUSION_BIT + q) for q in event.excluded)


def stored(people: list[tuple[Event, ...]]) -> dict[str, Any]:
    """The arguments of a kernel that describe the rows."""
    rows = [event for events in people for event in events]
    arrays = {
        "offsets": np.cumsum([0, *map(len, people)]).astype(np.int64),
        "time": np.array([event.time for event in rows], np.int64),
        "codes": np.full(len(rows), -1, np.int32),
    }
    value = np.array([event.value for event in rows], np.int32)
    for array in (*arrays.values(), value):
        array.flags.writeable = False
    marks = np.array([bits_of(event) for event in rows] or [0], np.uint32)  # length 0 would mean "by name"
    return {
        "source": (*arrays.values(), np.zeros(1, np.uint32), marks),
        "value": value,
        "time": arrays["time"],
        "people": np.ones(len(people), np.uint8),
        "rows": len(rows),
    }


def window_of(funnel: Funnel) -> int:
    return FOREVER if funnel.window is None else funnel.window


def parts_of(funnel: Funnel) -> tuple[np.ndarray, np.ndarray]:
    optional = np.array([k in funnel.optional for k in range(funnel.n)], np.uint8)
    return optional, np.array(funnel.exclusions, np.int64).reshape(-1, 2)


def reached(time: np.ndarray, rows: np.ndarray, grace: int = 0) -> dict[int, int]:
    time = time // grace * grace if grace else time
    at = np.maximum.accumulate(np.where(rows >= 0, time[rows], NEVER)) if len(time) else np.full(len(rows), NEVER)
    return {k: int(at[k]) for k in range(len(rows)) if rows[k] >= 0}


def by_kernel(funnel: Funnel, people: list[tuple[Event, ...]]) -> list[dict[int, int]]:
    data = stored(people)
    rows = np.empty((len(people), funnel.n), np.int32)
    kernels.best(
        *data["source"], data["value"], data["people"], ORDER[funnel.order], HOLD[funnel.hold], funnel.first_only,
        window_of(funnel), funnel.grace, FOREVER, funnel.enter_from, funnel.enter_until, *parts_of(funnel), rows,
    )  # fmt: skip
    for u, row in enumerate(rows):  # a row serves one step, and rows are the person's own
        used = [int(i) for i in row if i >= 0]
        assert len(set(used)) == len(used)
        assert all(data["source"][0][u] <= i < data["source"][0][u + 1] for i in used)
    return [reached(data["time"], row, funnel.grace) for row in rows]


@MANY
@given(st.data())
def test_ordered(data: st.DataObject) -> None:
    compare(data, data.draw(funnels("ordered")))


@MANY
@given(st.data())
def test_strict(data: st.DataObject) -> None:
    compare(data, data.draw(funnels("strict")))


@MANY
@given(st.data())
def test_any_order(data: st.DataObject) -> None:
    compare(data, data.draw(funnels("any")))


def compare(data: st.DataObject, funnel: Funnel) -> None:
    people = data.draw(st.lists(logs(funnel.n, len(funnel.exclusions)), min_size=1, max_size=3))
    expected = [oracle.counted(replace(funnel, events=events)) for events in people]
    assert by_kernel(funnel, people) == expected


@MANY
@given(st.data())
def test_rows_of_the_steps_equal_the_search(data: st.DataObject) -> None:
    """With hardly any simultaneous events, and with many; rows without a time and persons who do not count."""
    instants = data.draw(st.sampled_from((9, 60)))
    funnel = data.draw(funnels("ordered", plain=True))
    if instants > 9:
        funnel = replace(funnel, window=data.draw(st.none() | st.integers(0, 60)), enter_until=instants)
    people = data.draw(st.lists(logs(funnel.n, instants=instants), min_size=1, max_size=4))
    until = data.draw(st.sampled_from((FOREVER, 5, 30)))
    counts = np.array([data.draw(st.booleans()) for _ in people], np.uint8)
    lists = listed(people, funnel.n, undated=data.draw(st.booleans()))
    offsets, time = lists[:2]
    person, found = np.empty(len(people), np.int32), np.empty((len(people), funnel.n), np.int32)
    at = np.empty(found.shape, np.int64)
    total = best_of_rows(
        *lists, counts, window_of(funnel), until, funnel.enter_from, funnel.enter_until, person, found, at,
    )  # fmt: skip
    answer: list[dict[int, int]] = [{} for _ in people]
    for u, row, times in zip(person[:total], found[:total], at[:total], strict=True):
        used = [int(i) for i in row if i >= 0]
        assert len(set(used)) == len(used)
        assert all(offsets[u] <= i < offsets[u + 1] for i in used)
        assert all(times[k] == (time[i] if i >= 0 else NEVER) for k, i in enumerate(row))
        answer[u] = {k: int(times[k]) for k in range(funnel.n) if row[k] >= 0}
    seen = [tuple(event for event in events if event.time <= until) for events in people]
    assert answer == [
        oracle.counted(replace(funnel, events=events)) if one else {} for events, one in zip(seen, counts, strict=True)
    ]


def listed(people: list[tuple[Event, ...]], n: int, *, undated: bool) -> tuple[np.ndarray, ...]:
    """Offsets, times, and the rows of the steps as the kernels on lists of rows take them: entries, starts, later,
    bits. undated: everybody's first row has no time."""
    rows = [event for events in people for event in (*[Event(0, frozenset({0, 1}))] * undated, *events)]
    time = np.array([event.time for event in rows], np.int64)
    offsets = np.cumsum([0, *(len(events) + undated for events in people)]).astype(np.int64)
    time[offsets[:-1][: len(people) * undated]] = NEVER
    lists = [np.array([i for i, e in enumerate(rows) if k in e.steps], np.int32) for k in range(n)]
    for array in (offsets, time, *lists):
        array.flags.writeable = False
    entry_starts = starts_of(offsets, lists[0])
    entry_starts.flags.writeable = False
    assert entry_starts.tolist() == [sum(row < offset for row in lists[0]) for offset in offsets]
    starts = np.cumsum([0, *map(len, lists[1:])]).astype(np.int64)
    later, bits = np.empty(starts[-1], np.int32), np.empty(starts[-1], np.uint32)
    m = merged(np.concatenate(lists[1:]), starts, later, bits)
    return offsets, time, lists[0], entry_starts, later[:m], bits[:m]


@MANY
@given(st.data())
def test_trend(data: st.DataObject) -> None:
    """Every entry an attempt: the general kernel and the one on rows of the steps, counts and who."""
    plain = data.draw(st.booleans())
    funnel = data.draw(funnels("ordered" if plain else data.draw(st.sampled_from(("ordered", "strict", "any")))))
    if plain:
        funnel = Funnel(funnel.n, window=funnel.window)
    funnel = replace(funnel, first_only=False, enter_from=-100, enter_until=100)
    first = data.draw(st.integers(0, funnel.n - 2))
    last = data.draw(st.integers(first + 1, funnel.n - 1))
    edges = sorted(data.draw(st.sets(st.integers(-1, 11), min_size=2, max_size=5)))
    people = data.draw(st.lists(logs(funnel.n, len(funnel.exclusions)), min_size=1, max_size=3))
    who = data.draw(st.integers(0, len(edges) - 2))
    chosen = np.array([data.draw(st.booleans()) for _ in people], np.uint8)
    until = data.draw(st.sampled_from((FOREVER, 5)))
    counts, flags = np.zeros((2, len(edges) - 1), np.int64), np.zeros(len(people), np.uint8)
    known = [tuple(e for e in events if e.time <= until and one) for events, one in zip(people, chosen, strict=True)]
    found = [oracle.trend(replace(funnel, events=events), edges, first, last) for events in known]
    bounds = np.array(edges, np.int64)
    if plain:
        offsets, time, entries, starts, later, bits = listed(people, funnel.n, undated=data.draw(st.booleans()))
        apart = first == 0 and data.draw(st.booleans())
        if apart:  # days of 1 µs
            days = np.clip(time, -1_000, 1_000).astype(np.int32)
            days.flags.writeable = False
            periods = [bisect(edges, day) - 1 if day <= until else -1 for day in range(edges[0], edges[-1])]
            table = np.array([-1, *periods, -1], np.int32)
            entered_periods(days, entries, starts, chosen, edges[0], table, counts[0], who, flags)
        trend_of_rows(
            offsets, time, entries, starts, later, bits, chosen, window_of(funnel), until, bounds, funnel.n, first,
            last, apart, counts, who, flags,
        )  # fmt: skip
    else:
        given_ = stored(people)
        kernels.trend(
            *given_["source"], given_["value"], chosen, ORDER[funnel.order], HOLD[funnel.hold], window_of(funnel),
            funnel.grace, until, bounds, *parts_of(funnel), first, last, counts, who, flags,
        )  # fmt: skip
    assert counts.tolist() == [
        [sum(person[b][side] for person in found) for b in range(len(edges) - 1)] for side in (0, 1)
    ]
    assert flags.tolist() == [sum(person[who]) for person in found]


@MANY
@given(st.data())
def test_once_per_value(data: st.DataObject) -> None:
    funnel = replace(data.draw(funnels(data.draw(st.sampled_from(("ordered", "strict", "any"))))), hold="same")
    people = data.draw(st.lists(logs(funnel.n, len(funnel.exclusions)), min_size=1, max_size=3))
    given_ = stored(people)
    entering = (1 << funnel.n) - 1 if funnel.order == "any" else 1
    source = given_["source"]
    room = kernels.entering_rows(source[0], *source[2:], given_["people"], entering)
    person, group, rows = np.empty(room, np.int32), np.empty(room, np.int32), np.empty((room, funnel.n), np.int32)
    total = kernels.best_per_value(
        *source, given_["value"], given_["people"], ORDER[funnel.order], funnel.first_only, window_of(funnel),
        funnel.grace, FOREVER, funnel.enter_from, funnel.enter_until, *parts_of(funnel), person, group, rows,
    )  # fmt: skip
    found = {(int(person[i]), int(group[i])): reached(given_["time"], rows[i], funnel.grace) for i in range(total)}
    expected = {
        (u, value): oracle.counted(replace(funnel, events=events), only=value)
        for u, events in enumerate(people)
        for value in (-1, 0, 1)
    }
    assert {key: steps for key, steps in found.items() if steps} == {k: steps for k, steps in expected.items() if steps}


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_removed_rows_and_rows_after_the_end_do_not_exist(data: st.DataObject) -> None:
    funnel = data.draw(funnels(data.draw(st.sampled_from(("ordered", "strict", "any")))))
    events = data.draw(logs(funnel.n, len(funnel.exclusions)))
    removed = data.draw(st.sets(st.integers(0, max(len(events) - 1, 0))))
    until = data.draw(st.integers(0, 9))
    given_ = stored([events])
    for row in removed:
        given_["source"][4][row] = REMOVED
    rows = np.empty((1, funnel.n), np.int32)
    kernels.best(
        *given_["source"], given_["value"], given_["people"], ORDER[funnel.order], HOLD[funnel.hold], funnel.first_only,
        window_of(funnel), funnel.grace, until, funnel.enter_from, funnel.enter_until, *parts_of(funnel), rows,
    )  # fmt: skip
    left = tuple(event for i, event in enumerate(events) if i not in removed and event.time <= until)
    assert reached(given_["time"], rows[0], funnel.grace) == oracle.counted(replace(funnel, events=left))
