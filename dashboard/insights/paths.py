"""Paths: what people do after (or before) one another, as a flow from node to node, and who goes along."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dashboard.errors import UserError
from dashboard.insights import options, where
from dashboard.insights import paths_kernels as kernels
from dashboard.insights.paths_flow import TABLE, Flow, Nodes, flow, nodes_of, sides_of
from dashboard.insights.paths_query import EVENT, PathsQuery
from dashboard.insights.registry import TIMED, insight
from dashboard.insights.view import View
from dashboard.result import LeftOut, Result


@insight(
    "paths",
    "Paths",
    definition="How people go from node to node: paths, people and time per edge.",
    needs=(TIMED,),
)
def paths(
    view: View,
    *,
    node: str = EVENT,
    start: str = "",
    end: str = "",
    include: Any = (),
    exclude: Any = (),
    gap_seconds: Any = 1_800,
    steps: Any = 5,
    collapse: Any = True,
    top: Any = 20,
    edges: Any = 50,
    patterns: Any = (),
    compare: str = "",
    values: Any = (),
) -> Result:
    """One row per edge, sorted by group, step, source, target. Columns: group (value of ``compare``; "" without), step
    (1 = from the first to the second column; with ``end`` the last step ends at it), source, target ("(other)" = nodes
    that are not among the ``top`` most frequent), count (paths), users (distinct), mean_seconds, share (of the paths of
    the group that are shown), source_share (of the paths that are at the source in that column).

    Options: node ("event" or a column of the events), start, end (a node; one of them), include, exclude (event names),
    gap_seconds (a longer pause begins a new path), steps (nodes of a path, 2 to 50), collapse (equal nodes in a row are
    one), top (nodes with a name of their own, up to 200), edges (rows per group, up to 1,000, the most frequent),
    patterns (``/product/*``: what matches is one node), compare (a users' column, ``segment:<id>``, ``class``,
    ``engagement``, ``recency``, ``age_band``) and values (two of its groups, default the first two).
    summary: steps, nodes (list of {group, column (1 = first), node, paths, users, ended}), groups (list of {group,
    paths, cut}), edges (how many there are in all).
    """
    query = PathsQuery.of(_given(locals()))
    sides = sides_of(view, query)
    nodes = nodes_of(view, query, sides)
    found = flow(view, query, nodes, sides)
    frame, all_edges = _edge_frame(query, sides.names, nodes, found)
    totals = found.totals.sum(axis=0)
    left_out = [
        ("no_node", totals[kernels.WITHOUT], f"events without a value in “{query.node}” or not chosen as nodes"),
        ("not_reached", totals[kernels.SEEN] - totals[kernels.SHOWN], _not_reached(query)),
        ("edges", all_edges - len(frame), "less frequent edges"),
    ]
    notes = list(where.ignored(view, TABLE))
    if totals[kernels.CUT]:
        notes.append(f"{int(totals[kernels.CUT]):,} paths are longer than the {query.steps} nodes shown.")
    return Result(
        "paths",
        frame,
        units={
            **dict.fromkeys(("count", "users"), "count"),
            "mean_seconds": "seconds",
            **dict.fromkeys(("share", "source_share"), "rate"),
        },
        summary={
            "query": query.to_json(),
            "steps": query.steps,
            "nodes": _node_list(sides.names, nodes, found),
            "groups": [
                {"group": name, "paths": int(row[kernels.SHOWN]), "cut": int(row[kernels.CUT])}
                for name, row in zip(sides.names, found.totals, strict=True)
            ],
            "edges": all_edges,
        },
        left_out=tuple(LeftOut(code, int(n), text) for code, n, text in left_out if n),
        notes=tuple(notes),
        **_read(view),
    )


@insight(
    "path_people",
    "Who takes a path",
    definition="The users who go along an edge or come through a node: exactly those that the flow counts.",
    needs=(TIMED,),
)
def path_people(
    view: View,
    *,
    step: Any = 1,
    source: str = "",
    target: str = "",
    group: str = "",
    node: str = EVENT,
    start: str = "",
    end: str = "",
    include: Any = (),
    exclude: Any = (),
    gap_seconds: Any = 1_800,
    steps: Any = 5,
    collapse: Any = True,
    top: Any = 20,
    edges: Any = 50,
    patterns: Any = (),
    compare: str = "",
    values: Any = (),
) -> Result:
    """Column: user_id, sorted. Options: step (of the edge; without ``target``: column of the node), source, target
    (names as in ``paths``; no target: the node ``source``; no source: the node with the most paths), group (value of
    ``compare``), and those of ``paths``. summary: users, source, target."""
    query = PathsQuery.of(_given(locals()))
    sides = sides_of(view, query)
    nodes = nodes_of(view, query, sides)
    position = {name: index for index, name in enumerate(nodes.names)}
    at = sides.names.index(group) if group in sides.names else 0
    column = _step(step, query, bool(target))
    m = len(nodes.names)
    if not source and m:
        source = nodes.names[int(np.argmax(flow(view, query, nodes, sides).visits[at, column]))]
    missing = [name for name in (source, target) if name and name not in position]
    if missing:
        raise UserError("unknown_node", f"“{missing[0]}” is no node of these paths.", "Click a node or an edge.")
    if target:
        edge = ((at * (query.steps - 1) + column) * m + position[source]) * m + position[target]
        wanted = (edge, -1)
    else:
        wanted = (-1, (at * query.steps + column) * m + position[source] if source else -1)
    flags = flow(view, query, nodes, sides, wanted).people
    ids = sorted(
        str(item)
        for partition, chosen in zip(view.dataset.partitions, flags, strict=True)
        for item in partition.user_ids.take(np.flatnonzero(chosen)).to_pylist()
    )
    frame = pd.DataFrame({"user_id": pd.Series(ids, dtype=object)})
    notes = where.ignored(view, TABLE)
    summary = {"users": len(ids), "source": source, "target": target}
    return Result("path_people", frame, summary=summary, notes=notes, **_read(view))


def _given(named: dict[str, Any]) -> dict[str, Any]:
    return {name: named[name] for name in PathsQuery.__dataclass_fields__}


def _step(step: Any, query: PathsQuery, edge: bool) -> int:
    return options.whole(step, "step", 1, query.steps - 1 if edge else query.steps) - 1


def _edge_frame(query: PathsQuery, groups: tuple[str, ...], nodes: Nodes, found: Flow) -> tuple[pd.DataFrame, int]:
    """The most frequent edges of each group, and how many there are."""
    g, step, source, target = np.nonzero(found.count)
    count = found.count[g, step, source, target]
    names = np.array(nodes.names, dtype=object)
    at_source = found.visits[g, step, source]
    frame = pd.DataFrame(
        {
            "group": np.array(groups, dtype=object)[g],
            "step": step + 1,
            "source": names[source] if len(names) else source.astype(object),
            "target": names[target] if len(names) else target.astype(object),
            "count": count,
            "users": found.users[g, step, source, target],
            "mean_seconds": np.round(found.micros[g, step, source, target] / np.maximum(count, 1) / 1e6, 6),
            "share": count / np.maximum(found.totals[g, kernels.SHOWN], 1),
            "source_share": count / np.maximum(at_source, 1),
        }
    )
    frame["order"] = g
    keys = ["order", "step", "source", "target"]
    kept = frame.sort_values(["count", *keys], ascending=[False, *[True] * 4]).groupby("order").head(query.edges)
    return kept.sort_values(keys).drop(columns="order").reset_index(drop=True), len(frame)


def _node_list(groups: tuple[str, ...], nodes: Nodes, found: Flow) -> list[dict[str, Any]]:
    return [
        {
            "group": groups[g],
            "column": int(column) + 1,
            "node": nodes.names[node],
            "paths": int(found.visits[g, column, node]),
            "users": int(found.visitors[g, column, node]),
            "ended": int(found.ended[g, column, node]),
        }
        for g, column, node in zip(*np.nonzero(found.visits), strict=True)
    ]


def _not_reached(query: PathsQuery) -> str:
    return f"paths without “{query.start or query.end}”"


def _read(view: View) -> dict[str, Any]:
    return {"rows_read": view.dataset.manifest.rows.get(TABLE, 0), "users_read": view.dataset.manifest.users}
