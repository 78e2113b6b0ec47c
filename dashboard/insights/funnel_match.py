"""One attempt at a funnel: from an entry, which events serve which steps.

All functions see one person's relevant events in the order of time: ``key`` (equal keys are simultaneous: ``time``, or
the block of the clock it lies in), ``time`` (µs), ``bits`` (bit k = the event matches step k, bits from 20 on =
exclusions) and ``value`` (code of what has to stay the same, -1 = missing). ``plan`` holds the steps an attempt is to
go through, ``got`` gets the position of the event that serves plan[p].
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.jit import kernel

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Bits = npt.NDArray[np.uint32]
Array = npt.NDArray[Any]

ORDERED, STRICT, ANY = 0, 1, 2
FREE, KNOWN, SAME = 0, 1, 2  # value: does not matter / equal and not missing / equal, missing is a value too
FOREVER = 2**62
NEVER = -(2**63)  # as schema.NULL_TIME
EXCLUSION_BIT = 20


@kernel
def may_serve(bits: Bits, value: Int32, hold: int, entry: int, event: int, step: int) -> bool:
    """Whether the event can serve the step in an attempt that began with ``entry``."""
    if not (bits[event] >> step) & 1:
        return False
    if hold == 0:
        return True
    return value[event] == value[entry] and (hold == 2 or value[entry] >= 0)


@kernel
def reroute(
    bits: Bits, value: Int32, hold: int, entry: int, plan: Int64, p: int, begin: int, end: int, got: Int64, owner: Int64
) -> bool:
    """Give plan position ``p`` one of the simultaneous events [begin, end) by moving other positions to other events of
    the same instant: an augmenting path, found breadth first."""
    n = p + 1
    came_from = np.full(n, -1, np.int64)
    wanted = np.full(n, -1, np.int64)
    queue = np.empty(n, np.int64)
    seen = np.zeros(n, np.bool_)
    queue[0] = p
    seen[p] = True
    head, tail = 0, 1
    while head < tail:
        q = queue[head]
        head += 1
        for x in range(begin, end):
            holder = owner[x]
            if holder == -2 or (holder >= 0 and seen[holder]) or not may_serve(bits, value, hold, entry, x, plan[q]):
                continue
            if holder >= 0:
                seen[holder] = True
                came_from[holder] = q
                wanted[holder] = x
                queue[tail] = holder
                tail += 1
                continue
            event = x
            while q != p:
                owner[event] = q
                got[q] = event
                event = wanted[q]
                q = came_from[q]
            owner[event] = p
            got[p] = event
            return True
    return False


@kernel
def augment(
    bits: Bits, value: Int32, hold: int, entry: int, plan: Int64, p: int, begin: int, end: int, got: Int64, owner: Int64
) -> bool:
    """Let one of the simultaneous events [begin, end) serve plan position ``p``, whatever the positions before need to
    change for it. owner[event] = position it serves, -1 = none, -2 = not to be used."""
    taken = False
    for x in range(begin, end):
        if owner[x] != -2 and may_serve(bits, value, hold, entry, x, plan[p]):
            if owner[x] == -1:
                owner[x] = p
                got[p] = x
                return True
            taken = True
    return taken and reroute(bits, value, hold, entry, plan, p, begin, end, got, owner)


@kernel
def follow(
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
    """Ordered attempt: each step takes the earliest event at or after the one before, up to ``limit``; among
    simultaneous events the choice that gets furthest. Returns how many positions of the plan were served."""
    got[0] = entry
    p = 1
    j = entry
    while j > 0 and key[j - 1] == key[entry]:
        j -= 1
    while j < m and p < n and time[j] <= limit:
        end = j + 1
        while end < m and key[end] == key[j] and time[end] <= limit:
            end += 1
        if end == j + 1:
            if j != entry and may_serve(bits, value, hold, entry, j, plan[p]):
                got[p] = j
                p += 1
        else:
            for x in range(j, end):
                owner[x] = -1
            if j <= entry < end:
                owner[entry] = -2
            while p < n and augment(bits, value, hold, entry, plan, p, j, end, got, owner):
                p += 1
        j = end
    return p


@kernel
def follow_strictly(
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
) -> int:
    """Strict attempt: the events directly after the entry serve the steps. Returns the positions served."""
    got[0] = entry
    p = 1
    while p < n and entry + p < m:
        x = entry + p
        if time[x] > limit or not may_serve(bits, value, hold, entry, x, plan[p]):
            break
        got[p] = x
        p += 1
    return p


@kernel
def collect(
    key: Int64,
    time: Int64,
    bits: Bits,
    value: Int32,
    m: int,
    entry: int,
    limit: int,
    hold: int,
    n: int,
    got: Int64,
    server: Int64,
) -> int:
    """Attempt in any order: got[r] = the event at which r + 1 different steps are served by r + 1 different events.

    Events come in one by one; each one that lets one more step be served (an augmenting path through ``server``, the
    event of each step) counts. Returns how many steps were served.
    """
    server[:n] = -1
    count = 0
    start = entry
    while start > 0 and key[start - 1] == key[entry]:
        start -= 1
    came_from = np.empty(n, np.int64)
    queue = np.empty(n, np.int64)
    seen = np.empty(n, np.bool_)
    for number in range(m - start + 1):
        x = entry if number == 0 else start + number - 1  # the entry is the first to serve
        if number > 0 and x == entry:
            continue
        if time[x] > limit:
            break
        seen[:] = False
        head, tail = 0, 0
        free = -1
        for k in range(n):
            if may_serve(bits, value, hold, entry, x, k):
                seen[k] = True
                came_from[k] = -1
                queue[tail] = k
                tail += 1
                if server[k] < 0:
                    free = k
                    break
        while free < 0 and head < tail:
            q = queue[head]
            head += 1
            for k in range(n):
                if not seen[k] and may_serve(bits, value, hold, entry, server[q], k):
                    seen[k] = True
                    came_from[k] = q
                    queue[tail] = k
                    tail += 1
                    if server[k] < 0:
                        free = k
                        break
        if free < 0:
            continue
        while came_from[free] >= 0:
            server[free] = server[came_from[free]]
            free = came_from[free]
        server[free] = x
        got[count] = x
        count += 1
        if count == n:
            break
    return count


@kernel
def is_void(key: Int64, time: Int64, bits: Bits, m: int, limit: int, at: Int64, exclusions: Int64) -> bool:
    """Whether an excluded event lies after its first step and up to its second one (or ``limit`` when that was not
    reached). at[k] = key at which step k was reached, NEVER = not; exclusions: (from, to) per exclusion."""
    for q in range(exclusions.shape[0]):
        after = at[exclusions[q, 0]]
        if after == NEVER:
            continue
        until = at[exclusions[q, 1]]
        for j in range(np.searchsorted(key[:m], after, side="right"), m):
            if (until != NEVER and key[j] > until) or (until == NEVER and time[j] > limit):
                break
            if (bits[j] >> (EXCLUSION_BIT + q)) & 1:
                return True
    return False
