"""Values, intervals, guards and the test on held-out data, on processes whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.customers.clv import guards, value, value_rule
from dashboard.customers.clv.backtest import backtest
from dashboard.customers.clv.fit import Fit
from dashboard.customers.clv.history import History, history
from dashboard.customers.clv.model import fit_model
from dashboard.customers.clv.subscriptions import plan_value
from dashboard.customers.clv.value_rule import ValueRule
from dashboard.errors import CannotAnswer, UserError
from tests.unit.customers.test_clv_models import sample


def days(customers: History) -> History:
    return history(customers.x, customers.t_x * 7, customers.T * 7, customers.zbar)


@pytest.fixture(scope="module")
def shop() -> History:
    return days(sample(11, 3_000))


def test_value_is_the_discounted_sum_of_months(shop: History) -> None:
    rule = ValueRule(months=6, margin=0.3, discount=0.15)
    model = fit_model(shop)
    found = value.predict(model, shop, rule)
    for i in (0, 17, 99):
        one = shop.take(np.array([i]))
        orders = model.expected_orders(one, rule.times)[0]
        steps = np.diff(np.append(0.0, orders))
        worth = sum(step / 1.15 ** ((k + 0.5) / 12) for k, step in enumerate(steps))
        assert found.discounted[i] == pytest.approx(worth, rel=1e-9)
        assert found.clv[i] == pytest.approx(0.3 * model.value_per_order(one)[0] * worth, rel=1e-9)
        assert found.orders[i] == pytest.approx(orders[-1])
    free = value.predict(model, shop, ValueRule(months=6, discount=0.0))
    assert free.discounted == pytest.approx(free.orders)
    longer = value.predict(model, shop, ValueRule(months=24))
    assert (longer.clv > found.clv).all()


def test_the_order_of_customers_changes_no_value(shop: History) -> None:
    order = np.random.default_rng(0).permutation(len(shop))
    model = fit_model(shop)
    first = value.predict(model, shop, ValueRule()).clv
    assert value.predict(model, shop.take(order), ValueRule()).clv == pytest.approx(first[order], rel=1e-12)


def test_intervals_of_sums_cover_the_truth_and_shrink_with_data(shop: History) -> None:
    def width(customers: History) -> float:
        model = fit_model(customers)
        clv = value.predict(model, customers, ValueRule()).clv
        everybody = np.zeros(len(customers), np.int64)
        low, high = value.group_intervals(value.sensitivity(model, customers, ValueRule()), clv, everybody, 2)
        assert low[0] < clv.sum() < high[0]
        assert math.isnan(low[1])  # nobody is in the second group
        return math.log(high[0] / low[0])

    assert width(shop) < 0.75 * width(shop.take(np.arange(800)))


def test_ranges_of_single_customers_hold_what_they_promise() -> None:
    """8 of 10 customers of the process itself end inside their range."""
    rule = ValueRule(months=6, discount=0.0)
    customers = days(sample(21, 2_500))
    model = fit_model(customers)
    some = customers.take(np.flatnonzero(customers.x > 1)[:200])
    low, high = value.outcome_range(model, some, rule, np.arange(len(some)))
    expected = value.predict(model, some, rule).clv
    assert (low <= high).all()
    assert ((expected >= low) & (expected <= high)).mean() > 0.8
    again = value.outcome_range(model, some.take(np.array([5])), rule, np.array([5]))
    assert (again[0][0], again[1][0]) == (low[5], high[5])
    # the mean of what is simulated is what is predicted: ranges and values describe the same thing
    wide = value.outcome_range(model, some, rule, np.arange(len(some)), level=0.0)[0]
    assert wide.mean() < expected.mean() < high.mean()


def test_tiers_and_deciles() -> None:
    clv = np.arange(1.0, 101.0)
    assert np.bincount(value.tiers(clv, ValueRule())).tolist() == [34, 33, 33]
    assert set(value.tiers(np.ones(10), ValueRule()).tolist()) == {0}
    ranks = value.deciles(clv)
    assert np.bincount(ranks).tolist() == [10] * 10
    assert ranks[-1] == 0
    assert ranks[0] == 9


@given(st.integers(0, 20), st.floats(0, 300), st.floats(1, 60), st.integers(0, 400))
def test_rhythm_lies_between_own_and_average(x: int, t_x: float, average: float, silence: int) -> None:
    customers = history([x], [t_x if x else 0.0], [500.0])
    found = value.rhythm(customers, np.array([1_000.0]), 1_000 + silence, average)
    own = t_x / x if x else average
    assert min(own, average) - 1e-9 <= found.gap[0] <= max(own, average) + 1e-9
    assert found.next_day[0] == pytest.approx(1_000 + found.gap[0])
    assert found.overdue_days[0] == pytest.approx(silence - found.gap[0])


def test_too_few_repeaters_are_drawn_to_the_average_and_it_is_said() -> None:
    customers = history([0] * 30 + [1, 2, 5], [0] * 30 + [20, 30, 40], [50] * 33, [0] * 30 + [10.0, 20.0, 90.0])
    model = fit_model(customers)
    assert model.kind == "shrunken"
    assert "averages stand in" in guards.sentences(model.guards)[-1]
    assert np.isnan(model.p_alive(customers)).all()
    worth = model.value_per_order(customers)
    assert worth[0] == pytest.approx(model.mean_value)
    assert worth[30] > 10
    assert worth[32] < 90
    orders = model.expected_orders(customers, np.array([50.0]))[:, 0]
    rate = 8 / (33 * 50)
    assert orders[0] == pytest.approx(50 / (1 / rate + 50), rel=1e-3)
    assert (np.diff(orders[[0, 30, 31, 32]]) > 0).all()
    assert orders.sum() == pytest.approx(8, rel=0.35)


def test_too_few_customers_are_refused() -> None:
    with pytest.raises(CannotAnswer, match="at least 10"):
        fit_model(history([1] * 5, [1] * 5, [9] * 5))
    with pytest.raises(CannotAnswer):
        fit_model(history([0] * 50, [0] * 50, [0] * 50))


def _fit(a: float, b: float) -> Fit:
    return Fit(("r", "alpha", "a", "b"), (0.5, 5.0, a, b), 0.0, np.eye(4), 10, True)


@pytest.mark.parametrize(
    ("a", "b", "ok"), [(0.793, 2.426, True), (0.0034, 6.74, False), (5e-4, 0.01, False), (50, 2e3, False)]
)
def test_degenerate_dropout(a: float, b: float, ok: bool) -> None:
    found = guards.degenerate_dropout(_fit(a, b))
    assert found.ok is ok
    assert bool(found.text) is not ok


def test_orders_without_leaving_hide_the_chance_to_be_a_customer() -> None:
    customers = days(sample(5, 3_000, (0.8, 10.0, 1e-6, 10.0)))
    model = fit_model(customers)
    assert model.degenerate
    assert np.isnan(model.p_alive(customers)).all()
    assert np.isfinite(model.p_no_purchase(customers, 90)).all()


def test_related_frequency_and_value_are_noticed() -> None:
    customers = days(sample(6, 2_000))
    assert guards.independence(customers).ok
    related = history(customers.x, customers.t_x, customers.T, customers.zbar * (1 + customers.x))
    assert not guards.independence(related).ok
    assert guards.independence(history([1, 1, 1], [1, 1, 1], [2, 2, 2], [5, 5, 5])).ok


def test_other_guards() -> None:
    assert not guards.drift(80, 100).ok
    assert "20% too few" in guards.drift(80, 100).text
    assert guards.drift(114, 100).ok
    assert not guards.drift(1, 0).ok
    assert guards.season(0, 373, 12).ok
    assert not guards.season(0, 373, 6).ok
    assert guards.season(0, 800, 6).ok
    flagged = guards.above_best_year(np.array([301.0, 299.0, 700.0]), np.array([100.0, 100.0, 100.0]), 1.0, 2.0)
    assert flagged.tolist() == [False, False, True]
    assert guards.above_best_year(np.array([91.0]), np.array([100.0]), 0.3, 1.0).tolist() == [True]
    assert guards.implausible(flagged).value == 1


def test_an_infinite_mean_falls_back_to_shrunken_means() -> None:
    rng = np.random.default_rng(1)
    n = 2_000
    nu = rng.gamma(0.6, 1 / 10.0, n)
    customers = history(np.ones(n), np.full(n, 20.0), np.full(n, 60.0), rng.gamma(6.0, 1, n) / nu)
    model = fit_model(customers)
    assert model.money is None
    assert not next(g for g in model.guards if g.code == "infinite_mean").ok
    assert np.isfinite(model.value_per_order(customers)).all()


def test_a_model_of_its_own_process_passes_its_test() -> None:
    rng = np.random.default_rng(8)
    n, r, alpha, a, b = 4_000, 0.6, 6.0, 0.8, 2.5
    rate, leave, age = rng.gamma(r, 1 / alpha, n), rng.beta(a, b, n), rng.uniform(26, 52, n)
    x, t_x, later = np.zeros(n), np.zeros(n), np.zeros(n)
    for i in range(n):
        now = 0.0
        while True:
            now += rng.exponential(1 / rate[i])
            if now > age[i] + 26:
                break
            if now <= age[i]:
                x[i], t_x[i] = x[i] + 1, now
            else:
                later[i] += 1
            if rng.random() < leave[i]:
                break
    zbar = np.where(x > 0, rng.gamma(6.25, 1, n) * 5, 0)
    customers = history(x, t_x * 7, age * 7, zbar)
    found = backtest(customers, 26 * 7.0, later, later * 31.0, x * zbar, check=True)
    assert found.guard.ok
    assert found.predicted / found.actual == pytest.approx(1, abs=0.06)
    assert found.correlation > found.naive
    assert found.check == pytest.approx(found.correlation, abs=0.05)
    assert found.by_class["customers"].sum() == found.by_decile["customers"].sum() == n
    assert found.by_decile["actual"].sum() == later.sum()
    assert 0 < found.top_decile <= 1


@pytest.mark.parametrize(
    "wrong",
    [{"months": 0}, {"months": 37}, {"months": 1.5}, {"margin": 0}, {"margin": 30}, {"discount": -1}, {"tiers": [0.5]},
     {"tiers": [0.7, 0.3]}, {"margin": "much"}, {"horizon": 12}],
)  # fmt: skip
def test_wrong_settings_are_refused_in_words(wrong: dict[str, object]) -> None:
    with pytest.raises(UserError) as refused:
        value_rule.from_json(wrong)
    assert refused.value.message


def test_settings_travel() -> None:
    rule = ValueRule(24, 0.3, 0.15, (0.5, 0.9), ("purchase",))
    assert value_rule.from_json(rule.to_json()) == rule
    assert value_rule.from_json({"months": "24", "tiers": "0.5,0.9"}).tiers == (0.5, 0.9)


def test_subscribers_pay_until_they_leave() -> None:
    rng = np.random.default_rng(2)
    n = 4_000
    chance, age = rng.beta(0.7, 3.8, n), rng.integers(1, 30, n)
    leaves = rng.geometric(np.clip(chance, 1e-9, 1), n)
    gone = leaves <= age
    months = np.where(gone, leaves, age)
    found = plan_value(months, gone, np.full(n, 10.0), ValueRule(12, 0.5, 0.1))
    assert found.fit is not None
    assert found.fit["alpha"] == pytest.approx(0.7, rel=0.2)
    assert found.survival == pytest.approx(found.observed, abs=0.02)
    assert found.low < found.value < found.high
    staying = int((~gone).sum())
    assert 0 < found.value < 0.5 * 10 * 12 * staying
    assert found.payments < found.value / (0.5 * 10 * staying)  # those who stayed are the more loyal ones
    doubled = plan_value(months, gone, np.full(n, 20.0), ValueRule(12, 0.5, 0.1))
    assert doubled.value == pytest.approx(2 * found.value)
    few = plan_value(months[:30], gone[:30], np.full(30, 10.0), ValueRule())
    assert few.fit is None
    assert math.isnan(few.value)
