"""Entries whose conversion window had not ended when the data do: how many users they are, and what share would convert
if all were watched long enough."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboard.engine.run import run
from dashboard.insights import where
from dashboard.insights.funnel_attempts import Span, attempts, counted, now_of, plain_attempts, span_of
from dashboard.insights.funnel_match import NEVER
from dashboard.insights.funnel_prepare import SECOND, simple, step_rows
from dashboard.insights.funnel_query import FunnelQuery
from dashboard.insights.funnel_rows import may_enter_after
from dashboard.insights.memo import Memo
from dashboard.insights.selector import TABLE
from dashboard.insights.totals import json_number
from dashboard.insights.view import View
from dashboard.jit import kernel
from dashboard.result import LeftOut
from dashboard.statistics.survival import kaplan_meier
from dashboard.store.partition import Partition

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Ends:
    """The counted attempts over all entries, open windows included: µs of entry and of the last step, NEVER = not
    reached."""

    entry: Int64
    last: Int64


_memo: Memo[Ends] = Memo(32 << 20, lambda item: item.entry.nbytes + item.last.nbytes)


def forget() -> None:
    """Drop what is kept in memory (for measurements)."""
    _memo.clear()


@kernel
def ends_of(person: Int32, at: Int64, again: npt.NDArray[np.uint8], entry: Int64, last: Int64, n: int) -> int:
    """Write entry and last step of the attempts from position n on, without those of persons marked in ``again``
    (length 0: nobody). Returns the position after the last one."""
    for p in range(person.shape[0]):
        if again.shape[0] == 0 or not again[person[p]]:
            entry[n] = at[p, 0]
            last[n] = at[p, at.shape[1] - 1]
            n += 1
    return n


def ends(view: View, query: FunnelQuery) -> Ends:
    """Of all entries of the view, whether their window has ended or not."""
    finished, everything = span_of(view, query), span_of(view, query, immature="count")

    def read(partition: Partition) -> tuple[Int64, Int64]:
        if finished == everything or not simple(query):
            found = attempts(view, partition, query, everything)
            return found.at[:, 0], found.at[:, -1]
        return _with_open(view, partition, query, finished, everything)

    def merge(parts: Iterable[tuple[Int64, Int64]]) -> Ends:
        entry, last = zip(*parts, strict=True)
        return Ends(np.concatenate(entry), np.concatenate(last))

    return _memo.get((view.key, query), lambda: run(view.dataset, read, merge))


def _with_open(
    view: View, partition: Partition, query: FunnelQuery, finished: Span, everything: Span
) -> tuple[Int64, Int64]:
    """The finished attempts, those of who entered later searched again: all others have the same entries."""
    found = attempts(view, partition, query, finished)
    events = partition.table(TABLE)
    if events is None:
        return found.at[:, 0], found.at[:, -1]
    late = np.zeros(partition.n_users, np.uint8)
    people = where.persons(view, partition, TABLE)
    may_enter_after(events.time, *step_rows(view, partition, query).entries, people, finished.enter_until, late)
    again = plain_attempts(view, partition, query, everything, late)
    entry = np.empty(len(found.person) + len(again.person), np.int64)
    last = np.empty_like(entry)
    n = ends_of(found.person, found.at, late, entry, last, 0)
    n = ends_of(again.person, again.at, late[:0], entry, last, n)
    return entry[:n], last[:n]


def left_out_of(view: View, query: FunnelQuery) -> tuple[LeftOut, ...]:
    """Persons who do not take part because all their entries are younger than the window."""
    span = span_of(view, query)
    if span == span_of(view, query, immature="count"):
        return ()
    open_ = max(0, len(ends(view, query).entry) - len(counted(view, query, span)))
    text = "users entered so late that their conversion window is still open"
    return (LeftOut("immature", open_, text),) if open_ else ()


def survival(view: View, query: FunnelQuery) -> dict[str, float | None]:
    """1 − Kaplan–Meier at the window over all entries of the view, those still open included."""
    names = ("survival_rate", "survival_rate_low", "survival_rate_high")
    nothing: dict[str, float | None] = dict.fromkeys(names)
    if query.window_seconds is None:
        return nothing
    found = ends(view, query)
    entry, last = found.entry, found.last
    if not len(entry):
        return nothing
    done = last != NEVER
    waiting = np.minimum(now_of(view) - entry, query.window_seconds * SECOND)
    durations = np.where(done, last - entry, np.maximum(waiting, 0)) / SECOND
    curve = kaplan_meier(durations, done)
    if not len(curve.times):
        return dict.fromkeys(names, 0.0) if bool((waiting >= query.window_seconds * SECOND).any()) else nothing
    low, high = curve.low[-1], curve.high[-1]
    return {
        "survival_rate": 1 - float(curve.survival[-1]),
        "survival_rate_low": json_number(1 - float(high)),
        "survival_rate_high": json_number(1 - float(low)),
    }
