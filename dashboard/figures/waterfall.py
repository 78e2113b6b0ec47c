"""A waterfall: a total, what each step takes from it (or gives back), and what is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from dashboard import format as fmt
from dashboard.figures import theme


class Step(NamedTuple):
    """label: for the axis. change: what the step adds (negative: takes). name: what a click opens, "" for nothing."""

    label: str
    change: float
    name: str = ""


def waterfall(
    first: Step, steps: Sequence[Step], last: str, *, unit: str, currency: str = "", last_name: str = ""
) -> go.Figure:
    """From ``first.change`` over the steps to what is left, named ``last``; lying, so that long names fit a phone.

    unit: of the changes, as in Result. The last custom value of a bar is the step's name.
    """
    total = first.change + sum(step.change for step in steps)
    labels = [theme.label(text) for text in (first.label, *(step.label for step in steps), last)]
    values = [first.change, *(step.change for step in steps), total]
    sign = ["", *("+" if step.change > 0 else "" for step in steps), ""]
    texts = [mark + fmt.short(value, unit, currency=currency) for mark, value in zip(sign, values, strict=True)]
    full = [mark + fmt.value(value, unit, currency=currency) for mark, value in zip(sign, values, strict=True)]
    names = [first.name, *(step.name for step in steps), last_name]
    bar = go.Waterfall(
        orientation="h",
        y=labels,
        x=values,
        measure=["absolute", *["relative"] * len(steps), "total"],
        text=texts,
        textposition="outside",
        cliponaxis=False,
        customdata=[list(pair) for pair in zip(full, names, strict=True)],
        hovertemplate="%{y}: %{customdata[0]}<extra></extra>",
        totals={"marker": {"color": theme.BLUE}},
        decreasing={"marker": {"color": theme.RUST}},
        increasing={"marker": {"color": theme.TEAL}},
        connector={"line": {"color": theme.MUTED, "width": 1}},
    )
    drawn = theme.figure(bar, showlegend=False, hovermode="closest")
    highest = max((abs(value) for value in (first.change, total)), default=0.0)
    drawn.update_xaxes(tickformat=theme.ticks([highest]), showgrid=True, rangemode="tozero", nticks=5)
    drawn.update_yaxes(autorange="reversed", showgrid=False, nticks=len(labels), ticklen=0)
    # room for the text beside the longest bar, on both sides of the axis
    running, lowest, peak = 0.0, 0.0, 0.0
    for value in values[:-1]:
        running += value
        lowest, peak = min(lowest, running), max(peak, running)
    room = 0.22 * ((peak - lowest) or 1.0)
    drawn.update_xaxes(range=[lowest - (room if lowest < 0 else 0.0), peak + room])
    return drawn
