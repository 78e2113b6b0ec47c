"""The settings of the churn page as a row of buttons."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.components import churn_options as names
from dashboard.components.choice import Option, choice
from dashboard.components.churn_options import Asked
from dashboard.components.labelled import aria
from dashboard.filters import Filters

PAGE = "churn"


def question(filters: Filters, asked: Asked, *, timed: bool, money: bool) -> Component:
    """timed: the data have activity over time. money: there are orders, so people have a predicted value."""
    controls = [
        choice(filters, names.LABEL, "Leaving", names.LABELS, asked.label, default="auto"),
    ]
    if timed and asked.label in ("auto", "activity", "ended"):
        days = sorted({*names.WINDOWS, *([asked.window] if asked.window else [])})
        windows = [Option("0", "From the data"), *(Option(str(n), f"{n} days") for n in days)]
        controls.append(
            choice(
                filters,
                names.WINDOW,
                "Window",
                windows,
                str(asked.window),
                default="0",
                hint="So many days without activity count as leaving. See “When people are gone”.",
            )
        )
    controls += [
        choice(filters, names.MODEL, "Model", names.MODELS, asked.model, default="auto"),
        choice(
            filters,
            names.RISK,
            "At risk from",
            names.RISKS,
            names.percent_text(asked.risk),
            default="0",
            hint="A lower limit finds more of those who leave, and more who do not.",
        ),
        choice(filters, names.SHIFT, "Probabilities", names.SHIFTS, "1" if asked.shift else "", default=""),
    ]
    if money:
        controls += [
            choice(
                filters, names.MONTHS, "Value of", names.HORIZONS, str(asked.months), default="12",
                hint="Months of predicted value that are at risk.",
            ),
            choice(filters, names.MARGIN, "Worth", names.MARGINS, names.percent_text(asked.margin), default="100"),
        ]  # fmt: skip
    return html.Div(controls, className="asked-row no-print", role="group", **aria(label="Settings"))
