"""Habits: how many days people come, at which hours, for how long, and how far apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import engagement_options as names
from dashboard.components.chart_card import chart_card, twin_card
from dashboard.components.choice import tabs
from dashboard.components.engagement_options import Asked
from dashboard.components.help import Fact, tip
from dashboard.components.labelled import aria
from dashboard.components.provenance import facts_of, remarks
from dashboard.components.table import Column, records, rows_of
from dashboard.figures import rhythm as figures
from dashboard.filters import Filters
from dashboard.result import Result

DAYS = "engagement-days"  # name of the chart whose columns open people
SOURCES = {"ids": "session ids of the file", "table": "sessions of the file", "gap": "pauses between events"}


def days_card(filters: Filters, result: Result, asked: Asked, link: Callable[[str], str]) -> Component:
    """People by the number of days (weeks, months) they were active."""
    found = result.summary
    unit = asked.by
    shown = [row for row in records(result) if getattr(row, asked.mode)]
    lists = [
        (
            f"{row.periods} {unit}{'' if row.periods == 1 else 's'}: {fmt.count(getattr(row, asked.mode))}",
            link(f"days~{asked.mode}~{row.periods}"),
        )
        for row in shown
    ]
    words = f"{fmt.count(found['users'])} people, active on {fmt.number(found['mean'])} {unit}s on average"
    return chart_card(
        DAYS,
        f"{unit.capitalize()}s active",
        figures.days_active(result, mode=asked.mode, title=f"{unit.capitalize()}s with activity in the range"),
        summary=f"{words}, median {fmt.number(found['median'])}.",
        columns=[
            Column(f"{unit.capitalize()}s"),
            Column("Exactly", "count"),
            Column("At least", "count"),
            Column("Share, at least", "rate"),
        ],
        rows=rows_of(result, ["periods", "exact", "at_least", "share"]),
        about=tip(
            "days",
            f"{unit.capitalize()}s active",
            f"People by the number of calendar {unit}s of the range in which they were active.",
            facts_of(result),
        ),
        subtitle=f"{words}; click a column for its people",
        foot=[
            tabs(filters, names.MODE, names.MODES, asked.mode, label="How days are counted", small=True),
            _lists(lists),
            remarks(result),
        ],
        height=280,
    )


def _lists(items: Sequence[tuple[str, str]]) -> Component:
    """The lists that the columns of a chart open, for those who do not click: (text, link)."""
    links = [html.Li(html.A(text, href=href, className="state-link")) for text, href in items]
    return html.Details(
        [html.Summary("Lists of people"), html.Ul(links, className="link-grid tabular")], className="lists"
    )


def rhythm_card(result: Result, link: Callable[[str], str]) -> Component:
    """Hour by weekday; every cell opens its people."""
    cells = records(result)
    top = max((row.events_per_day for row in cells if row.events_per_day == row.events_per_day), default=0.0)
    days = list(dict.fromkeys(row.weekday for row in cells))
    body = [
        html.Tr(
            [
                html.Th(names.WEEKDAYS[day][:3], scope="row", title=names.WEEKDAYS[day]),
                *(_hour(row, top, link) for row in cells if row.weekday == day),
            ]
        )
        for day in days
    ]
    hours = [html.Th(f"{hour:02d}", scope="col") for hour in range(24)]
    head = html.Tr([html.Td(className="rhythm-corner"), *hours])
    found = result.summary
    words = (
        f"Busiest: {found['weekday']}, {found['hour']:02d}:00, {fmt.count(found['users_busiest'])} people"
        if found["weekday"] is not None
        else "No activity in the range"
    )
    table = html.Table(
        [
            html.Caption("Events by weekday and hour", className="visually-hidden"),
            html.Thead(head),
            html.Tbody(body),
        ],
        className="rhythm tabular",
    )
    return twin_card(
        "rhythm",
        "When people are active",
        [html.Div(table, className="rhythm-box", role="region", tabIndex=0, **aria(label="Weekday by hour"))],
        columns=[
            Column("Weekday"),
            Column("Hour"),
            Column("Events", "count"),
            Column("People", "count"),
            Column("Events per day", "number"),
        ],
        rows=rows_of(result, ["name", "hour", "events", "users", "events_per_day"]),
        about=tip(
            "rhythm",
            "When people are active",
            "Events per day of that weekday in each hour; every cell opens the people who were active then.",
            [Fact("Hours are in", result.time_zone), *facts_of(result)],
        ),
        subtitle=f"{words} · hours in {result.time_zone}; click a cell for its people",
        foot=remarks(result),
    )


def _hour(row: object, top: float, link: Callable[[str], str]) -> Component:
    day, hour, events, users = (getattr(row, name) for name in ("weekday", "hour", "events", "users"))
    per_day = getattr(row, "events_per_day")  # noqa: B009 - rows of a frame have no declared fields
    known = per_day == per_day
    weight = per_day / top if known and top else 0.0
    text = f"{names.WEEKDAYS[day]} {hour:02d}:00: {fmt.count(events)} events by {fmt.count_short(users)} people"
    shown = html.Span(fmt.count_short(users), className="rhythm-number")
    inner = (
        html.A(shown, href=link(f"hour~{day}~{hour}"), className="state-link", title=text, **aria(label=text))
        if users
        else html.Span(title=text)
    )
    return html.Td(inner, className="rhythm-cell", style={"--weight": f"{weight:.3f}"})


def sessions_card(result: Result, link: Callable[[str], str]) -> Component:
    """Sessions and how long they last."""
    found = result.summary
    classes = [(figures.length_name(item["low"], item["high"]), item) for item in found["lengths"]]
    tokens = [names.session_token(item["low"], item["high"]) for _, item in classes]
    lists = [
        (f"{name}: {fmt.count(item['users'])}", link(token))
        for (name, item), token in zip(classes, tokens, strict=True)
        if item["users"]
    ]
    words = (
        f"{fmt.count(found['sessions'])} sessions of {fmt.count(found['users'])} people, "
        f"{fmt.number(found['sessions_per_user'])} each; median {fmt.duration(found['median_seconds'])}"
    )
    return chart_card(
        "sessions",
        "Sessions",
        figures.lengths(result, tokens),
        summary=f"{words}, the longest tenth from {fmt.duration(found['p90_seconds'])}.",
        columns=[Column("Length"), Column("Sessions", "count"), Column("Share", "rate"), Column("People", "count")],
        rows=[[name, item["sessions"], item["share"], item["users"]] for name, item in classes],
        about=tip(
            "sessions",
            "Sessions",
            "Length is from the first to the last event. A pause of more than 30 minutes starts a new session unless "
            "the file has its own session ids.",
            [
                Fact("Taken from", SOURCES.get(str(found["source"]), str(found["source"]))),
                Fact("Mean length", fmt.duration(found["mean_seconds"])),
                Fact("90 % are shorter than", fmt.duration(found["p90_seconds"])),
                Fact("Events per session", fmt.number(found["events_per_session"])),
                *facts_of(result),
            ],
        ),
        subtitle=f"{words}; click a column for its people",
        foot=[_lists(lists), remarks(result)],
    )


def interval_card(result: Result, link: Callable[[str], str]) -> Component:
    """The usual gap between visits and the period it suggests."""
    found = result.summary
    lists = [
        (f"{row.days} day{'' if row.days == 1 else 's'}: {fmt.count(row.users)}", link(names.gap_token(row.days)))
        for row in records(result)
        if row.users
    ]
    period = found["proposal"]
    words = (
        f"Half of the people usually come back within {fmt.day_count(found['median'])}: the {period} suits these data"
        if period
        else "Nobody came on two different days"
    )
    return chart_card(
        "usage-interval",
        "How often people come",
        figures.gaps(result, names.gap_token),
        summary=f"{words}.",
        columns=[
            Column("Days"),
            Column("People", "count"),
            Column("Share", "rate"),
            Column("Share, at most", "rate"),
        ],
        rows=rows_of(result, ["days", "users", "share", "cumulative"]),
        about=tip(
            "interval",
            "How often people come",
            "For each person the median number of days between two active days. The median person decides which "
            "period to count in: too short a period calls regular people lost.",
            [Fact("80 % come within", fmt.day_count(found["p80"])), *facts_of(result)],
        ),
        subtitle=words,
        foot=[_lists(lists), remarks(result)],
    )
