"""Segments as areas: how many people, and how much of the value they hold."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboard import format as fmt
from dashboard.figures import theme

PALE, FULL = 0.10, 0.62  # opacity of no value and of the largest share: text keeps its contrast on both


def segments(frame: pd.DataFrame, tokens: dict[str, str]) -> go.Figure:
    """Area = customers, depth of colour = share of the value. frame: segment, customers, share, money_share; tokens:
    segment -> what a click opens."""
    shown = frame[frame["customers"] > 0]
    shares = [0.0 if value != value else float(value) for value in shown["money_share"]]
    most = max(shares, default=0.0) or 1.0
    rows: list[Any] = list(shown.itertuples(index=False))
    trace = go.Treemap(
        labels=[theme.label(name) for name in shown["segment"]],
        parents=[""] * len(shown),
        values=[int(value) for value in shown["customers"]],
        text=[f"{fmt.count(row.customers)} people<br>{fmt.percent(row.money_share)} of value" for row in rows],
        textinfo="label+text",
        hovertemplate="%{label}<br>%{text}<extra></extra>",
        customdata=[tokens.get(name, "") for name in shown["segment"]],
        marker={
            "colors": [theme.faded(theme.BLUE, PALE + (FULL - PALE) * max(share, 0.0) / most) for share in shares],
            "line": {"width": 2, "color": theme.faded(theme.BLUE, 0.35)},
            "pad": {"t": 2, "l": 2, "r": 2, "b": 2},
        },
        tiling={"packing": "squarify", "pad": 2},
        pathbar={"visible": False},
        sort=True,
    )
    return theme.figure(trace, hovermode="closest", margin={"l": 0, "r": 0, "t": 0, "b": 0})
