"""What one person did, along time: a lane per kind of thing, a mark per moment (or day, week, month of many)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from dashboard import format as fmt
from dashboard.figures import theme

LANE, FRAME = 44, 64  # pixels of a lane, and of the axis and margins together
SMALL, LARGE = 9.0, 26.0  # diameters of marks
COLOURS = {"Order": theme.TEAL, "Refund": theme.RUST, "Visit": theme.BLUE, "Other events": theme.SLATE}
SYMBOLS = {"Order": "circle", "Refund": "diamond", "Visit": "square"}


def height(lanes: Sequence[str]) -> int:
    """Pixels that the drawing needs."""
    return FRAME + LANE * max(len(lanes), 1)


def timeline(
    frame: pd.DataFrame, lanes: Sequence[str], zoom: tuple[str, str], *, step: str, currency: str = ""
) -> go.Figure:
    """frame: lane, start (local ISO), label, count, amount, a row per mark. lanes: from top to bottom. zoom: ISO days
    shown. step: what a mark stands for ("moment", "day" …). Dragging along the time axis chooses days."""
    traces = []
    most = float(frame["count"].max()) if len(frame) else 1.0
    dearest = float(frame["amount"].abs().max()) if frame["amount"].notna().any() else 0.0
    for position, lane in enumerate(lanes):
        rows = frame[frame["lane"] == lane]
        money = lane in ("Order", "Refund") and dearest > 0
        weights = rows["amount"].abs().fillna(0) / dearest if money else rows["count"] / most
        sizes = SMALL + (LARGE - SMALL) * weights**0.5 if money or most > 1 else weights * 0 + SMALL
        traces.append(
            go.Scatter(
                x=rows["start"].to_numpy(dtype=object),
                y=[theme.label(lane)] * len(rows),
                mode="markers",
                name=theme.label(lane),
                showlegend=False,
                marker={
                    "size": sizes.to_numpy(dtype=float),
                    "color": COLOURS.get(lane, theme.colour("", position)),
                    "symbol": SYMBOLS.get(lane, "circle"),
                    "opacity": 0.72,
                    "line": {"width": 0},
                },
                customdata=[_text(row, step, currency) for row in rows.itertuples()],
                hovertemplate="%{customdata}<extra></extra>",
                cliponaxis=False,
            )
        )
    return theme.figure(
        *traces,
        hovermode="closest",
        dragmode="zoom",
        xaxis={
            "type": "date",
            "fixedrange": False,
            "range": _span(*zoom) if zoom[0] else None,
            "title": None,
            "showgrid": True,
            "gridcolor": theme.GRID,
        },
        yaxis={
            "type": "category",
            "categoryorder": "array",
            "categoryarray": [theme.label(lane) for lane in reversed(lanes)],
            "range": [-0.6, len(lanes) - 0.4],
            "fixedrange": True,
            "showgrid": True,
            "automargin": True,
            "tickmode": "array",
            "tickvals": [theme.label(lane) for lane in lanes],
        },
    )


def _span(first: str, last: str) -> list[str]:
    """The ends of the axis: the days with a little air, so that no mark lies on a label."""
    start = dt.datetime.fromisoformat(first)
    end = dt.datetime.fromisoformat(last) + dt.timedelta(days=1)
    air = (end - start) * 0.025
    return [(start - air).isoformat(sep=" "), (end + air).isoformat(sep=" ")]


def _text(row: object, step: str, currency: str) -> str:
    label, count = theme.label(getattr(row, "label", "")), int(getattr(row, "count", 1))
    start = str(getattr(row, "start", ""))
    when = fmt.day_iso(start[:10])
    when = f"{when}, {start[11:16]}" if step == "moment" else when if step == "day" else f"{step} from {when}"
    amount = float(getattr(row, "amount", float("nan")))
    money = f"<br>{fmt.money(amount, currency)}" if amount == amount else ""
    return f"<b>{f'{count} × ' if count > 1 else ''}{label}</b><br>{when}{money}"
