"""People as they are: how many by country, plan, engagement or recency, and how a number spreads among them.

Shares carry their Wilson 95 % interval. Engagement levels use the default rule of ``customers``: quantiles .33 and .66
over all people, so a filter never moves a person to another level.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.customers.rules import LEVELS, RuleSet
from dashboard.customers.segments import cut_offs
from dashboard.customers.table import MEASURE_LABEL, People, people_table
from dashboard.engine.run import run
from dashboard.errors import CannotAnswer
from dashboard.insights import where
from dashboard.insights.memo import Memo
from dashboard.insights.registry import insight
from dashboard.insights.totals import json_number, summed
from dashboard.insights.view import View
from dashboard.result import LeftOut, Result
from dashboard.statistics.intervals import wilson
from dashboard.store.partition import Partition

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
MAX_VALUES = 1_000

RECENCY = ((7, "0–7 days"), (30, "8–30 days"), (60, "31–60 days"), (120, "61–120 days"), (np.inf, "more than 120 days"))
AGE = (
    *((17.0, "under 18"), (24.0, "18–24"), (34.0, "25–34"), (44.0, "35–44")),
    *((54.0, "45–54"), (64.0, "55–64"), (np.inf, "65 and over")),
)

_people: Memo[People] = Memo(512 << 20, lambda item: int(item.frame.memory_usage(index=True).sum()))


def everybody(view: View) -> People:
    """The table of all people as of the view's day, in memory."""
    return _people.get((view.scope, view.as_of), lambda: people_table(view.dataset, view.as_of, view))


def chosen(view: View) -> npt.NDArray[np.bool_]:
    """Which people pass the filters, in partition order."""
    return run(view.dataset, lambda p: where.persons(view, p, None), lambda parts: np.concatenate(list(parts))).astype(
        bool
    )


def column_of(view: View, name: str) -> npt.NDArray[np.generic]:
    """A user column of everybody, in partition order."""
    return run(view.dataset, lambda p: p.users.column(name), lambda parts: np.concatenate(list(parts)))


def recency_days(view: View) -> Floats:
    """Days from the last activity to the as-of day, in partition order; NaN without any activity."""
    return _in_partition_order(everybody(view), "recency_days")


def _in_partition_order(people: People, name: str) -> Floats:
    values = np.empty(len(people), np.float64)
    values[people.frame["row"].to_numpy()] = people.values(name)
    return values


def _levels(view: View) -> tuple[tuple[str, ...], Codes, str]:
    people = everybody(view)
    measure = people.measure("auto")
    values = _in_partition_order(people, measure)
    low, high = cut_offs(values, RuleSet())
    codes = (values >= low).astype(np.int64) + (values >= high)
    note = f"{MEASURE_LABEL[measure]}: Low below {low:.4f}, Medium below {high:.4f}, High from there; unknown is Low."
    return LEVELS, codes, note


def _bands(values: Floats, bands: tuple[tuple[float, str], ...]) -> tuple[tuple[str, ...], Codes]:
    """Index of the band of each value: a band holds values up to and including its limit; -1 = missing."""
    codes = np.searchsorted(np.array([limit for limit, _ in bands]), values, side="left")
    return tuple(text for _, text in bands), np.where(np.isnan(values), -1, codes).astype(np.int64)


def _recency(view: View) -> tuple[tuple[str, ...], Codes, str]:
    if not view.dated:
        raise CannotAnswer(
            "Recency needs to know when people were last active; this data has no such date.",
            ("last_active_time",),
            "Map the column with the last login or last order, or add an event log.",
        )
    return *_bands(recency_days(view), RECENCY), "Days from the last activity to the as-of day."


def _age(view: View) -> tuple[tuple[str, ...], Codes, str]:
    _need_column(view, "age")
    ages = np.floor(column_of(view, "age").astype(np.float64))
    return *_bands(ages, AGE), ""


# breakdowns that are no column
DERIVED: dict[str, tuple[str, Callable[[View], tuple[tuple[str, ...], Codes, str]]]] = {
    "engagement": ("Engagement level", _levels),
    "recency": ("Last activity", _recency),
    "age_band": ("Age", _age),
}


def _need_column(view: View, name: str) -> None:
    if not view.dataset.manifest.has_column("users", name):
        raise CannotAnswer(
            f"The users have no column “{name}”.", (name,), "Choose another column or map one when importing."
        )


def column_groups(view: View, name: str) -> tuple[tuple[str, ...], Codes, str]:
    """(texts, code of each person in partition order with -1 = missing, note) of a text or yes/no column of the users.
    Raises CannotAnswer when there is no such column."""
    return _texts(view, name), column_of(view, name).astype(np.int64), ""


def _texts(view: View, name: str) -> tuple[str, ...]:
    """What the codes of a text or yes/no column of the users stand for. Raises CannotAnswer."""
    _need_column(view, name)
    kind = view.dataset.manifest.columns["users"][name].type
    if kind == "boolean":
        return "false", "true"
    if name not in view.dataset.manifest.dictionaries:
        raise CannotAnswer(
            f"“{name}” holds {'numbers' if kind == 'number' else 'dates'}, not groups.",
            (name,),
            "Choose a column with texts, or look at how its values spread.",
        )
    return tuple(str(text) for text in view.dataset.dictionary(name))


def _per_value(view: View, name: str, texts: int) -> npt.NDArray[np.int64]:
    """int64[texts + 1]: chosen people per code of a column of the users, missing first."""

    def kernel(partition: Partition) -> npt.NDArray[np.int64]:
        mine = partition.users.column(name)[where.persons(view, partition, None).view(np.bool_)]
        return np.bincount(mine.astype(np.int64) + 1, minlength=texts + 1)

    return summed(view, kernel, "users_by", name)


@insight(
    "users_by",
    "Users by country, plan, platform, engagement or any other column",
    definition="Number and share of users per value of a column.",
)
def users_by(view: View, *, dimension: str = "country", top: int = 20) -> Result:
    """Columns: value ("" = missing), users, share, low, high (Wilson 95 % interval of the share), other (True for the
    row that adds up the values after the first ``top``). Most frequent first; engagement, recency and age_band in their
    own order. Options dimension: a text or yes/no column of the users, or engagement, recency, age_band; top: 1 to
    1,000. summary: users. Raises CannotAnswer when there is no such column."""
    ordered = dimension in DERIVED
    if ordered:
        texts, codes, note = DERIVED[dimension][1](view)
        counts = np.bincount(codes[chosen(view)] + 1, minlength=len(texts) + 1)
        ranked = [*range(1, len(counts)), *([0] if counts[0] else [])]
    else:
        texts, note = _texts(view, dimension), ""
        counts = _per_value(view, dimension, len(texts))
        ranked = sorted(np.flatnonzero(counts).tolist(), key=lambda at: (-counts[at], ("", *texts)[at]))
    limit = max(1, min(int(top), MAX_VALUES))
    shown, rest = ranked[:limit], ranked[limit:]
    values, users = [("", *texts)[at] for at in shown], counts[shown]
    if rest:
        values.append(f"{len(rest)} others")
        users = np.append(users, counts[rest].sum())
    total = int(counts.sum())
    low, high = wilson(users, total)
    frame = pd.DataFrame(
        {
            "value": pd.Series(values, dtype="str"),
            "users": users,
            "other": np.arange(len(users)) >= len(shown),
            "share": users / total if total else np.full(len(users), np.nan),
            "low": low,
            "high": high,
        }
    )
    units = {"users": "count", "share": "rate", "low": "rate", "high": "rate"}
    notes = (*where.ignored(view, None), *((note,) if note else ()))
    return Result("users_by", frame, units=units, summary={"users": total}, notes=notes, **rows_read(view))


@insight(
    "spread",
    "How a number spreads among users",
    definition="Mean, median, quantiles and histogram of a number per user, such as usage or age.",
)
def spread(view: View, *, column: str = "usage", bins: int = 40) -> Result:
    """Columns: low, high (a bin holds low <= value < high, the last one also its end), users. Options column: a number
    column of the users; bins: 1 to 200. summary: users (with a value), mean, sd (sample), min, q05, q25, q33, median,
    q66, q75, q95, max; quantiles with linear interpolation. Raises CannotAnswer when there is no such column of
    numbers."""
    _need_column(view, column)
    if view.dataset.manifest.columns["users"][column].type != "number":
        raise CannotAnswer(f"“{column}” does not hold numbers.", (column,), "Choose a column with numbers.")
    values = column_of(view, column).astype(np.float64)[chosen(view)]
    known = np.sort(values[~np.isnan(values)])
    edges = np.histogram_bin_edges(known, max(1, min(int(bins), 200))) if len(known) else np.zeros(1)
    counts = np.histogram(known, edges)[0] if len(known) else np.zeros(0, np.int64)
    frame = pd.DataFrame({"low": edges[:-1], "high": edges[1:], "users": counts})
    missing = LeftOut("missing", len(values) - len(known), f"users without a value in “{column}”")
    return Result(
        "spread",
        frame,
        units={"low": "number", "high": "number", "users": "count"},
        summary=describe(known),
        left_out=(missing,) if missing.count else (),
        notes=where.ignored(view, None),
        **rows_read(view),
    )


def describe(known: Floats) -> dict[str, float | int | None]:
    """Count, mean, sample standard deviation and quantiles of values without NaN; None where there are too few."""
    quantiles = {"min": 0, "q05": 0.05, "q25": 0.25, "q33": 0.33, "median": 0.5, "q66": 0.66, "q75": 0.75, "q95": 0.95}
    summary: dict[str, float | int | None] = {"users": len(known)}
    summary["mean"] = json_number(float(known.mean())) if len(known) else None
    summary["sd"] = json_number(float(known.std(ddof=1))) if len(known) > 1 else None
    for name, q in {**quantiles, "max": 1}.items():
        summary[name] = float(np.quantile(known, q)) if len(known) else None
    return summary


def rows_read(view: View) -> dict[str, Any]:
    """rows_read and users_read of a number about people."""
    return {"rows_read": view.dataset.manifest.users, "users_read": view.dataset.manifest.users}
