"""The stable hash of a text: decides the partition of a person and identifies content.

The same bytes give the same number on every machine and in every version of the product: a change here would orphan
every stored dataset, so ``tests/unit/store/test_hashing.py`` compares it with a plain reference and pinned values.
"""

from __future__ import annotations

import numpy as np

from dashboard.jit import kernel

_K1 = np.uint64(0x87C37B91114253D5)
_K2 = np.uint64(0x4CF5AD432745937F)
_M1 = np.uint64(0xFF51AFD7ED558CCD)
_M2 = np.uint64(0xC4CEB9FE1A85EC53)
_5 = np.uint64(5)
_C = np.uint64(0x52DCE729)
_27 = np.uint64(27)
_37 = np.uint64(37)
_31 = np.uint64(31)
_33 = np.uint64(33)


@kernel
def mix(value: np.uint64) -> np.uint64:
    """Finaliser of MurmurHash3 (64 bit): every input bit changes about half of the output bits."""
    value = value ^ (value >> _33)
    value = value * _M1
    value = value ^ (value >> _33)
    value = value * _M2
    return value ^ (value >> _33)


@kernel
def hash_bytes(data: np.ndarray, start: int, end: int) -> np.uint64:
    """Hash of ``data[start:end]`` (uint8): MurmurHash3's block step over 8-byte little-endian words."""
    h = np.uint64(end - start)
    i = start
    while i < end:
        word = np.uint64(0)
        if i + 8 <= end:
            for j in range(8):
                word = word | (np.uint64(data[i + j]) << np.uint64(8 * j))
        else:
            for j in range(end - i):
                word = word | (np.uint64(data[i + j]) << np.uint64(8 * j))
        word = word * _K1
        word = (word << _31) | (word >> _33)
        word = word * _K2
        h = h ^ word
        h = (h << _27) | (h >> _37)
        h = h * _5 + _C
        i += 8
    return mix(h)


def text_hash(text: str) -> int:
    """Hash of the UTF-8 bytes of a text, 0 .. 2**64 - 1."""
    data = np.frombuffer(text.encode(), np.uint8)
    return int(hash_bytes(data, 0, len(data)))
