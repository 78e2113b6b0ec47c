"""Sessions: how many, how long, from the file's own ids or from pauses between events.

Formula source: definitions section 2. A pause of more than 30 minutes starts a new session (exactly 30 stay together);
length = last − first event. A session belongs to the local day of its first event. Pauses are those between activity
events: a renewal that is charged at night is no visit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.engine.run import run
from dashboard.errors import CannotAnswer, UserError
from dashboard.insights import options, periods, where
from dashboard.insights import session_kernels as kernels
from dashboard.insights.active_days import TABLE, activity_names, clause
from dashboard.insights.activity import buckets_of, rows_read
from dashboard.insights.registry import TIMED, insight
from dashboard.insights.retention_marks import until
from dashboard.insights.totals import json_number, ratio
from dashboard.insights.view import View
from dashboard.result import LeftOut, Result
from dashboard.schema import NULL_CODE, NULL_TIME
from dashboard.store.partition import Partition

GAP_MINUTES = 30
SOURCES = ("auto", "ids", "table", "gap")
# lengths in seconds: a bin holds low <= length < high, the first one sessions of length 0
EDGES = (0.0, 0.001, 10.0, 30.0, 60.0, 180.0, 600.0, 1_800.0, 3_600.0, 10_800.0, np.inf)
QUANTILES = (("median", 0.5), ("p25", 0.25), ("p75", 0.75), ("p90", 0.9))
_SECOND = 1_000_000
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sessions:
    """One entry per session that begins in the range: person (numbered over the dataset), first day, length in seconds
    (NaN: not known), number of events (0: not known). without: events or rows that belong to no session."""

    person: npt.NDArray[np.int64]
    day: npt.NDArray[np.int32]
    seconds: Floats
    events: npt.NDArray[np.int32]
    without: int


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


def read(view: View, source: str, gap_minutes: float = GAP_MINUTES, names: tuple[str, ...] = ()) -> Sessions:
    """The sessions of the persons and rows that pass the filters. names: activity events that sessions by pauses are
    made of, () = the dataset's."""
    starts = np.concatenate([[0], np.cumsum([partition.n_users for partition in view.dataset.partitions])])

    def kernel(partition: Partition) -> Sessions:
        return _read(view, partition, source, gap_minutes, names, int(starts[partition.index]))

    parts: list[Sessions] = run(view.dataset, kernel, list)
    return Sessions(
        np.concatenate([part.person for part in parts]),
        np.concatenate([part.day for part in parts]),
        np.concatenate([part.seconds for part in parts]),
        np.concatenate([part.events for part in parts]),
        sum(part.without for part in parts),
    )


def _read(
    view: View, partition: Partition, source: str, gap_minutes: float, names: tuple[str, ...], start: int
) -> Sessions:
    rows = partition.table("sessions" if source == "table" else TABLE)
    if rows is None:
        return Sessions(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0), np.zeros(0, np.int32), 0)
    name = "sessions" if source == "table" else TABLE
    only = clause(view, names) if source == "gap" else ()
    mask, people = where.rows(view, partition, name, only), where.persons(view, partition, name)
    n = rows.n_known
    person, day = np.empty(n, np.int32), np.empty(n, np.int32)
    length, events = np.empty(n, np.int64), np.empty(n, np.int32)
    out = (person, day, length, events)
    first, last = view.period.first, min(view.period.last, view.as_of)
    without = 0
    if source == "gap":
        gap = round(gap_minutes * 60 * _SECOND)
        count = kernels.by_gap(rows.offsets, rows.time, rows.day, mask, people, first, last, until(view), gap, *out)
    elif source == "ids":
        codes = rows.column("session_id")
        count = kernels.by_id(rows.offsets, rows.time, rows.day, codes, mask, people, first, last, until(view), *out)
        without = int(np.count_nonzero(codes[:n] == NULL_CODE))
    else:
        length_of = np.ascontiguousarray(_stated_lengths(rows))
        count = kernels.of_rows(rows.offsets, rows.day, length_of, mask, people, first, last, *out)
    seconds = np.where(length[:count] == NULL_TIME, np.nan, length[:count] / _SECOND)
    return Sessions(
        person[:count].astype(np.int64) + start, day[:count].copy(), seconds, events[:count].copy(), without
    )


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
        length[known] = np.round(stated[known] * _SECOND).astype(np.int64)
    return length


@insight(
    "sessions",
    "Sessions",
    definition="Sessions, their length and the users who had them, per day, week or month.",
    needs=(TIMED,),
)
def sessions(
    view: View,
    *,
    by: str = "day",
    source: str = "auto",
    gap_minutes: float = GAP_MINUTES,
    activity: str | Sequence[str] = (),
) -> Result:
    """Columns: period (first ISO day), sessions, users, sessions_per_user, mean_seconds, median_seconds (of known
    lengths), events_per_session, complete. Options by: day, week, month; source: ids (of the events), table (a file of
    sessions), gap (a new session after a pause), auto (the first of these that the data have); gap_minutes: longest
    pause inside a session; activity: event names that sessions by pauses are made of (default: the dataset's).

    summary: source, gap_minutes, sessions, users, sessions_per_user, mean_seconds, median_seconds, p25_seconds,
    p75_seconds, p90_seconds, events_per_session, single_event_share; lengths: [{low, high (seconds; low <= length <
    high, high None: no limit), sessions, users (with at least one such session), share (of the sessions)}].
    """
    chosen, gap_minutes, found = _asked(view, source, gap_minutes, activity)
    parts = buckets_of(view, by)
    first, table = periods.bucket_of_day(parts.spans)
    index = table[found.day - first]
    frame = pd.DataFrame({"period": parts.labels, **_per_period(found, index, len(parts.labels))})
    frame["complete"] = parts.complete
    left_out = []
    if found.without:
        left_out.append(LeftOut("no_session", found.without, "events without a session id"))
    if unknown := int(np.isnan(found.seconds).sum()):
        left_out.append(LeftOut("no_length", unknown, "sessions whose length is not known: counted, but in no length"))
    units = {"sessions": "count", "users": "count", "sessions_per_user": "number", "events_per_session": "number"}
    return Result(
        "sessions",
        frame,
        units={**units, "mean_seconds": "seconds", "median_seconds": "seconds"},
        summary={"source": chosen, "gap_minutes": gap_minutes if chosen == "gap" else None, **summary(found)},
        left_out=tuple(left_out),
        notes=(*where.ignored(view, "sessions" if chosen == "table" else TABLE), _note(chosen, gap_minutes)),
        **rows_read(view),
    )


def _asked(view: View, source: str, gap_minutes: Any, activity: str | Sequence[str]) -> tuple[str, float, Sessions]:
    """Source, longest pause in minutes and sessions of the options. Raises UserError and CannotAnswer."""
    chosen = source_of(view, source)
    minutes = options.decimal(gap_minutes, "gap_minutes", 0, 1_440)
    if minutes <= 0:
        raise options.bad("gap_minutes", "more than 0 and at most 1,440 minutes")
    return chosen, minutes, read(view, chosen, minutes, activity_names(view, activity))


@insight(
    "session_people",
    "Who had sessions of a length",
    definition="The users with at least one session of a length: exactly those that it counts.",
    needs=(TIMED,),
)
def session_people(
    view: View,
    *,
    low: float = 0.0,
    high: float | None = None,
    source: str = "auto",
    gap_minutes: float = GAP_MINUTES,
    activity: str | Sequence[str] = (),
) -> Result:
    """Column: user_id, sorted. Options low, high: the class of lengths in seconds as in ``summary["lengths"]`` of
    ``sessions`` (low <= length < high; high None: no limit); source, gap_minutes, activity: as there.

    summary: users.
    """
    at_least = options.decimal(low, "low", 0, 1e9)
    below = np.inf if high is None else options.decimal(high, "high", 0, 1e9)
    _, _, found = _asked(view, source, gap_minutes, activity)
    persons = np.unique(found.person[(found.seconds >= at_least) & (found.seconds < below)])
    starts = np.concatenate([[0], np.cumsum([partition.n_users for partition in view.dataset.partitions])])
    ids: list[str] = []
    for partition, first, last in zip(view.dataset.partitions, starts[:-1], starts[1:], strict=True):
        mine = persons[(persons >= first) & (persons < last)] - first
        ids += [str(item) for item in partition.user_ids.take(mine).to_pylist()]
    frame = pd.DataFrame({"user_id": pd.Series(sorted(ids), dtype=object)})
    return Result(
        "session_people", frame, summary={"users": len(ids)}, notes=where.ignored(view, TABLE), **rows_read(view)
    )


def _note(source: str, gap_minutes: float) -> str:
    if source == "gap":
        return f"A pause of more than {gap_minutes:g} minutes starts a new session."
    return "Sessions are those of the file."


def _per_period(found: Sessions, index: npt.NDArray[np.int32], n: int) -> dict[str, npt.NDArray[Any]]:
    count = np.bincount(index, minlength=n)
    known = ~np.isnan(found.seconds)
    total = np.bincount(index[known], weights=found.seconds[known], minlength=n)
    counted = found.events > 0
    events = np.bincount(index[counted], weights=found.events[counted], minlength=n)
    users = np.bincount(_distinct(found.person * n + index) % n, minlength=n)
    return {
        "sessions": count,
        "users": users,
        "sessions_per_user": ratio(count, users),
        "mean_seconds": ratio(total, np.bincount(index[known], minlength=n)),
        "median_seconds": _medians(found.seconds[known], index[known], n),
        "events_per_session": ratio(events, np.bincount(index[counted], minlength=n)),
    }


def _distinct(keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The different keys; sessions found by pauses come in order already."""
    if len(keys) and (np.diff(keys) < 0).any():
        keys = np.sort(keys)
    return keys[np.concatenate([[True], np.diff(keys) != 0])] if len(keys) else keys


def _medians(values: Floats, index: npt.NDArray[np.int32], n: int) -> Floats:
    """Median of the values of each index 0 .. n - 1, NaN without any."""
    small = index.astype(np.int16) if n < 2**15 else index  # sorted by radix
    grouped = values[np.argsort(small, kind="stable")]
    ends = np.cumsum(np.bincount(index, minlength=n))
    parts = np.split(grouped, ends[:-1])
    return np.array([np.median(part) if len(part) else np.nan for part in parts], np.float64)


def summary(found: Sessions) -> dict[str, Any]:
    """The summary of :func:`sessions` without where they come from."""
    known = found.seconds[~np.isnan(found.seconds)]
    users = len(_distinct(found.person))
    counted = found.events[found.events > 0]
    classes = len(EDGES) - 1
    of_class = np.searchsorted(EDGES, known, side="right") - 1
    bins = np.bincount(of_class, minlength=classes)
    people = np.unique(found.person[~np.isnan(found.seconds)] * classes + of_class) % classes
    users_of = np.bincount(people, minlength=classes)
    quantiles = np.quantile(known, [q for _, q in QUANTILES]) if len(known) else np.full(len(QUANTILES), np.nan)
    numbers = {
        "sessions_per_user": ratio(len(found.person), users),
        "mean_seconds": known.mean() if len(known) else np.nan,
        **{f"{name}_seconds": value for (name, _), value in zip(QUANTILES, quantiles, strict=True)},
        "events_per_session": counted.mean() if len(counted) else np.nan,
        "single_event_share": ratio((counted == 1).sum(), len(counted)),
    }
    return {
        "sessions": len(found.person),
        "users": users,
        **{name: json_number(float(value)) for name, value in numbers.items()},
        "lengths": [
            {
                "low": EDGES[i],
                "high": json_number(EDGES[i + 1]),
                "sessions": int(bins[i]),
                "users": int(users_of[i]),
                "share": json_number(float(ratio(bins[i], len(known)))),
            }
            for i in range(len(bins))
        ],
    }
