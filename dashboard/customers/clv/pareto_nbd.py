"""Pareto/NBD, the check beside BG/NBD: customers may leave at any moment, not only after a purchase.

Purchases at rate lambda ~ Gamma(r, alpha), leaving at rate mu ~ Gamma(s, beta). Source: D. Schmittlein, D. Morrison,
R. Colombo, Counting your customers, Management Science 33 (1987) 1; P. Fader, B. Hardie, A note on deriving the
Pareto/NBD model (2005).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import expit, gammaln, hyp2f1

from dashboard.customers.clv.fit import Fit, maximise
from dashboard.customers.clv.history import History, Pooled, pooled

Floats = npt.NDArray[np.float64]
NAMES = ("r", "alpha", "s", "beta")
SPAN = 10.0
STARTS = ((0.5, 2.5, 0.6, 3.0), (1.0, 5.0, 0.2, 5.0))
_NEAR_ONE = 1e-4


def fit(customers: History, rows: Pooled | None = None) -> Fit:
    """Maximum likelihood; ``parameters`` r, alpha, s, beta (alpha and beta in the unit of the ages). Raises ValueError
    without customers of positive age."""
    rows = rows or pooled(customers)
    if not len(rows.T) or rows.T.max() <= 0:
        raise ValueError("no customer is old enough for a model")
    factor = SPAN / float(rows.T.max())
    x, t_x, T = rows.x, rows.t_x * factor, rows.T * factor
    jacobian = float(rows.weight @ x) * np.log(factor)

    def objective(log_parameters: Floats) -> tuple[float, None]:
        return float(rows.weight @ _log_likelihood(np.exp(log_parameters), x, t_x, T)) + jacobian, None

    unit = np.array([1.0, factor, 1.0, factor])
    return maximise(NAMES, objective, STARTS, n=len(customers), scale=lambda found: found / unit)


def log_likelihood(parameters: tuple[float, ...], customers: History) -> float:
    """Of (r, alpha, s, beta) over all customers."""
    rows = pooled(customers)
    return float(rows.weight @ _log_likelihood(np.asarray(parameters), rows.x, rows.t_x, rows.T))


def _log_likelihood(parameters: Floats, x: Floats, t_x: Floats, T: Floats) -> Floats:
    r, alpha, s, beta = parameters
    alive = -(r + x) * np.log(alpha + T) - s * np.log(beta + T)
    gone = np.log(s) - np.log(r + s + x) + _log_gone(parameters, x, t_x, T)
    constant = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    out: Floats = constant + np.logaddexp(alive, gone)
    return out


def _log_gone(parameters: Floats, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Logarithm of the integral over the moments of leaving between t_x and T, times r + s + x; -inf where t_x = T."""
    r, alpha, s, beta = parameters
    high = max(alpha, beta)
    total = r + s + x
    h = s + 1 if alpha >= beta else r + x

    def term(t: Floats) -> Floats:
        # 2F1(total, h; total+1; z) = (1-z)^(1-h) 2F1(1, total+1-h; total+1; z): no overflow for thousands of purchases
        z = abs(alpha - beta) / (high + t)
        out: Floats = (1 - h) * np.log1p(-z) + np.log(hyp2f1(1, total + 1 - h, total + 1, z)) - total * np.log(high + t)
        return out

    early, late = term(t_x), term(T)
    with np.errstate(divide="ignore"):
        out: Floats = early + np.log(-np.expm1(np.minimum(late - early, 0.0)))
    return out


def p_alive(parameters: tuple[float, ...], x: npt.ArrayLike, t_x: npt.ArrayLike, T: npt.ArrayLike) -> Floats:
    """Probability that the customer has not left by T."""
    r, alpha, s, beta = parameters
    x, t_x, T = (np.atleast_1d(np.asarray(v, np.float64)) for v in (x, t_x, T))
    gone = np.log(s) - np.log(r + s + x) + _log_gone(np.asarray(parameters), x, t_x, T)
    alive: Floats = expit(-(gone + (r + x) * np.log(alpha + T) + s * np.log(beta + T)))
    return alive


def expected_purchases(
    parameters: tuple[float, ...],
    times: npt.ArrayLike,
    x: npt.ArrayLike = 0.0,
    t_x: npt.ArrayLike = 0.0,
    T: npt.ArrayLike = 0.0,
) -> Floats:
    """float64[customers, times]: expected purchases in the next t of ``times``; of a new customer without a history."""
    r, alpha, s, beta = parameters
    x, t_x, T = (np.atleast_1d(np.asarray(v, np.float64)) for v in (x, t_x, T))
    horizon = np.atleast_1d(np.asarray(times, np.float64))
    if abs(s - 1) < _NEAR_ONE / 2:  # as for BG/NBD: smooth, but 0 / 0 as written
        below, above = (
            expected_purchases((r, alpha, 1 + side, beta), horizon, x, t_x, T) for side in (-_NEAR_ONE, _NEAR_ONE)
        )
        return below + (above - below) * (s - 1 + _NEAR_ONE) / (2 * _NEAR_ONE)
    shrink = (s - 1) * (np.log(beta + T)[:, None] - np.log(beta + T[:, None] + horizon))
    rate = (r + x) * (beta + T) / (alpha + T) * p_alive(parameters, x, t_x, T)
    out: Floats = rate[:, None] * -np.expm1(shrink) / (s - 1)
    return out
