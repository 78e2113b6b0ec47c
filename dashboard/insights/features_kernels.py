"""Who used which feature, and who came back to it: one pass over one partition each.

Common input: offsets int64[n_users + 1]; day int32, ascending per person; names, codes int32 codes of the event's name
and of the feature column; feature_of[code + 1] = feature or -1; active_codes uint8[names + 1]: events that make a
person active, only they are looked at; mask uint8[n] (empty: all rows); group int32[n_users], -1 = not counted; first,
last: days.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.jit import kernel
from dashboard.schema import NULL_DAY
from dashboard.store import hashing

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.uint64]


@kernel
def usage(
    offsets: Int64,
    day: Int32,
    names: Int32,
    codes: Int32,
    feature_of: Int32,
    active_codes: Bytes,
    mask: Bytes,
    group: Int32,
    first: int,
    span: Int32,
    users: Int64,
    events: Int64,
    days: Int64,
    active: Int64,
    breadth: Int64,
    used: Int64,
    returned: Int64,
    active_in: Int64,
) -> None:
    """span[day - first] = period of the day or -1; days outside the table do not count.

    Adds users[g, f] (distinct persons), events[g, f], days[g, f] (days on which a person used it), active[g] (persons
    with an activity event), breadth[g, n] (active persons with n features, the last entry holds all above),
    used[f, b] (persons in the period), returned[f, b] (of those, used it again in period b + 1), active_in[b].
    """
    masked = mask.shape[0] > 0
    n = span.shape[0]
    seen = np.full(users.shape[1], -1, np.int64)
    last_day = np.zeros(users.shape[1], np.int64)
    last_span = np.zeros(users.shape[1], np.int64)
    most = breadth.shape[1] - 1
    for u in range(offsets.shape[0] - 1):
        g = group[u]
        if g < 0:
            continue
        known = 0
        here = False
        before = -1
        for i in range(offsets[u], offsets[u + 1]):
            at = day[i] - first
            if at >= n:
                break
            if day[i] == NULL_DAY or at < 0 or span[at] < 0 or (masked and not mask[i]):
                continue
            if not active_codes[np.uint32(names[i] + 1)]:
                continue
            f = feature_of[np.uint32(codes[i] + 1)]
            b = span[at]
            here = True
            if b != before:
                before = b
                active_in[b] += 1
            if f < 0:
                continue
            # without branches: whether a person does something for the first time, or on another day, is hard to guess
            w = np.uint32(f)
            first_time, earlier = seen[w] != u, last_span[w]
            known += first_time
            events[g, w] += 1
            users[g, w] += first_time
            days[g, w] += first_time | (last_day[w] != at)
            used[w, b] += first_time | (earlier != b)
            returned[w, max(b - 1, 0)] += (not first_time) & (earlier == b - 1)
            seen[w] = u
            last_day[w] = at
            last_span[w] = b
        if here:
            active[g] += 1
            breadth[g, min(known, most)] += 1


@kernel
def users_of(
    offsets: Int64,
    day: Int32,
    names: Int32,
    codes: Int32,
    feature_of: Int32,
    active_codes: Bytes,
    mask: Bytes,
    group: Int32,
    first: int,
    last: int,
    feature: int,
    out: Bytes,
) -> None:
    """out[u] = 2 for persons who used the feature on the days [first, last], 1 for the others who were active."""
    masked = mask.shape[0] > 0
    for u in range(offsets.shape[0] - 1):
        if group[u] < 0:
            continue
        for i in range(offsets[u], offsets[u + 1]):
            if day[i] > last:
                break
            if day[i] < first or (masked and not mask[i]) or not active_codes[np.uint32(names[i] + 1)]:
                continue
            if feature_of[np.uint32(codes[i] + 1)] == feature:
                out[u] = 2
                break
            out[u] = 1


@kernel
def kept(
    offsets: Int64,
    day: Int32,
    names: Int32,
    codes: Int32,
    feature_of: Int32,
    active_codes: Bytes,
    mask: Bytes,
    group: Int32,
    first: int,
    middle: int,
    last: int,
    out: Int64,
    total: Int64,
) -> None:
    """Persons active on the days [first, middle): total[0], of those active on [middle, last]: total[1]; the same for
    those who used feature f on [first, middle): out[f, 0] and out[f, 1]."""
    masked = mask.shape[0] > 0
    seen = np.full(out.shape[0], -1, np.int32)
    found = np.empty(out.shape[0], np.int32)
    for u in range(offsets.shape[0] - 1):
        if group[u] < 0:
            continue
        n = 0
        here = False
        stayed = 0
        for i in range(offsets[u], offsets[u + 1]):
            if day[i] > last:
                break
            if day[i] < first or (masked and not mask[i]) or not active_codes[np.uint32(names[i] + 1)]:
                continue
            f = feature_of[np.uint32(codes[i] + 1)]
            if day[i] >= middle:
                stayed = 1
                break
            here = True
            if f >= 0 and seen[f] != u:
                seen[f] = u
                found[n] = f
                n += 1
        if here:
            total[0] += 1
            total[1] += stayed
            for k in range(n):
                out[found[k], 0] += 1
                out[found[k], 1] += stayed


@kernel
def first_use(offsets: Int64, day: Int32, codes: Int32, feature: int, mask: Bytes, until: int, out: Int32) -> None:
    """out[u] = day of the person's first row with that code in all data up to ``until``, NULL_DAY without one."""
    masked = mask.shape[0] > 0
    for u in range(offsets.shape[0] - 1):
        out[u] = NULL_DAY
        for i in range(offsets[u], offsets[u + 1]):
            if day[i] > until:
                break
            if codes[i] == feature and day[i] != NULL_DAY and (not masked or mask[i]):
                out[u] = day[i]
                break


@kernel
def draw_days(
    offsets: Int64, day: Int32, asked: Bytes, numbers: Numbers, pool: Int32, draws: int, anchor: Int32
) -> None:
    """anchor[u] = the first of up to ``draws`` days drawn from ``pool`` by the person's number on which they were
    active, NULL_DAY without one or where asked[u] is 0. day: distinct active days, ascending. pool: not empty."""
    size = np.uint64(pool.shape[0])
    for u in range(offsets.shape[0] - 1):
        anchor[u] = NULL_DAY
        begin, end = offsets[u], offsets[u + 1]
        if not asked[u] or begin == end:
            continue
        number = numbers[u]
        for _ in range(draws):
            number = hashing.mix(number)
            drawn = pool[number % size]
            at = begin + np.searchsorted(day[begin:end], drawn)
            if at < end and day[at] == drawn:
                anchor[u] = drawn
                break


@kernel
def around(offsets: Int64, day: Int32, anchor: Int32, length: int, pre: Int64, post: Int64) -> None:
    """Active days before and after a day of each person.

    day: distinct active days, ascending. anchor[u]: a day, NULL_DAY = not asked. pre[u], post[u]: active days in the
    ``length`` days before and after it, -1 where not asked or the person was first active less than ``length`` days
    before it.
    """
    for u in range(offsets.shape[0] - 1):
        pre[u] = -1
        post[u] = -1
        at = anchor[u]
        begin, end = offsets[u], offsets[u + 1]
        if at == NULL_DAY or begin == end or day[begin] > at - length:
            continue
        pre[u] = 0
        post[u] = 0
        for i in range(begin, end):
            if at - length <= day[i] < at:
                pre[u] += 1
            elif at < day[i] <= at + length:
                post[u] += 1
