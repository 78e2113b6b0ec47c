"""More about a funnel: how long it takes, how it develops, what goes along with it, and one person's way through it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.chart_card import card, chart_card, twin_card
from dashboard.components.help import Fact, tip
from dashboard.components.labelled import aria, labelled
from dashboard.components.provenance import facts_of, remarks
from dashboard.components.states import empty
from dashboard.components.table import Column, plain_table, records, rows_of
from dashboard.figures import funnel as figures
from dashboard.result import Result

MAX_DRIVERS = 12
WATCHED = (
    "People who converted are watched from the entry to the conversion, the others to the end of the window: where "
    "converting is quick, events that only take time look as if they kept people from it."
)
USER, ASK, ANSWER = "funnel-trace-user", "funnel-trace-ask", "funnel-trace-answer"


def time_card(result: Result, label: str) -> Component:
    """Histogram of the time from entry to the last step. label: "signup to purchase"."""
    found = result.summary
    if not found["n"]:
        return card("Time to convert", empty("Nobody converted.", hint="There is no time to show.", height=240))
    spread = [(name, found[f"{key}_seconds"]) for name, key in _SPREAD]
    groups = [item for item in found["groups"] if item["n"]]
    foot: list[Component | str] = [remarks(result)]
    if groups:
        foot.insert(0, _group_times(groups))
    return chart_card(
        "time-to-convert",
        "Time to convert",
        figures.time_to_convert(result),
        summary=f"{fmt.count(found['n'])} people converted; "
        + ", ".join(f"{name.lower()} {fmt.duration(seconds)}" for name, seconds in spread),
        columns=[Column("From", "seconds"), Column("To", "seconds"), Column("People", "count")],
        rows=rows_of(result, ["start", "end", "users"]),
        about=tip(
            "funnel-time",
            "Time to convert",
            "How long those who converted took from entry to the last step. Half of them took at most the median.",
            [*(Fact(name, fmt.duration(seconds)) for name, seconds in spread), *facts_of(result)],
        ),
        subtitle=label,
        foot=foot,
    )


_SPREAD = (("Median", "median"), ("75 % within", "p75"), ("90 % within", "p90"), ("Mean", "mean"))


def _group_times(groups: Sequence[dict[str, Any]]) -> Component:
    columns = [Column("Group"), Column("People", "count"), *(Column(name, "seconds") for name, _ in _SPREAD)]
    rows = [[item["group"], item["n"], *(item[f"{key}_seconds"] for _, key in _SPREAD)] for item in groups]
    name = "Time to convert by group"
    table = plain_table(columns, rows, caption=name)
    return html.Div(table, className="table-scroll", tabIndex=0, role="region", **aria(label=name))


def trend_card(result: Result, by: str) -> Component:
    """Conversion by period of entry. by: "day", "week", "month"."""
    found = result.summary
    title = f"Conversion by {by} of entry"
    text = (
        "No period is final yet." if found["rate"] is None else f"{fmt.percent(found['rate'])} over the final periods."
    )
    names = ["period", "entered", "converted", "rate", "rate_low", "rate_high"]
    heads = [
        Column("Entered in"),
        Column("Entered", "count"),
        Column("Converted", "count"),
        Column("Conversion", "rate"),
    ]
    rows = [
        [*row, "not final" if open_ else "final"]
        for row, open_ in zip(rows_of(result, names), result.frame["not_final"], strict=True)
    ]
    return chart_card(
        f"conversion-by-{by}",
        title,
        figures.over_time(result),
        summary=text,
        columns=[*heads, Column("95 % from", "rate"), Column("to", "rate"), Column("State")],
        rows=rows,
        about=tip(
            "funnel-trend",
            title,
            "Of the people who entered in a period, the share that converted within the window. Here every entry is an "
            "attempt of its own: a person counts once per period and can count in several.",
            [Fact("Band", "Wilson, 95 %"), *facts_of(result)],
        ),
        subtitle=text,
        foot=remarks(result),
    )


def drivers_card(result: Result, link: Callable[[str, str], str]) -> Component:
    """Events on the way and how they go along with converting. link: (state, event) -> link to the people."""
    found = result.summary
    shown = records(result)[:MAX_DRIVERS]
    title = "What goes along with converting"
    if not shown:
        return card(
            title,
            empty(
                "No other event to compare.",
                hint="Between these steps too few people did anything else.",
                height=200,
            ),
            foot=remarks(result),
        )
    head = ("Event", "Converted did it", "Dropped did it", "Odds ratio", "Phi", "q-value")
    body = [
        html.Tr(
            [
                html.Th(row.event, scope="row"),
                _share(row.converted_with, found["converted"], link("converted", row.event)),
                _share(row.dropped_with, found["dropped"], link("dropped", row.event)),
                html.Td([_direction(row), html.Span(f"×{fmt.number(row.odds_ratio)}")], className="num tabular"),
                html.Td(fmt.number(row.phi), className="num tabular"),
                html.Td(
                    fmt.p_value(row.q_value).replace("p", "q", 1),
                    className="num tabular" + ("" if row.significant else " is-quiet"),
                ),
            ]
        )
        for row in shown
    ]
    table = html.Table(
        [
            html.Caption(title, className="visually-hidden"),
            html.Thead(
                html.Tr([html.Th(text, scope="col", className="num" if at else None) for at, text in enumerate(head)])
            ),
            html.Tbody(body),
        ],
        className="plain-table drivers",
    )
    names = ["event", "converted_with", "dropped_with", "odds_ratio", "phi", "p_value", "q_value"]
    units = ("", "count", "count", "number", "number", "number", "number")
    heads = ("Event", "Converted did it", "Dropped did it", "Odds ratio", "Phi", "p-value", "q-value")
    return twin_card(
        "funnel-drivers",
        title,
        html.Div(table, className="table-scroll", tabIndex=0, role="region", **aria(label=f"{title}: events")),
        columns=[Column(text, unit) for text, unit in zip(heads, units, strict=True)],
        rows=rows_of(result, names),
        about=tip(
            "funnel-drivers",
            title,
            "Events between the first and the last step: how much likelier are those who did it to convert? It is an "
            "association: it does not show what makes people convert.",
            [
                Fact("Odds ratio", "above 1: more frequent among those who converted"),
                Fact("Phi", "strength from −1 to 1"),
                Fact("q-value", "p-value after Benjamini–Hochberg over all events; grey is no more than chance"),
                *facts_of(result),
            ],
        ),
        subtitle=f"{fmt.count(found['converted'])} converted, {fmt.count(found['dropped'])} dropped",
        foot=[WATCHED, remarks(result)],
    )


def _share(count: int, of: int, to: str) -> Component:
    share = fmt.percent(count / of) if of else fmt.MISSING
    number = html.A(fmt.count(count), href=to, className="state-link tabular") if count else html.Span("0")
    return html.Td([number, html.Span(share, className="driver-share tabular")], className="num")


def _direction(row: Any) -> Component:
    if row.odds_ratio == 1 or not row.significant:
        return html.Span()
    up = row.odds_ratio > 1
    return html.Span(
        [
            html.Span("▲" if up else "▼", **aria(hidden="true")),
            html.Span("more " if up else "less ", className="visually-hidden"),
        ],
        className="driver-up" if up else "driver-down",
    )


def trace_form() -> Component:
    """Where a user id is typed. It never enters the address of the page."""
    return card(
        "Why was this person dropped?",
        [
            html.Div(
                [
                    labelled(
                        "User id",
                        dbc.Input(id=USER, type="text", autoComplete="off", debounce=True, maxLength=200, size="sm"),
                    ),
                    html.Button("Follow", id=ASK, type="button", className="btn btn-primary btn-sm"),
                ],
                className="trace-form",
            ),
            html.Div(id=ANSWER, className="trace-answer", role="status"),
        ],
        about=tip(
            "funnel-trace",
            "Why was this person dropped?",
            "The counted attempt of one person, step by step, from the same count as the chart.",
        ),
        subtitle="One person's way through this funnel; the id stays out of the link",
    )


def trace(result: Result) -> Component:
    """The answer. result: of the insight "funnel_trace"."""
    found = result.summary
    steps = []
    for row in records(result):
        seconds = f"after {fmt.duration(row.seconds)}" if row.seconds == row.seconds and row.step else ""
        note = f"{_moment(row.time)}{' · ' if seconds else ''}{seconds}" if row.reached else "not reached"
        steps.append(
            html.Li(
                [
                    html.Span("✓" if row.reached else "–", className="trace-mark", **aria(hidden="true")),
                    html.Span(row.name, className="trace-name"),
                    html.Span(note, className="funnel-note"),
                ],
                className="is-reached" if row.reached else "is-missing",
            )
        )
    return html.Div(
        [html.P(found["sentence"], className=f"trace-sentence is-{found['state']}"), html.Ol(steps, className="trace")]
    )


def _moment(text: str) -> str:
    """An ISO instant as day and time of day, to the second."""
    return text[:19].replace("T", " ")
