"""Sessions: how many, how long, and who had them. Where they come from: :mod:`dashboard.insights.session_rows`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from dashboard.insights import options, where
from dashboard.insights.active_days import TABLE, activity_names
from dashboard.insights.activity import buckets_of, rows_read
from dashboard.insights.registry import TIMED, insight
from dashboard.insights.session_counts import count, people, per_period, summary
from dashboard.insights.session_kernels import KNOWN, SESSIONS
from dashboard.insights.session_rows import GAP_MINUTES, source_of
from dashboard.insights.view import View
from dashboard.result import LeftOut, Result


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
    frame = pd.DataFrame({"period": parts.labels, **per_period(view, found)})
    frame["complete"] = parts.complete
    left_out = []
    if found.without:
        left_out.append(LeftOut("no_session", found.without, "events without a session id"))
    if unknown := int(found.periods[:, SESSIONS].sum() - found.periods[:, KNOWN].sum()):
        left_out.append(LeftOut("no_length", unknown, "sessions whose length is not known: counted, but in no length"))
    units = {"sessions": "count", "users": "count", "sessions_per_user": "number", "events_per_session": "number"}
    return Result(
        "sessions",
        frame,
        units={**units, "mean_seconds": "seconds", "median_seconds": "seconds"},
        summary={"source": chosen, "gap_minutes": gap_minutes if chosen == "gap" else None, **summary(view, found)},
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
    ids = people(view, *_asked(view, source, gap_minutes, activity), at_least, below)
    frame = pd.DataFrame({"user_id": pd.Series(ids, dtype=object)})
    return Result(
        "session_people", frame, summary={"users": len(ids)}, notes=where.ignored(view, TABLE), **rows_read(view)
    )


def _note(source: str, gap_minutes: float) -> str:
    if source == "gap":
        return f"A pause of more than {gap_minutes:g} minutes starts a new session."
    return "Sessions are those of the file."
