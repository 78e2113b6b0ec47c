"""Sessions: how many, how long, from the file's own ids or from pauses between events.

Formula source: definitions section 2. A pause of more than 30 minutes starts a new session (exactly 30 stay together);
length = last − first event. A session belongs to the local day of its first event. Pauses are those between activity
events: a renewal that is charged at night is no visit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

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


class _Found(NamedTuple):
    """Sessions of a partition as the kernels write them: person (of the partition), day, length in µs (NULL_TIME: not
    known), events; without: as in :class:`Sessions`."""

    person: npt.NDArray[np.int32]
    day: npt.NDArray[np.int32]
    length: npt.NDArray[np.int64]
    events: npt.NDArray[np.int32]
    without: int


def _read(
    view: View, partition: Partition, source: str, gap_minutes: float, names: tuple[str, ...], start: int
) -> Sessions:
    found = _found(view, partition, source, gap_minutes, names)
    seconds = np.where(found.length == NULL_TIME, np.nan, found.length / _SECOND)
    return Sessions(found.person.astype(np.int64) + start, found.day, seconds, found.events, found.without)


def _found(view: View, partition: Partition, source: str, gap_minutes: float, names: tuple[str, ...]) -> _Found:
    rows = partition.table("sessions" if source == "table" else TABLE)
    if rows is None:
        nothing = np.zeros(0, np.int32)
        return _Found(nothing, nothing, np.zeros(0, np.int64), nothing, 0)
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
    return _Found(person[:count], day[:count], length[:count], events[:count], without)


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
    chosen, gap_minutes, names = _asked(view, source, gap_minutes, activity)
    parts = buckets_of(view, by)
    found = count(view, chosen, gap_minutes, names, parts.spans)
    frame = pd.DataFrame({"period": parts.labels, **_per_period(found)})
    frame["complete"] = parts.complete
    left_out = []
    if found.without:
        left_out.append(LeftOut("no_session", found.without, "events without a session id"))
    if unknown := int(found.periods[0].sum()) - len(found.seconds):
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


def _asked(
    view: View, source: str, gap_minutes: Any, activity: str | Sequence[str]
) -> tuple[str, float, tuple[str, ...]]:
    """Source, longest pause in minutes and activity events of the options. Raises UserError and CannotAnswer."""
    chosen = source_of(view, source)
    minutes = options.decimal(gap_minutes, "gap_minutes", 0, 1_440)
    if minutes <= 0:
        raise options.bad("gap_minutes", "more than 0 and at most 1,440 minutes")
    return chosen, minutes, activity_names(view, activity)


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
    found = read(view, *_asked(view, source, gap_minutes, activity))
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


@dataclass(frozen=True)
class Counts:
    """What :func:`sessions` says, counted. periods int64[6, periods] and classes int64[2, classes]: as
    :func:`dashboard.insights.session_kernels.tally` writes them; users: persons with a session; seconds and period (one
    per session of a known length); single: sessions of one event; without: as in :class:`Sessions`."""

    periods: npt.NDArray[np.int64]
    classes: npt.NDArray[np.int64]
    users: int
    single: int
    seconds: Floats
    period: npt.NDArray[np.int32]
    without: int


def count(
    view: View,
    source: str,
    gap_minutes: float,
    names: tuple[str, ...],
    spans: list[tuple[int, int]],
) -> Counts:
    """The sessions of :func:`read` per period (``spans``: inclusive days) and per class of length."""
    first, table = periods.bucket_of_day(spans)

    def kernel(partition: Partition) -> Counts:
        person, day, length, events, without = _found(view, partition, source, gap_minutes, names)
        of_period = np.zeros((6, len(spans)), np.int64)
        of_class = np.zeros((2, len(EDGES) - 1), np.int64)
        total = np.zeros(2, np.int64)
        seconds, period = np.empty(len(person)), np.empty(len(person), np.int32)
        known = kernels.tally(
            person, day, length, events, first, table, np.array(EDGES), of_period, of_class, total, seconds, period
        )
        return Counts(of_period, of_class, int(total[0]), int(total[1]), seconds[:known], period[:known], without)

    def merge(parts: Iterable[Counts]) -> Counts:
        found = list(parts)
        return Counts(
            np.sum([part.periods for part in found], axis=0, dtype=np.int64),
            np.sum([part.classes for part in found], axis=0, dtype=np.int64),
            sum(part.users for part in found),
            sum(part.single for part in found),
            np.concatenate([part.seconds for part in found]),
            np.concatenate([part.period for part in found]),
            sum(part.without for part in found),
        )

    return run(view.dataset, kernel, merge)


def _per_period(found: Counts) -> dict[str, npt.NDArray[Any]]:
    sessions_, users, known, micros, counted, events = found.periods
    medians = np.empty(len(sessions_))
    kernels.medians(found.seconds, found.period, medians)
    return {
        "sessions": sessions_,
        "users": users,
        "sessions_per_user": ratio(sessions_, users),
        "mean_seconds": ratio(micros / _SECOND, known),
        "median_seconds": medians,
        "events_per_session": ratio(events, counted),
    }


def summary(found: Counts) -> dict[str, Any]:
    """The summary of :func:`sessions` without where they come from."""
    sessions_, _, known, micros, counted, events = found.periods.sum(axis=1)
    bins, users_of = found.classes
    seconds = found.seconds
    quantiles = np.quantile(seconds, [q for _, q in QUANTILES]) if len(seconds) else np.full(len(QUANTILES), np.nan)
    numbers = {
        "sessions_per_user": ratio(sessions_, found.users),
        "mean_seconds": micros / _SECOND / known if known else np.nan,
        **{f"{name}_seconds": value for (name, _), value in zip(QUANTILES, quantiles, strict=True)},
        "events_per_session": events / counted if counted else np.nan,
        "single_event_share": ratio(found.single, counted),
    }
    return {
        "sessions": int(sessions_),
        "users": found.users,
        **{name: json_number(float(value)) for name, value in numbers.items()},
        "lengths": [
            {
                "low": EDGES[i],
                "high": json_number(EDGES[i + 1]),
                "sessions": int(bins[i]),
                "users": int(users_of[i]),
                "share": json_number(float(ratio(bins[i], len(seconds)))),
            }
            for i in range(len(bins))
        ],
    }
