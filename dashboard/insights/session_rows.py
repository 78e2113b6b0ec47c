"""Where sessions come from: the file's own ids or rows, or pauses between events.

Formula source: definitions section 2. A pause of more than 30 minutes starts a new session (exactly 30 stay together);
length = last − first event. A session belongs to the local day of its first event. Pauses are those between activity
events: a renewal that is charged at night is no visit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.errors import CannotAnswer, UserError
from dashboard.insights import session_kernels as kernels
from dashboard.insights import where
from dashboard.insights.active_days import TABLE, clause
from dashboard.insights.retention_marks import until
from dashboard.insights.session_kernels import Notes
from dashboard.insights.view import View
from dashboard.schema import NULL_CODE, NULL_TIME
from dashboard.store.partition import Partition

GAP_MINUTES = 30
SOURCES = ("auto", "ids", "table", "gap")
MICROS = 1_000_000  # per second


def source_of(view: View, wanted: str = "auto") -> str:
    """``ids`` where events have session ids, ``table`` where sessions came as a file, else ``gap``.

    Raises UserError for an unknown source, CannotAnswer for one that the data do not have.
    """
    manifest = view.dataset.manifest
    there = {
        "ids": "events" in manifest.given and manifest.has_column(TABLE, "session_id"),
        "table": "sessions" in manifest.given,
        "gap": True,
    }
    if wanted not in SOURCES:
        raise UserError("bad_sessions", "There is no such source of sessions.", f"Choose {', '.join(SOURCES)}.")
    if wanted == "auto":
        return next(name for name, has in there.items() if has)
    if not there[wanted]:
        column = "events.session_id" if wanted == "ids" else "sessions"
        raise CannotAnswer("The data have no such sessions.", (column,), "Use pauses between events.")
    return wanted


def scan(
    view: View, partition: Partition, source: str, gap_minutes: float, names: tuple[str, ...], notes: Notes
) -> int:
    """Note the partition's sessions of the persons and rows that pass the filters; returns how many events are in none.

    source: as of :func:`source_of`. names: activity events that sessions by pauses are made of, () = the dataset's.
    """
    name = "sessions" if source == "table" else TABLE
    rows = partition.table(name)
    if rows is None:
        return 0
    only = clause(view, names) if source == "gap" else ()
    mask, people = where.rows(view, partition, name, only), where.persons(view, partition, name)
    first, last = view.period.first, min(view.period.last, view.as_of)
    if source == "gap":
        gap = round(gap_minutes * 60 * MICROS)
        kernels.by_gap(rows.offsets, rows.time, rows.day, mask, people, first, last, until(view), gap, notes)
    elif source == "ids":
        codes = rows.column("session_id")
        kernels.by_id(rows.offsets, rows.time, rows.day, codes, mask, people, first, last, until(view), notes)
        return int(np.count_nonzero(codes[: rows.n_known] == NULL_CODE))
    else:
        lengths = np.ascontiguousarray(_stated_lengths(rows))
        kernels.of_rows(rows.offsets, rows.day, lengths, mask, people, first, last, notes)
    return 0


def _stated_lengths(rows: Any) -> npt.NDArray[np.int64]:
    """int64 µs per row of the sessions table: as stated, else end − start; NULL_TIME where neither is known."""
    length = np.full(rows.n_rows, NULL_TIME, np.int64)
    if rows.has("end_time"):
        end = rows.column("end_time")
        known = (end != NULL_TIME) & (rows.time != NULL_TIME) & (end >= rows.time)
        length[known] = end[known] - rows.time[known]
    if rows.has("duration_seconds"):
        stated = rows.column("duration_seconds")
        known = stated >= 0
        length[known] = np.round(stated[known] * MICROS).astype(np.int64)
    return length
