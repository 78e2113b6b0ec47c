"""How we count: the conventions behind every number, and the published cases that check them, run live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.labelled import aria

RUN = "conform-run"  # type of the pattern id of a topic's button
RESULT = "conform-result"  # type of the pattern id of the place of its answer
RUN_ALL = "conform-run-all"
RULES = (
    ("Person", "One id per person, as text. Rows without an id count in totals, never in numbers per person."),
    ("Day, week, month", "Calendar periods in the dataset's time zone; a day of a clock change is one day."),
    ("As of", "The last time stamp in the data, or the day you choose. Nothing later exists."),
    ("Complete", "A period counts in means, trends and arrows only when it is over; others are hatched or dotted."),
    ("First seen", "Looked up in all data, never only in the chosen range."),
    ("DAU, WAU, MAU", "Distinct people in the 1, 7 and 30 calendar days that end on a day, that day included."),
    ("Session", "A pause of more than 30 minutes starts a new one, unless the file has its own session ids."),
    ("Lifecycle", "Every active person is new, returning or resurrecting; dormant are those of the period before."),
    (
        "Funnel",
        "Steps in order within the window, its end included; one event serves one step; the best attempt counts.",
    ),
    ("Retention", "Who started in a period and came back in exactly that later one; cells not over are in no mean."),
    ("Mean of a curve", "People who came back over people at risk, all cohorts together; not the mean of percentages."),
    ("Interval", "95 %: Wilson for a share, Newcombe for a difference; several tests at once: Benjamini–Hochberg."),
    ("No denominator", "“–” with the reason; never an error, nan or infinity."),
    ("Every count", "Opens the list of exactly these people, and the file has one row for each."),
)
OTHERS = (
    ("Funnel window", "14 days from the first step", "7 days from the first entry", "–", "14 days"),
    ("Which attempt", "Best", "First entry", "Longest, then earliest", "Best; first entry as a choice"),
    ("Same-time events", "Either order", "2 s grace", "Same second together", "Either order; grace as a choice"),
    ("Return counts", "On", "On or after", "On", "On; all others as a choice"),
    ("Retention windows", "Calendar", "24 hours", "24 hours, full hour", "Calendar; both others as a choice"),
    ("Cells not over", "Marked", "Marked", "Left out", "Marked and left out of means"),
    ("Days active", "Exact", "By formula", "Exact or at least", "Both"),
)


def conventions() -> Component:
    """The rules and how they differ from other products."""
    rules = [html.Div([html.Dt(name), html.Dd(text)], className="rule-line") for name, text in RULES]
    heads = ("", "PostHog", "Mixpanel", "Amplitude", "Here")
    rows = [html.Tr([html.Th(row[0], scope="row"), *(html.Td(text) for text in row[1:])]) for row in OTHERS]
    return html.Div(
        [
            html.Section(
                [html.H2("The rules"), html.Dl(rules, className="rule-lines")],
                className="panel panel-body",
                **aria(label="The rules"),
            ),
            html.Section(
                [
                    html.H2("Defaults elsewhere and here"),
                    html.Div(
                        html.Table(
                            [
                                html.Caption("Defaults of other products and of this one", className="visually-hidden"),
                                html.Thead(html.Tr([html.Td(""), *(html.Th(text, scope="col") for text in heads[1:])])),
                                html.Tbody(rows),
                            ],
                            className="accounts",
                        ),
                        className="accounts-box",
                        role="region",
                        tabIndex=0,
                        **aria(label="Defaults elsewhere and here: table"),
                    ),
                ],
                className="panel panel-body",
                **aria(label="Defaults elsewhere and here"),
            ),
        ],
        className="stack-gap",
    )


def topic(name: str, title: str, cases: int, sources: Sequence[str]) -> Component:
    """A file of cases with its button. sources: where the facts were published."""
    return html.Section(
        [
            html.Div(
                [
                    html.Div([html.H3(title), html.P(f"{fmt.count(cases)} cases", className="card-subtitle")]),
                    html.Button(
                        "Check now",
                        id={"type": RUN, "name": name},
                        type="button",
                        className="btn btn-quiet btn-sm",
                        **aria(label=f"Check now: {title}"),
                    ),
                ],
                className="list-head",
            ),
            html.Div(id={"type": RESULT, "name": name}, role="status", className="conform-result"),
            html.Details(
                [
                    html.Summary(f"{len(sources)} source{'' if len(sources) == 1 else 's'}"),
                    html.Ul([html.Li(text) for text in sources], className="conform-sources"),
                ]
            ),
        ],
        className="panel panel-body conform-topic",
        **aria(label=title),
    )


def outcomes(found: Sequence[Any]) -> Component:
    """The result of a topic: counts, every case by name, what differs. found: id, title, state, source, differences,
    reason, seconds."""
    counts = Counter(item.state for item in found)
    seconds = sum(item.seconds for item in found)
    words = f"{counts['passed']} passed, {counts['failed']} failed"
    words += f", {counts['skipped']} skipped" if counts["skipped"] else ""
    rows = [
        html.Li(
            [
                html.Span({"passed": "✓", "failed": "✗", "skipped": "–"}[item.state], **aria(hidden="true")),
                html.Span(item.state, className="visually-hidden"),
                html.Span([html.Strong(item.id), f" {item.title}"]),
                *([html.Ul([html.Li(html.Code(text)) for text in item.differences])] if item.differences else []),
                *([html.Span(item.reason, className="hint")] if item.reason else []),
            ],
            className=f"conform-case is-{item.state}",
        )
        for item in found
    ]
    tone = "bad" if counts["failed"] else "good"
    return html.Details(
        [
            html.Summary(
                [html.Strong(words, className=f"conform-{tone}"), f" · {fmt.duration(seconds)} through the engine"]
            ),
            html.Ul(rows, className="conform-cases"),
        ],
        open=bool(counts["failed"]),
    )
