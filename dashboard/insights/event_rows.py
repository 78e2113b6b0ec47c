"""Which rows of the events have a name: an index, made when a name is first asked for and kept in memory.

Most questions about named events concern few of the rows. With their numbers at hand a question costs as much as it has
rows, not as much as the log has. Rows of guests are in no list: the questions are about persons.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dashboard.insights import where
from dashboard.insights.memo import Memo
from dashboard.insights.selector import TABLE, Selector
from dashboard.insights.view import View
from dashboard.insights.where import Mask
from dashboard.jit import kernel
from dashboard.store.partition import Partition

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


class Listed(NamedTuple):
    """rows int32: row numbers, ascending. starts int32[n_users + 1]: those of person u are
    ``rows[starts[u]:starts[u + 1]]``."""

    rows: Int32
    starts: Int32


def _size(listed: Listed) -> int:
    return listed.rows.nbytes + listed.starts.nbytes


_index: Memo[Listed] = Memo(384 << 20, _size)  # by name, whatever the filters
_lists: Memo[Listed] = Memo(128 << 20, _size)  # of filtered rows


@kernel
def rows_with(codes: Int32, known: int, code: int) -> Int32:
    """The rows below ``known`` with that code, ascending."""
    n = 0
    for i in range(known):
        n += codes[i] == code
    out = np.empty(n + 1, np.int32)  # the place behind the last one takes what is not kept
    n = 0
    for i in range(known):
        out[n] = i
        n += codes[i] == code
    return out[:n]


@kernel
def rows_kept(rows: Int32, mask: Mask) -> Int32:
    """The rows whose own mask is set."""
    out = np.empty(rows.shape[0] + 1, np.int32)
    n = 0
    for j in range(rows.shape[0]):
        out[n] = rows[j]
        n += mask[rows[j]] != 0
    return out[:n].copy()


@kernel
def starts_of(offsets: Int64, rows: Int32) -> Int32:
    """starts[u] = the first position in ``rows`` (ascending) that does not lie before offsets[u]."""
    starts = np.empty(offsets.shape[0], np.int32)
    position, n = 0, rows.shape[0]
    for u in range(offsets.shape[0]):
        first, low, step = offsets[u], position, 1
        while low < n and rows[low] < first:
            position = low + 1
            low += step
            step += step
        end = min(low, n)
        while position < end:
            middle = (position + end) >> 1
            if rows[middle] < first:
                position = middle + 1
            else:
                end = middle
        starts[u] = position
    return starts


def rows_of(view: View, partition: Partition, selector: Selector) -> Listed:
    """The rows of known persons that match the selector and pass the view's row filters."""
    scope = (view.scope, partition.index)
    if not selector.where and not where.row_clauses(view, TABLE):
        return _index.get((*scope, selector.event), lambda: _named(view, partition, selector.event))
    key = (*scope, selector, where.row_clauses(view, TABLE))
    return _lists.get(key, lambda: _filtered(view, partition, selector))


def _named(view: View, partition: Partition, event: str | None) -> Listed:
    events = partition.table(TABLE)
    code = -1 if event is None else view.dataset.code("event_name", event)
    if events is not None and event is None:
        return _listed(partition, np.arange(events.n_known, dtype=np.int32))
    if events is None or code < 0 or not events.has("event_name"):
        return _listed(partition, np.zeros(0, np.int32))
    return _listed(partition, rows_with(events.column("event_name"), events.n_known, code))


def _filtered(view: View, partition: Partition, selector: Selector) -> Listed:
    scope = (view.scope, partition.index, selector.event)
    rows = _index.get(scope, lambda: _named(view, partition, selector.event)).rows
    if selector.where:
        rows = rows[selector.holds_at(partition, view.dataset, rows)]
        rows.flags.writeable = False
    mask = where.rows(view, partition, TABLE)
    return _listed(partition, rows_kept(rows, mask) if len(mask) else rows)


def _listed(partition: Partition, rows: Int32) -> Listed:
    """Read-only, as stored arrays are: it is shared, and kernels are compiled for that once."""
    rows.flags.writeable = False
    events = partition.table(TABLE)
    offsets = np.zeros(partition.n_users + 1, np.int64) if events is None else events.offsets
    starts = starts_of(offsets, rows)
    starts.flags.writeable = False
    return Listed(rows, starts)


def forget_filtered() -> None:
    """Drop what was made for filters, not the index (for measurements)."""
    _lists.clear()
