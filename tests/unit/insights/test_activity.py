"""Active users by hand: the wrong formulas seen in the wild, complete days, comparisons, and what never changes a
number."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import pandas as pd
import pytest

from dashboard.errors import UserError
from dashboard.filters import Filters, Period, day_number
from dashboard.insights import activity, activity_groups, new_users
from dashboard.insights.view import view_of
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset
from tests.unit.insights.oracle import view

START = dt.date(2024, 1, 1)
DAY = day_number(START)


def event(user: str, day: int, name: str = "visit", hour: int = 12, **more: object) -> dict[str, object]:
    return {
        "user_id": user,
        "event_time": f"{START + dt.timedelta(days=day)} {hour:02d}:00",
        "event_name": name,
        **more,
    }


def test_ten_people_every_day_are_ten_a_month(data_dir: Path) -> None:
    """Wrong formula 1: the sum of DAU over 30 rows says 300 and a stickiness of 0.03."""
    stored = build_dataset(data_dir, events=[event(f"u{u}", d) for d in range(30) for u in range(10)])
    row = activity.active_users(view(stored, DAY + 29, DAY + 29)).frame.iloc[0]
    assert (row["dau"], row["mau"], row["stickiness"]) == (10, 10, 1.0)


def test_thirty_people_one_a_day(data_dir: Path) -> None:
    stored = build_dataset(data_dir, events=[event(f"u{d}", d) for d in range(30)])
    row = activity.active_users(view(stored, DAY + 29, DAY + 29)).frame.iloc[0]
    assert (row["dau"], row["mau"]) == (1, 30)
    assert row["stickiness"] == pytest.approx(1 / 30)


def test_days_without_rows_are_days(data_dir: Path) -> None:
    stored = build_dataset(data_dir, events=[event("a", 0), event("b", 40)])
    frame = activity.active_users(view(stored, DAY, DAY + 40)).frame
    assert list(frame["mau"]) == [1] * 30 + [0] * 10 + [1]
    assert frame["dau"].sum() == 2
    assert pd.isna(frame["stickiness"][35])


def test_the_unfinished_day_is_marked_and_in_no_mean(data_dir: Path) -> None:
    rows = [event(f"u{u}", d) for d in range(40) for u in range(4)] + [event("u0", 40, hour=9)]
    stored = build_dataset(data_dir, events=rows)
    seen = view_of(stored, Filters(range="2024-02-01..2024-02-10"))
    result = activity.active_users(seen)
    assert list(result.frame["complete"]) == [True] * 9 + [False]
    assert result.summary["dau"] == 4 and result.summary["mau"] == 4
    assert any("not over" in note for note in result.notes)
    preset = view_of(stored, Filters(range="7d"))
    assert preset.period.last == DAY + 39  # a preset ends on the last complete day


def test_days_with_a_window_that_is_not_full_stay_out_unless_the_range_was_typed(data_dir: Path) -> None:
    rows = [event(f"u{u}", d) for d in range(60) for u in range(2)] + [event("new", d) for d in range(10)]
    stored = build_dataset(data_dir, events=rows)
    chosen = Filters(range="all", as_of=START + dt.timedelta(days=59))
    automatic = activity.active_users(view_of(stored, chosen))
    typed = activity.active_users(view_of(stored, chosen.with_(range="2024-01-01..2024-02-29")))
    assert list(automatic.frame["window_full"]) == [False] * 29 + [True] * 31
    full = automatic.frame[automatic.frame["window_full"]]
    assert automatic.summary["stickiness"] == pytest.approx(full["stickiness"].mean())
    assert typed.summary["stickiness"] == pytest.approx(typed.frame["stickiness"].mean())
    assert automatic.summary["stickiness"] != pytest.approx(typed.summary["stickiness"])


def test_thirty_day_stickiness_is_mean_active_days_over_thirty(data_dir: Path) -> None:
    rows = [event("a", d) for d in range(30)] + [event("b", d) for d in range(0, 30, 2)]
    stored = build_dataset(data_dir, events=rows)
    result = activity.active_users(view(stored, DAY + 29, DAY + 29))
    assert result.summary["stickiness_30"] == pytest.approx((30 + 15) / 2 / 30)


def test_chosen_activity_events(data_dir: Path) -> None:
    stored = build_dataset(data_dir, events=[event("a", 0, "login"), event("b", 0, "purchase")])
    assert activity.active_users(view(stored, DAY, DAY), activity="purchase").frame["dau"][0] == 1
    assert activity.active_users(view(stored, DAY, DAY), activity=["purchase", "login"]).frame["dau"][0] == 2
    with pytest.raises(UserError) as refusal:
        activity.active_users(view(stored, DAY, DAY), activity="purchse")
    assert refusal.value.code == "unknown_event"


def test_a_filter_that_cannot_apply_is_said(data_dir: Path) -> None:
    stored = build_dataset(data_dir, events=[event("a", 0)])
    result = activity.active_users(view(stored, DAY, DAY, where={"colour": ("red",)}))
    assert result.frame["dau"][0] == 1
    assert any("colour" in note for note in result.notes)


def test_the_comparison_is_aligned_day_by_day(data_dir: Path) -> None:
    stored = build_dataset(data_dir, events=[event(f"u{u}", d) for d in range(10) for u in range(d + 1)])
    seen = view(stored, DAY + 7, DAY + 9, previous=Period(DAY + 4, DAY + 6))
    result = activity.active_users(seen)
    assert list(result.frame["previous_day"]) == ["2024-01-05", "2024-01-06", "2024-01-07"]
    assert list(result.frame["previous_dau"]) == [5, 6, 7]
    assert (result.summary["dau"], result.summary["previous_dau"]) == (9, 6)


def test_a_shop_counts_days_with_orders(data_dir: Path) -> None:
    """A refund is no activity."""
    rows = [
        {"user_id": "a", "order_id": "1", "order_time": "2024-01-01 10:00", "quantity": 1, "unit_price": 5.0},
        {"user_id": "a", "order_id": "C1", "order_time": "2024-01-03 10:00", "quantity": -1, "unit_price": 5.0},
    ]
    frame = activity.active_users(view(build_dataset(data_dir, transactions=rows), DAY, DAY + 2)).frame
    assert list(frame["dau"]) == [1, 0, 0]


def test_first_seen_is_looked_up_in_all_data_and_exclusive_values_add_up(data_dir: Path) -> None:
    rows = [event("a", 0, platform="web"), event("a", 5, platform="ios"), event("b", 5, platform="ios")]
    stored = build_dataset(data_dir, events=rows)

    def new(**where: tuple[str, ...]) -> int:
        frame = new_users.new_users(view(stored, DAY, DAY + 9, where=where)).frame
        return int(frame["new_users"].sum())

    assert new() == 2 and new(platform=("web",)) == 1 and new(platform=("ios",)) == 1
    late = new_users.new_users(view(stored, DAY + 3, DAY + 9)).frame
    assert late["new_users"].sum() == 1


def _numbers(stored: Dataset) -> tuple[list[object], ...]:
    seen = view(stored, DAY, DAY + 20)
    frame = activity.active_users(seen).frame
    weeks = activity.unique_users(seen, by="week").frame
    new = new_users.new_users(seen, by="week").frame
    return frame[["dau", "wau", "mau"]].to_numpy().tolist(), weeks["users"].tolist(), new["new_users"].tolist()


def test_order_files_partitions_and_names_change_nothing(data_dir: Path) -> None:
    chance = random.Random(7)
    rows = [event(f"u{chance.randrange(12)}", chance.randrange(21), hour=chance.randrange(24)) for _ in range(120)]
    rows = [dict(row, event_time=f"{row['event_time']}:{i % 60:02d}") for i, row in enumerate(rows)]
    expected = _numbers(build_dataset(data_dir, events=rows, partitions=1))
    shuffled = rows[:]
    chance.shuffle(shuffled)
    assert _numbers(build_dataset(data_dir, events=shuffled, partitions=5)) == expected
    assert _numbers(build_dataset(data_dir, events=[pd.DataFrame(rows[:50]), pd.DataFrame(rows[50:])])) == expected
    renamed = [dict(row, user_id=f"x{int(str(row['user_id'])[1:]) * 7919}") for row in rows]
    assert _numbers(build_dataset(data_dir, events=renamed, partitions=3)) == expected


def test_groups_add_up_to_everybody_and_count_their_own(data_dir: Path) -> None:
    rows = [event(f"u{u}", d, platform="web" if u % 3 else "phone") for u in range(9) for d in range(0, 40, u + 1)]
    stored = build_dataset(data_dir, events=rows)
    seen = view(stored, DAY + 5, DAY + 39)
    found = activity_groups.active_users_by_group(seen, breakdown="platform")
    assert found.summary["groups"] == ["web", "phone"]
    total = activity.active_users(seen).frame
    for window in ("dau", "wau", "mau"):
        assert list(found.frame.groupby("day")[window].sum()) == list(total[window])
    phone = build_dataset(data_dir, events=[row for row in rows if row["platform"] == "phone"])
    alone = activity.active_users(view(phone, DAY + 5, DAY + 39)).frame
    mine = found.frame[found.frame["group"] == "phone"].reset_index(drop=True)
    for column in ("day", "dau", "wau", "mau", "stickiness", "wau_mau"):
        pd.testing.assert_series_equal(mine[column], alone[column])
