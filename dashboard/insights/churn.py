"""Churn as answers: how good the model is, what drives it, who is at risk, and after how many silent days people are
gone.

The model is made of everybody as of the view's day and tested on people and a period that its training did not see;
filters only choose whom to list. Settings: those of :class:`dashboard.customers.churn.rule.ChurnRule` and ``Reading``,
by name.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.customers.churn import card, cuts, quality, rule, story, worth
from dashboard.customers.churn.learn import END_NAMES, learned
from dashboard.customers.churn.learned import BANDS, Learned
from dashboard.customers.churn.rule import ChurnRule, Reading
from dashboard.insights import periods, where
from dashboard.insights.registry import Need, insight
from dashboard.insights.totals import json_number
from dashboard.insights.users import chosen
from dashboard.insights.view import View
from dashboard.result import LeftOut, Result

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

NEED = Need(
    ("users.churned", "events", "users.last_active_time", *(f"users.{name}" for name in END_NAMES)),
    "who left, or activity over time",
)
SORTS = ("probability", "value_at_risk", "overdue", "lifetime_value", "user_id")
MODEL_NAMES = {"logistic": "Logistic regression", "boosted": "Boosted trees", "rules": "Rules"}
DRIVER_PEOPLE = 2_000  # contributions of everybody's groups are averaged over so many
RISK_BINS = 20
MAX_ROWS = 1_000_000


def made(view: View, settings: dict[str, Any]) -> tuple[Learned, ChurnRule, Reading]:
    made, reading = rule.from_json(settings)
    return learned(view, made), made, reading


def _basis_text(found: Learned) -> str:
    if found.basis == "activity":
        what = "no order" if found.spec is not None and found.spec.shop else "no activity"
        return f"Leaving = {what} in the {found.window} days after a day."
    if found.basis == "ended":
        return f"Leaving = the end date lies in the {found.window} days after a day."
    if found.basis == "churned":
        return "Leaving = marked as left in the file; the file does not say when."
    return "Nothing in the file says who left."


def _model(found: Learned) -> str:
    return found.trained.model.kind if found.trained is not None else "rules"


def _why_model(found: Learned) -> str:
    """Which model, and why, in a sentence."""
    if found.trained is None:
        return f"No model: {found.reason} People are sorted by their silence against their own rhythm."
    tried = {c.kind: c for c in found.trained.candidates}
    if "boosted" in tried:
        trees = tried["boosted"]
        ahead = f"{abs(trees.ahead):.3f} (standard error {trees.error:.3f})"
        if _model(found) == "boosted":
            return f"Boosted trees: their AUC is ahead of logistic regression by {ahead}."
        side = "ahead" if trees.ahead > 0 else "behind"
        return (
            f"Logistic regression: boosted trees are {side} by {ahead}, which is not enough to give up plain reasons."
        )
    if found.rule.model != "auto":
        return f"{MODEL_NAMES[_model(found)]}: chosen by you."
    return "Logistic regression: too few people have left, or stayed, to feed boosted trees."


def _days(found: Learned) -> dict[str, Any]:
    at = found.cuts
    if at is None:
        return {"train_days": [], "test_day": None, "test_until": None}
    return {
        "train_days": [periods.iso(day) for day in at.train],
        "test_day": periods.iso(at.test),
        "test_until": periods.iso(at.test + at.window - 1),
    }


def _head(view: View, found: Learned, reading: Reading) -> dict[str, Any]:
    """What every churn answer says about its model."""
    _, watch, risk = story.bands_of(found, reading)
    return {
        "basis": found.basis,
        "model": _model(found),
        "definition": _basis_text(found),
        "window": found.window,
        "base": json_number(found.base),
        "watch_from": json_number(watch),
        "risk_from": json_number(risk),
        "fit_seconds": found.seconds,
    }


def _notes(view: View, found: Learned) -> tuple[str, ...]:
    said = [_basis_text(found)]
    if found.trained is None:
        said.append(_why_model(found))
    proposal = found.proposal
    if proposal is not None and found.basis == "activity" and found.window:
        said.append(cuts.return_note(proposal, found.window))
    if found.shift:
        said.append(f"Probabilities are shifted to the latest period (by {found.shift:+.2f} in log-odds).")
    return (*(text for text in said if text), *where.ignored(view, None))


def result(
    name: str,
    view: View,
    found: Learned,
    reading: Reading,
    frame: pd.DataFrame,
    units: dict[str, str],
    summary: dict[str, Any],
    left_out: tuple[LeftOut, ...] = (),
) -> Result:
    manifest = view.dataset.manifest
    return Result(
        name,
        frame,
        units=units,
        summary={**_head(view, found, reading), **summary},
        left_out=left_out,
        notes=_notes(view, found),
        rows_read=manifest.rows.get("events", manifest.users),
        users_read=manifest.users,
    )


def banded(view: View, found: Learned, reading: Reading) -> tuple[Ints, Mask]:
    """(band of everybody in ``found.now``, whom the filters choose)."""
    band, _, _ = story.bands_of(found, reading)
    return band, chosen(view)[found.now.row]


def per_band(band: Ints, mask: Mask) -> dict[str, int]:
    people = np.bincount(band[mask], minlength=len(BANDS))
    return {name: int(n) for name, n in zip(BANDS, people, strict=True)}


@insight(
    "churn",
    "Churn model",
    definition="Which model predicts who leaves, and how good it is on people and a period its training did not see.",
    needs=(NEED,),
)
def churn(view: View, **settings: Any) -> Result:
    """One row per figure of the test (none without a model). Columns: measure (str, stable code: roc_auc, pr_auc,
    brier, log_loss, lift_10, calibration_intercept, calibration_slope, base_rate, no_information_rate, accuracy, ppv,
    sensitivity, specificity, mcc), label (str), value, low, high (float64; 95 % interval, NaN where none), better (str:
    "higher", "lower", "1", "0" or ""), meaning (str).

    Options, the same for all churn insights: label (auto, activity: silent in the window, ended: an end date, churned:
    the file's own label), window (days, 0 = from the data), end (column with end dates), model (auto, logistic,
    boosted, rules), columns (more user columns as features), exclude, keep (columns to use in spite of a leak
    warning), recalibrate; watch, risk (probabilities from which the bands begin), margin, months (of the lifetime
    value).

    summary: basis, model ("logistic", "boosted", "rules"), why, definition, window, base (share who left in the test),
    train_days, test_day, test_until (ISO; label windows), train_people, train_left, test_people, test_left, threshold
    (where accuracy, ppv ... are taken), flagged, people (at risk today, as filtered), bands {healthy, watch, at risk:
    people}, watch_from, risk_from, expected (sum of probabilities), value_at_risk (money or None), compared [{name,
    roc}], candidates [{kind, roc, ahead, error}], calibration ("sigmoid", "isotonic", ""), tiers [{name, meaning,
    people, left, rate, low, high}] (rules only), warnings [{code, text, column}], features (number), fit_seconds.
    """
    found, _, reading = made(view, settings)
    band, mask = banded(view, found, reading)
    value, no_value = worth.lifetime_value(view, found, reading)
    trained, figures = found.trained, found.quality
    p = found.p[mask]
    summary = {
        "why": _why_model(found),
        **_days(found),
        "train_people": found.train_rows,
        "train_left": found.train_left,
        "test_people": len(found.test_p),
        "test_left": int(found.test_left.sum()),
        "threshold": json_number(figures.threshold) if figures is not None else None,
        "flagged": figures.flagged if figures is not None else None,
        "people": int(mask.sum()),
        "bands": per_band(band, mask),
        "expected": json_number(float(p.sum())) if len(p) and not np.isnan(p).any() else None,
        "value_at_risk": json_number(float(np.nansum(p * value[mask]))) if value is not None else None,
        "no_value": no_value,
        "compared": [{"name": name, "roc": json_number(roc)} for name, roc in found.compared],
        "candidates": [vars(c) for c in trained.candidates] if trained is not None else [],
        "calibration": trained.calibrator.kind if trained is not None else "",
        "tiers": [{**vars(t), **{k: json_number(getattr(t, k)) for k in ("rate", "low", "high")}} for t in found.tiers],
        "warnings": [warning.to_json() for warning in found.warnings],
        "features": len(found.now.columns),
    }
    units = {"value": "number", "low": "number", "high": "number"}
    return result("churn", view, found, reading, card.frame(figures), units, summary)


@insight(
    "churn_curves",
    "Curves of the churn model",
    definition="Reliability, ROC, precision–recall and lift on the test, and how risk spreads among people today.",
    needs=(NEED,),
)
def churn_curves(view: View, **settings: Any) -> Result:
    """Curves one below the other. Columns: curve (str), x, y, low, high (float64, NaN where none), people, left
    (int64), threshold (float64, NaN where none).

    reliability: x mean predicted, y observed share (Wilson 95 %), people and left of the group. roc: x share of stayers
    flagged, y share of leavers flagged, people flagged and left among them at probability >= threshold. pr: x recall, y
    precision. lift: x tenth (1 = highest risk), y share who left over the base rate. risk: x lower end of a bin of
    probability (width 0.05) of people at risk today (as filtered), y their share, people; left is 0. Without a model
    only risk, or nothing. Options and head of the summary as for churn."""
    found, _, reading = made(view, settings)
    _, mask = banded(view, found, reading)
    parts = []
    if found.trained is not None:
        parts.append(quality.curves(found.test_p, found.test_left))
    p = found.p[mask]
    parts.append(_spread(p[~np.isnan(p)]))
    frame = pd.concat(parts, ignore_index=True)
    units = {"people": "count", "left": "count", "threshold": "rate"}
    return result("churn_curves", view, found, reading, frame, units, {"people": int(mask.sum())})


def _spread(p: Floats) -> pd.DataFrame:
    people = np.bincount(np.minimum((p * RISK_BINS).astype(np.int64), RISK_BINS - 1), minlength=RISK_BINS)
    if not len(p):
        people = people[:0]
    x = np.arange(len(people)) / RISK_BINS
    nothing = np.full(len(people), np.nan)
    return pd.DataFrame(
        {
            "curve": pd.Series(["risk"] * len(people), dtype="str"),
            "x": x,
            "y": people / max(len(p), 1),
            "low": nothing,
            "high": nothing,
            "people": people.astype(np.int64),
            "left": np.zeros(len(people), np.int64),
            "threshold": nothing,
        }
    )
