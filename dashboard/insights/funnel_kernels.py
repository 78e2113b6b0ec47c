"""Funnels of all persons of a partition: loops over persons around :mod:`dashboard.insights.funnel_search`.

What every kernel takes: ``offsets`` and ``time`` of the events; ``codes`` (event names) with ``table`` (bits of each
name, position code + 1), or ``marks`` (bits of each row; length 0 = use the names); ``value`` (code of the property
that matters, length 0 = none); ``people`` (who counts); ``order``, ``window``, ``grace``, ``until`` (µs; nothing after
it exists), ``enter_from``, ``enter_until`` (µs, both included); ``optional`` and ``exclusions`` of the steps.
"""

from __future__ import annotations

import numpy as np

from dashboard.insights.funnel_gather import blocks, gather, longest, seen_in
from dashboard.insights.funnel_match import ANY, NEVER, STRICT, Bits, Int32, Int64, is_void
from dashboard.insights.funnel_search import Flags, attempt, search
from dashboard.jit import kernel


@kernel
def best(
    offsets: Int64, time: Int64, codes: Int32, table: Bits, marks: Bits, value: Int32, people: Flags, order: int,
    hold: int, first_only: bool, window: int, grace: int, until: int, enter_from: int, enter_until: int,
    optional: Flags, exclusions: Int64, rows: Int32,
) -> None:  # fmt: skip
    """rows[u, k] = row that serves step k in the counted attempt of person u, -1 = none, for every kind of funnel."""
    n = rows.shape[1]
    size = longest(offsets) + 1
    bits, row, when = np.empty(size, np.uint32), np.empty(size, np.int32), np.empty(size, np.int64)
    blocked, held = np.empty(size if grace else 0, np.int64), np.empty(size if hold else 0, np.int32)
    owner, event, at = np.empty(size, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    for u in range(offsets.shape[0] - 1):
        rows[u, :] = -1
        if not people[u]:
            continue
        m = gather(offsets[u], offsets[u + 1], time, codes, table, marks, order == STRICT, until, bits, row, when)
        key = when
        if grace:
            blocks(when, m, grace, blocked)
            key = blocked
        if hold:
            for j in range(m):
                held[j] = value[row[j]]
        found = search(
            order, key, when, bits, held, m, seen_in(bits, m), window, hold, -2, first_only, enter_from, enter_until,
            optional, exclusions, event, at, owner,
        )  # fmt: skip
        if found:
            for k in range(n):
                if event[k] >= 0:
                    rows[u, k] = row[event[k]]


@kernel
def entering_rows(
    offsets: Int64, codes: Int32, table: Bits, marks: Bits, people: Flags, entering: int
) -> int:  # fmt: skip
    """How many rows could be entries: room for :func:`best_per_value`."""
    total = 0
    for u in range(offsets.shape[0] - 1):
        if people[u]:
            for i in range(offsets[u], offsets[u + 1]):
                b = np.int64(marks[i] if marks.shape[0] > 0 else table[np.uint32(codes[i] + 1)])
                total += (b & entering) != 0
    return total


@kernel
def best_per_value(
    offsets: Int64, time: Int64, codes: Int32, table: Bits, marks: Bits, value: Int32, people: Flags, order: int,
    first_only: bool, window: int, grace: int, until: int, enter_from: int, enter_until: int, optional: Flags,
    exclusions: Int64, person: Int32, group: Int32, rows: Int32,
) -> int:  # fmt: skip
    """The funnel once per person and value (a missing value, -1, is one too): only rows with the value serve steps.

    Writes person[i], group[i], rows[i, k] for each person and value with an attempt; returns their number.
    """
    n = rows.shape[1]
    size = longest(offsets) + 1
    bits, row, when = np.empty(size, np.uint32), np.empty(size, np.int32), np.empty(size, np.int64)
    blocked, held = np.empty(size if grace else 0, np.int64), np.empty(size, np.int32)
    owner, event, at = np.empty(size, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    entering = np.uint32((1 << n) - 1) if order == ANY else np.uint32(1)
    total = 0
    for u in range(offsets.shape[0] - 1):
        if not people[u]:
            continue
        m = gather(offsets[u], offsets[u + 1], time, codes, table, marks, order == STRICT, until, bits, row, when)
        key = when
        if grace:
            blocks(when, m, grace, blocked)
            key = blocked
        for j in range(m):
            held[j] = value[row[j]]
        start = total
        for j in range(m):
            if not bits[j] & entering:
                continue
            done = False
            for i in range(start, total):
                done = done or group[i] == held[j]
            if done:
                continue
            seen = np.uint32(0)
            for i in range(m):
                if held[i] == held[j]:
                    seen |= bits[i]
            person[total], group[total] = u, held[j]
            rows[total, :] = -1
            search(
                order, key, when, bits, held, m, int(seen), window, 2, held[j], first_only, enter_from,
                enter_until, optional, exclusions, event, at, owner,
            )  # fmt: skip
            for k in range(n):
                if event[k] >= 0:
                    rows[total, k] = row[event[k]]
            total += 1
    return total


@kernel
def trend(
    offsets: Int64, time: Int64, codes: Int32, table: Bits, marks: Bits, value: Int32, people: Flags, order: int,
    hold: int, window: int, grace: int, until: int, edges: Int64, optional: Flags, exclusions: Int64, from_step: int,
    to_step: int, counts: Int64, who: int, flags: Flags,
) -> None:  # fmt: skip
    """Every entry is an attempt of its own: counts[0, b] += persons with an attempt in bucket b that reached
    ``from_step``, counts[1, b] those with one that reached ``to_step``. edges: ascending instants, bucket b =
    [edges[b], edges[b + 1]). flags[u]: 1 = reached from_step in bucket ``who``, 2 = to_step too (who -1: not asked)."""
    n = optional.shape[0]
    size = longest(offsets) + 1
    bits, row, when = np.empty(size, np.uint32), np.empty(size, np.int32), np.empty(size, np.int64)
    blocked, held = np.empty(size if grace else 0, np.int64), np.empty(size if hold else 0, np.int32)
    owner, event, at = np.empty(size, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    entering = np.uint32((1 << n) - 1) if order == ANY else np.uint32(1)
    last = edges.shape[0] - 1
    for u in range(offsets.shape[0] - 1):
        if not people[u]:
            continue
        m = gather(offsets[u], offsets[u + 1], time, codes, table, marks, order == STRICT, until, bits, row, when)
        key = when
        if grace:
            blocks(when, m, grace, blocked)
            key = blocked
        if hold:
            for j in range(m):
                held[j] = value[row[j]]
        seen = seen_in(bits, m)
        bucket, state = -1, 0
        for e in range(m):
            if not bits[e] & entering or when[e] < edges[0]:
                continue
            if when[e] >= edges[last]:
                break
            moved = False
            while when[e] >= edges[bucket + 1]:
                bucket += 1
                moved = True
            if moved:
                state = 0
            if state == 2:
                continue
            limit = when[e] + window
            attempt(order, key, when, bits, held, m, e, limit, hold, optional, seen, event, at, owner)
            if at[from_step] == NEVER or (
                exclusions.shape[0] > 0 and is_void(key, when, bits, m, limit, at, exclusions)
            ):
                continue
            if state == 0:
                counts[0, bucket] += 1
                state = 1
            if at[to_step] != NEVER:
                counts[1, bucket] += 1
                state = 2
            if bucket == who:
                flags[u] = max(flags[u], state)


@kernel
def events_between(
    offsets: Int64, time: Int64, codes: Int32, kept: Flags, person: Int32, first: Int32, begin: Int64, end: Int64,
    converted: Flags, out: Int64,
) -> None:  # fmt: skip
    """out[0 or 1, code] += converted or dropped persons who did the event with begin[i] < time < end[i]. first[i]: a
    row of the person up to begin[i]."""
    seen = np.full(out.shape[1], -1, np.int64)
    masked = kept.shape[0] > 0
    for i in range(person.shape[0]):
        row, high = np.int64(first[i]), offsets[person[i] + 1]
        while row < high and time[row] <= begin[i]:
            row += 1
        line = 0 if converted[i] else 1
        while row < high and time[row] < end[i]:
            code = codes[row]
            if code >= 0 and seen[code] != i and (not masked or kept[row]):
                seen[code] = i
                out[line, code] += 1
            row += 1


@kernel
def did_between(
    offsets: Int64, time: Int64, codes: Int32, kept: Flags, person: Int32, first: Int32, begin: Int64, end: Int64,
    wanted: int, out: Flags,
) -> None:  # fmt: skip
    """out[i] = 1 for persons who did the event ``wanted`` with begin[i] < time < end[i]. first: as above."""
    masked = kept.shape[0] > 0
    for i in range(person.shape[0]):
        row, high = np.int64(first[i]), offsets[person[i] + 1]
        while row < high and time[row] < end[i]:
            if time[row] > begin[i] and codes[row] == wanted and (not masked or kept[row]):
                out[i] = 1
                break
            row += 1
