"""Lifetime value of subscribers, per plan: a survival curve that lets loyal ones stay, a fee, a finite horizon."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard import schema
from dashboard.customers.clv import value_rule
from dashboard.customers.clv.subscriptions import Plan, plan_value
from dashboard.customers.clv.value_rule import DAYS_PER_MONTH, ValueRule
from dashboard.customers.rfm_read import FEES
from dashboard.customers.table import local_days
from dashboard.errors import CannotAnswer
from dashboard.insights import where
from dashboard.insights.registry import CHURNED, insight
from dashboard.insights.totals import json_number
from dashboard.insights.users import chosen, column_of, everybody
from dashboard.insights.view import View
from dashboard.result import LeftOut, Result

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
ALL = "All"
TENURES = ("tenure", "tenure_months", "months")
_UNITS = {
    "customers": "count",
    "left": "count",
    "survival": "rate",
    "observed": "rate",
    "payments": "number",
    "fee": "money",
    "clv": "money",
    "low": "money",
    "high": "money",
    "clv_mean": "money",
    "churn_rate": "rate",
}


@insight(
    "clv_subscriptions",
    "Lifetime value of subscribers",
    definition="What subscribers are expected to pay over a stated number of months, from the survival curve per plan.",
    needs=(CHURNED,),
)
def clv_subscriptions(view: View, *, by: str = "plan", tenure: str = "", fee: str = "", **settings: Any) -> Result:
    """One row per value of ``by``, and "All" last. Columns: group, customers, left, alpha, beta (of the sBG model; NaN
    where fewer than 50 subscribers or 10 who left), survival and observed (share still there after the horizon, by the
    model and by Kaplan-Meier), payments (discounted, expected of a new subscriber), fee (mean per month), clv (of those
    still there), low, high (95 %), clv_mean, churn_rate (per month). Without a fee column money is counted in
    months paid. Options: by (a text column of the users), tenure (their number of months; otherwise from the sign-up
    date), fee (their price per month), months, margin, discount. Raises CannotAnswer where the length of the
    subscriptions is unknown."""
    rule = value_rule.from_json(settings)
    people = subscribers(view, by=by, tenure=tenure, fee=fee)
    money = people.in_money
    rows = [
        _row(name, plan_value(people.months[part], people.left[part], people.fee[part], rule), people.fee[part])
        for name, part in people.parts()
    ]
    frame = pd.DataFrame(rows, columns=["group", *_COLUMNS])
    return Result(
        "clv_subscriptions",
        frame,
        units={**_UNITS, **({} if money else dict.fromkeys(("fee", "clv", "low", "high", "clv_mean"), "number"))},
        summary=_summary(frame, rule, money),
        left_out=left_out(people),
        notes=(*_notes(rule, money), *where.ignored(view, None)),
        rows_read=view.dataset.manifest.users,
        users_read=view.dataset.manifest.users,
    )


@dataclass(frozen=True)
class Subscribers:
    """Everybody, in partition order. months: whole months as a subscriber, NaN unknown. left: whether they did. fee:
    per month (NaN unknown; 1 where there is no such column: in_money is False then). group: index into names,
    -1 = none. usable: whom the filters choose and of whom both are known; unknown: how many they choose besides."""

    months: Floats
    left: Mask
    fee: Floats
    in_money: bool
    names: tuple[str, ...]
    group: npt.NDArray[np.int64]
    usable: Mask
    unknown: int

    def parts(self) -> list[tuple[str, Mask]]:
        """(group, mask) of every group with anybody in it, and "All" last."""
        found = [(name, self.usable & (self.group == index)) for index, name in enumerate(self.names)]
        return [(name, mask) for name, mask in (*found, (ALL, self.usable)) if mask.any()]


def subscribers(view: View, *, by: str = "plan", tenure: str = "", fee: str = "") -> Subscribers:
    """Who subscribes for how long, and who left. Raises CannotAnswer where the length is not known."""
    mask = chosen(view)
    months = _months(view, tenure)
    gone = column_of(view, "churned").astype(np.int64)
    price, money = _fee(view, fee)
    usable = mask & ~np.isnan(months) & (gone >= 0)
    names, codes = _groups(view, by)
    return Subscribers(months, gone == 1, price, money, tuple(names), codes, usable, int((mask & ~usable).sum()))


def left_out(people: Subscribers) -> tuple[LeftOut, ...]:
    """People who could not be counted."""
    text = "people of whom it is not known how long they stayed, or whether"
    return (LeftOut("unknown_tenure", people.unknown, text),) if people.unknown else ()


_COLUMNS = (
    *("customers", "left", "alpha", "beta", "survival", "observed", "payments"),
    *("fee", "clv", "low", "high", "clv_mean", "churn_rate"),
)


def _row(name: str, plan: Plan, price: Floats) -> tuple[Any, ...]:
    alpha, beta = plan.fit.parameters if plan.fit is not None else (math.nan, math.nan)
    staying = plan.customers - plan.left
    mean = plan.value / staying if staying else math.nan
    fee = float(np.nanmean(price)) if not np.isnan(price).all() else math.nan
    shape = (plan.survival, plan.observed, plan.payments, fee, plan.value, plan.low, plan.high, mean, plan.churn_rate)
    return (name, plan.customers, plan.left, alpha, beta, *shape)


def _summary(frame: pd.DataFrame, rule: ValueRule, money: bool) -> dict[str, Any]:
    last = frame.iloc[-1].to_dict() if len(frame) else {}
    totals: dict[str, Any] = {
        name: json_number(float(last[name])) for name in ("clv", "low", "high", "churn_rate") if name in last
    }
    return {"months": rule.months, "margin": rule.margin, "discount": rule.discount, "in_money": money, **totals}


def _notes(rule: ValueRule, money: bool) -> tuple[str, ...]:
    notes = [
        f"The next {rule.months} months, discounted by {rule.discount:.0%} a year; nothing later is counted.",
        "The sum of the plans and the row All are two models: they need not be equal.",
    ]
    if not money:
        notes.append("There is no price per month: values are months paid. Name the column with the fee to see money.")
    return tuple(notes)


def _numeric(view: View, name: str) -> bool:
    users = view.dataset.partitions[0].users
    return users.has(name) and users.column(name).dtype == np.float64


def _months(view: View, wanted: str) -> Floats:
    """Whole months as a subscriber, NaN = unknown: a column of months, or from sign-up to the last activity of those
    who left and to the as-of day of the others."""
    for name in (wanted,) if wanted else TENURES:
        if _numeric(view, name):
            return np.floor(column_of(view, name).astype(np.float64))
    if wanted or not view.dataset.manifest.has_column("users", "signup_time"):
        raise CannotAnswer(
            "The value of subscribers needs to know how long each has been one.",
            (wanted or "signup_time",),
            "Map the sign-up date, or name a number of months per user as tenure.",
        )
    start = local_days(column_of(view, "signup_time").astype(np.int64), view.dataset.manifest.time_zone)
    people = everybody(view)
    last = np.full(len(start), np.nan)
    last[people.frame["row"].to_numpy()] = people.values("last_day")
    gone = column_of(view, "churned").astype(np.int64) == 1
    end = np.where(gone, np.fmin(last, view.as_of), float(view.as_of))
    return np.floor(np.where(end >= start, end - start, np.nan) / DAYS_PER_MONTH)


def _fee(view: View, wanted: str) -> tuple[Floats, bool]:
    """(price per month of everybody, whether there is one); 1 each without."""
    for name in (wanted,) if wanted else FEES:
        if _numeric(view, name):
            return column_of(view, name).astype(np.float64), True
    if wanted:
        raise CannotAnswer(f"The users have no number called “{wanted}”.", (wanted,), "Name a numeric column.")
    return np.ones(view.dataset.manifest.users), False


def _groups(view: View, by: str) -> tuple[list[str], npt.NDArray[np.int64]]:
    """(names, index per person, -1 = none); no names where the users have no such column."""
    users = view.dataset.partitions[0].users
    if not users.has(by) or users.column(by).dtype != np.int32:
        if by != "plan":
            raise CannotAnswer(f"The users have no text column “{by}”.", (by,), "Choose another column.")
        return [], np.full(view.dataset.manifest.users, schema.NULL_CODE, np.int64)
    codes = column_of(view, by).astype(np.int64)
    used = np.unique(codes[codes >= 0])
    texts = view.dataset.dictionary(by)
    index = np.searchsorted(used, codes)
    return [str(text) for text in texts[used]], np.where(codes >= 0, index, -1)
