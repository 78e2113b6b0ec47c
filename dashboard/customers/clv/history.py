"""What the models know of a customer: (x, t_x, T) and the mean value of repeat purchases; equal rows are pooled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class History:
    """One entry per customer, all float64 of one length.

    x: repeat purchase periods (0 = bought in one period only). t_x: age at the last purchase (0 for x = 0). T: age at
    the end of observation. zbar: mean value of the repeat purchase periods, 0 without any.
    """

    x: Floats
    t_x: Floats
    T: Floats
    zbar: Floats

    def __len__(self) -> int:
        return len(self.x)

    @property
    def repeaters(self) -> npt.NDArray[np.bool_]:
        """Who has a repeat purchase with positive value: the customers the money model is fitted on."""
        return (self.x > 0) & (self.zbar > 0)

    def take(self, index: npt.NDArray[np.generic]) -> History:
        """The customers of an index or mask."""
        return History(self.x[index], self.t_x[index], self.T[index], self.zbar[index])


@dataclass(frozen=True)
class Pooled:
    """Distinct (x, t_x, T) rows with the number of customers that share each.

    inverse: row of every customer. x_values, x_row: the distinct x, ascending, and the position in it of every row.
    """

    x: Floats
    t_x: Floats
    T: Floats
    weight: Floats
    inverse: Ints
    x_values: Floats
    x_row: Ints

    @property
    def x_weight(self) -> Floats:
        """Customers per distinct x."""
        out: Floats = np.bincount(self.x_row, weights=self.weight, minlength=len(self.x_values)).astype(np.float64)
        return out

    def every(self, k: int) -> Pooled:
        """Every k-th row, for a first look; ``inverse`` then says nothing."""
        x = self.x[::k].copy()
        values, row = np.unique(x, return_inverse=True)
        weight = self.weight[::k].copy()
        return Pooled(x, self.t_x[::k].copy(), self.T[::k].copy(), weight, np.zeros(0, np.int64), values, row)


def history(x: npt.ArrayLike, t_x: npt.ArrayLike, T: npt.ArrayLike, zbar: npt.ArrayLike | None = None) -> History:
    """Checked arrays of one length. Raises ValueError for negative or missing values, or t_x > T."""
    a, b, c = (np.ascontiguousarray(v, dtype=np.float64) for v in (x, t_x, T))
    z = np.zeros_like(a) if zbar is None else np.ascontiguousarray(zbar, dtype=np.float64)
    if not (a.shape == b.shape == c.shape == z.shape) or a.ndim != 1:
        raise ValueError("x, t_x, T and zbar must be vectors of one length")
    # 1e-9: ages that were divided by 7 may differ in the last digit
    if not (np.isfinite(a) & np.isfinite(z)).all() or not ((a >= 0) & (b >= 0) & (b <= c + 1e-9)).all():
        raise ValueError("every customer needs 0 <= x and 0 <= t_x <= T")
    return History(a, np.minimum(b, c), c, z)


def pooled(customers: History) -> Pooled:
    """The distinct (x, t_x, T): customers of one row have one likelihood and one prediction.

    t_x of customers without a repeat purchase plays no part in any model and counts as 0.
    """
    t_x = np.where(customers.x > 0, customers.t_x, 0.0)
    key, count = np.zeros(len(customers), np.int64), 1
    for values in (customers.x, t_x, customers.T):
        distinct, code = _codes(values)
        if count * distinct >= 2**62:  # many distinct decimals: renumber the combinations seen so far
            seen, key = np.unique(key, return_inverse=True)
            count = len(seen)
        key = key * distinct + code
        count *= distinct
    _, first, inverse, weight = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    x = customers.x[first]
    x_values, x_row = np.unique(x, return_inverse=True)
    return Pooled(x, t_x[first], customers.T[first], weight.astype(np.float64), inverse, x_values, x_row)


def _codes(values: Floats) -> tuple[int, Ints]:
    """(number of codes, ascending code per value); whole numbers of a small range need no sorting."""
    low, high = (values.min(), values.max()) if len(values) else (0.0, 0.0)
    if high - low < 1e6 and (values == np.floor(values)).all():
        return int(high - low) + 1, (values - low).astype(np.int64)
    distinct, code = np.unique(values, return_inverse=True)
    return len(distinct), code.astype(np.int64)
