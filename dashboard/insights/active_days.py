"""The active days of persons under a view: what every activity number is a function of.

Without row filters and with the default activity this is the stored ``days`` table. Otherwise the events are read once
and the distinct days of the rows that pass are kept in memory for the other questions of the same view.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboard.errors import UserError
from dashboard.insights import where
from dashboard.insights.activity_kernels import distinct_days, distinct_days_of
from dashboard.insights.memo import Memo
from dashboard.insights.view import View
from dashboard.insights.where import EVERYTHING, Clause, Mask
from dashboard.store.partition import Partition

TABLE = "events"  # the row table of activity: filters on its columns test rows
_FOREVER = 2**31 - 1


@dataclass(frozen=True)
class ActiveDays:
    """offsets int64[n_users + 1], day int32: distinct local days per person, ascending."""

    offsets: npt.NDArray[np.int64]
    day: npt.NDArray[np.int32]


_memo: Memo[ActiveDays] = Memo(256 << 20, lambda item: item.offsets.nbytes + item.day.nbytes)


def activity_names(view: View, activity: str | Sequence[str]) -> tuple[str, ...]:
    """The chosen activity events, () for the dataset's default. Raises UserError for a name that never occurs."""
    names = (activity,) if isinstance(activity, str) and activity else tuple(activity)
    for name in names:
        if view.dataset.code("event_name", name) < 0:
            raise UserError(
                "unknown_event",
                f"There is no event named “{name}” in this data.",
                "Choose one of the event names on the data page.",
            )
    return tuple(sorted(set(names)))


def default_clause(view: View) -> tuple[Clause, ...]:
    """The filter on event names that the default activity means; () when every event counts."""
    names = view.dataset.manifest.activity
    return (("event_name", tuple(names)),) if names else ()


def clause(view: View, names: tuple[str, ...]) -> tuple[Clause, ...]:
    return (("event_name", names),) if names else default_clause(view)


def active_days(view: View, partition: Partition, names: tuple[str, ...] = ()) -> ActiveDays:
    """Distinct active days of each person of the partition, from the rows that pass the view's row filters.

    Days after the as-of day do not exist. Person filters are not applied: kernels take them as ``people``.
    """
    row_clauses = where.row_clauses(view, TABLE)
    stored = partition.table("days")
    if stored is not None and not names and not row_clauses:
        if not view.cut:
            return ActiveDays(stored.offsets, stored.day)
        return keep(view, partition, (), lambda: scan(stored.offsets, stored.day, EVERYTHING, view.as_of))
    chosen = clause(view, names)

    def read() -> ActiveDays:
        events = partition.table(TABLE)
        if events is None:
            return ActiveDays(np.zeros(partition.n_users + 1, np.int64), np.zeros(0, np.int32))
        until = view.as_of if view.cut else _FOREVER
        clauses = (*row_clauses, *chosen)
        if len(clauses) == 1 and events.column(clauses[0][0]).dtype == np.int32:
            allowed = where.allowed_codes(view, *clauses[0])
            return _allocated(
                events.offsets, events.day, distinct_days_of, events.column(clauses[0][0]), allowed, until
            )
        return scan(events.offsets, events.day, where.only(view, partition, TABLE, clauses), until)

    return keep(view, partition, (*row_clauses, *chosen), read)


def keep(view: View, partition: Partition, query: Hashable, make: Callable[[], ActiveDays]) -> ActiveDays:
    """``make()``, kept in memory under the view's data, the as-of day and ``query``."""
    until = view.as_of if view.cut else _FOREVER
    return _memo.get((view.scope, partition.index, query, until), make)


def scan(offsets: npt.NDArray[np.int64], day: npt.NDArray[np.int32], mask: Mask, until: int) -> ActiveDays:
    """:func:`distinct_days` with its output allocated."""
    return _allocated(offsets, day, distinct_days, mask, until)


def _allocated(
    offsets: npt.NDArray[np.int64], day: npt.NDArray[np.int32], kernel: Callable[..., int], *arguments: object
) -> ActiveDays:
    out_offsets = np.empty(len(offsets), np.int64)
    out_day = np.empty(int(offsets[-1]), np.int32)
    n = kernel(offsets, day, *arguments, out_offsets, out_day)
    days = ActiveDays(out_offsets, out_day[:n].copy())
    days.offsets.flags.writeable = False  # as stored arrays are: kernels are compiled for read-only input
    days.day.flags.writeable = False
    return days


def forget() -> None:
    """Drop what is kept in memory (for measurements)."""
    _memo.clear()
