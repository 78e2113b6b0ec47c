"""“Save as segment”: a button that keeps the people of a number under a name, on any page.

``save_segment("funnel-drop-2", rule)`` is all a page needs: rule is the JSON form of a condition, as the service makes
it (``service.segments.insight_condition``). The page of saved segments registers the one callback behind all of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.labelled import labelled
from dashboard.components.popup import popup

SAVE = "save-segment"  # type of the pattern id of the button; "name" tells the places of a page apart
NAME = "save-segment-name"
RULE = "save-segment-rule"
SAID = "save-segment-said"


def save_segment(
    name: str, rule: Mapping[str, Any], *, suggested: str = "", text: str = "Save as segment"
) -> Component:
    """name: of the place, unique on its page. rule: JSON form. suggested: a name to begin with. text: on the button."""
    return html.Div(
        popup(
            f"save-{name}",
            [html.Span(text)],
            [
                labelled(
                    "Name of the segment",
                    dbc.Input(id={"type": NAME, "name": name}, value=suggested, maxLength=80, type="text"),
                ),
                dcc.Input(id={"type": RULE, "name": name}, type="hidden", value=json.dumps(dict(rule))),
                html.P(
                    "The segment is a rule: it is asked anew whenever the data or the as-of day change.",
                    className="filter-hint",
                ),
                html.Button(
                    "Save",
                    id={"type": SAVE, "name": name},
                    type="button",
                    className="btn btn-primary btn-sm",
                ),
                html.P(id={"type": SAID, "name": name}, className="hint", role="status"),
            ],
            on=False,
        ),
        className="save-segment no-print",
    )
