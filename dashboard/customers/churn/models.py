"""The two kinds of models: a logistic regression, and boosted trees where they are better.

Both take raw features (:class:`Table`), fill what is missing, and explain each score as a sum over groups of features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from dashboard.customers.churn.calibration import clipped
from dashboard.customers.churn.quality import single_auc
from dashboard.customers.churn.table import Column, seen_by_model

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

EVENTS_PER_FEATURE = 10
FEW_LEFT = 500  # fewer who left: as many features as they determine
PERMUTATIONS = 2  # of groups, each also backwards
TREES, LEAVES, LEAF = 150, 15, 30


class Model(Protocol):
    """kind: "logistic" or "boosted". columns: all features it was offered; it may use fewer."""

    @property
    def kind(self) -> str: ...

    @property
    def columns(self) -> tuple[Column, ...]: ...

    def score(self, X: Floats) -> Floats:
        """Between 0 and 1, before calibration."""

    def parts(self, X: Floats) -> Floats | None:
        """float64[people, columns]: what each feature alone adds to the logit; None where it cannot be told apart."""

    def contributions(self, X: Floats, groups: Sequence[str]) -> Floats:
        """float64[people, groups]: what each group of features adds to the logit of the score, against the average
        person of the training."""


def fit(kind: str, columns: tuple[Column, ...], X: Floats, left: Mask, seed: int = 0) -> Model:
    """A model of one kind on raw features. Needs somebody of both kinds."""
    with threadpool_limits(limits=1):  # more threads wait for each other far longer than they work
        if kind == "logistic":
            return _fit_logistic(columns, X, left)
        return _fit_boosted(columns, X, left, seed)


@dataclass(frozen=True)
class Logistic:
    """logit = intercept + Σ coef · (x - mean) / scale over the columns with a coefficient; x as the model sees it."""

    columns: tuple[Column, ...]
    fill: Floats
    mean: Floats
    scale: Floats
    coef: Floats
    intercept: float
    kind: str = "logistic"

    def parts(self, X: Floats) -> Floats:
        seen = seen_by_model(self.columns, _filled(X, self.fill))
        return self.coef * (seen - self.mean) / self.scale

    def score(self, X: Floats) -> Floats:
        out: Floats = expit(self.intercept + self.parts(X).sum(axis=1))
        return out

    def contributions(self, X: Floats, groups: Sequence[str]) -> Floats:
        return summed(self.columns, self.parts(X), groups)


def summed(columns: Sequence[Column], parts: Floats, groups: Sequence[str]) -> Floats:
    """Parts per column added up per group."""
    index = np.array([list(groups).index(column.group) for column in columns], np.int64)
    out = np.zeros((len(parts), len(groups)))
    for j, group in enumerate(index):
        out[:, group] += parts[:, j]
    return out


def _filled(X: Floats, fill: Floats) -> Floats:
    return np.where(np.isnan(X), fill, X)


def _fill(X: Floats) -> Floats:
    """The median of each column, 0 where nothing is known."""
    known = ~np.isnan(X).all(axis=0)
    out = np.zeros(X.shape[1])
    out[known] = np.nanmedian(X[:, known], axis=0)
    return out


def allowed_features(left: Mask) -> int:
    """How many features the smaller of the two outcomes determines; no limit from 500 on."""
    fewer = int(min(left.sum(), (~left).sum()))
    return 10**6 if fewer >= FEW_LEFT else max(1, fewer // EVENTS_PER_FEATURE)


def _fit_logistic(columns: tuple[Column, ...], X: Floats, left: Mask) -> Logistic:
    from sklearn.linear_model import LogisticRegression

    fill = _fill(X)
    seen = seen_by_model(columns, _filled(X, fill))
    mean, scale = seen.mean(axis=0), seen.std(axis=0)
    for j, column in enumerate(columns):
        if column.kind in ("level", "flag") or scale[j] < 1e-12:
            scale[j] = 1.0
    used = np.arange(len(columns))
    limit = allowed_features(left)
    if len(used) > limit:
        power = np.array([single_auc(seen[:, j], left) for j in used])
        used = np.sort(np.argsort(-power, kind="stable")[:limit])
    # values of texts are 0 or 1 as they are, as everybody fits them; reasons are told against the average person
    centre = np.array([0.0 if c.kind in ("level", "flag") else m for c, m in zip(columns, mean, strict=True)])
    machine = LogisticRegression(C=1.0, max_iter=2_000).fit((seen[:, used] - centre[used]) / scale[used], left)
    coef = np.zeros(len(columns))
    coef[used] = machine.coef_[0]
    intercept = float(machine.intercept_[0] + coef @ ((mean - centre) / scale))
    return Logistic(columns, fill, mean, scale, coef, intercept)


@dataclass(frozen=True)
class Boosted:
    """Boosted trees; missing values stay missing. Reasons: Shapley values of groups against the typical person, over a
    few fixed orders of the groups, so that a person's reasons do not depend on who else is asked for."""

    columns: tuple[Column, ...]
    typical: Floats
    machine: Any
    mean_logit: float
    kind: str = "boosted"

    def _logit(self, X: Floats) -> Floats:
        with threadpool_limits(limits=1):
            out: Floats = logit(clipped(self.machine.predict_proba(X)[:, 1]))
        return out

    def score(self, X: Floats) -> Floats:
        with threadpool_limits(limits=1):
            out: Floats = self.machine.predict_proba(X)[:, 1]
        return out

    def parts(self, X: Floats) -> Floats | None:
        return None

    def contributions(self, X: Floats, groups: Sequence[str]) -> Floats:
        places = [[j for j, column in enumerate(self.columns) if column.group == group] for group in groups]
        rng = np.random.default_rng(0)
        out = np.zeros((len(X), len(groups)))
        orders = [rng.permutation(len(groups)) for _ in range(PERMUTATIONS)]
        orders += [order[::-1] for order in orders]
        for order in orders:
            mixed = np.tile(self.typical, (len(X), 1))
            before = self._logit(mixed[:1]).repeat(len(X))
            for g in order:
                mixed[:, places[g]] = X[:, places[g]]
                after = self._logit(mixed)
                out[:, g] += (after - before) / len(orders)
                before = after
        return out


def _fit_boosted(columns: tuple[Column, ...], X: Floats, left: Mask, seed: int) -> Boosted:
    from sklearn.ensemble import HistGradientBoostingClassifier

    machine = HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=TREES,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=LEAF,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=seed,
    ).fit(X, left)
    return Boosted(columns, _fill(X), machine, float(logit(np.array([left.mean()]))[0]))
