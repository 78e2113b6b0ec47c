"""The compiled loops of :class:`dashboard.ingest.decode_codes.Coder`: cells become codes, texts fill a hash table."""

from __future__ import annotations

from typing import Any

import numpy as np

from dashboard.ingest.tokenize_words import first_words, fold, hash_bytes, hash_words, load64, same_bytes
from dashboard.jit import kernel

_HIGH = np.uint64(0x8080808080808080)
_SPACES = np.uint64(0x2020202020202020)
_TAG = np.uint64(0xFFFFFFFF00000000)
_ENTRY = np.uint64(0x00000000FFFFFFFF)
_BLOCK = 64  # cells looked up together


@kernel
def unescaped(data: Any, start: int, length: int, quote: int, escape: int, target: Any) -> int:
    """Write a cell without the doubling or escaping of its quotes; its new length."""
    at, made, end = start, 0, start + length
    while at < end:
        byte = data[at]
        if at + 1 < end and (
            (byte == quote and data[at + 1] == quote)
            or (byte == escape and (data[at + 1] == quote or data[at + 1] == escape))
        ):
            at += 1
        target[made] = data[at]
        made += 1
        at += 1
    target[made : made + 8] = 0
    return made


@kernel
def _odd(data: Any, start: int, length: int) -> bool:
    """Whether a text holds control or non-ASCII characters."""
    found = np.uint64(0)
    while length > 8:
        word = load64(data, start)
        found |= word | ((word - _SPACES) & ~word)
        start += 8
        length -= 8
    word = load64(data, start)
    last = (word | ((word - _SPACES) & ~word)) & (_HIGH >> np.uint64(64 - 8 * length))
    return bool((last | (found & _HIGH)) != 0)


@kernel
def _odd_words(low: Any, high: Any, length: int) -> bool:
    """What :func:`_odd` says of a text of 1 to 16 bytes, from its two words."""
    long = length > 8
    ends = _HIGH >> np.uint64(0 if long else 64 - 8 * length)
    more = _HIGH >> np.uint64(128 - 8 * length if long else 0)
    odd = (low | ((low - _SPACES) & ~low)) & ends
    odd_more = (high | ((high - _SPACES) & ~high)) & more
    return bool(odd | (odd_more if long else np.uint64(0)))


@kernel
def _whole_number(source: Any, start: int, length: int) -> bool:
    """Whether a text is digits and ".0"."""
    if length < 3 or source[start + length - 1] != 48 or source[start + length - 2] != 46:
        return False
    others = 0
    for k in range(start, start + length - 2):
        if source[k] < 48 or source[k] > 57:
            others += 1
    return others == 0


@kernel
def _look_up(
    data: Any,
    spans: Any,
    slots: Any,
    offsets: Any,
    lows: Any,
    highs: Any,
    words: Any,
    contents: Any,
    begins: Any,
    lengths: Any,
) -> None:
    """What the table says of a block of cells, as if they were short and plain. No step has a branch: what it waits for
    from memory, it waits for once.

    lows, highs, words: bytes and hash of each cell. contents: its slot. begins, lengths: the text of the slot's entry.
    """
    mask = np.uint64(len(slots) - 1)
    for k in range(len(spans)):
        length: Any = (spans[k] >> 2) & 0x3FFFFFFF
        length = min(max(length, 1), 16)
        lows[k], highs[k] = first_words(data, spans[k] >> 32, length)
        words[k] = hash_words(lows[k], highs[k], length)
    for k in range(len(spans)):
        contents[k] = slots[words[k] & mask]
    for k in range(len(spans)):
        entry: Any = max(np.int64(contents[k] & _ENTRY), 1)
        begins[k] = offsets[entry - 1]
        lengths[k] = offsets[entry] - begins[k]


@kernel
def encode(
    data: Any,
    spans: Any,
    first: int,
    look: bool,
    starts: Any,
    strip_zero: bool,
    quotes: Any,
    scratch: Any,
    slots: Any,
    offsets: Any,
    arena: Any,
    state: Any,
    codes: Any,
    hashes: Any,
    seed: Any,
) -> int:
    """Code the cells from ``first`` on; stops where a table must grow and returns that position (else len(spans)).

    state: entries, cells stripped of ".0", odd cells. hashes: row fingerprints to add to (or empty).

    Nearly all cells are short, plain and known: they are looked up a block at a time. The others go one by one.
    """
    mask = np.uint64(len(slots) - 1)
    room = min(len(offsets) - 2, len(slots) // 2)
    arena_room = len(arena) - 64
    entries = state[0]
    used = offsets[entries]
    hashing = hashes.size > 0
    lows, highs = np.empty(_BLOCK, np.uint64), np.empty(_BLOCK, np.uint64)
    words, contents = np.empty(_BLOCK, np.uint64), np.empty(_BLOCK, np.uint64)
    begins, lengths = np.empty(_BLOCK, np.int64), np.empty(_BLOCK, np.int64)
    for block in range(first, len(spans), _BLOCK):
        count = min(_BLOCK, len(spans) - block)
        _look_up(data, spans[block : block + count], slots, offsets, lows, highs, words, contents, begins, lengths)
        for k in range(count):
            i = block + k
            span = spans[i]
            start, length = span >> 32, (span >> 2) & 0x3FFFFFFF
            code = words[k]
            if (
                lengths[k] == length
                and 0 < length <= 16
                and not span & 1
                and not strip_zero
                and contents[k] != 0
                and not (look and _odd_words(lows[k], highs[k], length))
                and not (look and length <= 9 and starts[data[start]])
            ):
                low, high = first_words(arena, begins[k], length)
                if low == lows[k] and high == highs[k]:
                    codes[i] = np.int64(contents[k] & _ENTRY) - 1
                    if hashing:
                        hashes[i] += fold(code ^ seed)
                    continue
            if length == 0:
                codes[i] = -1
                continue
            source = data
            if span & 1:
                length = unescaped(data, start, length, quotes[0], quotes[1], scratch)
                source = scratch
                start = 0
            if entries >= room or used + length > arena_room:
                state[0] = entries
                return i
            if strip_zero and _whole_number(source, start, length):
                length -= 2
                state[1] += 1
            code = hash_bytes(source, start, length)
            if hashing:
                hashes[i] += fold(code ^ seed)
            if look and ((length <= 9 and starts[source[start]]) or _odd(source, start, length)):
                codes[i] = -2
                state[2] += 1
                continue
            slot = code & mask
            tag = code & _TAG
            while True:
                content = slots[slot]
                if content == 0:
                    for at in range(length):
                        arena[used + at] = source[start + at]
                    used += length
                    entries += 1
                    offsets[entries] = used
                    slots[slot] = tag | np.uint64(entries)
                    codes[i] = entries - 1
                    break
                if content & _TAG == tag:
                    entry = np.int64(content & _ENTRY) - 1
                    at = offsets[entry]
                    if offsets[entry + 1] - at == length and same_bytes(arena, at, source, start, length):
                        codes[i] = entry
                        break
                slot = (slot + np.uint64(1)) & mask
    state[0] = entries
    return len(spans)


@kernel
def rehash(offsets: Any, arena: Any, entries: int, slots: Any) -> None:
    mask = np.uint64(len(slots) - 1)
    for entry in range(entries):
        code = hash_bytes(arena, offsets[entry], offsets[entry + 1] - offsets[entry])
        slot = code & mask
        while slots[slot] != 0:
            slot = (slot + np.uint64(1)) & mask
        slots[slot] = (code & _TAG) | np.uint64(entry + 1)


@kernel
def hash_cells(data: Any, spans: Any, quotes: Any, scratch: Any, hashes: Any, seed: Any) -> None:
    """Add the cells of a column that is not coded to the row fingerprints."""
    for i in range(len(spans)):
        span = spans[i]
        start, length = span >> 32, (span >> 2) & 0x3FFFFFFF
        if length == 0:
            continue
        if span & 1:
            length = unescaped(data, start, length, quotes[0], quotes[1], scratch)
            hashes[i] += fold(hash_bytes(scratch, 0, length) ^ seed)
        else:
            hashes[i] += fold(hash_bytes(data, start, length) ^ seed)
