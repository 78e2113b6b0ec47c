"""Maximum likelihood of models whose parameters are all positive: on their logarithms, from several starts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import OptimizeResult, minimize

from dashboard.statistics.intervals import z_value

Floats = npt.NDArray[np.float64]
# log-parameters -> (log-likelihood, its gradient or None)
Objective = Callable[[Floats], tuple[float, Floats | None]]

BOUND = 18.0  # |log parameter|: further out the likelihood is flat and the parameter means "infinite" or "zero"


@dataclass(frozen=True)
class Fit:
    """names and parameters in the same order; log_likelihood in nats (customers of one pooled row counted each);
    covariance of the log-parameters; n: customers.

    identified: the likelihood bends in every direction. Where it does not, the covariance leaves the flat directions
    out: they change no prediction, but the single parameters mean nothing.
    """

    names: tuple[str, ...]
    parameters: tuple[float, ...]
    log_likelihood: float
    covariance: Floats
    n: int
    converged: bool
    identified: bool = True

    def __getitem__(self, name: str) -> float:
        return self.parameters[self.names.index(name)]

    @property
    def standard_errors(self) -> dict[str, float]:
        """By the delta method from the log scale; NaN where the data do not determine a parameter."""
        spread = self._spread()
        return {name: value * float(s) for name, value, s in zip(self.names, self.parameters, spread, strict=True)}

    def intervals(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """95 % by default, symmetric on the log scale, so never below 0; NaN where the data say nothing."""
        spread = np.minimum(z_value(level) * self._spread(), 700)
        return {
            name: (value * math.exp(-s), value * math.exp(s))
            for name, value, s in zip(self.names, self.parameters, spread, strict=True)
        }

    def _spread(self) -> Floats:
        size = len(self.names)
        return np.sqrt(np.clip(np.diag(self.covariance), 0, None)) if self.identified else np.full(size, np.nan)


def maximise(
    names: Sequence[str],
    objective: Objective,
    starts: Sequence[Sequence[float]],
    *,
    n: int,
    scale: Callable[[Floats], Floats] = lambda parameters: parameters,
    rough: tuple[Objective, float] | None = None,
) -> Fit:
    """The best of several L-BFGS-B runs.

    starts: parameters (not logarithms). n: number of customers, which also scales the objective to order 1. scale: from
    the parameters of the rescaled problem to the reported ones (a factor per parameter, so the covariance of the
    logarithms stays as it is); the objective already includes the change of the likelihood. rough: the
    objective of a part of the customers and their number; the starts then compete on it, and one run over everybody
    begins where the best of them ended.
    """
    points = [np.log(np.asarray(start, np.float64)) for start in starts]
    exact = objective(points[0])[1] is not None
    if rough is not None:
        points = [_best(rough[0], points, rough[1], exact).x]
    best = _best(objective, points, n, exact)
    point = np.asarray(best.x, np.float64)
    covariance, identified = _covariance(objective, point, exact)
    value = objective(point)[0]
    reported = scale(np.exp(point))
    settled = bool(best.success) or float(np.abs(best.jac).max()) < 1e-4
    return Fit(tuple(names), tuple(float(p) for p in reported), float(value), covariance, n, settled, identified)


def _best(objective: Objective, points: Sequence[Floats], n: float, exact: bool) -> OptimizeResult:
    """The lowest of the runs from these points (logarithms)."""

    def loss(log_parameters: Floats) -> tuple[float, Floats]:
        value, gradient = objective(log_parameters)
        assert gradient is not None
        if not math.isfinite(value):
            return 1e10, np.zeros(len(log_parameters))
        return -value / n, -gradient / n

    def loss_only(log_parameters: Floats) -> float:
        value = objective(log_parameters)[0]
        return -value / n if math.isfinite(value) else 1e10

    runs = [
        minimize(
            loss if exact else loss_only,
            point,
            jac=exact,
            method="L-BFGS-B",
            bounds=[(-BOUND, BOUND)] * len(point),
            options={"maxiter": 500, "maxfun": 5_000, "ftol": 1e-15, "gtol": 1e-8, "eps": 1e-7},
        )
        for point in points
    ]
    return min(runs, key=lambda run: float(run.fun))


def _covariance(objective: Objective, point: Floats, exact: bool) -> tuple[Floats, bool]:
    """Inverse of the negative Hessian of the log-likelihood in the logarithms, by central differences, and whether it
    has one; flat directions are left out."""
    size = len(point)
    hessian = np.empty((size, size))
    step = 1e-4 if exact else 1e-3
    unit = np.eye(size) * step
    if exact:
        for i in range(size):
            up, down = objective(point + unit[i])[1], objective(point - unit[i])[1]
            assert up is not None
            assert down is not None
            hessian[i] = (up - down) / (2 * step)
        hessian = (hessian + hessian.T) / 2
    else:
        for i in range(size):
            for j in range(i, size):
                corners = (
                    objective(point + unit[i] + unit[j])[0]
                    - objective(point + unit[i] - unit[j])[0]
                    - objective(point - unit[i] + unit[j])[0]
                    + objective(point - unit[i] - unit[j])[0]
                )
                hessian[i, j] = hessian[j, i] = corners / (4 * step * step)
    if not np.isfinite(hessian).all():
        return np.zeros((size, size)), False
    values, vectors = np.linalg.eigh(-hessian)
    bends = values > 1e-6 * max(1.0, float(values.max()))
    inverse = np.divide(1.0, values, out=np.zeros(size), where=bends)
    covariance: Floats = (vectors * inverse) @ vectors.T
    return covariance, bool(bends.all())
