"""One choice of a question as a button with a box of links: what is chosen stands in the URL, so Back undoes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dash import html
from dash.development.base_component import Component

from dashboard.components.labelled import aria
from dashboard.components.links import LIST, view_link
from dashboard.components.popup import popup
from dashboard.filters import Filters


class Option(NamedTuple):
    """value: in the URL. text: for people. note: a quiet second part."""

    value: str
    text: str
    note: str = ""


def choice(
    filters: Filters,
    name: str,
    label: str,
    options: Sequence[Option],
    current: str,
    *,
    default: str = "",
    hint: str = "",
) -> Component:
    """name: option of the URL. label: what is chosen ("Period"). default: the value that needs no mention in the URL.
    Choosing closes the list of people, whose number may no longer be on the page."""
    base = filters.with_option(LIST, None)
    shown = next((item.text for item in options if item.value == current), current)
    links = [
        html.Li(
            html.A(
                [html.Span(item.text), *([html.Span(item.note, className="choice-note tabular")] if item.note else [])],
                href=view_link(base.with_option(name, None if item.value == default else item.value)),
                className="choice state-link" + (" is-on" if item.value == current else ""),
                **(aria(current="true") if item.value == current else {}),
            )
        )
        for item in options
    ]
    return popup(
        f"option.{name}",
        [html.Span(label, className="face-note"), html.Span(shown)],
        [html.Ul(links, className="choices"), *([html.P(hint, className="filter-hint")] if hint else [])],
        on=current != default,
    )


def tabs(
    filters: Filters, name: str, options: Sequence[Option], current: str, *, label: str, small: bool = False
) -> Component:
    """A row of views of one page, or (small) of one card; the first option is the default."""
    base = filters.with_option(LIST, None)
    links = [
        html.Li(
            html.A(
                item.text,
                href=view_link(base.with_option(name, None if not position else item.value)),
                className=("switch-part" if small else "tab")
                + " state-link"
                + (" is-on" if item.value == current else ""),
                **(aria(current="true") if item.value == current else {}),
            )
        )
        for position, item in enumerate(options)
    ]
    return html.Nav(html.Ul(links, className="switch" if small else "tabs"), className="no-print", **aria(label=label))
