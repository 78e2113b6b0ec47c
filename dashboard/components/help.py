"""The ``?`` beside a number: what it means, how it is calculated, what it covers. Hover, keyboard focus and tap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dash import html
from dash.development.base_component import Component

from dashboard.components.labelled import aria


class Fact(NamedTuple):
    """A line of an explanation: ``Formula`` – ``DAU / MAU``."""

    name: str
    text: str


def tip(key: str, label: str, definition: str, facts: Sequence[Fact] = ()) -> Component:
    """A ``?`` button with its explanation.

    key: unique on the page, used for the ids that tie button and text together. facts without text are left out.
    """
    target = f"about-{key}"
    rows = [part for fact in facts if fact.text for part in (html.Dt(fact.name), html.Dd(fact.text))]
    return html.Span(
        [
            html.Button(
                html.Span("?", **aria(hidden="true")),
                type="button",
                className="tip-button",
                **aria(label=f"About {label}", describedby=target),
            ),
            html.Span(
                [html.Strong(label), html.Span(definition, className="tip-text"), *([html.Dl(rows)] if rows else [])],
                id=target,
                role="tooltip",
                className="tip-box",
            ),
        ],
        className="tip no-print",
    )
