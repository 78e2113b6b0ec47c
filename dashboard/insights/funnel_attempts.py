"""The counted attempts of a funnel under a view: what every funnel number is a function of.

An entry belongs to the view when its local day lies in the view's period; what follows may lie after it, up to the
as-of day. Row filters remove events before anything else, person filters decide who counts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from dashboard import filters
from dashboard.engine.run import run
from dashboard.insights import funnel_kernels as kernels
from dashboard.insights import where
from dashboard.insights.funnel_match import FOREVER, NEVER
from dashboard.insights.funnel_prepare import (
    ORDER_CODE,
    SECOND,
    exclusions_of,
    frozen,
    held_values,
    hold_of,
    optional_of,
    prepare,
    row_values,
    simple,
    step_rows,
    window_of,
)
from dashboard.insights.funnel_query import FunnelQuery
from dashboard.insights.funnel_rows import best_of_rows
from dashboard.insights.memo import Memo
from dashboard.insights.selector import TABLE
from dashboard.insights.view import View
from dashboard.store.partition import Partition, Rows

_NO_VALUE = np.zeros(0, np.int32)
Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Span:
    """Which entries count, µs, both ends included; until: nothing after it exists."""

    enter_from: int
    enter_until: int
    until: int


@dataclass(frozen=True)
class Attempts:
    """The counted attempts of one partition, persons ascending (with ``group`` a person may occur once per value).

    person int32[p]: person number. rows int32[p, steps]: row of ``events`` that serves step k, -1 = not reached; with
    steps in any order column r is the event that made it r + 1 steps. at int64[p, steps]: µs at which each step was
    reached (never falling), NEVER where it was not. group int32[p]: code of the value the funnel was computed for (only
    for "all steps have the value"), else length 0.
    """

    person: Int32
    rows: Int32
    at: Int64
    group: Int32

    @property
    def nbytes(self) -> int:
        return int(self.person.nbytes + self.rows.nbytes + self.at.nbytes + self.group.nbytes)


_memo: Memo[Attempts] = Memo(256 << 20, lambda item: item.nbytes)


def midnight(day: int, zone: str) -> int:
    """The instant (µs UTC) at which a local day begins."""
    begin = dt.datetime.combine(filters.day_date(day), dt.time(), ZoneInfo(zone))
    return (begin - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


def now_of(view: View) -> int:
    """The instant up to which the data are known: the last stamp, or the end of the as-of day a person chose."""
    manifest = view.dataset.manifest
    if view.last_complete < view.as_of and manifest.as_of is not None:
        return int(manifest.as_of)
    return midnight(view.as_of + 1, manifest.time_zone)


def span_of(view: View, query: FunnelQuery, *, immature: str | None = None, now: int | None = None) -> Span:
    """The entries of the view. immature: overrides the query's; with "leave_out" entries whose window ends after
    ``now`` do not count. now: µs, default :func:`now_of`."""
    zone = view.dataset.manifest.time_zone
    enter_from, enter_until = midnight(view.period.first, zone), midnight(view.period.last + 1, zone) - 1
    until = midnight(view.as_of + 1, zone) - 1 if view.cut else FOREVER
    if (immature or query.immature) == "leave_out" and query.window_seconds is not None:
        enter_until = min(enter_until, (now_of(view) if now is None else now) - query.window_seconds * SECOND)
    return Span(enter_from, enter_until, until)


def attempts(view: View, partition: Partition, query: FunnelQuery, span: Span, per_value: str = "") -> Attempts:
    """The counted attempts of a partition, kept in memory for the other questions of the same view. per_value: a
    property; the funnel is then computed once per value of it."""
    scope: Hashable = (view.scope, view.where, partition.index, query, span, per_value)
    return _memo.get(scope, lambda: _attempts(view, partition, query, span, per_value))


def _attempts(view: View, partition: Partition, query: FunnelQuery, span: Span, per_value: str) -> Attempts:
    n = len(query.steps)
    if simple(query) and not per_value:
        return plain_attempts(view, partition, query, span, where.persons(view, partition, TABLE))
    data = prepare(view, partition, query)
    if data is None:
        return _nobody(n)
    source = (data.events.offsets, data.events.time, data.codes, data.table, data.marks)
    entries = (span.until, span.enter_from, span.enter_until)
    window, order = window_of(query), ORDER_CODE[query.order]
    grace, first = query.grace_seconds * SECOND, query.attempt == "first"
    parts = (optional_of(query), exclusions_of(query))
    if per_value:
        entering = (1 << n) - 1 if query.order == "any" else 1
        room = kernels.entering_rows(data.events.offsets, data.codes, data.table, data.marks, data.people, entering)
        person, group = np.empty(room, np.int32), np.empty(room, np.int32)
        found = np.empty((room, n), np.int32)
        values = frozen(row_values(view, partition, per_value))
        total = kernels.best_per_value(
            *source, values, data.people, order, first, window, grace, *entries, *parts, person, group, found
        )
        keep = np.flatnonzero(found[:total, 0] >= 0)
        return Attempts(person[keep], found[keep], reached_at(data.events, found[keep]), group[keep])
    rows = np.empty((partition.n_users, n), np.int32)
    held = frozen(held_values(view, partition, query.same_property))
    kernels.best(*source, held, data.people, order, hold_of(query), first, window, grace, *entries, *parts, rows)
    persons = np.flatnonzero(rows[:, 0] >= 0).astype(np.int32)
    return Attempts(persons, rows[persons], reached_at(data.events, rows[persons]), _NO_VALUE)


def plain_attempts(
    view: View, partition: Partition, query: FunnelQuery, span: Span, people: npt.NDArray[np.uint8]
) -> Attempts:
    """:func:`attempts` of some of the people, of a funnel that the one-pass search answers: from the rows of its
    steps."""
    n = len(query.steps)
    events = partition.table(TABLE)
    if events is None:
        return _nobody(n)
    (entries, starts), later, bits = step_rows(view, partition, query)
    person, at = np.empty(partition.n_users, np.int32), np.empty((partition.n_users, n), np.int64)
    rows = np.empty((partition.n_users, n), np.int32)
    total = best_of_rows(
        events.offsets, events.time, entries, starts, later, bits, people, window_of(query), span.until,
        span.enter_from, span.enter_until, person, rows, at,
    )  # fmt: skip
    person, rows, at = person[:total], rows[:total], at[:total]
    if total < partition.n_users // 2:  # what is kept in memory is not to hold twice its size
        person, rows, at = person.copy(), rows.copy(), at.copy()
    return Attempts(person, rows, at, _NO_VALUE)


def _nobody(n: int) -> Attempts:
    return Attempts(_NO_VALUE, np.zeros((0, n), np.int32), np.zeros((0, n), np.int64), _NO_VALUE)


@dataclass(frozen=True)
class Counted:
    """The counted attempts of all partitions, in the order of the partitions."""

    parts: tuple[Attempts, ...]

    def __len__(self) -> int:
        return sum(len(part.person) for part in self.parts)

    def of(self, codes: Sequence[npt.NDArray[np.int64]], code: int) -> Counted:
        """Those of one group, without their values. codes: per partition, one per attempt."""
        chosen = [np.flatnonzero(mine == code) for mine in codes]
        return Counted(
            tuple(
                Attempts(part.person[at], part.rows[at], part.at[at], _NO_VALUE)
                for part, at in zip(self.parts, chosen, strict=True)
            )
        )


def counted(view: View, query: FunnelQuery, span: Span, per_value: str = "") -> Counted:
    """All counted attempts under the view."""
    return run(
        view.dataset, lambda partition: attempts(view, partition, query, span, per_value), lambda p: Counted(tuple(p))
    )


def reached_at(events: Rows, rows: Int32) -> Int64:
    """int64[p, steps]: when each step was reached (never falling), NEVER where it was not."""
    at = np.where(rows >= 0, events.time[rows] if len(rows) else NEVER, NEVER)
    latest: Int64 = np.maximum.accumulate(at, axis=1)
    return np.where(rows >= 0, latest, NEVER)


def people_of(view: View, chosen: Sequence[Int32]) -> list[str]:
    """Sorted ids, each once. chosen: person numbers per partition."""
    ids: set[str] = set()
    for partition, person in zip(view.dataset.partitions, chosen, strict=True):
        ids.update(str(item) for item in partition.user_ids.take(person).to_pylist())
    return sorted(ids)


def forget() -> None:
    """Drop what is kept in memory (for measurements)."""
    _memo.clear()
