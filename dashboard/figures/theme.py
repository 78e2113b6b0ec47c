"""How every figure looks: palette, colour roles, the one template, and the label sanitiser.

The six series colours keep 3:1 against the light and the dark surface and stay apart (CIE76 >= 20) for the three common
kinds of colour blindness, so a figure needs no second set of colours: a segment has one colour everywhere. Text, grid
and hover boxes take their colour from ``assets/plotly.css``, so switching light and dark costs no redraw.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import plotly.graph_objects as go

BLUE = "#2f62e4"
RUST = "#a9542b"
TEAL = "#10a37a"
MAGENTA = "#cb4fbd"
GOLD = "#b08c05"
SLATE = "#667281"

PALETTE: tuple[str, ...] = (BLUE, RUST, TEAL, MAGENTA, GOLD, SLATE)
MUTED = SLATE  # comparison lines and everything that stands back

# A role has the same colour on every page and in every chart.
ROLES: dict[str, str] = {
    "Loyal": TEAL,
    "Regular": BLUE,
    "Dormant": GOLD,
    "Risky": RUST,
    "High": MAGENTA,
    "Medium": BLUE,
    "Low": SLATE,
    "dau": TEAL,
    "wau": MAGENTA,
    "mau": BLUE,
    "revenue": BLUE,
    "orders": TEAL,
    "new_users": GOLD,
    "stickiness": MAGENTA,
    "other": SLATE,
}

MAX_POINTS = 2_000  # per trace: more belongs into an aggregate, not into a drawing
MAX_LABEL = 80
FONT = "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', Arial, sans-serif"
INK = "#5d6676"
GRID = "#eceef2"
ZERO = "#c9ced8"


def colour(role: str, position: int = 0) -> str:
    """The colour of a role; "group 2" is the third K-Means group; an unknown name gets the palette colour of its
    position (wraps round)."""
    kind, _, number = role.partition(" ")
    if kind == "group" and number.isdigit():
        position = int(number)
    return ROLES.get(role, PALETTE[position % len(PALETTE)])


def faded(hex_colour: str, opacity: float) -> str:
    """``rgba(...)`` of a palette colour, for areas and bands."""
    red, green, blue = (int(hex_colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def label(text: object) -> str:
    """Text from data, safe as a Plotly label: Plotly reads labels as markup, so ``<`` becomes a look-alike and the
    text is cut at 80 characters. Line ends become spaces."""
    clean = " ".join(str(text).split()).replace("<", "‹").replace(">", "›").replace("&", "＆")
    return clean if len(clean) <= MAX_LABEL else clean[: MAX_LABEL - 1] + "…"


def ticks(values: Iterable[float | None]) -> str:
    """The tick format of an axis with these values: plain (``0.5``, ``1,500``), from 10,000 on short (``84k``)."""
    largest = max((abs(value) for value in values if value is not None and value == value), default=0.0)
    return "~s" if largest >= 10_000 else ",~f"


def _axis(**changes: Any) -> dict[str, Any]:
    return {
        "gridcolor": GRID,
        "zerolinecolor": ZERO,
        "linecolor": ZERO,
        "zerolinewidth": 1,
        "tickfont": {"size": 11, "color": INK},
        "title": {"font": {"size": 11, "color": INK}, "standoff": 8},
        "automargin": True,
        "fixedrange": True,
        **changes,
    }


TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": FONT, "size": 12, "color": INK},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "colorway": list(PALETTE),
        "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
        "xaxis": _axis(showgrid=False, showline=True, ticks="outside", ticklen=4, tickcolor=ZERO),
        "yaxis": _axis(showgrid=True, showline=False, rangemode="tozero", nticks=5),
        "hovermode": "x unified",
        "hoverlabel": {"font": {"size": 12, "family": FONT}, "align": "left", "namelength": 40},
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "yanchor": "bottom",
            "xanchor": "left",
            "font": {"size": 12, "color": INK},
            "itemclick": "toggle",
            "bgcolor": "rgba(0,0,0,0)",
        },
        "dragmode": False,
        "bargap": 0.25,
        "separators": ".,",
    }
)


def figure(*traces: Any, **layout: Any) -> go.Figure:
    """A figure with the house template. Raises ValueError when a trace has more than ``MAX_POINTS`` points."""
    for trace in traces:
        for axis in ("x", "y"):
            values = getattr(trace, axis, None)
            if values is not None and len(values) > MAX_POINTS:
                raise ValueError(f"a trace has {len(values)} points, more than {MAX_POINTS}: aggregate first")
    drawn = go.Figure(data=list(traces))
    drawn.update_layout(template=TEMPLATE, **layout)
    return drawn
