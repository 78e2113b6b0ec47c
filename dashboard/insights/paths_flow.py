"""Counting paths: who is counted, which events are nodes, and how often people go from one node to the next.

Formula source: definitions section 14, cases section 8. A long pause begins a new path; the same node directly after
itself is one.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.engine.run import run
from dashboard.errors import UserError
from dashboard.insights import paths_kernels as kernels
from dashboard.insights import where
from dashboard.insights.groups import groups_of
from dashboard.insights.paths_query import EVENT, OTHER, PathsQuery
from dashboard.insights.totals import add, summed
from dashboard.insights.view import View
from dashboard.store.partition import Partition, Rows

TABLE = "events"
NO_DAYS = np.zeros(0, np.int32)
NO_DAYS.flags.writeable = False  # as stored columns are: kernels are compiled for read-only input
NO_DAYS.flags.writeable = False  # as stored columns are: kernels are compiled for read-only input
MAX_GROUPS = 1_000  # of a column that people are compared by
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Nodes:
    """How events become nodes. column: of the events. names: shown names, OTHER last where there are others.
    node_of: int32[texts + 1], raw node of a code, position code + 1. shown: int32[raw nodes]. start, end: raw node."""

    column: str
    names: tuple[str, ...]
    node_of: npt.NDArray[np.int32]
    shown: npt.NDArray[np.int32]
    start: int
    end: int


@dataclass(frozen=True)
class Sides:
    """Who is counted, and on which side of a comparison. names: one or two. codes: int8[n_users] per partition,
    position in names, -1 = not counted."""

    names: tuple[str, ...]
    codes: tuple[npt.NDArray[np.int8], ...]


@dataclass(frozen=True)
class Flow:
    """The sums of :func:`paths_kernels.walk`, shaped: groups g, columns s, nodes m.

    count, users: int64[g, s - 1, m, m]. micros: float64 of that shape. visits, visitors, ended: int64[g, s, m]. totals:
    int64[g, 5]. people: uint8 per partition, who has the wanted edge or node.
    """

    count: Int64
    users: Int64
    micros: npt.NDArray[np.float64]
    visits: Int64
    visitors: Int64
    ended: Int64
    totals: Int64
    people: tuple[npt.NDArray[np.uint8], ...]


def sides_of(view: View, query: PathsQuery) -> Sides:
    """Everybody under the view, or the two groups of a comparison. Raises UserError ``unknown_group``."""
    people = [where.persons(view, partition, TABLE).astype(bool) for partition in view.dataset.partitions]
    if not query.compare:
        return Sides(("",), tuple(np.where(chosen, 0, -1).astype(np.int8) for chosen in people))
    groups = groups_of(view, query.compare, top=MAX_GROUPS)
    names = query.values or groups.labels[:2]
    table = np.full(len(groups.labels), -1, np.int8)
    for position, name in enumerate(names):
        if name not in groups.labels:
            raise UserError("unknown_group", f"There is no group “{name}”.", "Choose one of the groups shown.")
        table[groups.labels.index(name)] = position
    codes = (np.where(chosen, table[c], -1) for chosen, c in zip(people, groups.codes, strict=True))
    return Sides(names, tuple(side.astype(np.int8) for side in codes))


def flow(view: View, query: PathsQuery, nodes: Nodes, sides: Sides, wanted: tuple[int, int] = (-1, -1)) -> Flow:
    """Count the paths of everybody under the view. wanted: flat index of an edge or of a node (-1 = none)."""
    g, s, m = len(sides.names), query.steps, len(nodes.names)
    first, last, everything = _days(view)

    def kernel(partition: Partition) -> Flow:
        edges, columns = g * (s - 1) * m * m, g * s * m
        out = Flow(
            count=np.zeros(edges, np.int64),
            users=np.zeros(edges, np.int64),
            micros=np.zeros(edges),
            visits=np.zeros(columns, np.int64),
            visitors=np.zeros(columns, np.int64),
            ended=np.zeros(columns, np.int64),
            totals=np.zeros((g, 5), np.int64),
            people=(np.zeros(partition.n_users, np.uint8),),
        )
        rows = partition.table(TABLE)
        if rows is not None:
            kernels.walk(
                rows.offsets,
                rows.time,
                NO_DAYS if everything else rows.day,
                codes_of(rows, nodes.column),
                _mask(view, partition, query),
                sides.codes[partition.index],
                nodes.node_of,
                nodes.shown,
                first,
                last,
                query.gap_seconds * 1_000_000,
                s,
                query.collapse,
                nodes.start,
                nodes.end,
                *(out.count, out.users, out.micros, out.visits, out.visitors, out.ended, out.totals),
                *wanted,
                out.people[0],
            )
        return out

    def merge(partials: Iterable[Flow]) -> Flow:
        parts = list(partials)
        edge, column = (g, s - 1, m, m), (g, s, m)
        return Flow(
            count=add(part.count for part in parts).reshape(edge),
            users=add(part.users for part in parts).reshape(edge),
            micros=add(part.micros for part in parts).reshape(edge),
            visits=add(part.visits for part in parts).reshape(column),
            visitors=add(part.visitors for part in parts).reshape(column),
            ended=add(part.ended for part in parts).reshape(column),
            totals=add(part.totals for part in parts),
            people=tuple(part.people[0] for part in parts),
        )

    return run(view.dataset, kernel, merge)


def nodes_of(view: View, query: PathsQuery, sides: Sides) -> Nodes:
    """The nodes a query means. Raises UserError for a column, an event or a node that does not occur."""
    column = _column(view, query.node)
    _check_events(view, (*query.include, *query.exclude))
    boolean = view.dataset.partitions[0].table(TABLE).column(column).dtype == np.int8  # type: ignore[union-attr]
    texts = ["false", "true"] if boolean else [str(text) for text in view.dataset.dictionary(column)]
    labels = [_label(text, query.patterns) for text in texts]
    if query.node == EVENT:
        kept = set(query.include) or set(texts)
        used = [text in kept and text not in query.exclude for text in texts]
    else:
        used = [True] * len(texts)
    names = sorted({label for label, ok in zip(labels, used, strict=True) if ok})
    position = {name: index for index, name in enumerate(names)}
    raw = [-1, *(position[label] if ok else -1 for label, ok in zip(labels, used, strict=True))]
    node_of = np.array(raw, np.int32)
    start, end = (_anchor(position, name) for name in (query.start, query.end))
    shown = np.arange(len(names), dtype=np.int32)
    if len(names) > query.top:
        counts = _frequencies(view, query, sides, column, node_of, len(names))
        order = sorted(range(len(names)), key=lambda k: (-int(counts[k]), names[k]))
        chosen = sorted({*order[: query.top], *(k for k in (start, end) if k >= 0)})
        shown = np.full(len(names), len(chosen), np.int32)
        shown[chosen] = np.arange(len(chosen), dtype=np.int32)
        names = [*(names[k] for k in chosen), OTHER]
    return Nodes(column, tuple(names), node_of, shown, start, end)


def _frequencies(
    view: View, query: PathsQuery, sides: Sides, column: str, node_of: npt.NDArray[np.int32], n: int
) -> Int64:
    first, last, everything = _days(view)

    def kernel(partition: Partition) -> Int64:
        out = np.zeros(n, np.int64)
        rows = partition.table(TABLE)
        if rows is not None:
            mask, codes, side = _mask(view, partition, query), codes_of(rows, column), sides.codes[partition.index]
            day = NO_DAYS if everything else rows.day
            kernels.count_nodes(rows.offsets, day, codes, mask, side, node_of, first, last, out)
        return out

    identity = (query.node, query.include, query.exclude, query.patterns, query.compare, sides.names)
    return summed(view, kernel, "path nodes", first, last, identity)


def _days(view: View) -> tuple[int, int, bool]:
    """First and last day whose events count, and whether that is every day of the data."""
    first, last = view.period.first, min(view.period.last, view.as_of)
    manifest = view.dataset.manifest
    whole = manifest.first_day is not None and manifest.last_day is not None
    return first, last, whole and first <= manifest.first_day and last >= manifest.last_day  # type: ignore[operator]


def _column(view: View, node: str) -> str:
    column = "event_name" if node == EVENT else node
    rows = view.dataset.partitions[0].table(TABLE) if view.dataset.partitions else None
    if rows is None or column == "day" or not rows.has(column) or rows.column(column).dtype not in (np.int32, np.int8):
        raise UserError(
            "unknown_column",
            f"The events have no column “{column}” whose values could be nodes.",
            "Choose “event” or a column of the event log with texts.",
        )
    return column


def _check_events(view: View, names: Iterable[str]) -> None:
    for name in names:
        if view.dataset.code("event_name", name) < 0:
            raise UserError(
                "unknown_event",
                f"There is no event named “{name}” in this data.",
                "Choose one of the event names on the data page.",
            )


def _label(text: str, patterns: tuple[str, ...]) -> str:
    return next((pattern for pattern in patterns if fnmatch.fnmatchcase(text, pattern)), text)


def _anchor(position: dict[str, int], name: str) -> int:
    if name and name not in position:
        raise UserError(
            "unknown_node",
            f"“{name}” is no node of these paths.",
            "Choose a node that is shown, or include its event.",
        )
    return position[name] if name else -1


def codes_of(rows: Rows, column: str) -> npt.NDArray[np.int32]:
    """The column as codes, read-only as stored ones are; yes/no become 0 and 1."""
    values: npt.NDArray[Any] = rows.column(column)
    if values.dtype == np.int32:
        return values
    codes = values.astype(np.int32)
    codes.flags.writeable = False
    return codes


def _mask(view: View, partition: Partition, query: PathsQuery) -> npt.NDArray[np.uint8]:
    """Rows that pass the view's filters and, where nodes are no event names, the choice of events."""
    if query.node == EVENT or not (query.include or query.exclude):
        return where.rows(view, partition, TABLE)
    extra = (("event_name", query.include),) if query.include else ()
    mask = where.rows(view, partition, TABLE, extra)
    rows = partition.table(TABLE)
    if query.exclude and rows is not None:
        mask = np.ones(rows.n_rows, np.uint8) if len(mask) == 0 else mask.copy()
        kept = 1 - where.allowed_codes(view, "event_name", query.exclude)
        where.keep_codes(rows.column("event_name"), kept, mask)
    return mask
