"""The question of the retention page: read tolerantly, in step with the insight; the cohort table and its links."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import plotly
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import service
from dashboard.components import retention_options as names
from dashboard.components.retention_cards import cohort_cards, sentence
from dashboard.components.retention_controls import conditions, picked
from dashboard.components.retention_matrix import cell_token, cohort_table, read_token
from dashboard.components.retention_options import asked
from dashboard.filters import Filters, parse
from dashboard.insights.retention_query import COUNTS, KINDS, WINDOWS, RetentionQuery
from dashboard.result import Dimension
from tests.store_builder import build_dataset

ALL = Filters(range="all")


def text_of(component: Any) -> str:
    return str(plotly.io.json.to_json_plotly(component))


def test_every_choice_is_one_of_the_insight() -> None:
    assert {item.value for item in names.KINDS} == set(KINDS)
    assert {item.value for item in names.COUNTS} == set(COUNTS)
    assert {item.value for item in names.WINDOWS} == set(WINDOWS)


OPTIONS = ["period", "kind", "count", "window", "min", "value", "k", "tab", "show", "start", "groups"]


@given(st.dictionaries(st.sampled_from(OPTIONS), st.text(max_size=12)), st.integers(1, 5_000))
def test_any_link_is_a_question(extra: dict[str, str], days: int) -> None:
    found = asked(Filters(extra=tuple(sorted(extra.items()))), days)
    options = {name: value for name, value in found.options().items() if name not in ("start", "return")}
    RetentionQuery.from_json(options)
    assert found.k >= 1
    assert sentence(found)


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("", ""),
        (" 1, 2–3; 4 - 7 ,", "1,2-3,4-7"),
        ("2-2", "2"),
        ("7", "7"),
        ("0-1", None),
        ("3,2", None),
        ("1-3,3-4", None),
        ("5-4", None),
        ("one", None),
        ("1-2-3", None),
        ("1,-2", None),
        (",".join(map(str, range(1, 40))), None),
    ],
)
def test_groups_of_periods_as_people_write_them(text: str, groups: str | None) -> None:
    assert names.groups_of(text) == groups
    if groups:
        assert names.groups_of(names.groups_text(groups)) == groups  # as shown, so typed
        options = asked(ALL.with_option(names.COUNT, "brackets").with_option(names.GROUPS, text), 30).options()
        query = RetentionQuery.from_json(options)
        assert query.columns_of_brackets[0][0] == int(groups.split(",")[0].split("-")[0])


def test_groups_count_only_where_they_are_asked_for() -> None:
    assert "brackets" not in asked(ALL.with_option(names.GROUPS, "1,2-3"), 30).options()
    assert asked(ALL.with_option(names.GROUPS, "3,2"), 30).groups == ""


def test_the_default_period_follows_the_range() -> None:
    assert [names.default_period(days) for days in (7, 21, 22, 200, 201, 400)] == [
        "day", "day", "week", "week", "month", "month",
    ]  # fmt: skip


def test_an_event_with_conditions_travels_in_the_url() -> None:
    dimensions = [
        Dimension("event_name", "Event", ("events",), (("buy", 9), ("see", 20)), "rows", 2),
        Dimension("plan", "Plan", ("events",), (("Pro", 5), ("Basic", 7)), "rows", 2),
    ]
    filters = ALL.with_option(names.START, "buy")
    rows = text_of(picked("start.where", filters, asked(filters, 30), dimensions))
    assert "Pro" in rows and "Basic" in rows and "buy" not in text_of([])
    chosen = Filters(extra=(("start", '{"event":"buy","where":{"plan":["Pro"]}}'),))
    there = parse(chosen.to_search())
    assert conditions(there.option("start")) == {"plan": ("Pro",)}
    assert asked(there, 30).options()["start"] == {"event": "buy", "where": {"plan": ["Pro"]}}
    assert names.event_label(there.option("start")) == "buy, filtered"


@pytest.mark.parametrize("text", ["", "in", "in~2024-01-01", "maybe~2024-01-01~1", "in~2024-01-01~x", "in~a~²"])
def test_a_token_that_is_none_opens_nothing(text: str) -> None:
    assert read_token(text) is None


def test_a_token_names_its_cell() -> None:
    assert read_token(cell_token("2024-01-01", 3)) == {"cohort": "2024-01-01", "k": 3, "returned": True}
    assert read_token(cell_token("2024-01-01", 3, False)) == {"cohort": "2024-01-01", "k": 3, "returned": False}


@pytest.fixture
def log(data_dir: Path) -> str:
    """Three people start in January; one comes back in February, two in March, which is not over."""
    days = {"a": ["2024-01-05", "2024-02-05", "2024-03-03"], "b": ["2024-01-09", "2024-03-04"], "c": ["2024-01-20"]}
    events = [
        {"user_id": user, "event_time": f"{day} 12:00", "event_name": "open", "plan": "Pro" if user == "a" else "Free"}
        for user, stamps in days.items()
        for day in stamps
    ]
    users = [{"user_id": user, "country": "DE" if user == "a" else "FR"} for user in days]
    return build_dataset(data_dir, events=events, users=users).id


def cards(dataset: str, filters: Filters) -> str:
    choice = asked(filters, 60)
    whole = service.insight("retention", dataset, filters, **choice.options())
    split = service.insight("retention", dataset, filters, **choice.split_options())
    over = service.insight("retention_over_time", dataset, filters, k=choice.k, **choice.split_options())
    return text_of(
        cohort_cards(filters, choice, whole, split, over, currency="", link=lambda token: f"?list={token}", chosen="")
    )


def test_the_table_shows_shares_and_links_to_exactly_these_people(log: str) -> None:
    filters = ALL.with_option("period", "month").with_option("kind", "first_time")
    choice = asked(filters, 60)
    whole = service.insight("retention", log, filters, **choice.options())
    drawn = text_of(cohort_table(whole, choice, currency="", link=lambda token: f"?list={token}"))
    assert "33.3 %" in drawn and "66.7 %" in drawn
    assert drawn.count("is-open") == sum(not flag for flag in whole.frame[whole.frame["k"] > 0]["complete"])
    for row in whole.frame.itertuples():
        token = cell_token(str(row.cohort), int(row.k))
        assert (f'"?list={token}"' in drawn) == (row.users > 0)
        cell = read_token(token)
        assert cell is not None
        people = service.insight("retention_people", log, filters, **{**choice.people_options(), **cell})
        assert len(people.frame) == row.users


def test_every_choice_draws(log: str) -> None:
    for name, options in ((names.COUNT, names.COUNTS), (names.WINDOW, names.WINDOWS), (names.KIND, names.KINDS)):
        for option in options:
            filters = ALL.with_option("period", "month").with_option(name, option.value)
            assert "All cohorts" in cards(log, filters)


def test_a_breakdown_shows_people_at_risk_and_the_test(log: str) -> None:
    drawn = cards(log, ALL.with_option("period", "month").with_option("split", "country"))
    assert "People at risk" in drawn and "DE" in drawn and "FR" in drawn
