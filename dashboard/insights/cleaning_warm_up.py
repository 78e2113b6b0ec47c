"""Compiles the kernels of cleaning on a shop of three lines whose orders, products and people agree."""

from __future__ import annotations

from typing import Any

import numpy as np

from dashboard.customers.cleaning import kernels, price_kernels


def _stored(values: list[float], kind: type) -> Any:
    array: Any = np.array(values, kind)
    array.flags.writeable = False
    return array


def compile_kernels() -> None:
    """Call every kernel once: a person buys two pieces and returns one, a guest buys one."""
    offsets, day = _stored([0, 2], np.int64), _stored([10, 11, 11], np.int32)
    order, product = _stored([0, 1, 1], np.int32), _stored([0, 0, 1], np.int32)
    quantity, amount = _stored([2, -1, 1], np.float64), _stored([4, -2, 2], np.float64)
    nothing, no_codes = _stored([], np.float64), _stored([], np.int32)
    same, marks, sold = np.zeros(3, np.uint8), np.zeros(2, np.uint8), np.array([1, 0, 1], np.uint8)
    everything = np.zeros(0, np.uint8)
    bits = np.empty(3, np.uint16)
    kernels.rules_met(day, 2, same, amount, quantity, quantity, order, marks, product, marks, bits)
    kernels.rules_met(day, 2, same, amount, nothing, nothing, no_codes, everything, no_codes, everything, bits)
    bits.flags.writeable = False
    steps = np.zeros(1 << kernels.N_BITS, np.uint8)
    counts = [np.zeros(1, np.int64) for _ in range(3)]
    met_rows, met_money = np.zeros(kernels.N_BITS, np.int64), np.zeros(kernels.N_BITS)
    number = np.array([0, 1, 2])
    kernels.tally(
        *(bits, steps, everything, day, 20, offsets, number, 3, amount),
        *(counts[0], np.zeros(1), counts[1], counts[2], met_rows, met_money),
    )
    kernels.seen_codes(bits, steps, 0, everything, day, 20, product, np.zeros(2, np.uint8))
    match = np.empty(3, np.int64)
    kernels.pair_returns(offsets, day, sold, amount, quantity, quantity, product, match)
    kernels.pair_returns(offsets, day, sold, amount, nothing, nothing, no_codes, match)
    table = (np.full(8, -1, np.int32), np.zeros(8, np.int64), np.zeros(8, np.int64), np.zeros(8))
    days = (np.zeros(8, np.int32), np.zeros(8, np.int32))
    price_kernels.price_levels(product, np.array([20_000, 20_000, 20_000]), amount, day, sold, 20, *table, *days)
    price_kernels.free_lines(product, same, day, 20, np.zeros(2, np.int64))
