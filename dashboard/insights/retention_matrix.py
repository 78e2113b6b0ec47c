"""The cohort matrix: how many members of each cohort came back in each column, which cells are final, and their means.

One engine serves the matrix, the pooled curve, one column over time, money, breakdowns and the list of who is in a
cell.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboard.engine.run import run
from dashboard.errors import CannotAnswer, UserError
from dashboard.insights import retention_bits, where
from dashboard.insights import retention_calendar as calendars
from dashboard.insights import retention_kernels as kernels
from dashboard.insights import retention_marks as marks
from dashboard.insights.active_days import TABLE, ActiveDays
from dashboard.insights.retention_calendar import HOUR, Calendar
from dashboard.insights.retention_groups import Groups, groups_of
from dashboard.insights.retention_query import AUTO_COLUMNS, COUNTS, MAX_CELLS, MAX_PERIODS, RetentionQuery
from dashboard.insights.selector import Selector
from dashboard.insights.totals import ratio
from dashboard.insights.view import View
from dashboard.schema import NULL_TIME
from dashboard.store.partition import Partition

Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
LENGTH = {"hour": HOUR, "day": 24 * HOUR, "week": 7 * 24 * HOUR, "month": 30 * 24 * HOUR}


@dataclass(frozen=True)
class Plan:
    """A question laid out on a calendar. cohorts: number of rows. width: int64[cohorts], values per row with column 0.
    low, high: int64[columns], first and last period of each column (column k: k, k)."""

    query: RetentionQuery
    calendar: Calendar
    cohorts: int
    width: Int64
    low: Int64
    high: Int64

    @property
    def columns(self) -> int:
        return len(self.low)

    @property
    def how(self) -> int:
        return COUNTS.index(self.query.count)

    @property
    def first_only(self) -> bool:
        return self.query.kind != "recurring"

    @property
    def shown(self) -> npt.NDArray[np.bool_]:
        """bool[cohorts, columns]: cells that the matrix has."""
        return np.arange(self.columns)[None, :] < self.width[:, None]

    def column_label(self, k: int) -> str:
        """``0``, ``3``, or ``2–3`` for a bracket."""
        return str(k) if self.low[k] == self.high[k] else f"{self.low[k]}–{self.high[k]}"


@dataclass(frozen=True)
class Matrix:
    """cells: int64[groups, cohorts, columns], column 0 = members. complete: bool[cohorts, columns]. money: float64 like
    cells, sums of the amounts, or None."""

    plan: Plan
    groups: Groups
    cells: Int64
    complete: npt.NDArray[np.bool_]
    money: Floats | None = None

    @property
    def rates(self) -> Floats:
        """Share of the members, NaN for cohorts without members."""
        return ratio(self.cells, self.cells[:, :, :1])

    def usable(self) -> npt.NDArray[np.bool_]:
        """bool[groups, cohorts, columns]: cells that may enter a mean: shown, complete, of a cohort with members."""
        return (self.plan.shown & self.complete)[None] & (self.cells[:, :, :1] > 0)

    def pooled(self) -> tuple[Int64, Int64, Floats, Floats]:
        """(returned, at risk, weighted mean, simple mean), each [groups, columns], over usable cells; NaN without
        any."""
        usable = self.usable()
        returned = np.where(usable, self.cells, 0).sum(axis=1)
        at_risk = np.where(usable, self.cells[:, :, :1], 0).sum(axis=1)
        rates = np.where(usable, np.nan_to_num(self.rates), 0).sum(axis=1)
        return returned, at_risk, ratio(returned, at_risk), ratio(rates, usable.sum(axis=1))


def plan(view: View, query: RetentionQuery) -> Plan:
    """Lay the question out. Raises UserError when the matrix would be too large or an event never occurs."""
    if query.unknown_event == "error":
        query.start.check(view.dataset)
        query.returning.check(view.dataset)
    zone, week_start = view.dataset.manifest.time_zone, query.week_start or view.week_start
    first = calendars.from_label(query.first, query.period, zone) if query.first else None
    begin = view.period.first
    if first is not None and query.period != "hour":
        begin = first
    cohorts = query.periods or len(
        calendars.between(query.period, begin, max(begin, view.period.last), zone=zone, week_start=week_start)
    )
    if first is None:
        first = int(calendars.midnights(np.array([begin]), zone)[0]) if query.period == "hour" else begin
    low, high, width = _columns(query, cohorts)
    total = int(max((np.arange(cohorts) + high[width - 1]).max() + 1, cohorts))
    if cohorts > MAX_PERIODS or total > 2 * MAX_PERIODS or width.sum() > MAX_CELLS:
        raise UserError(
            "too_many_cells",
            f"This would be {cohorts:,} cohorts and {int(width.sum()):,} cells.",
            "Choose longer periods, a shorter range or fewer columns.",
        )
    calendar = calendars.calendar(query.period, first, total, zone=zone, week_start=week_start)
    return Plan(query, calendar, cohorts, width, low, high)


def _columns(query: RetentionQuery, cohorts: int) -> tuple[Int64, Int64, Int64]:
    rows = np.arange(cohorts, dtype=np.int64)
    if query.count == "brackets":
        pairs = np.array([(0, 0), *query.columns_of_brackets], np.int64)
        return pairs[:, 0].copy(), pairs[:, 1].copy(), np.full(cohorts, len(pairs), np.int64)
    if isinstance(query.columns, int):
        width = np.full(cohorts, query.columns, np.int64)
    else:
        width = cohorts - rows
        if query.columns == "auto":
            width = np.minimum(width, AUTO_COLUMNS[query.period])
    numbers = np.arange(int(width.max()), dtype=np.int64)
    return numbers, numbers, width


def matrix(view: View, query: RetentionQuery, as_of: int | None = None) -> Matrix:
    """Count. as_of: the instant (µs UTC) up to which hours are complete; default: the end of the last complete day."""
    planned = plan(view, query)
    groups = groups_of(view, query.breakdown, query.top)
    parts = run(view.dataset, lambda p: _count(view, p, planned, groups), list)
    cells = np.sum([cells for cells, _ in parts], axis=0)
    anchors = np.max([anchors for _, anchors in parts], axis=0)
    money = None
    if query.value == "revenue":
        money = run(view.dataset, lambda p: _amounts(view, p, planned, groups), _add)
    return Matrix(planned, groups, cells, _complete(view, planned, anchors, as_of), money)


def people(view: View, query: RetentionQuery, cohort: int, column: int, returned: bool = True) -> list[str]:
    """Sorted ids of the members of a cohort who count in a column, or of those who do not: from the kernel that counts.

    Raises UserError when the matrix has no such cell.
    """
    planned = plan(view, query)
    if not (0 <= cohort < planned.cohorts and 0 <= column < planned.width[cohort]):
        raise UserError("no_such_cell", "The matrix has no such cell.", "Choose one that it shows.")
    groups = groups_of(view, "", 1)

    def ids(partition: Partition) -> list[str]:
        flags = np.zeros(partition.n_users, np.uint8)
        _count(view, partition, planned, groups, (cohort, column), flags)
        if not returned:
            members = np.zeros(partition.n_users, np.uint8)
            _count(view, partition, planned, groups, (cohort, 0), members)
            flags = members & (1 - flags)
        return [str(item) for item in partition.user_ids.take(np.flatnonzero(flags)).to_pylist()]

    return run(view.dataset, ids, lambda parts: sorted(item for part in parts for item in part))


def cohort_index(planned: Plan, label: str) -> int:
    """Row of the cohort of that label. Raises UserError when there is none."""
    labels = planned.calendar.labels[: planned.cohorts]
    if label not in labels:
        raise UserError("no_such_cell", "There is no cohort of that name in the range.", "Choose one that is shown.")
    return labels.index(label)


def start_marks(view: View, partition: Partition, planned: Plan) -> ActiveDays:
    """Marks of what makes a person a member."""
    query = planned.query
    if query.kind == "first_ever" and query.start.where:
        return marks.first_marks(view, partition, query.start, planned.calendar)
    return marks.marks(view, partition, query.start, planned.calendar)


def _count(
    view: View,
    partition: Partition,
    planned: Plan,
    groups: Groups,
    cell: tuple[int, int] = (-1, -1),
    flags: npt.NDArray[np.uint8] | None = None,
) -> tuple[Int64, Int64]:
    """(cells, latest anchors) of one partition; sets the flags of who is in the cell."""
    query, calendar = planned.query, planned.calendar
    out = np.zeros((len(groups.names), planned.cohorts, planned.columns), np.int64)
    anchors = np.full(planned.cohorts, NULL_TIME, np.int64)
    who = np.zeros(0, np.uint8) if flags is None else flags
    group = groups.of(view, partition)
    if query.window_mode == "calendar" and query.count == "on":
        _count_bits(view, partition, planned, group, cell, who, out)
        return out, anchors
    common = (planned.how, planned.width, planned.low, planned.high, *cell, who)
    if query.window_mode == "calendar":
        start = start_marks(view, partition, planned)
        back = marks.marks(view, partition, query.returning, calendar)
        origin, table = marks.positions(calendar)
        kernels.returns(
            start.offsets, start.day, back.offsets, back.day, group, origin, table, planned.first_only, *common, out
        )
        return out, anchors
    events = partition.table(TABLE)
    if events is None:
        return out, anchors
    ever = np.zeros(0, np.int64)
    if query.kind == "first_ever" and query.start.where:
        ever = marks.first_rows(view, partition, query.start)
    rounding = HOUR if query.window_mode == "24h_hour" else 1
    kernels.window_returns(
        events.offsets, events.time, events.day, _writable(marks.rows_mask(view, partition, query.start)),
        _writable(marks.rows_mask(view, partition, query.returning)), marks.until(view),
        calendar.instants()[: planned.cohorts + 1], group, planned.first_only, ever, rounding, LENGTH[query.period],
        query.needed, *common, anchors, out,
    )  # fmt: skip
    return out, anchors


def _count_bits(
    view: View,
    partition: Partition,
    planned: Plan,
    group: npt.NDArray[np.int32],
    cell: tuple[int, int],
    flags: npt.NDArray[np.uint8],
    out: Int64,
) -> None:
    """The usual question as sets of bits, one per period: who is in a cell is the intersection of two of them."""
    query, calendar = planned.query, planned.calendar
    people = (group >= 0).astype(np.uint8)

    def bits(found: ActiveDays, needed: int, first_only: bool) -> npt.NDArray[np.uint64]:
        origin, table = marks.positions(calendar, needed)
        made = np.zeros((len(calendar), -(-partition.n_users // 64)), np.uint64)
        retention_bits.period_bits(found.offsets, found.day, people, origin, table, first_only, made)
        return made

    starts = bits(start_marks(view, partition, planned), 1, planned.first_only)
    if query.returning == query.start and query.needed == 1 and not planned.first_only:
        back = starts
    else:
        back = bits(marks.marks(view, partition, query.returning, calendar, query.needed), query.needed, False)
    groups = np.zeros((out.shape[0], starts.shape[1]), np.uint64)
    for g in range(len(groups)):
        member = np.zeros(starts.shape[1] * 64, np.uint8)
        member[: len(group)] = group == g
        groups[g] = np.packbits(member, bitorder="little").view(np.uint64)
    retention_bits.returns_of_bits(starts, back, groups, planned.width, out)
    if len(flags):
        cohort, column = cell
        both = starts[cohort] if column == 0 else starts[cohort] & back[cohort + column]
        flags |= np.unpackbits(both.view(np.uint8), count=len(flags), bitorder="little")


def _writable(mask: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return mask if mask.flags.writeable else mask.copy()  # one compiled form for masks of any origin


def _amounts(view: View, partition: Partition, planned: Plan, groups: Groups) -> Floats:
    out = np.zeros((len(groups.names), planned.cohorts, planned.columns))
    events = partition.table(TABLE)
    if events is None or not events.has("amount"):
        return out
    query, calendar = planned.query, planned.calendar
    mask = marks.rows_mask(view, partition, query.returning)
    if query.returning == Selector():  # all money, also refunds, which are no activity
        mask = where.rows(view, partition, TABLE)
    start = start_marks(view, partition, planned)
    kernels.amounts(
        start.offsets, start.day, events.offsets, events.day, events.time, mask, events.column("amount"),
        marks.until(view), groups.of(view, partition), calendar.origin, calendar.table,
        calendar.edges if calendar.unit == "hour" else np.zeros(0, np.int64), planned.first_only, planned.width, out,
    )  # fmt: skip
    return out


def require_amounts(view: View) -> None:
    """Raise CannotAnswer unless events have amounts."""
    if not view.dataset.manifest.has_column("events", "amount"):
        raise CannotAnswer(
            "Revenue needs an amount per event or a table of orders; this data has none.",
            ("events.amount",),
            "Map the column with the amount, or add the orders.",
        )


def _add(parts: Iterable[Floats]) -> Floats:
    total: Floats = np.sum(list(parts), axis=0)
    return total


def _complete(view: View, planned: Plan, anchors: Int64, as_of: int | None) -> npt.NDArray[np.bool_]:
    """bool[cohorts, columns]: the cell's last period has ended; in windows, for every member's own windows."""
    zone = view.dataset.manifest.time_zone
    until = calendars.end_of_day(view.last_complete, zone) if as_of is None else as_of
    ended = planned.calendar.complete(view.last_complete, until)
    last = np.arange(planned.cohorts)[:, None] + planned.high[None, :]
    inside: npt.NDArray[np.bool_] = ended[np.minimum(last, len(ended) - 1)] & (last < len(ended))
    if planned.query.window_mode == "calendar":
        return inside
    length = LENGTH[planned.query.period]
    latest = np.maximum(anchors, 0)[:, None] + (planned.high[None, :] + 1) * length
    own = ended[: planned.cohorts, None] & (latest <= until)
    chosen: npt.NDArray[np.bool_] = np.where((anchors == NULL_TIME)[:, None], inside, own)
    return chosen
