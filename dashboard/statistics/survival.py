"""Time to an event when some persons are still being waited for.

Sources: E. L. Kaplan, P. Meier, JASA 53 (1958) 457; Greenwood's variance with the log(−log) band of J. D. Kalbfleisch,
R. L. Prentice; log-rank: N. Mantel, Cancer Chemother. Rep. 50 (1966) 163.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from dashboard.statistics.intervals import z_value

Floats = npt.NDArray[np.float64]
MIN_AT_RISK = 10  # a band is shown only where so many are still at risk


@dataclass(frozen=True)
class Curve:
    """Kaplan–Meier estimate at the distinct event times (ascending), all arrays of that length.

    survival: share without the event after that time. low, high: band. at_risk: persons observed just before. events:
    events at that time.
    """

    times: Floats
    survival: Floats
    low: Floats
    high: Floats
    at_risk: npt.NDArray[np.int64]
    events: npt.NDArray[np.int64]

    def at(self, time: float) -> float:
        """S(time): 1 before the first event."""
        position = int(np.searchsorted(self.times, time, side="right")) - 1
        return 1.0 if position < 0 else float(self.survival[position])

    @property
    def median(self) -> float:
        """First time with S <= 1/2, infinite when it is never reached."""
        reached = np.flatnonzero(self.survival <= 0.5)
        return float(self.times[reached[0]]) if reached.size else math.inf

    def restricted_mean(self, horizon: float) -> float:
        """Area under the curve up to the horizon (RMST)."""
        inside = self.times < horizon
        knots = np.concatenate([[0.0], self.times[inside], [horizon]])
        heights = np.concatenate([[1.0], self.survival[inside]])
        return float(np.sum(np.diff(knots) * heights))


def kaplan_meier(durations: npt.ArrayLike, observed: npt.ArrayLike, level: float = 0.95) -> Curve:
    """The product-limit curve. durations >= 0, any unit; observed: True = the event happened, False = still waiting
    (censored at that duration, counted at risk until then). NaN durations are refused with ValueError."""
    times, happened = np.asarray(durations, dtype=np.float64), np.asarray(observed, dtype=bool)
    if times.shape != happened.shape or times.ndim != 1 or np.isnan(times).any():
        raise ValueError("durations and observed must be vectors of one length without gaps")
    distinct, events = np.unique(times[happened], return_counts=True)  # nothing changes at other moments
    # who waited at least until each moment; sorted moments are looked up in sorted times, which is ten times as quick
    at_risk = times.size - np.searchsorted(np.sort(times), distinct, side="left")
    survival: Floats = np.cumprod(1 - events / at_risk, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(events / (at_risk * (at_risk - events).astype(np.float64)))
        spread = z_value(level) * np.sqrt(greenwood) / np.abs(np.log(survival))
        low, high = survival ** np.exp(spread), survival ** np.exp(-spread)
    ended = survival <= 0  # the band is not defined once nobody is left
    return Curve(distinct, survival, np.where(ended, np.nan, low), np.where(ended, np.nan, high), at_risk, events)


def log_rank(durations: npt.ArrayLike, observed: npt.ArrayLike, groups: npt.ArrayLike) -> tuple[float, int, float]:
    """(chi-squared, degrees of freedom, p-value) of equal curves in all groups. groups: one label per person. One group
    gives (0, 0, 1)."""
    times, happened = np.asarray(durations, dtype=np.float64), np.asarray(observed, dtype=bool)
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    count = names.size
    if count < 2:
        return 0.0, 0, 1.0
    moments, inverse = np.unique(times, return_inverse=True)
    cell = member * moments.size + inverse
    shape = (count, moments.size)
    deaths = np.bincount(cell, weights=happened, minlength=count * moments.size).reshape(shape)
    leaving = np.bincount(cell, minlength=count * moments.size).reshape(shape)
    at_risk = leaving[:, ::-1].cumsum(axis=1)[:, ::-1].astype(np.float64)
    d, n = deaths.sum(axis=0), at_risk.sum(axis=0)
    used = (d > 0) & (n > 1)
    d, n, at_risk, deaths = d[used], n[used], at_risk[:, used], deaths[:, used]
    share = at_risk / n
    excess = deaths.sum(axis=1) - (share * d).sum(axis=1)
    factor = d * (n - d) / (n - 1)
    variance = np.diag((factor * share).sum(axis=1)) - (factor * share) @ share.T
    last = count - 1  # the excesses sum to zero: one group says nothing new
    statistic = float(excess[:last] @ np.linalg.pinv(variance[:last, :last]) @ excess[:last])
    return statistic, last, float(stats.chi2.sf(statistic, last))
