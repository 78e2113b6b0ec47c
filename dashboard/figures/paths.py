"""Flows from node to node, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import plotly.graph_objects as go

from dashboard import format as fmt
from dashboard.figures import theme

OTHER = "(other)"  # what stands for all nodes without a name of their own
HEIGHT, PAD = 456, 14  # pixels of the drawing inside its margins, and between two nodes
MAX_TEXT = 26  # characters of a label inside the drawing; the whole name is in the hover text


class Edge(NamedTuple):
    """step: column of the source (1 = first). token: what a click means."""

    step: int
    source: str
    target: str
    paths: int
    users: int
    mean_seconds: float
    share: float
    token: str


class Node(NamedTuple):
    """column: 1 = first. paths: that are at this node here; ended: those that end here."""

    column: int
    name: str
    paths: int
    users: int
    ended: int
    token: str


def sankey(edges: Sequence[Edge], nodes: Sequence[Node], names: Sequence[str]) -> go.Figure:
    """The flow. names: all node names, most frequent first: they decide the colours, so that two drawings agree."""
    about = {(node.column, node.name): node for node in nodes}
    used = sorted(
        {(edge.step, edge.source) for edge in edges} | {(edge.step + 1, edge.target) for edge in edges},
        key=lambda key: (key[0], -about[key].paths, key[1]),
    )
    position = {key: index for index, key in enumerate(used)}
    hues = {name: theme.SLATE if name == OTHER else theme.colour("", at) for at, name in enumerate(names)}
    most = max((sum(other[0] == column for other in used) for column, _ in used), default=1)
    gap = min(PAD / HEIGHT, 0.5 / max(1, most - 1))
    x, y = _places(used, edges, gap)
    trace = go.Sankey(
        arrangement="snap",
        node={
            "label": [_short(name) for _, name in used],
            "x": x,
            "y": y,
            "pad": gap * HEIGHT,
            "thickness": 14,
            "line": {"width": 0},
            "color": [hues.get(name, theme.SLATE) for _, name in used],
            "customdata": [about[key].token for key in used],
            "hovertemplate": [_node_text(about[key]) for key in used],
        },
        link={
            "source": [position[edge.step, edge.source] for edge in edges],
            "target": [position[edge.step + 1, edge.target] for edge in edges],
            "value": [edge.paths for edge in edges],
            "color": [theme.faded(hues.get(edge.source, theme.SLATE), 0.28) for edge in edges],
            "customdata": [edge.token for edge in edges],
            "hovertemplate": [_edge_text(edge) for edge in edges],
        },
        textfont={"size": 11, "color": theme.INK},
    )
    return theme.figure(trace, hovermode="closest", margin={"l": 8, "r": 8, "t": 12, "b": 12})


def _places(used: Sequence[tuple[int, str]], edges: Sequence[Edge], gap: float) -> tuple[list[float], list[float]]:
    """Columns from left to right; in a column the largest node on top, with a gap (share of the height) in between."""
    inside: dict[tuple[int, str], int] = dict.fromkeys(used, 0)
    outside = dict(inside)
    for edge in edges:
        outside[edge.step, edge.source] += edge.paths
        inside[edge.step + 1, edge.target] += edge.paths
    size = {key: max(inside[key], outside[key]) for key in used}
    columns = sorted({column for column, _ in used})
    count = {column: sum(key[0] == column for key in used) for column in columns}
    room = {column: 1 - gap * (count[column] - 1) for column in columns}
    total = {column: sum(size[key] for key in used if key[0] == column) for column in columns}
    scale = min((room[column] / max(1, total[column]) for column in columns), default=1.0)  # as the drawing does it
    x, y, above = [], [], dict.fromkeys(columns, 0.0)
    for key in used:
        height = size[key] * scale
        x.append(0.001 + 0.998 * (key[0] - columns[0]) / max(1, columns[-1] - columns[0]))
        y.append(min(0.999, max(0.001, above[key[0]] + height / 2)))
        above[key[0]] += height + gap
    return x, y


def _short(name: str) -> str:
    text = theme.label(name)
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"


def _plain(name: str) -> str:
    """A name inside a hover template: no markup, no placeholder."""
    return theme.label(name).replace("%{", "% {").replace("{", "(").replace("}", ")")


def _node_text(node: Node) -> str:
    ended = f"<br>{fmt.count(node.ended)} end here" if node.ended else ""
    return (
        f"<b>{_plain(node.name)}</b>, step {node.column}<br>{fmt.count(node.paths)} paths of "
        f"{fmt.count(node.users)} people{ended}<extra></extra>"
    )


def _edge_text(edge: Edge) -> str:
    return (
        f"<b>{_plain(edge.source)} → {_plain(edge.target)}</b><br>{fmt.count(edge.paths)} paths of "
        f"{fmt.count(edge.users)} people, {fmt.percent(edge.share)} of all<br>after {fmt.duration(edge.mean_seconds)} "
        "on average<extra></extra>"
    )


def of_group(frame: Any, nodes: Sequence[dict[str, Any]], group: str, token: Any) -> tuple[list[Edge], list[Node]]:
    """Edges and nodes of one group from the insight "paths". token: (step, source, target) -> what a click means."""
    edges = [
        Edge(
            int(row.step),
            str(row.source),
            str(row.target),
            int(row.paths),
            int(row.users),
            float(row.mean_seconds),
            float(row.share),
            token(int(row.step), str(row.source), str(row.target)),
        )
        for row in frame[frame["group"] == group].rename(columns={"count": "paths"}).itertuples(index=False)
    ]
    found = [
        Node(
            item["column"],
            item["node"],
            item["paths"],
            item["users"],
            item["ended"],
            token(item["column"], item["node"], ""),
        )
        for item in nodes
        if item["group"] == group
    ]
    return edges, found


def by_frequency(nodes: Sequence[dict[str, Any]]) -> list[str]:
    """Node names of all groups, most frequent first, "(other)" last."""
    total: dict[str, int] = {}
    for item in nodes:
        total[item["node"]] = total.get(item["node"], 0) + item["paths"]
    return sorted(total, key=lambda name: (name == OTHER, -total[name], name))
