"""Who did what in their first days, and who came back: one entry per person, kept for the questions that follow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard import schema
from dashboard.engine.run import run
from dashboard.errors import CannotAnswer, UserError
from dashboard.insights import aha_kernels as kernels
from dashboard.insights import where
from dashboard.insights.active_days import default_clause
from dashboard.insights.aha_query import WINDOWS, AhaQuery
from dashboard.insights.dimensions import value_counts
from dashboard.insights.memo import Memo
from dashboard.insights.selector import Selector
from dashboard.insights.view import View
from dashboard.schema import MICROSECONDS_PER_DAY, NULL_TIME
from dashboard.store.partition import Partition

TABLE = "events"
MAX_EVENTS, MAX_DISTINCT, MAX_VALUES = 40, 8, 1_000
FOREVER = 2**62
Bytes = npt.NDArray[np.uint8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Kind = Literal["event", "distinct"]


@dataclass(frozen=True)
class Behaviour:
    """kind: ``event`` (how often) or ``distinct`` (how many different values). name: of the event or the column."""

    kind: Kind
    name: str


@dataclass(frozen=True)
class Question:
    """What is looked for, with everything resolved. days: ascending. until: µs UTC, the last known instant."""

    behaviours: tuple[Behaviour, ...]
    days: tuple[int, ...]
    from_day: int
    to_day: int
    outcome: Selector | None
    until: int


@dataclass(frozen=True)
class Exposure:
    """One partition's persons.

    first: int64[n], µs of the first event. state: uint8[n], 1 observed long enough, 2 not yet, 0 not counted. retained,
    half: uint8[n], 0 or 1. counts: uint8[windows, behaviours, n]. outcome_by: int64[behaviours], rows of that event by
    which people came back.
    """

    first: Int64
    state: Bytes
    retained: Bytes
    half: Bytes
    counts: Bytes
    outcome_by: Int64


_memo: Memo[tuple[Exposure, ...]] = Memo(
    256 << 20, lambda parts: sum(p.counts.nbytes + 11 * len(p.first) for p in parts)
)


def forget() -> None:
    """Drop what is kept in memory (for measurements)."""
    _memo.clear()


def exposures(view: View, question: Question) -> tuple[Exposure, ...]:
    """The exposure of each partition's persons. The range is not looked at: a person counts from the first day on."""
    key = (view.scope, view.where, question)
    return _memo.get(key, lambda: run(view.dataset, lambda p: _exposure(view, p, question), tuple))


def _exposure(view: View, partition: Partition, question: Question) -> Exposure:
    n, rows = partition.n_users, partition.table(TABLE)
    windows = np.array(question.days, np.int64) * MICROSECONDS_PER_DAY
    out = Exposure(
        first=np.full(n, NULL_TIME, np.int64),
        state=np.zeros(n, np.uint8),
        retained=np.zeros(n, np.uint8),
        half=halves(partition),
        counts=np.zeros((len(windows), len(question.behaviours), n), np.uint8),
        outcome_by=np.zeros(len(question.behaviours), np.int64),
    )
    if rows is None:
        return out
    mask = where.rows(view, partition, TABLE)
    events = [b.name if b.kind == "event" else "" for b in question.behaviours]
    kernels.exposures(
        rows.offsets,
        rows.time,
        rows.column("event_name"),
        mask,
        where.persons(view, partition, TABLE),
        _behaviour_of(view, events),
        outcome_codes(view, question.outcome),
        outcome_rows(view, partition, question.outcome),
        windows,
        question.from_day * MICROSECONDS_PER_DAY,
        question.to_day * MICROSECONDS_PER_DAY,
        question.until,
        out.first,
        out.state,
        out.retained,
        out.counts,
        out.outcome_by,
    )
    for at, behaviour in enumerate(question.behaviours):
        if behaviour.kind == "distinct":
            size = view.dataset.manifest.dictionaries[behaviour.name]
            codes = rows.column(behaviour.name)
            kernels.distinct_values(
                rows.offsets, rows.time, codes, size, mask, out.first, question.until, windows, at, out.counts
            )
    return out


def one_behaviour(
    view: View,
    behaviour: Selector,
    outcome: Selector | None,
    *,
    first_days: int,
    from_day: int,
    to_day: int,
    until: int,
) -> tuple[Exposure, ...]:
    """:func:`exposures` of a single behaviour that may have conditions: counts is uint8[1, 1, n]."""

    def kernel(partition: Partition) -> Exposure:
        n, rows = partition.n_users, partition.table(TABLE)
        counts = np.zeros((1, 1, n), np.uint8)
        first, state = np.full(n, NULL_TIME, np.int64), np.zeros(n, np.uint8)
        retained, outcome_by = np.zeros(n, np.uint8), np.zeros(1, np.int64)
        if rows is not None:
            codes = behaviour.mask(partition, view.dataset).astype(np.int32) - np.int32(1)  # 0 = matches, -1 = does not
            codes.flags.writeable = False  # as stored columns are: kernels are compiled for read-only input
            kernels.exposures(
                rows.offsets,
                rows.time,
                codes,
                where.rows(view, partition, TABLE),
                where.persons(view, partition, TABLE),
                np.array([-1, 0], np.int32),
                np.ones(2, np.uint8),
                outcome_mask(view, partition, outcome),
                np.array([first_days], np.int64) * MICROSECONDS_PER_DAY,
                from_day * MICROSECONDS_PER_DAY,
                to_day * MICROSECONDS_PER_DAY,
                until,
                first,
                state,
                retained,
                counts,
                outcome_by,
            )
        return Exposure(first, state, retained, halves(partition), counts, outcome_by)

    return run(view.dataset, kernel, tuple)


def _behaviour_of(view: View, events: Sequence[str]) -> Int32:
    out = np.full(len(view.dataset.dictionary("event_name")) + 1, -1, np.int32)
    for at, name in enumerate(events):
        if name:
            out[view.dataset.code("event_name", name) + 1] = at
    return out


def outcome_codes(view: View, outcome: Selector | None) -> Bytes:
    """uint8[event names + 1]: events that may be a coming back; None means the dataset's own activity."""
    if outcome is not None:
        return outcome.codes(view.dataset)
    chosen = default_clause(view)
    if not chosen:
        return np.ones(len(view.dataset.dictionary("event_name")) + 1, np.uint8)
    return where.allowed_codes(view, *chosen[0])


def outcome_rows(view: View, partition: Partition, outcome: Selector | None) -> Bytes:
    """Rows that meet the conditions of the outcome; EVERYTHING when it has none."""
    if outcome is None or not outcome.where:
        return where.EVERYTHING
    return outcome.mask(partition, view.dataset).view(np.uint8)


def outcome_mask(view: View, partition: Partition, outcome: Selector | None) -> Bytes:
    """uint8[rows]: rows that are a coming back."""
    if outcome is not None:
        return outcome.mask(partition, view.dataset).view(np.uint8)
    return where.only(view, partition, TABLE, default_clause(view))


def id_numbers(partition: Partition) -> npt.NDArray[np.uint64]:
    """uint64[n_users]: a number that follows from a person's id alone, for choices that look random and stay."""
    ids, out = partition.user_ids, np.zeros(partition.n_users, np.uint64)
    if partition.n_users:
        _, ends, data = ids.buffers()
        at = np.frombuffer(ends, np.int64)[ids.offset : ids.offset + len(ids) + 1]
        kernels.id_numbers(np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8), at, out)
    return out


def halves(partition: Partition) -> Bytes:
    """uint8[n_users], 0 or 1: the half that chooses and the half that reports."""
    return (id_numbers(partition) & np.uint64(1)).astype(np.uint8)


def until_of(view: View) -> int:
    """µs UTC of the last known instant: the end of the as-of day where that day is over, else the last stamp."""
    manifest = view.dataset.manifest
    if view.last_complete < view.as_of and not view.cut and manifest.as_of is not None:
        return int(manifest.as_of)
    after = dt.date(1970, 1, 1) + dt.timedelta(days=view.as_of + 1)
    midnight = pd.Timestamp(after).tz_localize(manifest.time_zone, ambiguous=True, nonexistent="shift_forward")
    return int(midnight.timestamp()) * 1_000_000


def question_of(view: View, query: AhaQuery) -> Question:
    """Resolve names and windows. Raises UserError for what does not occur, CannotAnswer without event names."""
    rows = view.dataset.partitions[0].table(TABLE) if view.dataset.partitions else None
    if rows is None or not rows.has("event_name"):
        raise CannotAnswer(
            "Looking for turning points needs an event log with names of events.", ("event_name",), "Map the column."
        )
    if query.outcome is not None:
        query.outcome.check(view.dataset)
    until = until_of(view)
    from_day, to_day = query.from_day, query.to_day
    if not to_day:
        from_day, to_day = _window(view, max(query.days), until)
    behaviours = (*_events(view, query.events), *_distinct(view, query.distinct, bool(query.events)))
    return Question(behaviours, query.days, from_day, to_day, query.outcome, until)


def _window(view: View, after: int, until: int) -> tuple[int, int]:
    """The longest outcome window for which at least half of the people have been observed, else the shortest."""
    allowed = [window for window in WINDOWS if window[0] >= after] or [(after, after + 7)]

    def firsts(partition: Partition) -> Int64:
        column = partition.users.column("first_time")
        return np.asarray(column[column != NULL_TIME], np.int64)

    first = run(view.dataset, firsts, lambda parts: np.concatenate(list(parts)))
    for begin, end in allowed:
        if len(first) and np.mean(first + end * MICROSECONDS_PER_DAY <= until) >= 0.5:
            return begin, end
    return allowed[-1]


def _events(view: View, names: tuple[str, ...]) -> tuple[Behaviour, ...]:
    for name in names:
        Selector(name).check(view.dataset)
    if not names:
        counts = value_counts(view.dataset, "event_name", TABLE)[1:]
        texts = [str(text) for text in view.dataset.dictionary("event_name")]
        names = tuple(sorted(texts, key=lambda text: (-int(counts[texts.index(text)]), text))[:MAX_EVENTS])
    return tuple(Behaviour("event", name) for name in names)


def _distinct(view: View, names: tuple[str, ...], chosen: bool) -> tuple[Behaviour, ...]:
    """Columns of the events whose different values mean something: no ids, not the name of the event itself."""
    columns, dictionaries = view.dataset.manifest.columns.get(TABLE, {}), view.dataset.manifest.dictionaries
    for name in names:
        if name not in columns or name not in dictionaries:
            raise UserError(
                "unknown_column",
                f"The events have no column “{name}” whose values could be counted.",
                "Choose a column of the event log with texts.",
            )
    if not names and not chosen:
        names = tuple(
            name
            for name, info in sorted(columns.items())
            if name in dictionaries
            and name != "event_name"
            and info.type == "category"
            and 2 <= dictionaries[name] <= MAX_VALUES
            and not getattr(schema.field("events", name), "personal", False)
        )[:MAX_DISTINCT]
    return tuple(Behaviour("distinct", name) for name in names)
