"""The order of first times against plain Python."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.insights.event_order import order_pairs
from dashboard.insights.funnel_match import FOREVER, NEVER

NAMES = 4
Event = tuple[int, int]  # time, name
EVENTS = st.lists(st.tuples(st.one_of(st.just(NEVER), st.integers(0, 6)), st.integers(-1, NAMES - 1)))


def expected(people: list[list[Event]], until: int) -> list[list[int]]:
    pairs = [[0] * NAMES for _ in range(NAMES)]
    for events in people:
        first: dict[int, int] = {}
        for time, name in events:
            if name >= 1 and NEVER < time <= until:
                first[name] = min(first.get(name, time), time)
        for a in first:
            pairs[a][a] += 1
            for b in first:
                pairs[a][b] += first[a] < first[b]
    return pairs


@settings(max_examples=500, deadline=None)
@given(st.lists(EVENTS, max_size=6), st.sampled_from([3, FOREVER]))
def test_pairs_are_those_of_plain_python(people: list[list[Event]], until: int) -> None:
    logs = [sorted(events) for events in people]
    flat = [event for events in logs for event in events]
    offsets = np.cumsum([0, *map(len, logs)])
    time = np.array([event[0] for event in flat], np.int64)
    codes = np.array([event[1] for event in flat], np.int32)
    slot = np.array([-1, -1, *range(1, NAMES)], np.int32)  # the name 0 is not looked at
    found: Any = np.zeros((NAMES, NAMES), np.int64)
    order_pairs(offsets, time, codes, slot, until, found)
    assert found.tolist() == expected(logs, until)
