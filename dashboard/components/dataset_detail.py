"""The parts of a dataset's own page: facts, what it can answer, what the last files changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.result import Answer

MERGE_TEXT: dict[str, str] = {
    "duplicate": "rows equal to another row in every column",
    "duplicate_dropped": "repeated rows counted once",
    "updated": "people were known already; the newer values hold",
    "already_present": "rows were in the dataset already and count once",
    "future": "rows lie in the future and count for nothing that looks back",
}


def facts(pairs: Sequence[tuple[str, str]]) -> Component:
    """A list of label and value."""
    items: list[Component] = [html.Div([html.Dt(label), html.Dd(value)]) for label, value in pairs]
    return html.Dl(items, className="facts panel panel-body")


def as_of_panel(
    day_id: str, keep_id: str, forget_id: str, said_id: str, kept: dt.date | None, last: dt.date
) -> Component:
    """Which day "now" means in every view of the dataset. kept: the day that was set; last: the data's last day."""
    said = (
        f"Kept: {fmt.day(kept)}. The data's last day is {fmt.day(last)}."
        if kept is not None
        else f"It is the data's last day, {fmt.day(last)}."
    )
    return html.Section(
        [
            html.H2("As-of day"),
            html.P(
                "Recency, “last days” and segments are counted back from this day wherever a link names no other.",
                className="hint",
            ),
            html.Div(
                [
                    html.Label("As-of day of this dataset", htmlFor=day_id, className="visually-hidden"),
                    dbc.Input(
                        id=day_id, type="date", value=(kept or last).isoformat(), size="sm", className="day-input"
                    ),
                    html.Button(
                        "Keep this day",
                        id=keep_id,
                        n_clicks=0,
                        type="button",
                        className="btn btn-outline-secondary btn-sm",
                    ),
                    html.Button(
                        "Use the data's last day",
                        id=forget_id,
                        n_clicks=0,
                        type="button",
                        className="btn btn-ghost btn-sm" if kept is not None else "d-none",
                    ),
                ],
                className="done-actions",
            ),
            html.P(said, id=said_id, className="hint", role="status"),
        ],
        className="panel panel-body stack-s",
    )


def answers_panel(answers: Sequence[Answer]) -> Component:
    """What the dataset answers, answers roughly, and cannot answer with the missing column."""
    by_label: dict[str, Answer] = {}
    for answer in answers:  # a metric and an insight may share a name: say it once
        by_label.setdefault(answer.label, answer)
    can, rough, cannot = ([a for a in by_label.values() if a.state == s] for s in ("can", "roughly", "cannot"))
    parts: list[Component] = [html.H2("What these data can answer")]
    if can:
        parts.append(
            html.Ul([html.Li(html.Span(a.label, className="badge-soft is-good")) for a in can], className="chips")
        )
    if rough:
        parts.append(html.H3("Roughly"))
        parts.append(html.Ul([html.Li([html.Strong(a.label), f": {a.sentence}"]) for a in rough], className="notes"))
    if cannot:
        parts.append(
            html.Details(
                [
                    html.Summary(f"Not from these files ({len(cannot)}), and what is missing"),
                    html.Ul(
                        [html.Li([html.Strong(a.label), f": {a.sentence}"]) for a in cannot],
                        className="notes notes-warn",
                    ),
                ],
                className="fold",
            )
        )
    return html.Section(parts, className="panel panel-body stack-s")


def changes_panel(files: Sequence[tuple[str, str, int, Mapping[str, int]]]) -> Component:
    """What each file added. files: (name, kind, accepted rows, merge counters), in the order they came."""
    items = []
    for name, kind, accepted, merge in files:
        present = merge.get("already_present", 0)
        dropped = merge.get("duplicate_dropped", 0)
        new = accepted - present - dropped
        said = [f"{new:,} new rows"]
        if present:
            said.append(f"{present:,} {MERGE_TEXT['updated' if kind == 'users' else 'already_present']}")
        if dropped:
            said.append(f"{dropped:,} {MERGE_TEXT['duplicate_dropped']}")
        items.append(html.Li([html.Strong(name), ": " + "; ".join(said) + "."]))
    return html.Section(
        [html.H2("What each file added"), html.Ul(items, className="notes")], className="panel panel-body stack-s"
    )


def notes_panel(notes: Sequence[tuple[str, str]], joins: Sequence[str]) -> Component:
    """Observations about the whole dataset. notes: (level, text); joins: sentences about how the tables fit."""
    items = [html.Li(text, className="is-warn" if level == "warning" else "") for level, text in notes]
    items += [html.Li(text) for text in joins]
    if not items:
        return html.Div()
    return html.Section([html.H2("Noticed"), html.Ul(items, className="notes")], className="panel panel-body stack-s")
