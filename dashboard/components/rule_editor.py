"""The form behind the segment rules: engagement levels, recency limits, the class of each cell, who gets a discount.

The form only collects: its values become a dictionary (:func:`form_values`) that the service turns into rules, and the
effect on the counts is shown at once. Applying is a link to the view with the new rules.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.labelled import aria, labelled
from dashboard.components.states import swatch
from dashboard.figures import theme

RULE = "rule"  # type of the pattern id {"type": RULE, "name": …} of every control of the form
TARGET = "target."  # names of the target controls: "target.Dormant"
CELL = "cell."  # names of the class controls: "cell.4"


def rule_id(name: str) -> dict[str, str]:
    return {"type": RULE, "name": name}


def rule_form(
    rules: Mapping[str, Any],
    *,
    classes: Sequence[str],
    levels: Sequence[str],
    bands: Sequence[str],
    measures: Sequence[tuple[str, str]],
    limits: tuple[str, str],
) -> Component:
    """The form, filled with ``rules`` (the JSON form of the rule set).

    classes, levels: their names in order. bands: the recency bands in words. measures: (value, label) of the measures
    of engagement to choose from. limits: the two engagement limits in force, as text.
    """
    return html.Div(
        [
            _levels(rules, levels, measures, limits),
            _recency(rules),
            _grid(rules, classes, levels, bands),
            _targets(rules, classes, levels),
        ],
        className="rule-form",
    )


def _part(number: int, title: str, text: str, body: Sequence[Component]) -> Component:
    return html.Fieldset(
        [
            html.Legend([html.Span(str(number), className="rule-number", **aria(hidden="true")), title]),
            html.P(text, className="hint"),
            *body,
        ],
        className="rule-part",
    )


def _number(
    name: str, label: str, value: Any, *, unit: str, step: float | str = 1, high: float | None = None
) -> Component:
    control = dbc.Input(
        id=rule_id(name), type="number", value=value, min=0, max=high, step=step, debounce=0.4, className="rule-input"
    )
    return labelled(label, html.Span([control, html.Span(unit, className="rule-unit")], className="rule-with-unit"))


def _levels(
    rules: Mapping[str, Any], levels: Sequence[str], measures: Sequence[tuple[str, str]], limits: tuple[str, str]
) -> Component:
    fixed = rules["cut_low"] is not None
    return _part(
        1,
        "Engagement levels",
        f"People are {levels[0]}, {levels[1]} or {levels[2]} by how much they use the product. "
        f"The limits in force are {limits[0]} and {limits[1]}.",
        [
            labelled(
                "Engagement is measured by",
                dbc.Select(
                    id=rule_id("measure"),
                    value=rules["measure"],
                    options=[{"value": value, "label": label} for value, label in measures],
                ),
            ),
            dbc.RadioItems(
                id=rule_id("mode"),
                value="fixed" if fixed else "share",
                options=[
                    {"value": "share", "label": "By shares of people"},
                    {"value": "fixed", "label": "By fixed limits"},
                ],
                inline=True,
                className="rule-radio",
                label_class_name="rule-radio-label",
            ),
            html.Div(
                [
                    _number(
                        "q_low", f"{levels[0]} is the lowest", _percent(rules["q_low"]), unit="%", step="any", high=100
                    ),
                    _number(
                        "q_high", f"{levels[2]} is above", _percent(rules["q_high"]), unit="%", step="any", high=100
                    ),
                ],
                className="rule-pair when-share",
            ),
            html.Div(
                [
                    _number("cut_low", f"{levels[1]} from", rules["cut_low"], unit="", step="any"),
                    _number("cut_high", f"{levels[2]} from", rules["cut_high"], unit="", step="any"),
                ],
                className="rule-pair when-fixed",
            ),
        ],
    )


def _recency(rules: Mapping[str, Any]) -> Component:
    return _part(
        2,
        "Recency",
        "How long ago people were last active, counted back from the as-of day.",
        [
            html.Div(
                [
                    _number("recent_days", "Recent: up to", rules["recent_days"], unit="days"),
                    _number("dormant_days", "Cooling: up to", rules["dormant_days"], unit="days"),
                ],
                className="rule-pair",
            )
        ],
    )


def _grid(rules: Mapping[str, Any], classes: Sequence[str], levels: Sequence[str], bands: Sequence[str]) -> Component:
    head = html.Tr([html.Th("Engagement", scope="col"), *(html.Th(band, scope="col") for band in bands)])
    body = []
    for row, level in reversed(list(enumerate(levels))):
        cells = [
            html.Td(
                labelled(
                    f"Segment of {level} engagement, last active {band} ago",
                    dbc.Select(
                        id=rule_id(f"{CELL}{row * len(bands) + column}"),
                        value=rules["classes"][row * len(bands) + column],
                        options=[{"value": name, "label": name} for name in classes],
                        size="sm",
                    ),
                    hidden=True,
                )
            )
            for column, band in enumerate(bands)
        ]
        body.append(html.Tr([html.Th(level, scope="row"), *cells]))
    return _part(
        3,
        "Segments",
        "Every combination belongs to exactly one segment.",
        [html.Div(html.Table([html.Thead(head), html.Tbody(body)], className="rule-grid"), className="rule-scroll")],
    )


def _targets(rules: Mapping[str, Any], classes: Sequence[str], levels: Sequence[str]) -> Component:
    chosen = {(name, level) for name, level in rules["targets"]}
    head = html.Tr([html.Th("Segment", scope="col"), html.Th("Engagement levels that get a discount", scope="col")])
    body = []
    for name in classes:
        occurring = [
            level
            for row, level in enumerate(levels)
            if name in rules["classes"][row * len(levels) : (row + 1) * len(levels)]
        ]
        checks = dbc.Checklist(
            id=rule_id(f"{TARGET}{name}"),
            value=[level for level in levels if (name, level) in chosen],
            options=[{"label": level, "value": level, "disabled": level not in occurring} for level in levels],
            inline=True,
            className="rule-checks",
        )
        body.append(
            html.Tr(
                [
                    html.Th([swatch(name), " ", name], scope="row"),
                    html.Td(html.Div(checks, role="group", **aria(label=f"{name}: levels that get a discount"))),
                ]
            )
        )
    return _part(
        4,
        "Who gets a discount",
        "Tick the levels inside a segment. Levels that a segment does not have cannot be ticked.",
        [html.Table([html.Thead(head), html.Tbody(body)], className="rule-targets")],
    )


def _percent(share: float) -> float | int:
    value = round(100 * share, 6)
    return int(value) if value == int(value) else value


def form_values(ids: Sequence[Mapping[str, str]], values: Sequence[Any]) -> dict[str, Any]:
    """The form as the JSON form of a rule set. ids, values: as the pattern-matching input and state deliver them.

    Shares are typed in percent. Empty or broken numbers are passed on as None and refused by the service with a
    sentence; nothing is guessed.
    """
    given = {str(item["name"]): value for item, value in zip(ids, values, strict=True)}
    fixed = given.get("mode") == "fixed"
    return {
        "measure": str(given.get("measure") or "auto"),
        "q_low": _share(given.get("q_low")),
        "q_high": _share(given.get("q_high")),
        "cut_low": _plain(given.get("cut_low")) if fixed else None,
        "cut_high": _plain(given.get("cut_high")) if fixed else None,
        "recent_days": _plain(given.get("recent_days")),
        "dormant_days": _plain(given.get("dormant_days")),
        "classes": [str(given.get(f"{CELL}{position}")) for position in range(9)],
        "targets": [
            [name.removeprefix(TARGET), str(level)]
            for name, levels in given.items()
            if name.startswith(TARGET) and isinstance(levels, list)
            for level in levels
        ],
    }


def _plain(value: Any) -> float | int | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number


def _share(value: Any) -> float | None:
    number = _plain(value)
    return None if number is None else round(number / 100, 8)


def effect(rows: Sequence[tuple[str, int, int]], *, apply: str, reset: str, changed: bool, saved: bool) -> Component:
    """What the rules in the form would do. rows: name, people now, people then. apply, reset: links to the view with
    these rules and with the default rules. changed: the form differs from the view. saved: the view's rules are those
    kept with the dataset."""
    body = [
        html.Tr(
            [
                html.Th([swatch(name), " ", name] if name in theme.ROLES else name, scope="row"),
                html.Td(fmt.count(before), className="num"),
                html.Td(fmt.count(after), className="num"),
                html.Td(fmt.signed(after - before), className="num" + ("" if before == after else " is-changed")),
            ],
            className=None if name in theme.ROLES else "is-total",
        )
        for name, before, after in rows
    ]
    head = html.Tr(
        [
            html.Th("Segment", scope="col"),
            html.Th("Now", scope="col", className="num"),
            html.Th("Then", scope="col", className="num"),
            html.Th("Change", scope="col", className="num"),
        ]
    )
    sentence = "These rules are not applied yet." if changed else "The form shows the rules in force."
    if not changed and not saved:
        sentence = "These rules hold for this link only. Keep them to use them everywhere for this dataset."
    apply_button = (
        html.A("Apply these rules", href=apply, className="btn btn-primary state-link")
        if changed
        else html.Span("Apply these rules", className="btn btn-primary disabled", **aria(disabled="true"))
    )
    return html.Div(
        [
            html.H3("Effect on the people shown"),
            html.Table([html.Thead(head), html.Tbody(body)], className="plain-table rule-effect"),
            html.P(sentence, className="hint", role="status"),
            html.Div(
                [
                    apply_button,
                    html.A("Reset to defaults", href=reset, className="btn btn-ghost state-link"),
                ],
                className="rule-buttons",
            ),
        ]
    )
