"""Why one user is counted where the funnel counts them: the attempt, the step that is missing, when its time ended."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from dashboard.errors import CannotAnswer, NotFound
from dashboard.insights import where
from dashboard.insights.funnel import query_of
from dashboard.insights.funnel_attempts import Span, attempts, now_of, span_of
from dashboard.insights.funnel_match import FOREVER, NEVER
from dashboard.insights.funnel_prepare import SECOND
from dashboard.insights.funnel_query import FunnelQuery
from dashboard.insights.registry import TIMED, insight
from dashboard.insights.selector import TABLE
from dashboard.insights.view import View
from dashboard.result import Result
from dashboard.store.partition import Partition


@insight(
    "funnel_trace",
    "Why was this user dropped?",
    definition="One user's counted attempt at a funnel, step by step, with what was missing and when the window ended.",
    needs=(TIMED,),
)
def funnel_trace(view: View, *, user: str = "", **query: Any) -> Result:
    """One row per step. Columns: step, name, optional, reached, time (ISO in the dataset's zone, "" where not reached),
    event (the name of the event that served it), seconds (since the step taken before, NaN).

    Options: those of ``funnel``; user: id. summary: query, user, reached (number of the furthest step taken, -1 = not
    in the funnel), state ("converted", "dropped", "open" = the window of the counted attempt has not ended, "void" =
    an excluded event, "left_out" = entered too late to be counted, "not_entered", "not_counted" = the filters leave the
    user out), missing (number and name of the next required step, None), window_end (ISO or ""), sentence (says it all
    to a person). Raises NotFound for an unknown user, CannotAnswer without one.
    """
    if not user:
        raise CannotAnswer(
            "Choose a user: the trace follows one person through the funnel.", ("user",), "Name a user id."
        )
    place = view.dataset.find(str(user))
    if place is None:
        raise NotFound("user")
    asked = query_of(view, query)
    partition, person = view.dataset.partitions[place[0]], place[1]
    span = span_of(view, asked)
    rows, at = _attempt(view, partition, asked, span, person)
    names = [_event_name(view, partition, int(row)) for row in rows]
    zone = ZoneInfo(view.dataset.manifest.time_zone)
    taken = at != NEVER
    frame = pd.DataFrame(
        {
            "step": range(len(asked.steps)),
            "name": asked.labels,
            "optional": [step.optional for step in asked.steps],
            "reached": taken,
            "time": [_iso(int(t), zone) for t in at],
            "event": names,
            "seconds": _seconds(at),
        }
    )
    summary = _explain(view, partition, asked, person, at, zone)
    return Result(
        "funnel_trace",
        frame,
        units={"seconds": "seconds"},
        summary={"query": asked.to_json(), "user": str(user), **summary},
        notes=where.ignored(view, TABLE),
        rows_read=_rows_of(partition, person),
        users_read=1,
    )


def _attempt(
    view: View, partition: Partition, query: FunnelQuery, span: Span, person: int
) -> tuple[np.ndarray, np.ndarray]:
    """(rows, at) of the person's counted attempt, from the very attempts that are counted."""
    found = attempts(view, partition, query, span)
    mine = np.flatnonzero(found.person == person)
    if not len(mine):
        n = len(query.steps)
        return np.full(n, -1, np.int32), np.full(n, NEVER, np.int64)
    return found.rows[mine[0]], found.at[mine[0]]


def _explain(
    view: View, partition: Partition, query: FunnelQuery, person: int, at: np.ndarray, zone: ZoneInfo
) -> dict[str, Any]:
    furthest = int(np.flatnonzero(at != NEVER)[-1]) if (at != NEVER).any() else -1
    base: dict[str, Any] = {"reached": furthest, "missing": None, "missing_name": "", "window_end": ""}
    if furthest < 0:
        return {**base, **_absent(view, partition, query, person)}
    entry = _iso(int(at[0]), zone)
    last_required = max(k for k in range(len(query.steps)) if not query.steps[k].optional)
    if furthest >= last_required and at[last_required] != NEVER:
        return {**base, "state": "converted", "sentence": f"Entered on {entry} and took every required step."}
    missing = next(k for k in range(len(query.steps)) if at[k] == NEVER and not query.steps[k].optional)
    label = (
        f"{missing + 1} different steps" if query.order == "any" else f"step {missing + 1}, “{query.labels[missing]}”"
    )
    base |= {"missing": missing, "missing_name": query.labels[missing]}
    if query.window_seconds is None:
        text = f"Entered on {entry} and did not get to {label}, up to the end of the data."
        return {**base, "state": "open", "sentence": text}
    end = int(at[0]) + query.window_seconds * SECOND
    base["window_end"] = _iso(end, zone)
    if end > now_of(view):
        text = f"Entered on {entry}; {label} is missing and can still come until {base['window_end']}."
        return {**base, "state": "open", "sentence": text}
    why = " directly after the step before" if query.order == "strict" else ""
    text = f"Entered on {entry}; {label} did not follow{why} before the window ended on {base['window_end']}."
    return {**base, "state": "dropped", "sentence": text}


def _absent(view: View, partition: Partition, query: FunnelQuery, person: int) -> dict[str, str]:
    """Why a person has no counted attempt: found by asking the same engine again with one condition less."""
    if not where.persons(view, partition, TABLE)[person]:
        return {"state": "not_counted", "sentence": "The filters of this view leave this user out."}
    without = replace(query, exclusions=())
    span = span_of(view, query)
    if query.exclusions and (_attempt(view, partition, without, span, person)[0] >= 0).any():
        text = "Every attempt of this user is void: an excluded event happened on the way."
        return {"state": "void", "sentence": text}
    late = span_of(view, query, immature="count")
    if (_attempt(view, partition, query, late, person)[0] >= 0).any():
        text = "This user entered so late that the conversion window is still open, and is not counted yet."
        return {"state": "left_out", "sentence": text}
    ever = Span(-FOREVER, FOREVER, span.until)
    if (_attempt(view, partition, without, ever, person)[0] >= 0).any():
        return {
            "state": "not_entered",
            "sentence": "This user entered the funnel outside the chosen range of days only.",
        }
    return {"state": "not_entered", "sentence": f"This user never did step 1, “{query.labels[0]}”."}


def _event_name(view: View, partition: Partition, row: int) -> str:
    events = partition.table(TABLE)
    if row < 0 or events is None or not events.has("event_name"):
        return ""
    code = int(events.column("event_name")[row])
    return str(view.dataset.dictionary("event_name")[code]) if code >= 0 else ""


def _seconds(at: np.ndarray) -> list[float]:
    out: list[float] = []
    before = NEVER
    for t in at:
        known = t != NEVER and before != NEVER
        out.append((int(t) - before) / SECOND if known else float("nan"))
        before = int(t) if t != NEVER else before
    return out


def _iso(t: int, zone: ZoneInfo) -> str:
    if t == NEVER:
        return ""
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=t)
    return moment.astimezone(zone).isoformat(sep=" ", timespec="seconds")


def _rows_of(partition: Partition, person: int) -> int:
    events = partition.table(TABLE)
    return 0 if events is None else int(events.offsets[person + 1] - events.offsets[person])
