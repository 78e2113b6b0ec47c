"""Predicted value of every customer over a stated horizon, and how sure it is.

CLV = margin × expected value per order × sum over months of the expected orders, discounted at mid-month.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dashboard.customers.clv.fit import Fit
from dashboard.customers.clv.history import History, Pooled, pooled
from dashboard.customers.clv.model import Model
from dashboard.customers.clv.value_rule import ValueRule
from dashboard.engine import executors
from dashboard.statistics.intervals import z_value

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
CHUNK = 65_536
SAMPLE = 10_000  # customers from whom the uncertainty of a total is computed
STEP = 1e-3  # of the logarithm of a parameter, for slopes
DRAWS = 500


@dataclass(frozen=True)
class Prediction:
    """One entry per customer. orders: expected in the horizon; discounted: the same at today's worth; value_per_order;
    clv; p_alive (NaN where hidden); p_no_purchase: chance of no order in the horizon."""

    orders: Floats
    discounted: Floats
    value_per_order: Floats
    clv: Floats
    p_alive: Floats
    p_no_purchase: Floats


def predict(model: Model, customers: History, rule: ValueRule, rows: Pooled | None = None) -> Prediction:
    """Expected orders and value of all customers; equal histories are computed once."""
    rows = rows or pooled(customers)
    distinct = History(rows.x, rows.t_x, rows.T, np.zeros(len(rows.x)))
    orders, discounted = expected_orders(model, distinct, rule)
    value = model.value_per_order(customers)
    discounted = discounted[rows.inverse]
    return Prediction(
        orders=orders[rows.inverse],
        discounted=discounted,
        value_per_order=value,
        clv=rule.margin * value * discounted,
        p_alive=model.p_alive(distinct)[rows.inverse],
        p_no_purchase=model.p_no_purchase(distinct, rule.days)[rows.inverse],
    )


def expected_orders(model: Model, customers: History, rule: ValueRule) -> tuple[Floats, Floats]:
    """(orders within the horizon, the same discounted month by month)."""
    orders, discounted = np.empty(len(customers)), np.empty(len(customers))
    times, weights = rule.times, rule.weights
    for start in range(0, len(customers), CHUNK):
        part = slice(start, start + CHUNK)
        expected = model.expected_orders(customers.take(np.arange(len(customers))[part]), times)
        orders[part] = expected[:, -1]
        discounted[part] = expected @ weights
    return orders, discounted


@dataclass(frozen=True)
class Sensitivity:
    """How the value of customers follows the fitted parameters, for intervals of any groups of them.

    index: the customers it was measured on. base: their value. moved: for each fit its covariance, and the values with
    a little more and a little less of each of its parameters.
    """

    index: Ints
    base: Floats
    moved: tuple[tuple[Floats, tuple[tuple[Floats, Floats], ...]], ...]


def sensitivity(model: Model, customers: History, rule: ValueRule) -> Sensitivity:
    """With many customers measured on every k-th."""
    step = max(1, len(customers) // SAMPLE)
    index = np.arange(0, len(customers), step)
    some = customers.take(index)
    halves = _halves(model)
    near = [put(changed) for fit, put in halves for changed in _neighbours(fit)]
    ordering = [model, *(changed for changed in near if changed.orders is not model.orders)]
    orders = list(executors.threads().map(lambda changed: expected_orders(changed, some, rule)[1], ordering))

    def worth(changed: Model) -> Floats:
        at = next(k for k, other in enumerate(ordering) if other.orders is changed.orders)
        return changed.value_per_order(some) * orders[at]

    base, *moved = map(worth, [model, *near])
    found = []
    for fit, _ in halves:
        pairs = tuple((moved.pop(0), moved.pop(0)) for _ in fit.parameters)
        found.append((fit.covariance, pairs))
    return Sensitivity(index, base, tuple(found))


def group_intervals(found: Sensitivity, clv: Floats, group: Ints, n_groups: int) -> tuple[Floats, Floats]:
    """95 % interval of the summed value of each group, from the uncertainty of the fitted parameters (delta method on
    the logarithm). Chance in what single customers do averages out in groups and is not part of it.

    clv, group: of all customers that ``found`` is about, their value and the index of their group. Empty groups and
    groups of no value get NaN.
    """
    total = np.bincount(group, weights=clv, minlength=n_groups)
    codes = group[found.index]

    def sums(values: Floats) -> Floats:
        out: Floats = np.bincount(codes, weights=values, minlength=n_groups).astype(np.float64)
        return out

    base, variance = sums(found.base), np.zeros(n_groups)
    for covariance, pairs in found.moved:
        gradient = np.empty((n_groups, len(pairs)))
        for j, (more, less) in enumerate(pairs):
            difference = sums(more) - sums(less)
            gradient[:, j] = np.divide(difference, 2 * STEP * base, out=np.zeros(n_groups), where=base > 0)
        variance += ((gradient @ covariance) * gradient).sum(axis=1)
    spread = np.exp(z_value(0.95) * np.sqrt(np.maximum(variance, 0)))
    known = np.where((total > 0) & (base > 0), total, np.nan)
    return known / spread, known * spread


def _neighbours(fit: Fit) -> Iterator[Fit]:
    """For each parameter the fit with a little more of it, then with a little less."""
    for j in range(len(fit.parameters)):
        for sign in (1, -1):
            moved = tuple(p * np.exp(sign * STEP) if i == j else p for i, p in enumerate(fit.parameters))
            yield replace(fit, parameters=moved)


def _halves(model: Model) -> list[tuple[Fit, Callable[[Fit], Model]]]:
    halves: list[tuple[Fit, Callable[[Fit], Model]]] = [(model.orders, lambda changed: replace(model, orders=changed))]
    if model.money is not None:
        halves.append((model.money, lambda changed: replace(model, money=changed)))
    return halves


def outcome_range(
    model: Model, customers: History, rule: ValueRule, seeds: Ints, level: float = 0.8
) -> tuple[Floats, Floats]:
    """(low, high) between which the value of each single customer will lie with that probability: what the customer
    does by chance included. Simulated; seeds: one number per customer, so that nobody's range depends on who else is
    asked for."""
    low, high = np.empty(len(customers)), np.empty(len(customers))
    _, discounted = expected_orders(model, customers, rule)
    orders = model.expected_orders(customers, np.array([rule.days]))[:, 0]
    worth = rule.margin * np.divide(discounted, orders, out=np.zeros(len(orders)), where=orders > 0)
    p_alive = np.nan_to_num(model.p_alive(customers), nan=1.0)
    value = model.value_per_order(customers)
    r, alpha, a, b = model.orders.parameters
    for i in range(len(customers)):
        rng = np.random.default_rng([0, int(seeds[i])])
        x = customers.x[i]
        rate = rng.gamma(r + x, 1 / (alpha + customers.T[i]), DRAWS)
        leaves = np.clip(rng.beta(a, b + x, DRAWS), 1e-12, 1 - 1e-12)
        until = np.ceil(np.log1p(-rng.random(DRAWS)) / np.log1p(-leaves))  # orders up to the one after which one leaves
        count = np.minimum(rng.poisson(rate * rule.days), np.maximum(until, 1))
        count = np.where(rng.random(DRAWS) < p_alive[i], count, 0)
        if model.money is not None:
            p, q, v = model.money.parameters
            nu = rng.gamma(p * x + q, 1 / (v + x * max(customers.zbar[i], 0)), DRAWS)
            spent = np.where(count > 0, rng.gamma(np.maximum(p * count, 1e-12)) / nu, 0.0)
        else:
            spent = count * value[i]
        low[i], high[i] = np.quantile(worth[i] * spent, [(1 - level) / 2, (1 + level) / 2])
    return low, high


@dataclass(frozen=True)
class Rhythm:
    """gap: expected days between orders, own gaps drawn towards the average. next_day: day number of the expected next
    order. overdue_days: silence so far less the gap; negative = not due yet."""

    gap: Floats
    next_day: Floats
    overdue_days: Floats


def rhythm(customers: History, last_day: Floats, as_of: int, mean_gap: float) -> Rhythm:
    """From each customer's own gaps; one average gap counts like one own gap. NaN where nobody has ever returned."""
    gap = (customers.t_x + mean_gap) / (customers.x + 1)
    silence = as_of - last_day
    return Rhythm(gap, last_day + gap, silence - gap)


def tiers(clv: Floats, rule: ValueRule) -> npt.NDArray[np.int8]:
    """0 low, 1 medium, 2 high: above the quantiles of the rule. Equal values are in one tier."""
    limits = np.quantile(clv, rule.tiers) if len(clv) else np.zeros(2)
    return np.searchsorted(limits, clv, side="left").astype(np.int8)


def deciles(values: Floats) -> npt.NDArray[np.int8]:
    """0 = the best tenth to 9, as equal as whole customers allow; ties are cut by the order of persons in
    the store, which files do not change."""
    order = np.argsort(-values, kind="stable")
    out = np.empty(len(values), np.int8)
    out[order] = np.arange(len(values)) * 10 // max(len(values), 1)
    return out
