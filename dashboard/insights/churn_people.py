"""The people who may leave: as a ranked list with reasons, and as the ids behind a count."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.customers.churn import reasons, worth
from dashboard.customers.churn.learned import BANDS, Learned
from dashboard.errors import UserError
from dashboard.insights import options
from dashboard.insights.churn import NEED, banded, made, per_band, result
from dashboard.insights.registry import insight
from dashboard.insights.rfm import ids_of
from dashboard.insights.totals import json_number
from dashboard.insights.view import View
from dashboard.result import Result

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
SORTS = ("probability", "value_at_risk", "overdue", "lifetime_value", "user_id")
MAX_ROWS = 1_000_000


@insight(
    "churn_people",
    "People at risk of leaving",
    definition="The people who may leave, with probability, risk band, rhythm, value at risk and reasons in words.",
    needs=(NEED,),
)
def churn_people(
    view: View,
    *,
    band: str = "",
    user_id: str = "",
    sort: str = "probability",
    rows: Any = 1_000,
    **settings: Any,
) -> Result:
    """One row per person at risk, the first ``rows`` by sort, descending (user_id: ascending). Columns: user_id (str),
    probability (float64; NaN where nothing was measured), band (str: healthy, watch, at risk), silent_days, usual_gap,
    overdue (float64: days since the last activity, usual days between active days drawn towards everybody's median,
    their quotient; NaN where there is no time), lifetime_value (predicted, money), value_at_risk (probability ×
    lifetime_value), p_no_order (chance of no order in the window by the purchase model, for shops); NaN where there is
    none; reason_1, reason_2, reason_3 (str, "" where fewer speak for leaving). Options: band (one of the three);
    user_id (one person); sort (probability, value_at_risk, overdue, lifetime_value, user_id); rows (1 to 1,000,000);
    the others as for churn. summary: head as for churn, total (people chosen), bands, value_at_risk (sum over the
    chosen, None without money), expected (sum of probabilities)."""
    if sort not in SORTS:
        raise options.bad("sort", f"one of {', '.join(SORTS)}")
    limit = options.whole(rows, "rows", 1, MAX_ROWS)
    found, _, reading = made(view, settings)
    bands, mask = banded(view, found, reading)
    counts = per_band(bands, mask)
    mask = mask & _in_band(bands, band)
    if user_id:
        mask = mask & (found.now.row == _row_of(view, user_id))
    value, no_value = worth.lifetime_value(view, found, reading)
    index = np.flatnonzero(mask)
    picked = _first(found, value, index, sort)[:limit]
    frame = _people(view, found, bands, value, picked)
    chosen_p = found.p[index]
    summary = {
        "total": len(index),
        "bands": counts,
        "expected": json_number(float(chosen_p.sum())) if len(index) else 0.0,
        "value_at_risk": json_number(float(np.nansum(chosen_p * value[index]))) if value is not None else None,
        "no_value": no_value,
    }
    units = {
        "probability": "rate",
        "silent_days": "days",
        "usual_gap": "days",
        "overdue": "number",
        "lifetime_value": "money",
        "value_at_risk": "money",
        "p_no_order": "rate",
    }
    return result("churn_people", view, found, reading, frame, units, summary)


def _in_band(bands: Ints, band: str) -> Mask:
    if not band:
        return np.ones(len(bands), bool)
    if band not in BANDS:
        raise UserError("unknown_band", "There is no risk band of that name.", f"There are: {', '.join(BANDS)}.")
    inside: Mask = bands == BANDS.index(band)
    return inside


def _row_of(view: View, user_id: str) -> int:
    """Position of a person in partition order, -1 when unknown."""
    place = view.dataset.find(user_id)
    if place is None:
        return -1
    return sum(p.n_users for p in view.dataset.partitions[: place[0]]) + place[1]


def _rhythm(found: Learned) -> tuple[Floats, Floats, Floats]:
    """(days of silence, usual gap, their quotient) of everybody at risk, NaN where not known."""
    nothing = np.full(len(found.now), np.nan)
    silence, gap = (found.now.words.get(name, nothing) for name in ("silence", "gap"))
    return silence, gap, silence / gap


def _first(found: Learned, value: Floats | None, index: Ints, sort: str) -> Ints:
    """The people in order; equal ones in the order of their ids, as ``found.now`` is."""
    if sort == "user_id":
        return index
    worthless = np.full(len(found.now), np.nan)
    keys = {
        "probability": found.p,
        "value_at_risk": found.p * (value if value is not None else worthless),
        "overdue": _rhythm(found)[2],
        "lifetime_value": value if value is not None else worthless,
    }
    return index[np.argsort(-np.nan_to_num(keys[sort][index], nan=-np.inf), kind="stable")]


def _people(view: View, found: Learned, bands: Ints, value: Floats | None, index: Ints) -> pd.DataFrame:
    nothing = np.full(len(found.now), np.nan)
    worth_each = value if value is not None else nothing
    silence, gap, overdue = _rhythm(found)
    told = reasons.top_reasons(found, index)
    texts = [[reason.text for reason in mine] + [""] * (3 - len(mine)) for mine in told]
    return pd.DataFrame(
        {
            "user_id": pd.Series(ids_of(view, found.now.row[index]), dtype="str"),
            "probability": found.p[index],
            "band": pd.Series(np.array(BANDS, dtype=object)[bands[index]], dtype="str"),
            "silent_days": silence[index],
            "usual_gap": gap[index],
            "overdue": overdue[index],
            "lifetime_value": worth_each[index],
            "value_at_risk": (found.p * worth_each)[index],
            "p_no_order": (found.p_no_order if found.p_no_order is not None else nothing)[index],
            **{f"reason_{k + 1}": pd.Series([row[k] for row in texts], dtype="str") for k in range(3)},
        }
    )


@insight(
    "churn_members",
    "Who is in a risk band",
    definition="The ids of the people in a risk band: exactly those that are counted.",
    needs=(NEED,),
)
def churn_members(view: View, *, band: str = "at risk", **settings: Any) -> Result:
    """Column: user_id (str), sorted. Options: band (healthy, watch, at risk; "" = all three); the others as for churn.
    summary: head as for churn, users."""
    found, _, reading = made(view, settings)
    bands, mask = banded(view, found, reading)
    index = np.flatnonzero(mask & _in_band(bands, band))
    frame = pd.DataFrame({"user_id": pd.Series(ids_of(view, found.now.row[index]), dtype="str")})
    return result("churn_members", view, found, reading, frame, {}, {"users": len(index)})
