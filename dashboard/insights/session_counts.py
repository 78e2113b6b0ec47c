"""Sessions counted per period and per class of length, with their medians, and the persons behind a class."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.engine.run import run
from dashboard.insights.active_days import TABLE
from dashboard.insights.periods import bucket_of_day
from dashboard.insights.session_kernels import ALONE, KNOWN, Notes, complete
from dashboard.insights.session_lengths import CLASSES, Lengths, medians, quantiles, shortest
from dashboard.insights.session_rows import MICROS, scan
from dashboard.insights.totals import add, json_number, ratio
from dashboard.insights.view import View
from dashboard.store.partition import Partition

# lengths in seconds: a bin holds low <= length < high, the first one sessions of length 0
EDGES = (0.0, 0.001, 10.0, 30.0, 60.0, 180.0, 600.0, 1_800.0, 3_600.0, 10_800.0, np.inf)
QUANTILES = (("median", 0.5), ("p25", 0.25), ("p75", 0.75), ("p90", 0.9))
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


def _micros(seconds: float) -> int:
    return int(np.iinfo(np.int64).max) if np.isinf(seconds) else round(seconds * MICROS)


_EDGES = np.array([_micros(edge) for edge in EDGES])
_LOWEST = np.maximum(np.searchsorted(_EDGES, shortest(), side="right") - 1, 0)


@dataclass(frozen=True)
class Counts:
    """Sessions, counted. periods int64[periods, 6]: of :func:`dashboard.insights.session_kernels.complete`; classes
    int64[classes, 2] and spread int[periods, CLASSES]: as in :class:`dashboard.insights.session_kernels.Notes`; users:
    persons with a session; single: sessions of one event; lengths: those above 0 per partition; without: events or
    rows that belong to no session."""

    periods: Int64
    classes: Int64
    spread: Int32 | Int64
    users: int
    single: int
    lengths: tuple[Lengths, ...]
    without: int


def count(view: View, source: str, gap_minutes: float, names: tuple[str, ...], spans: list[tuple[int, int]]) -> Counts:
    """The sessions of a source (:mod:`dashboard.insights.session_rows`) per period (``spans``: inclusive days) and per
    class of length."""

    def kernel(partition: Partition) -> Counts:
        notes = _blank(partition, source, spans)
        without = scan(view, partition, source, gap_minutes, names, notes)
        of_period = complete(notes.of_period)
        users, single, n, _ = notes.total.tolist()
        single += int(notes.of_period[:, ALONE].sum())
        kept = (Lengths(notes.length[:n], notes.period[:n]),)
        return Counts(of_period, notes.of_class, notes.spread, users, single, kept, without)

    def merge(parts: Iterable[Counts]) -> Counts:
        found = list(parts)
        of_period, spread = add(part.periods for part in found), found[0].spread.astype(np.int64)
        for part in found[1:]:
            spread += part.spread
        spread[:, 0] = of_period[:, KNOWN] - spread.sum(axis=1)  # those of length 0 are not noted there
        return Counts(
            of_period,
            add(part.classes for part in found),
            spread,
            sum(part.users for part in found),
            sum(part.single for part in found),
            tuple(lengths for part in found for lengths in part.lengths),
            sum(part.without for part in found),
        )

    return run(view.dataset, kernel, merge)


def people(view: View, source: str, gap_minutes: float, names: tuple[str, ...], low: float, high: float) -> list[str]:
    """Ids of the persons with at least one session of low <= seconds < high that begins in the range, sorted."""
    span = (view.period.first, view.period.last)

    def kernel(partition: Partition) -> list[str]:
        notes = _blank(partition, source, [span])._replace(low=_micros(low), high=_micros(high))
        scan(view, partition, source, gap_minutes, names, notes)
        return [str(item) for item in partition.user_ids.take(np.flatnonzero(notes.flags)).to_pylist()]

    return run(view.dataset, kernel, lambda parts: sorted(item for part in parts for item in part))


def _blank(partition: Partition, source: str, spans: list[tuple[int, int]]) -> Notes:
    rows = partition.table("sessions" if source == "table" else TABLE)
    return blank(rows.n_known if rows is not None else 0, partition.n_users, spans)


def blank(most: int, n_users: int, spans: list[tuple[int, int]]) -> Notes:
    """Nothing noted yet of at most ``most`` sessions that begin on the days of ``spans``."""
    first, table = bucket_of_day(spans)
    n_periods, n_classes = len(spans), len(EDGES) - 1
    return Notes(
        start=first,
        table=table,
        edges=_EDGES,
        lowest=_LOWEST,
        low=1,
        high=0,
        of_period=np.zeros((n_periods, 8), np.int64),
        of_class=np.zeros((n_classes, 2), np.int64),
        total=np.zeros(4, np.int64),
        spread=np.zeros((n_periods, CLASSES), np.int32),
        length=np.empty(most + 1, np.int64),  # the place behind the last one takes what is not kept
        period=np.empty(most + 1, np.int32),
        flags=np.zeros(n_users, np.uint8),
        in_period=np.full(n_periods, -1, np.int64),
        in_class=np.full(n_classes, -1, np.int64),
    )


def per_period(view: View, found: Counts) -> dict[str, npt.NDArray[Any]]:
    """The numbers of each period: sessions, users, sessions_per_user, mean_seconds, median_seconds, events_per_session
    (NaN where there are none)."""
    sessions, users, known, micros, counted, events = found.periods.T
    return {
        "sessions": sessions,
        "users": users,
        "sessions_per_user": ratio(sessions, users),
        "mean_seconds": ratio(micros / MICROS, known),
        "median_seconds": medians(view, found.lengths, found.spread),
        "events_per_session": ratio(events, counted),
    }


def summary(view: View, found: Counts) -> dict[str, Any]:
    """The summary of :func:`sessions` without where they come from."""
    sessions, _, known, micros, counted, events = found.periods.sum(axis=0)
    bins, users_of = found.classes.T
    levels = quantiles(view, found.lengths, found.spread, [q for _, q in QUANTILES])
    numbers = {
        "sessions_per_user": ratio(sessions, found.users),
        "mean_seconds": micros / MICROS / known if known else np.nan,
        **{f"{name}_seconds": value for (name, _), value in zip(QUANTILES, levels, strict=True)},
        "events_per_session": events / counted if counted else np.nan,
        "single_event_share": ratio(found.single, counted),
    }
    return {
        "sessions": int(sessions),
        "users": found.users,
        **{name: json_number(float(value)) for name, value in numbers.items()},
        "lengths": [
            {
                "low": EDGES[i],
                "high": json_number(EDGES[i + 1]),
                "sessions": int(bins[i]),
                "users": int(users_of[i]),
                "share": json_number(float(ratio(bins[i], known))),
            }
            for i in range(len(bins))
        ],
    }
