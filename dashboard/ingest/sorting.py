"""Sorting that costs what the disorder costs: counting sorts, then a merge sort only of the runs that need one."""

from __future__ import annotations

import numpy as np

from dashboard.jit import kernel


@kernel
def group(keys: np.ndarray, n_keys: int) -> tuple[np.ndarray, np.ndarray]:
    """Stable counting sort of small integers 0 .. n_keys - 1.

    Returns (order int32[n], offsets int64[n_keys + 1]): rows of key k are ``order[offsets[k]:offsets[k + 1]]`` in their
    old order.
    """
    offsets = np.zeros(n_keys + 1, np.int64)
    for i in range(len(keys)):
        offsets[keys[i] + 1] += 1
    for k in range(n_keys):
        offsets[k + 1] += offsets[k]
    place = offsets[:-1].copy()
    order = np.empty(len(keys), np.int32)
    for i in range(len(keys)):
        k = keys[i]
        order[place[k]] = i
        place[k] += 1
    return order, offsets


@kernel
def unsorted_runs(values: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The runs ``offsets[k]:offsets[k + 1]`` of ``values`` that do not ascend: (starts, ends), int64."""
    starts = np.empty(16, np.int64)
    ends = np.empty(16, np.int64)
    n = 0
    for k in range(len(offsets) - 1):
        for i in range(offsets[k] + 1, offsets[k + 1]):
            if values[i] < values[i - 1]:
                if n == len(starts):
                    starts = np.concatenate((starts, np.empty(n, np.int64)))
                    ends = np.concatenate((ends, np.empty(n, np.int64)))
                starts[n] = offsets[k]
                ends[n] = offsets[k + 1]
                n += 1
                break
    return starts[:n].copy(), ends[:n].copy()


@kernel
def equal_runs(values: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Maximal stretches of two or more equal ``values`` inside the runs of ``offsets``: (starts, ends)."""
    starts = np.empty(16, np.int64)
    ends = np.empty(16, np.int64)
    n = 0
    for k in range(len(offsets) - 1):
        i = offsets[k]
        end = offsets[k + 1]
        while i < end:
            j = i + 1
            value = values[i]
            while j < end and values[j] == value:
                j += 1
            if j - i > 1:
                if n == len(starts):
                    starts = np.concatenate((starts, np.empty(n, np.int64)))
                    ends = np.concatenate((ends, np.empty(n, np.int64)))
                starts[n] = i
                ends[n] = j
                n += 1
            i = j
    return starts[:n].copy(), ends[:n].copy()


@kernel
def _less(keys: np.ndarray, a: int, b: int) -> bool:
    """Whether row a of the key matrix comes strictly before row b."""
    for c in range(keys.shape[1]):
        if keys[a, c] != keys[b, c]:
            return bool(keys[a, c] < keys[b, c])
    return False


@kernel
def sort_runs(order: np.ndarray, starts: np.ndarray, ends: np.ndarray, keys: np.ndarray) -> None:
    """Sort every run of ``order`` in place, stably, by the rows of a key matrix.

    order: int32 row numbers. starts, ends: the runs, disjoint and ascending. keys: int64, one row per position of the
    runs written one after the other, most significant column first.
    """
    longest = 0
    for r in range(len(starts)):
        longest = max(longest, ends[r] - starts[r])
    index = np.empty(longest, np.int64)
    buffer = np.empty(longest, np.int64)
    rows = np.empty(longest, order.dtype)
    base = 0
    for r in range(len(starts)):
        n = ends[r] - starts[r]
        for i in range(n):
            index[i] = base + i
        for low in range(0, n, 16):  # short stretches by insertion
            high = min(low + 16, n)
            for i in range(low + 1, high):
                item = index[i]
                j = i - 1
                while j >= low and _less(keys, item, index[j]):
                    index[j + 1] = index[j]
                    j -= 1
                index[j + 1] = item
        width = 16
        while width < n:
            for low in range(0, n, 2 * width):
                middle = min(low + width, n)
                high = min(low + 2 * width, n)
                i, j = low, middle
                for k in range(low, high):
                    if i < middle and (j >= high or not _less(keys, index[j], index[i])):
                        buffer[k] = index[i]
                        i += 1
                    else:
                        buffer[k] = index[j]
                        j += 1
            index, buffer = buffer, index
            width *= 2
        for i in range(n):
            rows[i] = order[starts[r] + index[i] - base]
        for i in range(n):
            order[starts[r] + i] = rows[i]
        base += n


@kernel
def _common_prefix(data: np.ndarray, offsets: np.ndarray) -> int:
    """Number of leading bytes that all texts share."""
    n = len(offsets) - 1
    if n == 0:
        return 0
    common = offsets[1] - offsets[0]
    for i in range(1, n):
        common = min(common, offsets[i + 1] - offsets[i])
        for j in range(common):
            if data[offsets[i] + j] != data[offsets[0] + j]:
                common = j
                break
        if common == 0:
            break
    return int(common)


@kernel
def _words(data: np.ndarray, offsets: np.ndarray, skip: int) -> np.ndarray:
    """Eight bytes of every text from position ``skip`` on as a big-endian number, missing bytes 0."""
    words = np.zeros(len(offsets) - 1, np.uint64)
    for i in range(len(words)):
        start = offsets[i] + skip
        have = max(0, min(8, offsets[i + 1] - start))
        word = np.uint64(0)
        for j in range(have):
            word |= np.uint64(data[start + j]) << np.uint64(8 * (7 - j))
        words[i] = word
    return words


@kernel
def _text_less(data: np.ndarray, offsets: np.ndarray, a: int, b: int, skip: int) -> bool:
    length_a = offsets[a + 1] - offsets[a]
    length_b = offsets[b + 1] - offsets[b]
    for j in range(skip, min(length_a, length_b)):
        x, y = data[offsets[a] + j], data[offsets[b] + j]
        if x != y:
            return bool(x < y)
    return bool(length_a < length_b)


@kernel
def _sort_equal_words(data: np.ndarray, offsets: np.ndarray, words: np.ndarray, order: np.ndarray, skip: int) -> None:
    """Merge sort of the stretches of ``order`` whose words are equal, by the whole text."""
    n = len(order)
    buffer = np.empty(n, order.dtype)
    start = 0
    while start < n:
        end = start + 1
        while end < n and words[order[end]] == words[order[start]]:
            end += 1
        width = 1
        while width < end - start:
            for low in range(start, end, 2 * width):
                middle = min(low + width, end)
                high = min(low + 2 * width, end)
                i, j = low, middle
                for k in range(low, high):
                    if i < middle and (j >= high or not _text_less(data, offsets, order[j], order[i], skip)):
                        buffer[k] = order[i]
                        i += 1
                    else:
                        buffer[k] = order[j]
                        j += 1
            for k in range(start, end):
                order[k] = buffer[k]
            width *= 2
        start = end


def sort_texts(data: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Numbers of the texts ``data[offsets[i]:offsets[i + 1]]`` in byte order (int64).

    The shared prefix ("user_000…") is skipped, the next eight bytes are sorted as numbers, and only texts that agree
    in them are compared byte by byte.
    """
    skip = int(_common_prefix(data, offsets))
    words = _words(data, offsets, skip)
    order = np.argsort(words)
    _sort_equal_words(data, offsets, words, order, skip)
    return order
