"""One person's churn story, for their page."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.customers.churn import reasons, rule, tiers, worth
from dashboard.customers.churn.learn import learned
from dashboard.customers.churn.learned import BANDS, Learned
from dashboard.customers.churn.reasons import Reason
from dashboard.customers.churn.rule import Reading
from dashboard.errors import CannotAnswer
from dashboard.insights.totals import json_number
from dashboard.insights.view import View

Floats = npt.NDArray[np.float64]
RHYTHM = ("silence", "gap")  # words of a table that tell somebody's rhythm


@dataclass(frozen=True)
class ChurnStory:
    """probability: of leaving (None without a model or a measured tier). band: "healthy", "watch", "at risk"; "gone"
    for people who are counted as left already (no probability then). reasons: by size, signed (effect in log-odds
    against the average person). silent_days, usual_gap, overdue: days since the last activity, usual days between
    active days, their quotient (None where not known). window: days that the probability is about (0: no time).
    lifetime_value, value_at_risk: money, None where there is none. p_no_order: of the purchase model, for shops.
    basis, model: "activity" | "ended" | "churned" | "silence"; "logistic" | "boosted" | "rules". note: what must be
    said with it; "" = nothing.
    """

    probability: float | None
    band: str
    reasons: tuple[Reason, ...]
    silent_days: float | None
    usual_gap: float | None
    overdue: float | None
    window: int
    lifetime_value: float | None
    value_at_risk: float | None
    p_no_order: float | None
    basis: str
    model: str
    note: str


def bands_of(found: Learned, reading: Reading) -> tuple[npt.NDArray[np.int64], float, float]:
    """(0 healthy, 1 watch, 2 at risk per person of ``found.now``; the probabilities from which the bands begin, NaN
    with rules, where the tier is the band)."""
    if found.trained is None:
        if found.basis == "silence":
            silence = found.now.words["silence"]
            return np.digitize(silence, [found.window / 2, found.window], right=True), float("nan"), float("nan")
        if "gap" not in found.now.words:
            return np.ones(len(found.now), np.int64), float("nan"), float("nan")
        return tiers.tier_of(found.now.words["silence"] / found.now.words["gap"]), float("nan"), float("nan")
    watch = reading.watch or min(found.watch_limit, reading.risk or 1)
    risk = max(reading.risk or found.risk_limit, watch)
    return (found.p >= watch).astype(np.int64) + (found.p >= risk), watch, risk


def explain(view: View, user_id: str, **options: Any) -> ChurnStory | None:
    """The story of one person as of the view's day; filters play no part. None for an unknown person and where the data
    cannot say anything about leaving. options: as for the insight ``churn``."""
    place = view.dataset.find(user_id)
    if place is None:
        return None
    settings, reading = rule.from_json(options)
    try:
        found = learned(view, settings)
    except CannotAnswer:
        return None
    row = sum(p.n_users for p in view.dataset.partitions[: place[0]]) + place[1]
    at = np.flatnonzero(found.now.row == row)
    model = found.trained.model.kind if found.trained is not None else "rules"
    if not len(at):
        text = "Marked as left in the file." if found.basis in ("churned", "ended") else _gone(found)
        nothing = None
        return ChurnStory(
            nothing,
            "gone",
            (),
            nothing,
            nothing,
            nothing,
            found.window,
            nothing,
            nothing,
            nothing,
            found.basis,
            model,
            text,
        )
    person = int(at[0])
    band, _, _ = bands_of(found, reading)
    value, _ = worth.lifetime_value(view, found, reading)
    p = float(found.p[person])
    money = float(value[person]) if value is not None else float("nan")
    silence, gap = (float(found.now.words[name][person]) if name in found.now.words else math.nan for name in RHYTHM)
    return ChurnStory(
        probability=json_number(p),
        band=BANDS[int(band[person])],
        reasons=tuple(reasons.all_reasons(found, person)),
        silent_days=json_number(silence),
        usual_gap=json_number(gap),
        overdue=json_number(silence / gap) if gap else None,
        window=found.window,
        lifetime_value=json_number(money),
        value_at_risk=json_number(p * money),
        p_no_order=json_number(float(found.p_no_order[person])) if found.p_no_order is not None else None,
        basis=found.basis,
        model=model,
        note=found.reason,
    )


def _gone(found: Learned) -> str:
    return f"Silent for more than {2 * found.window} days: counted as gone already."
