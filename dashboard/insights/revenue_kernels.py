"""Kernels over order lines. A line's kind is decided once, here:

gross: amount > 0, and quantity > 0 and unit price > 0 where the file has them. return: amount < 0 with a quantity < 0
(or, in a file without quantities, any amount < 0). adjustment: every other amount that is not 0 (a negative price, for
example). Lines with amount 0 or without an amount carry no money.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.jit import kernel
from dashboard.schema import NULL_DAY

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

# columns of the output of add_up
GROSS, RETURNS, ADJUSTMENTS, GROSS_KNOWN, NET_KNOWN, UNITS = 0, 1, 2, 3, 4, 5
ORDERS, ORDERS_KNOWN, PAYERS, REPEATERS, LINES, ZERO, MISSING, ODD = 6, 7, 8, 9, 10, 11, 12, 13
WIDTH = 14

NOTHING = np.zeros(0, np.float64)  # stands for a column that the file does not have
NOTHING.flags.writeable = False  # as stored columns are: kernels are compiled for read-only input


@kernel
def number_orders(offsets: Int64, n_rows: int, order_id: Int32, time: Int64, n_texts: int, out: Int64) -> int:
    """out[i] = local number of the order of row i, ascending with the person; returns the number of orders.

    An order is (person, order id); rows of nobody (from offsets[-1] on) are orders of "nobody". A missing order id
    makes one order of the neighbouring rows without id at one instant.
    """
    owner = np.full(n_texts, -1, np.int64)
    local = np.zeros(n_texts, np.int64)
    n = 0
    n_users = offsets.shape[0] - 1
    for u in range(n_users + 1):
        end = offsets[u + 1] if u < n_users else n_rows
        nameless = -1
        nameless_time = 0
        for i in range(offsets[u], end):
            code = order_id[i]
            if code < 0:
                if nameless < 0 or time[i] != nameless_time:
                    nameless, nameless_time = n, time[i]
                    n += 1
                out[i] = nameless
            else:
                if owner[code] != u:
                    owner[code], local[code] = u, n
                    n += 1
                out[i] = local[code]
    return n


@kernel
def group_rows(order: Int64, n_orders: int, start: Int64, rows: Int64) -> None:
    """Counting sort: rows[start[o]:start[o + 1]] are the rows of order o, in their old sequence.

    start: int64[n_orders + 1], zeros; rows: int64[n_rows].
    """
    for i in range(order.shape[0]):
        start[order[i] + 1] += 1
    for o in range(n_orders):
        start[o + 1] += start[o]
    at = start[:n_orders].copy()
    for i in range(order.shape[0]):
        rows[at[order[i]]] = i
        at[order[i]] += 1


@kernel
def person_of_order(offsets: Int64, start: Int64, rows: Int64, out: Int64) -> None:
    """out[o] = person of order o; n_users for orders of nobody."""
    n_users = offsets.shape[0] - 1
    u = 0
    for o in range(out.shape[0]):
        first = rows[start[o]]
        while u < n_users and first >= offsets[u + 1]:
            u += 1
        out[o] = u


@kernel
def add_up(
    start: Int64,
    rows: Int64,
    person: Int64,
    people: Bytes,
    amount: Floats,
    quantity: Floats,
    price: Floats,
    bucket: Int32,
    once: bool,
    guests: bool,
    out: Floats,
) -> None:
    """Money, orders and payers per bucket.

    start, rows, person: the orders (see :func:`group_rows`). people uint8[n_users]. quantity, price: float64[n_rows] or
    empty. bucket int32[n_rows]: where a row adds, -1 = does not take part, -2 = takes part elsewhere (outside the
    range). once: an order counts only in the bucket of its first gross line (days); otherwise once in every bucket
    (products). guests: whether orders of nobody count. out: float64[n_buckets, WIDTH], zeros.
    """
    n_users = people.shape[0]
    n_buckets = out.shape[0]
    order_seen = np.full(n_buckets, -1, np.int64)
    payer = np.full(n_buckets, -1, np.int64)
    payer_orders = np.zeros(n_buckets, np.int64)
    for o in range(person.shape[0]):
        u = person[o]
        known = u < n_users
        if (known and not people[u]) or (not known and not guests):
            continue
        counted = False
        for k in range(start[o], start[o + 1]):
            i = rows[k]
            b = bucket[i]
            if b == -1:
                continue
            value = amount[i]
            q = quantity[i] if quantity.shape[0] > 0 else 1.0
            p = price[i] if price.shape[0] > 0 else 1.0
            gross = value > 0 and q > 0 and p > 0
            if gross:
                here = b
                if once and counted:
                    here = -2
                counted = True
                if here >= 0 and order_seen[here] != o:
                    order_seen[here] = o
                    out[here, ORDERS] += 1
                    if known:
                        out[here, ORDERS_KNOWN] += 1
                        if payer[here] != u:
                            payer[here], payer_orders[here] = u, 0
                            out[here, PAYERS] += 1
                        payer_orders[here] += 1
                        if payer_orders[here] == 2:
                            out[here, REPEATERS] += 1
            if b < 0:
                continue
            if value != value:
                out[b, MISSING] += 1
                continue
            if value == 0:
                out[b, ZERO] += 1
                continue
            if gross:
                out[b, GROSS] += value
                out[b, LINES] += 1
                if quantity.shape[0] > 0:
                    out[b, UNITS] += q
                if known:
                    out[b, GROSS_KNOWN] += value
            elif value < 0 and (quantity.shape[0] == 0 or q < 0):
                out[b, RETURNS] += value
            else:
                out[b, ADJUSTMENTS] += value
                out[b, ODD] += 1
            if known:
                out[b, NET_KNOWN] += value


@kernel
def day_buckets(day: Int32, mask: Bytes, first: int, span: Int32, out: Int32) -> None:
    """out[i] = span of the row's day, -2 when it lies in none, -1 when the row has no day or
    mask[i] (empty: all rows) leaves it out."""
    masked = mask.shape[0] > 0
    n = span.shape[0]
    for i in range(day.shape[0]):
        if day[i] == NULL_DAY or (masked and not mask[i]):
            out[i] = -1
            continue
        at = day[i] - first
        out[i] = span[at] if 0 <= at < n and span[at] >= 0 else -2


@kernel
def value_buckets(codes: Int32, bucket: Int32) -> None:
    """Rows inside the range (bucket >= 0) move to bucket code + 1 (0 = missing)."""
    for i in range(codes.shape[0]):
        if bucket[i] >= 0:
            bucket[i] = codes[i] + 1
