"""Making scores into probabilities, and measuring how well they are.

Sigmoid: J. Platt, Probabilistic outputs for support vector machines (1999), on the logit. Isotonic: the centred form of
A. Oron, N. Flournoy, Stat. Biopharm. Res. 9 (2017) 258, which keeps the order of people. Calibration intercept and
slope: D. R. Cox, Biometrika 45 (1958) 562.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import isotonic_regression
from scipy.special import expit, logit

Floats = npt.NDArray[np.float64]
ISOTONIC_FROM = 1_000  # people who left; fewer determine a line only
FEWEST = 1e-6


@dataclass(frozen=True)
class Calibrator:
    """kind "sigmoid": expit(intercept + slope · logit(p)); "isotonic": straight lines through (at, value)."""

    kind: Literal["sigmoid", "isotonic"]
    intercept: float = 0.0
    slope: float = 1.0
    at: tuple[float, ...] = ()
    value: tuple[float, ...] = ()

    def apply(self, scores: Floats) -> Floats:
        """Probabilities strictly between 0 and 1, in the order of the scores."""
        if self.kind == "sigmoid":
            return clipped(expit(self.intercept + self.slope * logit(clipped(scores))))
        return clipped(np.interp(scores, self.at, self.value))


def clipped(p: Floats) -> Floats:
    return np.clip(p, FEWEST, 1 - FEWEST)


def fit(scores: Floats, left: npt.NDArray[np.bool_], kind: str = "sigmoid") -> Calibrator:
    """From out-of-fold scores (0 to 1) and what happened. kind: "sigmoid" or "isotonic". Needs both outcomes."""
    if kind == "sigmoid":
        intercept, slope = line(logit(clipped(scores)), left)
        if slope <= 0:  # scores that say nothing, or the wrong thing: everybody gets the base rate
            intercept, slope = float(logit(clipped(np.array([left.mean()])))[0]), 1e-9
        return Calibrator("sigmoid", intercept, slope)
    order = np.argsort(scores, kind="stable")
    found = isotonic_regression(left[order].astype(np.float64))
    size, rate = np.diff(found.blocks).astype(np.float64), found.x[found.blocks[:-1]]
    centre = np.add.reduceat(scores[order], found.blocks[:-1]) / size
    size, rate, centre = _whole_ends(size, rate, centre)
    kept = np.concatenate([[True], np.diff(centre) > 0])  # blocks with equal scores share a centre
    at, value = centre[kept], rate[kept]
    return Calibrator("isotonic", at=(0.0, *at.tolist(), 1.0), value=(0.0, *value.tolist(), 1.0))


def _whole_ends(size: Floats, rate: Floats, centre: Floats) -> tuple[Floats, Floats, Floats]:
    """A block in which everybody stays, or everybody leaves, is joined with its neighbour: no probability is 0 or 1."""
    blocks = list(zip(size.tolist(), rate.tolist(), centre.tolist(), strict=True))
    while len(blocks) > 1 and blocks[0][1] <= 0:
        blocks[:2] = [_joined(blocks[0], blocks[1])]
    while len(blocks) > 1 and blocks[-1][1] >= 1:
        blocks[-2:] = [_joined(blocks[-2], blocks[-1])]
    columns = np.array(blocks).T
    return columns[0], columns[1], columns[2]


def _joined(a: tuple[float, float, float], b: tuple[float, float, float]) -> tuple[float, float, float]:
    n = a[0] + b[0]
    return n, (a[0] * a[1] + b[0] * b[1]) / n, (a[0] * a[2] + b[0] * b[2]) / n


def line(x: Floats, left: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """(intercept, slope) of the logistic regression of ``left`` on one x, by Newton's method."""
    y = left.astype(np.float64)
    middle = float(x.mean())
    z = x - middle
    a, b = float(logit(clipped(np.array([y.mean()])))[0]), 0.0
    for _ in range(50):
        p = expit(a + b * z)
        w = np.maximum(p * (1 - p), 1e-12)
        g0, g1 = float((y - p).sum()), float(((y - p) * z).sum())
        h00, h01, h11 = float(w.sum()), float((w * z).sum()), float((w * z * z).sum())
        determinant = h00 * h11 - h01 * h01
        if determinant <= 1e-12 * max(h00 * h11, 1e-300):
            break
        da, db = (h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant
        largest = max(abs(da), abs(db))
        factor = min(1.0, 5.0 / largest) if largest > 0 else 1.0
        a, b = a + factor * da, b + factor * db
        if largest < 1e-10 or abs(b) > 1e3:
            break
    return a - b * middle, b


def shift(p: Floats, left: npt.NDArray[np.bool_]) -> float:
    """Calibration in the large: what to add to the logit of everybody so that the expected number equals the actual one
    (0 = right, below 0 = too many predicted)."""
    return shift_to(p, float(left.mean()))


def shift_to(p: Floats, rate: float) -> float:
    """What to add to the logit of everybody so that the mean is ``rate``."""
    z, low, high = logit(clipped(p)), -20.0, 20.0
    if not 0 < rate < 1:
        return high if rate >= 1 else low
    for _ in range(80):
        middle = (low + high) / 2
        if float(expit(z + middle).mean()) < rate:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def shifted(p: Floats, by: float) -> Floats:
    """Probabilities with a constant added to their logits."""
    return clipped(expit(logit(clipped(p)) + by))
