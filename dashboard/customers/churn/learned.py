"""What is known about leaving in a dataset as of a day, and the steps that every way of learning it shares."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dashboard.customers.churn import leaks, quality
from dashboard.customers.churn.activity import Spec
from dashboard.customers.churn.cuts import Cuts, Proposal
from dashboard.customers.churn.leaks import Warning
from dashboard.customers.churn.quality import Quality
from dashboard.customers.churn.rule import ChurnRule
from dashboard.customers.churn.table import Column, Table
from dashboard.customers.churn.tiers import Tier
from dashboard.customers.churn.train import Trained
from dashboard.insights import users
from dashboard.insights.view import View

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

FEWEST_LEFT = 50  # people of each outcome below which there is no model
LARGE_SHIFT = 0.2  # calibration in the large beyond which a person must know
BANDS = ("healthy", "watch", "at risk")
RISK_ODDS = 3.0  # times the odds of the base rate from which somebody is at risk


@dataclass(frozen=True)
class Learned:
    """Everything that is known about leaving in a dataset as of a day; no filter takes part.

    basis: "activity", "ended", "churned" or "silence" (nothing says who left). trained: None = rule tiers. now: the
    people at risk, in the order of user ids, with their features; p: their probabilities (without a model: the rate of
    their tier, NaN where none was measured). quality, test_p, test_left: on what training did not see; None, empty
    without. compared: (what, area under the ROC curve) of other ways on the same test. p_no_order: chance of no order
    in the window by the purchase model, for shops. shift: added to the logits by recalibration. seconds: it took.
    """

    rule: ChurnRule
    basis: str
    window: int
    cuts: Cuts | None
    spec: Spec | None
    proposal: Proposal | None
    trained: Trained | None
    columns: tuple[Column, ...]
    now: Table
    p: Floats
    base: float
    train_rows: int
    train_left: int
    test_p: Floats
    test_left: Mask
    quality: Quality | None
    compared: tuple[tuple[str, float], ...]
    p_no_order: Floats | None
    tiers: tuple[Tier, ...]
    warnings: tuple[Warning, ...]
    reason: str
    shift: float
    seconds: float

    @property
    def watch_limit(self) -> float:
        """Probability from which a person is watched: the base rate."""
        return self.base

    @property
    def risk_limit(self) -> float:
        """Probability from which a person is at risk: three times the odds of the base rate."""
        odds = RISK_ODDS * self.base / max(1 - self.base, 1e-9)
        return odds / (1 + odds)


def ranks(view: View) -> Ints:
    """Position of every person in the order of user ids, by position in partition order."""
    order = users.everybody(view).frame["row"].to_numpy(np.int64)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank


def in_order(table: Table, rank: Ints, left: Mask) -> tuple[Table, Mask, Ints]:
    """Rows in the order of persons (and of cut-offs within one), so that nothing depends on how files are stored."""
    order = np.argsort(rank[table.row], kind="stable")
    return table.take(order), left[order], rank[table.row][order]


def useful(table: Table, rule: ChurnRule) -> Table:
    """Without columns that were excluded, never known, or the same for everybody."""
    kept = []
    for j, column in enumerate(table.columns):
        known = table.X[~np.isnan(table.X[:, j]), j]
        if column.name not in rule.exclude and column.source not in rule.exclude and len(known) and np.ptp(known) > 0:
            kept.append(column.name)
    return table.only(kept)


def without_leaks(table: Table, left: Mask, rule: ChurnRule) -> tuple[Table, tuple[Warning, ...]]:
    warnings, bad = [], set()
    for name, label, auc in leaks.leaking(table.columns, table.X, left):
        kept = name in rule.keep
        warnings.append(leaks.leak_warning(label, name, auc, kept))
        if not kept:
            bad.add(name)
    kept_names = [c.name for c in table.columns if (c.source or c.name) not in bad]
    return table.only(kept_names), tuple(warnings)


def too_few(left: Mask) -> str:
    """Why there can be no model, "" when there can."""
    gone, stay = int(left.sum()), int((~left).sum())
    if gone < FEWEST_LEFT:
        return f"{gone:,} people have left; a churn model needs at least {FEWEST_LEFT}."
    if stay < FEWEST_LEFT:
        return f"Only {stay:,} people stayed; a churn model needs at least {FEWEST_LEFT} of both kinds."
    return ""


def blank(
    rule: ChurnRule, basis: str, view: View, now: Table, base: float, warnings: tuple[Warning, ...], reason: str
) -> Learned:
    """Nothing trained yet."""
    nothing = np.zeros(0)
    return Learned(
        rule=rule,
        basis=basis,
        window=0,
        cuts=None,
        spec=None,
        proposal=None,
        trained=None,
        columns=now.columns,
        now=now,
        p=np.full(len(now), np.nan),
        base=base,
        train_rows=0,
        train_left=0,
        test_p=nothing,
        test_left=nothing.astype(bool),
        quality=None,
        compared=(),
        p_no_order=None,
        tiers=(),
        warnings=warnings,
        reason=reason,
        shift=0.0,
        seconds=0.0,
    )


def judged(made: Learned) -> Learned:
    """With the figures on what training did not see, and an alert where they are off as a whole."""
    found = quality.assess(made.test_p, made.test_left, made.risk_limit)
    warnings = list(made.warnings)
    if abs(found.intercept) > LARGE_SHIFT:
        text = (
            f"The model expected {made.test_p.mean():.1%} to leave in the test period, {found.base:.1%} did: its "
            "probabilities are off as a whole, as happens with seasons. The order of people is not affected. "
        )
        text += "They are shifted to the latest period." if made.rule.recalibrate else "Recalibrate to shift them."
        warnings.append(Warning("calibration_in_the_large", text))
    return replace(made, quality=found, warnings=tuple(warnings))
