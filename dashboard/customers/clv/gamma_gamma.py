"""Gamma–Gamma: how much a purchase is worth, given the mean of the purchases seen.

A purchase of a customer is Gamma(p, nu) with nu ~ Gamma(q, v), independent of how often the customer buys. Source:
P. Fader, B. Hardie, K. L. Lee, RFM and CLV: Using iso-value curves, Journal of Marketing Research 42 (2005) 415.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, gammaln

from dashboard.customers.clv import purchase_kernels as kernels
from dashboard.customers.clv.fit import Fit, Objective, maximise
from dashboard.customers.clv.history import History

Floats = npt.NDArray[np.float64]
NAMES = ("p", "q", "v")
ROUGH_CUSTOMERS = 20_000  # on whom starts compete
STARTS = ((5.0, 3.0, 10.0), (1.0, 2.0, 1.0), (20.0, 10.0, 10.0))


def fit(customers: History) -> Fit:
    """Maximum likelihood over the customers with a repeat purchase of positive value; ``parameters`` p, q, v (money).

    Raises ValueError when there is none.
    """
    chosen = customers.take(customers.repeaters)
    if not len(chosen):
        raise ValueError("no customer has a repeat purchase with a value")
    scale = float(np.mean(chosen.zbar)) / 10.0
    order = np.argsort(chosen.x, kind="stable")  # so that a part holds each x as often as the whole
    x, z = chosen.x[order], chosen.zbar[order] / scale
    rough = None
    if len(x) > 2 * ROUGH_CUSTOMERS:
        k = len(x) // ROUGH_CUSTOMERS
        rough = (_objective(x[::k].copy(), z[::k].copy(), scale), float(len(x[::k])))
    unit = np.array([1.0, 1.0, scale])
    return maximise(NAMES, _objective(x, z, scale), STARTS, n=len(x), scale=lambda found: found * unit, rough=rough)


def _objective(x: Floats, z: Floats, scale: float) -> Objective:
    """The log-likelihood of values in units of ``scale``, as that of the values as given, with its gradient."""
    values, count = np.unique(x, return_counts=True)
    n = len(x)
    # what the parameters only multiply is added up once
    log_z, x_log_z, x_log_x = float(np.log(z).sum()), float(x @ np.log(z)), float(count @ (values * np.log(values)))
    jacobian = -n * np.log(scale)

    def objective(log_parameters: Floats) -> tuple[float, Floats]:
        p, q, v = np.exp(log_parameters)
        px = p * values
        log_spent, x_log_spent, inverse, x_inverse = kernels.spent(x, z, v)
        logs = x_log_z + x_log_x - x_log_spent
        value = (
            count @ (gammaln(px + q) - gammaln(px))
            + n * (q * np.log(v) - gammaln(q))
            + (p * logs - log_z - q * log_spent)
        )
        d_p = count @ (values * (digamma(px + q) - digamma(px))) + logs
        d_q = count @ digamma(px + q) + n * (np.log(v) - digamma(q)) - log_spent
        d_v = n * q / v - p * x_inverse - q * inverse
        return float(value) + jacobian, np.array([d_p, d_q, d_v]) * np.exp(log_parameters)

    return objective


def expected_value(parameters: tuple[float, ...], x: npt.ArrayLike, zbar: npt.ArrayLike) -> Floats:
    """Expected value of a future purchase: p (v + x zbar) / (p x + q - 1). Infinite for x = 0 and q <= 1: NaN."""
    p, q, v = parameters
    x, zbar = np.asarray(x, np.float64), np.asarray(zbar, np.float64)
    below = p * x + q - 1
    out = np.full(np.broadcast(x, zbar).shape, np.nan)
    np.divide(p * (v + x * zbar), below, out=out, where=below > 0)
    return out
