"""The list of saved segments: what each means, how many people it has, and what can be done with it."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.attributes import data
from dashboard.components.labelled import aria
from dashboard.components.popup import popup

DELETE = "segment-delete"  # type of the pattern id of the button that deletes; "name" is the segment's id


def counted(people: int, everyone: int, share: tuple[float | None, float | None, float | None]) -> Component:
    """How many people a rule finds. share: with its interval; None when there is nobody."""
    return html.P(
        [html.Strong(fmt.count(people)), f" of {fmt.count(everyone)} people · {fmt.interval(*share)}"],
        className="tabular segment-count",
    )


def segment_entry(
    identifier: str,
    name: str,
    words: str,
    about: Component,
    *,
    on: bool,
    use: str,
    people: str,
    export: str,
    share: str,
    edit: str,
) -> Component:
    """One segment. about: its count, or why there is none. on: the view is filtered by it. use: link that filters by it
    (or stops); people, export: its list and file; share: address to copy; edit: link to the builder."""
    return html.Li(
        [
            html.Div([html.H2(name), html.P(words, className="hint"), about], className="segment-about"),
            html.Div(
                [
                    _link(
                        "Stop filtering" if on else "Use as filter",
                        use,
                        f"{'Stop filtering' if on else 'Use as filter'}: {name}",
                        primary=on,
                    ),
                    _link("List", people, f"List of the people of {name}"),
                    html.A(
                        "CSV",
                        href=export,
                        download="",
                        className="btn btn-sm btn-quiet",
                        **aria(label=f"CSV of the ids of {name}"),
                    ),
                    html.Button(
                        "Copy link",
                        type="button",
                        className="btn btn-sm btn-quiet",
                        **aria(label=f"Copy link filtered by {name}"),
                        **data(copy=share),
                    ),
                    _link("Edit", edit, f"Edit {name}"),
                    _delete(identifier, name),
                ],
                className="segment-actions no-print",
            ),
        ],
        className="panel segment-entry" + (" is-on" if on else ""),
    )


def _link(text: str, href: str, label: str, *, primary: bool = False) -> Component:
    return html.A(
        text,
        href=href,
        className="btn btn-sm state-link " + ("btn-primary" if primary else "btn-quiet"),
        **aria(label=label),
    )


def _delete(identifier: str, name: str) -> Component:
    return popup(
        f"delete-{identifier}",
        ["Delete", html.Span(f" {name}", className="visually-hidden")],
        [
            html.P(f"Delete “{name}”? Links that name it will show everybody.", className="filter-hint"),
            html.Button(
                "Delete for good",
                id={"type": DELETE, "name": identifier},
                type="button",
                className="btn btn-danger btn-sm",
            ),
        ],
        on=False,
    )
