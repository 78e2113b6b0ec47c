"""Loops of the purchase models: likelihoods with what their gradients need, and orders expected in many horizons."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from dashboard.jit import kernel

Floats = npt.NDArray[np.float64]
MAX_TERMS = 200_000


@kernel
def mixture(x: Floats, t_x: Floats, T: Floats, weight: Floats, r: float, alpha: float, a: float, b: float) -> Floats:
    """Sum over rows of weight * L and of its derivatives by r, alpha, a, b (float64[5]), where
    L = logaddexp(-(r+x) ln(alpha+T), [x>0] (ln a - ln(b+x-1) - (r+x) ln(alpha+t_x)))."""
    out = np.zeros(5)
    log_a = math.log(a)
    for i in range(x.shape[0]):
        w = weight[i]
        n = r + x[i]
        late = math.log(alpha + T[i])
        first = -n * late
        if x[i] <= 0:
            out[0] += w * first
            out[1] -= w * late
            out[2] -= w * n / (alpha + T[i])
            continue
        early = math.log(alpha + t_x[i])
        second = log_a - math.log(b + x[i] - 1) - n * early
        gap = second - first
        if gap > 0:
            share = 1 / (1 + math.exp(-gap))
            total = second + math.log1p(math.exp(-gap))
        else:
            e = math.exp(gap)
            share = e / (1 + e)
            total = first + math.log1p(e)
        out[0] += w * total
        out[1] -= w * ((1 - share) * late + share * early)
        out[2] -= w * n * ((1 - share) / (alpha + T[i]) + share / (alpha + t_x[i]))
        out[3] += w * share / a
        out[4] -= w * share / (b + x[i] - 1)
    return out


@kernel
def spent(x: Floats, z: Floats, v: float) -> tuple[float, float, float, float]:
    """Sums over customers for the Gamma-Gamma model: ln(v + x z), x ln(v + x z), 1 / (v + x z), x / (v + x z)."""
    log_sum, x_log_sum, inverse, x_inverse = 0.0, 0.0, 0.0, 0.0
    for i in range(x.shape[0]):
        total = v + x[i] * z[i]
        log_total = math.log(total)
        log_sum += log_total
        x_log_sum += x[i] * log_total
        inverse += 1 / total
        x_inverse += x[i] / total
    return log_sum, x_log_sum, inverse, x_inverse


@kernel
def series(x: Floats, T: Floats, times: Floats, r: float, alpha: float, a: float, b: float, out: Floats) -> None:
    """out[i, k] = (a+b+x-1)/(a-1) [1 - (1-z)^(a-1) 2F1(a+b-1-r, a-1; a+b+x-1; z)], z = t/(alpha+T+t), t = times[k].

    a must not be 1. times: ascending. The coefficients of the hypergeometric series depend on the row only, so all
    times share them; the largest z decides how many terms are needed.
    """
    m = times.shape[0]
    z = np.empty(m)
    term = np.empty(m)
    total = np.empty(m)
    p = a + b - 1 - r
    q = a - 1
    for i in range(x.shape[0]):
        c = a + b + x[i] - 1
        for k in range(m):
            z[k] = times[k] / (alpha + T[i] + times[k])
            term[k] = 1.0
            total[k] = 1.0
        for n in range(MAX_TERMS):
            # without z: the product of the ratios alone leaves the range of floats
            ratio = (p + n) * (q + n) / ((c + n) * (n + 1.0))
            for k in range(m):
                term[k] *= ratio * z[k]
                total[k] += term[k]
            # |ratio| falls until p + n changes its sign and stays below 1 afterwards: the tail is at most geometric
            shrinks = max(abs(ratio), 1.0) * z[m - 1]
            if n > 1 and n > -q and shrinks < 1 and abs(term[m - 1]) < 1e-15 * abs(total[m - 1]) * (1 - shrinks):
                break
        for k in range(m):
            if total[k] > 0:
                out[i, k] = -c / q * math.expm1(q * math.log1p(-z[k]) + math.log(total[k]))
            else:  # c is below 0 for x = 0 and a + b < 1, and then the series may be too
                out[i, k] = c / q * (1 - math.exp(q * math.log1p(-z[k])) * total[k])
