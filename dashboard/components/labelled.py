"""Form controls with their label, and names for what a screen reader meets; Dash's own controls carry none."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component


def labelled(text: str, control: Component, *, hidden: bool = False, help: str = "", **kwargs: Any) -> Component:
    """A control inside its label (so no id is needed to join them). hidden: the text is for screen readers only.
    help: a sentence under the control."""
    parts: list[Component] = [
        html.Span(text, className="visually-hidden" if hidden else "field-label"),
        control,
    ]
    if help:
        parts.append(html.Span(help, className="hint"))
    return html.Label(parts, className="field", **kwargs)


def aria(**attributes: str) -> dict[str, Any]:
    """Keyword arguments of an html component: ``aria(label="Preview")`` is ``aria-label="Preview"``."""
    return {f"aria-{name}": value for name, value in attributes.items()}
