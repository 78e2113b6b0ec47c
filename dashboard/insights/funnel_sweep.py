"""Plain ordered funnels in one pass over a person's events, whatever their number.

The idea: of all entries from which a step was reached so far, the latest one can do whatever the earlier ones can, and
for longer. So one entry per step is all there is to remember.
"""

from __future__ import annotations

import numpy as np

from dashboard.insights.funnel_match import NEVER, Bits, Int32, Int64, augment, follow
from dashboard.insights.funnel_search import Flags
from dashboard.jit import kernel


@kernel
def earliest_best(
    time: Int64,
    bits: Bits,
    value: Int32,
    m: int,
    window: int,
    enter_from: int,
    enter_until: int,
    n: int,
    plan: Int64,
    got: Int64,
    chain: Int64,
    before: Int64,
    first: Int64,
    owner: Int64,
) -> int:
    """:func:`search` for ordered steps without options, in one pass: how many steps the counted attempt serves, their
    events in ``got``.

    chain[k] = the latest entry from which step k was reached so far: whatever is possible from an earlier entry is
    possible from it, for longer. first[k] = when step k was reached at all. An attempt that reaches the furthest step
    must end at first[furthest], since none did before; so every entry that lies within the window before that instant
    reaches it, and the first of them is the counted one.
    """
    top = -1
    i = 0
    while i < m and top < n - 1:
        t = time[i]
        j = i + 1
        while j < m and time[j] == t:
            j += 1
        enters = enter_from <= t <= enter_until
        if j == i + 1:
            b = bits[i]
            for k in range(min(top + 1, n - 1), 0, -1):
                if (b >> k) & 1 and t - chain[k - 1] <= window:
                    chain[k] = chain[k - 1]
                    if k > top:
                        top = k
                        first[k] = t
            if b & 1 and enters:
                chain[0] = t
                if top < 0:
                    top = 0
                    first[0] = t
        else:
            reached = top
            for k in range(top + 1):
                before[k] = chain[k]
            for start in range(-1, min(reached, n - 2) + 1):
                base = t if start < 0 else before[start]
                if (start < 0 and not enters) or t - base > window:
                    continue
                owner[i:j] = -1
                p = start + 1
                while p < n and augment(bits, value, 0, i, plan, p, i, j, got, owner):
                    if p > top:
                        top = p
                        first[p] = t
                        chain[p] = base
                    elif base > chain[p]:
                        chain[p] = base
                    p += 1
        i = j
    if top < 0:
        return 0
    served = 0
    e = 0
    while time[e] < enter_from or not bits[e] & 1 or time[e] < first[top] - window:
        e += 1
    while served < top + 1:  # entries at one instant: the one that gets furthest
        if bits[e] & 1:
            served = follow(time, time, bits, value, m, e, time[e] + window, 0, plan, n, got, owner)
        e += 1
    return served


@kernel
def mark(
    time: Int64,
    bits: Bits,
    edges: Int64,
    base: int,
    earliest: int,
    line: int,
    position: Int64,
    bucket: Int64,
    counts: Int64,
    who: int,
    person: int,
    flags: Flags,
) -> None:
    """The entries up to ``base`` that are not marked yet and lie at or after ``earliest`` reached the step of a line:
    counts[line, b] += 1 for each bucket b in which one of them lies, once per person."""
    b = max(bucket[line], 0)
    e = position[line]
    while time[e] <= base:
        if bits[e] & 1 and time[e] >= earliest and edges[0] <= time[e]:
            while time[e] >= edges[b + 1]:
                b += 1
            if b != bucket[line]:
                bucket[line] = b
                counts[line, b] += 1
                if b == who:
                    flags[person] = max(flags[person], line + 1)
        e += 1
        if e == time.shape[0]:
            break
    position[line] = e


@kernel
def every_entry(
    time: Int64,
    bits: Bits,
    m: int,
    window: int,
    edges: Int64,
    n: int,
    lines: Int64,
    plan: Int64,
    got: Int64,
    chain: Int64,
    before: Int64,
    position: Int64,
    bucket: Int64,
    owner: Int64,
    counts: Int64,
    who: int,
    person: int,
    flags: Flags,
) -> None:
    """Which entries reach the steps ``lines``, in one pass over ordered steps without options: whenever a step is
    reached from a later entry than before (see :func:`earliest_best`), all entries up to that one reach it now, unless
    their window has ended."""
    value = np.empty(0, np.int32)
    top = -1
    position[:] = 0
    bucket[:] = -1
    marked = np.full(lines.shape[0], NEVER, np.int64)
    i = 0
    while i < m:
        t = time[i]
        j = i + 1
        while j < m and time[j] == t:
            j += 1
        enters = edges[0] <= t < edges[edges.shape[0] - 1]
        if j == i + 1:
            b = bits[i]
            for k in range(min(top + 1, n - 1), 0, -1):
                if (b >> k) & 1 and t - chain[k - 1] <= window:
                    chain[k] = chain[k - 1]
                    top = max(top, k)
            if b & 1 and enters:
                chain[0] = t
                top = max(top, 0)
        else:
            reached = top
            for k in range(top + 1):
                before[k] = chain[k]
            for start in range(-1, min(reached, n - 2) + 1):
                base = t if start < 0 else before[start]
                if (start < 0 and not enters) or t - base > window:
                    continue
                owner[i:j] = -1
                p = start + 1
                while p < n and augment(bits, value, 0, i, plan, p, i, j, got, owner):
                    if p > top:
                        top = p
                        chain[p] = base
                    elif base > chain[p]:
                        chain[p] = base
                    p += 1
        for line in range(lines.shape[0]):
            k = lines[line]
            if k <= top and (marked[line] == NEVER or chain[k] > marked[line]):
                marked[line] = chain[k]
                mark(
                    time[:m], bits, edges, chain[k], t - window, line, position, bucket, counts, who, person, flags
                )  # fmt: skip
        i = j
