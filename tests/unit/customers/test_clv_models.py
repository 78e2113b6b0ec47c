"""The purchase models against published figures, direct sums and each other's limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import betaln, gammaln, hyp2f1

from dashboard.customers.clv import bgnbd, gamma_gamma, pareto_nbd, sbg
from dashboard.customers.clv.history import History, history, pooled

CDNOW = (0.243, 4.414, 0.793, 2.426)
PARETO = (0.5534, 10.578, 0.6061, 11.669)
HIGH_END = (100, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1)
REGULAR = (100, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1)


def sample(seed: int = 0, n: int = 4_000, parameters: tuple[float, ...] = (0.6, 6.0, 0.8, 2.5)) -> History:
    """Customers of the BG/NBD process, 26 to 52 weeks old."""
    rng = np.random.default_rng(seed)
    r, alpha, a, b = parameters
    rate, leave, age = rng.gamma(r, 1 / alpha, n), rng.beta(a, b, n), rng.uniform(26, 52, n)
    x, t_x = np.zeros(n), np.zeros(n)
    for i in range(n):
        now = 0.0
        while True:
            now += rng.exponential(1 / rate[i])
            if now > age[i]:
                break
            x[i] += 1
            t_x[i] = now
            if rng.random() < leave[i]:
                break
    nu = rng.gamma(3.74, 1 / 15.44, n)
    zbar = np.where(x > 0, rng.gamma(np.maximum(6.25 * x, 1e-9)) / nu / np.maximum(x, 1), 0.0)
    return history(np.round(x), t_x, age, zbar)


def test_expectations_of_published_customers() -> None:
    assert bgnbd.expected_purchases(CDNOW, [39], [2], [30.43], [38.86])[0, 0] == pytest.approx(1.226, abs=0.001)
    assert bgnbd.p_alive(CDNOW, 0, 0, 10) == 1.0
    assert pareto_nbd.p_alive(PARETO, 26, 30.86, 31)[0] == pytest.approx(0.9979, abs=0.0001)
    assert pareto_nbd.expected_purchases(PARETO, [52], [26], [30.86], [31])[0, 0] == pytest.approx(25.46, abs=0.01)


def test_customers_of_one_rate_are_a_poisson_process() -> None:
    """r and alpha without end at one rate, and nobody leaves: expected orders are rate times time."""
    found = bgnbd.expected_purchases((3.4e6, 4.4e7, 7e-8, 3.7e5), [365.0], [0, 9], [0, 80], [110, 110])[:, 0]
    assert found == pytest.approx(365 * 3.4e6 / 4.4e7, rel=0.005)


@pytest.mark.parametrize("scale", [1.0, 1e2, 1e4])
def test_nearly_nobody_or_everybody_leaves_at_once(scale: float) -> None:
    """Where a and b go to 0, a share of a / (a + b) leaves after the first repeat purchase and nobody else ever does;
    the terms of the series are then below 0 for customers without a repeat purchase."""
    r, alpha, a, b, age, t = 5.6138, 456.96, 1.523e-8 * scale, 2.4571e-7 * scale, 51.0, 100.0
    leave = a / (a + b)
    wanted = (1 - leave) * r / (alpha + age) * t + leave * (1 - ((alpha + age) / (alpha + age + t)) ** r)
    found = bgnbd.expected_purchases((r, alpha, a, b), [t], [0], [0], [age])[0, 0]
    assert found == pytest.approx(wanted, rel=2 * (a + b) + 1e-6)


@pytest.mark.parametrize("x", [0, 1, 2, 26, 1_000, 5_000])
@pytest.mark.parametrize("t", [0.5, 39.0, 5_000.0])
def test_expected_purchases_equal_scipy_and_stay_finite(x: int, t: float) -> None:
    r, alpha, a, b = CDNOW
    age = 38.86
    z = t / (alpha + age + t)
    wanted = (a + b + x - 1) / (a - 1) * (1 - (1 - z) ** (a - 1) * hyp2f1(a + b - 1 - r, a - 1, a + b + x - 1, z))
    found = bgnbd.expected_purchases(CDNOW, [t], [x], [age if x else 0.0], [age])[0, 0]
    assert found == pytest.approx(wanted * bgnbd.p_alive(CDNOW, x, age if x else 0.0, age).item(), rel=1e-9)
    assert math.isfinite(found)
    assert found > 0


def test_thousands_of_purchases_are_finite_everywhere() -> None:
    many = (5_000.0, 38.0, 39.0)
    for model, parameters in ((bgnbd, CDNOW), (pareto_nbd, PARETO), (pareto_nbd, (0.5, 5.0, 0.6, 12.0))):
        assert np.isfinite(model.p_alive(parameters, *many)).all()
        assert np.isfinite(model.expected_purchases(parameters, [1, 52, 5_000], *many)).all()
        assert math.isfinite(model.log_likelihood(parameters, history([5_000], [38.0], [39.0])))


def test_the_limit_at_a_equal_to_one_is_smooth() -> None:
    values = [
        bgnbd.expected_purchases((0.5, 5.0, a, 2.0), [52], [3], [20], [30])[0, 0] for a in (1 - 2e-4, 1.0, 1 + 2e-4)
    ]
    assert values[1] == pytest.approx((values[0] + values[2]) / 2, rel=1e-6)
    pareto = [
        pareto_nbd.expected_purchases((0.5, 5.0, s, 9.0), [52], [3], [20], [30])[0, 0] for s in (0.9998, 1, 1.0002)
    ]
    assert pareto[1] == pytest.approx((pareto[0] + pareto[2]) / 2, rel=1e-6)


def test_new_customers_buy_as_the_process_says() -> None:
    r, alpha, a, b = 0.6, 6.0, 0.8, 2.5
    found = sample(3, n=20_000)
    young = found.T < 30
    mean = bgnbd.expected_purchases((r, alpha, a, b), [28.0])[0, 0]
    assert found.x[young].mean() == pytest.approx(mean, rel=0.08)
    assert (found.x == 0).mean() == pytest.approx(bgnbd.p_zero((r, alpha), found.T).mean(), abs=0.01)


@given(
    st.floats(0.05, 5),
    st.floats(0.5, 50),
    st.floats(0.05, 3),
    st.floats(0.2, 20),
    st.integers(0, 60),
    st.floats(0, 1),
    st.floats(1, 100),
    st.floats(0.1, 200),
)
def test_chances_are_chances_and_orders_grow(
    r: float, alpha: float, a: float, b: float, x: int, part: float, age: float, t: float
) -> None:
    t_x = part * age if x else 0.0
    parameters = (r, alpha, a, b)
    alive = bgnbd.p_alive(parameters, x, t_x, age).item()
    silent = [bgnbd.p_no_purchase(parameters, u, x, t_x, age).item() for u in (t, 2 * t)]
    assert 0 <= alive <= 1
    assert 1 - alive - 1e-9 <= silent[1] <= silent[0] <= 1 + 1e-12
    orders = bgnbd.expected_purchases(parameters, [t, 2 * t], [x], [t_x], [age])[0]
    assert 0 <= orders[0] <= orders[1] * (1 + 1e-9)
    assert orders[0] >= (1 - silent[0]) * (1 - 1e-6) - 1e-9  # at least one order in those cases with any


@given(
    st.floats(0.1, 3), st.floats(0.5, 30), st.floats(0.1, 3), st.floats(0.5, 30), st.integers(0, 20), st.floats(0, 1)
)
@effort(max_examples=30)
def test_pareto_likelihood_equals_the_integral(
    r: float, alpha: float, s: float, beta: float, x: int, part: float
) -> None:
    """Numerical integration over the moment of leaving, without any hypergeometric function."""
    age = 30.0
    t_x = part * age if x else 0.0

    def density(y: float) -> float:
        return math.exp(
            -(r + x) * math.log(alpha + y)
            + math.log(s)
            + s * math.log(beta)
            - (s + 1) * math.log(beta + y)
            + (r + x) * math.log(alpha + t_x)
        )

    gone = quad(density, t_x, age, epsabs=0, epsrel=1e-11)[0]
    alive = math.exp(s * math.log(beta / (beta + age)) + (r + x) * math.log((alpha + t_x) / (alpha + age)))
    wanted = (
        gammaln(r + x) - gammaln(r) + r * math.log(alpha) - (r + x) * math.log(alpha + t_x) + math.log(gone + alive)
    )
    found = pareto_nbd.log_likelihood((r, alpha, s, beta), history([x], [t_x], [age]))
    assert found == pytest.approx(wanted, abs=1e-7)
    assert pareto_nbd.p_alive((r, alpha, s, beta), x, t_x, age)[0] == pytest.approx(alive / (alive + gone), abs=1e-8)


def test_the_silent_chance_is_a_ratio_of_likelihoods() -> None:
    for x, t_x in ((0, 0.0), (4, 20.0)):
        now, later = (bgnbd.log_likelihood(CDNOW, history([x], [t_x], [age])) for age in (30.0, 42.0))
        assert bgnbd.p_no_purchase(CDNOW, 12, x, t_x, 30).item() == pytest.approx(math.exp(later - now), rel=1e-9)


def test_ratios_of_a_known_process_are_found_again() -> None:
    found = bgnbd.fit(sample())
    assert found.converged
    assert found.identified
    assert found["r"] / found["alpha"] == pytest.approx(0.1, abs=0.02)
    assert found["a"] / (found["a"] + found["b"]) == pytest.approx(0.8 / 3.3, abs=0.04)
    low, high = found.intervals()["r"]
    assert low < found["r"] < high
    assert found.log_likelihood == pytest.approx(bgnbd.log_likelihood(found.parameters, sample()), abs=1e-4)
    for name in range(4):  # a maximum: no parameter can be moved to advantage
        for factor in (0.97, 1.03):
            moved = tuple(p * factor if i == name else p for i, p in enumerate(found.parameters))
            assert bgnbd.log_likelihood(moved, sample()) < found.log_likelihood


def test_days_and_weeks_give_the_same_model() -> None:
    weeks = sample(1, 1_500)
    days = history(weeks.x, weeks.t_x * 7, weeks.T * 7, weeks.zbar)
    first, second = bgnbd.fit(weeks), bgnbd.fit(days)
    assert second["alpha"] == pytest.approx(first["alpha"] * 7, rel=1e-3)
    assert second.parameters[2:] == pytest.approx(first.parameters[2:], rel=1e-2)
    assert second.log_likelihood == pytest.approx(first.log_likelihood - weeks.x.sum() * math.log(7), abs=1e-3)


def test_order_of_customers_changes_nothing() -> None:
    customers = sample(2, 800)
    shuffled = customers.take(np.random.default_rng(5).permutation(len(customers)))
    assert bgnbd.fit(shuffled).parameters == pytest.approx(bgnbd.fit(customers).parameters, rel=1e-6)


def test_equal_customers_are_pooled_with_their_number() -> None:
    customers = history([2, 0, 2, 0, 2], [3, 1, 3, 0, 4], [9, 9, 9, 9, 9])
    rows = pooled(customers)
    assert rows.weight.sum() == 5
    assert len(rows.weight) == 3  # t_x plays no part without a repeat purchase
    assert np.array_equal(rows.x[rows.inverse], customers.x)
    assert rows.x_weight.tolist() == [2, 3]
    twice = history(*(np.concatenate([v, v]) for v in (customers.x, customers.t_x, customers.T)))
    assert bgnbd.log_likelihood(CDNOW, twice) == pytest.approx(2 * bgnbd.log_likelihood(CDNOW, customers))


@pytest.mark.parametrize("wrong", [([1], [5.0], [4.0]), ([-1], [0], [4.0]), ([1], [2], [math.nan]), ([1, 2], [1], [3])])
def test_impossible_histories_are_refused(wrong: tuple[list[float], ...]) -> None:
    with pytest.raises(ValueError):
        history(*wrong)


def test_gamma_gamma_is_fitted_on_repeaters_only() -> None:
    found = gamma_gamma.fit(sample(4, 8_000))
    assert found.n == int(sample(4, 8_000).repeaters.sum())
    p, q, v = found.parameters
    assert p * v / (q - 1) == pytest.approx(6.25 * 15.44 / 2.74, rel=0.06)
    pounds = sample(4, 8_000)
    pence = gamma_gamma.fit(history(pounds.x, pounds.t_x, pounds.T, pounds.zbar * 100))
    assert pence["v"] == pytest.approx(found["v"] * 100, rel=1e-3)
    assert pence["q"] == pytest.approx(found["q"], rel=1e-3)


def test_expected_order_values_lie_between_own_and_average() -> None:
    parameters = (6.25, 3.74, 15.44)
    average = gamma_gamma.expected_value(parameters, 0, 0).item()
    assert average == pytest.approx(35.22, abs=0.02)
    assert average < gamma_gamma.expected_value(parameters, 3, 80.0).item() < 80
    assert math.isnan(gamma_gamma.expected_value((6.0, 0.9, 15.0), 0, 0).item())


@pytest.mark.parametrize(
    ("shares", "alpha", "beta", "likelihood"), [(HIGH_END, 0.668, 3.806, -1611.2), (REGULAR, 0.704, 1.182, -1680.3)]
)
def test_published_subscribers(shares: tuple[float, ...], alpha: float, beta: float, likelihood: float) -> None:
    there = np.array(shares) * 10
    lost, waiting = -np.diff(there), np.zeros(7)
    waiting[-1] = there[-1]
    found = sbg.fit(lost, waiting)
    assert found.parameters == pytest.approx((alpha, beta), abs=0.001)
    assert found.log_likelihood == pytest.approx(likelihood, abs=0.05)
    if shares is HIGH_END:
        assert sbg.survival(found.parameters, range(8, 13)) == pytest.approx(
            [0.460, 0.436, 0.414, 0.395, 0.378], abs=5e-4
        )
        assert sbg.residual_lifetime(found.parameters, 8, 0.1).item() == pytest.approx(7.530, abs=0.002)
        geometric = (there[-1] / there[0]) ** (1 / 7)
        assert geometric**12 == pytest.approx(0.295, abs=0.001)  # constant churn forgets that the loyal remain
        assert sbg.survival(found.parameters, 12) > 1.2 * geometric**12


def test_discounted_lifetimes_equal_direct_sums() -> None:
    parameters, d = (0.668, 3.806), 0.1
    t = np.arange(0, 3_000)
    assert sbg.expected_lifetime(parameters, d) == pytest.approx(
        float((sbg.survival(parameters, t) / (1 + d) ** t).sum()), rel=1e-11
    )
    n = 5
    direct = (sbg.survival(parameters, n + t) / sbg.survival(parameters, n - 1) / (1 + d) ** t).sum()
    assert sbg.residual_lifetime(parameters, n, d).item() == pytest.approx(float(direct), rel=1e-11)
    k = np.arange(1, 13)
    months = (np.exp(betaln(0.668, 3.806 + 4 + k) - betaln(0.668, 3.806 + 4)) / 1.01 ** (k - 0.5)).sum()
    assert sbg.payments(parameters, 4, 12, 0.01).item() == pytest.approx(months, rel=1e-12)
    assert (np.diff(sbg.retention(parameters, np.arange(1, 30))) > 0).all()


def test_subscribers_still_there_are_counted_as_waiting() -> None:
    lost, waiting = sbg.counts([1, 2, 2, 3, 0, 3], [True, False, True, False, True, True])
    assert lost.tolist() == [1, 1, 1]
    assert waiting.tolist() == [0, 1, 1]
    with pytest.raises(ValueError):
        sbg.fit([0], [0])


def test_customers_of_one_rate_are_expected_at_that_rate() -> None:
    """r in the millions: the coefficients of the series alone leave the range of floats."""
    r, alpha, a, b = 39_569_966.4, 514_018_899.7, 7.4e-07, 4.93e-05
    x, t_x, T = np.array([5.0, 12.0]), np.array([70.0, 80.0]), np.array([80.0, 80.0])
    found = bgnbd.expected_purchases((r, alpha, a, b), [10.0, 40.0], x, t_x, T)
    assert found == pytest.approx(np.tile([10 * r / alpha, 40 * r / alpha], (2, 1)), rel=2e-3)
