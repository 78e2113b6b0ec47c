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
_EIGHT = np.uint64(8)
_ONE = np.uint64(1)
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
    """The next ``length`` (1 to 8) bytes, the rest of the word zero."""
    word = load64(data, start)
    if length < 8:
        word &= (_ONE << (np.uint64(length) * _EIGHT)) - _ONE
    return word


@kernel
def mix(value: Any) -> Any:
    """Spread the bits of a word (multiply and fold, twice)."""
    value = (value ^ (value >> _32)) * _MIX2
    value = (value ^ (value >> _32)) * _MIX2
    return value ^ (value >> _32)


@kernel
def hash_bytes(data: Any, start: int, length: int) -> Any:
    """Stable 64-bit hash of some bytes. Not cryptographic: a table compares the bytes as well."""
    state = np.uint64(length) * _MIX
    position = start
    left = length
    while left > 8:
        state = (state ^ load64(data, position)) * _MIX2
        state ^= state >> _32
        position += 8
        left -= 8
    if left > 0:
        state ^= tail_word(data, position, left)
    return mix(state * _MIX)


@kernel
def same_bytes(a: Any, start_a: int, b: Any, start_b: int, length: int) -> bool:
    """Whether two stretches of ``length`` bytes are equal."""
    position = 0
    while length - position > 8:
        if load64(a, start_a + position) != load64(b, start_b + position):
            return False
        position += 8
    if length > position:
        return bool(
            tail_word(a, start_a + position, length - position) == tail_word(b, start_b + position, length - position)
        )
    return True
