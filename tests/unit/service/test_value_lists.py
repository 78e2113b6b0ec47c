"""Lists with columns of their own: pages, sorting, filters and files hold the same people as the number."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from dashboard import service
from dashboard.errors import CannotAnswer, UserError
from dashboard.service import insight_people
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset
from tests.unit.customers.test_rfm_insights import ALL, orders


@pytest.fixture
def shop(data_dir: Path) -> Dataset:
    return build_dataset(data_dir, transactions=orders())


def test_number_page_and_file_are_the_same_customers(shop: Dataset) -> None:
    number = int(service.insight("clv", shop.id, ALL, by="tier").frame.iloc[0]["customers"])
    options = {"by": "tier", "group": "High"}
    page = insight_people.page(shop.id, ALL, "clv_people", options)
    made = insight_people.download(shop.id, ALL, "clv_people", options)
    rows = list(csv.DictReader(io.StringIO(b"".join(made.chunks).decode())))
    assert page.total == made.people == len(rows) == number
    assert [row["user_id"] for row in rows] == [row["user_id"] for row in page.rows]
    columns = insight_people.columns(shop.id, ALL, "clv_people", options)
    assert list(rows[0]) == [column.name for column in columns]
    for shown, written in zip(page.rows, rows, strict=True):
        assert float(written["low"]) == pytest.approx(shown["low"]) and shown["low"] <= shown["high"]


def test_the_grid_sorts_and_filters_all_of_them(shop: Dataset) -> None:
    sort = [{"colId": "overdue_days", "sort": "asc"}]
    narrowed = {"orders_so_far": {"type": "greaterThan", "filter": 2}}
    page = insight_people.page(shop.id, ALL, "clv_people", {}, sort_model=sort, filter_model=narrowed)
    assert [row["overdue_days"] for row in page.rows] == sorted(row["overdue_days"] for row in page.rows)
    everybody = service.insight("clv_people", shop.id, ALL).frame
    assert page.total == int((everybody["orders_so_far"] > 2).sum()) > 0
    made = insight_people.download(shop.id, ALL, "clv_people", {}, filter_model=narrowed)
    assert made.people == page.total and "narrowed" in made.file_name
    with pytest.raises(UserError):  # the range of one customer is made for shown rows only
        insight_people.page(shop.id, ALL, "clv_people", {}, sort_model=[{"colId": "low", "sort": "asc"}])


def test_what_the_data_lack_is_said(data_dir: Path) -> None:
    people = build_dataset(data_dir, users=[{"user_id": "a", "country": "UK"}, {"user_id": "b", "country": "DE"}])
    for name in ("clv_people", "clv_subscribers", "churn_people"):
        with pytest.raises(CannotAnswer):
            insight_people.page(people.id, ALL, name, {})
