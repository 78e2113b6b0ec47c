"""What stands where a number or chart would stand: nothing yet, nothing here, cannot be answered, went wrong.

The pattern is always: what happened, why, what to do next. No exception text ever reaches the screen.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import logs
from dashboard.components.labelled import aria
from dashboard.errors import CannotAnswer, NotFound, UserError
from dashboard.figures import theme


def state(
    title: str,
    text: str = "",
    *,
    hint: str = "",
    actions: Sequence[Component] = (),
    icon: str = "empty",
    role: str | None = None,
    height: int | None = None,
) -> Component:
    """The common form of all states. icon: a name of ``assets/states.css``. height: pixels the card keeps free."""
    attributes: dict[str, Any] = {"role": role} if role else {}
    return html.Div(
        [
            html.Span(className=f"state-icon state-{icon}", **aria(hidden="true")),
            html.P(title, className="state-title"),
            *([html.P(text, className="state-text")] if text else []),
            *([html.P(hint, className="state-text")] if hint else []),
            *([html.Div(list(actions), className="state-actions")] if actions else []),
        ],
        className="state",
        style={"minHeight": f"{height}px"} if height else None,
        **attributes,
    )


def link_button(text: str, href: str, *, primary: bool = False) -> Component:
    return dcc.Link(text, href=href, className=f"btn {'btn-primary' if primary else 'btn-quiet'}")


def no_data() -> Component:
    """First run: no dataset at all."""
    return state(
        "No data yet.",
        "Upload a CSV or load the sample.",
        actions=[link_button("Add data", "/data", primary=True)],
        icon="upload",
        height=320,
    )


def empty(text: str, *, hint: str = "", href: str = "", action: str = "", height: int | None = None) -> Component:
    """The filters leave nothing. action, href: a link that widens the view."""
    actions = [html.A(action, href=href, className="btn btn-quiet state-link")] if action else []
    return state(text, hint, actions=actions, icon="empty", height=height)


def cannot_answer(
    what: str, sentence: str, *, missing: Sequence[str] = (), hint: str = "", height: int | None = None
) -> Component:
    """The dataset lacks a column for this card. what: the question; missing: canonical columns (``table.column``)."""
    named = f"Missing: {', '.join(missing)}." if missing else ""
    return state(what, " ".join(part for part in (sentence, named) if part), hint=hint, icon="missing", height=height)


def error(reference: str, *, height: int | None = None) -> Component:
    """Something failed that should not; the log has the same reference."""
    return state(
        "Something went wrong while drawing this part.",
        f"The rest of the page is fine. Reference {reference}.",
        icon="error",
        role="alert",
        height=height,
    )


def explained(problem: UserError, *, height: int | None = None) -> Component:
    """A refusal on purpose, with its own words."""
    if isinstance(problem, CannotAnswer):
        return cannot_answer(problem.message, "", missing=problem.missing, hint=problem.hint, height=height)
    actions = [link_button("Go to the data page", "/data")] if isinstance(problem, NotFound) else []
    return state(problem.message, problem.hint, actions=actions, icon="missing", role="alert", height=height)


def guarded(height: int = 200) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator for callbacks that fill one part of a page: a failure becomes a state inside that part and the rest of
    the page stays alive. The log line names the kind of failure and where, never its text: that may hold data."""

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except PreventUpdate:
                raise
            except UserError as problem:
                return explained(problem, height=height)
            except Exception as problem:
                return error(logs.defect("page part failed", problem), height=height)

        return call

    return wrap


def skeleton(height: int = 200, *, label: str = "Loading") -> Component:
    """A grey shape in the card's final size; invisible for the first 300 ms."""
    return html.Div(
        html.Span(label, className="visually-hidden"),
        className="skeleton",
        style={"height": f"{height}px"},
    )


def skeleton_cards(count: int = 4, height: int = 128) -> Component:
    return html.Div([skeleton(height) for _ in range(count)], className="kpi-row")


def notice(text: Component | str | Sequence[Component | str], *, kind: str = "info") -> Component:
    """A sentence that stands out. kind: info, good, warn."""
    inside = text if isinstance(text, str | Component) else list(text)
    return html.Div(inside, className=f"notice notice-{kind}", role="note")


def swatch(role: str, position: int = 0) -> Component:
    """The colour of a segment, class or level as a small square beside its name."""
    return html.Span(className="swatch", style={"backgroundColor": theme.colour(role, position)}, **aria(hidden="true"))
