"""Plain ordered funnels in one pass over a person's events, whatever their number.

The idea: of all entries from which a step was reached so far, the latest one can do whatever the earlier ones can, and
for longer. So one entry per step is all there is to remember.
"""

from __future__ import annotations

import numpy as np

from dashboard.insights.funnel_match import NEVER, Bits, Int32, Int64, augment
from dashboard.insights.funnel_search import Flags
from dashboard.jit import kernel


@kernel
def bits_at(codes: Int32, table: Bits, marks: Bits, i: int) -> int:
    """What row i matches: its own bits, or those of its event's name."""
    if marks.shape[0] > 0:
        return int(marks[i])
    return int(table[np.uint32(codes[i] + 1)])


@kernel
def next_with(codes: Int32, table: Bits, marks: Bits, begin: int, end: int, wanted: np.uint32) -> int:
    """The first row from ``begin`` on that has one of the wanted bits, ``end`` without one."""
    if marks.shape[0] > 0:
        for i in range(begin, end):
            if marks[i] & wanted:
                return i
    else:
        for i in range(begin, end):
            if table[np.uint32(codes[i] + 1)] & wanted:  # unsigned: no check for an index from the end
                return i
    return end


@kernel
def simultaneous(
    time: Int64, codes: Int32, table: Bits, marks: Bits, begin: int, end: int, i: int, bits: Bits, owner: Int64
) -> tuple[int, int]:
    """The rows [low, high) of the person that share the instant of row i; their bits, and nobody owns them yet."""
    low, high = i, i + 1
    while low > begin and time[low - 1] == time[i]:
        low -= 1
    while high < end and time[high] == time[i]:
        high += 1
    if high - low > 1:
        for x in range(low, high):
            bits[x - low] = bits_at(codes, table, marks, x)
            owner[x - low] = -1
    return low, high


@kernel
def follow_rows(
    time: Int64,
    codes: Int32,
    table: Bits,
    marks: Bits,
    begin: int,
    end: int,
    entry: int,
    limit: int,
    n: int,
    plan: Int64,
    got: Int64,
    bits: Bits,
    owner: Int64,
    value: Int32,
) -> int:
    """:func:`dashboard.insights.funnel_match.follow` through the first ``n`` steps, on the rows themselves: got[k] =
    row that serves step k."""
    got[0] = entry
    p = 1
    i = entry
    while i > begin and time[i - 1] == time[entry]:
        i -= 1
    while p < n:
        i = next_with(codes, table, marks, i, end, np.uint32(1 << p))
        if i == entry:
            i = next_with(codes, table, marks, i + 1, end, np.uint32(1 << p))
        if i == end or time[i] > limit:
            break
        low, high = simultaneous(time, codes, table, marks, begin, end, i, bits, owner)
        if high - low == 1:
            got[p] = i
            p += 1
        else:
            if low <= entry < high:
                owner[entry - low] = -2
            start = p
            while p < n and augment(bits, value, 0, 0, plan, p, 0, high - low, got, owner):
                p += 1
            for q in range(start, p):
                got[q] += low
        i = high
    return p


@kernel
def earliest_best(
    time: Int64,
    codes: Int32,
    table: Bits,
    marks: Bits,
    begin: int,
    end: int,
    window: int,
    until: int,
    enter_from: int,
    enter_until: int,
    plan: Int64,
    got: Int64,
    chain: Int64,
    before: Int64,
    first: Int64,
    bits: Bits,
    owner: Int64,
    value: Int32,
) -> int:
    """:func:`dashboard.insights.funnel_search.search` for ordered steps without options: how many steps the counted
    attempt of the person with rows [begin, end) serves, their rows in ``got``.

    chain[k] = the latest entry from which step k was reached so far. first[k] = when step k was reached at all. An
    attempt that reaches the furthest step must end at first[furthest], since none did before; so every entry that lies
    within the window before that instant reaches it, and the first of them is the counted one.

    ``live`` has the bits of the steps at which an event would change something: all other rows are passed over without
    looking at their time. Among simultaneous rows one that changes something is always among the live ones.
    """
    n = plan.shape[0]
    top = -1
    live = np.uint32(1)
    i = begin
    while top < n - 1:
        i = next_with(codes, table, marks, i, end, live)
        if i == end:
            break
        b = bits_at(codes, table, marks, i)
        t = time[i]
        if t > until:
            break
        if t == NEVER:
            i += 1
            continue
        enters = enter_from <= t <= enter_until
        low, high = simultaneous(time, codes, table, marks, begin, end, i, bits, owner)
        if high - low == 1:
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
                owner[: high - low] = -1
                p = start + 1
                while p < n and augment(bits, value, 0, 0, plan, p, 0, high - low, got, owner):
                    if p > top:
                        top = p
                        first[p] = t
                        chain[p] = base
                    elif base > chain[p]:
                        chain[p] = base
                    p += 1
        live = np.uint32(1)
        for k in range(1, min(top + 1, n - 1) + 1):
            if (k > top or chain[k - 1] > chain[k]) and t - chain[k - 1] <= window:
                live |= np.uint32(1 << k)
        i = high
    if top < 0:
        return 0
    served = 0
    e = begin
    earliest = max(first[top] - window, enter_from)
    while not bits_at(codes, table, marks, e) & 1 or time[e] < earliest:
        e += 1
    while served < top + 1:  # entries at one instant: the one that gets furthest
        if bits_at(codes, table, marks, e) & 1:
            limit = min(time[e] + window, until)
            served = follow_rows(
                time, codes, table, marks, begin, end, e, limit, top + 1, plan, got, bits, owner, value
            )  # fmt: skip
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
    entered = -1  # the last bucket with an entry; a line for step 0 needs no more than that
    others = 1 if lines[0] == 0 else 0
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
        if others and top >= 0 and chain[0] == t and t >= edges[entered + 1]:
            while t >= edges[entered + 1]:
                entered += 1
            counts[0, entered] += 1
            if entered == who:
                flags[person] = max(flags[person], 1)
        for line in range(others, lines.shape[0]):
            k = lines[line]
            if k <= top and (marked[line] == NEVER or chain[k] > marked[line]):
                marked[line] = chain[k]
                mark(
                    time[:m], bits, edges, chain[k], t - window, line, position, bucket, counts, who, person, flags
                )  # fmt: skip
        i = j
