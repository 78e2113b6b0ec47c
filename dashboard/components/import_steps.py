"""Where a person is on the way from a file to a dataset."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.components.labelled import aria

STEPS: tuple[tuple[str, str], ...] = (("choose", "Choose"), ("check", "Check"), ("import", "Import"), ("done", "Done"))


def steps(now: str) -> Component:
    """The steps with the current one marked for eyes and screen readers; earlier ones are ticked."""
    position = [key for key, _ in STEPS].index(now)
    items = []
    for number, (key, label) in enumerate(STEPS):
        past = number < position or now == "done"
        mark = html.Span("✓" if past else str(number + 1), className="step-number", **aria(hidden="true"))
        current = aria(current="step") if key == now else {}
        items.append(html.Li([mark, label], className="is-done" if past else "", **current))
    return html.Ol(items, className="steps", **aria(label="Steps"))
