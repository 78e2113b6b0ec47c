from __future__ import annotations

import math

import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.components.bar_list import Bar, bar_list
from dashboard.components.chart_card import chart_card
from dashboard.components.data_table import GridColumn, column_definitions, requested
from dashboard.components.graph import GRAPH_CONFIG, graph
from dashboard.components.links import people_link, toggle_link
from dashboard.components.matrix import Cell, matrix, weights
from dashboard.components.provenance import facts_of, remarks, sampled
from dashboard.components.table import Column, exact, plain_table, shown
from dashboard.filters import Filters, parse
from dashboard.result import LeftOut, Result
from tests.unit.components.tree import find, prop, text, walk


def test_graph_asks_no_other_host() -> None:
    drawn = graph("orders")
    assert drawn.config == GRAPH_CONFIG
    assert drawn.config["showSendToCloud"] is False and drawn.config["plotlyServerURL"] == ""
    assert drawn.id == {"type": "figure", "name": "orders"}
    assert drawn.figure == {"data": [], "layout": {}}


def test_chart_has_a_sentence_a_table_and_tools_with_names() -> None:
    made = chart_card(
        "orders",
        "Orders",
        go.Figure(),
        summary="Three orders.",
        columns=[Column("Day"), Column("Orders", "count")],
        rows=[["a", 3]],
    )
    assert text(find(made, "visually-hidden")[0]) == "Three orders."
    assert text(next(node for node in walk(made) if type(node).__name__ == "Table")) == "Orders Day Orders a 3"
    assert [prop(node, "aria-label") for node in find(made, "card-tool")] == [
        "View as table: Orders",
        "Download CSV: Orders",
        "Download PNG: Orders",
        "Expand: Orders",
    ]


def test_cells_read_for_people_and_for_machines() -> None:
    money = Column("Revenue", "money", "EUR")
    assert [shown(value, money) for value in (1204.5, None, math.nan)] == ["€ 1,204.50", "–", "–"]
    assert [exact(value) for value in (1204.5, 3.0, 0.1, None, math.nan, 7, "=1+1")] == [
        "1204.5",
        "3",
        "0.1",
        "",
        "",
        "7",
        "=1+1",
    ]
    table = plain_table([Column("Day"), Column("Share", "rate")], [["2026-03-01", 0.2244]], caption="Shares")
    cell = next(node for node in walk(table) if type(node).__name__ == "Td")
    assert (text(cell), prop(cell, "data-value"), prop(cell, "data-number")) == ("22.4 %", "0.2244", "1")
    header = next(node for node in walk(table) if type(node).__name__ == "Th" and node.scope == "row")
    assert prop(header, "data-number") == "0"


def test_bars_are_relative_to_the_longest() -> None:
    made = bar_list(
        [Bar("a", "4", 4), Bar("b", "1", 1, href="?x=1", current=True), Bar("c", "-2", -2), Bar("d", "–", math.nan)],
        label="x",
    )
    assert [node.style["width"] for node in find(made, "bar-fill")] == ["100.00%", "25.00%", "0", "0"]
    row = find(made, "is-current")[0]
    assert row.href == "?x=1" and prop(row, "aria-current") == "true"
    assert find(bar_list([Bar("a", "0", 0)], label="x"), "bar-fill")[0].style["width"] == "0"


def test_long_lists_fold_without_losing_rows() -> None:
    made = bar_list([Bar(str(number), "1", 1) for number in range(15)], label="People by country")
    assert len(find(made, "bar-row")) == 15
    assert text(find(made, "bar-more")) == "4 more"
    assert find(bar_list([Bar("a", "1", 1)] * 11, label="x"), "bar-more") == []


def test_matrix_is_a_table_with_links() -> None:
    made = matrix(
        ["High"], ["0–60 days"], [[Cell("5", 0.5, "Loyal", "Loyal", "/x", 5.0, True)]], caption="People", corner="E"
    )
    cell = find(made, "matrix-cell")[0]
    assert "is-marked" in cell.className and cell.style == {"--weight": "0.500"}
    assert cell.children.href == "/x"
    assert prop(cell, "data-value") == "5"


def test_weights() -> None:
    assert weights([2.0, -4.0, math.nan, 0.0]) == [0.5, -1.0, 0.0, 0.0]
    assert weights([0.0, 0.0]) == [0.0, 0.0]
    assert weights([]) == []


def test_left_out_always_has_its_number() -> None:
    result = Result(
        "orders",
        pd.DataFrame(),
        as_of="2026-03-31",
        users_read=1_204,
        left_out=(LeftOut("zero", 2_515, "lines with price 0"), LeftOut("none", 34, "34 people without a date")),
        notes=("A note.",),
        computed_at="2026-03-31T10:00:00+00:00",
    )
    assert text(remarks(result)) == "A note. 2,515 lines with price 0 34 people without a date"
    facts = {fact.name: fact.text for fact in facts_of(result)}
    assert facts == {
        "As of": "31 Mar 2026, UTC",
        "Read": "1,204 people",
        "Left out": "2,515 lines with price 0; 34 people without a date",
        "Computed": "31 Mar 2026, 10:00 UTC",
    }
    assert remarks(Result("orders", pd.DataFrame())) == ""
    assert (sampled(2_000, 25_000), sampled(94, 94)) == ("A sample of 2,000 of 25,000 people", "94 people")


def test_links_keep_the_view() -> None:
    filters = parse("?dataset=abc&where.country=UK")
    assert people_link(filters, "class.Risky") == "/discounts?dataset=abc&where.country=UK&list=class.Risky#people"
    assert toggle_link(filters, "country", "India") == "?dataset=abc&where.country=India&where.country=UK"
    assert toggle_link(Filters().with_where("country", ("UK",)), "country", "UK") == "?"


@pytest.mark.parametrize(
    "request_",
    [
        None,
        [],
        {},
        {"startRow": 0},
        {"startRow": -1, "endRow": 5},
        {"startRow": 5, "endRow": 5},
        {"startRow": True, "endRow": 9},
    ],
)
def test_no_request_is_no_block(request_: object) -> None:
    assert requested(request_) is None


def test_request_is_bounded() -> None:
    block = requested(
        {"startRow": 100, "endRow": 10**8, "sortModel": [{"colId": "a", "sort": "asc"}, 7], "filterModel": []}
    )
    assert block is not None
    assert (block.first, block.last) == (100, 1_100)
    assert block.sort == [{"colId": "a", "sort": "asc"}]
    assert (block.filters, block.filter_text) == ({}, "")


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.dictionaries(
            st.sampled_from(["startRow", "endRow", "sortModel", "filterModel"]), inner | st.lists(inner)
        ),
    )
)
def test_any_request_is_answered_without_raising(request_: object) -> None:
    block = requested(request_)
    assert block is None or (0 <= block.first < block.last and isinstance(block.filters, dict))


def test_a_column_offers_only_the_filters_the_server_answers() -> None:
    (made,) = column_definitions([GridColumn("c1", "Order time", "date", tests=("equals", "blank"))])
    assert made["filterParams"]["filterOptions"] == ["equals", "blank"]
    assert made["filterParams"]["maxNumConditions"] == 1


def test_grid_columns_name_themselves() -> None:
    made = column_definitions(
        [
            GridColumn("user_id", "User id"),
            GridColumn("engagement", "Engagement", "number", "money"),
            GridColumn("reason", "Reason", sortable=False),
        ]
    )
    assert [item["headerName"] for item in made] == ["User id", "Engagement", "Reason"]
    assert made[0]["pinned"] == "left" and "pinned" not in made[1]
    assert made[1]["filter"] == "agNumberColumnFilter"
    assert made[2]["filter"] is False and made[2]["sortable"] is False
