"""Funnel insights on stored datasets: their numbers are their people, and nothing outside the question changes them."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dashboard.errors import CannotAnswer, NotFound, UserError
from dashboard.filters import Filters, Period
from dashboard.insights.funnel import funnel, funnel_people
from dashboard.insights.funnel_drivers import funnel_driver_people, funnel_drivers
from dashboard.insights.funnel_query import FunnelQuery, seconds_of
from dashboard.insights.funnel_suggestions import funnel_suggestions
from dashboard.insights.funnel_time import funnel_time, funnel_time_people, histogram
from dashboard.insights.funnel_trace import funnel_trace
from dashboard.insights.funnel_trend import funnel_trend, funnel_trend_people
from dashboard.insights.view import View, view_of
from dashboard.statistics.intervals import difference, wilson
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset

STEPS = ["visit", "cart", "pay"]
QUERY: dict[str, Any] = {"steps": STEPS, "window": "3 days", "immature": "count"}


def log(seed: int = 1, people: int = 120) -> list[dict[str, Any]]:
    """Random shoppers over 20 days in March 2024, across the change of the clocks in Los Angeles."""
    rng = random.Random(seed)
    rows = []
    for user in range(people):
        for _ in range(rng.randint(3, 40)):
            minute = rng.randint(0, 20 * 24 * 12) * 5  # on a grid of five minutes: ties happen
            rows.append(
                {
                    "user_id": f"u{user:03d}",
                    "event_time": f"2024-03-{1 + minute // 1440:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:00Z",
                    "event_name": rng.choice(["visit", "visit", "cart", "pay", "help", "search"]),
                    "platform": rng.choice(["web", "ios", None]),
                    "amount": rng.choice([None, 5.0, 20.0]),
                }
            )
    return rows


def stored(
    data_dir: Path, rows: list[dict[str, Any]], zone: str = "America/Los_Angeles", partitions: int = 3
) -> Dataset:
    return build_dataset(data_dir, events=rows, time_zone=zone, partitions=partitions, duplicates=(("events", "keep"),))


def whole(dataset: Dataset) -> View:
    first, last = dataset.manifest.first_day, dataset.manifest.last_day
    assert first is not None and last is not None
    return View(dataset, Period(first, last), None, (), last, last, fixed=True)


@pytest.fixture
def view(data_dir: Path) -> View:
    return whole(stored(data_dir, log()))


@pytest.mark.parametrize("order", ["ordered", "strict", "any"])
def test_numbers_are_their_people(view: View, order: str) -> None:
    asked = {**QUERY, "order": order}
    frame = funnel(view, **asked, breakdown="platform").frame
    total = frame[frame["is_total"]]
    assert total["users"].iloc[0] > total["users"].iloc[-1] > 0
    for row in frame.itertuples():
        group = {} if row.is_total else {"breakdown": "platform", "group": row.group}
        assert len(funnel_people(view, step=row.step, **group, **asked).frame) == row.users
        if row.step:
            people = funnel_people(view, step=row.step, state="dropped", **group, **asked).frame
            assert len(people) == row.dropped
    parts = frame[~frame["is_total"]].groupby("step")["users"].sum()
    assert list(parts) == list(total["users"])  # first touch: groups exclude each other


def test_rates_and_intervals(view: View) -> None:
    result = funnel(view, **QUERY)
    frame = result.frame
    users = frame["users"].to_numpy()
    assert frame["rate_of_first"].tolist() == pytest.approx((users / users[0]).tolist())
    assert np.isnan(frame["rate_of_previous"][0])
    assert frame["rate_of_previous"][2] == pytest.approx(users[2] / users[1])
    low, high = wilson(users[2], users[1])
    assert (frame["rate_of_previous_low"][2], frame["rate_of_previous_high"][2]) == pytest.approx(
        (float(low), float(high))
    )
    assert frame["rate_of_all_users"].tolist() == pytest.approx((users / view.dataset.manifest.users).tolist())
    assert result.summary["rate"] == frame["rate_of_first"].iloc[-1]


def test_groups_differ_by_newcombe_with_control_of_many_tests(view: View) -> None:
    result = funnel(view, **QUERY, breakdown="platform")
    entries = result.summary["differences"]
    frame = result.frame[~result.frame["is_total"]]
    counts = {name: rows["users"].tolist() for name, rows in frame.groupby("group", sort=False)}
    reference = next(iter(counts))
    assert [entry["group"] for entry in entries] == list(counts)[1:]
    for entry in entries:
        one, zero = counts[entry["group"]], counts[reference]
        expected = difference(one[-1], one[0], zero[-1], zero[0])
        assert (entry["difference"], entry["low"], entry["high"]) == pytest.approx(
            (expected.difference, expected.low, expected.high)
        )
        assert entry["q_value"] >= entry["p_value"]


def test_nothing_outside_the_question_changes_it(data_dir: Path) -> None:
    rows = log(2)
    expected = funnel(whole(stored(data_dir, rows)), **QUERY).frame
    shuffled = rows[:]
    random.Random(3).shuffle(shuffled)
    renamed = {"visit": "z", "cart": "y", "pay": "x"}
    others = [
        {**row, "user_id": row["user_id"][::-1], "event_name": renamed.get(row["event_name"], row["event_name"])}
        for row in rows
    ]
    for changed, steps, partitions in ((shuffled, STEPS, 1), (rows, STEPS, 7), (others, ["z", "y", "x"], 3)):
        found = funnel(whole(stored(data_dir, changed, partitions=partitions)), **{**QUERY, "steps": steps}).frame
        assert found.drop(columns="name").equals(expected.drop(columns="name"))


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Asia/Kolkata"])
@pytest.mark.parametrize("by", ["day", "week", "month", "hour"])
def test_trend_by_local_entry(data_dir: Path, zone: str, by: str) -> None:
    view = whole(stored(data_dir, log(4), zone))
    frame = funnel_trend(view, by=by, **QUERY).frame
    assert (frame["converted"] <= frame["entered"]).all() and frame["converted"].sum() > 0
    assert frame["period"].is_unique and frame["period"].is_monotonic_increasing
    busy = frame.sort_values("entered").iloc[-1]
    for state, number in (("entered", busy["entered"]), ("converted", busy["converted"])):
        assert len(funnel_trend_people(view, period=busy["period"], state=state, by=by, **QUERY).frame) == number
    dropped = funnel_trend_people(view, period=busy["period"], state="dropped", by=by, **QUERY).frame
    assert len(dropped) == busy["entered"] - busy["converted"]


def test_hours_of_a_day_with_25(data_dir: Path) -> None:
    rows = [{"user_id": "a", "event_time": f"2024-11-03T{h:02d}:30:00Z", "event_name": "visit"} for h in (8, 9, 10)]
    view = whole(stored(data_dir, rows))
    frame = funnel_trend(view, by="hour", steps=["visit", "visit"], window="1 hour").frame
    assert len(frame) == 24  # the hour that happens twice is one period
    assert frame.loc[frame["period"] == "2024-11-03T01:00", "entered"].item() == 1


def test_periods_with_open_windows_are_not_final(view: View) -> None:
    result = funnel_trend(view, **QUERY)
    assert result.frame["not_final"].tolist()[-3:] == [True, True, True]
    assert not result.frame["not_final"].tolist()[0]
    assert result.summary["not_final"] == result.frame["period"][result.frame["not_final"]].tolist()


def test_time_to_convert(view: View) -> None:
    result = funnel_time(view, **QUERY, breakdown="platform")
    assert result.frame["users"].sum() == result.summary["n"] == funnel(view, **QUERY).summary["converted"]
    assert sum(entry["n"] for entry in result.summary["groups"]) == result.summary["n"]
    for row in result.frame.itertuples():
        assert len(funnel_time_people(view, start=row.start, end=row.end, **QUERY).frame) == row.users


def test_histogram_of_one_value_and_of_none() -> None:
    starts, users, width = histogram(np.array([5.0, 5.0]), None)
    assert (starts.tolist(), users.tolist(), width) == ([5.0, 5.0, 5.0], [2, 0, 0], 0)
    assert histogram(np.zeros(0), None)[1].tolist() == []


def test_drivers_are_their_people(view: View) -> None:
    result = funnel_drivers(view, **QUERY)
    assert set(result.frame["event"]) == {"help", "search"}
    assert result.summary["converted"] + result.summary["dropped"] == funnel(view, **QUERY).summary["entered"]
    for row in result.frame.itertuples():
        for state, number in (("converted", row.converted_with), ("dropped", row.dropped_with)):
            assert len(funnel_driver_people(view, event=row.event, state=state, **QUERY).frame) == number


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"order": "any"},
        {"order": "strict"},
        {"immature": "leave_out"},
        {"exclusions": [{"event": "help", "from_step": 0, "to_step": 2}]},
        {"steps": ["visit", {"event": "cart", "optional": True}, "pay"]},
    ],
)
def test_the_trace_agrees_with_the_counted_step_of_everybody(view: View, extra: dict[str, Any]) -> None:
    asked = {**QUERY, **extra}
    at_step = [set(funnel_people(view, step=k, **asked).frame["user_id"]) for k in range(3)]
    everybody = [str(u) for p in view.dataset.partitions for u in p.user_ids.to_pylist()]
    for user in everybody:
        trace = funnel_trace(view, user=user, **asked)
        assert trace.frame["reached"].tolist() == [user in people for people in at_step]
        assert trace.summary["reached"] == max((k for k in range(3) if user in at_step[k]), default=-1)
        state = trace.summary["state"]
        assert (state == "converted") == (user in at_step[2])
        assert (state in ("dropped", "open")) == (user in at_step[0] - at_step[2])
        assert (trace.summary["missing"] is not None) == (state in ("dropped", "open"))


def test_a_trace_needs_a_known_user(view: View) -> None:
    with pytest.raises(CannotAnswer):
        funnel_trace(view, **QUERY)
    with pytest.raises(NotFound):
        funnel_trace(view, user="nobody", **QUERY)


def test_entries_younger_than_the_window_are_left_out_and_counted(data_dir: Path) -> None:
    rows = [{"user_id": f"old{i}", "event_time": "2024-01-01", "event_name": "visit"} for i in range(4)]
    rows += [{"user_id": "old0", "event_time": "2024-01-02", "event_name": "pay"}]
    rows += [{"user_id": f"new{i}", "event_time": "2024-01-20", "event_name": "visit"} for i in range(3)]
    rows += [{"user_id": "new0", "event_time": "2024-01-21", "event_name": "pay"}]
    view = whole(stored(data_dir, rows, "UTC"))
    asked = {"steps": ["visit", "pay"], "window": "7 days"}
    result = funnel(view, **asked)
    assert result.frame["users"].tolist() == [4, 1]
    assert [(item.code, item.count) for item in result.left_out] == [("immature", 3)]
    assert funnel(view, **asked, immature="count").frame["users"].tolist() == [7, 2]
    # at risk after one day: everybody; 2 of 7 convert then, and nobody later
    assert result.summary["survival_rate"] == pytest.approx(2 / 7)


def test_money_lost_is_dropped_times_what_the_others_spent_later(data_dir: Path) -> None:
    rows = []
    for i in range(40):
        rows.append({"user_id": f"u{i}", "event_time": "2024-01-01", "event_name": "visit", "amount": 100.0})
        if i < 30:
            rows.append({"user_id": f"u{i}", "event_time": "2024-01-02", "event_name": "pay", "amount": 10.0})
            rows.append({"user_id": f"u{i}", "event_time": "2024-01-05", "event_name": "pay", "amount": 5.0})
    view = whole(stored(data_dir, rows, "UTC"))
    frame = funnel(view, steps=["visit", "pay"], immature="count", money=True).frame
    assert np.isnan(frame["money_lost"][0])
    assert frame["money_lost"][1] == pytest.approx(10 * 15.0)
    assert frame["money_lost_low"][1] <= 150 <= frame["money_lost_high"][1]


def test_suggestions_answer_without_any_option(data_dir: Path) -> None:
    rows = []
    for i in range(30):
        for day, name in enumerate(("signup", "play", "pay")[: 1 if i % 5 == 0 else 3 if i % 2 else 2], 1):
            rows.append({"user_id": f"u{i}", "event_time": f"2024-01-0{day}", "event_name": name})
    view = whole(stored(data_dir, rows, "UTC"))
    assert funnel_suggestions(view).summary["funnels"][0] == ["signup", "play", "pay"]
    assert funnel(view, immature="count").frame["users"].tolist() == [30, 24, 12]
    lonely = whole(stored(data_dir, [{"user_id": "a", "event_time": "2024-01-01", "event_name": "x"}], "UTC"))
    with pytest.raises(CannotAnswer):
        funnel(lonely)


def test_a_suggestion_leads_to_a_goal_and_leaves_out_what_everybody_does(data_dir: Path) -> None:
    """Of 60 people everybody plays at once; 36 fill a cart, 18 of them pay; half of all ask for help at any time."""
    rows = []
    for i in range(60):
        names = ["signup", "play", *(["cart"] if i % 5 < 3 else []), *(["pay"] if i % 5 < 3 and i % 2 else [])]
        if i % 2:
            names.insert(1 + i % len(names), "help")
        rows += [
            {"user_id": f"u{i}", "event_time": f"2024-01-{day:02d}", "event_name": n} for day, n in enumerate(names, 1)
        ]
    found = funnel_suggestions(whole(stored(data_dir, rows, "UTC")))
    assert found.summary["funnels"][0] == ["signup", "cart", "pay"]
    assert found.frame["users"].iloc[0] == 18
    assert not any("play" in steps for steps in found.summary["funnels"])


def test_where_nobody_enters_there_are_no_groups_and_no_times(data_dir: Path) -> None:
    rows = [{"user_id": "a", "event_time": "2024-01-01", "event_name": "pay", "platform": "web"}]
    rows += [{"user_id": "a", "event_time": "2024-01-09", "event_name": "visit", "platform": "web"}]
    dataset = stored(data_dir, rows, "UTC")
    early = view_of(dataset, Filters(range="2024-01-01..2024-01-03"))
    asked = {"steps": ["visit", "pay"], "window": "1 day", "breakdown": "platform"}
    found = funnel(early, **asked)
    assert found.frame["users"].tolist() == [0, 0] and found.summary["groups_total"] == 0
    assert funnel_time(early, **asked).summary["n"] == 0
    assert funnel_trend(early, steps=["visit", "pay"], window="1 day").frame["entered"].tolist() == [0, 0, 0]
    # entries after the as-of day do not exist, also where the range lies after it
    later = Filters(range="2024-01-08..2024-01-10", as_of=dt.date(2024, 1, 5))
    assert funnel_trend(view_of(dataset, later), steps=["visit", "pay"]).frame["entered"].sum() == 0


def test_a_filter_changes_the_numbers_and_not_the_funnel(data_dir: Path) -> None:
    """On the web people search before they play, on the phone they play before they search."""
    orders = {"web": ("search", "play", "pay"), "ios": ("play", "search", "pay")}
    rows = []
    for i in range(60):
        platform = "web" if i < 40 else "ios"
        for day, name in enumerate(orders[platform][: 3 if i % 2 else 2], 1):
            time = f"2024-01-0{day}"
            rows.append({"user_id": f"u{i}", "event_time": time, "event_name": name, "platform": platform})
    dataset = stored(data_dir, rows, "UTC")
    whole_range = Filters(range="2024-01-01..2024-01-03")
    everybody, phone = view_of(dataset, whole_range), view_of(dataset, whole_range.with_where("platform", ["ios"]))
    assert funnel_suggestions(everybody).summary == funnel_suggestions(phone).summary
    steps = funnel_suggestions(everybody).summary["funnels"][0]
    assert steps == ["search", "play", "pay"]
    assert funnel(everybody, immature="count").frame["users"].tolist() == [60, 40, 20]
    assert funnel(phone, immature="count").frame["name"].tolist() == steps
    assert funnel(phone, immature="count").frame["users"].tolist() == [20, 0, 0]


def test_row_filters_remove_events_and_the_range_chooses_entries(data_dir: Path) -> None:
    rows = [
        {"user_id": "a", "event_time": "2024-01-01", "event_name": "visit", "platform": "web"},
        {"user_id": "a", "event_time": "2024-01-02", "event_name": "pay", "platform": "ios"},
        {"user_id": "b", "event_time": "2024-01-05", "event_name": "visit", "platform": "web"},
        {"user_id": "b", "event_time": "2024-01-06", "event_name": "pay", "platform": "web"},
    ]
    dataset = stored(data_dir, rows, "UTC")
    asked = {"steps": ["visit", "pay"], "immature": "count"}
    web = view_of(dataset, Filters(range="2024-01-01..2024-01-06").with_where("platform", ["web"]))
    assert funnel(web, **asked).frame["users"].tolist() == [2, 1]
    early = view_of(dataset, Filters(range="2024-01-01..2024-01-01"))
    assert funnel(early, **asked).frame["users"].tolist() == [1, 1]  # the conversion may come after the range


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"steps": ["visit"]}, "bad_steps"),
        ({"steps": ["visit"] * 21}, "bad_steps"),
        ({"steps": ["visit", "vist"]}, "unknown_event"),
        ({"order": "sideways"}, "unknown_option"),
        ({"window": "a while"}, "bad_window"),
        ({"window": -1}, "bad_window"),
        ({"exclusions": [{"event": "help", "from_step": 1, "to_step": 1}]}, "invalid_exclusion"),
        ({"exclusions": [{"event": "help", "from_step": 2, "to_step": 1}]}, "invalid_exclusion"),
        ({"exclusions": [{"event": "help", "from_step": 0, "to_step": 3}]}, "invalid_exclusion"),
        ({"exclusions": [{"event": "help"}]}, "invalid_exclusion"),
        ({"order": "any", "exclusions": [{"event": "help", "from_step": 0, "to_step": 1}]}, "invalid_exclusion"),
        ({"steps": [{"event": "visit", "optional": True}, "pay"]}, "bad_optional"),
        ({"same_property": "nothing"}, "unknown_property"),
        ({"breakdown": "nothing"}, "unknown_property"),
        ({"surprise": 1}, "unknown_option"),
    ],
)
def test_refused_in_words(view: View, wrong: dict[str, Any], code: str) -> None:
    with pytest.raises(UserError) as error:
        funnel(view, **{**QUERY, **wrong})
    assert error.value.code == code and error.value.message


def test_the_question_survives_json() -> None:
    query = FunnelQuery.from_options(
        {
            "steps": ["a", {"event": None, "where": {"p": [1]}, "optional": True}, "b"],
            "window": "2 weeks",
            "exclusions": [{"event": "x", "from_step": 0, "to_step": 2}],
            "same_property": ["session_id"],
            "grace_seconds": 1,
        }
    )
    assert FunnelQuery.from_options(query.to_json()) == query


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("14 days", 1_209_600),
        ("1 month", 2_592_000),
        ("90s", 90),
        ("2h", 7_200),
        (60, 60),
        (None, None),
        ("none", None),
    ],
)
def test_windows(text: Any, seconds: int | None) -> None:
    assert seconds_of(text) == seconds
