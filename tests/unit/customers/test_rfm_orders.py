"""Order days of customers against plain Python, through the store."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from dashboard.customers import rfm_kernels as kernels
from dashboard.customers.rfm_orders import OrderBook, order_book, week_of
from dashboard.errors import CannotAnswer, UserError
from dashboard.filters import day_number
from dashboard.insights.rfm import ids_of
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset
from tests.unit.insights.oracle import view

START = dt.date(2024, 1, 1)


def book_of(dataset: Dataset, as_of: int | None = None, names: tuple[str, ...] = ()) -> tuple[OrderBook, list[str]]:
    assert dataset.manifest.first_day is not None
    assert dataset.manifest.last_day is not None
    seen = view(dataset, dataset.manifest.first_day, dataset.manifest.last_day)
    book = order_book(seen, as_of, names)
    return book, [str(user) for user in ids_of(seen, book.row)]


def line(user: str | None, day: int, order: str, quantity: float, price: float, product: str = "p") -> dict[str, Any]:
    when = START + dt.timedelta(days=day)
    fields = {"user_id": user, "order_time": f"{when} 10:00", "order_id": order, "product_id": product}
    return {**fields, "quantity": quantity, "unit_price": price}


def plain(lines: list[dict[str, Any]], as_of: int) -> dict[str, dict[str, Any]]:
    """Order days, values after paired returns and net money per customer, by the definition."""
    found: dict[str, dict[str, Any]] = {}
    by_user = defaultdict(list)
    for item in lines:
        if item["user_id"] is not None and day_of(item) <= as_of:
            by_user[item["user_id"]].append(item)
    for user, own in by_user.items():
        own.sort(key=day_of)
        home: dict[str, int] = {}
        days: dict[int, float] = defaultdict(float)
        orders: dict[int, int] = defaultdict(int)
        sold: list[dict[str, Any]] = []
        for item in own:
            amount = item["quantity"] * item["unit_price"]
            if item["quantity"] > 0 and item["unit_price"] > 0:
                if item["order_id"] not in home:
                    home[item["order_id"]] = day_of(item)
                    orders[day_of(item)] += 1
                days[home[item["order_id"]]] += amount
                sold.append({**item, "left": item["quantity"], "home": home[item["order_id"]]})
            elif amount < 0 and item["quantity"] < 0:
                wanted = -item["quantity"]
                fits = [s for s in reversed(sold) if s["product_id"] == item["product_id"] and s["left"] >= wanted]
                fits.sort(key=lambda s: (s["unit_price"] != item["unit_price"], s["left"] != wanted))
                for match in fits[:1]:
                    match["left"] -= wanted
                    days[match["home"]] += amount
        if orders:
            net = sum(i["quantity"] * i["unit_price"] for i in own)
            found[user] = {"days": sorted(days), "orders": sum(orders.values()), "value": dict(days), "net": net}
    return found


def day_of(item: dict[str, Any]) -> int:
    return day_number(dt.date.fromisoformat(item["order_time"][:10]))


lines_of = st.lists(
    st.builds(
        line,
        st.sampled_from(["a", "b", "c", None]),
        st.integers(0, 9),
        st.sampled_from(["1", "2", "3", "4"]),
        st.sampled_from([-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]),
        st.sampled_from([0.0, 1.0, 2.5]),
        st.sampled_from(["p", "q"]),
    ),
    min_size=1,
    max_size=25,
    unique_by=lambda item: (item["user_id"], item["order_time"]),  # same instant: the store's order decides pairing
)


@given(lines_of, st.integers(0, 9))
@effort(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_order_days_are_the_definition(data_dir: Path, lines: list[dict[str, Any]], until: int) -> None:
    dataset = build_dataset(data_dir, transactions=lines, partitions=2, duplicates=(("transactions", "keep"),))
    if dataset.manifest.last_day is None or not dataset.manifest.users:
        return
    as_of = min(day_number(START) + until, dataset.manifest.last_day)
    book, users = book_of(dataset, as_of)
    wanted = plain(lines, as_of)
    assert sorted(users) == sorted(wanted)
    for i, user in enumerate(users):
        part = slice(book.offsets[i], book.offsets[i + 1])
        assert book.day[part].tolist() == wanted[user]["days"]
        assert book.order_count[i] == wanted[user]["orders"]
        assert book.value[part].tolist() == pytest.approx([wanted[user]["value"][d] for d in wanted[user]["days"]])
        assert book.net[i] == pytest.approx(wanted[user]["net"])
        assert book.returned[i] <= 0


def test_a_return_changes_money_and_nothing_else(data_dir: Path) -> None:
    bought = [line("a", 0, "1", 2, 5.0), line("a", 5, "2", 1, 7.0, "q"), line("b", 1, "3", 1, 4.0)]
    returned = [*bought, line("a", 9, "C1", -1, 5.0), line("b", 9, "C2", -1, 4.0), line("b", 9, "C3", -7, 4.0)]
    before, users = book_of(build_dataset(data_dir, transactions=bought))
    after, same = book_of(build_dataset(data_dir, transactions=returned))
    assert users == same
    assert np.array_equal(before.last_day, after.last_day)
    assert np.array_equal(before.order_count, after.order_count)
    a, b = users.index("a"), users.index("b")
    assert (after.net[a], after.net[b]) == (12.0, 4.0 - 4.0 - 28.0)
    assert after.value.sum() == pytest.approx(5.0 + 7.0 + 0.0)
    assert after.unpaired[b] == -28.0
    assert "match no earlier purchase" in after.notes[0]
    history = after.history()
    assert history.x[a] == 1
    assert history.zbar[a] == 7.0


def test_a_return_is_not_known_before_it_happened(data_dir: Path) -> None:
    lines = [line("a", 0, "1", 2, 5.0), line("a", 20, "C", -2, 5.0)]
    dataset = build_dataset(data_dir, transactions=lines)
    early, _ = book_of(dataset, day_number(START) + 10)
    late, _ = book_of(dataset)
    assert (early.value.sum(), early.net[0]) == (10.0, 10.0)
    assert (late.value.sum(), late.net[0]) == (0.0, 0.0)


def test_guests_zero_prices_and_pure_returners_are_no_customers(data_dir: Path) -> None:
    lines = [
        line(None, 0, "1", 1, 9.0),
        line("free", 0, "2", 1, 0.0),
        line("back", 0, "C", -1, 9.0),
        line("a", 1, "3", 1, 1),
    ]
    _, users = book_of(build_dataset(data_dir, transactions=lines))
    assert users == ["a"]


def test_without_products_a_return_pairs_by_its_amount(data_dir: Path) -> None:
    lines = [
        {"user_id": "a", "order_time": f"2024-01-{day:02d}", "amount": amount}
        for day, amount in ((1, 10.0), (2, 20.0), (3, -10.0), (4, -3.0))
    ]
    book, _ = book_of(build_dataset(data_dir, transactions=lines))
    assert book.value.tolist() == [0.0, 20.0]
    assert (book.returned[0], book.unpaired[0], book.net[0]) == (-13.0, -3.0, 17.0)


def test_orders_may_be_events(data_dir: Path) -> None:
    events = [
        {"user_id": user, "event_time": f"2024-01-{day:02d}", "event_name": name, "amount": amount, "order_id": order}
        for user, day, name, amount, order in (
            ("a", 1, "Purchase", 5.0, "1"),
            ("a", 1, "Purchase", 3.0, "1"),
            ("a", 3, "Purchase", None, "2"),
            ("a", 9, "visit", None, None),
            ("a", 9, "refund", -2.0, "1"),
            ("b", 2, "visit", None, None),
        )
    ]
    dataset = build_dataset(data_dir, events=events)
    for names in ((), ("Purchase",)):
        book, users = book_of(dataset, names=names)
        assert users == ["a"]
        assert (book.order_count[0], book.order_days[0], book.net[0], book.gross_total[0]) == (2, 2, 6.0, 8.0)
    with pytest.raises(UserError, match="no event named"):
        book_of(dataset, names=("buy",))
    with pytest.raises(CannotAnswer):
        book_of(build_dataset(data_dir, events=[e for e in events if e["event_name"] == "visit"]))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1_000), st.floats(0, 100)), min_size=1, max_size=40))
def test_the_best_year_is_the_best_window(rows: list[tuple[int, int, float]]) -> None:
    rows = sorted({(u, d): v for u, d, v in rows}.items())  # type: ignore[assignment]
    users = sorted({key[0] for key, _ in rows})  # type: ignore[index]
    offsets = np.searchsorted([users.index(key[0]) for key, _ in rows], np.arange(len(users) + 1))  # type: ignore[index]
    day = np.array([key[1] for key, _ in rows], np.int32)  # type: ignore[index]
    value = np.array([v for _, v in rows], float)  # type: ignore[misc]
    out = np.empty(len(users))
    kernels.best_year(offsets.astype(np.int64), day, value, out)
    for i in range(len(users)):
        part = range(offsets[i], offsets[i + 1])
        wanted = max(sum(value[k] for k in part if day[j] <= day[k] < day[j] + 365) for j in part)
        assert out[i] == pytest.approx(wanted)


def test_weeks_begin_on_monday() -> None:
    sunday, monday = day_number(dt.date(2018, 12, 30)), day_number(dt.date(2018, 12, 31))
    assert week_of(monday) == week_of(sunday) + 1
    assert week_of(monday) == week_of(day_number(dt.date(2019, 1, 6)))
