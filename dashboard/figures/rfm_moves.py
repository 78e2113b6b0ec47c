"""Moves between segments as bands from the earlier date (left) to now (right)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboard import format as fmt
from dashboard.figures import theme

PAD = 0.02  # of the height, between two nodes


def sankey(moves: pd.DataFrame, order: Sequence[str], tokens: Mapping[tuple[str, str], str]) -> go.Figure:
    """moves: before, after, customers. order: all names on either side, best first. tokens: (before, after) -> what a
    click opens."""
    left = [name for name in order if name in set(moves["before"])]
    right = [name for name in order if name in set(moves["after"])]
    hue = {name: theme.colour("", position) for position, name in enumerate(order)}
    at_left = {name: position for position, name in enumerate(left)}
    at_right = {name: len(left) + position for position, name in enumerate(right)}
    pairs: list[Any] = list(moves[["before", "after", "customers"]].itertuples(index=False))
    trace = go.Sankey(
        arrangement="snap",
        node={
            "label": [theme.label(name) for name in (*left, *right)],
            "x": [0.001] * len(left) + [0.999] * len(right),
            "y": [*_heights(moves, "before", left), *_heights(moves, "after", right)],
            "pad": 8,
            "thickness": 14,
            "line": {"width": 0},
            "color": [hue[name] for name in (*left, *right)],
            "customdata": [""] * (len(left) + len(right)),
            "hovertemplate": "%{label}: %{value:,.0f} people<extra></extra>",
        },
        link={
            "source": [at_left[row.before] for row in pairs],
            "target": [at_right[row.after] for row in pairs],
            "value": [int(row.customers) for row in pairs],
            "color": [theme.faded(hue[row.before], 0.3) for row in pairs],
            "customdata": [tokens.get((row.before, row.after), "") for row in pairs],
            "hovertemplate": [
                f"{theme.label(row.before)} → {theme.label(row.after)}: {fmt.count(row.customers)}<extra></extra>"
                for row in pairs
            ],
        },
        textfont={"size": 11, "color": theme.INK},
    )
    return theme.figure(trace, hovermode="closest", margin={"l": 8, "r": 8, "t": 12, "b": 12})


def _heights(moves: pd.DataFrame, side: str, names: Sequence[str]) -> list[float]:
    """The middle of each node from the top, so that best stays on top."""
    people = moves.groupby(side)["customers"].sum()
    total = float(people.sum()) or 1.0
    room = 1 - PAD * max(len(names) - 1, 0)
    out, above = [], 0.0
    for name in names:
        height = float(people[name]) / total * room
        out.append(min(0.999, max(0.001, above + height / 2)))
        above += height + PAD
    return out
