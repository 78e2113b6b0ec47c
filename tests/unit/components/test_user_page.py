"""Parts of the user page: links that carry a list and a handle and nothing else, the drawing, the suggestions."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from dashboard.components import user_cards, user_origin, user_search
from dashboard.figures import theme, timeline
from dashboard.filters import Filters, parse
from tests.unit.components.tree import find, text

HANDLE, OTHER = "0" * 32, "f" * 32


@pytest.fixture
def grid(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(user_origin.ORIGINS, "paths-list-grid", lambda *_: None)
    return "paths-list-grid"


def test_a_link_keeps_the_list_and_changes_the_person(grid: str) -> None:
    search = f"?dataset=d&range=7d&list=x~1&user={HANDLE}&user.from={grid}&user.at=%2Fpaths&user.zoom=a..b"
    came = user_origin.origin(parse(search))
    assert came is not None
    assert (came.path, came.search) == ("/paths", "?dataset=d&range=7d&list=x~1")
    assert came.href.endswith("#people")
    following = parse(user_origin.person_link(parse(search), OTHER).partition("?")[2])
    assert following.option("user") == OTHER and following.option("user.zoom") == ""
    assert user_origin.origin(following) == came
    alone = parse(user_origin.fresh_link(parse(search), OTHER).partition("?")[2])
    assert alone.extra == (("user", OTHER),) and alone.dataset == "d"


def test_filters_on_who_somebody_is_are_dropped(grid: str) -> None:
    filters = Filters().with_option("user.from", grid).with_option("user.at", "/paths")
    model = '{"user_id":{"filter":"ada"},"plan":{"filter":"Pro"}}'
    came = user_origin.origin(filters.with_option("user.grid", model).with_option("user.sort", '[{"colId":"plan"},3]'))
    assert came is not None and came.narrowed == {"plan": {"filter": "Pro"}} and came.sort == [{"colId": "plan"}]


@pytest.mark.parametrize("at", ["//evil.example", "https://evil", "/paths/../x", "", "javascript:1", "/Paths"])
def test_a_forged_way_back_is_none(grid: str, at: str) -> None:
    assert user_origin.origin(Filters().with_option("user.from", grid).with_option("user.at", at)) is None


@pytest.mark.parametrize("text", ["[", "1", "{}", "[" * 5000, "null"])
def test_any_sorting_in_a_link_is_read(grid: str, text: str) -> None:
    filters = Filters().with_option("user.from", grid).with_option("user.at", "/paths")
    came = user_origin.origin(filters.with_option("user.sort", text).with_option("user.grid", text))
    assert came is not None and came.sort == [] and came.narrowed == {}


def page(*numbers: int, total: int = 9) -> Any:
    rows = [{"_person": f"d.{number:032x}", "_number": number} for number in numbers]
    return SimpleNamespace(rows=rows, total=total)


@pytest.mark.parametrize(
    ("numbers", "own", "said", "links"),
    [((1, 2), 1, "1 of 9", 2), ((4, 5, 6), 5, "5 of 9", 3), ((8, 9), 9, "9 of 9", 2), ((1,), 7, "not in this list", 2)],
)
def test_steps_through_a_list_end_at_its_ends(numbers: tuple[int, ...], own: int, said: str, links: int) -> None:
    made = user_cards.neighbours(
        "Risky", page(*numbers), f"{own:032x}", back="/b", link=lambda handle: f"/user?{handle}"
    )
    assert said in text(made)
    assert len(find(made, "state-link")) == links


def test_suggestions_are_options_with_handles() -> None:
    items = [SimpleNamespace(handle=HANDLE, user_id="=1+1", name="<b>", email=None)]
    made = user_search.suggestions(items, True, lambda handle: f"/user?user={handle}")
    option = made[0].children[0]
    assert option.href == f"/user?user={HANDLE}" and option.role == "option" and len(made) == 2
    assert user_search.status(items, False) == "1 person found." and user_search.status([], False) == "Nobody found."


def test_the_drawing_can_be_zoomed_along_time_only_and_shows_every_lane() -> None:
    frame = pd.DataFrame(
        {
            "lane": ["Order", "<i>play</i>"],
            "start": ["2024-01-01 10:00:00", "2024-01-03 10:00:00"],
            "label": ["o1", "<i>play</i>"],
            "count": [1, 1],
            "amount": [5.0, float("nan")],
        }
    )
    drawn = timeline.timeline(frame, ("Order", "<i>play</i>"), ("2024-01-01", "2024-01-03"), step="moment")
    layout = drawn.to_dict()["layout"]
    assert layout["dragmode"] == "zoom" and layout["xaxis"]["fixedrange"] is False and layout["yaxis"]["fixedrange"]
    first, last = layout["xaxis"]["range"]
    assert first < "2024-01-01" and last > "2024-01-04"
    assert list(layout["yaxis"]["tickvals"]) == ["Order", theme.label("<i>play</i>")]
    assert "<i>" not in drawn.to_json()
    empty = timeline.timeline(frame.iloc[:0], (), ("", ""), step="day")
    assert len(empty.data) == 0
