"""The search field of the user page with its suggestions.

What is typed travels in the body of a callback and is written nowhere; a suggestion is a link with a handle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.labelled import aria, labelled

SEARCH, SUGGESTIONS, STATUS, HINT = "user-search", "user-suggestions", "user-found", "user-search-hint"
FIELDS = {"user_id": "user id", "name": "name", "email": "e-mail"}


def search_box() -> Component:
    """The field and the empty list below it."""
    field = dcc.Input(
        id=SEARCH,
        type="search",
        value="",
        autoComplete="off",
        spellCheck="false",
        maxLength=200,
        placeholder="Type a part of an id, a name or an e-mail",
    )
    return html.Section(
        [
            html.Div(
                [
                    labelled("Find a person", field),
                    html.Div(id=SUGGESTIONS, className="user-suggestions"),
                ],
                className="user-find",
            ),
            html.P(id=HINT, className="hint"),
            html.P(id=STATUS, className="visually-hidden", role="status"),
        ],
        className="panel panel-body no-print",
        **aria(label="Search"),
    )


def searched(fields: Sequence[str]) -> str:
    """What can be searched, and what the users table lacks for more."""
    words = [FIELDS[name] for name in fields]
    text = f"Searches {' and '.join(words) if len(words) < 3 else ', '.join(words[:-1]) + ' and ' + words[-1]}."
    missing = [FIELDS[name] for name in FIELDS if name not in fields]
    return f"{text} The data have no {' and no '.join(missing)}." if missing else text


def suggestions(items: Sequence[Any], more: bool, link: Callable[[str], str]) -> list[Component]:
    """items: service.user.Suggestion. link: handle -> address."""
    if not items:
        return [html.P("Nobody of that id, name or e-mail. Try a shorter part.", className="user-none")]
    options = [
        html.A(
            [
                html.Strong(item.user_id),
                *([html.Span(item.name)] if item.name else []),
                *([html.Span(item.email)] if item.email else []),
            ],
            href=link(item.handle),
            id=f"user-option-{position}",
            role="option",
            tabIndex=-1,
            className="user-option state-link",
            **aria(selected="false"),
        )
        for position, item in enumerate(items)
    ]
    shown = html.Div(options, role="listbox", **aria(label="People found"))
    note = html.P(f"The first {fmt.count(len(items))} are shown. Type more to narrow.", className="user-none hint")
    return [shown, note] if more else [shown]


def status(items: Sequence[Any], more: bool) -> str:
    """The number of suggestions for a screen reader."""
    if not items:
        return "Nobody found."
    return f"{'More than ' if more else ''}{len(items)} {'person' if len(items) == 1 else 'people'} found."
