"""Counts order lines per product and price in one pass, into a hash table that several partitions can fill and add."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.jit import kernel
from dashboard.schema import NULL_DAY

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]


@kernel
def price_levels(
    product: Int32,
    price: Int64,
    value: Floats,
    day: Int32,
    sold: Bytes,
    as_of: int,
    key_product: Int32,
    key_price: Int64,
    lines: Int64,
    revenue: Floats,
    first: Int32,
    last: Int32,
) -> int:
    """The lines of every (product, price), their value and their first and last day; returns how many pairs there are.

    price: in ten-thousandths. sold: uint8 by line. key_product (filled with -1) to last: the table, as long as a power
    of two. Returns -1 as soon as it is more than half full: call again with a longer one.
    """
    size = key_product.shape[0]
    used = 0
    for i in range(product.shape[0]):
        if not sold[i] or product[i] < 0 or day[i] == NULL_DAY or day[i] > as_of:
            continue
        mixed = product[i] * np.int64(2_654_435_761) + price[i] * np.int64(40_503_001)
        mixed = (mixed ^ (mixed >> 29)) * np.int64(1_540_483_477)
        at = (mixed ^ (mixed >> 17)) & (size - 1)
        while key_product[at] >= 0 and (key_product[at] != product[i] or key_price[at] != price[i]):
            at = (at + 1) & (size - 1)
        if key_product[at] < 0:
            if 2 * used >= size:
                return -1
            used += 1
            key_product[at], key_price[at] = product[i], price[i]
            first[at], last[at] = day[i], day[i]
        lines[at] += 1
        revenue[at] += value[i]
        first[at], last[at] = min(first[at], day[i]), max(last[at], day[i])
    return used


@kernel
def free_lines(product: Int32, free: Bytes, day: Int32, as_of: int, out: Int64) -> None:
    """out[product] += lines without money (price 0 or none)."""
    for i in range(product.shape[0]):
        if free[i] and product[i] >= 0 and day[i] != NULL_DAY and day[i] <= as_of:
            out[product[i]] += 1
