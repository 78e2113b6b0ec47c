"""Texts as small integers: an open-addressing hash table over raw bytes, filled by a compiled loop.

The texts lie end to end in one growing buffer with offsets, which is exactly an Arrow large_string array, so the
dictionary is handed on without a copy. Codes are given in order of first appearance and never change.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from dashboard.ingest.code_kernels import encode, rehash
from dashboard.ingest.tokenize_words import PADDING

ODD = -2  # code of a cell that the loop leaves to the caller

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
            done = encode(
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
            rehash(self._offsets, self._arena, entries, slots)
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
