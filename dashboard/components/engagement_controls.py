"""The choices of the engagement page as a row of buttons."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import engagement_options as names
from dashboard.components.choice import Option, choice
from dashboard.components.engagement_options import Asked, default_period
from dashboard.components.event_picker import Choice, choices, picker
from dashboard.components.labelled import aria
from dashboard.components.links import LIST, view_link
from dashboard.filters import Filters
from dashboard.result import Dimension

PAGE = "engagement"
EVENT_NAME = "event_name"


def question(
    filters: Filters,
    asked: Asked,
    dimensions: Sequence[Dimension],
    days: int,
    breakdowns: Sequence[tuple[str, str]],
) -> Component | None:
    """Which activity counts, in which periods, by which group; None when the tab has nothing to choose. breakdowns:
    (value, label) of every way to split people."""
    controls: list[Component] = []
    if asked.tab != "features" and any(item.name == EVENT_NAME for item in dimensions):
        controls.append(
            picker(
                PAGE,
                names.ACTIVITY,
                [html.Span("Activity", className="face-note"), html.Span(asked.activity or "Any activity")],
                find="Find an event",
            )
        )
    if asked.tab != "active":
        controls.append(choice(filters, names.BY, "Periods", names.PERIODS, asked.by, default=default_period(days)))
    if asked.tab == "active" and breakdowns:
        splits = [Option("", "No breakdown"), *(Option(value, label) for value, label in breakdowns)]
        controls.append(choice(filters, names.SPLIT, "Breakdown", splits, asked.split))
    return html.Div(controls, className="asked-row no-print", role="group", **aria(label="Question"))


def picked(name: str, filters: Filters, asked: Asked, dimensions: Sequence[Dimension]) -> list[Component]:
    """The events of the picker."""
    if name != names.ACTIVITY:
        return []
    base = filters.with_option(LIST, None)
    events = next((item for item in dimensions if item.name == EVENT_NAME), None)
    rows = [Choice("Any activity", "", view_link(base.with_option(names.ACTIVITY, None)), not asked.activity)]
    rows += [
        Choice(value, fmt.count(count), view_link(base.with_option(names.ACTIVITY, value)), value == asked.activity)
        for value, count in (events.values if events else ())
        if value
    ]
    return choices(rows, hint="Numbers are events in the whole dataset.")
