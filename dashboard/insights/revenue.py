"""Revenue: gross, returns, net, orders and the averages made of them.

Formula source: definitions section 7. Guests (orders of nobody) are in totals and never in per-person numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.customers.cleaning import aliases
from dashboard.errors import CannotAnswer, UserError
from dashboard.insights import periods, where
from dashboard.insights import revenue_kernels as kernels
from dashboard.insights.active_days import TABLE as ACTIVITY_TABLE
from dashboard.insights.active_days import ActiveDays, active_days, keep, scan
from dashboard.insights.activity import buckets_of, no_comparison
from dashboard.insights.activity_kernels import distinct_of_two
from dashboard.insights.orders import TABLE, orders_of
from dashboard.insights.registry import ORDERS, Spans, insight
from dashboard.insights.totals import aligned, json_number, ratio, summed
from dashboard.insights.view import View
from dashboard.result import LeftOut, Result
from dashboard.store.partition import Partition, Rows

Sums = npt.NDArray[np.float64]
GUESTS = ("include", "exclude")
MAX_VALUES = 1_000  # rows of a breakdown
MAX_TEXTS = 100_000  # values of a column that revenue is split by


def _column(lines: Rows, name: str) -> Sums:
    return lines.column(name) if lines.has(name) else kernels.NOTHING


def _add_up(
    view: View, partition: Partition, bucket: npt.NDArray[np.int32], n: int, *, once: bool, guests: bool
) -> Sums:
    lines = partition.table(TABLE)
    assert lines is not None  # callers need the table and have checked
    orders = orders_of(view, partition)
    out = np.zeros((n, kernels.WIDTH), np.float64)
    kernels.add_up(
        orders.start,
        orders.rows,
        orders.person,
        where.persons(view, partition, TABLE),
        lines.column("amount"),
        _column(lines, "quantity"),
        _column(lines, "unit_price"),
        bucket,
        once,
        guests and all("" in values for _, values in where.person_clauses(view, TABLE)),  # nobody has no plan
        out,
    )
    return out


def _buckets(view: View, partition: Partition, spans: Spans) -> npt.NDArray[np.int32]:
    lines = partition.table(TABLE)
    assert lines is not None
    first, table = periods.bucket_of_day(list(spans))
    table = np.where(np.arange(first, first + len(table)) <= view.as_of, table, -1).astype(np.int32)
    bucket = np.empty(lines.n_rows, np.int32)
    kernels.day_buckets(lines.day, where.rows(view, partition, TABLE), first, table, bucket)
    return bucket


def sums(view: View, spans: Spans, *, guests: bool = True) -> Sums:
    """float64[len(spans), WIDTH]: the columns of :func:`revenue_kernels.add_up` per span. An order counts once, on the
    day of its first gross line."""

    def kernel(partition: Partition) -> Sums:
        bucket = _buckets(view, partition, spans)
        return _add_up(view, partition, bucket, len(spans), once=True, guests=guests)

    return summed(view, kernel, "revenue", tuple(spans), guests)


def columns(sums_: Sums, *, guests: bool = True) -> dict[str, Sums]:
    """The named numbers per row of :func:`sums`: gross, returns, adjustments, net, orders, units, aov, payers."""
    gross, returns, adjustments = (sums_[:, i] for i in (kernels.GROSS, kernels.RETURNS, kernels.ADJUSTMENTS))
    orders = sums_[:, kernels.ORDERS]
    return {
        "gross": gross,
        "returns": returns,
        "adjustments": adjustments,
        "net": gross + returns + adjustments,
        "orders": orders,
        "units": sums_[:, kernels.UNITS],
        "aov": ratio(gross, orders),
        "payers": sums_[:, kernels.PAYERS],
    }


UNITS = {
    **dict.fromkeys(("gross", "returns", "adjustments", "net", "aov"), "money"),
    **dict.fromkeys(("orders", "payers"), "count"),
    "units": "number",
}
_COUNTS = ("orders", "payers")


def left_out(total: Sums, *, guests_excluded: Sums | None = None) -> tuple[LeftOut, ...]:
    """What carries no or odd money in one row of :func:`sums`, as counts with a sentence each; zero counts are not
    listed."""
    items = [
        LeftOut("zero_amount", int(total[kernels.ZERO]), "order lines with price or quantity 0: no revenue, no order"),
        LeftOut("missing_amount", int(total[kernels.MISSING]), "order lines without an amount: no revenue, no order"),
        LeftOut(
            "adjustments", int(total[kernels.ODD]), "adjustments (negative prices and the like): in net, not in gross"
        ),
    ]
    if guests_excluded is not None:
        lines = int(guests_excluded[kernels.LINES] - total[kernels.LINES])
        items.append(LeftOut("guests", lines, "order lines without a customer: left out by choice"))
    return tuple(item for item in items if item.count)


def _guests(guests: str) -> bool:
    if guests not in GUESTS:
        raise UserError("unknown_option", "Guests can be included or excluded.", "Choose include or exclude.")
    return guests == "include"


def _summary(row: Sums) -> dict[str, float | None]:
    named = {name: float(values[0]) for name, values in columns(row[None, :]).items()}
    payers = row[kernels.PAYERS]
    named["arppu"] = float(ratio(row[kernels.NET_KNOWN], payers))
    named["repeat_rate"] = float(ratio(row[kernels.REPEATERS], payers))
    named["guest_share"] = float(ratio(row[kernels.GROSS] - row[kernels.GROSS_KNOWN], row[kernels.GROSS]))
    return {name: json_number(value) for name, value in named.items()}


def _read(view: View) -> dict[str, Any]:
    return {"rows_read": view.dataset.manifest.rows.get(TABLE, 0), "users_read": view.dataset.manifest.users}


@insight(
    "revenue",
    "Revenue",
    definition="Gross revenue, returns, adjustments, net revenue, orders and units per day, week or month.",
    needs=(ORDERS,),
)
def revenue(view: View, *, by: str = "day", guests: str = "include") -> Result:
    """Columns: period (first ISO day), gross, returns, adjustments, net, orders, units, aov (NaN without orders),
    payers, complete; with a comparison previous_period, previous_net, previous_gross, previous_orders. Options by: day,
    week, month; guests: include, exclude. summary: the range's totals plus arppu, repeat_rate, guest_share, and the
    same with the prefix previous_."""
    with_guests = _guests(guests)
    parts = buckets_of(view, by)
    shown = {**_columns(parts.labels, columns(sums(view, parts.spans, guests=with_guests))), "complete": parts.complete}
    whole = [(view.period.first, view.period.last)]
    total = sums(view, whole, guests=with_guests)[0]
    summary = _summary(total)
    notes = list(where.ignored(view, TABLE))
    if view.previous is not None:
        before = buckets_of(view, by, view.previous)
        earlier = _columns(before.labels, columns(sums(view, before.spans, guests=with_guests)))
        for name in ("period", "net", "gross", "orders"):
            shown[f"previous_{name}"] = aligned(earlier[name], len(parts.labels))
        comparable = view.comparable()
        values = _summary(sums(view, [(view.previous.first, view.previous.last)], guests=with_guests)[0])
        summary |= {f"previous_{name}": value if comparable else None for name, value in values.items()}
        if not comparable:
            notes.append(no_comparison(view))
    everyone = None if with_guests else sums(view, whole)[0]
    units = UNITS | {f"previous_{name}": UNITS[name] for name in ("net", "gross", "orders")}
    return Result(
        "revenue",
        pd.DataFrame(shown),
        units={name: unit for name, unit in units.items() if name in shown},
        summary=summary,
        left_out=left_out(total, guests_excluded=everyone),
        notes=tuple(notes),
        **_read(view),
    )


def _columns(labels: list[str], values: dict[str, Sums]) -> dict[str, Any]:
    counts = {name: column.astype(np.int64) if name in _COUNTS else column for name, column in values.items()}
    return {"period": labels, **counts}


@insight(
    "revenue_by",
    "Revenue by country, plan or any other column",
    definition="Revenue and orders of the range, split by the value of a column.",
    needs=(ORDERS,),
)
def revenue_by(view: View, *, dimension: str = "country", guests: str = "include", top: int = 20) -> Result:
    """Columns: value ("" = missing), gross, returns, adjustments, net, orders, units, aov, payers, share (of net
    revenue, NaN when net is not positive), sorted by net; values after the first ``top`` are added up as one row with
    ``other`` True (orders and payers of that row may count an order or a person once per value). Options dimension: a
    column of the order table or of the users; guests: include, exclude; top: 1 to 1,000. summary: the range's totals.
    Raises CannotAnswer when there is no such column."""
    with_guests = _guests(guests)
    names, split = _split(view, dimension, with_guests)
    net_of = split[:, kernels.GROSS] + split[:, kernels.RETURNS] + split[:, kernels.ADJUSTMENTS]
    ranked = sorted(np.flatnonzero((split != 0).any(axis=1)).tolist(), key=lambda i: (-net_of[i], names[i]))
    limit = max(1, min(int(top), MAX_VALUES))
    shown, rest = ranked[:limit], ranked[limit:]
    values, texts = split[shown], [names[i] for i in shown]
    if rest:
        values = np.vstack([values, split[rest].sum(axis=0)])
        texts.append(f"{len(rest)} others")
    named = columns(values)
    total = sums(view, [(view.period.first, view.period.last)], guests=with_guests)[0]
    summary = _summary(total)
    frame = pd.DataFrame(
        {
            "value": texts,
            **{name: column.astype(np.int64) if name in _COUNTS else column for name, column in named.items()},
            "other": np.arange(len(texts)) >= len(shown),
            "share": ratio(named["net"], summary["net"] or 0.0),
        }
    )
    return Result(
        "revenue_by",
        frame,
        units={**UNITS, "share": "rate"},
        summary=summary,
        left_out=left_out(total),
        notes=where.ignored(view, TABLE),
        **_read(view),
    )


def _split(view: View, dimension: str, guests: bool) -> tuple[list[str], Sums]:
    """(texts, sums): one row per text of the dimension, "" first."""
    manifest = view.dataset.manifest
    on_rows = manifest.has_column(TABLE, dimension)
    if dimension not in manifest.dictionaries or not (on_rows or manifest.has_column("users", dimension)):
        raise CannotAnswer(
            f"Neither the orders nor the users have a column “{dimension}” with texts.",
            (dimension,),
            "Choose another column or map one when importing.",
        )
    if manifest.dictionaries[dimension] > MAX_TEXTS:
        raise UserError(
            "too_many_values",
            f"“{dimension}” has {manifest.dictionaries[dimension]:,} values, too many to split revenue by.",
            "Choose a column with fewer values, such as country or category.",
        )
    names = ["", *aliases.texts(view.dataset, dimension, view.cleaning)]
    meaning = aliases.meanings(view.dataset, dimension, view.cleaning)
    whole = [(view.period.first, view.period.last)]

    def kernel(partition: Partition) -> Sums:
        lines = partition.table(TABLE)
        assert lines is not None
        bucket = _buckets(view, partition, whole)
        codes = lines.column(dimension) if on_rows else _of_person(partition, lines, dimension)
        kernels.value_buckets(codes if meaning is None else _meant(codes, meaning), bucket)
        return _add_up(view, partition, bucket, len(names), once=False, guests=guests)

    return names, summed(view, kernel, "revenue_by", dimension, whole[0], guests)


def _meant(codes: npt.NDArray[np.int32], meaning: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    found = np.where(codes >= 0, meaning[codes], codes).astype(np.int32, copy=False)
    found.flags.writeable = False  # as stored arrays are: kernels are compiled for read-only input
    return found


def _of_person(partition: Partition, lines: Rows, dimension: str) -> npt.NDArray[np.int32]:
    codes = np.full(lines.n_rows, -1, np.int32)
    codes[: lines.n_known] = np.repeat(partition.users.column(dimension), np.diff(lines.offsets))
    codes.flags.writeable = False  # as stored arrays are: kernels are compiled for read-only input
    return codes


def paying_days(view: View, partition: Partition) -> ActiveDays:
    """Distinct days with an order line of positive value per person, from the rows that pass the view's filters."""
    lines = partition.table(TABLE)
    assert lines is not None  # callers need the table and have checked

    def make() -> ActiveDays:
        gross = lines.column("amount") > 0
        for name in ("quantity", "unit_price"):
            if lines.has(name):
                gross &= lines.column(name) > 0
        mask = where.rows(view, partition, TABLE)
        return scan(lines.offsets, lines.day, (gross & mask if len(mask) else gross).astype(np.uint8), view.as_of)

    return keep(view, partition, ("paying", where.row_clauses(view, TABLE)), make)


def active_or_paying(view: View, spans: Spans) -> Sums:
    """float64[len(spans)]: distinct persons who were active or ordered in each span (an order is activity, also where
    the filters test columns that only one of the two tables has)."""
    first, table = periods.bucket_of_day(list(spans))

    def kernel(partition: Partition) -> Sums:
        active, paying = active_days(view, partition), paying_days(view, partition)
        out = np.zeros(len(spans), np.int64)
        distinct_of_two(
            active.offsets,
            active.day,
            where.persons(view, partition, ACTIVITY_TABLE),
            paying.offsets,
            paying.day,
            where.persons(view, partition, TABLE),
            first,
            table,
            out,
        )
        return out.astype(np.float64)

    return summed(view, kernel, "active_or_paying", tuple(spans))
