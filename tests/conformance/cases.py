"""Reads the conformance cases: events in, settings, expected numbers out. One function per kind turns a case into
numbers."""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dashboard.filters import Period, day_number
from dashboard.insights.view import View
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset

ROOT = Path(__file__).resolve().parent.parent.parent
FEATURES: frozenset[str] = frozenset()  # optional features of the vocabulary that the product has


def folder() -> Path:
    return Path(os.environ.get("CASES_DIR", ROOT.parent / "shared" / "cases"))


def missing() -> str:
    """Why there are no cases, "" when there are; a failure where real data are required."""
    if folder().is_dir():
        return ""
    return f"conformance cases not found at {folder()}; set CASES_DIR"


@dataclass(frozen=True)
class Case:
    """One case, with its events as rows of ``user_id, event_name, event_time`` and properties."""

    id: str
    kind: str
    settings: dict[str, Any]
    events: tuple[dict[str, Any], ...]
    data: Any
    expected: Any
    tolerance: float

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.settings["timezone"])


def load(topics: tuple[str, ...]) -> Iterator[Any]:
    """pytest parameters of the topics' cases; cases that need a feature the product lacks are skipped with its name."""
    for topic in topics:
        path = folder() / f"{topic}.json"
        for raw in json.loads(path.read_text(encoding="utf-8")) if path.is_file() else ():
            lacking = sorted(set(raw.get("requires", [])) - FEATURES)
            marks = [pytest.mark.skip(reason=f"needs {', '.join(lacking)}")] if lacking else []
            yield pytest.param(raw, id=f"{topic}-{raw['id']}", marks=marks)


def read(raw: dict[str, Any]) -> Case:
    settings = raw["settings"]
    merge, wanted = settings.get("merge", {}), settings.get("filter", {})
    as_of = settings.get("as_of")
    rows = []
    for event in _events(raw):
        properties = {name: _text(value) for name, value in (event.get("properties") or {}).items()}
        if as_of and _instant(event["timestamp"]) > _instant(as_of):
            continue
        if any(properties.get(name) != _text(value) for name, value in wanted.items()):
            continue
        person = merge.get(event["user_id"], event["user_id"])
        rows.append({"user_id": person, "event_name": event["event"], "event_time": event["timestamp"], **properties})
    return Case(
        raw["id"], raw["kind"], settings, tuple(rows), raw.get("data"), raw["expected"], raw.get("tolerance", 1e-6)
    )


def _events(raw: dict[str, Any]) -> list[dict[str, Any]]:
    if "events_file" not in raw:
        return list(raw.get("events", []))
    with (folder() / raw["events_file"]).open(encoding="utf-8", newline="") as source:
        return [
            {
                "user_id": row.pop("user_id"),
                "event": row.pop("event"),
                "timestamp": row.pop("timestamp"),
                "properties": {name: value for name, value in row.items() if value != ""},
            }
            for row in csv.DictReader(source)
        ]


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def dataset(case: Case, data_dir: Path) -> Dataset:
    """The case's events as a stored dataset; rows that are equal stay separate events, as the vocabulary wants."""
    return build_dataset(
        data_dir,
        events=list(case.events),
        time_zone=case.settings["timezone"],
        week_start=case.settings.get("week_start", "monday"),
        duplicates=(("events", "keep"),),
    )


def day(text: str) -> int:
    return day_number(dt.date.fromisoformat(text))


def view(
    case: Case, stored: Dataset, first: int, last: int, where: tuple[tuple[str, tuple[str, ...]], ...] = ()
) -> View:
    """The days [first, last] as of the case's instant; without one every period is complete."""
    as_of = max(last, stored.manifest.last_day or last)
    last_complete = as_of
    if case.settings.get("as_of"):
        local = _instant(case.settings["as_of"]).astimezone(case.zone)
        as_of = day_number(local.date())
        last_complete = as_of - 1
    return View(stored, Period(first, last), None, where, as_of, last_complete, fixed=True)


def close(found: Any, expected: Any, tolerance: float, where: str = "") -> None:
    """Assert equality: integers exactly, decimals within the tolerance, lists by element, objects by the expected
    keys."""
    if isinstance(expected, dict):
        assert isinstance(found, dict), where
        for key, value in expected.items():
            assert key in found, f"{where}.{key} is missing"
            close(found[key], value, tolerance, f"{where}.{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), f"{where}: {len(found)} items, expected {len(expected)}"
        for index, value in enumerate(expected):
            close(found[index], value, tolerance, f"{where}[{index}]")
    elif isinstance(expected, float):
        assert found is not None and abs(found - expected) <= tolerance, f"{where}: {found} is not {expected}"
    else:
        assert found == expected, f"{where}: {found!r} is not {expected!r}"
