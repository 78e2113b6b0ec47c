"""The cohort matrix as a table: one row per cohort, size first, cells shaded by share, open cells hatched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.attributes import data
from dashboard.components.labelled import aria
from dashboard.components.retention_options import NUMBER, PER_MEMBER, REVENUE, Asked, period_name
from dashboard.components.table import exact, records
from dashboard.result import Result

MAX_ROWS = 60  # cohorts that are drawn; the curve has all of them
UNIT = {"day": "Day", "week": "Week", "month": "Month"}


def cell_token(cohort: str, k: int, returned: bool = True) -> str:
    """The option ``list`` for the people of a cell; k = 0 are all members."""
    return f"{'in' if returned else 'out'}~{cohort}~{k}"


def read_token(token: str) -> dict[str, Any] | None:
    """Options of ``retention_people`` that a token names, None for anything else."""
    parts = token.split("~")
    if len(parts) != 3 or parts[0] not in ("in", "out") or not parts[2].isascii() or not parts[2].isdigit():
        return None
    return {"cohort": parts[1], "k": int(parts[2][:6]), "returned": parts[0] == "in"}


def list_title(cell: Mapping[str, Any], asked: Asked) -> str:
    """The people of a cell in words."""
    cohort = period_name(str(cell["cohort"]), asked.period)
    if cell["k"] == 0:
        return f"Started in {cohort}" if asked.period != "day" else f"Started on {cohort}"
    came = "came back" if cell["returned"] else "did not come back"
    return f"Cohort of {cohort}: {came} in {asked.period} {cell['k']}"


def cohort_table(
    result: Result, asked: Asked, *, currency: str, link: Callable[[str], str], chosen: str = ""
) -> Component:
    """result: of the insight ``retention`` without breakdown. link: makes the address of the list behind a token.
    chosen: the token whose list is open."""
    rows: dict[str, list[Any]] = {}
    for row in records(result):
        rows.setdefault(row.cohort, []).append(row)
    drawn = dict(list(rows.items())[-MAX_ROWS:])
    first = 0 if asked.money else 1
    columns = {item["k"]: item for item in result.summary["curve"] if item["k"] >= first}
    top = _top(rows, asked)
    head = html.Tr(
        [
            html.Th("Cohort", scope="col"),
            html.Th("People", scope="col", className="num"),
            *(html.Th([html.Span(f"{UNIT[asked.period]} "), item["column"]], scope="col") for item in columns.values()),
        ]
    )
    body = [
        html.Tr(
            [
                html.Th(period_name(cohort, asked.period), scope="row", **data(value=cohort, number="0")),
                _size(cells[0], link, chosen),
                *(
                    _cell(cell, asked, currency, top, link, chosen, f"{UNIT[asked.period]} {cell.column}")
                    for cell in cells
                    if cell.k >= first
                ),
                *[html.Td(**data(value="", number="1"))] * (len(columns) - sum(cell.k >= first for cell in cells)),
            ]
        )
        for cohort, cells in drawn.items()
    ]
    return html.Div(
        html.Table(
            [
                html.Caption("Cohorts: how many came back, by periods since their start", className="visually-hidden"),
                html.Thead([head, _means(columns, asked, currency, rows)]),
                html.Tbody(body),
            ],
            className="cohorts tabular",
        ),
        className="cohorts-box",
        role="region",
        tabIndex=0,
        **aria(label="Cohort table"),
    )


def _top(rows: Mapping[str, Sequence[Any]], asked: Asked) -> float:
    """The value with the full shade."""
    values = [_value(cell, asked) for cells in rows.values() for cell in cells if cell.k > 0]
    return max((value for value in values if value == value), default=0.0)


def _value(cell: Any, asked: Asked) -> float:
    """What decides the shade."""
    column = {REVENUE: "revenue_rate", PER_MEMBER: "per_member"}.get(asked.value, "rate")
    return float(getattr(cell, column))


def _text(cell: Any, asked: Asked, currency: str) -> str:
    if asked.value == PER_MEMBER:
        return fmt.money_short(cell.per_member, currency)
    if asked.value == REVENUE:
        return fmt.money_short(cell.revenue, currency) if asked.show == NUMBER else fmt.percent(cell.revenue_rate)
    return fmt.count(cell.users) if asked.show == NUMBER else fmt.percent(cell.rate)


def _title(cell: Any, asked: Asked, currency: str, column: str) -> str:
    """The whole number on hover."""
    cohort = period_name(cell.cohort, asked.period)
    if asked.money:
        said = f"{fmt.money(cell.revenue, currency)}, {fmt.money(cell.per_member, currency)} per person so far"
    else:
        said = f"{fmt.count(cell.users)} of {fmt.count(cell.members)}, {fmt.interval(cell.rate, cell.low, cell.high)}"
    return f"{cohort}, {column}: {said}{'' if cell.complete else '; not over yet, in no mean'}"


def _size(cell: Any, link: Callable[[str], str], chosen: str) -> Component:
    token = cell_token(cell.cohort, 0)
    text = fmt.count(cell.members)
    inner = (
        html.A(text, href=link(token), className="state-link" + (" is-on" if token == chosen else ""))
        if cell.members
        else text
    )
    return html.Td(inner, className="num cohort-size", **data(value=exact(float(cell.members)), number="1"))


def _cell(
    cell: Any, asked: Asked, currency: str, top: float, link: Callable[[str], str], chosen: str, column: str
) -> Component:
    token = cell_token(cell.cohort, cell.k)
    value = _value(cell, asked)
    known = value == value
    shade = min(value / top, 1.0) if known and top > 0 else 0.0
    text = _text(cell, asked, currency)
    title = _title(cell, asked, currency, column)
    classes = "cohort-cell" + ("" if cell.complete else " is-open") + (" is-on" if token == chosen else "")
    inner = (
        html.A(
            text,
            href=link(token),
            title=title,
            className="state-link",
            **aria(label=title if text in title else f"{text}, {title}"),
        )
        if cell.users
        else html.Span(text, title=title)
    )
    return html.Td(
        inner,
        className=classes,
        style={"--weight": f"{max(shade, 0.0):.3f}"},
        **data(value=exact(value if known else None), number="1"),
    )


def _means(
    columns: Mapping[int, Mapping[str, Any]], asked: Asked, currency: str, rows: Mapping[str, Sequence[Any]]
) -> Component:
    """The pooled row: complete cells of all cohorts together."""

    def text(item: Mapping[str, Any]) -> str:
        if asked.value == PER_MEMBER:
            return fmt.money_short(item["per_member"], currency)
        return fmt.percent(item["revenue_rate"] if asked.money else item["rate"])

    def value(item: Mapping[str, Any]) -> str:
        column = {REVENUE: "revenue_rate", PER_MEMBER: "per_member"}.get(asked.value, "rate")
        return exact(item[column])

    people = sum(int(cells[0].members) for cells in rows.values())
    return html.Tr(
        [
            html.Th("All cohorts", scope="row", **data(value="All cohorts", number="0")),
            html.Td(fmt.count(people), className="num cohort-size", **data(value=str(people), number="1")),
            *(
                html.Td(
                    text(item),
                    className="cohort-mean",
                    title=f"{fmt.count(item['users'])} of {fmt.count(item['at_risk'])} people at risk, "
                    f"{item['cohorts']} complete cohorts",
                    **data(value=value(item), number="1"),
                )
                for item in columns.values()
            ),
        ],
        className="cohort-all",
    )
