from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.customers import lists
from dashboard.customers.cleaning import stored
from dashboard.customers.cleaning.rules import Cleaning
from dashboard.customers.features import features_of
from dashboard.customers.table import (
    active_days,
    local_days,
    orders_until,
    people_from_bytes,
    people_table,
    revenue_until,
)
from dashboard.filters import Filters
from dashboard.insights.view import view_of
from dashboard.schema import NULL_TIME
from tests.store_builder import build_dataset

people = st.lists(st.sets(st.integers(0, 30)), min_size=1, max_size=8)


@given(people, st.integers(-1, 31))
def test_active_days_equal_counting_by_hand(days: list[set[int]], as_of: int) -> None:
    offsets = np.concatenate(([0], np.cumsum([len(own) for own in days])))
    day = np.array([d for own in days for d in sorted(own)], dtype=np.int32)
    first, last, count = active_days(offsets, day, as_of)
    for i, own in enumerate(days):
        until = [d for d in own if d <= as_of]
        assert count[i] == len(until)
        assert (
            (np.isnan(first[i]) and np.isnan(last[i])) if not until else (first[i], last[i]) == (min(until), max(until))
        )


def rows(**columns: object) -> SimpleNamespace:
    offsets = np.asarray(columns.pop("offsets"))
    arrays = {name: np.asarray(values) for name, values in columns.items()}
    return SimpleNamespace(offsets=offsets, n_known=int(offsets[-1]), column=arrays.__getitem__, day=arrays["day"])


def test_revenue_and_orders_stop_at_the_day_and_leave_guests_out() -> None:
    table = rows(
        offsets=[0, 3, 3, 4],
        day=np.array([1, 5, 9, 2, 1], dtype=np.int32),
        amount=[10.0, -4.0, 100.0, np.nan, 999.0],
        event_name=[7, 8, 7, 7, 7],
    )
    assert revenue_until(table, 5).tolist() == [6.0, 0.0, 0.0]  # type: ignore[arg-type]
    assert revenue_until(table, 9).tolist() == [106.0, 0.0, 0.0]  # type: ignore[arg-type]
    assert orders_until(table, 7, 5).tolist() == [1.0, 0.0, 1.0]  # type: ignore[arg-type]


def test_days_are_those_of_the_datasets_zone() -> None:
    late = int(pd.Timestamp("2025-06-30 22:30", tz="UTC").value // 1_000)
    times = np.array([late, NULL_TIME, -1])
    assert np.array_equal(local_days(times, "Europe/Berlin"), [20_270.0, np.nan, 0.0], equal_nan=True)
    assert np.array_equal(local_days(times, "UTC"), [20_269.0, np.nan, -1.0], equal_nan=True)


def test_the_table_survives_the_cache_and_is_sorted(data_dir: Path) -> None:
    dataset = build_dataset(
        data_dir,
        users=[{"user_id": text, "country": "UK" if text < "c" else None, "usage": 1.5} for text in "dbéca"],
        events=[{"user_id": text, "event_time": "2025-01-01 10:00", "event_name": "visit"} for text in "az"],
        partitions=3,
    )
    table = people_table(dataset, 20_090)
    assert table.frame["user_id"].tolist() == ["a", "b", "c", "d", "z", "é"]  # byte order; z is in no user table
    assert table.measures == ("usage", "active_days")
    assert table.frame["country"].isna().tolist() == [False, False, True, True, True, True]
    kept = people_from_bytes(table.to_bytes())
    pd.testing.assert_frame_equal(kept.frame, table.frame)
    assert (kept.measures, kept.as_of, kept.later) == (table.measures, table.as_of, table.later)
    with pytest.raises(ValueError, match="not a stored table"):
        people_from_bytes(b"nonsense")


def test_features_are_rates_so_that_newcomers_are_not_casual(data_dir: Path) -> None:
    stamps = pd.date_range("2025-01-01 12:00", periods=56, freq="D")
    dataset = build_dataset(
        data_dir,
        events=[{"user_id": "old", "event_time": stamp, "event_name": "visit"} for stamp in stamps]
        + [{"user_id": "new", "event_time": stamp, "event_name": "visit"} for stamp in stamps[-7:]]
        + [{"user_id": "once", "event_time": stamps[-1], "event_name": "visit"}],
    )
    values, features = features_of(people_table(dataset, dataset.manifest.last_day or 0))
    assert values["active_days_per_week"].tolist() == [7.0, 7.0, 1.0]
    assert [feature.name for feature in features if feature.fitted] == ["recency_days", "active_days_per_week"]


def test_dates_and_numbers_become_plain_values() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.5, np.nan], "b": lists.day_text(pd.Series([20_000.0, np.nan, 0.0]))})
    assert lists.json_rows(frame) == [
        {"a": 1, "b": "2024-10-04"},
        {"a": 2.5, "b": None},
        {"a": None, "b": "1970-01-01"},
    ]


def test_orders_and_revenue_go_through_the_cleaning_rules(data_dir: Path) -> None:
    lines = [
        {"user_id": user, "order_id": order, "product_id": code, "order_time": f"2025-01-0{day}", "amount": amount}
        for user, order, code, day, amount in (
            ("a", "1", "85123A", 1, 10.0),
            ("a", "1", "POST", 1, 3.0),
            ("a", "2", "POST", 2, 4.0),  # an order of nothing but postage
            ("a", "3", "22423", 4, 5.0),
            ("a", "4", "85123A", 3, -2.0),
            ("b", "5", "POST", 3, 7.0),
        )
    ]
    dataset = build_dataset(data_dir, transactions=lines)
    plain = people_table(dataset, dataset.manifest.last_day or 0).frame
    assert plain[["orders", "revenue"]].to_numpy().tolist() == [[3.0, 20.0], [1.0, 7.0]]
    stored.keep(dataset.id, Cleaning(service_codes="drop", codes=("POST",)))
    view = view_of(dataset, Filters())
    cleaned = people_table(dataset, view.as_of, view).frame
    assert cleaned[["orders", "revenue"]].to_numpy().tolist() == [[2.0, 13.0], [0.0, 0.0]]
    early = people_table(dataset, view.as_of - 1, view).frame
    assert early[["orders", "revenue"]].to_numpy().tolist() == [[1.0, 8.0], [0.0, 0.0]]
