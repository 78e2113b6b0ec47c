"""Lists whose rows carry more than people's common columns: customers with their value, subscribers, people at risk.

An insight named in :data:`LISTS` is shown with its own columns, in its own order, on its page and in its file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.customers import grid_query, lists
from dashboard.customers.clv import value_rule
from dashboard.customers.lists import Column
from dashboard.filters import Filters
from dashboard.insights import answer, clv_people, periods
from dashboard.insights.registry import INSIGHTS
from dashboard.insights.view import View
from dashboard.offers import targeting
from dashboard.service import core, insights
from dashboard.service.customer_results import Download, PeoplePage

Options = Mapping[str, Any]
_NOT_SETTINGS = {"group", "by"}  # options of a value list that choose customers


@dataclass(frozen=True)
class Rows:
    """A whole list. columns: shown, in order. frame: its rows in its own order, dates as day numbers. page: adds to
    some rows what is computed for shown rows only."""

    columns: tuple[Column, ...]
    frame: pd.DataFrame = field(repr=False)
    page: Callable[[pd.DataFrame], pd.DataFrame] = lambda shown: shown


def _customers(dataset_id: str, filters: Filters, options: Options) -> Rows:
    """Customers of ``clv_people``, highest value first."""
    seen = _view(dataset_id, filters, "clv_people")
    rule = value_rule.from_json({name: value for name, value in options.items() if name not in _NOT_SETTINGS})
    index = clv_people.customers_of(seen, rule, str(options.get("by", "decile")), str(options.get("group", "")))
    everybody = clv_people.everybody(seen, rule)
    frame = everybody.iloc[index]
    frame = frame.iloc[np.argsort(-frame["clv"].to_numpy(), kind="stable")]
    alive = (Column("p_alive", "Still a customer", "number", "rate"),) if frame["p_alive"].notna().any() else ()
    columns = (
        Column("user_id", "User id", "text"),
        Column("tier", "Value", "text"),
        Column("clv", f"Predicted value, {rule.months} months", "number", "money"),
        Column("low", "From (8 of 10)", "number", "money", sortable=False),
        Column("high", "To (8 of 10)", "number", "money", sortable=False),
        Column("historic", "Value so far", "number", "money"),
        Column("orders", "Expected orders", "number", "number"),
        Column("value_per_order", "Value per order", "number", "money"),
        Column("orders_so_far", "Order days so far", "number", "count"),
        Column("last_day", "Last order", "date"),
        Column("next_order", "Expected next order", "date"),
        Column("overdue_days", "Days overdue", "number", "days"),
        *alive,
        Column("p_no_purchase", f"No order in {rule.months} months", "number", "rate"),
        Column("value_at_risk", "Value at risk", "number", "money"),
        Column("note", "To check", "text"),
    )
    marks = np.where(frame["unlikely"], "above 3 × best year", "")
    frame = frame.assign(note=pd.Series(marks, index=frame.index, dtype="str"))
    return Rows(columns, frame, lambda shown: clv_people.with_ranges(seen, rule, shown))


def _subscribers(dataset_id: str, filters: Filters, options: Options) -> Rows:
    found = insights.insight("clv_subscribers", dataset_id, filters.with_(extra=()), **options)
    money = found.units["clv"]
    columns = (
        Column("user_id", "User id", "text"),
        Column("group", "Plan", "text"),
        Column("months", "Months so far", "number", "count"),
        Column("fee", "Per month", "number", money),
        Column("p_stay", "Chance to stay", "number", "rate"),
        Column("payments", "Expected payments", "number", "number"),
        Column("clv", "Expected value", "number", money),
    )
    return Rows(
        columns if found.frame["fee"].nunique() > 1 or money == "money" else _without(columns, "fee"), found.frame
    )


def _at_risk(dataset_id: str, filters: Filters, options: Options) -> Rows:
    """People of ``churn_people``, highest risk first."""
    whole = {"rows": 1_000_000, **options}
    found = insights.insight("churn_people", dataset_id, filters.with_(extra=()), **whole)
    asked = (
        Column("user_id", "User id", "text"),
        Column("probability", "Probability of leaving", "number", "rate"),
        Column("value_at_risk", "Value at risk", "number", "money"),
        Column("reasons", "Reasons", "text", sortable=False),
        Column("lifetime_value", "Predicted value", "number", "money"),
        Column("silent_days", "Days silent", "number", "days"),
        Column("usual_gap", "Usual gap, days", "number", "number"),
        Column("overdue", "Silence in usual gaps", "number", "number"),
        Column("p_no_order", "No order, purchase model", "number", "rate"),
        Column("band", "Band", "text"),
    )
    parts = [found.frame[f"reason_{k}"].astype("str") for k in (1, 2, 3)]
    told = ["; ".join(text for text in row if text) for row in zip(*parts, strict=True)]
    frame = found.frame.assign(reasons=pd.Series(told, index=found.frame.index, dtype="str"))
    columns = tuple(c for c in asked if c.type == "text" or frame[c.name].notna().any())
    return Rows(columns, frame)


def _without(columns: Sequence[Column], name: str) -> tuple[Column, ...]:
    return tuple(column for column in columns if column.name != name)


LISTS: dict[str, Callable[[str, Filters, Options], Rows]] = {
    "clv_people": _customers,
    "clv_subscribers": _subscribers,
    "churn_people": _at_risk,
}


def _view(dataset_id: str, filters: Filters, name: str) -> View:
    """The view, once the dataset can answer. Raises NotFound and CannotAnswer."""
    seen = core.view_of(dataset_id, filters.with_(extra=()))
    answer.require(seen.dataset.manifest, INSIGHTS[name].label, INSIGHTS[name].needs)
    return seen


def rows_of(dataset_id: str, filters: Filters, name: str, options: Options) -> Rows:
    """A list of :data:`LISTS`, whole. Raises NotFound, CannotAnswer and UserError."""
    return LISTS[name](dataset_id, filters, options)


def page(
    whole: Rows,
    *,
    start: int = 0,
    end: int = 100,
    sort_model: Sequence[Mapping[str, Any]] | None = None,
    filter_model: Mapping[str, Any] | None = None,
) -> PeoplePage:
    """Rows ``start`` (inclusive) to ``end`` (exclusive, at most 1,000), sorted and filtered as AG Grid asks."""
    positions = narrowed(whole, sort_model, filter_model)
    first = max(0, int(start))
    shown = positions[first : min(max(first, int(end)), first + 1_000)]
    return PeoplePage(lists.json_rows(_shown(whole, shown)), len(positions))


def download(
    whole: Rows, name: str, filters: Filters, as_of: int | None, *, filter_model: Mapping[str, Any] | None = None
) -> Download:
    """The same list as :func:`page`, all of it, as a CSV file to stream."""
    positions = narrowed(whole, None, filter_model)
    pieces = (
        _shown(whole, positions[at : at + targeting.ROWS_PER_CHUNK])
        for at in range(0, len(positions), targeting.ROWS_PER_CHUNK)
    )
    what = targeting.slug(name) + ("_narrowed" if filter_model else "")
    day = periods.iso(as_of) if as_of is not None else "no-date"
    file = targeting.file_name(what, filters.where, len(positions), day)
    return Download(file, len(positions), targeting.csv_chunks([column.name for column in whole.columns], pieces))


def narrowed(
    whole: Rows, sort_model: Sequence[Mapping[str, Any]] | None, filter_model: Mapping[str, Any] | None
) -> npt.NDArray[np.int64]:
    """The rows that pass the grid's filters, in its order. Raises UserError."""
    if not sort_model and not filter_model:
        return np.arange(len(whole.frame))
    types = {column.name: column.type for column in whole.columns if column.sortable}
    return grid_query.choose(whole.frame, types, sort_model, filter_model)


def _shown(whole: Rows, positions: npt.NDArray[np.int64]) -> pd.DataFrame:
    frame = whole.page(whole.frame.iloc[positions])
    made = {}
    for column in whole.columns:
        values = frame[column.name]
        if column.type == "date":
            made[column.name] = lists.day_text(values)
        else:
            made[column.name] = values.astype("str") if column.type == "text" else values
    return pd.DataFrame(made)
