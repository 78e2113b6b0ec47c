"""The answer of the discount page: how many people, who they are, and the file."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.help import Fact, tip
from dashboard.components.labelled import aria


def hero(
    *,
    people: int,
    of: int,
    share: str,
    where: str,
    rule: str,
    link: str,
    export: str,
    file_name: str,
    facts: Sequence[Fact] = (),
) -> Component:
    """The number of targets with its share, the rule in words, and the download.

    people: targets among the ``of`` people that the filters choose; share: with its interval, as text; where: the
    filters in words, "" without any; link: to exactly these people; export, file_name: address and name of the file.
    """
    explanation = [
        *facts,
        Fact("Denominator", f"{fmt.count(of)} people that the filters choose"),
        Fact("Interval", "Wilson, 95 %"),
    ]
    number = html.A(fmt.count(people), href=link, className="hero-number state-link")
    return html.Section(
        [
            html.Div(
                [
                    html.Div(
                        [
                            html.P(
                                [number, html.Span(" people get a discount", className="hero-text")],
                                className="hero-line",
                            ),
                            tip("targets", "Discount targets", rule, explanation),
                        ],
                        className="hero-line",
                    ),
                    html.P(
                        [html.Strong(share), f" of {fmt.count(of)} people", f" · {where}" if where else ""],
                        className="hero-share tabular",
                    ),
                    html.P(rule, className="hero-rule"),
                ],
                className="hero-main",
            ),
            html.Div(
                [
                    html.A(
                        f"Download {fmt.count(people)} people as CSV",
                        href=export,
                        download=file_name,
                        className="btn btn-primary btn-lg",
                    ),
                    html.P(file_name, className="hint hero-file"),
                ],
                className="hero-action no-print",
            ),
        ],
        className="panel hero",
        **aria(label="Discount targets"),
    )
