"""The customer table: one row per person over all files of a dataset, with everything that is known about a person.

First and last seen, activity, orders and money; the place in every division (rules, RFM, K-Means groups) and, on
request because their models take a while for many people, churn risk and predicted value. Columns that the data cannot
fill are left out. It is a list of :mod:`dashboard.service.value_lists`, so pages, files and the links of rows treat it
like any other list of people.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.customers import rfm_rule
from dashboard.customers.churn.learned import BANDS
from dashboard.customers.clv.customers import value_table
from dashboard.customers.clv.value_rule import ValueRule
from dashboard.customers.lists import Column, unit
from dashboard.customers.table import MEASURE_LABEL
from dashboard.errors import UserError
from dashboard.filters import Filters
from dashboard.insights.churn import banded, made
from dashboard.insights.memo import Memo
from dashboard.insights.rfm import table_of
from dashboard.service import customer_rfm, value_lists
from dashboard.service.customer_rules import rules_of
from dashboard.service.people import PeopleView, grouping, kept_groups, view
from dashboard.service.value_lists import Rows

TABLE = "customer_table"
MODELS = "models"  # option: with churn risk and predicted value
Floats = npt.NDArray[np.float64]

_tables: Memo[Rows] = Memo(512 << 20, lambda rows: int(rows.frame.memory_usage(deep=True).sum()))


def rows(dataset_id: str, filters: Filters, options: Mapping[str, Any]) -> Rows:
    """Everybody whom the filters choose, in the order of user ids. options: switches of RFM by name, and ``models``
    (True: with churn risk and predicted value). Raises NotFound, CannotAnswer and UserError."""
    switches = {name: value for name, value in options.items() if name != MODELS}
    models = bool(options.get(MODELS))
    seen = view(dataset_id, filters, rules_of(dataset_id, filters))
    about = json.dumps([switches, models, customer_rfm.get_map(dataset_id).to_json(), kept_groups(dataset_id)])
    key = (seen.seen.scope, seen.people.as_of, seen.seen.segment_key, seen.filters, seen.rules, about)
    return _tables.get(key, lambda: _rows(dataset_id, seen, switches, models))


def _rows(dataset_id: str, seen: PeopleView, switches: Mapping[str, Any], models: bool) -> Rows:
    frame, columns = _known(seen)
    parts: list[Callable[[], tuple[dict[str, Any], list[Column]]]] = [
        lambda: _rfm(dataset_id, seen, switches),
        lambda: _groups(seen),
    ]
    if models:
        parts += [lambda: _churn(seen), lambda: _value(seen)]
    for part in parts:
        try:
            values, more = part()
        except UserError:  # these data cannot answer: the table goes without
            continue
        frame = frame.assign(**values)
        columns += more
    return Rows(tuple(columns), frame[seen.chosen].reset_index(drop=True))


def _known(seen: PeopleView) -> tuple[pd.DataFrame, list[Column]]:
    """What the files say about everybody, and the place in the rules."""
    people = seen.people
    frame = seen.frame.rename(columns={"first_day": "first_seen", "last_day": "last_seen"})
    columns = [Column("user_id", "User id", "text")]
    for name, label in (("country", "Country"), ("plan", "Plan"), ("platform", "Platform")):
        if len(frame[name].cat.categories):
            columns.append(Column(name, label, "text"))
    columns += [
        Column("first_seen", "First seen", "date"),
        Column("last_seen", "Last seen", "date"),
        Column("recency_days", "Days since last active", "number", "days"),
    ]
    if "active_days" in people.measures:
        columns.append(Column("active_days", "Active days", "number", "days"))
    if "usage" in people.measures:
        columns.append(Column("usage", MEASURE_LABEL["usage"], "number", unit("usage")))
    if "revenue" in people.measures:
        orders = frame["orders"].to_numpy(dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            each = np.where(orders > 0, frame["revenue"].to_numpy(dtype=np.float64) / orders, np.nan)
        frame = frame.assign(average_order_value=each)
        columns += [
            Column("orders", "Orders", "number", "count"),
            Column("revenue", "Net revenue", "number", "money"),
            Column("average_order_value", "Net revenue per order", "number", "money"),
        ]
    columns += [Column("segment", "Rule segment", "text"), Column("level", "Engagement level", "text")]
    return frame, columns


def _in_order(seen: PeopleView, row: npt.NDArray[np.int64], values: npt.NDArray[Any]) -> Floats:
    """Values of some persons (position in partition order) in the order of the table, NaN for the others."""
    everybody = np.full(len(seen.people), np.nan)
    everybody[row] = values
    ordered: Floats = everybody[seen.people.frame["row"].to_numpy()]
    return ordered


def _category(codes: Floats, names: tuple[str, ...]) -> pd.Categorical:
    whole = np.where(np.isnan(codes), -1, codes).astype(np.int64)
    return pd.Categorical.from_codes(whole, categories=pd.Index(names, dtype="str"))


def _rfm(dataset_id: str, seen: PeopleView, switches: Mapping[str, Any]) -> tuple[dict[str, Any], list[Column]]:
    table = table_of(seen.seen, rfm_rule.from_json(switches), customer_rfm.get_map(dataset_id))
    scored = table.scored
    values: dict[str, Any] = {
        "rfm_segment": _category(_in_order(seen, table.row, scored.segment), scored.names),
        **{
            f"rfm_{name}": _in_order(seen, table.row, score)
            for name, score in (("recency", scored.R), ("frequency", scored.F), ("money", scored.M))
        },
    }
    return values, [
        Column("rfm_segment", "RFM segment", "text"),
        Column("rfm_recency", "Recency score", "number", "count"),
        Column("rfm_frequency", "Frequency score", "number", "count"),
        Column("rfm_money", "Money score", "number", "count"),
    ]


def _groups(seen: PeopleView) -> tuple[dict[str, Any], list[Column]]:
    found = grouping(seen)
    codes = np.where(found.labels < 0, np.nan, found.labels.astype(np.float64))
    return {"group": _category(codes, found.names)}, [Column("group", "Group (K-Means)", "text")]


def _churn(seen: PeopleView) -> tuple[dict[str, Any], list[Column]]:
    found, _, reading = made(seen.seen, {})
    bands, _ = banded(seen.seen, found, reading)
    row = found.now.row
    values = {
        "churn_probability": _in_order(seen, row, found.p),
        "churn_band": _category(_in_order(seen, row, bands.astype(np.float64)), BANDS),
    }
    return values, [
        Column("churn_probability", "Chance to leave", "number", "rate"),
        Column("churn_band", "Churn risk", "text"),
    ]


def _value(seen: PeopleView) -> tuple[dict[str, Any], list[Column]]:
    rule = ValueRule()
    table = value_table(seen.seen, rule)
    values = {"clv": _in_order(seen, table.book.row, table.prediction.clv)}
    return values, [Column("clv", f"Predicted value, {rule.months} months", "number", "money")]


value_lists.LISTS[TABLE] = rows
