"""Rows of a stored table for the grid: labels, local times, every filter against plain Python, and nobody else's."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from dashboard.errors import NotFound, UserError
from dashboard.service import core, stored_rows
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset

LINES = [
    {
        "user_id": None if i % 9 == 0 else f"u{i % 5}",
        "order_time": f"2024-01-{i % 20 + 1:02d} 23:{i % 60:02d}",
        "amount": float(i % 7) / 2,
        "order_id": f"o{i // 2}",
        "country": [None, "DE", "FR"][i % 3],
        "Paid on (card)": i % 2 == 0,
    }
    for i in range(60)
]


@pytest.fixture
def orders(data_dir: Path) -> Dataset:
    users = [{"user_id": f"u{i}", "signup_time": f"2024-01-0{i + 1}"} for i in range(4)]
    return build_dataset(data_dir, transactions=LINES, users=users, time_zone="Europe/Berlin")


def keys(dataset: Dataset, table: str = "transactions") -> dict[str, str]:
    return {column.label: column.name for column, _ in stored_rows.row_columns(dataset.id, table)}


def rows(dataset: Dataset, **asked: Any) -> list[dict[str, Any]]:
    """Rows by label."""
    named = {key: label for label, key in keys(dataset).items()}
    page = stored_rows.row_page(dataset.id, "transactions", end=1_000, **asked)
    assert page.total == len(page.rows)
    return [{named[key]: value for key, value in row.items()} for row in page.rows]


def test_tables_labels_and_cells(orders: Dataset) -> None:
    assert stored_rows.tables(orders.id) == {"users": 5, "transactions": 60}
    found = rows(orders)
    assert list(found[0])[:3] == ["Customer id", "Order time", "Line amount"]
    assert {row["Customer id"] for row in found} == {None, "u0", "u1", "u2", "u3", "u4"}
    got = sorted((str(r["Customer id"]), r["Order time"], r["Line amount"], str(r["Country"])) for r in found)
    expected = sorted((str(r["user_id"]), f"{r['order_time']}:00", r["amount"], str(r["country"])) for r in LINES)
    assert got == expected
    assert {row[label] for row in found for label in row if label.startswith("Paid")} == {"yes", "no"}


def test_days_have_no_time_of_day(orders: Dataset) -> None:
    key = keys(orders, "users")["Signed up"]
    shown = {row[key] for row in stored_rows.row_page(orders.id, "users").rows}
    assert shown == {"2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04", None}


@pytest.mark.parametrize(
    ("label", "model", "holds"),
    [
        ("Country", {"type": "equals", "filter": "DE"}, lambda r: r["Country"] == "DE"),
        ("Country", {"type": "contains", "filter": "r"}, lambda r: r["Country"] == "FR"),
        ("Country", {"type": "blank"}, lambda r: r["Country"] is None),
        ("Customer id", {"type": "blank"}, lambda r: r["Customer id"] is None),
        ("Customer id", {"type": "equals", "filter": "u3"}, lambda r: r["Customer id"] == "u3"),
        ("Line amount", {"type": "equals", "filter": 1.5}, lambda r: r["Line amount"] == 1.5),
        ("Line amount", {"type": "greaterThan", "filter": 1.5}, lambda r: r["Line amount"] > 1.5),
        ("Line amount", {"type": "greaterThanOrEqual", "filter": 1.5}, lambda r: r["Line amount"] >= 1.5),
        ("Line amount", {"type": "lessThan", "filter": 1.5}, lambda r: r["Line amount"] < 1.5),
        ("Line amount", {"type": "lessThanOrEqual", "filter": 1.5}, lambda r: r["Line amount"] <= 1.5),
        ("Line amount", {"type": "inRange", "filter": 1, "filterTo": 2}, lambda r: 1 <= r["Line amount"] <= 2),
        ("Order time", {"type": "equals", "dateFrom": "2024-01-05"}, lambda r: r["Order time"][:10] == "2024-01-05"),
        ("Order time", {"type": "lessThan", "dateFrom": "2024-01-05"}, lambda r: r["Order time"][:10] < "2024-01-05"),
        (
            "Order time",
            {"type": "greaterThan", "dateFrom": "2024-01-05"},
            lambda r: r["Order time"][:10] > "2024-01-05",
        ),
        (
            "Order time",
            {"type": "inRange", "dateFrom": "2024-01-05 00:00:00", "dateTo": "2024-01-07 00:00:00"},
            lambda r: "2024-01-05" <= r["Order time"][:10] <= "2024-01-07",
        ),
    ],
)
def test_every_filter(orders: Dataset, label: str, model: dict[str, Any], holds: Any) -> None:
    expected = [row for row in rows(orders) if holds(row)]
    assert 0 < len(expected) < 60
    assert rows(orders, filter_model={keys(orders)[label]: model}) == expected


def test_sorting_and_paging(orders: Dataset) -> None:
    by = [{"colId": keys(orders)["Line amount"], "sort": "desc"}, {"colId": keys(orders)["Customer id"], "sort": "asc"}]
    found = rows(orders, sort_model=by)
    assert found == sorted(
        rows(orders), key=lambda r: (-r["Line amount"], r["Customer id"] is None, r["Customer id"] or "")
    )
    page = stored_rows.row_page(orders.id, "transactions", start=20, end=30, sort_model=by)
    amount = keys(orders)["Line amount"]
    assert [row[amount] for row in page.rows] == [row["Line amount"] for row in found[20:30]]
    assert page.total == 60


@pytest.mark.parametrize(
    "asked",
    [
        {"filter_model": {"c99": {"type": "blank"}}},
        {"filter_model": {"c1": {"type": "equals", "dateFrom": "soon"}}},
        {"filter_model": {"c2": {"type": "equals", "filter": "x"}}},
        {"filter_model": {"c2": {"type": "'; DROP", "filter": 1}}},
        {"filter_model": {"c0": 5}},
        {"filter_model": {"c0": {"type": ["equals"], "filter": "u1"}}},
        {"sort_model": [{"colId": "user_id", "sort": "asc"}]},
        {"sort_model": [{"colId": "c0", "sort": "up"}]},
        {"sort_model": [5]},
    ],
)
def test_what_a_browser_may_not_ask(orders: Dataset, asked: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="not known"):
        stored_rows.row_page(orders.id, "transactions", **asked)


def test_unknown_tables_and_strangers(orders: Dataset) -> None:
    for table in ("events", "days", "../users", ""):  # events are derived here and came from no file
        with pytest.raises(NotFound):
            stored_rows.row_page(orders.id, table)
    with core.acting_as("bob"):
        for ask in (stored_rows.tables, lambda i: stored_rows.row_columns(i, "users")):
            with pytest.raises(NotFound):
                ask(orders.id)
        with pytest.raises(NotFound):
            stored_rows.row_page(orders.id, "users")


def test_a_day_of_the_zone_is_not_a_day_of_utc(orders: Dataset) -> None:
    key = keys(orders)["Order time"]
    late = [row["Order time"] for row in rows(orders, filter_model={key: {"type": "equals", "dateFrom": "2024-01-05"}})]
    moments = {dt.datetime.fromisoformat(text).date() for text in late}
    assert moments == {dt.date(2024, 1, 5)}
