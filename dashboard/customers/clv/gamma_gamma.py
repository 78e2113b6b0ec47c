"""Gamma–Gamma: how much a purchase is worth, given the mean of the purchases seen.

A purchase of a customer is Gamma(p, nu) with nu ~ Gamma(q, v), independent of how often the customer buys. Source:
P. Fader, B. Hardie, K. L. Lee, RFM and CLV: Using iso-value curves, Journal of Marketing Research 42 (2005) 415.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, gammaln

from dashboard.customers.clv.fit import Fit, maximise
from dashboard.customers.clv.history import History

Floats = npt.NDArray[np.float64]
NAMES = ("p", "q", "v")
STARTS = ((5.0, 3.0, 10.0), (1.0, 2.0, 1.0), (20.0, 10.0, 10.0))


def fit(customers: History) -> Fit:
    """Maximum likelihood over the customers with a repeat purchase of positive value; ``parameters`` p, q, v (money).

    Raises ValueError when there is none.
    """
    chosen = customers.take(customers.repeaters)
    if not len(chosen):
        raise ValueError("no customer has a repeat purchase with a value")
    scale = float(np.mean(chosen.zbar)) / 10.0
    x, z = chosen.x, chosen.zbar / scale
    values, count = np.unique(x, return_counts=True)
    n, log_z, log_x = len(x), np.log(z), np.log(x)
    # the density of the total x z, which is what the model describes, in the given unit of money
    jacobian = -n * np.log(scale)

    def objective(log_parameters: Floats) -> tuple[float, Floats]:
        p, q, v = np.exp(log_parameters)
        px = p * values
        spent = np.log(v + x * z)
        ratio = 1 / (v + x * z)
        value = (
            count @ (gammaln(px + q) - gammaln(px))
            + n * (q * np.log(v) - gammaln(q))
            + float((p * x - 1) @ log_z + (p * x) @ log_x - (p * x + q) @ spent)
        )
        d_p = count @ (values * (digamma(px + q) - digamma(px))) + float(x @ (log_z + log_x - spent))
        d_q = count @ digamma(px + q) + n * (np.log(v) - digamma(q)) - float(spent.sum())
        d_v = n * q / v - float((p * x + q) @ ratio)
        return float(value) + jacobian, np.array([d_p, d_q, d_v]) * np.exp(log_parameters)

    return maximise(NAMES, objective, STARTS, n=n, scale=lambda found: found * np.array([1.0, 1.0, scale]))


def expected_value(parameters: tuple[float, ...], x: npt.ArrayLike, zbar: npt.ArrayLike) -> Floats:
    """Expected value of a future purchase: p (v + x zbar) / (p x + q - 1). Infinite for x = 0 and q <= 1: NaN."""
    p, q, v = parameters
    x, zbar = np.asarray(x, np.float64), np.asarray(zbar, np.float64)
    below = p * x + q - 1
    out = np.full(np.broadcast(x, zbar).shape, np.nan)
    np.divide(p * (v + x * zbar), below, out=out, where=below > 0)
    return out
