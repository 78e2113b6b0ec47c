from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.components.paths_cards import controls, flow_cards, pair, picked
from dashboard.components.paths_state import EVENT, PathsState, Place, place_of, read
from dashboard.filters import Filters, parse
from dashboard.insights.paths_query import PathsQuery
from dashboard.result import Dimension, Result
from tests.unit.components.tree import find, prop, text, walk

NAMES = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), min_size=1, max_size=12)
PRINTED = NAMES.filter(str.isprintable)


@st.composite
def states(draw: Any) -> PathsState:
    start = draw(st.just("") | PRINTED)
    compare = draw(st.just("") | PRINTED)
    return PathsState(
        node=draw(st.just(EVENT) | PRINTED),
        start=start,
        end="" if start else draw(st.just("") | PRINTED),
        include=tuple(draw(st.lists(NAMES, max_size=3, unique=True))),
        exclude=tuple(draw(st.lists(NAMES, max_size=3, unique=True))),
        gap=draw(st.sampled_from([0, 60, 1_800])),
        steps=draw(st.integers(2, 50)),
        top=draw(st.integers(1, 200)),
        repeats=draw(st.booleans()),
        compare=compare,
        first="x" if compare else "",
        second="y" if compare else "",
    )


@given(states())
def test_the_question_survives_the_link_and_the_engine_accepts_it(state: PathsState) -> None:
    assert read(parse(state.href(Filters()))) == state
    asked = state.options()
    query = PathsQuery.of({**PathsQuery().to_json(), **asked})
    assert query.collapse is not state.repeats and query.gap_seconds == state.gap and query.steps == state.steps


@pytest.mark.parametrize("search", ["steps=x&gap=-1&top=1e3&only=[&skip=3", "only=%5B1,null%5D&repeats=yes&start="])
def test_what_cannot_be_read_is_the_default(search: str) -> None:
    assert read(parse(search)) == PathsState()


def test_a_path_has_one_end_only() -> None:
    assert read(parse("start=a&end=b")) == PathsState(start="a")


@given(st.integers(1, 50), NAMES, st.just("") | NAMES, st.just("") | NAMES)
def test_a_clicked_place_survives_the_link(step: int, source: str, target: str, group: str) -> None:
    place = Place(step, source, target, group)
    assert place_of(parse(Filters().with_option("list", place.token).to_search()).option("list")) == place


@pytest.mark.parametrize("token", ["", "x", "[]", '[0,"a","",""]', '[1,"","",""]', '[1,"a","b"]', '[true,"a","",""]'])
def test_other_tokens_are_no_place(token: str) -> None:
    assert place_of(token) is None


def hrefs(node: Any) -> dict[str, PathsState]:
    return {text(item): read(parse(urlsplit(item.href).query)) for item in walk(node) if type(item).__name__ == "A"}


def test_choices_lead_to_the_changed_question() -> None:
    state = PathsState(start="a", include=("b",), compare="plan", first="x", second="y")
    assert hrefs(controls(Filters(), state, {}, ["x", "y"]))["8"].steps == 8
    events: list[tuple[str, int | None]] = [("a", 5), ("b", None)]
    ended = hrefs(picked(Filters(), state, "end", events, [], []))
    assert list(ended) == ["b"] and (ended["b"].start, ended["b"].end) == ("", "b")
    only = hrefs(picked(Filters(), state, "only", events, [], []))
    assert only["a 5"].include == ("b", "a") and only["b remove"].include == () and only["Clear"].include == ()
    left = hrefs(picked(Filters(), state, "skip", events, [], []))
    assert (left["b"].include, left["b"].exclude) == ((), ("b",))
    nodes = hrefs(picked(Filters(), state, "node", [], [Dimension("song", "Song", ("events",), (), "rows", 3)], []))
    assert nodes["Song 3 values"].node == "song" and nodes["Song 3 values"].start == ""
    ways = hrefs(picked(Filters(), state, "by", [], [], [("class", "Class")]))
    assert (ways["Nobody"].compare, ways["Class"].compare, ways["Class"].first) == ("", "class", "")
    both = hrefs(pair(Filters(), state, "a", ["x", "y"], ["x", "y", "z"]))
    assert list(both) == ["x", "z"] and (both["z"].first, both["z"].second) == ("z", "y")


def paths_result(groups: list[str]) -> Result:
    rows = [
        (group, 1, "<b>a</b>", target, count, count - 1, 90.0, count / 10, count / 10)
        for group in groups
        for target, count in (("c", 6), ("d", 4))
    ]
    names = ["group", "step", "source", "target", "count", "users", "mean_seconds", "share", "source_share"]
    nodes = [
        {"group": group, "column": column, "node": node, "paths": paths, "users": paths - 1, "ended": 0}
        for group in groups
        for column, node, paths in ((1, "<b>a</b>", 10), (2, "c", 6), (2, "d", 4))
    ]
    summary = {"nodes": nodes, "groups": [{"group": group, "paths": 10, "cut": 0} for group in groups]}
    return Result("paths", pd.DataFrame(rows, columns=names), summary=summary)


def test_every_step_of_a_flow_leads_to_its_people() -> None:
    made = flow_cards(paths_result([""]), PathsState(), lambda place: f"?list={place.token}", subtitle="")
    rows = find(made, "bar-row")
    places = [place_of(parse_qs(urlsplit(row.href).query)["list"][0]) for row in rows]
    assert places == [Place(1, "<b>a</b>", "c"), Place(1, "<b>a</b>", "d")]
    assert [text(row).split()[-3:] for row in rows] == [["5", "60.0", "%"], ["3", "40.0", "%"]]


def test_two_groups_stand_side_by_side_with_their_own_people() -> None:
    made = flow_cards(paths_result(["x", ""]), PathsState(compare="plan"), lambda place: place.token, subtitle="")
    titles = [prop(card, "aria-label") for card in find(made, "chart-card")]
    assert titles == ["Paths – x", "Paths – missing", "Steps – x", "Steps – missing"]
    assert [place_of(row.href).group for row in find(made, "bar-row")] == ["x", "x", "", ""]  # type: ignore[union-attr]


def test_nothing_to_draw_is_said() -> None:
    empty = paths_result([""])
    empty = Result("paths", empty.frame[:0], summary={"nodes": [], "groups": [{"group": "", "paths": 0, "cut": 0}]})
    assert "No paths here." in text(flow_cards(empty, PathsState(), lambda place: "", subtitle=""))
