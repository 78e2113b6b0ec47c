"""What pages get: cards that fit the data, numbers per period, dimensions, and honest refusals."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from dashboard import service
from dashboard.errors import CannotAnswer, UserError
from dashboard.filters import Filters
from dashboard.insights.registry import INSIGHTS, METRICS
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset

START = dt.date(2024, 1, 1)


def stamp(day: int, hour: int = 10) -> str:
    return f"{START + dt.timedelta(days=day)} {hour:02d}:00"


EVENTS = [
    {"user_id": f"u{u}", "event_time": stamp(d), "event_name": "visit", "platform": "web" if u % 2 else "ios"}
    for d in range(80)
    for u in range(4 + d // 20)
]
ORDERS = [
    {"user_id": f"u{d % 4}" if d % 5 else None, "order_id": f"o{d}", "order_time": stamp(d), "amount": 10.0 + d}
    for d in range(80)
]
USERS = [
    {"user_id": f"u{u}", "country": "UK" if u % 2 else "DE", "email": f"u{u}@example.org", "usage": float(u)}
    for u in range(10)
]


@pytest.fixture
def everything(data_dir: Path) -> Dataset:
    return build_dataset(data_dir, events=EVENTS, transactions=ORDERS, users=USERS, currency="EUR")


def test_cards_of_an_event_log_with_orders(everything: Dataset) -> None:
    cards = {card.key: card for card in service.kpis(everything.id, Filters())}
    assert list(cards) == [
        *("active_users", "dau", "mau", "stickiness", "new_users", "revenue", "arpu", "paying_share"),
    ]
    revenue = cards["revenue"]
    # the last day has a stamp at 10:00 and is not over, so the range ends the day before
    assert (revenue.first_day, revenue.last_day) == ("2024-02-19", "2024-03-19")
    assert revenue.value == sum(10.0 + d for d in range(49, 79))
    assert revenue.previous == sum(10.0 + d for d in range(19, 49))
    assert revenue.delta == revenue.value - revenue.previous
    assert revenue.relative == pytest.approx(revenue.delta / revenue.previous)
    assert (revenue.verdict, revenue.currency, cards["dau"].currency) == ("better", "EUR", "")
    assert len(revenue.spark) == len(revenue.spark_labels) == 30 and sum(revenue.spark) == revenue.value  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (("events",), {"active_users", "dau", "wau", "mau", "stickiness", "new_users", "events_per_user"}),
        (("transactions",), {"revenue", "orders", "aov", "paying_users", "new_users", "repeat_rate", "arppu"}),
        (("users",), {"users", "mean_usage", "median_usage"}),
    ],
)
def test_cards_fit_the_kind_of_data(data_dir: Path, tables: tuple[str, ...], expected: set[str]) -> None:
    given = {"events": EVENTS, "transactions": ORDERS, "users": USERS}
    stored = build_dataset(data_dir, **{name: given[name] for name in tables})  # type: ignore[arg-type]
    cards = service.kpis(stored.id, Filters())
    assert expected <= {card.key for card in cards} and len(cards) <= 8
    assert all(card.value is not None for card in cards)


def test_people_without_dates_have_no_comparison(data_dir: Path) -> None:
    stored = build_dataset(data_dir, users=USERS)
    for card in service.kpis(stored.id, Filters()):
        assert (card.previous, card.spark, card.first_day, card.verdict) == (None, (), "", "")


def test_to_date_compares_like_with_like(everything: Dataset) -> None:
    card = next(card for card in service.kpis(everything.id, Filters(range="mtd")) if card.key == "revenue")
    assert (card.first_day, card.last_day) == ("2024-03-01", "2024-03-19")
    assert (card.previous_first, card.previous_last) == ("2024-02-01", "2024-02-19")


def test_a_previous_period_before_the_data_is_none(everything: Dataset) -> None:
    card = next(
        card for card in service.kpis(everything.id, Filters(range="2024-01-02..2024-01-11")) if card.key == "dau"
    )
    assert card.previous is None and card.verdict == "" and "begin on 2024-01-01" in card.note


def test_incomplete_periods_are_in_no_sparkline(everything: Dataset) -> None:
    card = next(
        card for card in service.kpis(everything.id, Filters(range="2024-03-15..2024-03-20")) if card.key == "dau"
    )
    assert card.spark_labels[-1] == "2024-03-19" and len(card.spark) == 5
    assert "not over" in card.note


def test_long_ranges_show_weeks(data_dir: Path) -> None:
    rows = [{"user_id": "a", "event_time": stamp(d), "event_name": "visit"} for d in range(200)]
    stored = build_dataset(data_dir, events=rows)
    card = service.kpis(stored.id, Filters(range="all"))[0]
    assert 20 <= len(card.spark) <= 29
    assert all(dt.date.fromisoformat(day).weekday() == 0 for day in card.spark_labels)


def test_filters_reach_the_cards(everything: Dataset) -> None:
    card = next(
        card
        for card in service.kpis(everything.id, Filters().with_where("country", ["DE"]).with_where("platform", ["ios"]))
        if card.key == "dau"
    )
    assert card.value is not None and 2 <= card.value <= 4


@pytest.mark.parametrize("key", sorted(METRICS))
def test_every_metric_answers_for_every_period_or_says_why_not(everything: Dataset, key: str) -> None:
    for by in ("day", "week", "month"):
        try:
            result = service.metric(key, everything.id, Filters(range="90d"), by=by)
        except CannotAnswer as refusal:
            assert refusal.missing and refusal.hint
            continue
        assert set(result.summary) == {"value", "previous", "delta", "relative", "verdict"}
        if METRICS[key].history:
            assert list(result.frame.columns) == ["period", "value", "complete", "previous_period", "previous"]


@pytest.mark.parametrize("key", ["revenue", "orders", "new_users", "events", "gross_revenue"])
def test_the_parts_add_up_to_the_whole(everything: Dataset, key: str) -> None:
    result = service.metric(key, everything.id, Filters(range="60d".replace("60", "90"), compare="none"))
    assert result.frame["value"].sum() == pytest.approx(result.summary["value"])


def test_the_count_is_the_length_of_the_list(everything: Dataset) -> None:
    view = Filters(range="28d").with_where("country", ["UK"])
    result = service.insight("active_users", everything.id, view)
    last = result.frame.iloc[-1]
    for name, window in (("dau", 1), ("wau", 7), ("mau", 30)):
        people = service.people(everything.id, view, day=last["day"], window=window)
        assert len(people) == last[name] == len(set(people)) and people == sorted(people)
    card = service.metric("active_users", everything.id, view)
    assert card.summary["value"] == len(service.people(everything.id, view, window=28))
    new = service.insight("new_people", everything.id, Filters(range="all"))
    assert len(new.frame) == service.metric("new_users", everything.id, Filters(range="all")).summary["value"]


def test_dimensions(everything: Dataset) -> None:
    found = {item.name: item for item in service.dimensions(everything.id)}
    assert list(found)[:2] == ["country", "platform"]
    assert found["country"].values == (("DE", 5), ("UK", 5))
    assert found["country"].count_of == "users" and found["country"].label == "Country"
    assert "email" not in found and "user_id" not in found and "usage" not in found and "order_id" not in found


def test_answerability_names_what_is_missing(data_dir: Path) -> None:
    stored = build_dataset(data_dir, users=USERS)
    answers = {item.key: item for item in service.answerability(stored.id)}
    assert set(answers) == set(METRICS) | set(INSIGHTS)
    assert answers["users"].state == "can"
    assert answers["revenue"].state == "cannot" and "transactions" in answers["revenue"].missing
    assert answers["dau"].sentence.startswith("“Daily active users” needs")
    assert {item.key for item in service.insights_available(stored.id)} == set(INSIGHTS)


def test_events_made_from_orders_are_no_event_log(data_dir: Path) -> None:
    stored = build_dataset(data_dir, transactions=ORDERS)
    answers = {item.key: item for item in service.answerability(stored.id)}
    assert answers["dau"].state == "can"  # a day with an order is an active day
    assert answers["events"].state == answers["paying_share"].state == "cannot"
    assert [item.name for item in service.dimensions(stored.id)] == []


def test_answers_that_are_only_rough(data_dir: Path) -> None:
    stored = build_dataset(data_dir, events=EVENTS[:20])
    answers = {item.key: item for item in service.answerability(stored.id)}
    assert answers["mau"].state == "roughly" and "30" in answers["mau"].sentence


def test_unknown_names_get_a_hint(everything: Dataset) -> None:
    with pytest.raises(UserError) as refusal:
        service.metric("reveneu", everything.id, Filters())
    assert "revenue" in refusal.value.hint
    with pytest.raises(UserError):
        service.insight("kpis", everything.id, Filters())


def test_the_glossary_has_every_metric() -> None:
    assert [item.key for item in service.glossary()] == list(METRICS)
