"""Shifted beta-geometric: how long subscribers stay whose leaving is seen and happens at renewals.

Each subscriber leaves at a renewal with an own probability ~ Beta(alpha, beta), so the loyal remain and retention
rises with age; "1 / churn" misses that. Source: P. Fader, B. Hardie, How to project customer retention, Journal of
Interactive Marketing 21 (2007) 76; customer-base valuation in a contractual setting, Marketing Science 29 (2010) 85.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, digamma, hyp2f1

from dashboard.customers.clv.fit import Fit, maximise

Floats = npt.NDArray[np.float64]
NAMES = ("alpha", "beta")
STARTS = ((1.0, 1.0), (0.7, 3.0), (3.0, 30.0))


def fit(lost: npt.ArrayLike, waiting: npt.ArrayLike) -> Fit:
    """Maximum likelihood. lost[t-1]: subscribers who left at renewal t = 1, 2, …; waiting[t-1]: subscribers seen to
    survive renewal t and not observed longer (the last entry: those still there at the end).

    Subscribers not yet at their first renewal say nothing and are left out by the caller. Raises ValueError for arrays
    of different length, negative counts or nobody at all.
    """
    left, stay = np.asarray(lost, np.float64), np.asarray(waiting, np.float64)
    if left.shape != stay.shape or left.ndim != 1 or (left < 0).any() or (stay < 0).any():
        raise ValueError("lost and waiting must be counts per renewal")
    n = float(left.sum() + stay.sum())
    if n <= 0:
        raise ValueError("nobody has come to a renewal")
    t = np.arange(1, len(left) + 1, dtype=np.float64)

    def objective(log_parameters: Floats) -> tuple[float, Floats]:
        a, b = np.exp(log_parameters)
        base = betaln(a, b)
        value = left @ (betaln(a + 1, b + t - 1) - base) + stay @ (betaln(a, b + t) - base)
        all_ = digamma(a + b + t)
        own_a = left @ (digamma(a + 1) - all_) + stay @ (digamma(a) - all_) - n * (digamma(a) - digamma(a + b))
        own_b = left @ (digamma(b + t - 1) - all_) + stay @ (digamma(b + t) - all_)
        own_b -= n * (digamma(b) - digamma(a + b))
        return float(value), np.array([own_a, own_b]) * np.exp(log_parameters)

    return maximise(NAMES, objective, STARTS, n=int(n))


def counts(renewals: npt.ArrayLike, left: npt.ArrayLike) -> tuple[Floats, Floats]:
    """(lost, waiting) for :func:`fit` from one entry per subscriber: renewals reached (whole number; for those who
    left, the renewal at which they did) and whether they left. Entries below 1 are left out."""
    reached, gone = np.asarray(renewals, np.int64), np.asarray(left, bool)
    last = int(reached.max()) if len(reached) else 0
    lost = np.bincount(reached[gone & (reached > 0)], minlength=last + 1)[1:]
    waiting = np.bincount(reached[~gone & (reached > 0)], minlength=last + 1)[1:]
    return lost.astype(np.float64), waiting.astype(np.float64)


def survival(parameters: tuple[float, ...], t: npt.ArrayLike) -> Floats:
    """Share that is still there after renewal t (1 for t = 0)."""
    a, b = parameters
    out: Floats = np.exp(betaln(a, b + np.asarray(t, np.float64)) - betaln(a, b))
    return out


def retention(parameters: tuple[float, ...], t: npt.ArrayLike) -> Floats:
    """Share of those there after renewal t - 1 that stays at renewal t."""
    a, b = parameters
    t = np.asarray(t, np.float64)
    out: Floats = (b + t - 1) / (a + b + t - 1)
    return out


def expected_lifetime(parameters: tuple[float, ...], discount: float) -> float:
    """Discounted expected number of payments of a new subscriber (DEL), the first one now. discount > 0 per period."""
    a, b = parameters
    return float(hyp2f1(1, b, a + b, 1 / (1 + discount)))


def residual_lifetime(parameters: tuple[float, ...], renewals: npt.ArrayLike, discount: float) -> Floats:
    """Discounted expected payments of a subscriber just before renewal n, whose renewal decision is still open (DERL).
    discount > 0 per period."""
    a, b = parameters
    n = np.asarray(renewals, np.float64)
    out: Floats = retention(parameters, n) * hyp2f1(1, b + n, a + b + n, 1 / (1 + discount))
    return out


def payments(parameters: tuple[float, ...], renewals: npt.ArrayLike, horizon: int, discount: float) -> Floats:
    """Discounted expected payments at the next ``horizon`` renewals of subscribers with n renewals behind them: sum
    over k of S(n + k) / S(n) / (1 + discount)^(k - 1/2), payments at mid-period as everywhere in this package."""
    n = np.atleast_1d(np.asarray(renewals, np.float64))
    k = np.arange(1, horizon + 1, dtype=np.float64)
    shares = survival(parameters, n[:, None] + k) / survival(parameters, n)[:, None]
    out: Floats = shares @ (1 + discount) ** (0.5 - k)
    return out
