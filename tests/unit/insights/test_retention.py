"""Retention as answers: options, curves, money, groups, hours, survival."""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dashboard.errors import CannotAnswer, UserError
from dashboard.filters import day_number
from dashboard.insights import (
    lifecycle,
    metrics,  # noqa: F401 - fills the registry
    retention_calendar,
    stickiness,
)
from dashboard.insights.registry import INSIGHTS
from dashboard.insights.retention import retention, retention_over_time, retention_people
from dashboard.insights.retention_query import RetentionQuery
from dashboard.insights.rhythm import clock, rhythm
from dashboard.insights.survival import survival
from dashboard.insights.view import View
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset
from tests.unit.insights import oracle

FIRST = oracle.day_of("2024-01-01T00:00:00Z", "UTC")
# (user, day of January, amount): three weeks; a and b start in the first, c in the second
VISITS = [
    *(("a", 1, 10.0), ("a", 2, 5.0), ("a", 8, 20.0), ("a", 16, 2.0)),
    *(("b", 3, 4.0), ("b", 17, 1.0)),
    *(("c", 9, 8.0), ("c", 15, -3.0)),
]


@pytest.fixture
def shop(data_dir: Path) -> Dataset:
    events = [
        {"user_id": user, "event_time": f"2024-01-{day:02d}T12:00:00Z", "event_name": "buy", "amount": amount}
        for user, day, amount in VISITS
    ]
    users = [{"user_id": "a", "country": "UK"}, {"user_id": "b", "country": "DE"}, {"user_id": "c", "country": None}]
    return build_dataset(data_dir, events=events, users=users, partitions=2)


def view(shop: Dataset, **more: Any) -> View:
    return oracle.view(shop, FIRST, FIRST + 20, as_of=FIRST + 16, **more)


def test_cells_curve_and_what_is_left_out(shop: Dataset) -> None:
    result = retention(view(shop), kind="first_time")
    frame = result.frame
    cells = {(row.cohort, row.k): (row.members, row.users, row.complete) for row in frame.itertuples()}
    assert cells == {
        ("2024-01-01", 0): (2, 2, True),
        ("2024-01-01", 1): (2, 1, True),
        ("2024-01-01", 2): (2, 2, False),  # the third week is not over
        ("2024-01-08", 0): (1, 1, True),
        ("2024-01-08", 1): (1, 1, False),
        ("2024-01-15", 0): (0, 0, False),
    }
    curve = result.summary["curve"]
    assert [(item["users"], item["at_risk"], item["rate"]) for item in curve] == [
        (3, 3, 1.0),
        (1, 2, 0.5),
        (0, 0, None),
    ]
    assert [item.code for item in result.left_out] == ["incomplete"] and result.left_out[0].count == 3
    assert json.loads(json.dumps(result.summary)) == result.summary
    low, high = frame[(frame["index"] == 0) & (frame["k"] == 1)][["low", "high"]].to_numpy()[0]
    assert (low, high) == pytest.approx((0.0945, 0.9055), abs=1e-4)  # Wilson, 1 of 2
    assert result.to_bytes()


def test_money_per_cohort(shop: Dataset) -> None:
    frame = retention(view(shop), kind="first_time", value="revenue").frame.set_index(["index", "k"])
    assert frame["revenue"][0, 0] == 19.0 and frame["revenue"][0, 1] == 20.0 and frame["revenue"][0, 2] == 3.0
    assert frame["cumulative"][0, 2] == 42.0 and frame["per_member"][0, 2] == 21.0
    assert frame["revenue_rate"][0, 1] == pytest.approx(20 / 19)
    assert frame["revenue"][1, 1] == -3.0  # what is given back counts
    assert frame["revenue"].sum() == sum(amount for _, _, amount in VISITS)
    hours = retention(
        view(shop), kind="first_time", value="revenue", period="hour", first="2024-01-01T12:00", periods=2
    )
    assert hours.frame["revenue"].to_list() == [10.0, 0.0, 0.0]


def test_money_needs_amounts(data_dir: Path) -> None:
    stored = build_dataset(data_dir, events=[{"user_id": "a", "event_time": "2024-01-01", "event_name": "visit"}])
    with pytest.raises(CannotAnswer, match="amount"):
        retention(oracle.view(stored, FIRST, FIRST), value="revenue")


def test_groups_have_curves_and_one_test(shop: Dataset) -> None:
    result = retention(view(shop), kind="first_time", breakdown="country")
    assert sorted(result.summary["groups"]) == ["", "DE", "UK"]
    assert result.summary["log_rank"]["df"] == 2
    at_one = {item["group"]: item["rate"] for item in result.summary["curve"] if item["k"] == 1}
    assert at_one == {"UK": 1.0, "DE": 0.0, "": None}
    with pytest.raises(CannotAnswer):
        retention(view(shop), breakdown="shoe size")


def test_one_column_over_time(shop: Dataset) -> None:
    result = retention_over_time(view(shop), k=1, kind="first_time")
    assert result.frame[["cohort", "members", "users", "complete"]].to_numpy().tolist() == [
        ["2024-01-01", 2, 1, True],
        ["2024-01-08", 1, 1, False],
        ["2024-01-15", 0, 0, False],
    ]
    assert result.summary["rate"] == {"": 0.5} and result.summary["at_risk"] == {"": 2}
    with pytest.raises(UserError):
        retention_over_time(view(shop), k=-1)


def test_who_came_and_who_did_not(shop: Dataset) -> None:
    options = {"kind": "first_time", "cohort": "2024-01-01", "k": 1}
    assert list(retention_people(view(shop), **options).frame["user_id"]) == ["a"]
    assert list(retention_people(view(shop), **options, returned=False).frame["user_id"]) == ["b"]
    with pytest.raises(UserError):
        retention_people(view(shop), cohort="2024-01-02")
    with pytest.raises(UserError):
        retention_people(view(shop), cohort="2024-01-15", k=1)  # the triangle ends before


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "sometimes"},
        {"count": "maybe"},
        {"period": "year"},
        {"window_mode": "25h"},
        {"week_start": "friday"},
        {"min_occurrences": 0},
        {"min_occurrences": True},
        {"min_occurrences": 1.5},
        {"periods": -1},
        {"columns": "many"},
        {"columns": 0},
        {"brackets": [[2, 1]]},
        {"brackets": [[0, 1]]},
        {"brackets": [[1, 3], [2, 4]]},
        {"brackets": 3},
        {"brackets": [1]},
        {"top": 99},
        {"value": "happiness"},
        {"value": "revenue", "window_mode": "24h"},
        {"first": "yesterday", "period": "day"},
        {"first": "9999-12-31"},
        {"start": {"event": "never"}},
        {"return": "never"},
        {"start": 7},
        {"colour": "blue"},
        {"periods": 1_500, "period": "month", "columns": 1_500},
    ],
)
def test_a_question_that_makes_no_sense_is_refused(shop: Dataset, options: dict[str, Any]) -> None:
    with pytest.raises(UserError) as caught:
        retention(view(shop), **options)
    assert caught.value.message and caught.value.hint


def test_the_json_form_is_canonical() -> None:
    query = RetentionQuery.from_json(
        {"start": {"event": "a", "where": {"x": 1}}, "return": "b", "brackets": [[1, 2]], "count": "brackets"}
    )
    again = RetentionQuery.from_json(json.loads(json.dumps(query.to_json())))
    assert again == query and hash(again) == hash(query)
    assert RetentionQuery().to_json() == {} and RetentionQuery.from_json({}) == RetentionQuery()


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("UTC", "2024-03-10", 24),
        ("America/Los_Angeles", "2024-03-10", 23),
        ("America/Los_Angeles", "2024-11-03", 25),
        ("Asia/Kolkata", "2024-11-03", 24),
        ("America/Sao_Paulo", "2018-11-04", 23),  # midnight does not exist
        ("Australia/Lord_Howe", "2024-04-07", 24),  # half an hour longer
    ],
)
def test_a_day_has_its_hours(zone: str, day: str, hours: int) -> None:
    number = retention_calendar.from_label(day, "day", zone)
    found = retention_calendar.between("hour", number, number, zone=zone, week_start="monday")
    inside = [label for label in found.labels if label.startswith(day)]
    assert len(inside) == hours and (np.diff(found.edges) > 0).all()


def test_the_clock_of_a_year_changes_twice() -> None:
    begins, shift = clock("America/Los_Angeles", FIRST, FIRST + 365)
    assert [s // 3_600_000_000 for s in shift] == [-8, -7, -8]
    assert [int(b) for b in begins[1:]] == [1_710_064_800_000_000, 1_730_624_400_000_000]  # 10:00 and 9:00 UTC


def test_rhythm_weeks_begin_as_the_dataset_says(data_dir: Path) -> None:
    events = [{"user_id": "a", "event_time": "2024-01-07T23:30:00Z", "event_name": "visit"}]
    stored = build_dataset(data_dir, events=events, week_start="sunday", time_zone="Asia/Kolkata")
    day = day_number(dt.date(2024, 1, 8))
    result = rhythm(oracle.view(stored, day, day))
    assert result.frame["name"][0] == "Sunday" and len(result.frame) == 168
    assert (result.summary["weekday"], result.summary["hour"]) == ("Monday", 5)


def test_survival_of_visitors(shop: Dataset) -> None:
    result = survival(view(shop), silent_days=1)
    # last complete day: the 17th; lifetimes a 15 (silent for 1), b 14 (waited for), c 6 (silent for 2)
    assert result.summary["groups"][0] | {"median": 0} == {
        "group": "", "users": 3, "ended": 2, "median": 0, "restricted_mean": 12.0, "horizon": 15.0,
    }  # fmt: skip
    assert result.frame["time"].to_list() == [0.0, 6.0, 15.0]
    assert result.frame["survival"].to_list() == pytest.approx([1, 2 / 3, 0])
    assert math.isnan(result.frame["low"][1])  # fewer than ten at risk
    for wrong in ({"silent_days": 0}, {"source": "x"}, {"horizon": -1}, {"top": 0}):
        with pytest.raises(UserError):
            survival(view(shop), **wrong)
    with pytest.raises(CannotAnswer):
        survival(view(shop), source="contract")


def test_unknown_periods_and_states_are_refused(shop: Dataset) -> None:
    for call in (
        lambda: lifecycle.lifecycle(view(shop), by="year"),
        lambda: lifecycle.lifecycle_people(view(shop), state="happy"),
        lambda: lifecycle.lifecycle_people(view(shop), period="2020-01-01"),
        lambda: lifecycle.lifecycle(view(shop), activity="never"),
        lambda: stickiness.days_active(view(shop), by="year"),
        lambda: stickiness.days_active_people(view(shop), periods=0),
        lambda: stickiness.days_active_people(view(shop), mode="x"),
        lambda: INSIGHTS["state_migration"].compute(view(shop), first="2024-01-09", last="2024-01-02"),
        lambda: INSIGHTS["state_migration"].compute(view(shop), first="soon"),
        lambda: INSIGHTS["state_people"].compute(view(shop), before="x"),
        lambda: INSIGHTS["rhythm_people"].compute(view(shop), weekday=7),
        lambda: INSIGHTS["sessions"].compute(view(shop), source="x"),
        lambda: INSIGHTS["sessions"].compute(view(shop), gap_minutes=0),
    ):
        with pytest.raises(UserError):
            call()
    with pytest.raises(CannotAnswer):
        INSIGHTS["sessions"].compute(view(shop), source="ids")


def test_nobody_at_all(shop: Dataset) -> None:
    nobody = view(shop, where={"country": ("Atlantis",)})
    for name in (
        *("retention", "retention_over_time", "lifecycle", "daily_states", "state_migration", "days_active"),
        *("rhythm", "sessions", "usage_interval", "survival", "retention_people", "lifecycle_people", "state_people"),
    ):
        result = INSIGHTS[name].compute(nobody)
        assert result.to_bytes()
        assert json.loads(json.dumps(result.summary, allow_nan=False)) == result.summary
    assert INSIGHTS["usage_interval"].compute(nobody).summary["proposal"] is None
    assert INSIGHTS["lifecycle"].compute(nobody).summary["pulse"] is None


def test_first_ever_where_a_partition_has_people_without_events(data_dir: Path) -> None:
    users = [{"user_id": f"u{i}", "country": "UK"} for i in range(20)]
    events = [{"user_id": "u1", "event_time": "2024-01-01T12:00:00Z", "event_name": "buy", "platform": "web"}]
    stored = build_dataset(data_dir, events=events, users=users, partitions=4)
    start = {"event": "buy", "where": {"platform": "web"}}
    for window in ("calendar", "24h"):
        result = retention(oracle.view(stored, FIRST, FIRST), kind="first_ever", start=start, window_mode=window)
        assert result.frame["users"].to_list() == [1]
