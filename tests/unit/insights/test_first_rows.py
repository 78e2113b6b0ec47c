"""First rows and the order of first times against plain Python."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.insights.first_rows import first_rows_of, order_pairs
from dashboard.insights.funnel_match import FOREVER, NEVER

NAMES = 4
Event = tuple[int, int, bool]  # time, name, passes the row filter
EVENTS = st.lists(st.tuples(st.one_of(st.just(NEVER), st.integers(0, 6)), st.integers(-1, NAMES - 1), st.booleans()))


def expected(people: list[list[Event]], counted: list[bool], masked: bool, until: int) -> list[list[int]]:
    pairs = [[0] * NAMES for _ in range(NAMES)]
    for events, counts in zip(people, counted, strict=True):
        first: dict[int, int] = {}
        for time, name, kept in events:
            if counts and name >= 1 and NEVER < time <= until and (kept or not masked):
                first[name] = min(first.get(name, time), time)
        for a in first:
            pairs[a][a] += 1
            for b in first:
                pairs[a][b] += first[a] < first[b]
    return pairs


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(EVENTS, st.booleans()), max_size=6), st.booleans(), st.sampled_from([3, FOREVER]))
def test_pairs_are_those_of_plain_python(people: list[tuple[list[Event], bool]], masked: bool, until: int) -> None:
    logs = [sorted(events, key=lambda event: event[0]) for events, _ in people]
    flat = [event for events in logs for event in events]
    offsets = np.cumsum([0, *map(len, logs)])
    time = np.array([event[0] for event in flat], np.int64)
    codes = np.array([event[1] for event in flat], np.int32)
    kept = np.array([event[2] for event in flat] if masked else [], np.uint8)
    slot = np.array([-1, -1, *range(1, NAMES)], np.int32)  # the name 0 is not looked at
    rows, names = np.empty(len(flat) + 1, np.int32), np.empty(len(flat) + 1, np.uint8)
    starts = np.empty(len(logs) + 1, np.int32)
    total = first_rows_of(offsets, time, codes, slot, rows, names, starts)
    assert starts[-1] == total
    found: Any = np.zeros((NAMES, NAMES), np.int64)
    counted = np.array([counts for _, counts in people], np.uint8)
    order_pairs(offsets, time, codes, slot, rows[:total], names[:total], starts, kept, counted, until, found)
    assert found.tolist() == expected(logs, [counts for _, counts in people], masked, until)
