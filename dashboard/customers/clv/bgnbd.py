"""BG/NBD: orders at any time from customers whose leaving nobody sees.

While alive a customer buys at rate lambda ~ Gamma(r, alpha) and after each purchase leaves with probability
p ~ Beta(a, b). Source: P. Fader, B. Hardie, K. L. Lee, "Counting your customers" the easy way, Marketing Science 24
(2005) 275; the forms here stay finite for thousands of purchases.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, expit, gammaln

from dashboard.customers.clv import purchase_kernels as kernels
from dashboard.customers.clv.fit import Fit, Objective, maximise
from dashboard.customers.clv.history import History, Pooled, pooled

Floats = npt.NDArray[np.float64]
NAMES = ("r", "alpha", "a", "b")
SPAN = 10.0  # ages are rescaled so that the longest is this: parameters then have one order of magnitude
STARTS = ((0.5, 2.0, 0.8, 2.5), (1.0, 5.0, 0.1, 5.0), (0.2, 0.5, 2.0, 2.0))
ROUGH_ROWS = 20_000  # histories on which starts compete
_NEAR_ONE = 1e-4
EQUAL_RATES = 5_000.0  # r from which everybody buys at one rate: the series then needs as many terms as r


def fit(customers: History, rows: Pooled | None = None) -> Fit:
    """Maximum likelihood over all customers; ``parameters`` r, alpha (in the unit of the ages), a, b.

    rows: ``pooled(customers)`` where it is known already. Raises ValueError without customers of positive age.
    """
    rows = rows or pooled(customers)
    factor = _factor(rows)
    rough = None
    if len(rows.x) > 2 * ROUGH_ROWS:
        part = rows.every(len(rows.x) // ROUGH_ROWS)
        rough = (_objective(part, factor), float(part.weight.sum()))
    unit = np.array([1.0, factor, 1.0, 1.0])
    objective = _objective(rows, factor)
    return maximise(NAMES, objective, STARTS, n=len(customers), scale=lambda found: found / unit, rough=rough)


def _objective(rows: Pooled, factor: float) -> Objective:
    """The log-likelihood of rescaled ages, in the given unit, with its gradient."""
    t_x, T = rows.t_x * factor, rows.T * factor
    x_weight = rows.x_weight
    # f(t) dt of the x purchase times: the likelihood in the given unit is factor^x times that in the rescaled one
    jacobian = float(x_weight @ rows.x_values) * np.log(factor)

    def objective(log_parameters: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = np.exp(log_parameters)
        value, gradient = _by_x(rows.x_values, x_weight, r, alpha, a, b)
        mixed = kernels.mixture(rows.x, t_x, T, rows.weight, r, alpha, a, b)
        gradient += mixed[1:]
        return value + mixed[0] + jacobian, gradient * np.exp(log_parameters)

    return objective


def _factor(rows: Pooled) -> float:
    if not len(rows.T) or rows.T.max() <= 0:
        raise ValueError("no customer is old enough for a model")
    return SPAN / float(rows.T.max())


def _by_x(x: Floats, weight: Floats, r: float, alpha: float, a: float, b: float) -> tuple[float, Floats]:
    """The part of the log-likelihood that depends on x alone, and its gradient."""
    n = weight.sum()
    value = weight @ (gammaln(r + x) + gammaln(b + x) - gammaln(a + b + x))
    value += n * (r * np.log(alpha) + gammaln(a + b) - gammaln(r) - gammaln(b))
    mean_ab = weight @ digamma(a + b + x)
    gradient = np.array(
        [
            weight @ digamma(r + x) + n * (np.log(alpha) - digamma(r)),
            n * r / alpha,
            n * digamma(a + b) - mean_ab,
            n * (digamma(a + b) - digamma(b)) + weight @ digamma(b + x) - mean_ab,
        ]
    )
    return float(value), gradient


def log_likelihood(parameters: tuple[float, ...], customers: History) -> float:
    """Of (r, alpha, a, b) over all customers."""
    rows = pooled(customers)
    value, _ = _by_x(rows.x_values, rows.x_weight, *parameters)
    return value + float(kernels.mixture(rows.x, rows.t_x, rows.T, rows.weight, *parameters)[0])


def p_alive(parameters: tuple[float, ...], x: npt.ArrayLike, t_x: npt.ArrayLike, T: npt.ArrayLike) -> Floats:
    """Probability that the customer has not left; 1 without a repeat purchase."""
    r, alpha, a, b = parameters
    x, t_x, T = (np.asarray(v, np.float64) for v in (x, t_x, T))
    ages = (r + x) * (np.log(alpha + T) - np.log(alpha + t_x))
    odds = np.log(a) - np.log(b + np.maximum(x, 1) - 1) + ages
    return np.where(x > 0, expit(-odds), 1.0)


def expected_purchases(
    parameters: tuple[float, ...],
    times: npt.ArrayLike,
    x: npt.ArrayLike = 0.0,
    t_x: npt.ArrayLike = 0.0,
    T: npt.ArrayLike = 0.0,
) -> Floats:
    """float64[customers, times]: expected purchases in the next t, for every t >= 0 of ``times`` (ascending); without a
    history, of a new customer."""
    r, alpha, a, b = parameters
    if r > EQUAL_RATES:  # the same mean rate, spread by less than 1.5 %
        parameters = (EQUAL_RATES, alpha * EQUAL_RATES / r, a, b)
        return expected_purchases(parameters, times, x, t_x, T)
    x, t_x, T = (np.ascontiguousarray(np.atleast_1d(np.asarray(v, np.float64))) for v in (x, t_x, T))
    horizon = np.ascontiguousarray(np.atleast_1d(np.asarray(times, np.float64)))
    if abs(a - 1) < _NEAR_ONE / 2:  # smooth at a = 1: a straight line through both sides is off by about 1e-9
        below, above = (
            expected_purchases((r, alpha, 1 + side, b), horizon, x, t_x, T) for side in (-_NEAR_ONE, _NEAR_ONE)
        )
        share = (a - 1 + _NEAR_ONE) / (2 * _NEAR_ONE)
        return below + (above - below) * share
    out = np.empty((len(x), len(horizon)))
    kernels.series(x, T, horizon, r, alpha, a, b, out)
    out *= p_alive(parameters, x, t_x, T)[:, None]
    return out


def p_no_purchase(
    parameters: tuple[float, ...], t: float, x: npt.ArrayLike, t_x: npt.ArrayLike, T: npt.ArrayLike
) -> Floats:
    """Probability of no purchase in the next t given the history, L(x, t_x, T + t) / L(x, t_x, T): the churn
    probability of a shop (1 - P(alive) is not)."""
    r, alpha, a, b = parameters
    x, t_x, T = (np.asarray(v, np.float64) for v in (x, t_x, T))
    later, now = -(r + x) * np.log(alpha + T + t), -(r + x) * np.log(alpha + T)
    left = np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + t_x)
    left = np.where(x > 0, left, -np.inf)
    share: Floats = np.exp(np.logaddexp(later, left) - np.logaddexp(now, left))
    return share


def p_zero(parameters: tuple[float, ...], t: npt.ArrayLike) -> Floats:
    """Probability that a new customer has no repeat purchase by age t."""
    r, alpha = parameters[:2]
    share: Floats = np.exp(r * (np.log(alpha) - np.log(alpha + np.asarray(t, np.float64))))
    return share
