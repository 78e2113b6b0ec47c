"""What the pickers of the funnel form show when they are opened: events, properties, values to tick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.event_picker import Choice, choices
from dashboard.components.funnel_builder import EVENT, EXCLUDE, HOLD, SPLIT, WHERE, href
from dashboard.components.funnel_state import ExclusionState, FunnelState, StepState
from dashboard.filters import Filters
from dashboard.result import Dimension

TICKED = "funnel-ticked"  # type of the pattern id of a list of values; "step" and "name" (the property) say which
APPLY = "funnel-apply"  # type of the pattern id of the button that puts ticked values into the link
MAX_HELD = 3  # properties that stay the same
SHOWN_VALUES = 40  # of a property, in a list to tick


def picked(
    filters: Filters,
    state: FunnelState,
    name: str,
    events: Sequence[tuple[str, int | None]],
    properties: Sequence[Dimension],
    people: Sequence[tuple[str, str]] = (),
) -> list[Component]:
    """What a picker's box shows when it is opened. name: of the picker. events: (name, rows or None), most frequent
    first. properties: columns that conditions and breakdowns can use. people: (value, label) of the ways to split
    people."""
    kind, _, number = name.partition(".")
    index = int(number) if number.isdigit() else 0
    if kind == EVENT:
        return _events(filters, state, index, events)
    if kind == EXCLUDE:
        whole = [
            (event, rows, state.with_(exclusions=(*state.exclusions, ExclusionState(StepState(event), 0, state.end))))
            for event, rows in events
        ]
        return choices([Choice(event, _rows(rows), href(filters, changed)) for event, rows, changed in whole])
    if kind == WHERE and index < len(state.steps):
        return _where(state.steps[index], index, properties)
    if kind == HOLD:
        return _hold(filters, state, properties)
    if kind == SPLIT:
        nothing = Choice("Nothing", "", href(filters, state.with_(breakdown="", attribution="first_touch", at=0)))
        items = [
            Choice(
                item.label,
                f"{fmt.count(item.distinct)} values",
                href(filters, state.with_(breakdown=item.name, attribution="first_touch", at=0)),
                item.name == state.breakdown,
            )
            for item in properties
        ]
        known = {item.name for item in properties}
        items += [
            Choice(
                label,
                "people",
                href(filters, state.with_(breakdown=value, attribution="profile", at=0)),
                value == state.breakdown,
            )
            for value, label in people
            if value not in known
        ]
        return choices([nothing, *items] if state.breakdown else items)
    return []


def _rows(rows: int | None) -> str:
    return "" if rows is None else fmt.count(rows)


def _label(value: str, rows: int | None) -> str:
    return value if rows is None else f"{value} ({fmt.count(rows)})"


def _events(
    filters: Filters, state: FunnelState, index: int, events: Sequence[tuple[str, int | None]]
) -> list[Component]:
    old = state.steps[index] if index < len(state.steps) else StepState("")
    made: list[tuple[str | None, str, str]] = [(event, event, _rows(rows)) for event, rows in events]
    items = [
        Choice(
            text,
            note,
            href(filters, state.with_step(index, StepState(event, old.where, old.optional))),
            event == old.event,
        )
        for event, text, note in [*made, (None, "any event", "")]
    ]
    return choices(items, hint="Numbers are events in the whole dataset.")


def _hold(filters: Filters, state: FunnelState, properties: Sequence[Dimension]) -> list[Component]:
    items = []
    for item in properties:
        on = item.name in state.hold
        held = tuple(name for name in state.hold if name != item.name) if on else (*state.hold, item.name)
        if len(held) <= MAX_HELD:
            items.append(
                Choice(
                    item.label,
                    "remove" if on else f"{fmt.count(item.distinct)} values",
                    href(filters, state.with_(hold=held)),
                    on,
                )
            )
    return choices(items, hint="All steps of an attempt have the same value, for example the same order or song.")


def _where(step: StepState, index: int, properties: Sequence[Dimension]) -> list[Component]:
    chosen = dict(step.where)
    boxes = []
    for item in properties:
        known = [value for value, _ in item.values[:SHOWN_VALUES] if value]
        unknown = [value for value in chosen.get(item.name, ()) if value not in known]
        numbers = dict(item.values)
        # plain text: every component of a label costs the browser time, and there are hundreds of labels
        options = [{"label": _label(value, numbers.get(value)), "value": value} for value in [*unknown, *known]]
        if not options:
            continue
        more = (
            f" The {len(known)} most frequent of {fmt.count(item.distinct)}." if item.distinct > len(known) + 1 else ""
        )
        boxes.append(
            html.Details(
                [
                    html.Summary(
                        [item.label, *([html.Span(" ·", className="face-note")] if item.name in chosen else [])],
                        className="more-face",
                    ),
                    html.Div(
                        [
                            html.Fieldset(
                                [
                                    html.Legend(item.label, className="visually-hidden"),
                                    dcc.Checklist(
                                        id={"type": TICKED, "step": index, "name": item.name},
                                        options=options,
                                        value=list(chosen.get(item.name, ())),
                                        className="checks",
                                    ),
                                ],
                                className="filter-values",
                            ),
                            *([html.P(more, className="filter-hint")] if more else []),
                        ],
                        className="more-box",
                    ),
                ],
                className="more-item",
                open=item.name in chosen,
            )
        )
    return [
        html.P("The event has one of the ticked values, in every property.", className="filter-hint"),
        *boxes,
        html.Div(
            html.Button(
                "Apply filter",
                id={"type": APPLY, "name": str(index)},
                type="button",
                className="btn btn-primary btn-sm closes-pop",
            ),
            className="filter-buttons",
        ),
    ]


def filtered(state: FunnelState, index: int, names: Sequence[str], values: Sequence[Sequence[str]]) -> FunnelState:
    """The funnel with the ticked values as conditions of a step; properties that were not listed keep theirs."""
    step = state.steps[index]
    kept = {name: given for name, given in step.where if name not in names}
    ticked = {name: tuple(given) for name, given in zip(names, values, strict=True) if given}
    where = tuple(sorted({**kept, **ticked}.items()))
    return state.with_step(index, StepState(step.event, where, step.optional))


def identifiers(manifest: Any) -> list[Dimension]:
    """The id columns of the events (session, order, product): too many values to filter by, but good to hold constant.
    manifest: of a dataset."""
    return [
        Dimension(name, info.header or name, ("events",), (), "rows", manifest.dictionaries.get(name, 0))
        for name, info in manifest.columns.get("events", {}).items()
        if info.type == "id" and name != "user_id"
    ]
