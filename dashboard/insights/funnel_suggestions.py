"""Funnels that the data propose: names whose first times follow one another in the same order for most persons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.engine.run import run
from dashboard.insights import where
from dashboard.insights.activity import rows_read
from dashboard.insights.funnel_attempts import midnight
from dashboard.insights.funnel_match import FOREVER, Int32, Int64
from dashboard.insights.memo import Memo
from dashboard.insights.registry import TIMED, insight
from dashboard.insights.selector import TABLE
from dashboard.insights.totals import add
from dashboard.insights.view import View
from dashboard.jit import kernel
from dashboard.result import Result
from dashboard.store.partition import Partition

MAX_NAMES = 40  # most frequent names that are looked at
MAX_LENGTH, MAX_FUNNELS = 4, 5
MIN_SHARE = 0.02  # of all persons that have any of the names: a rarer pair is no path
MIN_ORDER = 0.6  # share of those with both names who did them in this order
Flags = npt.NDArray[np.uint8]


@kernel
def order_pairs(
    offsets: Int64, time: Int64, codes: Int32, slot: Int32, kept: Flags, people: Flags, until: int, pairs: Int64
) -> None:
    """pairs[a, b] += persons whose first a lies before their first b; pairs[a, a] += persons with a.

    slot[code + 1] = position of the name, -1 = not looked at; two first times at one instant are in no order.
    """
    n = pairs.shape[0]
    first = np.empty(n, np.int64)
    found = np.empty(n, np.int64)
    masked = kept.shape[0] > 0
    for u in range(offsets.shape[0] - 1):
        if not people[u]:
            continue
        first[:] = FOREVER
        m = 0
        for i in range(offsets[u], offsets[u + 1]):
            s = slot[codes[i] + 1]
            if s < 0 or first[s] != FOREVER or (masked and not kept[i]):
                continue
            if time[i] > until or time[i] == -(2**63):
                continue
            first[s] = time[i]
            found[m] = s
            m += 1
            if m == n:
                break
        for x in range(m):
            a = found[x]
            pairs[a, a] += 1
            for y in range(x + 1, m):
                if first[found[y]] > first[a]:
                    pairs[a, found[y]] += 1


@dataclass(frozen=True)
class Suggestion:
    """steps: event names. users: persons whose first step-1 event is followed by a first event of each later step, at
    most (the rarest pair on the way)."""

    steps: tuple[str, ...]
    users: int
    share: float


@dataclass(frozen=True)
class _Pairs:
    names: tuple[str, ...]
    counts: Int64


_memo: Memo[_Pairs] = Memo(8 << 20, lambda item: int(item.counts.nbytes))


def _pairs(view: View) -> _Pairs:
    return _memo.get((view.scope, view.where, view.as_of), lambda: _count(view))


def _count(view: View) -> _Pairs:
    dataset = view.dataset
    size = dataset.manifest.dictionaries.get("event_name", 0)

    def totals(partition: Partition) -> Int64:
        events = partition.table(TABLE)
        if events is None or not events.has("event_name"):
            return np.zeros(size + 1, np.int64)
        counts: Int64 = np.bincount(events.column("event_name").astype(np.int64) + 1, minlength=size + 1)
        return counts

    rows = run(dataset, totals, add)[1:] if size else np.zeros(0, np.int64)
    chosen = sorted(np.flatnonzero(rows), key=lambda code: (-int(rows[code]), int(code)))[:MAX_NAMES]
    slot = np.full(size + 1, -1, np.int32)
    for position, code in enumerate(chosen):
        slot[code + 1] = position
    until = _until(view)

    def pairs(partition: Partition) -> Int64:
        out = np.zeros((len(chosen), len(chosen)), np.int64)
        events = partition.table(TABLE)
        if events is not None and events.has("event_name"):
            kept, people = where.rows(view, partition, TABLE), where.persons(view, partition, TABLE)
            order_pairs(events.offsets, events.time, events.column("event_name"), slot, kept, people, until, out)
        return out

    names = dataset.dictionary("event_name") if size else np.zeros(0, object)
    return _Pairs(tuple(str(names[code]) for code in chosen), run(dataset, pairs, add))


def _until(view: View) -> int:
    return midnight(view.as_of + 1, view.dataset.manifest.time_zone) - 1 if view.cut else FOREVER


def suggested(view: View) -> list[Suggestion]:
    """Up to five funnels of 2 to 4 different events, the most telling first; [] where no two events follow each other.

    A pair belongs to a path when at least 2 % of all persons did both for the first time in this order, and at least
    60 % of those who did both. A path starts with a name and goes on to the name that most persons reach next; paths
    are ranked by how many persons they keep times how many steps they have, and no path is part of a better one.
    """
    found = _pairs(view)
    n = len(found.names)
    if n < 2:
        return []
    counts, did = found.counts.astype(np.float64), np.diagonal(found.counts).astype(np.float64)
    everybody = did.max()
    both = counts + counts.T
    order = np.divide(counts, both, out=np.zeros_like(counts), where=both > 0)
    usable = (counts >= max(1.0, MIN_SHARE * everybody)) & (order >= MIN_ORDER) & ~np.eye(n, dtype=bool)
    paths: list[tuple[float, tuple[int, ...], int]] = []
    for start in range(n):
        path, kept = [start], did[start]
        while len(path) < MAX_LENGTH:
            # everyone on the way has to come before the next one: the rarest pair bounds how many persons get there
            reach = np.where(usable[path].all(axis=0), counts[path].min(axis=0), 0.0)
            # a step that hardly comes after the one before it adds nothing: prefer the surest order, then the most
            score = reach * order[path[-1]]
            following = int(np.lexsort((np.arange(n), -score))[0])
            if score[following] <= 0:
                break
            path.append(following)
            kept = min(kept, reach[following])
        if len(path) > 1:
            paths.append((float(kept) * (len(path) - 1), tuple(path), int(kept)))
    paths.sort(key=lambda item: (-item[0], [found.names[i] for i in item[1]]))
    chosen: list[Suggestion] = []
    for _, way, users in paths:
        steps = tuple(found.names[i] for i in way)
        if any(set(steps) <= set(other.steps) for other in chosen):
            continue
        chosen.append(Suggestion(steps, users, users / everybody))
        if len(chosen) == MAX_FUNNELS:
            break
    return chosen


@insight(
    "funnel_suggestions",
    "Suggested funnels",
    definition="Funnels that the data propose: events whose first times follow one another in the same order.",
    needs=(TIMED,),
)
def funnel_suggestions(view: View) -> Result:
    """One row per proposal, the most telling first. Columns: steps (event names joined by " → "), n_steps, users (at
    most so many went this way: first times in this order), share (of the users of the most common event). summary:
    funnels = list of lists of event names, ready for the option ``steps``; names = the most frequent event names, by
    rows."""
    found = suggested(view)
    frame = pd.DataFrame(
        {
            "steps": pd.Series([" → ".join(item.steps) for item in found], dtype=object),
            "n_steps": np.array([len(item.steps) for item in found], np.int64),
            "users": np.array([item.users for item in found], np.int64),
            "share": np.array([item.share for item in found], np.float64),
        }
    )
    summary = {"funnels": [list(item.steps) for item in found], "names": list(_pairs(view).names)}
    units = {"n_steps": "count", "users": "count", "share": "rate"}
    notes = where.ignored(view, TABLE)
    return Result("funnel_suggestions", frame, units=units, summary=summary, notes=notes, **rows_read(view))
