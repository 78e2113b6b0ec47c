"""The question of the retention page as a row of buttons: which start, which return, which periods."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import aha_options
from dashboard.components import retention_options as names
from dashboard.components.choice import Option, choice
from dashboard.components.event_picker import Choice, choices, picker
from dashboard.components.labelled import aria, labelled
from dashboard.components.links import LIST, view_link
from dashboard.components.popup import popup
from dashboard.components.retention_options import Asked, default_period, selector
from dashboard.filters import Filters
from dashboard.result import Dimension

PAGE = "retention"
GROUPS_TEXT, GROUPS_APPLY, GROUPS_PROBLEM = "retention-groups", "retention-groups-apply", "retention-groups-problem"
EVENT_NAME = "event_name"
MAX_VALUES = 12  # values of a property offered as a condition
ENDS = {names.START: "Start", names.RETURN: "Return"}


def question(
    filters: Filters,
    asked: Asked,
    dimensions: Sequence[Dimension],
    days: int,
    breakdowns: Sequence[tuple[str, str]],
    *,
    money: bool,
) -> Component:
    """days: of the range (they decide the default period). breakdowns: (value, label) of every way to split people.
    money: the data has amounts."""
    if asked.tab == "aha":
        early = aha_options.asked(filters)
        return _row(
            [
                choice(filters, aha_options.WITHIN, "Done within", aha_options.WITHINS, early.within),
                choice(filters, aha_options.WINDOW, "Came back in", aha_options.WINDOWS, early.window),
            ]
        )
    log = any(item.name == EVENT_NAME for item in dimensions)
    splits = [Option("", "No breakdown"), *(Option(value, label) for value, label in breakdowns)]
    if asked.tab == "stay":
        return _row([choice(filters, names.SPLIT, "Breakdown", splits, asked.split)] if len(splits) > 1 else [])
    period = default_period(days)
    controls: list[Component] = []
    if log:
        for name, label in ENDS.items():
            controls += _event(filters, asked, name, label)
    controls += [
        choice(filters, names.KIND, "Cohort", names.KINDS, asked.kind, default=names.KINDS[0].value),
        choice(filters, names.PERIOD, "Periods", names.PERIODS, asked.period, default=period),
    ]
    if money:
        controls.append(choice(filters, names.VALUE, "Count", names.VALUES, asked.value, default=names.PEOPLE))
    if not asked.money:
        controls += [
            choice(filters, names.COUNT, "Back", names.COUNTS, asked.count, default="on"),
            choice(filters, names.WINDOW, "Windows", names.WINDOWS, asked.window, default="calendar"),
        ]
        if asked.count == "brackets":
            controls.append(_groups(asked))
        if asked.count == "on":
            controls.append(
                choice(
                    filters, names.MINIMUM, "Events", names.MINIMA, str(asked.minimum), default=names.MINIMA[0].value
                )
            )
    if len(splits) > 1:
        controls.append(choice(filters, names.SPLIT, "Breakdown", splits, asked.split))
    return _row(controls)


def _groups(asked: Asked) -> Component:
    """Which periods are taken together, typed."""
    text = dbc.Input(
        id=GROUPS_TEXT, value=asked.groups and names.groups_text(asked.groups), placeholder="1, 2–3, 4–7", size="sm"
    )
    return popup(
        names.GROUPS,
        [html.Span("Groups", className="face-note"), html.Span(names.groups_text(asked.groups))],
        [
            labelled(f"Groups of {asked.period}s", text),
            html.Button("Apply groups", id=GROUPS_APPLY, type="button", className="btn btn-primary btn-sm"),
            html.Div(id=GROUPS_PROBLEM, className="form-message", role="alert"),
            html.P("Upwards and without overlap; empty means the usual ones.", className="filter-hint"),
        ],
        on=bool(asked.groups),
    )


def _row(controls: list[Component]) -> Component:
    return html.Div(controls, className="asked-row no-print", role="group", **aria(label="Question"))


def _event(filters: Filters, asked: Asked, name: str, label: str) -> list[Component]:
    """The pickers of an event and of its conditions, and the conditions in force."""
    text = asked.start if name == names.START else asked.returning
    shown = picker(
        PAGE,
        name,
        [html.Span(label, className="face-note"), html.Span(_name(text) or "Any activity")],
        find="Find an event",
    )
    where = conditions(text)
    chips = [
        html.A(
            [html.Span(f"{key}: {value}"), html.Span("×", className="chip-x", **aria(hidden="true"))],
            href=_link(filters, name, _toggled(text, key, value)),
            className="chip state-link",
            **aria(label=f"Remove condition {key}: {value}"),
        )
        for key, values in where.items()
        for value in values
    ]
    add = picker(
        PAGE,
        f"{name}.where",
        [html.Span("+", **aria(hidden="true")), html.Span("Where", className="visually-hidden")],
        more=f"a property of the {label.lower()} event",
        find="Find a property or value",
        className="picker-add",
    )
    return [html.Div([shown, *chips, add], className="asked-event")]


def picked(name: str, filters: Filters, asked: Asked, dimensions: Sequence[Dimension]) -> list[Component]:
    """The list of a picker: events for ``start`` and ``return``, properties with values for ``start.where`` …"""
    end, _, what = name.partition(".")
    if end not in ENDS:
        return []
    text = asked.start if end == names.START else asked.returning
    if what:
        found = [
            Choice(
                f"{item.label}: {value}",
                fmt.count(count),
                _link(filters, end, _toggled(text, item.name, value)),
                value in conditions(text).get(item.name, ()),
            )
            for item in dimensions
            if item.name != EVENT_NAME and {"events", "users"} & set(item.tables)
            for value, count in item.values[:MAX_VALUES]
            if value
        ]
        return choices(found, hint=f"The {MAX_VALUES} most frequent values of each property.")
    events = next((item for item in dimensions if item.name == EVENT_NAME), None)
    current = _name(text)
    where = conditions(text)
    rows = [Choice("Any activity", "", _link(filters, end, _text("", where)), not current)]
    rows += [
        Choice(value, fmt.count(count), _link(filters, end, _text(value, where)), value == current)
        for value, count in (events.values if events else ())
        if value
    ]
    return choices(rows, hint="Numbers are events in the whole dataset.")


def conditions(text: str) -> dict[str, tuple[str, ...]]:
    """The conditions of an event of the URL."""
    found = selector(text)
    where = found.get("where") if isinstance(found, Mapping) else None
    if not isinstance(where, Mapping):
        return {}
    return {str(key): tuple(str(item) for item in _items(values)) for key, values in where.items()}


def _items(values: Any) -> Sequence[Any]:
    return values if isinstance(values, list | tuple) else [values]


def _name(text: str) -> str:
    found = selector(text)
    return found if isinstance(found, str) else str(found.get("event") or "")


def _text(event: str, where: Mapping[str, Sequence[str]]) -> str:
    kept = {key: list(values) for key, values in sorted(where.items()) if values}
    if not kept and not event.startswith("{"):
        return event
    return json.dumps({"event": event or None, "where": kept}, ensure_ascii=False, separators=(",", ":"))


def _toggled(text: str, key: str, value: str) -> str:
    where = dict(conditions(text))
    values = where.get(key, ())
    where[key] = tuple(item for item in values if item != value) if value in values else (*values, value)
    return _text(_name(text), where)


def _link(filters: Filters, name: str, text: str) -> str:
    return view_link(filters.with_option(LIST, None).with_option(name, text or None))
