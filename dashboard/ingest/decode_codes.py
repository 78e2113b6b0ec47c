"""Texts as small integers: an open-addressing hash table over raw bytes, filled by a compiled loop.

The texts lie end to end in one growing buffer with offsets, which is exactly an Arrow large_string array, so the
dictionary is handed on without a copy. Codes are given in order of first appearance and never change.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from dashboard.ingest.tokenize_words import PADDING, fold, hash_bytes, load64, same_bytes
from dashboard.jit import kernel

ODD = -2  # code of a cell that the loop leaves to the caller

_HIGH = np.uint64(0x8080808080808080)
_SPACES = np.uint64(0x2020202020202020)
_TAG = np.uint64(0xFFFFFFFF00000000)
_ENTRY = np.uint64(0x00000000FFFFFFFF)


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
def _encode(
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
    """
    mask = np.uint64(len(slots) - 1)
    room = min(len(offsets) - 2, len(slots) // 2)
    arena_room = len(arena) - 64
    entries = state[0]
    used = offsets[entries]
    hashing = hashes.size > 0
    for i in range(first, len(spans)):
        span = spans[i]
        start, length = span >> 32, (span >> 2) & 0x3FFFFFFF
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
        if strip_zero and length > 2 and source[start + length - 1] == 48 and source[start + length - 2] == 46:
            whole = True
            for k in range(start, start + length - 2):
                if source[k] < 48 or source[k] > 57:
                    whole = False
                    break
            if whole:
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
                for k in range(length):
                    arena[used + k] = source[start + k]
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
def _rehash(offsets: Any, arena: Any, entries: int, slots: Any) -> None:
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


_NO_HASHES = np.empty(0, np.uint64)
_NO_STARTS = np.zeros(256, np.bool_)


class Coder:
    """A growing dictionary of byte strings.

    quotes: (quote, escape) as int64, -1 for none, to undo doubled and escaped quotes. starts: (256,) bool, first bytes
    of short cells that are left to the caller together with control and non-ASCII characters; None: nothing is.
    """

    def __init__(self, quotes: np.ndarray, scratch_bytes: int, starts: np.ndarray | None = None) -> None:
        self._quotes = quotes
        self._scratch = np.empty(scratch_bytes + PADDING, np.uint8)
        self._look = starts is not None
        self._starts = _NO_STARTS if starts is None else starts
        self._slots = np.zeros(1 << 10, np.uint64)
        self._offsets = np.zeros(1 << 9, np.int64)
        self._arena = np.zeros(1 << 13, np.uint8)
        self._state = np.zeros(3, np.int64)

    def __len__(self) -> int:
        return int(self._state[0])

    @property
    def stripped(self) -> int:
        return int(self._state[1])

    def encode(
        self,
        data: np.ndarray,
        spans: np.ndarray,
        *,
        strip_zero: bool = False,
        hashes: np.ndarray = _NO_HASHES,
        seed: int = 0,
        look: bool = True,
    ) -> tuple[np.ndarray, int]:
        """int32 codes of the cells (-1 empty, ODD left to the caller) and how many are ODD.

        hashes: uint64 row fingerprints that every cell is added to. look: False takes every cell as it is.
        """
        codes = np.empty(len(spans), np.int32)
        self._state[2] = 0
        done = 0
        while True:
            done = _encode(
                data, spans, done, look and self._look, self._starts, strip_zero, self._quotes, self._scratch,
                self._slots, self._offsets, self._arena, self._state, codes, hashes, np.uint64(seed),
            )  # fmt: skip
            if done >= len(spans):
                return codes, int(self._state[2])
            self._grow(int(spans[done] >> 2) & 0x3FFFFFFF)

    def encode_texts(self, texts: list[bytes]) -> np.ndarray:
        """Codes of some texts (also new ones), taken as they are."""
        data, spans = joined(texts)
        return self.encode(data, spans, look=False)[0]

    def _grow(self, length: int) -> None:
        entries = len(self)
        used = int(self._offsets[entries])
        if used + length + PADDING > len(self._arena):
            arena = np.zeros(2 * len(self._arena) + length, np.uint8)
            arena[:used] = self._arena[:used]
            self._arena = arena
        if entries >= len(self._offsets) - 2:
            offsets = np.zeros(2 * len(self._offsets), np.int64)
            offsets[: entries + 1] = self._offsets[: entries + 1]
            self._offsets = offsets
        if entries >= len(self._slots) // 2:
            slots = np.zeros(4 * len(self._slots), np.uint64)
            _rehash(self._offsets, self._arena, entries, slots)
            self._slots = slots

    def text(self, code: int) -> bytes:
        return self._arena[self._offsets[code] : self._offsets[code + 1]].tobytes()

    def dictionary(self, first: int = 0) -> pa.Array:
        """The texts from code ``first`` on as large_string; shares memory, later entries do not disturb it."""
        count = len(self)
        buffers = [None, pa.py_buffer(self._offsets), pa.py_buffer(self._arena)]
        return pa.Array.from_buffers(pa.large_string(), count, buffers).slice(first)


def joined(texts: list[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """Byte strings as padded data and spans, the form in which kernels take cells."""
    content = b"".join(texts)
    data = np.zeros(len(content) + PADDING, np.uint8)
    data[: len(content)] = np.frombuffer(content, np.uint8)
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    return data, ((np.cumsum(lengths) - lengths) << 32) | (lengths << 2)
