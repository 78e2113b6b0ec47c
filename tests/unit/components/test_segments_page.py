"""What the segments page draws: grid, areas, moves, editor, side by side; hostile names are text."""

from __future__ import annotations

import json

import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.components import rfm_cards, rfm_editor, rfm_moves, rfm_options
from dashboard.components.rfm_options import Asked, asked, both_token, clicked, moved_token
from dashboard.customers.rfm_map import SegmentMap
from dashboard.figures import rfm_moves as bands
from dashboard.figures import treemap
from dashboard.filters import Filters, parse
from dashboard.result import Result

HOSTILE = "<b>Loud</b> =1+1"


def segments() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "segment": ["Champions", HOSTILE, "Lost"],
            "customers": [10, 5, 0],
            "share": [2 / 3, 1 / 3, 0.0],
            "money_share": [0.9, float("nan"), 0.0],
        }
    )


def test_areas_are_people_and_clicks_open_them() -> None:
    drawn = treemap.segments(segments(), {"Champions": "rfm.Champions", HOSTILE: f"rfm.{HOSTILE}"})
    trace = drawn.data[0]
    assert isinstance(trace, go.Treemap)
    assert list(trace.values) == [10, 5]  # nobody is no area
    assert list(trace.customdata) == ["rfm.Champions", f"rfm.{HOSTILE}"]
    assert not any("<b>" in label for label in trace.labels)
    json.loads(drawn.to_json())


def test_nobody_at_all_can_be_drawn() -> None:
    empty = treemap.segments(segments().assign(customers=0), {})
    assert len(empty.data[0]["labels"] or ()) == 0


def test_bands_join_the_right_segments() -> None:
    moves = pd.DataFrame(
        {"before": ["A", "A", HOSTILE], "after": ["A", "B", "B"], "customers": [3, 2, 1], "money": [1.0, 2.0, 3.0]}
    )
    drawn = bands.sankey(moves, ["A", "B", HOSTILE], {("A", "B"): moved_token("A", "B")})
    trace = drawn.data[0]
    names = list(trace.node.label)
    pairs = [(names[s], names[t]) for s, t in zip(trace.link.source, trace.link.target, strict=True)]
    assert pairs[:2] == [("A", "A"), ("A", "B")] and list(trace.link.value) == [3, 2, 1]
    assert list(trace.link.customdata) == ["", moved_token("A", "B"), ""]
    assert all(0 < y < 1 for y in trace.node.y) and not any("<b>" in name for name in names)


def test_limits_say_what_each_score_means() -> None:
    assert rfm_cards.limits([5, 20, 60, 180], "days", low_is_best=True) == [
        "up to 5 days",
        "up to 20 days",
        "up to 60 days",
        "up to 180 days",
        "more than 180 days",
    ]
    assert rfm_cards.limits([1, 2, 3, 6], "")[0] == "more than 6"
    assert rfm_cards.limits([], "") == [] and rfm_cards.limits([1, 2], "") == []


def test_the_choices_of_a_link_are_read_tolerantly() -> None:
    plain = asked(Filters())
    assert plain.switches == {} and plain.tab == "rules" and plain.before == "90"
    odd = asked(parse("?part=nonsense&score=magic&aware=2&money=x&basis=&often=%00"))
    assert odd.switches == {} and odd.tab == "rules"
    full = asked(parse("?part=rfm&score=fixed&aware=1&money=gross&often=days&basis=orders&limits_r=1,2,3,4"))
    assert full.switches == {
        "basis": "orders",
        "scoring": "fixed",
        "frequency": "days",
        "money": "gross",
        "value_aware": True,
        "recency_cuts": "1,2,3,4",
    }
    assert isinstance(full, Asked)


@given(st.text(max_size=60), st.text(max_size=60))
def test_tokens_survive_the_link(first: str, second: str) -> None:
    for token in (moved_token(first, second), both_token("rules", first, "rfm", second)):
        parts = json.loads(token.partition(".")[2])
        assert parts[-1] == second and first in parts


@pytest.mark.parametrize(
    ("click", "token"),
    [
        ({"points": [{"customdata": "rfm.Lost"}]}, "rfm.Lost"),
        ({"points": [{"customdata": ["x", "moved.[]"]}]}, "moved.[]"),
        ({"points": [{"customdata": "elsewhere"}]}, ""),
        ({"points": []}, ""),
        (None, ""),
        ("text", ""),
    ],
)
def test_clicks_come_from_a_browser(click: object, token: str) -> None:
    assert clicked(click) == token


def test_the_form_is_the_map_and_reads_back() -> None:
    plain = SegmentMap()
    made = rfm_editor.editor(plain.grid, {name: plain.action(name) for name in plain.names}, changed=False)
    text = json.dumps(made.to_plotly_json(), default=lambda item: item.to_plotly_json())
    assert text.count(rfm_editor.CELL) == 25 and text.count(rfm_editor.ACTION) == 11
    ids = [{"cell": f"{r}.{f}"} for r in (5, 4, 3, 2, 1) for f in (1, 2, 3, 4, 5)]
    values = [name for row in plain.grid for name in row]
    assert tuple(map(tuple, rfm_editor.grid_of(ids, values))) == plain.grid
    assert rfm_editor.grid_of([], []) == [[""] * 5] * 5


def test_moves_are_drawn_with_words_for_who_came_and_went() -> None:
    frame = pd.DataFrame(
        {
            "before": ["(not yet a customer)", "Lost", "Lost"],
            "after": ["Champions", "Champions", "(no longer in the data)"],
            "customers": [4, 2, 1],
            "money": [1.0, 1.0, 1.0],
        }
    )
    summary = {"before_day": "2024-01-01", "stayed": 0, "up": 2, "down": 0, "joined": 4, "gone": 1}
    result = Result("rfm_migration", frame, units={"money": "money"}, summary=summary, as_of="2024-04-01")
    opened: list[str] = []

    def link(token: str) -> str:
        opened.append(token)
        return f"?list={token}"

    cards = rfm_moves.cards(result, SegmentMap().names, link)
    text = json.dumps([item.to_plotly_json() for item in cards], default=lambda item: item.to_plotly_json())
    assert "2 moved up" in text and "4 are new" in text and "1 are gone" in text
    assert opened == [moved_token("Lost", "Champions"), moved_token("(not yet a customer)", "Champions")]
    assert rfm_options.TABS[0].value == "rules"
