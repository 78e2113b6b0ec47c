"""How good a prediction is on people and a period that its training did not see.

Intervals: Poisson bootstrap over people (percentiles). Difference of two areas under the ROC curve: E. DeLong, D.
DeLong, D. Clarke-Pearson, Biometrics 44 (1988) 837.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import logit

from dashboard.customers.churn import calibration
from dashboard.statistics.intervals import wilson
from dashboard.statistics.tables import Table as Cells

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
DRAWS = 200
BINS = 10
MAX_POINTS = 200


@dataclass(frozen=True)
class Quality:
    """people, left: counts. base: share who left. roc, pr: areas, with their intervals. lift: share who left among the
    tenth with the highest probability over ``base``. intercept, slope: Cox; intercept is calibration in the large.
    no_information: accuracy of always saying the more frequent outcome. The rest: at ``threshold``."""

    people: int
    left: int
    base: float
    roc: float
    roc_interval: tuple[float, float]
    pr: float
    pr_interval: tuple[float, float]
    brier: float
    brier_base: float
    log_loss: float
    lift: float
    intercept: float
    slope: float
    no_information: float
    threshold: float
    flagged: int
    accuracy: float
    ppv: float
    sensitivity: float
    specificity: float
    mcc: float


class Ranked:
    """Scores in descending order with equal ones together: what every curve is made of."""

    def __init__(self, scores: Floats, left: Mask) -> None:
        order = np.argsort(-scores, kind="stable")
        self.scores, self.left = scores[order], left[order].astype(np.float64)
        self.starts = np.flatnonzero(np.concatenate([[True], self.scores[1:] != self.scores[:-1]]))

    def areas(self, weight: Floats | None = None) -> tuple[float, float]:
        """(area under the ROC curve, average precision), NaN without both outcomes. weight: how often each person
        counts, in descending order of scores."""
        w = np.ones(len(self.left)) if weight is None else weight
        hits = np.add.reduceat(w * self.left, self.starts)
        misses = np.add.reduceat(w * (1 - self.left), self.starts)
        tp, fp = np.cumsum(hits), np.cumsum(misses)
        if not tp[-1] or not fp[-1]:
            return math.nan, math.nan
        roc = float((misses * (tp - hits / 2)).sum() / (tp[-1] * fp[-1]))
        everybody = tp + fp
        precision = np.divide(tp, everybody, out=np.zeros(len(tp)), where=everybody > 0)
        return roc, float((hits * precision).sum() / tp[-1])


def areas(scores: Floats, left: Mask) -> tuple[float, float]:
    """(area under the ROC curve, average precision)."""
    return Ranked(scores, left).areas() if len(left) else (math.nan, math.nan)


def single_auc(values: Floats, left: Mask) -> float:
    """Area under the ROC curve of one feature, whichever way it points; NaN values count as their own lowest value."""
    filled = np.where(np.isnan(values), -np.inf, values)
    roc = areas(filled, left)[0]
    return max(roc, 1 - roc) if not math.isnan(roc) else math.nan


def assess(p: Floats, left: Mask, threshold: float, seed: int = 0) -> Quality:
    """All figures of probabilities ``p`` against what happened. Needs somebody of both kinds."""
    ranked = Ranked(p, left)
    roc, pr = ranked.areas()
    rng = np.random.default_rng(seed)
    drawn = np.array([ranked.areas(rng.poisson(1.0, len(p)).astype(np.float64)) for _ in range(DRAWS)])
    low, high = np.nanquantile(drawn, [0.025, 0.975], axis=0)
    n, k = len(p), int(left.sum())
    base = k / n
    safe = calibration.clipped(p)
    flagged = p >= threshold
    cells = Cells(
        tp=int((flagged & left).sum()),
        fp=int((flagged & ~left).sum()),
        fn=int((~flagged & left).sum()),
        tn=int((~flagged & ~left).sum()),
    )
    y = left.astype(np.float64)
    return Quality(
        people=n,
        left=k,
        base=base,
        roc=roc,
        roc_interval=(float(low[0]), float(high[0])),
        pr=pr,
        pr_interval=(float(low[1]), float(high[1])),
        brier=float(((p - y) ** 2).mean()),
        brier_base=base * (1 - base),
        log_loss=float(-(np.log(safe[left]).sum() + np.log(1 - safe[~left]).sum()) / n),
        lift=_top_rate(p, left, 0.1) / base,
        intercept=calibration.shift(p, left),
        slope=calibration.line(logit(safe), left)[1],
        no_information=max(base, 1 - base),
        threshold=threshold,
        flagged=int(flagged.sum()),
        accuracy=(cells.tp + cells.tn) / n,
        ppv=_number(cells.ppv),
        sensitivity=_number(cells.sensitivity),
        specificity=_number(cells.specificity),
        mcc=_number(cells.phi),
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _top_rate(p: Floats, left: Mask, share: float) -> float:
    """Share who left among the given share with the highest probability; people of equal probability count in part."""
    wanted = max(1.0, round(len(p) * share))
    ranked = Ranked(p, left)
    size = np.diff(np.append(ranked.starts, len(p)))
    taken = np.clip(wanted - (np.cumsum(size) - size), 0, size)
    return float((np.add.reduceat(ranked.left, ranked.starts) * taken / size).sum() / wanted)


def better_by(first: Floats, second: Floats, left: Mask) -> tuple[float, float]:
    """(area under the ROC curve of the first less that of the second, its standard error) on the same people."""
    a, b = _placements(first, left), _placements(second, left)
    gained = [a[side] - b[side] for side in (0, 1)]
    variance = sum(float(g.var(ddof=1)) / len(g) for g in gained if len(g) > 1)
    return float(gained[0].mean()), math.sqrt(variance)


def _placements(scores: Floats, left: Mask) -> tuple[Floats, Floats]:
    """Per person who left: share of the others with a lower score (equal: half); per other: the same, turned round."""
    gone, stay = np.sort(scores[left]), np.sort(scores[~left])
    of_gone = (np.searchsorted(stay, scores[left], "left") + np.searchsorted(stay, scores[left], "right")) / 2
    of_stay = (np.searchsorted(gone, scores[~left], "left") + np.searchsorted(gone, scores[~left], "right")) / 2
    return of_gone / len(stay), 1 - of_stay / len(gone)


CURVE_COLUMNS = ("curve", "x", "y", "low", "high", "people", "left", "threshold")


def curves(p: Floats, left: Mask) -> pd.DataFrame:
    """Reliability, ROC, precision-recall and lift by tenth, one below the other; columns CURVE_COLUMNS."""
    return pd.concat([_reliability(p, left), _steps(p, left), _lift(p, left)], ignore_index=True)


def _reliability(p: Floats, left: Mask) -> pd.DataFrame:
    """Equally large groups by probability; people of equal probability stay together."""
    limits = np.unique(np.quantile(p, np.linspace(0, 1, BINS + 1)[1:-1]))
    group = np.searchsorted(limits, p, side="right")
    people = np.bincount(group, minlength=len(limits) + 1)
    gone = np.bincount(group, weights=left, minlength=len(limits) + 1)
    mean = np.bincount(group, weights=p, minlength=len(limits) + 1)
    some = people > 0
    people, gone, mean = people[some], gone[some], mean[some]
    low, high = wilson(gone, people)
    return _frame("reliability", mean / people, gone / people, people, gone, low, high)


def _steps(p: Floats, left: Mask) -> pd.DataFrame:
    ranked = Ranked(p, left)
    tp = np.cumsum(np.add.reduceat(ranked.left, ranked.starts))
    people = np.append(ranked.starts[1:], len(p))
    positives = max(float(left.sum()), 1.0)
    negatives = max(float((~left).sum()), 1.0)
    thresholds = ranked.scores[ranked.starts]
    if len(tp) > MAX_POINTS:
        kept = np.unique(np.searchsorted(people, np.linspace(1, len(p), MAX_POINTS)).clip(0, len(tp) - 1))
        tp, people, thresholds = tp[kept], people[kept], thresholds[kept]
    roc = _frame("roc", (people - tp) / negatives, tp / positives, people, tp, threshold=thresholds)
    start = _frame("roc", np.zeros(1), np.zeros(1), np.zeros(1), np.zeros(1))
    pr = _frame("pr", tp / positives, tp / people, people, tp, threshold=thresholds)
    return pd.concat([start, roc, pr], ignore_index=True)


def _lift(p: Floats, left: Mask) -> pd.DataFrame:
    """Tenths of people from the highest probability down; lift = share who left over the share of all."""
    order = np.argsort(-p, kind="stable")
    group = np.arange(len(p)) * 10 // max(len(p), 1)
    people = np.bincount(group, minlength=10)
    gone = np.bincount(group, weights=left[order], minlength=10)
    base = max(float(left.mean()), 1e-12)
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = wilson(gone, people)
        return _frame("lift", np.arange(1.0, 11.0), gone / people / base, people, gone, low / base, high / base)


def _frame(
    curve: str,
    x: Floats,
    y: Floats,
    people: npt.ArrayLike,
    left: npt.ArrayLike,
    low: npt.ArrayLike = math.nan,
    high: npt.ArrayLike = math.nan,
    threshold: npt.ArrayLike = math.nan,
) -> pd.DataFrame:
    values = dict(zip(CURVE_COLUMNS[1:], (x, y, low, high, people, left, threshold), strict=True))
    frame = pd.DataFrame({name: np.broadcast_to(np.asarray(v, np.float64), len(x)) for name, v in values.items()})
    frame.insert(0, "curve", pd.Series([curve] * len(x), dtype="str"))
    return frame.astype({"people": np.int64, "left": np.int64})
