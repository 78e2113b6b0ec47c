"""The answer of a page in one sentence: a large number, what it counts, how sure it is, and the file with everybody."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from dashboard.components.help import Fact, tip
from dashboard.components.labelled import aria


def answer(
    key: str,
    number: str,
    text: str,
    *,
    label: str,
    definition: str,
    facts: Sequence[Fact] = (),
    title: str = "",
    href: str = "",
    share: str = "",
    rule: str = "",
    actions: Sequence[Component] = (),
) -> Component:
    """key: unique on the page. number: as people read it; title: in full. text: the rest of the sentence. label,
    definition, facts: of the explanation. href: people behind the number. share, rule: a second and a third line."""
    big = (
        html.A(number, href=href, title=title or None, className="hero-number state-link")
        if href
        else html.Span(number, title=title or None, className="hero-number")
    )
    return html.Section(
        [
            html.Div(
                [
                    html.Div(
                        [
                            html.P([big, html.Span(f" {text}", className="hero-text")], className="hero-line"),
                            tip(key, label, definition, facts),
                        ],
                        className="hero-line",
                    ),
                    *([html.P(share, className="hero-share tabular")] if share else []),
                    *([html.P(rule, className="hero-rule")] if rule else []),
                ],
                className="hero-main",
            ),
            *([html.Div(list(actions), className="hero-action no-print")] if actions else []),
        ],
        className="panel hero",
        **aria(label=label),
    )
