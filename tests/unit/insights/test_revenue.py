"""Revenue by hand, against plain Python, and the traps: lines for orders, credit notes, guests, days that an order
spans."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard import settings as product_settings
from dashboard.errors import CannotAnswer, UserError
from dashboard.filters import Period, day_number
from dashboard.insights import revenue
from dashboard.insights.metrics import METRICS
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset
from tests.unit.insights.oracle import view

DAY = day_number(dt.date(2024, 3, 1))


def line(user: str | None, order: str, time: str, quantity: float, price: float, **more: Any) -> dict[str, Any]:
    return {"user_id": user, "order_id": order, "order_time": time, "quantity": quantity, "unit_price": price, **more}


@pytest.fixture
def shop(data_dir: Path) -> Dataset:
    rows = [
        line("a", "1", "2024-03-01 10:00", 6, 2.55, country="UK", product_id="cup"),
        line("a", "1", "2024-03-01 10:00", 6, 3.39, country="UK", product_id="jug"),
        line("a", "1", "2024-03-01 10:00", 8, 2.75, country="UK", product_id="cup"),
        line("a", "C1", "2024-03-02 10:00", -6, 2.55, country="UK", product_id="cup"),
        line("a", "2", "2024-03-03 10:00", 1, 10.0, country="UK", product_id="jug"),
        line("b", "3", "2024-03-01 23:59", 1, 100.0, country="DE", product_id="jug"),
        line("b", "3", "2024-03-02 00:01", 1, 20.0, country="DE", product_id="cup"),
        line(None, "4", "2024-03-03 12:00", 2, 5.0, country="UK", product_id="cup"),
        line(None, "5", "2024-03-03 12:00", 1, 5.0, country="FR", product_id="cup"),
        line("c", "6", "2024-03-03 12:00", 1, 0.0, country="UK", product_id="cup"),
        line(None, "A1", "2024-03-03 12:00", 1, -11.0, country="UK", product_id="B"),
        line("c", "7", "2024-03-04 09:00", 0, 3.0, country="UK", product_id="cup"),
    ]
    return build_dataset(data_dir, transactions=rows, partitions=2, currency="GBP")


def test_an_order_is_not_a_line(data_dir: Path) -> None:
    """Wrong formula 4: sum of amounts over the number of lines is the mean line (19.21), not the order (57.64)."""
    lines = [(6, 2.55), (6, 3.39), (8, 2.75)]
    stored = build_dataset(data_dir, transactions=[line("a", "1", "2024-03-01 10:00", q, p) for q, p in lines])
    assert revenue.revenue(view(stored, DAY, DAY)).summary["aov"] == pytest.approx(57.64)


def test_each_part_of_revenue(shop: Dataset) -> None:
    result = revenue.revenue(view(shop, DAY, DAY + 3))
    frame = result.frame.set_index("period")
    assert list(frame["gross"]) == pytest.approx([157.64, 20.0, 25.0, 0.0])
    assert list(frame["returns"]) == pytest.approx([0.0, -15.3, 0.0, 0.0])
    assert list(frame["adjustments"]) == pytest.approx([0.0, 0.0, -11.0, 0.0])
    assert list(frame["net"]) == pytest.approx([157.64, 4.7, 14.0, 0.0])
    assert list(frame["orders"]) == [2, 0, 3, 0]  # order 3 spans midnight and counts once, on its first day
    assert list(frame["payers"]) == [2, 0, 1, 0]
    assert result.summary["gross"] == pytest.approx(202.64)
    assert result.summary["aov"] == pytest.approx(202.64 / 5)
    assert result.summary["arppu"] == pytest.approx((57.64 - 15.3 + 10 + 120) / 2)
    assert result.summary["repeat_rate"] == 0.5
    assert result.summary["guest_share"] == pytest.approx(15 / 202.64)
    assert {item.code: item.count for item in result.left_out} == {"zero_amount": 2, "adjustments": 1}


def test_guests_can_be_left_out_and_are_counted(shop: Dataset) -> None:
    result = revenue.revenue(view(shop, DAY, DAY + 3), guests="exclude")
    assert result.summary["gross"] == pytest.approx(187.64)
    assert result.summary["orders"] == 3
    assert result.summary["arppu"] == pytest.approx((57.64 - 15.3 + 10 + 120) / 2)  # guests are never in it
    assert {item.code: item.count for item in result.left_out} == {"zero_amount": 2, "guests": 2}


def test_a_pure_return_is_no_order(data_dir: Path) -> None:
    """Wrong formula 15: credit notes counted as orders."""
    rows = [line("a", "1", "2024-03-01 10:00", 1, 5.0), line("b", "C2", "2024-03-01 11:00", -1, 5.0)]
    result = revenue.revenue(view(build_dataset(data_dir, transactions=rows), DAY, DAY))
    assert (result.summary["orders"], result.summary["payers"], result.summary["net"]) == (1, 1, 0)


def test_amounts_without_quantity(data_dir: Path) -> None:
    rows = [
        {"user_id": "a", "order_time": "2024-03-01 10:00", "amount": 30.0},
        {"user_id": "a", "order_time": "2024-03-01 10:00", "amount": 12.0},
        {"user_id": "a", "order_time": "2024-03-02 10:00", "amount": -12.0},
        {"user_id": "b", "order_time": "2024-03-02 10:00", "amount": None},
    ]
    result = revenue.revenue(view(build_dataset(data_dir, transactions=rows), DAY, DAY + 1))
    assert (result.summary["gross"], result.summary["returns"], result.summary["orders"]) == (42.0, -12.0, 1)
    assert {item.code: item.count for item in result.left_out} == {"missing_amount": 1}


def test_by_country_adds_up_to_the_total(shop: Dataset) -> None:
    result = revenue.revenue_by(view(shop, DAY, DAY + 3), dimension="country")
    frame = result.frame.set_index("value")
    assert list(frame.index) == ["DE", "UK", "FR"]
    assert frame["net"].sum() == pytest.approx(result.summary["net"])
    assert frame["orders"].sum() == result.summary["orders"] == 5
    assert frame["share"].sum() == pytest.approx(1)
    assert frame.loc["UK", "net"] == pytest.approx(57.64 - 15.3 + 10 + 10 - 11)


def test_by_product_counts_an_order_once_per_product(shop: Dataset) -> None:
    frame = revenue.revenue_by(view(shop, DAY, DAY + 3), dimension="product_id").frame.set_index("value")
    assert dict(frame["orders"]) == {"jug": 3, "cup": 4, "B": 0}
    assert frame.loc["cup", "gross"] == pytest.approx(15.3 + 22 + 20 + 10 + 5)


def test_what_does_not_fit_is_one_row_of_others(shop: Dataset) -> None:
    frame = revenue.revenue_by(view(shop, DAY, DAY + 3), dimension="country", top=1).frame
    assert list(frame["value"]) == ["DE", "2 others"]
    assert list(frame["other"]) == [False, True]
    assert frame["net"].sum() == pytest.approx(176.34)


def test_filters_on_rows_and_on_people(data_dir: Path) -> None:
    rows = [
        line("a", "1", "2024-03-01 10:00", 1, 5.0, product_id="cup"),
        line("b", "2", "2024-03-01 10:00", 1, 7.0, product_id="jug"),
        line(None, "3", "2024-03-01 10:00", 1, 9.0, product_id="jug"),
    ]
    users = [{"user_id": "a", "plan": "Pro"}, {"user_id": "b", "plan": None}]
    stored = build_dataset(data_dir, transactions=rows, users=users, partitions=2)

    def gross(**where: tuple[str, ...]) -> Any:
        return revenue.revenue(view(stored, DAY, DAY, where=where)).summary["gross"]

    assert gross() == 21
    assert gross(product_id=("jug",)) == 16
    assert gross(plan=("Pro",)) == 5
    assert gross(plan=("",)) == 16  # nobody has no plan
    assert gross(plan=("Pro",), product_id=("jug",)) == 0


def test_previous_period_and_its_absence(shop: Dataset) -> None:
    result = revenue.revenue(view(shop, DAY + 2, DAY + 3, previous=Period(DAY, DAY + 1)))
    assert result.summary["previous_gross"] == pytest.approx(177.64)
    assert list(result.frame["previous_period"]) == ["2024-03-01", "2024-03-02"]
    early = revenue.revenue(view(shop, DAY, DAY + 1, previous=Period(DAY - 2, DAY - 1)))
    assert early.summary["previous_gross"] is None
    assert any("begin on 2024-03-01" in note for note in early.notes)


def test_refusals_say_what_is_wrong(shop: Dataset) -> None:
    with pytest.raises(CannotAnswer) as refusal:
        revenue.revenue_by(view(shop, DAY, DAY), dimension="plan")
    assert refusal.value.missing == ("plan",)
    with pytest.raises(UserError):
        revenue.revenue(view(shop, DAY, DAY), guests="maybe")


def test_paying_share_never_exceeds_one(data_dir: Path) -> None:
    """Orders and events may disagree about a filter's column; somebody who pays is active."""
    events = [{"user_id": "a", "event_time": "2024-03-01 10:00", "event_name": "visit", "platform": "web"}]
    rows = [line("b", "1", "2024-03-01 10:00", 1, 5.0), line("a", "2", "2024-03-01 10:00", 1, 5.0)]
    stored = build_dataset(data_dir, events=events, transactions=rows, partitions=2)
    seen = view(stored, DAY, DAY, where={"platform": ("web",)})
    assert METRICS["paying_share"].compute(seen, [(DAY, DAY)])[0] <= 1


LINES = st.lists(
    st.tuples(
        st.sampled_from(("a", "b", "c", None)),
        st.sampled_from(("1", "2", "3", "4")),
        st.integers(0, 5 * 86_400),
        st.integers(-3, 4),
        st.sampled_from((0.0, 1.0, 2.5, -1.0)),
        st.sampled_from(("UK", "DE", None)),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LINES, st.integers(1, 3), st.booleans(), st.sampled_from((None, ("UK",), ("UK", ""))))
def test_revenue_is_what_the_definitions_say(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[Any],
    partitions: int,
    guests: bool,
    countries: tuple[str, ...] | None,
) -> None:
    start = dt.datetime(2024, 3, 1)
    rows = [
        line(
            user,
            f"{user}-{order}",
            (start + dt.timedelta(seconds=second)).isoformat(),
            quantity,
            price,
            country=country,
        )
        for user, order, second, quantity, price, country in lines
    ]
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("data")
        patch.setenv("DASHBOARD_DATA_DIR", str(folder))
        product_settings.current.cache_clear()
        try:
            stored = build_dataset(folder, transactions=rows, partitions=partitions)
            where = (
                {"country": countries} if countries and stored.manifest.has_column("transactions", "country") else {}
            )
            seen = view(stored, DAY, DAY + 5, where=where)
            result = revenue.revenue(seen, guests="include" if guests else "exclude")
            by_country = revenue.revenue_by(seen, guests="include" if guests else "exclude") if where else None
        finally:
            product_settings.current.cache_clear()
    chosen = [
        row for row in rows if (guests or row["user_id"]) and (not where or (row["country"] or "") in where["country"])
    ]
    gross = [row for row in chosen if row["quantity"] > 0 and row["unit_price"] > 0]
    expected: dict[str, float] = defaultdict(float)
    for row in chosen:
        expected["net"] += row["quantity"] * row["unit_price"]
        if row["quantity"] < 0 and row["quantity"] * row["unit_price"] < 0:
            expected["returns"] += row["quantity"] * row["unit_price"]
    expected["gross"] = sum(row["quantity"] * row["unit_price"] for row in gross)
    orders: dict[Any, set[str]] = defaultdict(set)
    for row in gross:
        orders[row["user_id"]].add(row["order_id"])
    known = [ids for user, ids in orders.items() if user]
    summary = result.summary
    assert summary["net"] == pytest.approx(expected["net"])
    assert summary["gross"] == pytest.approx(expected["gross"])
    assert summary["returns"] == pytest.approx(expected["returns"])
    assert summary["orders"] == sum(len(ids) for ids in orders.values())
    assert summary["payers"] == len(known)
    repeat = sum(len(ids) > 1 for ids in known) / len(known) if known else None
    assert summary["repeat_rate"] == (pytest.approx(repeat) if repeat is not None else None)
    assert result.frame["orders"].sum() == summary["orders"]
    for day, found in zip(range(DAY, DAY + 6), result.frame["gross"], strict=True):
        own = [row for row in gross if day_number(dt.datetime.fromisoformat(row["order_time"]).date()) == day]
        assert found == pytest.approx(math.fsum(row["quantity"] * row["unit_price"] for row in own))
    if by_country is not None:
        assert by_country.frame["net"].sum() == pytest.approx(summary["net"])
