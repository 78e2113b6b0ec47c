"""Subscribers one by one, and the curves behind the value of their plans: how long they stay, seen and modelled."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.customers.clv import sbg, value_rule
from dashboard.customers.clv.fit import Fit
from dashboard.customers.clv.subscriptions import fit_plan
from dashboard.customers.clv.value_rule import ValueRule
from dashboard.errors import UserError
from dashboard.insights import options
from dashboard.insights.clv_subscriptions import ALL, Subscribers, left_out, subscribers
from dashboard.insights.registry import CHURNED, insight
from dashboard.insights.rfm import ids_of
from dashboard.insights.view import View
from dashboard.result import Result
from dashboard.statistics.survival import MIN_AT_RISK, kaplan_meier

Floats = npt.NDArray[np.float64]
MAX_MONTHS = 120
STATUS = ("staying", "left", "all")


@insight(
    "clv_subscription_curves",
    "How long subscribers stay",
    definition="Share of subscribers still there after each month, as seen (Kaplan–Meier) and by the model (sBG).",
    needs=(CHURNED,),
)
def clv_subscription_curves(view: View, *, by: str = "plan", tenure: str = "", months: Any = 12) -> Result:
    """One row per group and month from 0 to the longest time seen, at least the horizon and at most 120. Columns:
    group ("All" last), month, observed (Kaplan–Meier; NaN beyond what was seen), low, high (95 %, log-log; NaN where
    fewer than 10 are at risk), at_risk, model (sBG; NaN where too few have left). Options: by, tenure, months as in
    clv_subscriptions."""
    rule = value_rule.from_json({"months": months})
    people = subscribers(view, by=by, tenure=tenure)
    frames = [_curve(name, people.months[mask], people.left[mask], rule) for name, mask in people.parts()]
    names = ["group", "month", "observed", "low", "high", "at_risk", "model"]
    frame = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=names)
    return Result(
        "clv_subscription_curves",
        frame,
        units={"observed": "rate", "low": "rate", "high": "rate", "at_risk": "count", "model": "rate"},
        summary={"months": rule.months, "groups": [name for name, _ in people.parts()]},
        left_out=left_out(people),
        users_read=view.dataset.manifest.users,
    )


def _curve(name: str, months: Floats, left: npt.NDArray[np.bool_], rule: ValueRule) -> pd.DataFrame:
    seen = int(months.max()) if len(months) else 0
    month = np.arange(0, min(max(seen, rule.months), MAX_MONTHS) + 1)
    begun = months > 0  # before the first renewal nobody can leave
    curve = kaplan_meier(months[begun], left[begun])
    at = np.searchsorted(curve.times, month, side="right") - 1
    known = month <= seen
    at_risk = (months[begun][None, :] >= month[:, None]).sum(axis=1)
    banded = known & (at_risk >= MIN_AT_RISK) & (at >= 0)

    def step(values: Floats, before: float, shown: npt.NDArray[np.bool_]) -> Floats:
        found = np.where(at >= 0, values[at], before) if len(values) else np.full(len(month), before)
        return np.where(shown, found, np.nan)

    fit = fit_plan(months, left)
    model = sbg.survival(fit.parameters, month) if fit is not None else np.full(len(month), np.nan)
    return pd.DataFrame(
        {
            "group": name,
            "month": month,
            "observed": step(curve.survival, 1.0, known),
            "low": step(curve.low, np.nan, banded),
            "high": step(curve.high, np.nan, banded),
            "at_risk": np.where(known, at_risk, 0).astype(np.int64),
            "model": model,
        }
    )


@insight(
    "clv_subscribers",
    "Subscribers with their value",
    definition="Subscribers with how long they have been there and what they are expected to pay.",
    needs=(CHURNED,),
)
def clv_subscribers(
    view: View,
    *,
    group: str = ALL,
    status: str = "staying",
    by: str = "plan",
    tenure: str = "",
    fee: str = "",
    **settings: Any,
) -> Result:
    """Subscribers by clv, the highest first. Columns: user_id, group ("" without one), months, fee, p_stay (chance to
    be there after the horizon), payments (expected, discounted), clv; the last three are NaN of those who left and
    where too few have left for a model. A group too small for a model of its own has that of all. Options: group of
    clv_subscriptions ("All"), status (staying, left, all), by, tenure, fee, months, margin, discount. summary:
    customers."""
    rule = value_rule.from_json(settings)
    if status not in STATUS:
        raise options.bad("status", f"one of {', '.join(STATUS)}")
    people = subscribers(view, by=by, tenure=tenure, fee=fee)
    parts = dict(people.parts())
    if group not in parts and group != ALL:
        raise UserError("unknown_group", "There is no group of that name.", f"There are: {', '.join(parts)}.")
    frame = valued(people, rule)
    mask = parts.get(group, people.usable)
    if status != "all":
        mask = mask & (people.left == (status == "left"))
    index = np.flatnonzero(mask)
    found = frame.iloc[index]
    found = found.assign(user_id=pd.Series(ids_of(view, index), index=found.index, dtype="str"))
    found = found.sort_values(["clv", "months", "user_id"], ascending=[False, False, True], kind="stable")
    order = ["user_id", "group", "months", "fee", "p_stay", "payments", "clv"]
    money = "money" if people.in_money else "number"
    return Result(
        "clv_subscribers",
        found[order].reset_index(drop=True),
        units={"months": "number", "fee": money, "p_stay": "rate", "payments": "number", "clv": money},
        summary={"customers": len(found)},
        left_out=left_out(people),
        users_read=view.dataset.manifest.users,
    )


def valued(people: Subscribers, rule: ValueRule) -> pd.DataFrame:
    """Everybody in partition order, without ids."""
    n = len(people.months)
    p_stay, payments = np.full(n, math.nan), np.full(n, math.nan)
    parts = people.parts()
    overall = fit_plan(people.months[parts[-1][1]], people.left[parts[-1][1]]) if parts else None
    done = np.zeros(n, bool)
    for _, mask in parts:
        todo = mask & ~done & ~people.left
        fit = fit_plan(people.months[mask], people.left[mask]) or overall
        if fit is not None and todo.any():
            p_stay[todo], payments[todo] = _ahead(fit, people.months[todo], rule)
        done |= mask
    labels = np.array([*people.names, ""], dtype=object)[people.group]
    fee = people.fee.copy()
    for _, mask in parts[:-1] or parts:  # an unknown fee counts as the mean of the plan, as in the sum
        known = fee[mask]
        if np.isnan(known).any() and not np.isnan(known).all():
            fee[mask] = np.where(np.isnan(known), np.nanmean(known), known)
    return pd.DataFrame(
        {
            "group": pd.Series(labels, dtype="str"),
            "months": people.months,
            "fee": fee,
            "p_stay": p_stay,
            "payments": payments,
            "clv": rule.margin * fee * payments,
        }
    )


def _ahead(fit: Fit, months: Floats, rule: ValueRule) -> tuple[Floats, Floats]:
    """(chance to be there after the horizon, discounted expected payments) of subscribers with so many months."""
    values, inverse = np.unique(months, return_inverse=True)
    stay = sbg.survival(fit.parameters, values + rule.months) / sbg.survival(fit.parameters, values)
    paid = sbg.payments(fit.parameters, values, rule.months, rule.per_month)
    return stay[inverse], paid[inverse]
