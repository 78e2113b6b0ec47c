"""A button that opens a small box below it; the script closes it on Esc and on a click elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from dashboard.components.attributes import data


def popup(
    name: str, face: Sequence[Component | str], body: Sequence[Component], *, on: bool, wide: bool = False
) -> Component:
    """name: for scripts and tests (``data-pop``). face: what the button shows. on: something other than the default is
    chosen. wide: two columns."""
    return html.Details(
        [
            html.Summary(list(face), className="filter-face" + (" is-on" if on else "")),
            html.Div(list(body), className="filter-box" + (" is-wide" if wide else "")),
        ],
        className="filter-pop",
        **data(pop=name),
    )
