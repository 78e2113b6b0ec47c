"""Kernels that find sessions, per person and in order of time, and count them as they go.

Common input: offsets int64[n_users + 1]; day int32; mask: rows that count (empty: all); people uint8[n_users]. Only
sessions that begin on a day in [first, last] are noted.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dashboard.insights.session_lengths import class_of
from dashboard.jit import kernel
from dashboard.schema import NULL_DAY, NULL_TIME

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
SESSIONS, PERSONS, KNOWN, MICROS, COUNTED, EVENTS, ALONE = range(7)  # columns of Notes.of_period
ROOM = 512  # sessions found before they are noted: few enough to stay in the nearest cache


class Notes(NamedTuple):
    """What is noted of sessions; numbers are added.

    In: table int32, period of day ``start`` + position. edges int64 µs: class k is edges[k] <= length < edges[k + 1].
    lowest int64[CLASSES]: class of the shortest length in a class of ``spread``. low, high: whoever has a session of
    low <= µs < high is flagged.
    Out: of_period int64[periods, 8]: sessions, persons, sessions of known length, their µs, sessions with a known
    number of events, their events; sessions of one event, which are in none of these but persons (:func:`complete`).
    of_class int64[classes, 2]: sessions, persons. total int64[4]: persons, sessions of
    one event, lengths kept, last person + 1. flags uint8[n_users]. in_period, in_class int64: last person noted there,
    -1 = nobody. Of the sessions longer than 0: spread int32[periods, CLASSES], how many per
    :func:`~dashboard.insights.session_lengths.class_of`; length int64, period int32, in no order.
    """

    start: int
    table: Int32
    edges: Int64
    lowest: Int64
    low: int
    high: int
    of_period: Int64
    of_class: Int64
    total: Int64
    spread: Int32
    length: Int64
    period: Int32
    flags: Bytes
    in_period: Int64
    in_class: Int64


@kernel
def tally(found: Int64, n: int, notes: Notes) -> int:
    """Note the first ``n`` sessions of ``found`` int64[ROOM, 4]: person, day it begins, length in µs (NULL_TIME: not
    known), events (0: not known); those of a person one after the other. Returns 0, the number that is left."""
    table, edges, lowest, spread, flags = notes.table, notes.edges, notes.lowest, notes.spread, notes.flags
    of_period, in_period, of_class, in_class = notes.of_period, notes.in_period, notes.of_class, notes.in_class
    out_length, out_period, first, low, high = notes.length, notes.period, notes.start, notes.low, notes.high
    persons, singles, kept, previous = notes.total[0], notes.total[1], notes.total[2], notes.total[3] - 1
    shortest, persons_shortest, last_shortest = 0, 0, in_class[0]  # most are of the first class: not through memory
    for i in range(n):
        row = np.uint32(i)
        u, length, events = found[row, 0], found[row, 2], found[row, 3]
        p = np.uint32(table[np.uint32(found[row, 1] - first)])
        persons += u != previous
        previous = u
        other, known = in_period[p] != u, length != NULL_TIME
        in_period[p] = u
        if (length == 0) & (events == 1):  # as most are
            of_period[p, PERSONS] += other
            of_period[p, ALONE] += 1
            shortest += 1
            persons_shortest += last_shortest != u
            last_shortest = u
            if low <= 0 < high:
                flags[u] = 1
            continue
        singles += events == 1
        of_period[p, SESSIONS] += 1  # neighbours, one after the other: one instruction adds several
        of_period[p, PERSONS] += other
        of_period[p, KNOWN] += known
        of_period[p, MICROS] += length if known else 0
        of_period[p, COUNTED] += events > 0
        of_period[p, EVENTS] += events
        if low <= length < high:
            flags[u] = 1
        if not known:
            continue
        if length == 0:
            shortest += 1
            persons_shortest += last_shortest != u
            last_shortest = u
            continue
        c = np.uint32(class_of(length))
        k = np.uint32(lowest[c])
        while length >= edges[k + np.uint32(1)]:
            k += np.uint32(1)
        if k == 0:
            shortest += 1
            persons_shortest += last_shortest != u
            last_shortest = u
        else:
            of_class[k, 0] += 1
            of_class[k, 1] += in_class[k] != u
            in_class[k] = u
        spread[p, c] += 1
        out_length[kept] = length
        out_period[kept] = p
        kept += 1
    of_class[0, 0] += shortest
    of_class[0, 1] += persons_shortest
    in_class[0] = last_shortest
    notes.total[0], notes.total[1], notes.total[2], notes.total[3] = persons, singles, kept, previous + 1
    return 0


def complete(of_period: Int64) -> Int64:
    """int64[periods, 6]: the numbers of all sessions, those of one event among them."""
    alone = of_period[:, ALONE]
    whole = of_period[:, :ALONE].copy()
    for column in (SESSIONS, KNOWN, COUNTED, EVENTS):
        whole[:, column] += alone
    return whole


@kernel
def by_gap(
    offsets: Int64, time: Int64, day: Int32, mask: Bytes, people: Bytes, first: int, last: int, until: int, gap: int,
    notes: Notes,
) -> None:  # fmt: skip
    """A pause longer than ``gap`` µs starts a new session; nothing after the day ``until`` is read. Hardly a branch
    depends on a row: which ones start a session cannot be guessed."""
    found, n, masked = np.empty((ROOM, 4), np.int64), 0, mask.shape[0] > 0
    for u in range(people.shape[0]):
        if not people[u]:
            continue
        previous, begin, begun, inside = 0, 0, 0, 0
        for i in range(offsets[u], offsets[u + 1]):
            row = np.uint64(i)
            today, now = day[row], time[row]
            if today > until:
                break
            counts = (today != NULL_DAY) & (not masked or mask[row] != 0)
            new = counts & ((inside == 0) | (now - previous > gap))
            if new & (today > last):
                break
            n += new & (inside > 0) & (begun >= first)
            if n == ROOM:
                n = tally(found, n, notes)
            begin = now if new else begin
            begun = today if new else begun
            inside = (0 if new else inside) + counts
            previous = now if counts else previous
            place = np.uint32(n)
            found[place, 0], found[place, 1], found[place, 2], found[place, 3] = u, begun, previous - begin, inside
        n += (inside > 0) & (begun >= first)
        if n == ROOM:
            n = tally(found, n, notes)
    tally(found, n, notes)


@kernel
def by_id(
    offsets: Int64, time: Int64, day: Int32, codes: Int32, mask: Bytes, people: Bytes, first: int, last: int,
    until: int, notes: Notes,
) -> None:  # fmt: skip
    """Rows of a person with one id are one session; rows without an id are in none."""
    found, n, masked = np.empty((ROOM, 4), np.int64), 0, mask.shape[0] > 0
    for u in range(people.shape[0]):
        row, end = offsets[u], offsets[u + 1]
        if not people[u] or row == end:
            continue
        order = np.argsort(codes[row:end], kind="mergesort")  # stable: rows of one id stay in order of time
        current, inside, begin = -1, False, 0
        for k in range(end - row):
            i = row + order[k]
            if codes[i] < 0 or day[i] > until or day[i] == NULL_DAY or (masked and not mask[i]):
                continue
            if codes[i] != current:
                n += inside
                if n == ROOM:
                    n = tally(found, n, notes)
                current, begin = codes[i], time[i]
                inside = first <= day[i] <= last
                found[n, 0], found[n, 1], found[n, 2], found[n, 3] = u, day[i], 0, 1
            elif inside:
                found[n, 2] = time[i] - begin
                found[n, 3] += 1
        n += inside
        if n == ROOM:
            n = tally(found, n, notes)
    tally(found, n, notes)


@kernel
def of_rows(
    offsets: Int64, day: Int32, length: Int64, mask: Bytes, people: Bytes, first: int, last: int, notes: Notes
) -> None:
    """Every row is a session of a known length; its number of events is not known."""
    found, n, masked = np.empty((ROOM, 4), np.int64), 0, mask.shape[0] > 0
    for u in range(people.shape[0]):
        if not people[u]:
            continue
        for i in range(offsets[u], offsets[u + 1]):
            if day[i] > last:
                break
            if day[i] >= first and not (masked and not mask[i]):
                found[n, 0], found[n, 1], found[n, 2], found[n, 3] = u, day[i], length[i], 0
                n += 1
                if n == ROOM:
                    n = tally(found, n, notes)
    tally(found, n, notes)


@kernel
def median_gaps(offsets: Int64, day: Int32, people: Bytes, first: int, last: int, out: npt.NDArray[np.float64]) -> None:
    """out[u] = median number of days between a person's active days in [first, last], NaN with fewer than two."""
    short = np.zeros(64, np.int64)  # how often each gap below 64 days occurs: most need no sorting
    for u in range(people.shape[0]):
        out[u] = np.nan
        begin, end = offsets[u], offsets[u + 1]
        while begin < end and day[begin] < first:
            begin += 1
        while end > begin and day[end - 1] > last:
            end -= 1
        n = end - begin - 1
        if not people[u] or n < 1:
            continue
        short[:] = 0
        for i in range(begin, end - 1):
            gap = day[i + 1] - day[i]
            if gap < 64:
                short[gap] += 1
        lower, upper = (n - 1) // 2, n // 2  # ranks of the one or two middle gaps
        below, low, high = 0, -1, -1
        for gap in range(64):
            below += short[gap]
            if low < 0 and below > lower:
                low = gap
            if below > upper:
                high = gap
                break
        if high < 0:
            gaps = np.empty(n, np.int64)
            for i in range(n):
                gaps[i] = day[begin + i + 1] - day[begin + i]
            gaps.sort()
            low, high = gaps[lower], gaps[upper]
        out[u] = (low + high) / 2
