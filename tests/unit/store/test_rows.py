"""Pages of rows against plain Python, and the lock-down of the engine behind them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from dashboard.errors import NotFound
from dashboard.store import rows
from dashboard.store.dataset import Dataset
from dashboard.store.rows import Condition, page
from tests.dump import table
from tests.store_builder import build_dataset

HOSTILE = 'a" ; DROP TABLE x; --'


@pytest.fixture
def dataset(data_dir: Path) -> Dataset:
    rng = np.random.default_rng(5)
    events = [
        {
            "user_id": None if i % 10 == 0 else f"u{i % 7}",
            "event_time": f"2024-01-{i % 28 + 1:02d} 10:{i % 60:02d}",
            "event_name": ["visit", "Buy", "leave"][i % 3],
            "country": [None, "DE", "FR"][int(rng.integers(3))],
            "amount": None if i % 4 == 0 else float(rng.integers(5)),
            HOSTILE: f"b) from read_text('/etc/passwd')--{i % 2}",
        }
        for i in range(120)
    ]
    return build_dataset(
        data_dir, events=events, users=[{"user_id": "u1", "vip": True}, {"user_id": "u2", "vip": False}]
    )


def test_pages_are_in_stored_order_and_do_not_overlap(dataset: Dataset) -> None:
    names = ["user_id", "time", "event_name", "country", "amount", HOSTILE]
    expected = [tuple(row[n] for n in names) for row in table(dataset, "events")]
    pages = [page(dataset, "events", names, offset=o, limit=50) for o in (0, 50, 100)]
    assert [row for p in pages for row in p.rows] == expected
    assert {p.total for p in pages} == {120}
    assert pages[0].columns == tuple(names)


@pytest.mark.parametrize("name", ["user_id", "time", "event_name", "amount"])
@pytest.mark.parametrize("down", [False, True])
def test_sorting_puts_missing_cells_last_and_keeps_the_stored_order_of_ties(
    dataset: Dataset, name: str, down: bool
) -> None:
    stored = table(dataset, "events")
    there = [r for r in stored if r[name] is not None]
    there.sort(key=lambda r: r[name], reverse=False)
    if down:  # a descending sort that keeps the order of ties
        there = sorted(there, key=lambda r: _negated(r[name]))
    expected = [(r[name], r["time"]) for r in [*there, *(r for r in stored if r[name] is None)]]
    assert page(dataset, "events", [name, "time"], sort=[(name, down)], limit=1_000).rows == expected


def _negated(value: Any) -> Any:
    return [-ord(c) for c in value] if isinstance(value, str) else -value


@pytest.mark.parametrize(("condition", "holds"), [
    (Condition("country", "in", ("DE",)), lambda r: r["country"] == "DE"),
    (Condition("country", "in", ("", "FR")), lambda r: r["country"] in (None, "FR")),
    (Condition("country", "in", ("",)), lambda r: r["country"] is None),
    (Condition("country", "in", ("nowhere",)), lambda r: False),
    (Condition("event_name", "contains", ("BU",)), lambda r: r["event_name"] == "Buy"),
    (Condition("user_id", "contains", ("U3",)), lambda r: r["user_id"] == "u3"),
    (Condition("user_id", "in", ("u1", "u2")), lambda r: r["user_id"] in ("u1", "u2")),
    (Condition("amount", "at_least", (3,)), lambda r: r["amount"] is not None and r["amount"] >= 3),
    (Condition("amount", "below", (3,)), lambda r: r["amount"] is not None and r["amount"] < 3),
    (Condition(HOSTILE, "contains", ("passwd')--1",)), lambda r: r[HOSTILE].endswith("1")),
    (Condition("country", "in", ("x' OR '1'='1",)), lambda r: False),
])  # fmt: skip
def test_conditions(dataset: Dataset, condition: Condition, holds: Any) -> None:
    expected = [(r["user_id"], r["time"]) for r in table(dataset, "events") if holds(r)]
    found = page(dataset, "events", ["user_id", "time"], where=[condition], limit=1_000)
    assert found.rows == expected
    assert found.total == len(expected)


def test_the_user_table_with_a_boolean(dataset: Dataset) -> None:
    found = page(dataset, "users", ["user_id", "vip"], where=[Condition("vip", "in", (True,))])
    assert found.rows == [("u1", True)]
    assert len(page(dataset, "users", ["user_id"]).rows) == dataset.manifest.users


def test_unknown_names_do_not_exist(dataset: Dataset) -> None:
    for name, columns in (("nothing", ["time"]), ("events", ["nothing"]), ("days", ["day"])):
        with pytest.raises(NotFound):
            page(dataset, name, columns)
    with pytest.raises(ValueError, match="texts"):
        page(dataset, "events", ["time"], where=[Condition("amount", "contains", ("1",))])


def test_limits_are_kept(dataset: Dataset) -> None:
    assert len(page(dataset, "events", ["time"], limit=10**9).rows) == 120
    assert page(dataset, "events", ["time"], limit=-5, offset=-5).rows == []
    assert page(dataset, "events", ["time"], offset=10**6).rows == []


def test_many_threads_ask_at_once(dataset: Dataset) -> None:
    expected = page(dataset, "events", ["user_id", "time"], sort=[("time", True)]).rows
    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(page, dataset, "events", ["user_id", "time"], sort=[("time", True)]) for _ in range(60)]
        assert all(future.result().rows == expected for future in found)


@pytest.mark.parametrize("statement", [
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "COPY (SELECT 1) TO '/tmp/holdfast-escape.csv'",
    "ATTACH '/tmp/holdfast-escape.db'",
    "INSTALL httpfs",
    "SET enable_external_access = true",
    "SET memory_limit = '10GB'",
    "SELECT * FROM dataset",
])  # fmt: skip
def test_the_engine_reaches_nothing_outside(dataset: Dataset, statement: str) -> None:
    page(dataset, "events", ["time"])
    with pytest.raises(duckdb.Error):
        rows._cursor().execute(statement)
