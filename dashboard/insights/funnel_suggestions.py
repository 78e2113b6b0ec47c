"""Funnels that the data propose: what most persons had done before they did the last step, in the same order.

All persons and all events up to the as-of day count, whatever the filters: a filter changes the numbers of a funnel,
not which funnel is looked at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dashboard.engine.run import run
from dashboard.insights.activity import rows_read
from dashboard.insights.dimensions import value_counts
from dashboard.insights.event_order import order_pairs
from dashboard.insights.funnel_attempts import midnight
from dashboard.insights.funnel_match import FOREVER, Int64
from dashboard.insights.memo import Memo
from dashboard.insights.registry import TIMED, insight
from dashboard.insights.selector import TABLE
from dashboard.insights.totals import add
from dashboard.insights.view import View
from dashboard.result import Result
from dashboard.store.partition import Partition

MAX_NAMES = 40  # most frequent names that are looked at; at most 64, see order_pairs
MAX_LENGTH, MAX_FUNNELS = 5, 5
MIN_SHARE = 0.02  # of all persons that have any of the names: a rarer pair is no path
MIN_ORDER = 0.6  # share of those who did the later one, and of those who did both, in this order
NOBODY_LOST = 0.99  # a step with so large a share that goes on tells nothing


@dataclass(frozen=True)
class Suggestion:
    """steps: event names. users: persons whose first step-1 event is followed by a first event of each later step, at
    most (the rarest pair on the way)."""

    steps: tuple[str, ...]
    users: int
    share: float


@dataclass(frozen=True)
class _Proposals:
    """names: the most frequent event names, by rows."""

    names: tuple[str, ...]
    funnels: tuple[Suggestion, ...]


_memo: Memo[_Proposals] = Memo(8 << 20, lambda item: 100 * (len(item.names) + 10 * len(item.funnels)))


def _proposals(view: View) -> _Proposals:
    return _memo.get((view.scope, view.as_of), lambda: _propose(view))


def _propose(view: View) -> _Proposals:
    dataset = view.dataset
    size = dataset.manifest.dictionaries.get("event_name", 0)

    rows = value_counts(dataset, "event_name", TABLE)[1:] if size else np.zeros(0, np.int64)
    chosen = sorted(np.flatnonzero(rows), key=lambda code: (-int(rows[code]), int(code)))[:MAX_NAMES]
    slot = np.full(size + 1, -1, np.int32)
    for position, code in enumerate(chosen):
        slot[code + 1] = position
    until = _until(view)

    def pairs(partition: Partition) -> Int64:
        out = np.zeros((len(chosen), len(chosen)), np.int64)
        events = partition.table(TABLE)
        if events is not None and events.has("event_name"):
            order_pairs(events.offsets, events.time, events.column("event_name"), slot, until, out)
        return out

    names = dataset.dictionary("event_name") if size else np.zeros(0, object)
    texts = tuple(str(names[code]) for code in chosen)
    return _Proposals(texts, tuple(_best(texts, run(dataset, pairs, add))))


def _until(view: View) -> int:
    return midnight(view.as_of + 1, view.dataset.manifest.time_zone) - 1 if view.cut else FOREVER


def suggested(view: View) -> tuple[Suggestion, ...]:
    """Up to five funnels of 2 to 5 different events, the most telling first; () where no two events follow each other.

    A funnel leads to a goal: going back from each event, the steps are events that most of those who did the later ones
    had done before (first times: at least 60 % of them, and in that order in at least 60 % of those with both), ever
    more people doing them. A step that loses nobody tells nothing and is left out. Funnels with many steps whose end is
    neither nearly certain nor nearly never reached come first; none is part of a better one, and a goal that nearly
    always leads to another one gives way to it.
    """
    return _proposals(view).funnels


def _best(names: tuple[str, ...], counts: Int64) -> list[Suggestion]:
    n = len(names)
    if n < 2:
        return []
    ways = sorted(
        (way for goal in range(n) if len((way := _way(counts, goal)).steps) > 1),
        key=lambda way: (-way.telling, -way.users, [names[i] for i in way.steps]),
    )
    everybody = int(np.diagonal(counts).max())
    chosen: list[Suggestion] = []
    for way in ways:
        steps = tuple(names[i] for i in way.steps)
        if any(set(steps) <= set(other.steps) for other in chosen):
            continue
        chosen.append(Suggestion(steps, way.users, way.users / everybody))
        if len(chosen) == MAX_FUNNELS:
            break
    return chosen


@dataclass(frozen=True)
class _Way:
    """steps: positions of names. users: as in :class:`Suggestion`. telling: how much it is worth to be looked at."""

    steps: tuple[int, ...]
    users: int
    telling: float


def _way(counts: Int64, goal: int) -> _Way:
    """The funnel that leads to a goal, of one step where there is none. counts: of :func:`order_pairs`."""
    did = np.diagonal(counts)
    least = max(1.0, MIN_SHARE * float(did.max()))
    both = counts + counts.T
    before = (counts >= least) & (counts >= MIN_ORDER * did) & (counts >= MIN_ORDER * both) & (did[:, None] >= did)
    if any(loses_nobody(counts, goal, later) and before[goal, later] for later in range(len(did))):
        return _Way((goal,), 0, 0.0)
    way = [goal]
    while len(way) < MAX_LENGTH:
        free = [a for a in range(len(did)) if a not in way and before[a, way].all()]
        free = [a for a in free if len(way) > 1 or not loses_nobody(counts, a, goal)]
        if not free:
            break
        ranked = sorted(free, key=lambda a: (int(did[a]), a))
        step = ranked[-1] if len(way) == MAX_LENGTH - 1 else ranked[0]
        if len(way) > 1 and loses_nobody(counts, step, way[0]):
            way[0] = step  # the earlier of the two stands for both
        else:
            way.insert(0, step)
    users = min((int(counts[a, b]) for i, a in enumerate(way) for b in way[i + 1 :]), default=0)
    share = users / int(did[way[0]]) if did[way[0]] else 0.0
    doubt = -sum(p * math.log2(p) for p in (share, 1 - share) if p > 0)
    on_the_way = 0.5 if before[goal].any() else 1.0  # an event that others lead on from is less of an end
    return _Way(tuple(way), users, doubt * (len(way) - 1) ** 2 * on_the_way)


def loses_nobody(counts: Int64, a: int, b: int) -> bool:
    """Whether all but 1 % of those who did a did b after it."""
    return bool(counts[a, b] >= NOBODY_LOST * counts[a, a])


@insight(
    "funnel_suggestions",
    "Suggested funnels",
    definition="Funnels that the data propose: events whose first times follow one another in the same order.",
    needs=(TIMED,),
)
def funnel_suggestions(view: View) -> Result:
    """One row per proposal, the most telling first. Columns: steps (event names joined by " → "), n_steps, users (at
    most so many of all users went this way: first times in this order), share (of the users of the most common event).
    Filters and range play no part. summary: funnels = list of lists of event names, ready for the option ``steps``;
    names = the most frequent event names, by rows."""
    found = suggested(view)
    frame = pd.DataFrame(
        {
            "steps": pd.Series([" → ".join(item.steps) for item in found], dtype=object),
            "n_steps": np.array([len(item.steps) for item in found], np.int64),
            "users": np.array([item.users for item in found], np.int64),
            "share": np.array([item.share for item in found], np.float64),
        }
    )
    summary = {"funnels": [list(item.steps) for item in found], "names": list(_proposals(view).names)}
    units = {"n_steps": "count", "users": "count", "share": "rate"}
    note = "Of all users and events up to the as-of day: a filter changes the numbers of a funnel, not the funnel."
    return Result("funnel_suggestions", frame, units=units, summary=summary, notes=(note,), **rows_read(view))
