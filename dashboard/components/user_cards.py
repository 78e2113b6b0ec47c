"""The cards of one person: who and how, answers with their reasons, health, churn, the columns of the file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.attributes import data
from dashboard.components.chart_card import card
from dashboard.components.help import Fact, tip
from dashboard.components.labelled import aria

BANDS = {"Healthy": "is-healthy", "Watch": "is-watch", "At risk": "is-at-risk"}


def badge(band: str) -> list[Component]:
    """The band with its word; nothing without one."""
    return [html.Span(band, className=f"user-band {BANDS.get(band, '')}".strip())] if band else []


def hero(head: Any, *, link: str, as_of: str) -> Component:
    """head: service.user_story.Head. link: address of this person without a list, to copy. as_of: the day in words."""
    others = [text for text in (head.name, head.email) if text]
    day = f"As of {as_of}. " if as_of else ""
    return html.Section(
        [
            html.Div(
                [
                    html.H2([html.Span(head.who.user_id, id="user-id"), *badge(head.band)]),
                    *([html.P(" · ".join(others), className="user-who")] if others else []),
                    html.P(head.verdict, className="user-verdict", id="user-verdict"),
                    html.P(
                        f"{day}Filters choose lists of people; of one person everything up to this day is shown.",
                        className="hint",
                    ),
                ],
                className="user-hero-main",
            ),
            html.Button(
                "Copy link to this person", type="button", className="btn btn-quiet no-print", **data(copy=link)
            ),
        ],
        className="panel user-hero",
        **aria(label="Who this is"),
    )


def neighbours(title: str, page: Any, handle: str, *, back: str, link: Callable[[str], str]) -> Component:
    """Previous and next person of the list one came from. page: of service.people_links.around."""
    people = [(str(row["_person"]).partition(".")[2], int(row["_number"])) for row in page.rows]
    own = next((number for found, number in people if found == handle), 0)
    steps = {number - own: found for found, number in people} if own else {1: people[0][0]} if people else {}
    text = f"{fmt.count(own)} of {fmt.count(page.total)}" if own else "not in this list any more"
    return html.Nav(
        [
            html.A("Back to the list", href=back, className="btn btn-ghost btn-sm state-link"),
            _step("Previous person", steps.get(-1), link),
            html.Span([html.Strong(title), f": {text}"], className="user-place tabular"),
            _step("Next person" if own else "First person of the list", steps.get(1), link),
        ],
        className="user-nav no-print",
        **aria(label="The list you came from"),
    )


def _step(text: str, handle: str | None, link: Callable[[str], str]) -> Component:
    if handle is None:
        return html.Span(text, className="btn btn-quiet btn-sm disabled", **aria(disabled="true"))
    return html.A(text, href=link(handle), className="btn btn-quiet btn-sm state-link")


def answers_card(
    key: str,
    title: str,
    answers: Sequence[Any],
    *,
    currency: str = "",
    about: str = "",
    link: Callable[[str], str] | None = None,
) -> Component:
    """answers: service.user_story.Answer. link: token of a list -> its address."""
    rows: list[Component] = []
    for item in answers:
        rows += [html.Dt(item.label), html.Dd(_answer(item, currency, link))]
    explained = tip(f"user-{key}", title, about) if about else None
    return card(title, html.Dl(rows, className="user-answers"), about=explained)


def _answer(item: Any, currency: str, link: Callable[[str], str] | None) -> list[Component]:
    if item.missing:
        return [html.Span("Not available", className="muted"), html.Span(item.missing, className="hint")]
    if item.value is None:
        text = fmt.MISSING
    elif isinstance(item.value, str):
        text = item.value
    else:
        text = fmt.value(item.value, item.unit, currency=currency)
    shown: Component = html.Span(text, className="tabular")
    if item.token and link is not None:
        shown = html.A(text, href=link(item.token), className="state-link", title="Everybody like this")
    return [shown, *([html.Span(item.text, className="hint")] if item.text else [])]


def health_card(health: Any, unwell: str, *, currency: str = "") -> Component:
    """health: customers.health.HealthOf or None with ``unwell``, why it is not known."""
    about = tip(
        "user-health",
        "Health",
        "Where this person's signs of life stand among people who have been here about as long.",
        (
            Fact("Formula", "weighted mean of percentiles: rhythm 35, trend 25, breadth 15, depth 15, friction 10"),
            Fact("Bands", "healthy from 50, watch from 30, at risk below"),
            Fact("Never healthy", "silent for three times the own gap, or for 90 days where no gap is known"),
        ),
    )
    if health is None:
        return card("Health", html.P(["Not available. ", unwell]), about=about)
    signs = [_sign(sign, currency) for sign in health.signs]
    body: list[Component] = [
        html.P([html.Strong(f"{health.score:.0f} of 100", className="tabular"), *badge(health.band)]),
        html.Ul(signs, className="user-signs"),
    ]
    if health.capped:
        body.append(html.P("The score says healthy, but the silence is too long for that.", className="hint"))
    left = [f"{name} needs {needs}" for name, needs in health.missing]
    foot = f"Compared with {health.among} ({fmt.count(health.peers)})."
    if left:
        foot += f" Left out, its weight goes to the others: {'; '.join(left)}."
    return card("Health", body, about=about, foot=foot)


def _sign(sign: Any, currency: str) -> Component:
    if sign.percentile is None:
        return html.Li([html.Span(sign.label), html.Span("not known for this person", className="hint")])
    value, peer = (fmt.value(item, sign.unit, currency=currency) for item in (sign.value, sign.peer))
    text = f"better than {sign.percentile:.0%} of peers"
    return html.Li(
        [
            html.Div([html.Span(sign.label), html.Strong(value, className="tabular")], className="user-sign-line"),
            html.Span(
                html.Span(style={"width": f"{sign.percentile:.0%}"}), className="user-bar", **aria(hidden="true")
            ),
            html.Span(f"{text}; peers {peer}; weight {sign.weight}", className="hint"),
        ],
        className="user-sign",
    )


def churn_card(story: Any, *, currency: str = "") -> Component:
    """story: customers.churn.story.ChurnStory or None."""
    about = tip(
        "user-churn", "Chance of leaving", "How likely this person is to leave, by the model of the churn page."
    )
    if story is None:
        text = "Not available: the data do not say who left, and have no activity over time. Missing: churned, events."
        return card("Chance of leaving", html.P(text), about=about)
    rows: list[Component] = []
    within = f" within {fmt.day_count(story.window)}" if story.window else ""
    if story.probability is not None:
        rows += [html.Dt(f"Leaves{within}"), html.Dd(html.Strong(fmt.percent(story.probability), className="tabular"))]
    rows += [html.Dt("Band of the churn model"), html.Dd(story.band.capitalize())]
    for label, number, unit in (
        ("Days since last active", story.silent_days, "days"),
        ("Usual days between", story.usual_gap, "days"),
        ("Silence in own gaps", story.overdue, "number"),
        ("Lifetime value", story.lifetime_value, "money"),
        ("Value at risk", story.value_at_risk, "money"),
    ):
        if number is not None:
            text = fmt.value(number, unit, currency=currency)
            rows += [html.Dt(label), html.Dd(text, className="tabular")]
    body: list[Component] = [html.Dl(rows, className="user-answers")]
    if story.reasons:
        body.append(html.P("What speaks for it and against it, strongest first:", className="hint"))
        body.append(
            html.Ul(
                [html.Li(f"{'▲ raises' if item.raises else '▼ lowers'}: {item.text}") for item in story.reasons],
                className="user-reasons",
            )
        )
    return card("Chance of leaving", body, about=about, foot=story.note)


def profile_card(profile: Sequence[tuple[str, Any, str]]) -> Component:
    """Every column of the user table as the file has it."""
    if not profile:
        return card("Profile", html.P("This dataset has no user table: nothing but what the person did is known."))
    rows: list[Component] = []
    for label, value, type_ in profile:
        text = fmt.MISSING if value is None else fmt.number(value) if type_ == "number" else str(value)
        rows += [html.Dt(label), html.Dd(text, className="tabular" if type_ == "number" else None)]
    return card("Profile", html.Dl(rows, className="user-answers"), subtitle="Every column of the user table")
