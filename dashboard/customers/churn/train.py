"""Training: folds by person, calibration on people that a model did not see, and the choice of the model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboard.customers.churn import calibration, models, quality
from dashboard.customers.churn.calibration import Calibrator
from dashboard.customers.churn.models import Model
from dashboard.customers.churn.table import Column

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

FOLDS = 5
COMPARE_ROWS = 20_000  # both models are tried on so many, and trees are fitted on no more
MAX_ROWS = 100_000
BOTH_FROM = 500  # people who left; fewer do not feed trees


@dataclass(frozen=True)
class Candidate:
    """kind, area under the ROC curve out of fold; ahead, error: by how much it is ahead of logistic regression, with
    the standard error."""

    kind: str
    roc: float
    ahead: float = 0.0
    error: float = 0.0


@dataclass(frozen=True)
class Trained:
    """model with its calibrator; score_of_fold: out-of-fold scores of the training rows, calibrated by the other folds;
    candidates: what was tried."""

    model: Model
    calibrator: Calibrator
    out_of_fold: Floats
    candidates: tuple[Candidate, ...]

    def probability(self, X: Floats) -> Floats:
        return self.calibrator.apply(self.model.score(X))


def folds(person: Ints, left: Mask, seed: int = 0) -> Ints:
    """0 to 4 per row, with as many who left in each; all rows of a person are in one fold. person: position in the
    order of user ids, so that neither the order of the file nor that of the partitions decides."""
    people = int(person.max()) + 1 if len(person) else 0
    ever = np.zeros(people, bool)
    ever[person[left]] = True
    of_person = np.zeros(people, np.int64)
    there = np.zeros(people, bool)
    there[person] = True
    rng = np.random.default_rng(seed)
    for kind in (ever, there & ~ever):
        members = np.flatnonzero(kind)
        of_person[members] = rng.permutation(np.arange(len(members)) % FOLDS)
    return of_person[person]


def sample(person: Ints, limit: int, seed: int = 0) -> Mask:
    """At most about ``limit`` rows, whole persons at random."""
    if len(person) <= limit:
        return np.ones(len(person), bool)
    n = int(person.max()) + 1
    kept = np.random.default_rng([seed, 1]).random(n) < limit / len(person)
    return kept[person]


def train(columns: tuple[Column, ...], X: Floats, left: Mask, person: Ints, wanted: str = "auto") -> Trained:
    """The better kind of model, calibrated. wanted: "auto", "logistic" or "boosted". Rows are in the order of persons.
    Needs enough of each outcome for every fold."""
    part = sample(person, COMPARE_ROWS)
    fold = folds(person[part], left[part])
    kind = wanted
    tried: dict[str, Floats] = {}
    candidates: tuple[Candidate, ...] = ()
    if wanted == "auto":
        kind, tried, candidates = choose(columns, X[part], left[part], fold)
    if kind != "boosted" and not part.all():  # trees learn little from more; a regression is quick
        part = sample(person, MAX_ROWS)
        fold, tried = folds(person[part], left[part]), {}
    X, left = X[part], left[part]
    scores = tried[kind] if kind in tried else out_of_fold(kind, columns, X, left, fold)
    calibrated, calibrator = calibrate(scores, left, fold)
    whole = np.full(len(part), np.nan)
    whole[part] = calibrated
    return Trained(models.fit(kind, columns, X, left), calibrator, whole, candidates)


def again(trained: Trained, columns: tuple[Column, ...], X: Floats, left: Mask, person: Ints) -> Trained:
    """The same kind of model with more rows; the calibration stays the one that was found out of fold."""
    part = sample(person, COMPARE_ROWS if trained.model.kind == "boosted" else MAX_ROWS)
    model = models.fit(trained.model.kind, columns, X[part], left[part])
    return Trained(model, trained.calibrator, trained.out_of_fold, trained.candidates)


def calibrate(scores: Floats, left: Mask, fold: Ints) -> tuple[Floats, Calibrator]:
    """(probabilities of the rows, each by the other folds' calibration: nobody's outcome takes part in their own; the
    calibrator of everybody). A sigmoid below 1,000 who left; from there isotonic where its log-loss out of fold is
    better by more than one standard error."""

    def across(kind: str) -> Floats:
        made = np.empty(len(scores))
        for k in range(FOLDS):
            mine = fold == k
            if mine.any():
                made[mine] = calibration.fit(scores[~mine], left[~mine], kind).apply(scores[mine])
        return made

    best, kind = across("sigmoid"), "sigmoid"
    if min(int(left.sum()), int((~left).sum())) >= calibration.ISOTONIC_FROM:
        bent = across("isotonic")
        gain = np.log(np.where(left, bent, 1 - bent)) - np.log(np.where(left, best, 1 - best))
        if gain.mean() > gain.std() / np.sqrt(len(gain)):
            best, kind = bent, "isotonic"
    return best, calibration.fit(scores, left, kind)


def choose(
    columns: tuple[Column, ...], X: Floats, left: Mask, fold: Ints
) -> tuple[str, dict[str, Floats], tuple[Candidate, ...]]:
    """(kind, out-of-fold scores by kind, what was tried): trees only where they are ahead by more than one standard
    error on the same people."""
    if min(int(left.sum()), int((~left).sum())) < BOTH_FROM:
        return "logistic", {}, ()
    scores = {kind: out_of_fold(kind, columns, X, left, fold) for kind in ("logistic", "boosted")}
    ahead, error = quality.better_by(scores["boosted"], scores["logistic"], left)
    tried = (
        Candidate("logistic", quality.areas(scores["logistic"], left)[0]),
        Candidate("boosted", quality.areas(scores["boosted"], left)[0], ahead, error),
    )
    return ("boosted" if ahead > error else "logistic"), scores, tried


def out_of_fold(kind: str, columns: tuple[Column, ...], X: Floats, left: Mask, fold: Ints) -> Floats:
    """The score of every row from a model that saw neither the row nor another one of its person."""
    scores = np.empty(len(X))
    for k in range(FOLDS):
        test = fold == k
        if test.any():
            scores[test] = models.fit(kind, columns, X[~test], left[~test]).score(X[test])
    return scores
