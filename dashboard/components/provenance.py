"""What was read for a number and what was left out: the lines that every explanation ends with."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.help import Fact
from dashboard.result import LeftOut, Result


def sentence(item: LeftOut) -> str:
    """What was left out, always with its number."""
    number = fmt.count(item.count)
    return item.text if number in item.text else f"{number} {item.text}"


def facts_of(result: Result) -> list[Fact]:
    """As-of day, time zone, size of the input, what was left out, when it was computed."""
    read = [f"{fmt.count(result.users_read)} people"] if result.users_read else []
    read += [f"{fmt.count(result.rows_read)} rows"] if result.rows_read else []
    return [
        Fact("As of", f"{fmt.day_iso(result.as_of)}, {result.time_zone}" if result.as_of else ""),
        Fact("Read", ", ".join(read)),
        Fact("Left out", "; ".join(sentence(item) for item in result.left_out)),
        Fact("Computed", fmt.moment(result.computed_at) if result.computed_at else ""),
    ]


def remarks(result: Result) -> Component | str:
    """Notes and what was left out as quiet sentences below a chart; "" without any."""
    lines = [*result.notes, *(sentence(item) for item in result.left_out)]
    if not lines:
        return ""
    return html.Ul([html.Li(line) for line in lines], className="remarks")


def sampled(shown: int, people: int) -> str:
    """How many of the people a picture shows."""
    everybody = f"{fmt.count(people)} people"
    return everybody if shown == people else f"A sample of {fmt.count(shown)} of {everybody}"
