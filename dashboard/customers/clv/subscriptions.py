"""Value of subscribers: fee × margin × discounted expected payments from the survival curve of their plan, never
price / churn rate."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboard.customers.clv import sbg
from dashboard.customers.clv.fit import Fit
from dashboard.customers.clv.value_rule import ValueRule
from dashboard.statistics.intervals import z_value
from dashboard.statistics.survival import kaplan_meier

Floats = npt.NDArray[np.float64]
MIN_SUBSCRIBERS, MIN_LEFT = 50, 10


@dataclass(frozen=True)
class Plan:
    """customers, left: counts. fit: None where too few have left. survival, observed: share still there after
    ``rule.months`` renewals by the model and by Kaplan-Meier (NaN beyond what was seen). value, low, high: of all who
    are still there, over the horizon, with the 95 % interval from the parameters. payments: discounted, expected of a
    subscriber just before the first renewal. churn_rate: share of renewals at which somebody left."""

    customers: int
    left: int
    fit: Fit | None
    survival: float
    observed: float
    payments: float
    value: float
    low: float
    high: float
    churn_rate: float


def plan_value(renewals: npt.ArrayLike, left: npt.ArrayLike, fee: npt.ArrayLike, rule: ValueRule) -> Plan:
    """renewals: months as a subscriber (whole number; of those who left: until they did). left: whether they did. fee:
    per month, NaN counts as the mean of the others. One entry per subscriber; those below one month are not at risk
    yet: valued, but not fitted."""
    months, gone = np.asarray(renewals, np.int64), np.asarray(left, bool)
    price = np.asarray(fee, np.float64)
    known = price[~np.isnan(price)]
    price = np.where(np.isnan(price), known.mean() if len(known) else np.nan, price)
    counts = (len(months), int(gone.sum()))
    at_risk = months > 0
    events = int((gone & at_risk).sum())
    churn_rate = events / float(months[at_risk].sum()) if at_risk.any() else math.nan
    observed = math.nan
    if at_risk.any() and months.max() >= rule.months:
        observed = kaplan_meier(months[at_risk].astype(np.float64), gone[at_risk]).at(rule.months)
    found = fit_plan(months, gone)
    if found is None:
        nothing = math.nan
        return Plan(*counts, None, nothing, observed, nothing, nothing, nothing, nothing, churn_rate)
    active, own = months[~gone].astype(np.float64), price[~gone]
    values, index = np.unique(active, return_inverse=True)
    weight = rule.margin * np.bincount(index, weights=own, minlength=len(values))

    def total(parameters: tuple[float, ...]) -> float:
        return float(weight @ sbg.payments(parameters, values, rule.months, rule.per_month)) if len(values) else 0.0

    value = total(found.parameters)
    low, high = _interval(found, value, total)
    return Plan(
        *counts,
        found,
        float(sbg.survival(found.parameters, rule.months)),
        observed,
        float(sbg.payments(found.parameters, 0, rule.months, rule.per_month)[0]),
        value,
        low,
        high,
        churn_rate,
    )


def fit_plan(renewals: npt.ArrayLike, left: npt.ArrayLike) -> Fit | None:
    """The sBG model of subscribers (as in :func:`plan_value`), None where there are fewer than 50 or 10 who left."""
    months, gone = np.asarray(renewals, np.int64), np.asarray(left, bool)
    if len(months) < MIN_SUBSCRIBERS or int((gone & (months > 0)).sum()) < MIN_LEFT:
        return None
    return sbg.fit(*sbg.counts(months, gone))


def _interval(found: Fit, value: float, total: Callable[[tuple[float, ...]], float]) -> tuple[float, float]:
    """95 % by the delta method on the logarithm of the value."""
    if not value > 0:
        return math.nan, math.nan
    h = 1e-4
    gradient = np.array(
        [
            (
                math.log(total(tuple(p * math.exp(h) if i == j else p for i, p in enumerate(found.parameters))))
                - math.log(total(tuple(p * math.exp(-h) if i == j else p for i, p in enumerate(found.parameters))))
            )
            / (2 * h)
            for j in range(len(found.parameters))
        ]
    )
    spread = math.exp(z_value(0.95) * math.sqrt(max(float(gradient @ found.covariance @ gradient), 0.0)))
    return value / spread, value * spread
