"""How people moved between segments: a sentence, the bands, and the table whose numbers open their people."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.chart_card import chart_card, twin_card
from dashboard.components.help import Fact, tip
from dashboard.components.matrix import Cell, matrix, weights
from dashboard.components.provenance import facts_of, remarks
from dashboard.components.rfm_options import moved_token
from dashboard.components.states import notice
from dashboard.components.table import Column, records, rows_of
from dashboard.figures import rfm_moves
from dashboard.result import Result

ABSENT, GONE = "(not yet a customer)", "(no longer in the data)"


def cards(moves: Result, names: Sequence[str], link: Callable[[str], str]) -> list[Component]:
    """moves: the insight rfm_migration. names: the segments, best first."""
    summary = moves.summary
    day = fmt.day_iso(summary["before_day"])
    sentence = (
        f"Since {day}: {fmt.count(summary['stayed'])} stayed in their segment, {fmt.count(summary['up'])} moved up, "
        f"{fmt.count(summary['down'])} moved down, {fmt.count(summary['joined'])} are new"
        + (f", {fmt.count(summary['gone'])} are gone" if summary["gone"] else "")
        + "."
    )
    seen = [*moves.frame["before"], *moves.frame["after"]]
    order = [*names, *dict.fromkeys(name for name in seen if name not in (*names, ABSENT, GONE)), ABSENT, GONE]
    tokens = {
        (row.before, row.after): moved_token(row.before, row.after) for row in records(moves) if row.after != GONE
    }
    about = tip(
        "rfm-moves",
        "Migration",
        "Where the people of each segment are now. Scores compare people with each other, so somebody can move because "
        "others bought more.",
        [Fact("Earlier date", day), *facts_of(moves)],
    )
    columns = [Column("Before"), Column("Now"), Column("People", "count"), Column("Value", moves.units["money"])]
    rows = rows_of(moves, ["before", "after", "customers", "money"])
    return [
        notice(sentence),
        chart_card(
            "rfm-bands",
            "From segment to segment",
            rfm_moves.sankey(moves.frame, order, tokens),
            summary=sentence,
            columns=columns,
            rows=rows,
            about=about,
            subtitle=f"{day} on the left, {fmt.day_iso(moves.as_of)} on the right; click a band for its people",
            height=460,
        ),
        _table(moves, order, link, tokens, columns, rows, day),
    ]


def _table(
    moves: Result,
    order: Sequence[str],
    link: Callable[[str], str],
    tokens: dict[tuple[str, str], str],
    columns: Sequence[Column],
    rows: Sequence[Sequence[object]],
    day: str,
) -> Component:
    people = {(row.before, row.after): int(row.customers) for row in records(moves)}
    before = [name for name in order if any(pair[0] == name for pair in people)]
    after = [name for name in order if any(pair[1] == name for pair in people)]
    moved = {pair: float(count) for pair, count in people.items() if pair[0] != pair[1]}
    shade = dict(zip(moved, weights(list(moved.values())), strict=True))
    rank = {name: position for position, name in enumerate(order)}

    def cell(was: str, now: str) -> Cell:
        count = people.get((was, now), 0)
        down = rank[now] > rank[was] and was != ABSENT
        note = "stayed" if was == now else ""
        href = link(tokens[was, now]) if (was, now) in tokens else ""
        weight = shade.get((was, now), 0.0) * (-1 if down else 1)
        return Cell(fmt.count(count) if count else "·", weight, note if count else "", href=href, value=count)

    return twin_card(
        "rfm-moves",
        "Migration",
        html.Div(
            matrix(
                before,
                after,
                [[cell(was, now) for now in after] for was in before],
                caption="People by earlier and present segment",
                corner=f"{day} ╲ now",
            ),
            className="matrix-tight",
        ),
        columns=columns,
        rows=rows,
        subtitle="Blue: moved up or joined. Brown: moved down. Click a number for its people",
        foot=remarks(moves),
    )
