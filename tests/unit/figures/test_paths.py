from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from dashboard.figures import theme
from dashboard.figures.paths import OTHER, Edge, Node, by_frequency, sankey


def edge(step: int, source: str, target: str, count: int) -> Edge:
    return Edge(step, source, target, count, count, 30.0, 0.5, json.dumps([step, source, target]))


def node(column: int, name: str, paths: int = 1) -> Node:
    return Node(column, name, paths, paths, 0, json.dumps([column, name]))


def test_the_same_name_in_two_columns_is_two_nodes_of_one_colour() -> None:
    edges = [edge(1, "a", "b", 3), edge(2, "b", "a", 2), edge(1, "a", OTHER, 1)]
    nodes = [node(1, "a", 4), node(2, "b", 3), node(2, OTHER, 1), node(3, "a", 2)]
    drawn = sankey(edges, nodes, ["a", "b", OTHER]).data[0]
    assert list(drawn.node.label) == ["a", "b", "(other)", "a"]
    assert drawn.node.color[0] == drawn.node.color[3] == theme.BLUE and drawn.node.color[2] == theme.SLATE
    flows = sorted(zip(drawn.link.source, drawn.link.target, drawn.link.value, strict=True))
    assert flows == [(0, 1, 3), (0, 2, 1), (1, 3, 2)]
    assert json.loads(drawn.link.customdata[0]) == [1, "a", "b"]


def test_hostile_names_are_no_markup_and_no_placeholder() -> None:
    name = "<b>%{value}</b>"
    drawn = sankey([edge(1, name, "b", 1)], [node(1, name), node(2, "b")], [name, "b"]).data[0]
    assert "<b>%" not in drawn.node.hovertemplate[0] and "%{" not in drawn.node.hovertemplate[0]
    assert "%{" not in drawn.link.hovertemplate[0] and drawn.node.label[0].startswith("‹b›")


@given(
    st.dictionaries(
        st.tuples(st.integers(1, 4), st.sampled_from("abcde"), st.sampled_from("abcde")), st.integers(1, 99), min_size=1
    )
)
def test_nodes_stay_inside_the_drawing_and_columns_in_order(found: dict[tuple[int, str, str], int]) -> None:
    edges = [edge(*key, count) for key, count in sorted(found.items())]
    keys = {(e.step, e.source) for e in edges} | {(e.step + 1, e.target) for e in edges}
    drawn = sankey(edges, [node(*key) for key in keys], list("abcde")).data[0]
    assert all(0 < value < 1 for value in (*drawn.node.x, *drawn.node.y))
    columns = [json.loads(token)[0] for token in drawn.node.customdata]
    by_column: dict[int, list[float]] = {}
    for column, x, y in zip(columns, drawn.node.x, drawn.node.y, strict=True):
        assert x == min(x for c, x in zip(columns, drawn.node.x, strict=True) if c == column)
        by_column.setdefault(column, []).append(y)
    assert all(ys == sorted(ys) for ys in by_column.values())


def test_names_by_frequency_with_the_rest_last() -> None:
    nodes = [{"node": n, "paths": p} for n, p in (("a", 1), (OTHER, 99), ("b", 2), ("a", 5))]
    assert by_frequency(nodes) == ["a", "b", OTHER]
