"""Which events go along with converting: what the persons of a funnel did on the way, converted against dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.engine.run import run
from dashboard.errors import UserError
from dashboard.insights import funnel_kernels as kernels
from dashboard.insights import where
from dashboard.insights.activity import rows_read
from dashboard.insights.funnel import query_of
from dashboard.insights.funnel_attempts import attempts, people_of, span_of
from dashboard.insights.funnel_match import FOREVER, NEVER
from dashboard.insights.funnel_open import left_out_of
from dashboard.insights.funnel_prepare import window_of
from dashboard.insights.funnel_query import FunnelQuery, check_steps
from dashboard.insights.registry import TIMED, insight
from dashboard.insights.selector import TABLE
from dashboard.insights.totals import add
from dashboard.insights.view import View
from dashboard.result import LeftOut, Result
from dashboard.statistics.multiple import benjamini_hochberg
from dashboard.statistics.tables import Table
from dashboard.store.partition import Partition

MIN_PERSONS, MIN_SHARE = 25, 0.02  # a signal needs min(25, 2 % of all) persons
SKEWED = 10  # converted to dropped, or the other way round, from which the comparison is lopsided
FALSE_DISCOVERY = 0.05
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Signals:
    """with_: int64[2, names]: converted and dropped persons who did each event on the way, by code of the name.
    converted, dropped: all of them."""

    with_: Int64
    converted: int
    dropped: int


def signals_of(view: View, query: FunnelQuery, from_step: int, to_step: int) -> Signals:
    """Persons of the counted attempts that reached ``from_step``; converted = reached ``to_step``. An event counts for
    a person when it lies strictly between the two steps, or between the first one and the end of the window."""
    names = view.dataset.manifest.dictionaries.get("event_name", 0)

    def kernel(partition: Partition) -> Int64:
        out = np.zeros((2, names + 1), np.int64)
        events = partition.table(TABLE)
        on_the_way = _between(view, partition, query, from_step, to_step)
        out[0, names] = int(on_the_way.converted.sum())
        out[1, names] = len(on_the_way.converted) - int(out[0, names])
        if events is not None and events.has("event_name"):
            kernels.events_between(
                events.offsets, events.time, events.column("event_name"), where.rows(view, partition, TABLE),
                on_the_way.person, on_the_way.first, on_the_way.begin, on_the_way.end, on_the_way.converted, out,
            )  # fmt: skip
        return out

    total = run(view.dataset, kernel, add)
    return Signals(total[:, :names], int(total[0, names]), int(total[1, names]))


@dataclass(frozen=True)
class _Between:
    """One row per person who reached from_step: the row that served it, the open interval (begin, end) in µs, and
    whether to_step came."""

    person: npt.NDArray[np.int32]
    first: npt.NDArray[np.int32]
    begin: Int64
    end: Int64
    converted: npt.NDArray[np.uint8]


def _between(view: View, partition: Partition, query: FunnelQuery, from_step: int, to_step: int) -> _Between:
    span = span_of(view, query)
    found = attempts(view, partition, query, span)
    kept = np.flatnonzero(found.at[:, from_step] != NEVER)
    at = found.at[kept]
    converted = at[:, to_step] != NEVER
    limit = np.full(len(at), FOREVER, np.int64) if query.window_seconds is None else at[:, 0] + window_of(query)
    end = np.minimum(np.where(converted, at[:, to_step], limit), min(span.until, FOREVER - 1) + 1)
    begin, first = at[:, from_step].copy(), found.rows[kept, from_step]
    return _Between(found.person[kept], first, begin, end, converted.astype(np.uint8))


@insight(
    "funnel_drivers",
    "What goes along with converting",
    definition="For every event on the way through a funnel: how much more often converted users did it than dropped.",
    needs=(TIMED,),
)
def funnel_drivers(view: View, *, from_step: int = 0, to_step: int | None = None, **query: Any) -> Result:
    """One row per event that enough users did between the steps, the strongest association first. Columns: event;
    converted_with, dropped_with (users who did it strictly between the two steps; for dropped ones until their window
    ended); odds_ratio = ((s + 1)(F − f + 1)) / ((S − s + 1)(f + 1)); phi (−1 to 1, NaN where not defined); p_value
    (chi-squared, Fisher where a cell is small), q_value (Benjamini–Hochberg over all rows), significant (q <= .05).
    Events of the funnel's own steps never appear. It is an association, not a cause.

    Options: those of ``funnel``; from_step, to_step (default: first to last). summary: query, converted, dropped,
    discarded = names of events that fewer than min(25, 2 % of the users) did, skewed = one side is 10 times the other.
    """
    asked = query_of(view, query)
    first, last = check_steps(asked, from_step, to_step)
    found = signals_of(view, asked, first, last)
    total = found.converted + found.dropped
    least = min(MIN_PERSONS, MIN_SHARE * total)
    names = view.dataset.dictionary("event_name") if found.with_.shape[1] else np.zeros(0, object)
    own = {step.selector.event for step in asked.steps}
    rows: list[dict[str, Any]] = []
    discarded: list[str] = []
    for code, name in enumerate(names):
        s, f = int(found.with_[0, code]), int(found.with_[1, code])
        if name in own or s + f == 0:
            continue
        if s + f < least:
            discarded.append(str(name))
            continue
        rows.append(_row(str(name), s, f, found.converted, found.dropped))
    frame = pd.DataFrame(rows, columns=[*_COLUMNS])
    frame["q_value"] = benjamini_hochberg(frame["p_value"].to_numpy(np.float64))
    frame["significant"] = frame["q_value"] <= FALSE_DISCOVERY
    strength = np.abs(np.log(frame["odds_ratio"].to_numpy(np.float64)))
    frame = frame.iloc[np.lexsort((frame["event"].to_numpy(str), -strength))].reset_index(drop=True)
    low, high = sorted((found.converted, found.dropped))
    skewed = high >= SKEWED * max(low, 1)
    notes = [*where.ignored(view, TABLE), "These are associations: they do not show what makes people convert."]
    if skewed:
        notes.append("One side is more than ten times as large as the other: odds ratios are lopsided here.")
    left_out = list(left_out_of(view, asked))
    if discarded:
        text = "events that too few users did on the way to say anything"
        left_out.append(LeftOut("rare_events", len(discarded), text))
    return Result(
        "funnel_drivers",
        frame,
        units={"converted_with": "count", "dropped_with": "count", "odds_ratio": "number", "phi": "number"},
        summary={
            "query": asked.to_json(),
            "from_step": first,
            "to_step": last,
            "converted": found.converted,
            "dropped": found.dropped,
            "discarded": discarded,
            "skewed": skewed,
        },
        left_out=tuple(left_out),
        notes=tuple(notes),
        **rows_read(view),
    )


_COLUMNS = ("event", "converted_with", "dropped_with", "odds_ratio", "phi", "p_value")


def _row(name: str, s: int, f: int, converted: int, dropped: int) -> dict[str, Any]:
    table = Table(tp=s, fp=f, fn=converted - s, tn=dropped - f)
    return {
        "event": name,
        "converted_with": s,
        "dropped_with": f,
        "odds_ratio": ((s + 1) * (dropped - f + 1)) / ((converted - s + 1) * (f + 1)),
        "phi": np.nan if table.phi is None else table.phi,
        "p_value": table.p_value,
    }


@insight(
    "funnel_driver_people",
    "Users of a driver",
    definition="The converted or dropped users of a funnel who did an event on the way: exactly those that count.",
    needs=(TIMED,),
)
def funnel_driver_people(
    view: View,
    *,
    event: str = "",
    state: str = "converted",
    from_step: int = 0,
    to_step: int | None = None,
    **query: Any,
) -> Result:
    """Column: user_id, sorted. Options: those of ``funnel_drivers``; event: a name; state: converted or dropped.
    summary: users."""
    asked = query_of(view, query)
    first, last = check_steps(asked, from_step, to_step)
    if state not in ("converted", "dropped"):
        raise UserError("unknown_option", f"There is no state “{state}”.", "Choose converted or dropped.")
    code = view.dataset.code("event_name", event)
    people: list[npt.NDArray[np.int32]] = []
    for partition in view.dataset.partitions:
        events = partition.table(TABLE)
        on_the_way = _between(view, partition, asked, first, last)
        if events is None or code < 0:
            people.append(on_the_way.person[:0])
            continue
        did = np.zeros(len(on_the_way.person), np.uint8)
        kernels.did_between(
            events.offsets, events.time, events.column("event_name"), where.rows(view, partition, TABLE),
            on_the_way.person, on_the_way.first, on_the_way.begin, on_the_way.end, code, did,
        )  # fmt: skip
        people.append(on_the_way.person[(did == 1) & (on_the_way.converted == (state == "converted"))])
    ids = people_of(view, people)
    frame = pd.DataFrame({"user_id": pd.Series(ids, dtype=object)})
    summary = {"users": len(ids), "query": asked.to_json()}
    notes = where.ignored(view, TABLE)
    return Result("funnel_driver_people", frame, summary=summary, notes=notes, **rows_read(view))
