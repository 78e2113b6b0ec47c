"""Would the model have been right? Fit on the first part of the data, predict the last, compare."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.customers.clv import guards, pareto_nbd
from dashboard.customers.clv.guards import Guard
from dashboard.customers.clv.history import History
from dashboard.customers.clv.model import Model, fit_model
from dashboard.customers.clv.value import deciles

Floats = npt.NDArray[np.float64]
CLASSES = 8  # repeat orders 0 to 6, and 7 or more
CHECK_SAMPLE = 25_000  # customers on whom the second model is fitted: it costs ten times the first


@dataclass(frozen=True)
class Backtest:
    """by_class: x (0 to 7, the last is "or more"), customers, predicted, actual (mean orders per customer). by_decile:
    decile (1 = highest predicted value), customers, predicted, actual (orders), predicted_value, actual_value.
    predicted, actual: orders in all; predicted_value, actual_value: money. correlation: of predicted and actual orders
    per customer; naive: of past orders with them; check, check_predicted: correlation and orders in all of Pareto/NBD
    (NaN where not asked for, or where no leaving can be seen).
    top_decile: share of the later money from the tenth with the highest predicted value; top_decile_past: from
    the tenth with the highest past spend."""

    model: Model
    by_class: pd.DataFrame
    by_decile: pd.DataFrame
    predicted: float
    actual: float
    predicted_value: float
    actual_value: float
    correlation: float
    naive: float
    check: float
    check_predicted: float
    top_decile: float
    top_decile_past: float

    @property
    def guard(self) -> Guard:
        return guards.drift(self.predicted, self.actual)


def backtest(
    customers: History,
    days: float,
    actual: Floats,
    actual_value: Floats,
    past_value: Floats,
    *,
    check: bool = False,
) -> Backtest:
    """customers: histories up to the split. days: length of the hold-out. actual, actual_value: purchases (distinct
    days, as in x) and money of each customer in it; past_value: money up to the split. Raises CannotAnswer when a model
    cannot be fitted."""
    model = fit_model(customers, float(past_value.sum() / max(float((customers.x + 1).sum()), 1)))
    expected = model.expected_orders(customers, np.array([days]))[:, 0]
    value = expected * model.value_per_order(customers)
    check_correlation = check_total = math.nan
    if check and not model.degenerate:
        step = max(1, len(customers) // CHECK_SAMPLE)
        second = pareto_nbd.fit(customers.take(np.arange(0, len(customers), step)))
        other = pareto_nbd.expected_purchases(second.parameters, [days], customers.x, customers.t_x, customers.T)
        check_correlation, check_total = correlation(other[:, 0], actual), float(other.sum())
    return Backtest(
        model=model,
        by_class=_by_class(customers.x, expected, actual),
        by_decile=_by_decile(expected, actual, value, actual_value),
        predicted=float(expected.sum()),
        actual=float(actual.sum()),
        predicted_value=float(value.sum()),
        actual_value=float(actual_value.sum()),
        correlation=correlation(expected, actual),
        naive=correlation(customers.x, actual),
        check=check_correlation,
        check_predicted=check_total,
        top_decile=_top_share(value, actual_value),
        top_decile_past=_top_share(past_value, actual_value),
    )


def correlation(left: Floats, right: Floats) -> float:
    """Pearson's r, NaN where one side does not vary."""
    if len(left) < 3 or np.ptp(left) == 0 or np.ptp(right) == 0:
        return math.nan
    return float(np.corrcoef(left, right)[0, 1])


def _by_class(x: Floats, expected: Floats, actual: Floats) -> pd.DataFrame:
    group = np.minimum(x, CLASSES - 1).astype(np.int64)
    people = np.bincount(group, minlength=CLASSES)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = [np.bincount(group, weights=v, minlength=CLASSES) / people for v in (expected, actual)]
    return pd.DataFrame({"x": np.arange(CLASSES), "customers": people, "predicted": means[0], "actual": means[1]})


def _by_decile(expected: Floats, actual: Floats, value: Floats, actual_value: Floats) -> pd.DataFrame:
    group = deciles(value).astype(np.int64)
    sums = {
        name: np.bincount(group, weights=v, minlength=10)
        for name, v in (
            ("predicted", expected),
            ("actual", actual),
            ("predicted_value", value),
            ("actual_value", actual_value),
        )
    }
    return pd.DataFrame({"decile": np.arange(1, 11), "customers": np.bincount(group, minlength=10), **sums})


def _top_share(score: Floats, money: Floats) -> float:
    total = float(money.sum())
    return float(money[deciles(score) == 0].sum()) / total if total > 0 else math.nan
