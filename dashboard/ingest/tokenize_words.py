"""Eight bytes at a time: the few machine operations the kernels of this folder share.

Numba has no unaligned loads and no count of trailing zeros; both are one instruction here. Arrays that are read this
way must have eight readable bytes after the last one that counts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from dashboard.jit import kernel

PADDING = 64  # bytes after the end of every buffer that kernels read in words

_LOW = np.uint64(0x0101010101010101)
_HIGH = np.uint64(0x8080808080808080)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_MIX2 = np.uint64(0xD6E8FEB86659FD93)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_32 = np.uint64(32)


def _load64(typingctx: Any, array: Any, index: Any) -> Any:
    """The eight bytes of a uint8 array from ``index`` on as a little-endian uint64; no bounds check."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        proxy: Any = cgutils.create_struct_proxy
        view = proxy(signature.args[0])(context, builder, arguments[0])
        position = builder.zext(arguments[1], ir.IntType(64)) if signature.args[1].bitwidth < 64 else arguments[1]
        address = builder.gep(view.data, [position])
        word = builder.load(builder.bitcast(address, ir.IntType(64).as_pointer()))
        word.align = 1
        return word

    return types.uint64(array, index), generate


def _trailing_zeros(typingctx: Any, value: Any) -> Any:
    """Number of zero bits below the lowest set bit of a uint64 (64 for zero), as int64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


load64: Any = intrinsic(_load64)
trailing_zeros: Any = intrinsic(_trailing_zeros)


@kernel
def repeat(byte: int) -> Any:
    """A word of eight equal bytes."""
    return np.uint64(byte) * _LOW


@kernel
def zero_bytes(word: Any) -> Any:
    """A word whose lowest set bit lies in the first zero byte of ``word``; 0 when no byte is zero."""
    return (word - _LOW) & ~word & _HIGH


@kernel
def first_byte(marks: Any) -> int:
    """Index of the byte that holds the lowest set bit."""
    return trailing_zeros(marks) >> 3  # type: ignore[no-any-return]


@kernel
def tail_word(data: Any, start: int, length: int) -> Any:
    """The next ``length`` (1 to 8) bytes, the rest of the word zero. No branch: lengths are hard to predict."""
    return load64(data, start) & (_ALL >> np.uint64(64 - 8 * length))


@kernel
def fold(value: Any) -> Any:
    """Spread the bits of a word: multiply and fold."""
    value *= _MIX2
    return value ^ (value >> _32)


@kernel
def hash_bytes(data: Any, start: int, length: int) -> Any:
    """Stable 64-bit hash of at least one byte. Not cryptographic: a table compares the bytes as well."""
    state = np.uint64(length) * _MIX
    while length > 8:
        state = fold(state ^ load64(data, start))
        start += 8
        length -= 8
    return fold(fold(state ^ tail_word(data, start, length)))


@kernel
def first_words(data: Any, start: int, length: int) -> tuple[Any, Any]:
    """The first 16 bytes of a stretch of 1 to 16 bytes, zeros after its end. No branch."""
    long = length > 8
    low = load64(data, start) & (_ALL >> np.uint64(0 if long else 64 - 8 * length))
    high = load64(data, start + 8) & (_ALL >> np.uint64(128 - 8 * length if long else 0))
    return low, high if long else np.uint64(0)


@kernel
def hash_words(low: Any, high: Any, length: int) -> Any:
    """What :func:`hash_bytes` says of a stretch of 1 to 16 bytes, from its two words. No branch."""
    state = np.uint64(length) * _MIX
    first = fold(state ^ low)
    long = length > 8
    return fold(fold((first if long else state) ^ (high if long else low)))


@kernel
def same_bytes(a: Any, start_a: int, b: Any, start_b: int, length: int) -> bool:
    """Whether two stretches of ``length`` (at least 1) bytes are equal."""
    while length > 8:
        if load64(a, start_a) != load64(b, start_b):
            return False
        start_a += 8
        start_b += 8
        length -= 8
    return bool(tail_word(a, start_a, length) == tail_word(b, start_b, length))
