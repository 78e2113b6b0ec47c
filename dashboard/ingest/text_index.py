"""Texts to small integers: one growing index per column name for a whole import.

Codes are given in order of appearance while reading (*provisional*); :meth:`TextIndex.ranks` gives the final codes,
which follow byte order and so do not depend on the order of rows. Compiled, because a file may hold millions of
different texts; exact, because equal hashes are compared byte by byte.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dashboard.ingest.sorting import sort_texts
from dashboard.jit import kernel
from dashboard.store.hashing import hash_bytes


class TextIndex:
    """Distinct texts with provisional codes 0, 1, ... ``hashes[code]`` is ``store.hashing`` of the text."""

    def __init__(self) -> None:
        self._n = 0
        self._hashes = np.empty(1024, np.uint64)
        self._starts = np.zeros(1025, np.int64)
        self._bytes = np.empty(1 << 14, np.uint8)
        self._slots = np.zeros(4096, np.int32)

    def __len__(self) -> int:
        return self._n

    @property
    def hashes(self) -> np.ndarray:
        return self._hashes[: self._n]

    def add(self, texts: pa.Array) -> np.ndarray:
        """Provisional code of every text of an array: int32, -1 for null."""
        if not pa.types.is_large_string(texts.type):
            texts = texts.cast(pa.large_string())
        if texts.null_count:
            present = pc.is_valid(texts).to_numpy(zero_copy_only=False)
            spread = np.full(len(texts), -1, np.int32)
            spread[present] = self.add(texts.drop_null())
            return spread
        if len(texts) == 0:
            return np.empty(0, np.int32)
        buffers = texts.buffers()
        offsets = np.frombuffer(buffers[1], np.int64)[texts.offset : texts.offset + len(texts) + 1]
        data = np.frombuffer(buffers[2], np.uint8) if buffers[2] is not None else np.empty(0, np.uint8)
        return self.add_bytes(data, offsets)

    def add_bytes(self, data: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        """Like :meth:`add` for UTF-8 bytes (uint8) and n + 1 offsets into them (int64)."""
        n = len(offsets) - 1
        if n <= 0:
            return np.empty(0, np.int32)
        self._reserve(n, int(offsets[-1] - offsets[0]))
        codes = np.empty(n, np.int32)
        self._n = _add(data, offsets, codes, self._n, self._hashes, self._starts, self._bytes, self._slots)
        return codes

    def code(self, text: str) -> int:
        """Provisional code of one text, which is added when it is new."""
        data = np.frombuffer(text.encode(), np.uint8)
        return int(self.add_bytes(data, np.array([0, len(data)], np.int64))[0])

    def ranks(self) -> np.ndarray:
        """Final code by provisional code (int32): the position of the text in byte order."""
        order = self.order()
        ranks = np.empty(self._n, np.int32)
        ranks[order] = np.arange(self._n, dtype=np.int32)
        return ranks

    def order(self) -> np.ndarray:
        """Provisional codes in byte order of their texts (int64)."""
        return sort_texts(self._bytes, self._starts[: self._n + 1])

    def take(self, codes: np.ndarray) -> pa.LargeStringArray:
        """The texts of these provisional codes."""
        lengths = (self._starts[1:] - self._starts[:-1])[codes]
        offsets = np.zeros(len(codes) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        data = np.empty(int(offsets[-1]), np.uint8)
        _take(self._bytes, self._starts, codes, data, offsets)
        return pa.LargeStringArray.from_buffers(len(codes), pa.py_buffer(offsets), pa.py_buffer(data))

    @property
    def raw(self) -> tuple[np.ndarray, np.ndarray]:
        """(bytes, offsets) of all texts by provisional code."""
        return self._bytes, self._starts[: self._n + 1]

    def _reserve(self, texts: int, size: int) -> None:
        """Make room for that many further texts and bytes."""
        if self._n + texts > len(self._hashes):
            length = max(2 * len(self._hashes), self._n + texts)
            self._hashes = _grown(self._hashes, length)
            self._starts = _grown(self._starts, length + 1)
        used = int(self._starts[self._n])
        if used + size > len(self._bytes):
            self._bytes = _grown(self._bytes, max(2 * len(self._bytes), used + size))
        if 2 * (self._n + texts) > len(self._slots):
            length = len(self._slots)
            while 2 * (self._n + texts) > length:
                length *= 2
            self._slots = np.zeros(length, np.int32)
            _place(self._hashes, self._n, self._slots)


def _grown(array: np.ndarray, length: int) -> np.ndarray:
    bigger = np.empty(length, array.dtype)
    bigger[: len(array)] = array
    return bigger


@kernel
def _add(
    data: np.ndarray,
    offsets: np.ndarray,
    codes: np.ndarray,
    n: int,
    hashes: np.ndarray,
    starts: np.ndarray,
    arena: np.ndarray,
    slots: np.ndarray,
) -> int:
    """Look up or append every text; the arrays have room (``_reserve``). Returns the new number of texts."""
    mask = np.uint64(len(slots) - 1)
    for i in range(len(codes)):
        start, end = offsets[i], offsets[i + 1]
        h = hash_bytes(data, start, end)
        slot = h & mask
        while True:
            code = slots[slot] - 1
            if code < 0:
                slots[slot] = n + 1
                hashes[n] = h
                at = starts[n]
                for j in range(end - start):
                    arena[at + j] = data[start + j]
                starts[n + 1] = at + end - start
                codes[i] = n
                n += 1
                break
            if hashes[code] == h and starts[code + 1] - starts[code] == end - start:
                at = starts[code]
                same = True
                for j in range(end - start):
                    if arena[at + j] != data[start + j]:
                        same = False
                        break
                if same:
                    codes[i] = code
                    break
            slot = (slot + np.uint64(1)) & mask
    return n


@kernel
def _place(hashes: np.ndarray, n: int, slots: np.ndarray) -> None:
    """Fill an empty slot table."""
    mask = np.uint64(len(slots) - 1)
    for code in range(n):
        slot = hashes[code] & mask
        while slots[slot] != 0:
            slot = (slot + np.uint64(1)) & mask
        slots[slot] = code + 1


@kernel
def _take(arena: np.ndarray, starts: np.ndarray, codes: np.ndarray, data: np.ndarray, offsets: np.ndarray) -> None:
    for i in range(len(codes)):
        at = starts[codes[i]]
        for j in range(offsets[i + 1] - offsets[i]):
            data[offsets[i] + j] = arena[at + j]
