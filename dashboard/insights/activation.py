"""Activation: how many new people did something within their first days, and how long it took them.

Formula source: definitions section 6. Days are 24 hours from the first event of a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.engine.run import run
from dashboard.insights import options, periods, where
from dashboard.insights.activation_kernels import activations
from dashboard.insights.activity import buckets_of
from dashboard.insights.aha_exposure import until_of
from dashboard.insights.registry import TIMED, insight
from dashboard.insights.selector import Selector
from dashboard.insights.totals import json_number
from dashboard.insights.view import View
from dashboard.result import LeftOut, Result
from dashboard.schema import MICROSECONDS_PER_DAY, NULL_TIME
from dashboard.statistics.intervals import wilson
from dashboard.store.partition import Partition

TABLE = "events"
MAX_TIMES, MAX_DAYS = 1_000, 3_650


@dataclass(frozen=True)
class ActivationQuery:
    """event: what activates; None = anything, so that ``at_least`` 2 asks for a second event. at_least: so many times.
    within_days: 24-hour days from first seen, the end not included."""

    event: Selector | None
    at_least: int = 1
    within_days: int = 7

    @classmethod
    def of(cls, event: Any, at_least: Any, within_days: Any) -> ActivationQuery:
        return cls(
            options.selector(event),
            options.whole(at_least, "at_least", 1, MAX_TIMES),
            options.whole(within_days, "within_days", 1, MAX_DAYS),
        )

    def to_json(self) -> dict[str, Any]:
        event = self.event.to_json() if self.event else None
        return {"event": event, "at_least": self.at_least, "within_days": self.within_days}


@dataclass(frozen=True)
class Newcomers:
    """New people of the range, in the order of partitions. rows: (partition, person). day: int32 local day of the first
    event. observed: bool, seen for all of ``within_days``. after: int64 µs to activation, -1 = not (yet)."""

    partition: npt.NDArray[np.int64]
    person: npt.NDArray[np.int64]
    day: npt.NDArray[np.int32]
    observed: npt.NDArray[np.bool_]
    after: npt.NDArray[np.int64]


def newcomers(view: View, query: ActivationQuery) -> Newcomers:
    """Everybody whose first event in all data lies in the range and passes the filters."""
    if query.event is not None:
        query.event.check(view.dataset)
    until, length = until_of(view), query.within_days * MICROSECONDS_PER_DAY
    begin, end = view.period.first, min(view.period.last, view.as_of)
    wanted = query.event or Selector()

    def kernel(partition: Partition) -> tuple[npt.NDArray[Any], ...]:
        n, rows = partition.n_users, partition.table(TABLE)
        day, first, after = np.zeros(n, np.int32), np.full(n, NULL_TIME, np.int64), np.full(n, -1, np.int64)
        if rows is not None:
            mask, people = where.rows(view, partition, TABLE), where.persons(view, partition, TABLE)
            matches = wanted.mask(partition, view.dataset).view(np.uint8)
            arguments = (mask, people, matches, query.at_least, length, until, day, first, after)
            activations(rows.offsets, rows.time, rows.day, *arguments)
        chosen = np.flatnonzero((first != NULL_TIME) & (day >= begin) & (day <= end))
        observed = first[chosen] + length <= until
        return np.full(len(chosen), partition.index), chosen, day[chosen], observed, after[chosen]

    columns = run(view.dataset, kernel, lambda parts: [np.concatenate(column) for column in zip(*parts, strict=True)])
    return Newcomers(*columns)


@insight(
    "activation",
    "Activation",
    definition="Share of new users who do something within their first days, and how long it takes them.",
    needs=(TIMED,),
)
def activation(view: View, *, event: Any = None, at_least: Any = 2, within_days: Any = 7, by: str = "week") -> Result:
    """One row per calendar period of the first event. Columns: period (first ISO day), new_users, observed (new users
    seen for all of ``within_days``), activated (of those), rate, low, high (Wilson 95 %; NaN for nobody), complete
    (the period is over and everybody in it has been observed; others stay out of the summary's means of periods).

    Options: event (name or selector; default any event), at_least (times; the first event counts when it matches),
    within_days (24-hour days from the first event, end not included), by (day, week, month). summary: new_users,
    observed, activated, rate, low, high over observed people; seconds_p50, seconds_p75, seconds_p90 of those activated;
    days (list of {day, activated, share}: reached within so many days, cumulative).
    """
    query = ActivationQuery.of(event, at_least, within_days)
    parts = buckets_of(view, by)
    people = newcomers(view, query)
    first, table = periods.bucket_of_day(parts.spans)
    bucket = table[people.day.astype(np.int64) - first] if len(people.day) else np.zeros(0, np.int32)
    done = people.observed & (people.after >= 0)
    count = len(parts.spans)
    frame = pd.DataFrame(
        {
            "period": parts.labels,
            "new_users": np.bincount(bucket, minlength=count),
            "observed": np.bincount(bucket[people.observed], minlength=count),
            "activated": np.bincount(bucket[done], minlength=count),
        }
    )
    with np.errstate(invalid="ignore"):
        frame["rate"] = frame["activated"] / frame["observed"]
    frame["low"], frame["high"] = wilson(frame["activated"], frame["observed"])
    frame["complete"] = parts.complete & (frame["observed"] == frame["new_users"]).to_numpy()
    young = int((~people.observed).sum())
    text = f"new users first seen less than {query.within_days} days before the end of the data"
    return Result(
        "activation",
        frame,
        units={
            **dict.fromkeys(("new_users", "observed", "activated"), "count"),
            **dict.fromkeys(("rate", "low", "high"), "rate"),
        },
        summary={"query": query.to_json(), **_summary(people, done, query.within_days)},
        left_out=(LeftOut("too_young", young, text),) if young else (),
        notes=where.ignored(view, TABLE),
        **_read(view),
    )


def _summary(people: Newcomers, done: npt.NDArray[np.bool_], within_days: int) -> dict[str, Any]:
    observed, activated = int(people.observed.sum()), int(done.sum())
    low, high = (json_number(float(end)) for end in wilson(activated, observed))
    seconds = people.after[done] / 1e6
    quantiles = {f"seconds_p{q}": float(np.quantile(seconds, q / 100)) if len(seconds) else None for q in (50, 75, 90)}
    reached = np.bincount((people.after[done] // MICROSECONDS_PER_DAY).astype(np.int64), minlength=within_days)
    return {
        "new_users": len(people.day),
        "observed": observed,
        "activated": activated,
        "rate": activated / observed if observed else None,
        "low": low,
        "high": high,
        **quantiles,
        "days": [
            {"day": day + 1, "activated": int(n), "share": int(n) / observed if observed else None}
            for day, n in enumerate(np.cumsum(reached))
        ],
    }


@insight(
    "activation_people",
    "Who was activated",
    definition="The new users behind an activation rate: activated, not activated, or not observed long enough.",
    needs=(TIMED,),
)
def activation_people(
    view: View,
    *,
    state: str = "activated",
    period: str = "",
    event: Any = None,
    at_least: Any = 2,
    within_days: Any = 7,
    by: str = "week",
) -> Result:
    """Columns: user_id (sorted), first_day (ISO). Options: state (activated, not_activated, too_young), period (first
    ISO day of a period, "" = the whole range), and those of ``activation``. summary: users."""
    if state not in ("activated", "not_activated", "too_young"):
        raise options.bad("state", "activated, not_activated or too_young")
    parts = buckets_of(view, by)
    people = newcomers(view, ActivationQuery.of(event, at_least, within_days))
    chosen = ~people.observed if state == "too_young" else people.observed & ((people.after >= 0) == (state[0] == "a"))
    if period:
        if period not in parts.labels:
            raise options.bad("period", "the first day of a period that is shown")
        begin, end = parts.spans[parts.labels.index(period)]
        chosen &= (people.day >= begin) & (people.day <= end)
    rows = [
        (str(view.dataset.partitions[p].user_ids[int(person)].as_py()), periods.iso(int(day)))
        for p, person, day in zip(people.partition[chosen], people.person[chosen], people.day[chosen], strict=True)
    ]
    frame = pd.DataFrame(sorted(rows), columns=["user_id", "first_day"])
    notes = where.ignored(view, TABLE)
    return Result("activation_people", frame, summary={"users": len(frame)}, notes=notes, **_read(view))


def _read(view: View) -> dict[str, Any]:
    return {"rows_read": view.dataset.manifest.rows.get(TABLE, 0), "users_read": view.dataset.manifest.users}
