"""The settings of the value page as a row of buttons: horizon, margin, discount, and what the tabs ask besides."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from dashboard.components import value_options as names
from dashboard.components.choice import Option, choice
from dashboard.components.labelled import aria
from dashboard.components.value_options import Asked
from dashboard.filters import Filters
from dashboard.result import Dimension

PAGE = "value"
EVENT_NAME = "event_name"
MAX_EVENTS = 60


def question(
    filters: Filters, asked: Asked, dimensions: Sequence[Dimension], *, orders_in_events: bool
) -> Component | None:
    """orders_in_events: there are no order lines, so a person says which event is an order."""
    controls: list[Component] = []
    if asked.tab in (names.WORTH, names.SUBSCRIBERS):
        controls += [
            choice(
                filters,
                names.MONTHS,
                "Horizon",
                names.HORIZONS,
                str(asked.months),
                default=str(names.DEFAULT_MONTHS),
                hint="What lies beyond the horizon is not counted.",
            ),
            choice(
                filters,
                names.MARGIN,
                "Worth",
                names.MARGINS,
                names.percent_text(asked.margin),
                default=names.percent_text(names.DEFAULT_MARGIN),
                hint="The part of net revenue that remains as profit.",
            ),
            choice(
                filters,
                names.DISCOUNT,
                "Interest",
                names.DISCOUNTS,
                names.percent_text(asked.discount),
                default=names.percent_text(names.DEFAULT_DISCOUNT),
                hint="Money that comes later is worth less today.",
            ),
        ]
    if asked.tab == names.TEST:
        controls.append(
            choice(
                filters,
                names.LAST,
                "Kept for the test",
                names.LASTS,
                str(asked.last),
                default="0",
                hint="The model sees nothing of this part; it must predict it.",
            )
        )
    if orders_in_events and asked.tab in (names.WORTH, names.TEST):
        events = next((item for item in dimensions if item.name == EVENT_NAME), None)
        found = [Option(value, value) for value, _ in (events.values if events else ())[:MAX_EVENTS] if value]
        controls.append(choice(filters, names.ORDERS, "Order", [Option("", "Well-known names"), *found], asked.orders))
    if asked.tab == names.SUBSCRIBERS:
        columns = [Option(d.name, d.label) for d in dimensions if "users" in d.tables]
        if columns:
            if not any(option.value == "plan" for option in columns):
                columns.insert(0, Option("plan", "Nothing", "no column is mapped as the plan"))
            shown = asked.split or "plan"
            controls.append(choice(filters, names.SPLIT, "By", columns, shown, default="plan"))
    if not controls:
        return None
    return html.Div(controls, className="asked-row no-print", role="group", **aria(label="Settings"))
