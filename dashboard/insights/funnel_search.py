"""One person's counted attempt: which entry represents the person, and what it reached."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.insights.funnel_match import (
    ANY,
    NEVER,
    STRICT,
    Bits,
    Int32,
    Int64,
    collect,
    follow,
    follow_strictly,
    is_void,
)
from dashboard.jit import kernel

Flags = npt.NDArray[np.uint8]


@kernel
def walk(
    order: int,
    key: Int64,
    time: Int64,
    bits: Bits,
    value: Int32,
    m: int,
    entry: int,
    limit: int,
    hold: int,
    plan: Int64,
    n: int,
    got: Int64,
    owner: Int64,
) -> int:
    """The attempt that goes through plan[:n] from ``entry``: positions served, their events in ``got``."""
    if order == STRICT:
        return follow_strictly(time, bits, value, m, entry, limit, hold, plan, n, got)
    return follow(key, time, bits, value, m, entry, limit, hold, plan, n, got, owner)


@kernel
def attempt(
    order: int,
    key: Int64,
    time: Int64,
    bits: Bits,
    value: Int32,
    m: int,
    entry: int,
    limit: int,
    hold: int,
    optional: Flags,
    seen: int,
    event: Int64,
    at: Int64,
    owner: Int64,
) -> int:
    """The attempt of one entry. event[k], at[k]: which event served step k and its key (-1, NEVER where none did); at
    never falls.

    Optional steps that occur at all (``seen``) are tried with and without: the attempt that reaches the furthest
    required step counts, then the one with most steps, then the one whose steps came earliest. Returns its rank: 64 ·
    (required steps reached, as 1 + the last one's number) + steps.
    """
    n = optional.shape[0]
    event[:n] = -1
    at[:n] = NEVER
    got = np.empty(n, np.int64)
    if order == ANY:
        count = collect(key, time, bits, value, m, entry, limit, hold, n, got, np.empty(n, np.int64))
        latest = NEVER
        for r in range(count):
            latest = max(latest, key[got[r]])
            event[r] = got[r]
            at[r] = latest
        return 65 * count
    choices = np.empty(n, np.int64)
    free = 0
    for k in range(n):
        if optional[k] and (seen >> k) & 1:
            choices[free] = k
            free += 1
    plan = np.empty(n, np.int64)
    when = np.empty(n, np.int64)
    best = 0
    for chosen in range(1 << free):
        length, c = 0, 0
        for k in range(n):
            taken = not optional[k]
            if c < free and choices[c] == k:
                taken = bool((chosen >> c) & 1)
                c += 1
            if taken:
                plan[length] = k
                length += 1
        served = walk(order, key, time, bits, value, m, entry, limit, hold, plan, length, got, owner)
        required = 0
        latest = NEVER
        for p in range(served):
            latest = max(latest, key[got[p]])
            when[p] = latest
            if not optional[plan[p]]:
                required = plan[p] + 1
        rank = 64 * required + served
        better = rank > best
        if rank == best:
            p = 0
            for k in range(n):
                if at[k] != NEVER:
                    if when[p] != at[k]:
                        better = when[p] < at[k]
                        break
                    p += 1
        if better:
            best = rank
            event[:n] = -1
            at[:n] = NEVER
            for p in range(served):
                event[plan[p]] = got[p]
                at[plan[p]] = when[p]
    return best


@kernel
def ceiling(order: int, optional: Flags, seen: int) -> int:
    """The highest rank that a person's events could give."""
    n = optional.shape[0]
    required, steps = 0, 0
    for k in range(n):
        if (seen >> k) & 1:
            steps += 1
            if not optional[k]:
                required = k + 1
        elif order != ANY and not optional[k]:
            break
    return 65 * steps if order == ANY else 64 * required + steps


@kernel
def search(
    order: int,
    key: Int64,
    time: Int64,
    bits: Bits,
    value: Int32,
    m: int,
    seen: int,
    window: int,
    hold: int,
    only: int,
    first_only: bool,
    enter_from: int,
    enter_until: int,
    optional: Flags,
    exclusions: Int64,
    event: Int64,
    at: Int64,
    owner: Int64,
) -> int:
    """The counted attempt over all entries in [enter_from, enter_until]: the highest rank that is not void, the
    earliest entry among equals; with ``first_only`` the entry that comes first, or nothing when that one is void.

    only: >= -1 = entries with that value, -2 = all. event, at: as in :func:`attempt`. Returns the rank, 0 = none.
    """
    n = optional.shape[0]
    entering = np.uint32((1 << n) - 1) if order == ANY else np.uint32(1)
    highest = ceiling(order, optional, seen)
    new_event, new_at = np.empty(n, np.int64), np.empty(n, np.int64)
    best, first = 0, -1
    is_void_best = False
    for e in range(m):
        if not bits[e] & entering or time[e] < enter_from or (only >= -1 and value[e] != only):
            continue
        if time[e] > enter_until or (first_only and first >= 0 and key[e] != key[first]):
            break
        if first < 0:
            first = e
        limit = time[e] + window
        rank = attempt(order, key, time, bits, value, m, e, limit, hold, optional, seen, new_event, new_at, owner)
        if rank <= best:
            continue
        void = exclusions.shape[0] > 0 and is_void(key, time, bits, m, limit, new_at, exclusions)
        if void and not first_only:
            continue
        best, is_void_best = rank, void
        event[:n] = new_event
        at[:n] = new_at
        if best >= highest:
            break
    if is_void_best:
        best = 0
    if best == 0:
        event[:n] = -1
        at[:n] = NEVER
    return best
