"""The form of a funnel: steps, order, window, exclusions, what stays the same, breakdown.

Everything is a link to the view with the changed funnel (so Back undoes it and every choice works by keyboard); only
lists that would be long are fetched when they are opened, and values that are ticked or typed have an Apply button.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard.components.event_picker import picker
from dashboard.components.funnel_state import MAX_STEPS, OPTION, ExclusionState, FunnelState, StepState
from dashboard.components.labelled import aria, labelled
from dashboard.components.links import LIST, view_link
from dashboard.components.popup import popup
from dashboard.filters import Filters

PAGE = "funnels"  # of the pattern ids of pickers
WINDOW_NUMBER, WINDOW_UNIT, WINDOW_APPLY = "funnel-window-number", "funnel-window-unit", "funnel-window-apply"
EVENT, WHERE, EXCLUDE, SPLIT, HOLD = "event", "where", "exclude", "split", "hold"  # kinds of pickers
MAX_EXCLUSIONS = 8
ORDERS = {
    "ordered": ("In this order", "other events may lie between"),
    "strict": ("Directly after one another", "nothing may lie between"),
    "any": ("In any order", "all of them, whichever comes first"),
}
ATTEMPTS = {
    "best": ("Best attempt", "of all entries the one that gets furthest"),
    "first": ("First entry", "only what follows the first entry counts"),
}
IMMATURE = {
    "leave_out": ("Leave out open entries", "whose window is not over yet"),
    "count": ("Count open entries", "as they stand now"),
}
ATTRIBUTIONS = {
    "first_touch": ("First value", "the first one seen on the way"),
    "last_touch": ("Last value", "the last one seen on the way"),
    "step": ("Value at a step", ""),
    "all_steps": ("Same value at all steps", "a person can be in several groups"),
    "profile": ("Current value", "of the person, not of the events"),
}
UNITS = ("seconds", "minutes", "hours", "days", "weeks", "months")


def href(filters: Filters, state: FunnelState) -> str:
    """The view with this funnel. A list of people that is open closes: its step may be another one now."""
    return view_link(filters.with_option(LIST, None).with_option(OPTION, state.to_text()))


def builder(filters: Filters, state: FunnelState, labels: Mapping[str, str] | None = None) -> Component:
    """The whole form. labels: of the breakdowns; one without is shown by its name."""
    rows = [_step(filters, state, index) for index in range(len(state.steps))]
    return html.Div(
        [
            html.Ol(rows, className="funnel-steps", **aria(label="Steps of the funnel")),
            html.Div(
                [
                    *([_add(state)] if len(state.steps) < MAX_STEPS else []),
                    *([_exclude(state)] if len(state.steps) > 1 and len(state.exclusions) < MAX_EXCLUSIONS else []),
                ],
                className="step-more",
            ),
            *([_exclusions(filters, state)] if state.exclusions else []),
            html.Div(_settings(filters, state, labels or {}), className="funnel-settings"),
        ],
        className="funnel-form",
    )


def _add(state: FunnelState) -> Component:
    return picker(
        PAGE,
        f"{EVENT}.{len(state.steps)}",
        [html.Span("+", **aria(hidden="true")), html.Span("Add a step")],
        find="Find an event",
    )


def _exclude(state: FunnelState) -> Component:
    return picker(
        PAGE,
        EXCLUDE,
        [html.Span("–", **aria(hidden="true")), html.Span("Exclude an event")],
        more="between steps",
        find="Find an event",
    )


def _step(filters: Filters, state: FunnelState, index: int) -> Component:
    step, number, last = state.steps[index], index + 1, state.end
    optional = state.with_step(index, StepState(step.event, step.where, not step.optional))
    may_be_optional = index > 0 and state.order != "any"
    tools = [
        _tool("up", f"Move step {number} up", href(filters, state.moved(index, -1)) if index else ""),
        _tool("down", f"Move step {number} down", href(filters, state.moved(index, 1)) if index < last else ""),
        _tool("remove", f"Remove step {number}", href(filters, state.without_step(index)) if last else ""),
    ]
    return html.Li(
        [
            html.Span(str(number), className="step-number", **aria(hidden="true")),
            html.Div(
                [
                    picker(
                        PAGE,
                        f"{EVENT}.{index}",
                        [html.Span(step.label, className="step-event")],
                        more=f"is step {number}",
                        find="Find an event",
                        className="step-picker",
                    ),
                    *_conditions(filters, state, index),
                    picker(
                        PAGE,
                        f"{WHERE}.{index}",
                        ["Filter"],
                        more=f"step {number} by a property",
                        className="quiet-picker",
                    ),
                    *(
                        [
                            html.A(
                                "Optional" if step.optional else "Required",
                                href=href(filters, optional),
                                className="step-switch state-link" + (" is-on" if step.optional else ""),
                                **aria(
                                    label=f"Step {number} is {'optional' if step.optional else 'required'}: "
                                    f"make it {'required' if step.optional else 'optional'}"
                                ),
                            )
                        ]
                        if may_be_optional
                        else []
                    ),
                ],
                className="step-what",
            ),
            html.Div(tools, className="step-tools"),
        ],
        className="funnel-step" + (" is-optional" if step.optional else ""),
    )


def _conditions(filters: Filters, state: FunnelState, index: int) -> list[Component]:
    step = state.steps[index]
    chips = []
    for name, values in step.where:
        rest = tuple(item for item in step.where if item[0] != name)
        text = f"{name}: {' or '.join(values)}"
        chips.append(
            html.A(
                [html.Span(text, className="chip-text"), html.Span("×", className="chip-x", **aria(hidden="true"))],
                href=href(filters, state.with_step(index, StepState(step.event, rest, step.optional))),
                className="chip state-link",
                **aria(label=f"Remove filter {text} from step {index + 1}"),
            )
        )
    return chips


def _tool(kind: str, text: str, to: str) -> Component:
    sign = {"up": "↑", "down": "↓", "remove": "×"}[kind]
    inner = html.Span(sign, **aria(hidden="true"))
    if not to:
        return html.Span(inner, className="step-tool is-off", **aria(hidden="true"))
    return html.A(inner, href=to, className="step-tool state-link", title=text, **aria(label=text))


def _exclusions(filters: Filters, state: FunnelState) -> Component:
    rows = []
    for position, item in enumerate(state.exclusions):
        others = state.exclusions[:position] + state.exclusions[position + 1 :]

        def with_(first: int, last: int, position: int = position, item: ExclusionState = item) -> str:
            changed = (*state.exclusions[:position], ExclusionState(item.step, first, last))
            return href(filters, state.with_(exclusions=(*changed, *state.exclusions[position + 1 :])))

        ends = range(item.first + 1, len(state.steps))
        rows.append(
            html.Li(
                [
                    html.Span(["Not ", html.Strong(item.step.label), " after"], className="exclusion-what"),
                    _steps_popup(
                        f"from.{position}",
                        "after",
                        state,
                        item.first,
                        {k: with_(k, max(item.last, k + 1)) for k in range(state.end)},
                    ),
                    html.Span("and up to"),
                    _steps_popup(f"to.{position}", "up to", state, item.last, {k: with_(item.first, k) for k in ends}),
                    _tool(
                        "remove",
                        f"Remove exclusion of {item.step.label}",
                        href(filters, state.with_(exclusions=others)),
                    ),
                ]
            )
        )
    return html.Ul(rows, className="exclusions", **aria(label="Excluded events"))


def _steps_popup(name: str, what: str, state: FunnelState, current: int, links: Mapping[int, str]) -> Component:
    options = {str(k): (f"step {k + 1}", state.steps[k].label) for k in links}
    return _popup(name, "", options, str(current), {str(k): link for k, link in links.items()}, on=False, label=what)


def _popup(
    name: str,
    note: str,
    options: Mapping[str, tuple[str, str]],
    current: str,
    links: Mapping[str, str],
    *,
    on: bool,
    label: str = "",
    more: Sequence[Component] = (),
) -> Component:
    """A button with a box of links. options: value -> (text, note)."""
    shown = options[current][0] if current in options else current
    items = [
        html.Li(
            html.A(
                [html.Span(text), *([html.Span(about, className="choice-note")] if about else [])],
                href=links[value],
                className="choice state-link" + (" is-on" if value == current else ""),
                **(aria(current="true") if value == current else {}),
            )
        )
        for value, (text, about) in options.items()
    ]
    face = [*([html.Span(note, className="face-note")] if note else []), html.Span(shown)]
    if label:
        face.append(html.Span(f" ({label})", className="visually-hidden"))
    return popup(name, face, [html.Ul(items, className="choices"), *more], on=on)


def _settings(filters: Filters, state: FunnelState, labels: Mapping[str, str]) -> list[Component]:
    def links(name: str, values: Mapping[str, Any]) -> dict[str, str]:
        return {value: href(filters, state.with_(**{name: value})) for value in values}

    any_order = {value: state.with_(order=value) for value in ORDERS}
    orders = {value: href(filters, _fitting(changed)) for value, changed in any_order.items()}
    parts = [
        _popup("order", "Order", ORDERS, state.order, orders, on=state.order != "ordered"),
        _window(filters, state),
        _popup("attempt", "Attempt", ATTEMPTS, state.attempt, links("attempt", ATTEMPTS), on=state.attempt != "best"),
        _popup(
            "immature",
            "Late entries",
            IMMATURE,
            state.immature,
            links("immature", IMMATURE),
            on=state.immature != "leave_out",
        ),
        picker(
            PAGE,
            HOLD,
            [html.Span("Hold constant", className="face-note"), html.Span(" · ".join(state.hold) or "Nothing")],
        ),
        picker(
            PAGE,
            SPLIT,
            [
                html.Span("Break down by", className="face-note"),
                html.Span(labels.get(state.breakdown, state.breakdown) or "Nothing"),
            ],
            find="Find a property",
        ),
    ]
    if state.breakdown and not state.of_people:
        steps = {f"step.{k}": (f"Value at step {k + 1}", step.label) for k, step in enumerate(state.steps)}
        options = {k: v for k, v in ATTRIBUTIONS.items() if k != "step"} | steps
        current = f"step.{state.at}" if state.attribution == "step" else state.attribution
        targets = {
            key: href(
                filters,
                state.with_(attribution="step", at=int(key.removeprefix("step.")))
                if key.startswith("step.")
                else state.with_(attribution=key, at=0),
            )
            for key in options
        }
        parts.append(_popup("attribution", "Using", options, current, targets, on=state.attribution != "first_touch"))
    return parts


def _fitting(state: FunnelState) -> FunnelState:
    """With steps in any order no step is optional, and exclusions reach from the first to the last."""
    if state.order != "any":
        return state
    steps = tuple(StepState(step.event, step.where) for step in state.steps)
    exclusions = tuple(ExclusionState(item.step, 0, state.end) for item in state.exclusions)
    return state.with_(steps=steps, exclusions=exclusions)


def window_of(state: FunnelState) -> tuple[str, str]:
    """(number, unit) of the window for the form; ("", "days") without one."""
    number, _, unit = state.window.partition(" ")
    unit = unit if unit in UNITS else f"{unit}s" if f"{unit}s" in UNITS else "days"
    return (number, unit) if number.isdigit() else ("", unit)


def _window(filters: Filters, state: FunnelState) -> Component:
    number, unit = window_of(state)
    presets = ["1 hours", "1 days", "7 days", "14 days", "30 days", "none"]
    items = [
        html.Li(
            html.A(
                window_text(value),
                href=href(filters, state.with_(window=value)),
                className="choice state-link" + (" is-on" if value == state.window else ""),
                **(aria(current="true") if value == state.window else {}),
            )
        )
        for value in presets
    ]
    return popup(
        "window",
        [html.Span("Window", className="face-note"), html.Span(window_text(state.window))],
        [
            html.Ul(items, className="choices"),
            html.Div(
                [
                    labelled(
                        "Number",
                        dbc.Input(id=WINDOW_NUMBER, type="number", min=1, step=1, value=number, size="sm"),
                    ),
                    labelled(
                        "Unit",
                        dbc.Select(id=WINDOW_UNIT, options=list(UNITS), value=unit, size="sm"),
                    ),
                ],
                className="window-own",
            ),
            html.Button("Apply window", id=WINDOW_APPLY, type="button", className="btn btn-primary btn-sm closes-pop"),
            html.P(
                "From the entry to the last step, both ends included. A month has 30 days.", className="filter-hint"
            ),
        ],
        on=state.window != "14 days",
    )


def window_text(window: str) -> str:
    """A window in words: 7 days, 1 day, No limit."""
    if window == "none":
        return "No limit"
    number, _, unit = window.partition(" ")
    return f"1 {unit.removesuffix('s')}" if number == "1" else window
