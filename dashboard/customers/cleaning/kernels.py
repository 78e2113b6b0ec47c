"""Loops over order lines: which rules a line meets, what each rule takes, and which purchase a return belongs to.

A line's rules are bits of one number, in the order of ``rules.RULES``; the treatment of a rule then needs no second
look at the line.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.jit import kernel
from dashboard.schema import NULL_DAY

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Bits = npt.NDArray[np.uint16]
Floats = npt.NDArray[np.float64]

NO_DATE, DUPLICATE, BAD_DEBT, CANCELLATION, WRITE_OFF = 1, 2, 4, 8, 16
ZERO_PRICE, ADJUSTMENT, SERVICE, GUEST = 32, 64, 128, 256
N_BITS = 9

CREDIT, DEBT = 1, 2  # marks of order ids
LOOK_BACK = 10_000  # lines of a person among which the purchase of a return is looked for


@kernel
def rules_met(
    day: Int32,
    n_known: int,
    same: Bytes,
    amount: Floats,
    quantity: Floats,
    price: Floats,
    order: Int32,
    order_mark: Bytes,
    product: Int32,
    service: Bytes,
    out: Bits,
) -> None:
    """out[i] = the rules that line i meets, whatever becomes of them.

    same: 1 = equal to the line before. quantity, price, order, product: may be empty, then rules that need them are
    never met. order_mark: uint8 by order code, CREDIT and DEBT. service: uint8 by product code.
    """
    counted, priced = quantity.shape[0] > 0, price.shape[0] > 0
    for i in range(out.shape[0]):
        value = amount[i]
        q = quantity[i] if counted else 1.0
        p = price[i] if priced else 1.0
        known = value == value
        mark = order_mark[order[i]] if order.shape[0] > 0 and order[i] >= 0 else 0
        bits = 0
        if day[i] == NULL_DAY:
            bits |= NO_DATE
        if same[i]:
            bits |= DUPLICATE
        if mark == DEBT:
            bits |= BAD_DEBT
        returned = value < 0 and (not counted or q < 0)
        if returned or (mark == CREDIT and (q < 0 or value < 0)):
            bits |= CANCELLATION
        free = (priced and p == 0) or (not priced and value == 0)
        if i >= n_known and counted and q < 0 and free:
            bits |= WRITE_OFF
        if not known or value == 0:
            bits |= ZERO_PRICE
        elif not returned and not (value > 0 and q > 0 and p > 0):
            bits |= ADJUSTMENT
        if product.shape[0] > 0 and product[i] >= 0 and service[product[i]]:
            bits |= SERVICE
        if i >= n_known:
            bits |= GUEST
        out[i] = bits


@kernel
def tally(
    bits: Bits,
    step_of: Bytes,
    keep: Bytes,
    day: Int32,
    as_of: int,
    offsets: Int64,
    order: Int64,
    n_orders: int,
    amount: Floats,
    rows: Int64,
    money: Floats,
    customers: Int64,
    orders: Int64,
    met_rows: Int64,
    met_money: Floats,
) -> None:
    """What every step takes, in one pass.

    step_of: uint8 by bits, 0 .. steps - 1, the last one = kept. keep: uint8 by line or empty (all): lines outside the
    view play no part, nor do those after ``as_of``. order: number of the order of a line. rows, money[step]: lines and
    their value. customers, orders[step]: persons (orders) whose last line goes at this step; those with a kept line
    count at the last one. met_rows, met_money[rule]: lines that meet the rule, whichever takes them.
    """
    n_users = offsets.shape[0] - 1
    reached = np.full(n_orders, -1, np.int64)
    masked = keep.shape[0] > 0
    for u in range(n_users + 1):
        end = offsets[u + 1] if u < n_users else bits.shape[0]
        furthest = -1
        for i in range(offsets[u], end):
            if (masked and not keep[i]) or (day[i] != NULL_DAY and day[i] > as_of):
                continue
            step = step_of[bits[i]]
            value = amount[i] if amount[i] == amount[i] else 0.0
            rows[step] += 1
            money[step] += value
            furthest = max(furthest, step)
            reached[order[i]] = max(reached[order[i]], step)
            for r in range(N_BITS):
                if bits[i] & (1 << r):
                    met_rows[r] += 1
                    met_money[r] += value
        if u < n_users and furthest >= 0:
            customers[furthest] += 1
    for o in range(n_orders):
        if reached[o] >= 0:
            orders[reached[o]] += 1


@kernel
def seen_codes(
    bits: Bits, step_of: Bytes, step: int, keep: Bytes, day: Int32, as_of: int, codes: Int32, seen: Bytes
) -> None:
    """seen[code] = 1 for the codes (of products, of countries) of the lines of a step."""
    masked = keep.shape[0] > 0
    for i in range(bits.shape[0]):
        if (masked and not keep[i]) or (day[i] != NULL_DAY and day[i] > as_of):
            continue
        if step_of[bits[i]] == step and codes[i] >= 0:
            seen[codes[i]] = 1


@kernel
def pair_returns(
    offsets: Int64,
    day: Int32,
    gross: Bytes,
    amount: Floats,
    quantity: Floats,
    price: Floats,
    product: Int32,
    match: Int64,
) -> None:
    """match[i] = the line of the purchase that return i belongs to, -1 for returns without one, -2 for other lines.

    gross: uint8 by line, lines that sell something. quantity, price, product: may be empty. A return belongs to a sale
    of the same person and product before it of which at least as much has not come back yet: one at the same price
    before one at another, then one of exactly that quantity, then the nearest. In a file without quantities and
    products the sale has the same amount.
    """
    n_known = offsets[offsets.shape[0] - 1]
    by_product = quantity.shape[0] > 0 and product.shape[0] > 0
    priced = by_product and price.shape[0] > 0
    left = np.zeros(n_known)  # of a sale: what has not come back yet
    for u in range(offsets.shape[0] - 1):
        for i in range(offsets[u], offsets[u + 1]):
            match[i] = -2
            if day[i] == NULL_DAY:
                continue
            value = amount[i]
            if gross[i]:
                left[i] = quantity[i] if by_product else value
            elif value < 0 and not (quantity.shape[0] > 0 and quantity[i] >= 0):
                wanted = -quantity[i] if by_product else -value
                match[i] = -1
                best = 4
                for j in range(i - 1, max(offsets[u], i - LOOK_BACK) - 1, -1):
                    if not gross[j] or left[j] < wanted or (by_product and product[j] != product[i]):
                        continue
                    exact = left[j] == wanted
                    if not by_product and not exact:
                        continue
                    other = priced and price[j] != price[i]
                    worse = (2 if other else 0) + (0 if exact else 1)
                    if worse < best:
                        best = worse
                        match[i] = j
                    if best == 0:
                        break
                if match[i] >= 0:
                    left[match[i]] -= wanted
    for i in range(n_known, match.shape[0]):  # nobody knows whose purchase a guest returns
        match[i] = -1 if amount[i] < 0 and not (quantity.shape[0] > 0 and quantity[i] >= 0) else -2
