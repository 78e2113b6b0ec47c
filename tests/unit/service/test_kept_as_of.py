"""The as-of day kept with a dataset holds where a link names none, in every answer and every cache key."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from dashboard import service
from dashboard.errors import NotFound, UserError
from dashboard.filters import Filters, day_date
from dashboard.service import core, customers
from dashboard.store import catalogue, preferences
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset

KEPT, LINKED = dt.date(2024, 1, 10), dt.date(2024, 1, 6)


@pytest.fixture
def visits(data_dir: Path) -> Dataset:
    rows = [{"user_id": f"u{i}", "event_time": f"2024-01-{i + 1:02d} 10:00", "event_name": "visit"} for i in range(20)]
    return build_dataset(data_dir, events=rows)


def as_of(dataset: Dataset, filters: Filters) -> tuple[str, str, str, dt.date]:
    """The day that a metric, a chart, a list of people and the filter bar go by."""
    return (
        service.metric("mau", dataset.id, filters).as_of,
        service.run("active_users", dataset.id, filters, {}).as_of,
        customers.segmentation(dataset.id, filters, customers.RuleSet()).as_of,
        day_date(service.view_of(dataset.id, filters).as_of),
    )


def days(day: dt.date) -> tuple[str, str, str, dt.date]:
    return (day.isoformat(),) * 3 + (day,)  # type: ignore[return-value]


def test_kept_day_link_and_back(visits: Dataset) -> None:
    assert as_of(visits, Filters()) == days(dt.date(2024, 1, 20))
    everyone = service.metric("mau", visits.id, Filters()).summary["value"]
    service.keep_as_of(visits.id, KEPT)
    assert service.kept_as_of(visits.id) == KEPT
    assert as_of(visits, Filters()) == days(KEPT)
    assert service.metric("mau", visits.id, Filters()).summary["value"] < everyone
    assert as_of(visits, Filters(as_of=LINKED)) == days(LINKED)
    service.keep_as_of(visits.id, None)
    assert as_of(visits, Filters()) == days(dt.date(2024, 1, 20))
    assert service.metric("mau", visits.id, Filters()).summary["value"] == everyone


def test_rules_and_day_are_kept_side_by_side(visits: Dataset) -> None:
    rules = customers.RuleSet(recent_days=30)
    customers.save_rules(visits.id, rules)
    service.keep_as_of(visits.id, KEPT)
    assert (customers.get_rules(visits.id), service.kept_as_of(visits.id)) == (rules, KEPT)
    assert set(preferences.read(visits.id)) == {"rules", "as_of"}


def test_refusals(visits: Dataset) -> None:
    with pytest.raises(UserError, match="no data"):
        service.keep_as_of(visits.id, dt.date(2023, 12, 31))
    with core.acting_as("bob"), pytest.raises(NotFound):
        service.keep_as_of(visits.id, KEPT)
    with pytest.raises(NotFound):
        preferences.write("nothing12345", "as_of", "2024-01-01")
    assert preferences.read("nothing12345") == {}


@pytest.mark.parametrize("broken", ['{"as_of": "soon"}', '{"as_of": 5}', "[]", "{", '{"as_of": null}'])
def test_what_cannot_be_read_is_not_in_force(visits: Dataset, broken: str) -> None:
    with catalogue.transaction() as connection:
        connection.execute("UPDATE datasets SET settings = ? WHERE id = ?", (broken, visits.id))
    assert service.kept_as_of(visits.id) is None
    assert json.dumps(as_of(visits, Filters()), default=str)
