"""RFM and value as answers of a stored dataset: lists as long as numbers, filters, moves, use, subscriptions."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dashboard import service
from dashboard.customers import rfm as scoring
from dashboard.errors import CannotAnswer, UserError
from dashboard.filters import Filters
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset

ALL = Filters(range="all")


def orders(n: int = 120, seed: int = 0) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(n):
        for k in range(1 + int(rng.geometric(0.35))):
            day = dt.date(2024, 1, 1) + dt.timedelta(days=int(rng.integers(0, 300)))
            rows.append(
                {
                    "user_id": f"u{user:03d}",
                    "order_time": f"{day} 12:00",
                    "amount": float(np.round(rng.gamma(4, 10), 2)),
                    "order_id": f"{user}-{k}",
                    "country": ("UK", "DE")[user % 2],
                }
            )
    return rows


@pytest.fixture
def shop(data_dir: Path) -> Dataset:
    users = [{"user_id": f"u{user:03d}", "country": ("UK", "DE")[user % 2], "churned": user < 5} for user in range(125)]
    return build_dataset(data_dir, transactions=orders(), users=users)


def test_every_number_opens_as_a_list_of_that_length(shop: Dataset) -> None:
    for filters in (ALL, ALL.with_where("country", ["UK"])):
        segments = service.insight("rfm", shop.id, filters)
        expected = 120 if filters is ALL else 60
        assert segments.summary["customers"] == segments.frame["customers"].sum() == expected
        everyone: list[str] = []
        for name, count in zip(segments.frame["segment"], segments.frame["customers"], strict=True):
            people = service.insight("rfm_people", shop.id, filters, segment=name).frame
            assert len(people) == count
            assert set(people["segment"]) <= {name}
            everyone += people["user_id"].tolist()
        assert len(everyone) == len(set(everyone)) == expected
        grid = service.insight("rfm_grid", shop.id, filters).frame
        for cell in grid.itertuples():
            options = {"recency": cell.R, "column": cell.column}
            assert len(service.insight("rfm_people", shop.id, filters, **options).frame) == cell.customers


def test_filters_choose_people_and_move_nobody(shop: Dataset) -> None:
    everyone = service.insight("rfm_people", shop.id, ALL).frame.set_index("user_id")
    some = service.insight("rfm_people", shop.id, ALL.with_where("country", ["DE"])).frame.set_index("user_id")
    assert 0 < len(some) < len(everyone)
    assert everyone.loc[some.index].equals(some)


def test_people_without_orders_are_said(shop: Dataset) -> None:
    found = service.insight("rfm", shop.id, ALL)
    assert [(item.code, item.count) for item in found.left_out] == [("no_order", 5)]
    assert found.summary["money_is"] == "Net revenue"
    assert set(found.summary["cuts"]) == {"R", "F", "M"}


def test_a_churned_champion_is_a_contradiction(shop: Dataset) -> None:
    people = service.insight("rfm_people", shop.id, ALL).frame
    best = people["segment"].isin(["Champions", "Loyal"]) & people["user_id"].isin([f"u{i:03d}" for i in range(5)])
    found = service.insight("rfm", shop.id, ALL)
    assert found.summary["contradictions"] == int(best.sum())
    assert any("marked as churned" in note for note in found.notes) == bool(best.sum())


def test_own_segments_by_name(shop: Dataset) -> None:
    grid = [["Top"] * 5] + [["Rest"] * 5] * 4
    frame = service.insight("rfm", shop.id, ALL, segments=grid).frame
    people = service.insight("rfm_people", shop.id, ALL).frame
    assert dict(zip(frame["segment"], frame["customers"], strict=True)) == {
        "Top": int((people["R"] == 5).sum()),
        "Rest": int((people["R"] < 5).sum()),
    }
    for wrong in ({"segments": grid[:4]}, {"scoring": "ntile"}, {"nothing": 1}):
        with pytest.raises(UserError):
            service.insight("rfm", shop.id, ALL, **wrong)
    with pytest.raises(UserError, match="no segment of that name"):
        service.insight("rfm_people", shop.id, ALL, segment="Champion")


def test_files_partitions_and_row_order_change_no_score(data_dir: Path) -> None:
    rows = orders(60, 3)
    once = build_dataset(data_dir, transactions=rows, partitions=1)
    rng = np.random.default_rng(1)
    mixed = [rows[i] for i in rng.permutation(len(rows))]
    twice = build_dataset(data_dir, transactions=[mixed[:50], mixed[50:]], partitions=4)
    for name in ("rfm", "rfm_grid", "rfm_people", "rfm_migration"):
        first, second = (service.insight(name, dataset.id, ALL).frame for dataset in (once, twice))
        assert first.round(6).equals(second.round(6)), name


def test_moves_between_two_days(shop: Dataset) -> None:
    found = service.insight("rfm_migration", shop.id, ALL, before="2024-06-30")
    now = service.insight("rfm", shop.id, ALL).frame.set_index("segment")["customers"]
    then = service.insight("rfm", shop.id, ALL.with_(as_of=dt.date(2024, 6, 30))).frame.set_index("segment")[
        "customers"
    ]
    frame = found.frame
    assert frame.groupby("after")["customers"].sum().to_dict() == now[now > 0].to_dict()
    before = frame[frame["before"] != scoring.ABSENT].groupby("before")["customers"].sum().to_dict()
    assert before == then[then > 0].to_dict()
    summary = found.summary
    assert summary["stayed"] + summary["up"] + summary["down"] + summary["joined"] == 120
    assert summary["gone"] == 0
    uk = service.insight("rfm_migration", shop.id, ALL.with_where("country", ["UK"]), before="2024-06-30")
    assert uk.frame["customers"].sum() == 60
    for wrong in ("yesterday", "2030-01-01"):
        with pytest.raises(UserError):
            service.insight("rfm_migration", shop.id, ALL, before=wrong)


def test_moves_before_anybody_was_a_customer(shop: Dataset) -> None:
    frame = service.insight("rfm_migration", shop.id, ALL, before="2020-01-01").frame
    assert set(frame["before"]) == {scoring.ABSENT}
    assert frame["customers"].sum() == 120


def test_moves_between_two_versions(shop: Dataset) -> None:
    found = service.insight("rfm_migration", shop.id, ALL, version=1)
    assert found.frame["before"].tolist() == found.frame["after"].tolist()
    assert found.summary["stayed"] == 120


def test_use_is_scored_where_there_are_no_orders(data_dir: Path) -> None:
    rng = np.random.default_rng(2)
    events = [
        {"user_id": f"u{user}", "event_time": f"2024-03-{day + 1:02d}", "event_name": "play"}
        for user in range(80)
        for day in range(30)
        if rng.random() < (user + 5) / 100
    ]
    users = [{"user_id": f"u{user}", "monthly_fee": 5.0 + user % 7} for user in range(80)]
    dataset = build_dataset(data_dir, events=events, users=users)
    found = service.insight("rfm", dataset.id, ALL)
    assert found.summary["basis"] == "usage"
    assert (found.summary["frequency_is"], found.summary["money_is"]) == ("Active days", "Monthly fee")
    people = service.insight("rfm_people", dataset.id, ALL).frame.set_index("user_id")
    for user in ("u3", "u70"):
        days = {event["event_time"] for event in events if event["user_id"] == user}
        assert people.loc[user, "frequency"] == len(days)
        assert people.loc[user, "monetary"] == 5.0 + int(user[1:]) % 7
    assert len(service.insight("rfm_migration", dataset.id, ALL, before="2024-03-15").frame)
    with pytest.raises(CannotAnswer):
        service.insight("rfm", dataset.id, ALL, basis="orders")
    with pytest.raises(CannotAnswer):
        service.insight("clv", dataset.id, ALL)
    with pytest.raises(CannotAnswer, match="no number called"):
        service.insight("rfm", dataset.id, ALL, fee="salary")


def test_a_table_of_users_is_scored_by_its_usage(data_dir: Path) -> None:
    users = [
        {"user_id": f"u{i}", "last_active_time": f"2024-03-{1 + i % 28:02d}", "usage": float(i)} for i in range(100)
    ]
    found = service.insight("rfm", build_dataset(data_dir, users=users).id, ALL)
    assert found.summary["customers"] == 100
    assert found.units["money"] == "number"


def test_values_in_groups_add_up(shop: Dataset) -> None:
    results = {by: service.insight("clv", shop.id, ALL, by=by) for by in ("decile", "tier", "orders")}
    total = results["decile"].summary["clv"]
    for found in results.values():
        assert found.frame["customers"].sum() == 120
        assert found.frame["clv"].sum() == pytest.approx(total)
        assert found.frame["clv_share"].sum() == pytest.approx(1)
    half = service.insight("clv", shop.id, ALL, margin=0.5)
    assert half.summary["clv"] == pytest.approx(total / 2)
    assert half.summary["historic"] == pytest.approx(results["tier"].summary["historic"] / 2)
    assert service.insight("clv", shop.id, ALL, months=24).summary["clv"] > total
    amounts = sum(row["amount"] for row in orders())
    assert results["tier"].summary["historic"] == pytest.approx(amounts)
    with pytest.raises(UserError):
        service.insight("clv", shop.id, ALL, by="colour")
    with pytest.raises(UserError):
        service.insight("clv", shop.id, ALL, margins=1)


def test_customers_of_a_value_group(shop: Dataset) -> None:
    groups = service.insight("clv", shop.id, ALL, by="tier").frame
    seen: set[str] = set()
    for name, count, worth in zip(groups["group"], groups["customers"], groups["clv"], strict=True):
        found = service.insight("clv_people", shop.id, ALL, by="tier", group=name)
        assert len(found.frame) == count == found.summary["total"]
        assert found.frame["clv"].sum() == pytest.approx(worth)
        assert set(found.frame["tier"]) == {name}
        seen |= set(found.frame["user_id"])
    assert len(seen) == 120
    one = service.insight("clv_people", shop.id, ALL, user_id="u007").frame
    assert one["user_id"].tolist() == ["u007"]
    assert one.loc[0, "low"] <= one.loc[0, "high"]
    assert service.insight("clv_people", shop.id, ALL, user_id="nobody").frame.empty
    for sort in ("value_at_risk", "overdue_days", "historic", "p_no_purchase"):
        assert service.insight("clv_people", shop.id, ALL, sort=sort, rows=20).frame[sort].is_monotonic_decreasing
    with pytest.raises(UserError):
        service.insight("clv_people", shop.id, ALL, by="tier", group="Enormous")


def test_a_return_after_the_last_order_changes_no_expected_order(data_dir: Path) -> None:
    rows = orders(100, 5)
    back = {**rows[0], "order_time": "2024-11-20 12:00", "amount": -rows[0]["amount"], "order_id": "C1"}
    last = {"user_id": "other", "order_time": "2024-11-20 13:00", "amount": 5.0, "order_id": "x", "country": "UK"}
    plain, returned = (
        service.insight("clv_people", build_dataset(data_dir, transactions=items).id, ALL, user_id=rows[0]["user_id"])
        for items in ([*rows, last], [*rows, last, back])
    )
    for column in ("orders", "last_day", "next_order", "p_no_purchase"):
        assert plain.frame.loc[0, column] == returned.frame.loc[0, column]
    difference = plain.frame.loc[0, "historic"] - returned.frame.loc[0, "historic"]
    assert difference == pytest.approx(rows[0]["amount"])


def test_the_test_on_held_out_data(shop: Dataset) -> None:
    by_decile = service.insight("clv_backtest", shop.id, ALL, split="2024-07-31")
    by_class = service.insight("clv_backtest", shop.id, ALL, split="2024-07-31", by="class")
    later = {(r["user_id"], r["order_time"]) for r in orders() if r["order_time"] > "2024-08"}
    known = {r["user_id"] for r in orders() if r["order_time"] < "2024-08"}
    assert by_decile.frame["actual"].sum() == len([1 for user, _ in later if user in known])
    assert by_class.frame["customers"].sum() == by_decile.frame["customers"].sum() == len(known)
    assert by_decile.summary["split_day"] == "2024-07-31"
    assert {guard["code"] for guard in by_decile.summary["guards"]} >= {"drift", "correlation"}
    for wrong in ("2030-01-01", "soon"):
        with pytest.raises(UserError):
            service.insight("clv_backtest", shop.id, ALL, split=wrong)


def test_data_of_a_few_weeks_cannot_be_tested(data_dir: Path) -> None:
    rows = [row for row in orders() if row["order_time"] < "2024-01-25"]
    with pytest.raises(CannotAnswer, match="at least 60"):
        service.insight("clv_backtest", build_dataset(data_dir, transactions=rows).id, ALL)


def test_subscribers_by_plan(data_dir: Path) -> None:
    rng = np.random.default_rng(4)
    users = []
    for i in range(600):
        loyal = i % 2
        leaves, age = rng.geometric(0.05 if loyal else 0.15), rng.integers(1, 24)
        users.append(
            {
                "user_id": f"u{i}",
                "plan": ("Basic", "Premium")[loyal],
                "churned": bool(leaves <= age),
                "tenure": float(min(leaves, age)),
                "monthly_fee": (8.0, 12.0)[loyal],
            }
        )
    dataset = build_dataset(data_dir, users=users)
    found = service.insight("clv_subscriptions", dataset.id, ALL, margin=0.5)
    frame = found.frame.set_index("group")
    assert frame.index.tolist() == ["Basic", "Premium", "All"]
    assert frame.loc["All", "customers"] == 600
    assert frame.loc["Premium", "clv_mean"] > frame.loc["Basic", "clv_mean"]
    for plan in ("Basic", "Premium"):
        assert frame.loc[plan, "survival"] == pytest.approx(frame.loc[plan, "observed"], abs=0.06)
        assert frame.loc[plan, "low"] < frame.loc[plan, "clv"] < frame.loc[plan, "high"]
        assert frame.loc[plan, "clv_mean"] < 0.5 * 12 * frame.loc[plan, "fee"]
    assert found.summary["in_money"]
    with pytest.raises(CannotAnswer, match="how long"):
        service.insight("clv_subscriptions", dataset.id, ALL, tenure="age")
