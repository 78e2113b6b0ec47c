"""Which events a selector means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dashboard.errors import UserError
from dashboard.insights.selector import Selector
from tests.store_builder import build_dataset

EVENTS = [
    {"user_id": "a", "event_time": "2024-01-01", "event_name": "buy", "size": 1, "paid": True, "platform": "web"},
    {"user_id": "a", "event_time": "2024-01-02", "event_name": "buy", "size": 2.5, "paid": False, "platform": None},
    {"user_id": "b", "event_time": "2024-01-03", "event_name": "visit", "size": None, "paid": None, "platform": "0"},
]
USERS = [{"user_id": "a", "plan": "Pro"}, {"user_id": "b", "plan": None}]


def times(data_dir: Path, selector: Any) -> list[int]:
    """Days (of January) of the events that match."""
    dataset = build_dataset(data_dir, events=EVENTS, users=USERS, partitions=2)
    found = []
    for partition in dataset.partitions:
        rows = partition.table("events")
        assert rows is not None
        found += list(rows.time[Selector.from_json(selector).mask(partition, dataset)])
    return sorted(int((t // 86_400_000_000) - 19_722) for t in found)


@pytest.mark.parametrize(
    ("selector", "days"),
    [
        ("buy", [1, 2]),
        ({"event": None}, [1, 2, 3]),
        ({"event": "nothing"}, []),
        ({"event": "buy", "where": {"size": 1}}, [1]),
        ({"event": None, "where": {"size": "2.5"}}, [2]),
        ({"event": None, "where": {"size": ["1", 2.5]}}, [1, 2]),
        ({"event": None, "where": {"paid": "false"}}, [2]),
        ({"event": None, "where": {"paid": True, "platform": "web"}}, [1]),
        ({"event": None, "where": {"platform": 0}}, [3]),
        ({"event": None, "where": {"platform": ""}}, []),  # a missing property equals nothing
        ({"event": None, "where": {"size": "x"}}, []),
        ({"event": None, "where": {"plan": "Pro"}}, [1, 2]),  # of the user, where events have no such column
        ({"event": None, "where": {"unknown": "x"}}, []),
    ],
)
def test_matches(data_dir: Path, selector: Any, days: list[int]) -> None:
    assert times(data_dir, selector) == days


def test_what_never_occurs_is_named(data_dir: Path) -> None:
    dataset = build_dataset(data_dir, events=EVENTS)
    Selector("buy", (("size", ("9",)),)).check(dataset)
    for selector, code in (
        (Selector("by"), "unknown_event"),
        (Selector(None, (("sise", ("1",)),)), "unknown_property"),
    ):
        with pytest.raises(UserError) as error:
            selector.check(dataset)
        assert error.value.code == code


def test_json_and_back() -> None:
    selector = Selector.from_json({"event": "buy", "where": {"b": [1.0, "x"], "a": True}})
    assert selector == Selector("buy", (("a", ("true",)), ("b", ("1", "x"))))
    assert Selector.from_json(selector.to_json()) == selector
    assert selector.label == "buy (a: true, b: 1 or x)"


@pytest.mark.parametrize(
    "bad", [1, None, {"event": 3}, {"event": None, "where": 1}, {"where": {"a": []}}, {"where": {"a": {}}}]
)
def test_refused(bad: Any) -> None:
    with pytest.raises(UserError) as error:
        Selector.from_json(bad)
    assert error.value.code == "bad_selector"
