"""The customer table: everybody once, equal to plain pandas, sorted, filtered and written whole."""

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dashboard import service
from dashboard.errors import NotFound, UserError
from dashboard.filters import Filters
from dashboard.service import customers, exports, insight_people
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset
from tests.unit.service.test_customer_lists import shop_orders

TABLE = customers.CUSTOMER_TABLE


@pytest.fixture
def shop(data_dir: Path) -> Dataset:
    return build_dataset(data_dir, transactions=shop_orders(120))


def page(dataset: str, filters: Filters = Filters(), **asked: Any) -> Any:  # noqa: B008 - a frozen value
    return insight_people.page(dataset, filters, TABLE, asked.pop("options", {}), end=1_000, **asked)


def test_every_row_is_what_pandas_says(shop: Dataset) -> None:
    lines = pd.DataFrame(shop_orders(120))
    lines["day"] = lines["order_time"].str[:10]
    expected = lines.groupby("user_id").agg(
        first_seen=("day", "min"),
        last_seen=("day", "max"),
        orders=("order_id", "nunique"),
        active_days=("day", "nunique"),
        revenue=("amount", "sum"),
    )
    found = pd.DataFrame(page(shop.id).rows).set_index("user_id")
    assert len(found) == 120 and found.index.is_monotonic_increasing
    for name in ("first_seen", "last_seen"):
        assert found[name].to_dict() == expected[name].to_dict()
    for name in ("orders", "active_days", "revenue"):
        assert found[name].to_dict() == pytest.approx(expected[name].to_dict())
    assert found["average_order_value"].to_dict() == pytest.approx((expected["revenue"] / expected["orders"]).to_dict())
    until = pd.Timestamp(lines["day"].max())
    recency = (until - pd.to_datetime(expected["last_seen"])).dt.days
    assert found["recency_days"].to_dict() == recency.to_dict()


def test_divisions_are_those_of_the_segments_page(shop: Dataset) -> None:
    found = pd.DataFrame(page(shop.id).rows)
    rules = customers.segmentation(shop.id, Filters(), customers.RuleSet()).distribution.frame
    groups = customers.clusters(shop.id, Filters(), customers.RuleSet()).groups.frame
    segments, _ = customers.rfm(shop.id, Filters(), {})
    for column, names, people in (
        ("segment", rules["segment"], rules["people"]),
        ("group", groups["name"], groups["people"]),
        ("rfm_segment", segments.frame["segment"], segments.frame["customers"]),
    ):
        counts = found[column].value_counts()
        assert {name: int(counts.get(name, 0)) for name in names} == dict(zip(names, people, strict=True))
    people = service.insight("rfm_people", shop.id, Filters()).frame.set_index("user_id")
    shown = found.set_index("user_id")
    assert (shown["rfm_recency"] == people["R"]).all() and (shown["rfm_money"] == people["M"]).all()


def test_sorting_filters_and_the_file_have_the_same_people(shop: Dataset) -> None:
    narrowed = {"orders": {"type": "greaterThan", "filter": 4}, "country": {"type": "equals", "filter": "uk"}}
    shown = page(shop.id, filter_model=narrowed, sort_model=[{"colId": "revenue", "sort": "desc"}])
    assert 0 < shown.total == len(shown.rows) < 120
    money = [row["revenue"] for row in shown.rows]
    assert money == sorted(money, reverse=True)
    assert {row["country"] for row in shown.rows} == {"UK"} and min(row["orders"] for row in shown.rows) > 4
    grid = '{"orders":{"type":"greaterThan","filter":4},"country":{"type":"equals","filter":"uk"}}'
    link = insight_people.export_link(Filters(dataset=shop.id), TABLE, {}, grid=grid)
    made = exports.export("insight-people", link[link.index("?") :])
    rows = list(csv.DictReader(io.StringIO(b"".join(made.chunks).decode())))
    assert {row["user_id"] for row in rows} == {row["user_id"] for row in shown.rows}
    assert next(iter(rows[0])) == "user_id" and "rfm_segment" in rows[0]
    with pytest.raises(UserError):
        page(shop.id, sort_model=[{"colId": "no_such", "sort": "asc"}])


def test_page_filters_the_saved_segment_and_the_day_count(shop: Dataset) -> None:
    uk = Filters().with_where("country", ["UK"])
    assert page(shop.id, uk).total == 40
    listed = customers.listed(shop.id, Filters(), "group.0", customers.Asked(customers.RuleSet(), {}, {}))
    saved = service.segments.save_segment(shop.id, "Best", listed.rule)
    best = page(shop.id, Filters(segment=saved.id))
    assert best.total == len(service.segments.segment_people(shop.id, Filters(), listed.rule)) < 120
    early = page(shop.id, Filters(as_of=dt.date(2024, 3, 31)))
    assert early.total == 120
    assert sum(row["orders"] for row in early.rows) < sum(row["orders"] for row in page(shop.id).rows)


def test_switches_and_names_of_rfm_reach_the_table(shop: Dataset) -> None:
    ranked = pd.DataFrame(page(shop.id, options={"scoring": "rank"}).rows)
    expected = service.insight("rfm", shop.id, Filters(), scoring="rank").frame.set_index("segment")["customers"]
    counts = ranked["rfm_segment"].value_counts()
    assert {name: int(counts.get(name, 0)) for name in expected.index} == expected.to_dict()
    grid = [list(row) for row in customers.get_map(shop.id).grid]
    grid[0][3] = grid[0][4] = "Stars"
    customers.save_map(shop.id, grid, {})
    assert "Stars" in set(pd.DataFrame(page(shop.id).rows)["rfm_segment"])


def test_users_without_orders_have_a_table_too(data_dir: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [
        {"user_id": f"p{n:02d}", "usage": float(rng.gamma(2, 30)), "last_active_time": f"2025-01-{n % 28 + 1:02d}"}
        for n in range(70)
    ]
    dataset = build_dataset(data_dir, users=rows)
    names = [column.name for column in insight_people.columns(dataset.id, Filters(), TABLE, {})]
    assert "usage" in names and "rfm_segment" in names and not {"orders", "revenue", "country"} & set(names)
    assert page(dataset.id).total == 70
    assert page(dataset.id, options={"models": True}).total == 70


def test_models_add_their_columns(shop: Dataset) -> None:
    names = [column.name for column in insight_people.columns(shop.id, Filters(), TABLE, {"models": True})]
    assert {"clv", "churn_probability", "churn_band"} & set(names)
    plain = [column.name for column in insight_people.columns(shop.id, Filters(), TABLE, {})]
    assert not {"clv", "churn_probability", "churn_band"} & set(plain)


def test_somebody_else_sees_nothing(shop: Dataset) -> None:
    with service.acting_as("somebody else"), pytest.raises(NotFound):
        page(shop.id)
