"""RFM of a dataset as of a day: which persons, measured how, with their scores.

From orders: days since the last order, distinct orders (or order days), net (or gross) money. From use, for
subscriptions: days since the last use, active days, fee paid (or what stands for it).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dashboard.customers.rfm import Scored, score
from dashboard.customers.rfm_map import SegmentMap
from dashboard.customers.rfm_orders import has_orders, order_book
from dashboard.customers.rfm_rule import RfmRule
from dashboard.customers.table import People
from dashboard.errors import CannotAnswer
from dashboard.insights.users import everybody
from dashboard.insights.view import View
from dashboard.result import LeftOut

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
FEES = ("fee", "monthly_fee", "monthly_charges", "monthlycharges", "mrr", "price")


@dataclass(frozen=True)
class RfmTable:
    """row: position of every scored person among all persons in partition order. labels: what recency, frequency and
    money are here, for people. basis: "orders" or "usage"."""

    scored: Scored
    row: Ints
    as_of: int
    basis: str
    labels: tuple[str, str, str]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.row)


def rfm_table(view: View, rule: RfmRule, segments: SegmentMap, as_of: int | None = None) -> RfmTable:
    """Everybody with an order (or use) up to ``as_of``, default the view's as-of day and never later. Filters play no
    part. Raises CannotAnswer when the dataset has neither."""
    until = view.as_of if as_of is None else min(as_of, view.as_of)
    if rule.basis == "orders" or (rule.basis == "auto" and has_orders(view, rule.order_events)):
        return _from_orders(view, rule, segments, until)
    return _from_use(view, rule, segments, until)


def _from_orders(view: View, rule: RfmRule, segments: SegmentMap, as_of: int) -> RfmTable:
    book = order_book(view, as_of, rule.order_events)
    frequency = book.order_count if rule.frequency == "orders" else book.order_days
    money = book.net if rule.money == "net" else book.gross_total
    scored = score(as_of - book.last_day, frequency, money, rule, segments)
    without = view.dataset.manifest.users - len(book)
    labels = (
        "Days since the last order",
        "Orders" if rule.frequency == "orders" else "Days with an order",
        "Net revenue" if rule.money == "net" else "Gross revenue",
    )
    left = (LeftOut("no_order", without, "people without an order up to that day: no score"),) if without else ()
    notes = list(scored.notes)
    negative = int((book.net < 0).sum())
    if rule.money == "net" and negative:
        notes.append(f"{negative:,} customers returned more than they bought in these data.")
    return RfmTable(scored, book.row, as_of, "orders", labels, left, tuple(notes))


def _from_use(view: View, rule: RfmRule, segments: SegmentMap, as_of: int) -> RfmTable:
    people = everybody(replace(view, as_of=as_of))
    frame = people.frame
    row = frame["row"].to_numpy(np.int64)
    recency = people.values("recency_days")
    frequency, what = _use(people)
    money, fee = _fee(view, people, rule, frequency, what)
    known = ~np.isnan(recency)
    if not known.any():
        raise CannotAnswer(
            "RFM needs orders, or the last use of each person; this dataset has neither.",
            ("transactions", "events", "last_active_time"),
            "Add an order table or an event log, or map the column with the last activity.",
        )
    order = np.argsort(row[known])
    chosen = np.flatnonzero(known)[order]
    scored = score(recency[chosen], np.nan_to_num(frequency[chosen]), np.nan_to_num(money[chosen]), rule, segments)
    missing = int((~known).sum())
    left = (LeftOut("no_activity", missing, "people without any activity up to that day: no score"),) if missing else ()
    notes = (*scored.notes, f"Scores describe use: recency of use, {what.lower()}, {fee.lower()}.")
    return RfmTable(scored, row[chosen], as_of, "usage", ("Days since the last use", what, fee), left, notes)


def _use(people: People) -> tuple[Floats, str]:
    for name, label in (("active_days", "Active days"), ("usage", "Usage")):
        if name in people.measures:
            return people.values(name), label
    raise CannotAnswer(
        "RFM by use needs active days or a usage figure; this dataset has neither.",
        ("events", "usage"),
        "Add an event log, or map a column such as watch time or sessions to Usage.",
    )


def _fee(view: View, people: People, rule: RfmRule, frequency: Floats, what: str) -> tuple[Floats, str]:
    """What stands for money: orders, a fee column of the users, usage, else the frequency itself."""
    users = view.dataset.partitions[0].users if view.dataset.partitions else None
    wanted = (rule.fee,) if rule.fee else FEES
    for name in wanted:
        if users is not None and users.has(name) and users.column(name).dtype == np.float64:
            values = np.concatenate([p.users.column(name) for p in view.dataset.partitions])
            return values[people.frame["row"].to_numpy()], name.replace("_", " ").capitalize()
    if rule.fee:
        raise CannotAnswer(
            f"The users have no number called “{rule.fee}”.", (rule.fee,), "Name a numeric column of the user table."
        )
    for measure, label in (("revenue", "Net revenue"), ("usage", "Usage")):
        if measure in people.measures:
            return people.values(measure), label
    return frequency, what


def rows_in(row: Ints, other: Ints) -> Ints:
    """Position of every ``row`` in ``other`` (both ascending), -1 = not there."""
    at = np.searchsorted(other, row)
    at[at == len(other)] = 0
    found = np.where(len(other) > 0, other[at] == row, False) if len(other) else np.zeros(len(row), bool)
    position: Ints = np.where(found, at, -1)
    return position
