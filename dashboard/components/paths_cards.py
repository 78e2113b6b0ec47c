"""The controls of the paths page, the drawing of a flow, and its steps as rows to click."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dash import ClientsideFunction, Input, Output, clientside_callback, html
from dash.dependencies import ALL
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.bar_list import Bar, bar_list
from dashboard.components.chart_card import card, twin_card
from dashboard.components.event_picker import Choice, choices, picker
from dashboard.components.graph import FIGURE, graph
from dashboard.components.help import Fact, tip
from dashboard.components.labelled import aria
from dashboard.components.paths_state import EVENT, GAPS, STEPS, TOPS, PathsState, Place
from dashboard.components.popup import popup
from dashboard.components.provenance import facts_of, remarks
from dashboard.components.states import empty
from dashboard.components.table import Column
from dashboard.figures import paths as figures
from dashboard.figures import theme
from dashboard.filters import Filters
from dashboard.result import Dimension, Result

PAGE = "paths"
NODE, START, END, ONLY, SKIP, COMPARE, FIRST, SECOND = "node", "start", "end", "only", "skip", "by", "a", "b"
CLICKED = "paths-clicked"

clientside_callback(
    ClientsideFunction("picker", "openPlace"),
    Output(CLICKED, "data"),
    Input({"type": FIGURE, "name": ALL}, "clickData"),
    prevent_initial_call=True,
)


def controls(filters: Filters, state: PathsState, labels: Mapping[str, str], groups: Sequence[str]) -> Component:
    """The form. labels: of columns and ways to compare. groups: the two that are shown, () without a comparison."""
    gaps = {str(gap): fmt.duration(gap) for gap in GAPS} | {str(state.gap): fmt.duration(state.gap)}
    parts = [
        _face(NODE, "Nodes are", "events" if state.node == EVENT else labels.get(state.node, state.node)),
        _face(START, "Start from", state.start or "The beginning", on=bool(state.start), find="Find a start"),
        _face(END, "End at", state.end or "Anywhere", on=bool(state.end), find="Find an end"),
        _links("steps", "Steps", filters, state, {str(n): f"{n}" for n in (*STEPS, state.steps)}),
        _links("gap", "New path after", filters, state, gaps),
        _links("top", "Names", filters, state, {str(n): f"the {n} most frequent" for n in (*TOPS, state.top)}),
        _link_switch(filters, state),
        _face(ONLY, "Only", _some(state.include, "All events"), on=bool(state.include), find="Find an event"),
        _face(SKIP, "Leave out", _some(state.exclude, "Nothing"), on=bool(state.exclude), find="Find an event"),
        _face(
            COMPARE,
            "Compare",
            labels.get(state.compare, state.compare) or "Nobody",
            on=bool(state.compare),
            find="Find a property",
        ),
    ]
    if state.compare and len(groups) == 2:
        parts += [_face(FIRST, "", groups[0] or "missing"), _face(SECOND, "with", groups[1] or "missing")]
    return html.Div(parts, className="funnel-settings paths-controls")


def _some(names: Sequence[str], nothing: str) -> str:
    return nothing if not names else names[0] if len(names) == 1 else f"{len(names)} events"


def _face(name: str, note: str, text: str, *, on: bool = False, find: str = "") -> Component:
    face = [*([html.Span(note, className="face-note")] if note else []), html.Span(text, className="face-text")]
    return picker(PAGE, name, face, find=find, className="is-chosen" if on else "")


def _links(name: str, note: str, filters: Filters, state: PathsState, texts: Mapping[str, str]) -> Component:
    current = str(getattr(state, name))
    rows = [
        html.Li(
            html.A(
                texts[value],
                href=state.href(filters, **{name: int(value)}),
                className="choice state-link" + (" is-on" if value == current else ""),
                **(aria(current="true") if value == current else {}),
            )
        )
        for value in sorted(texts, key=int)
    ]
    return popup(
        f"paths-{name}",
        [html.Span(note, className="face-note"), html.Span(texts[current])],
        [html.Ul(rows, className="choices")],
        on=getattr(state, name) != getattr(PathsState(), name),
    )


def _link_switch(filters: Filters, state: PathsState) -> Component:
    return html.A(
        [html.Span("Repeats", className="face-note"), html.Span("shown" if state.repeats else "collapsed")],
        href=state.href(filters, repeats=not state.repeats),
        className="filter-face is-plain state-link" + (" is-on" if state.repeats else ""),
        title="The same event directly after itself",
        role="button",
    )


def picked(
    filters: Filters,
    state: PathsState,
    name: str,
    events: Sequence[tuple[str, int | None]],
    properties: Sequence[Dimension],
    comparisons: Sequence[tuple[str, str]],
) -> list[Component]:
    """What a picker's box shows. events: (name, rows or None). properties: columns of the events with texts.
    comparisons: (way to compare, label)."""
    if name == NODE:
        items = [Choice("events", "", state.href(filters, node=EVENT, start="", end=""), state.node == EVENT)]
        items += [
            Choice(
                item.label,
                f"{fmt.count(item.distinct)} values",
                state.href(filters, node=item.name, start="", end=""),
                state.node == item.name,
            )
            for item in properties
        ]
        return choices(items)
    if name in (START, END):
        return choices(_anchors(filters, state, name, events, properties))
    if name in (ONLY, SKIP):
        return _many(filters, state, "include" if name == ONLY else "exclude", events)
    if name == COMPARE:
        items = [Choice("Nobody", "", state.href(filters, compare="", first="", second=""))] if state.compare else []
        items += [
            Choice(label, "", state.href(filters, compare=way, first="", second=""), way == state.compare)
            for way, label in comparisons
        ]
        return choices(items)
    return []


def pair(
    filters: Filters, state: PathsState, name: str, shown: Sequence[str], values: Sequence[str]
) -> list[Component]:
    """The groups that can be the first or the second one. shown: the two in force."""
    items = []
    for value in values:
        both = (value, shown[1]) if name == FIRST else (shown[0], value)
        if both[0] != both[1]:
            items.append(
                Choice(
                    value or "missing",
                    "",
                    state.href(filters, first=both[0], second=both[1]),
                    value == shown[0 if name == FIRST else 1],
                )
            )
    return choices(items)


def _anchors(
    filters: Filters,
    state: PathsState,
    name: str,
    events: Sequence[tuple[str, int | None]],
    properties: Sequence[Dimension],
) -> list[Choice]:
    """Nodes to start from or end at; the one takes the other's place."""
    if state.node == EVENT:
        known = [(event, rows) for event, rows in events if event not in state.exclude]
        known = [item for item in known if not state.include or item[0] in state.include]
    else:
        known = [(text, rows) for item in properties if item.name == state.node for text, rows in item.values if text]
    current = state.start if name == START else state.end
    other = "end" if name == START else "start"
    nothing = Choice("The beginning" if name == START else "Anywhere", "", state.href(filters, **{name: ""}))
    return [
        *([nothing] if current else []),
        *(
            Choice(
                text,
                "" if rows is None else fmt.count(rows),
                state.href(filters, **{name: text, other: ""}),
                text == current,
            )
            for text, rows in known
        ),
    ]


def _many(filters: Filters, state: PathsState, name: str, events: Sequence[tuple[str, int | None]]) -> list[Component]:
    """Every entry adds an event to the list, or takes it out."""
    chosen = getattr(state, name)
    other = "exclude" if name == "include" else "include"
    items = [Choice("Clear", "", state.href(filters, **{name: ()}))] if chosen else []
    for event, rows in events:
        on = event in chosen
        kept = tuple(item for item in chosen if item != event) if on else (*chosen, event)
        rest = tuple(item for item in getattr(state, other) if item != event)
        note = "remove" if on else "" if rows is None else fmt.count(rows)
        items.append(Choice(event, note, state.href(filters, **{name: kept, other: rest}), on))
    return choices(items)


def flow_cards(result: Result, state: PathsState, link: Callable[[Place], str], *, subtitle: str) -> list[Component]:
    """A drawing per group and the steps as rows. link: place -> link to its people."""
    names = figures.by_frequency(result.summary["nodes"])
    groups = result.summary["groups"]
    return [_flow(result, state, item, names, position, subtitle) for position, item in enumerate(groups)] + [
        _steps(result, item, names, link) for item in groups
    ]


def _flow(
    result: Result, state: PathsState, group: dict[str, Any], names: Sequence[str], position: int, subtitle: str
) -> Component:
    name = str(group["group"])
    title = f"Paths – {name or 'missing'}" if state.compare else "Paths"
    edges, nodes = figures.of_group(
        result.frame, result.summary["nodes"], name, lambda step, a, b: Place(step, a, b, name).token
    )
    paths = fmt.count(group["paths"])
    frame = result.frame[result.frame["group"] == name]
    columns = [
        Column("Step", "count"),
        Column("From"),
        Column("To"),
        Column("Paths", "count"),
        Column("People", "count"),
        Column("Of all paths", "rate"),
        Column("Of the source", "rate"),
        Column("Mean time", "seconds"),
    ]
    fields = ["step", "source", "target", "count", "users", "share", "source_share", "mean_seconds"]
    busiest = max(edges, key=lambda edge: edge.paths, default=None)
    sentence = f"{paths} paths." + (
        f" The most frequent step is {busiest.source} to {busiest.target}, {fmt.count(busiest.paths)} times."
        if busiest
        else ""
    )
    body: list[Component] = [html.P(sentence, className="visually-hidden")]
    if edges:
        body.append(
            html.Div(
                html.Div(
                    graph(f"paths-{position}", figures.sankey(edges, nodes, names), height=480), className="paths-wide"
                ),
                className="paths-scroll",
                tabIndex=0,
                role="region",
                **aria(label=f"{title}: drawing"),
            )
        )
    else:
        alone = f"All {paths} paths have one event only. Choose a longer pause under “New path after”."
        hint = alone if group["paths"] else "Widen the dates, or start somewhere else."
        body.append(empty("No paths here.", hint=hint, height=240))
    return twin_card(
        f"paths-{position}",
        title,
        body,
        columns=columns,
        rows=[list(row) for row in frame[fields].to_numpy(dtype=object)],
        about=tip(
            f"paths-{position}",
            title,
            "What people do one after the other. A path ends with a long pause; width is the number of paths. "
            "Point at a band for people and time, click it for the list of people.",
            [Fact("Drawn", f"the {len(edges)} most frequent steps"), *facts_of(result)],
        ),
        subtitle=f"{paths} paths, {subtitle}",
        foot=remarks(result),
        chart=bool(edges),
    )


def _steps(result: Result, group: dict[str, Any], names: Sequence[str], link: Callable[[Place], str]) -> Component:
    name = str(group["group"])
    frame = result.frame[result.frame["group"] == name].sort_values("count", ascending=False, kind="stable")
    at = {node: position for position, node in enumerate(names)}
    bars = [
        Bar(
            label=f"{row['source']} → {row['target']}",
            text=fmt.count(row["users"]),
            size=float(row["users"]),
            share=fmt.percent(row["source_share"]),
            role="other" if row["source"] == figures.OTHER else theme_role(at.get(row["source"], 0)),
            href=link(Place(int(row["step"]), str(row["source"]), str(row["target"]), name)),
            note=f"step {row['step']} to {row['step'] + 1} · {fmt.duration(row['mean_seconds'])} on average",
        )
        for row in frame.to_dict("records")
    ]
    title = f"Steps – {name or 'missing'}" if len(result.summary["groups"]) > 1 else "Steps"
    return card(
        title,
        bar_list(bars, label=title, value_title="people · of those at the source"),
        subtitle="Click a row to see exactly who went this way",
        className="paths-steps",
    )


def theme_role(position: int) -> str:
    """A colour role that stands for a place in the palette."""
    return f"group {position % len(theme.PALETTE)}"
