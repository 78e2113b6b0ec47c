"""Loops over order lines: the days on which each person ordered, what was spent then, and what came back later.

A line is gross when amount, quantity and unit price (where the file has them) are above 0. Lines with a negative amount
are returns: they change money and nothing else.
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

NO_CODES = np.zeros(0, np.int32)
NO_CODES.flags.writeable = False  # as stored columns are: kernels are compiled for read-only input


@kernel
def number_of_rows(start: Int64, rows: Int64, out: Int64) -> None:
    """out[i] = order of row i, from the rows of every order."""
    for o in range(start.shape[0] - 1):
        for k in range(start[o], start[o + 1]):
            out[rows[k]] = o


@kernel
def gross_lines(amount: Floats, quantity: Floats, price: Floats, out: Bytes) -> None:
    """out[i] = 1 for lines that sell something; quantity and price may be empty."""
    for i in range(out.shape[0]):
        sold = amount[i] > 0
        if quantity.shape[0] > 0 and not quantity[i] > 0:
            sold = False
        if price.shape[0] > 0 and not price[i] > 0:
            sold = False
        out[i] = 1 if sold else 0


@kernel
def named_lines(codes: Int32, allowed: Bytes, out: Bytes) -> None:
    """out[i] = allowed[codes[i] + 1]: events that are orders."""
    for i in range(out.shape[0]):
        out[i] = allowed[np.uint32(codes[i] + 1)]


@kernel
def order_days(
    offsets: Int64,
    day: Int32,
    number: Int64,
    gross: Bytes,
    amount: Floats,
    match: Int64,
    as_of: int,
    at: Int64,
    out_day: Int32,
    out_orders: Int32,
    out_gross: Floats,
    out_value: Floats,
    totals: Floats,
) -> int:
    """The distinct order days of each person up to ``as_of``, in time order; returns how many there are in all.

    number: order of a row. match: row of the purchase that a return belongs to, -1 = none, -2 = the row is no return
    (``cleaning.kernels.pair_returns``). at: int64[n_users + 1], the offsets of the output. out_*: room for one entry
    per row: day, orders begun that day, gross value of these orders, and the same less the returns that pair with them.
    totals: float64[n_users, 4], zeros: net and gross money, paired and unpaired returns.

    An order belongs to the day of its first gross line.
    """
    n_users = offsets.shape[0] - 1
    most = 0
    for i in range(offsets[n_users]):
        most = max(most, number[i] + 1)
    entry = np.full(most, -1, np.int64)
    n = 0
    at[0] = 0
    for u in range(n_users):
        first = n
        for i in range(offsets[u], offsets[u + 1]):
            if day[i] == NULL_DAY:
                continue
            if day[i] > as_of:
                break
            value = amount[i]
            if value == value:
                totals[u, 0] += value
            else:
                value = 0.0
            if gross[i]:
                o = number[i]
                if entry[o] < 0:
                    if n == first or out_day[n - 1] != day[i]:
                        out_day[n], out_orders[n], out_gross[n], out_value[n] = day[i], 0, 0.0, 0.0
                        n += 1
                    out_orders[n - 1] += 1
                    entry[o] = n - 1
                out_gross[entry[o]] += value
                out_value[entry[o]] += value
                totals[u, 1] += value
            elif match[i] >= 0:
                out_value[entry[number[match[i]]]] += value
                totals[u, 2] += value
            elif match[i] == -1:
                totals[u, 3] += value
        at[u + 1] = n
    return n


@kernel
def best_year(offsets: Int64, day: Int32, value: Floats, out: Floats) -> None:
    """out[u] = the most a person spent in any 365 days."""
    for u in range(offsets.shape[0] - 1):
        start = offsets[u]
        spent = 0.0
        best = 0.0
        for i in range(offsets[u], offsets[u + 1]):
            spent += value[i]
            while day[start] <= day[i] - 365:
                spent -= value[start]
                start += 1
            best = max(best, spent)
        out[u] = best


@kernel
def summarise(
    offsets: Int64, period: Int32, value: Floats, end: int, x: Floats, t_x: Floats, T: Floats, zbar: Floats
) -> None:
    """Per person with order days: x = distinct periods - 1, t_x = last - first, T = end - first, zbar = mean value of
    the periods without the first (0 without any). period: ascending per person, equal ones are one purchase; every
    person has at least one."""
    for u in range(offsets.shape[0] - 1):
        low, high = offsets[u], offsets[u + 1]
        first = period[low]
        repeats = 0
        money = 0.0
        for i in range(low, high):
            if period[i] == first:
                continue
            money += value[i]
            if period[i] != period[i - 1]:
                repeats += 1
        x[u] = repeats
        t_x[u] = period[high - 1] - first
        T[u] = end - first
        zbar[u] = money / repeats if repeats > 0 else 0.0
