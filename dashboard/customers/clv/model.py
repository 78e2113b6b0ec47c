"""The two halves of a prediction for shops: how many orders, and what an order is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from dashboard.customers.clv import bgnbd, gamma_gamma, guards
from dashboard.customers.clv.fit import Fit
from dashboard.customers.clv.guards import Guard
from dashboard.customers.clv.history import History, Pooled, pooled
from dashboard.errors import CannotAnswer

Floats = npt.NDArray[np.float64]
Kind = Literal["bgnbd", "shrunken"]

MIN_CUSTOMERS = 10
MIN_REPEATERS = 50  # fewer do not determine four parameters
PRIOR_ORDERS = 1.0  # how many orders the average counts for against a customer's own


@dataclass(frozen=True)
class Model:
    """orders: parameters of BG/NBD (days). kind "shrunken": too few repeaters for a fit; everybody's own rate and mean
    order value, drawn towards the average, with nobody leaving. money: None = shrunken means. mean_value: average of
    repeat purchases (of all purchases without any). mean_gap: median days between purchases of repeaters, NaN without.
    guards: what was checked.
    """

    kind: Kind
    orders: Fit
    money: Fit | None
    mean_value: float
    mean_gap: float
    guards: tuple[Guard, ...]

    @property
    def degenerate(self) -> bool:
        """Whether P(alive) must not be shown."""
        return self.kind == "shrunken" or any(g.code == "degenerate_dropout" and not g.ok for g in self.guards)

    def p_alive(self, customers: History) -> Floats:
        """NaN for everybody where leaving cannot be identified."""
        if self.degenerate:
            return np.full(len(customers), np.nan)
        return bgnbd.p_alive(self.orders.parameters, customers.x, customers.t_x, customers.T)

    def p_no_purchase(self, customers: History, days: float) -> Floats:
        """Probability of no order in the next so many days: the churn probability of a shop."""
        return bgnbd.p_no_purchase(self.orders.parameters, days, customers.x, customers.t_x, customers.T)

    def expected_orders(self, customers: History, times: Floats) -> Floats:
        """float64[customers, times]."""
        return bgnbd.expected_purchases(self.orders.parameters, times, customers.x, customers.t_x, customers.T)

    def value_per_order(self, customers: History) -> Floats:
        """Expected value of a future order."""
        if self.money is not None:
            return gamma_gamma.expected_value(self.money.parameters, customers.x, np.maximum(customers.zbar, 0))
        own = customers.x * np.maximum(customers.zbar, 0)
        shrunken: Floats = (own + PRIOR_ORDERS * self.mean_value) / (customers.x + PRIOR_ORDERS)
        return shrunken


def fit_model(customers: History, value_of_all: float = 0.0, rows: Pooled | None = None) -> Model:
    """Fit both halves; falls back to shrunken means where there are too few repeaters or a fit means nothing.

    value_of_all: mean value of all purchases, for data without a repeat purchase. Raises CannotAnswer for fewer than 10
    customers, or when no time has passed since anybody's first order.
    """
    if len(customers) < MIN_CUSTOMERS or not customers.T.any():
        raise CannotAnswer(
            f"Customer value needs at least {MIN_CUSTOMERS} customers with some time since their first order; "
            f"there are {int((customers.T > 0).sum())}.",
            hint="Add orders of a longer time.",
        )
    repeaters = customers.repeaters
    several = customers.x > 0
    mean_value = float(np.average(customers.zbar[repeaters], weights=customers.x[repeaters])) if repeaters.any() else 0
    gap = float(np.median(customers.t_x[several] / customers.x[several])) if several.any() else np.nan
    checks = [guards.independence(customers)]
    money = None
    if int(repeaters.sum()) >= MIN_REPEATERS and np.ptp(customers.zbar[repeaters]) > 0:
        found = gamma_gamma.fit(customers)
        check = guards.finite_mean(found)
        checks.append(check)
        money = found if check.ok and found.converged else None
    kind: Kind = "bgnbd" if int(several.sum()) >= MIN_REPEATERS else "shrunken"
    if kind == "bgnbd":
        orders = bgnbd.fit(customers, rows or pooled(customers))
        checks.append(guards.degenerate_dropout(orders))
    else:
        orders = _shrunken(customers)
        text = f"Only {int(several.sum())} customers have ordered again: averages stand in for a fitted model."
        checks.append(Guard("few_repeaters", False, float(several.sum()), text))
    return Model(kind, orders, money, mean_value or value_of_all, gap, tuple(checks))


def _shrunken(customers: History) -> Fit:
    """Everybody buys at an own rate around the average and nobody leaves: BG/NBD with a = 0 in all but name."""
    rate = max(float(customers.x.sum()), 0.5) / float(customers.T.sum())
    parameters = (PRIOR_ORDERS, PRIOR_ORDERS / rate, 1e-9, 2.0)
    covariance = np.zeros((4, 4))
    covariance[1, 1] = 1 / max(float(customers.x.sum()), 0.5)  # of the logarithm of a Poisson rate
    value = bgnbd.log_likelihood(parameters, customers)
    return Fit(bgnbd.NAMES, parameters, value, covariance, len(customers), converged=True, identified=False)
