"""The measures of :class:`dashboard.statistics.tables.Table` for many two-by-two tables at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from dashboard.statistics.intervals import z_value
from dashboard.statistics.tables import MIN_CELL

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Tables:
    """Arrays of one shape; cells as in :class:`Table`. What is not defined is NaN."""

    tp: Floats
    fp: Floats
    fn: Floats
    tn: Floats

    @property
    def n(self) -> Floats:
        return self.tp + self.fp + self.fn + self.tn

    @property
    def smallest(self) -> Floats:
        """The smallest of the four cells."""
        return np.minimum(np.minimum(self.tp, self.fp), np.minimum(self.fn, self.tn))

    @property
    def reach(self) -> Floats:
        return _ratio(self.tp + self.fp, self.n)

    @property
    def base_rate(self) -> Floats:
        return _ratio(self.tp + self.fn, self.n)

    @property
    def ppv(self) -> Floats:
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def npv(self) -> Floats:
        return _ratio(self.tn, self.tn + self.fn)

    @property
    def sensitivity(self) -> Floats:
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def specificity(self) -> Floats:
        return _ratio(self.tn, self.tn + self.fp)

    @property
    def lift(self) -> Floats:
        return _ratio(self.ppv, self.base_rate)

    @property
    def phi(self) -> Floats:
        product = (self.tp + self.fp) * (self.tp + self.fn) * (self.tn + self.fp) * (self.tn + self.fn)
        return _ratio(self.tp * self.tn - self.fp * self.fn, np.sqrt(product))

    @property
    def p_value(self) -> Floats:
        """Chi-squared without correction where every cell holds at least 5, NaN elsewhere: those are not tested."""
        p = np.asarray(stats.chi2.sf(self.n * self.phi**2, 1), np.float64)
        p[self.smallest < MIN_CELL] = np.nan
        return p

    def risk_ratio(self, level: float = 0.95) -> tuple[Floats, Floats, Floats]:
        """(ratio, low, high) with the log interval of Katz et al.; NaN when a rate is 0 or a group is empty."""
        with_, without = self.tp + self.fp, self.fn + self.tn
        defined = (self.tp > 0) & (self.fn > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(defined, (self.tp / with_) / (self.fn / without), np.nan)
            error = np.sqrt(1 / self.tp - 1 / with_ + 1 / self.fn - 1 / without)
            spread = np.exp(z_value(level) * error)
            return ratio, ratio / spread, ratio * spread


def _ratio(top: Floats, bottom: Floats) -> Floats:
    out: Floats = np.full(np.shape(top), np.nan)
    np.divide(top, bottom, out=out, where=bottom > 0)
    return out
