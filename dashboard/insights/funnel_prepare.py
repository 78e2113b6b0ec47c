"""What the kernels of funnels read of a partition for a query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dashboard.insights import where
from dashboard.insights.event_rows import Listed, rows_of
from dashboard.insights.funnel_gather import REMOVED
from dashboard.insights.funnel_match import ANY, EXCLUSION_BIT, FOREVER, FREE, KNOWN, ORDERED, STRICT
from dashboard.insights.funnel_query import FunnelQuery
from dashboard.insights.funnel_rows import merged
from dashboard.insights.memo import Memo
from dashboard.insights.selector import TABLE, property_of
from dashboard.insights.view import View
from dashboard.store.partition import Partition, Rows

ORDER_CODE = {"ordered": ORDERED, "strict": STRICT, "any": ANY}
SECOND = 1_000_000  # µs
_NOTHING = np.zeros(0, np.uint32)
_NO_VALUE = np.zeros(0, np.int32)
Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]


class StepRows(NamedTuple):
    """Ascending rows of known persons. entries: those of the first step. later int32: those of the other steps, each
    once. bits uint32: which of the steps each of these matches (bit k = step k)."""

    entries: Listed
    later: Int32
    bits: npt.NDArray[np.uint32]


_steps: Memo[StepRows] = Memo(128 << 20, lambda item: item.later.nbytes + item.bits.nbytes + 1_000)


def forget() -> None:
    """Drop what is kept in memory (for measurements)."""
    _steps.clear()


def window_of(query: FunnelQuery) -> int:
    """µs; FOREVER without limit."""
    return FOREVER if query.window_seconds is None else query.window_seconds * SECOND


@dataclass(frozen=True)
class Prepared:
    """What the kernels read of one partition for a query; see :mod:`dashboard.insights.funnel_kernels`."""

    events: Rows
    codes: Int32
    table: npt.NDArray[np.uint32]
    marks: npt.NDArray[np.uint32]
    people: npt.NDArray[np.uint8]


def prepare(view: View, partition: Partition, query: FunnelQuery) -> Prepared | None:
    """The bits of names or rows and who counts; None without events."""
    events = partition.table(TABLE)
    if events is None:
        return None
    selectors = [(k, step.selector) for k, step in enumerate(query.steps)]
    selectors += [(EXCLUSION_BIT + k, item.selector) for k, item in enumerate(query.exclusions)]
    codes = events.column("event_name") if events.has("event_name") else np.full(events.n_rows, -1, np.int32)
    codes.flags.writeable = False
    table = np.zeros(view.dataset.manifest.dictionaries.get("event_name", 0) + 1, np.uint32)
    marks = _NOTHING
    kept = where.rows(view, partition, TABLE)
    conditional = [(bit, selector) for bit, selector in selectors if selector.where]
    for bit, selector in selectors:
        if not selector.where:
            table |= selector.codes(view.dataset).astype(np.uint32) << np.uint32(bit)
    if conditional or len(kept):
        marks = table[codes + 1]
        for bit, selector in conditional:
            marks |= selector.mask(partition, view.dataset).astype(np.uint32) << np.uint32(bit)
        if len(kept):
            marks[kept == 0] = REMOVED
    return Prepared(events, codes, table, marks, where.persons(view, partition, TABLE))


def row_values(view: View, partition: Partition, name: str) -> Int32:
    """int32[rows]: codes of a property of the events (or of their persons), equal within the partition exactly where
    the values are equal; -1 = missing. Guests' rows have none."""
    events = partition.table(TABLE)
    assert events is not None  # callers have prepared the partition
    columns = property_of(partition, name)
    if columns is None:
        return np.full(events.n_rows, -1, np.int32)
    column = columns.column(name)
    if column.dtype == np.float64:
        known = ~np.isnan(column)
        codes = np.full(len(column), -1, np.int32)
        codes[known] = np.unique(column[known], return_inverse=True)[1]
    else:
        codes = column.astype(np.int32, copy=False)
    if columns is events:
        return codes
    out = np.full(events.n_rows, -1, np.int32)
    out[: events.n_known] = np.repeat(codes, np.diff(events.offsets))
    return out


def held_values(view: View, partition: Partition, names: tuple[str, ...]) -> Int32:
    """One code per combination of the properties, -1 where one of them is missing; length 0 without properties."""
    if not names:
        return _NO_VALUE
    columns = [row_values(view, partition, name) for name in names]
    if len(columns) == 1:
        return columns[0]
    stacked = np.stack(columns)
    combined: Int32 = np.unique(stacked, axis=1, return_inverse=True)[1].reshape(-1).astype(np.int32)
    combined[(stacked < 0).any(axis=0)] = -1
    return combined


def optional_of(query: FunnelQuery) -> npt.NDArray[np.uint8]:
    return np.array([step.optional for step in query.steps], np.uint8)


def exclusions_of(query: FunnelQuery) -> Int64:
    return np.array([(e.from_step, e.to_step) for e in query.exclusions], np.int64).reshape(-1, 2)


def hold_of(query: FunnelQuery) -> int:
    """What the kernels are to do with :func:`held_values`."""
    return KNOWN if query.same_property else FREE


def simple(query: FunnelQuery) -> bool:
    """Whether the one-pass search answers it: ordered steps, best attempt, and nothing else asked."""
    plain = not query.exclusions and not query.same_property and not query.grace_seconds
    return plain and query.order == "ordered" and query.attempt == "best" and not any(s.optional for s in query.steps)


def step_rows(view: View, partition: Partition, query: FunnelQuery) -> StepRows:
    """The rows of the steps that pass the view's row filters, kept in memory for the other questions about them."""
    selectors = tuple(step.selector for step in query.steps)
    key = (view.scope, where.row_clauses(view, TABLE), partition.index, selectors)
    return _steps.get(key, lambda: _step_rows(view, partition, query))


def _step_rows(view: View, partition: Partition, query: FunnelQuery) -> StepRows:
    first, *others = (rows_of(view, partition, step.selector) for step in query.steps)
    starts = np.concatenate([[0], np.cumsum([len(item.rows) for item in others])]).astype(np.int64)
    later, bits = np.empty(starts[-1], np.int32), np.empty(starts[-1], np.uint32)
    m = merged(np.concatenate([item.rows for item in others]), starts, later, bits)
    return StepRows(first, later[:m], bits[:m])


def frozen(values: Int32) -> Int32:
    """Read-only, as stored columns are: kernels are compiled for that once."""
    view = values.view()
    view.flags.writeable = False
    return view
