"""Funnels by definition, in plain Python: every choice is tried, nothing is clever. What the kernels are compared with.

Times are whole numbers, steps are numbered from 0; an event says which steps and exclusions it matches.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Event:
    time: int
    steps: frozenset[int]
    excluded: frozenset[int] = frozenset()
    value: int = -1  # -1 = missing


@dataclass(frozen=True)
class Funnel:
    n: int
    order: str = "ordered"
    window: int | None = None
    first_only: bool = False
    grace: int = 0
    hold: str = "free"  # free, known (equal and not missing), same (equal, missing too)
    optional: frozenset[int] = frozenset()
    exclusions: tuple[tuple[int, int], ...] = ()
    enter_from: int = -(10**9)
    enter_until: int = 10**9
    events: tuple[Event, ...] = field(default=())

    def block(self, event: Event) -> int:
        """Events of one block are simultaneous; it is the time of all of them."""
        return event.time // self.grace * self.grace if self.grace else event.time

    def serves(self, event: Event, step: int, entry: Event) -> bool:
        if step not in event.steps:
            return False
        if self.hold == "free":
            return True
        return event.value == entry.value and (self.hold == "same" or entry.value != -1)


Attempt = dict[int, int]  # step -> time at which it was reached


def furthest(funnel: Funnel, plan: tuple[int, ...], entry: int, limit: float) -> list[int]:
    """Times of the steps of a plan, from one entry: every choice among simultaneous events is tried."""
    events = funnel.events

    def go(p: int, taken: tuple[int, ...]) -> list[tuple[int, ...]]:
        if p == len(plan):
            return [taken]
        last = funnel.block(events[taken[-1]])
        candidates = [
            i
            for i, event in enumerate(events)
            if i not in taken
            and funnel.block(event) >= last
            and event.time <= limit
            and funnel.serves(event, plan[p], events[entry])
        ]
        if not candidates:
            return [taken]
        earliest = min(funnel.block(events[i]) for i in candidates)
        return [way for i in candidates if funnel.block(events[i]) == earliest for way in go(p + 1, (*taken, i))]

    ways = [list(itertools.accumulate((funnel.block(events[i]) for i in way), max)) for way in go(1, (entry,))]
    return min(ways, key=lambda times: (-len(times), times))  # the furthest, then the earliest


def strictly(funnel: Funnel, plan: tuple[int, ...], entry: int, limit: float) -> list[int]:
    events = funnel.events
    times = [events[entry].time]
    for p in range(1, len(plan)):
        if entry + p >= len(events):
            break
        event = events[entry + p]
        if event.time > limit or not funnel.serves(event, plan[p], events[entry]):
            break
        times.append(event.time)
    return times


def matching(events: list[Event], funnel: Funnel, entry: Event) -> int:
    """How many different steps different events can serve at most."""

    def go(step: int, left: list[Event]) -> int:
        if step == funnel.n:
            return 0
        found = go(step + 1, left)
        for i, event in enumerate(left):
            if funnel.serves(event, step, entry):
                found = max(found, 1 + go(step + 1, left[:i] + left[i + 1 :]))
        return found

    return go(0, events)


def in_any_order(funnel: Funnel, entry: int, limit: float) -> Attempt:
    first = funnel.events[entry]
    inside = [e for e in funnel.events if funnel.block(e) >= funnel.block(first) and e.time <= limit]
    reached: Attempt = {}
    for block in sorted({funnel.block(e) for e in inside}):
        count = matching([e for e in inside if funnel.block(e) <= block], funnel, first)
        for n in range(len(reached), count):
            reached[n] = block
    return reached


def attempt(funnel: Funnel, entry: int) -> tuple[tuple[int, int], Attempt]:
    """(rank, steps with their times) of one entry; rank = (furthest required step + 1, number of steps)."""
    limit = float("inf") if funnel.window is None else funnel.events[entry].time + funnel.window
    if funnel.order == "any":
        found = in_any_order(funnel, entry, limit)
        return (len(found), len(found)), found
    walk = strictly if funnel.order == "strict" else furthest
    best: tuple[tuple[int, int], list[int], Attempt] | None = None
    options = sorted(funnel.optional)
    for size in range(len(options) + 1):
        for chosen in itertools.combinations(options, size):
            plan = tuple(k for k in range(funnel.n) if k not in funnel.optional or k in chosen)
            times = walk(funnel, plan, entry, limit)
            steps = dict(zip(plan, times, strict=False))
            rank = (max(k + 1 for k in steps if k not in funnel.optional), len(steps))
            if best is None or rank > best[0] or (rank == best[0] and times < best[1]):
                best = (rank, times, steps)
    assert best is not None
    return best[0], best[2]


def void(funnel: Funnel, entry: int, steps: Attempt) -> bool:
    limit = float("inf") if funnel.window is None else funnel.events[entry].time + funnel.window
    for number, (after, until) in enumerate(funnel.exclusions):
        if after in steps and any(
            number in event.excluded
            and funnel.block(event) > steps[after]
            and (funnel.block(event) <= steps[until] if until in steps else event.time <= limit)
            for event in funnel.events
        ):
            return True
    return False


def entries(funnel: Funnel) -> list[int]:
    return [
        i
        for i, event in enumerate(funnel.events)
        if funnel.enter_from <= event.time <= funnel.enter_until
        and (0 in event.steps if funnel.order != "any" else event.steps)
    ]


def counted(funnel: Funnel, only: int | None = None) -> Attempt:
    """The steps of the person's counted attempt, {} without one. only: entries with that value."""
    tried = [(i, *attempt(funnel, i)) for i in entries(funnel) if only is None or funnel.events[i].value == only]
    if not tried:
        return {}
    if funnel.first_only:
        first = min(funnel.block(funnel.events[i]) for i, _, _ in tried)
        tried = [item for item in tried if funnel.block(funnel.events[item[0]]) == first]
        best = max(tried, key=lambda item: item[1])  # the first of equals
        return {} if void(funnel, best[0], best[2]) else best[2]
    alive = [item for item in tried if not void(funnel, item[0], item[2])]
    return max(alive, key=lambda item: item[1])[2] if alive else {}


def trend(funnel: Funnel, edges: list[int], from_step: int, to_step: int) -> list[tuple[bool, bool]]:
    """Per bucket: did the person enter, and convert; every entry is an attempt of its own."""
    out = [(False, False)] * (len(edges) - 1)
    for i in entries(funnel):
        steps = attempt(funnel, i)[1]
        if void(funnel, i, steps):
            continue
        for b in range(len(edges) - 1):
            if edges[b] <= funnel.events[i].time < edges[b + 1]:
                entered = from_step in steps
                out[b] = (out[b][0] or entered, out[b][1] or (entered and to_step in steps))
    return out
