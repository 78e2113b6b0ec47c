"""What people did in their first days and whether they came back later: one pass over one partition.

``counts`` is uint8[windows, behaviours, n_users], at most 255 each.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.jit import kernel
from dashboard.schema import NULL_TIME
from dashboard.store import hashing

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.uint64]

NOBODY, OBSERVED, YOUNG = 0, 1, 2  # states of a person
_SALT = np.uint64(0x9E3779B97F4A7C15)  # else the number would follow from the partition, which the same hash decides


@kernel
def exposures(
    offsets: Int64,
    time: Int64,
    codes: Int32,
    mask: Bytes,
    people: Bytes,
    behaviour_of: Int32,
    outcome_codes: Bytes,
    outcome_rows: Bytes,
    windows: Int64,
    begin: int,
    end: int,
    until: int,
    first: Int64,
    state: Bytes,
    retained: Bytes,
    counts: Bytes,
    outcome_by: Int64,
) -> None:
    """For every person: when first seen, how often each behaviour in each window, and whether they came back.

    mask: uint8[n] (empty: all rows); the first row of a person is looked up in all rows and must pass. behaviour_of
    [code + 1]: behaviour or -1. outcome_codes[code + 1] and outcome_rows[i] (empty: all) say which rows are a coming
    back. windows: µs, ascending. begin, end: µs after first seen. until: µs; later rows do not exist.

    Writes first (µs, NULL_TIME without), state (OBSERVED when first + end <= until, else YOUNG; NOBODY = not counted),
    retained, counts (zeros before); outcome_by[behaviour] += rows by which observed people came back.
    """
    masked = mask.shape[0] > 0
    chosen = outcome_rows.shape[0] > 0
    last = windows.shape[0] - 1
    for u in range(offsets.shape[0] - 1):
        first[u] = NULL_TIME
        state[u] = 0
        retained[u] = 0
        if not people[u]:
            continue
        t0 = NULL_TIME
        for i in range(offsets[u], offsets[u + 1]):
            t = time[i]
            if t == NULL_TIME:
                continue
            if t > until:
                break
            if t0 == NULL_TIME:
                if masked and not mask[i]:
                    break
                t0 = t
                first[u] = t
                state[u] = 1 if t0 + end <= until else 2
            age = t - t0
            if age >= end and age >= windows[last]:
                break
            if masked and not mask[i]:
                continue
            b = behaviour_of[np.uint32(codes[i] + 1)]
            if b >= 0:
                k = last
                while k >= 0 and age < windows[k]:
                    if counts[k, b, u] < 255:
                        counts[k, b, u] += 1
                    k -= 1
            if begin <= age < end and outcome_codes[np.uint32(codes[i] + 1)] and (not chosen or outcome_rows[i]):
                retained[u] = 1
                if b >= 0 and state[u] == 1:
                    outcome_by[b] += 1


@kernel
def distinct_values(
    offsets: Int64, time: Int64, codes: Int32, size: int, mask: Bytes, first: Int64, until: int, windows: Int64,
    at: int, counts: Bytes,
) -> None:  # fmt: skip
    """counts[window, at, u] = different values (codes 0 .. size - 1) in the window after ``first[u]``; at most 255."""
    masked = mask.shape[0] > 0
    last = windows.shape[0] - 1
    seen = np.full(size, -1, np.int32)
    for u in range(offsets.shape[0] - 1):
        if first[u] == NULL_TIME:
            continue
        for i in range(offsets[u], offsets[u + 1]):
            if time[i] == NULL_TIME:
                continue
            age = time[i] - first[u]
            if age >= windows[last] or time[i] > until:
                break
            code = codes[i]
            if code < 0 or (masked and not mask[i]) or seen[code] == u:
                continue
            seen[code] = u
            k = last
            while k >= 0 and age < windows[k]:
                if counts[k, at, u] < 255:
                    counts[k, at, u] += 1
                k -= 1


@kernel
def id_numbers(data: Bytes, ends: Int64, out: Numbers) -> None:
    """out[u] = a number from the person's id ``data[ends[u]:ends[u + 1]]`` alone: the same for ever."""
    for u in range(ends.shape[0] - 1):
        out[u] = hashing.mix(hashing.hash_bytes(data, ends[u], ends[u + 1]) ^ _SALT)


@kernel
def tally(counts: Bytes, state: Bytes, retained: Bytes, half: Bytes, most: int, out: Int64) -> None:
    """out[window, behaviour, half, retained, min(count, most)] += observed persons."""
    for k in range(counts.shape[0]):
        for b in range(counts.shape[1]):
            for u in range(counts.shape[2]):
                if state[u] == 1:
                    out[k, b, half[u], retained[u], min(counts[k, b, u], most)] += 1


@kernel
def stratified(
    counts: Bytes, state: Bytes, retained: Bytes, stratum: Int32, window: Int64, behaviour: Int64, at_least: Int64,
    out: Int64,
) -> None:  # fmt: skip
    """out[cell, stratum, did, retained] += observed persons, for the cells (window, behaviour, at_least)."""
    users = np.flatnonzero((state == 1) & (stratum >= 0))
    place = stratum[users] * 4 + retained[users]
    for c in range(window.shape[0]):
        times, least, cell = counts[window[c], behaviour[c]], at_least[c], out[c].reshape(-1)
        for j in range(users.shape[0]):
            cell[place[j] + 2 * (times[users[j]] >= least)] += 1
