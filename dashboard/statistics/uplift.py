"""How well a score ranks people by what a treatment changes for them.

Source: N. J. Radcliffe, "Using control groups to target on predicted lift" (2007); the best possible ranking and the
normalised areas as in scikit-uplift.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def uplift_curve(outcome: npt.ArrayLike, score: npt.ArrayLike, treated: npt.ArrayLike) -> tuple[Floats, Floats]:
    """(persons, (rate treated − rate control) · persons) from the highest score down; equal scores are one point, the
    first point is (0, 0). A rate of nobody is 0."""
    n, treated_n, treated_y, control_n, control_y = _running(outcome, score, treated)
    return n, (_rate(treated_y, treated_n) - _rate(control_y, control_n)) * n


def qini_curve(outcome: npt.ArrayLike, score: npt.ArrayLike, treated: npt.ArrayLike) -> tuple[Floats, Floats]:
    """(persons, responders treated − responders control · treated / control) from the highest score down."""
    n, treated_n, treated_y, control_n, control_y = _running(outcome, score, treated)
    return n, treated_y - _rate(control_y, control_n) * treated_n


def uplift_auc(outcome: npt.ArrayLike, score: npt.ArrayLike, treated: npt.ArrayLike) -> float:
    """Area between the uplift curve and its diagonal over that of the best ranking: 1 = perfect, 0 = random. Raises
    ValueError when everybody has the same outcome or the same arm."""
    y, t = _binary(outcome, treated)
    ahead = y if ((y == 1) & (t == 0)).sum() > ((y == 0) & (t == 1)).sum() else t
    best = 2.0 * (y == t) + ahead
    return _ratio(uplift_curve(y, score, t), uplift_curve(y, best, t))


def qini_auc(outcome: npt.ArrayLike, score: npt.ArrayLike, treated: npt.ArrayLike) -> float:
    """The same for the Qini curve (Qini coefficient)."""
    y, t = _binary(outcome, treated)
    return _ratio(qini_curve(y, score, t), qini_curve(y, y * t - y * (1 - t), t))


def _binary(outcome: npt.ArrayLike, treated: npt.ArrayLike) -> tuple[Floats, Floats]:
    y, t = np.asarray(outcome, dtype=np.float64), np.asarray(treated, dtype=np.float64)
    for values, what in ((y, "the outcome"), (t, "the arm")):
        if not np.isin(values, (0, 1)).all():
            raise ValueError(f"{what} must be 0 or 1")
        if len(np.unique(values)) < 2:
            raise ValueError(f"{what} is the same for everybody")
    return y, t


def _running(outcome: npt.ArrayLike, score: npt.ArrayLike, treated: npt.ArrayLike) -> tuple[Floats, ...]:
    y, s, t = (np.asarray(values, dtype=np.float64) for values in (outcome, score, treated))
    order = np.argsort(-s, kind="stable")
    y, s, t = y[order], s[order], t[order]
    ends = np.append(np.flatnonzero(np.diff(s)), len(s) - 1) if len(s) else np.zeros(0, np.int64)
    sums = (np.ones_like(t), t, y * t, 1 - t, y * (1 - t))
    return tuple(np.concatenate([[0.0], np.cumsum(values)[ends]]) for values in sums)


def _rate(hits: Floats, n: Floats) -> Floats:
    return np.divide(hits, n, out=np.zeros_like(hits), where=n > 0)


def _ratio(curve: tuple[Floats, Floats], best: tuple[Floats, Floats]) -> float:
    possible = _area(best)
    return _area(curve) / possible if possible else 0.0


def _area(curve: tuple[Floats, Floats]) -> float:
    """Above the straight line from the first to the last point."""
    x, y = curve
    return float(np.trapezoid(y, x) - x[-1] * y[-1] / 2)
