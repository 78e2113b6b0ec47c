"""One conformance case: events, settings and expected numbers, read from a file and stored as a dataset.

The vocabulary is that of ``cases/README.md``: aliases (``merge``), ``filter`` and ``as_of`` are applied to the events
before they are stored, everything else is a question to the stored dataset. The events are written as CSV and come in
through the reader, the build and the store of every other file.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dashboard import schema
from dashboard.errors import UserError
from dashboard.filters import Period, day_number
from dashboard.ingest.build import build_version
from dashboard.ingest.layout import Source
from dashboard.ingest.plan import ColumnPlan, ImportOptions, SourcePlan, TimeFormat
from dashboard.insights.selector import text
from dashboard.insights.view import View
from dashboard.store.dataset import Dataset

TOLERANCE = 1e-6
PARTITIONS = 2  # small, but more than one: merging partials is part of what is tested
_FIXED = ("user_id", "event_name", "event_time")
_REQUIRED = ("id", "kind", "settings", "expected")


@dataclass(frozen=True)
class Case:
    """One case of a file. events: rows of user_id, event_name, event_time and properties (text), without those that
    ``filter`` and ``as_of`` leave out. requires: optional features. verified: an independent reference agrees.
    folder: where the case file lies. staging: an empty directory for the stored dataset."""

    id: str
    title: str
    source: str
    kind: str
    settings: dict[str, Any]
    events: tuple[dict[str, str], ...]
    data: Any
    expected: Any
    tolerance: float
    requires: frozenset[str]
    verified: bool
    discriminates: str
    dataset: str
    folder: Path
    staging: Path = Path()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.settings.get("timezone") or "UTC")

    @property
    def as_of(self) -> dt.datetime | None:
        """The instant after which nothing is known."""
        return instant(self.settings["as_of"]) if self.settings.get("as_of") else None

    @cached_property
    def stored(self) -> Dataset:
        """The case's events as a stored dataset. Rows that are equal stay separate events."""
        return store(self)

    def view(
        self, first: int, last: int, where: tuple[tuple[str, tuple[str, ...]], ...] = (), *, margin: int = 0
    ) -> View:
        """The local days [first, last]; without ``as_of`` every period is complete, also up to ``margin`` days on."""
        manifest = self.stored.manifest
        as_of = max(last, manifest.last_day if manifest.last_day is not None else last) + margin
        last_complete = as_of
        if self.as_of:
            as_of = day_number(self.as_of.astimezone(self.zone).date())
            last_complete = as_of - 1
        return View(self.stored, Period(first, last), None, where, as_of, last_complete, fixed=True)


def instant(text: str) -> dt.datetime:
    """An ISO instant; without an offset it is UTC."""
    moment = dt.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def day(text: str) -> int:
    """Day number of the label of a day (also of an hour)."""
    return day_number(dt.date.fromisoformat(text[:10]))


def read_file(path: Path, staging: Path | None = None) -> Iterator[Case]:
    """The cases of a file. Raises UserError when it is not a file of cases."""
    try:
        items = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError("no_such_file", f"{path.name} cannot be read: {error.strerror}.", "Check the path.") from None
    except ValueError:
        raise _no_cases(path, "it is not JSON") from None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise _no_cases(path, "it is not a list of cases")
    for number, item in enumerate(items, 1):
        lacking = [name for name in _REQUIRED if name not in item]
        if lacking:
            raise _no_cases(path, f"case {number} has no {lacking[0]}")
        yield read_case(item, path.parent, staging)


def _no_cases(path: Path, why: str) -> UserError:
    return UserError("no_case_file", f"{path.name} is no file of conformance cases: {why}.", "Name a .json of cases.")


def read_case(item: dict[str, Any], folder: Path, staging: Path | None = None) -> Case:
    """One case from its JSON."""
    settings = item["settings"] or {}
    return Case(
        id=str(item["id"]),
        title=str(item.get("title", "")),
        source=str(item.get("source", "")),
        kind=str(item["kind"]),
        settings=settings,
        events=tuple(_known(_raw_events(item, folder), settings)),
        data=item.get("data"),
        expected=item["expected"],
        tolerance=float(item.get("tolerance", TOLERANCE)),
        requires=frozenset(item.get("requires") or ()),
        verified=bool(item.get("verified", True)),
        discriminates=json.dumps(item["discriminates"], ensure_ascii=False) if item.get("discriminates") else "",
        dataset=str(item.get("dataset") or ""),
        folder=folder,
        staging=staging or Path(tempfile.gettempdir()),
    )


def _raw_events(item: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    name = item.get("events_file")
    if not name:
        return list(item.get("events") or [])
    if Path(name).name != name:
        raise UserError("bad_events_file", "The events of a case lie beside its file.", "Name a file in that folder.")
    with (folder / name).open(encoding="utf-8", newline="") as stream:
        return [
            {
                "user_id": row.pop("user_id"),
                "event": row.pop("event"),
                "timestamp": row.pop("timestamp"),
                "properties": {key: value for key, value in row.items() if value},
            }
            for row in csv.DictReader(stream)
        ]


def _known(events: list[dict[str, Any]], settings: dict[str, Any]) -> Iterator[dict[str, str]]:
    merge, wanted = settings.get("merge") or {}, settings.get("filter") or {}
    until = instant(settings["as_of"]) if settings.get("as_of") else None
    for event in events:
        properties = {name: text(value) for name, value in (event.get("properties") or {}).items() if value is not None}
        if until and instant(event["timestamp"]) > until:
            continue
        if any(properties.get(name) != text(value) for name, value in wanted.items()):
            continue
        person = str(merge.get(event["user_id"], event["user_id"]))
        yield {"user_id": person, "event_name": event["event"], "event_time": event["timestamp"], **properties}


def _asked(settings: Any) -> set[str]:
    """Names of the properties that settings speak of, also of those that no event has."""
    if isinstance(settings, list):
        return {name for item in settings for name in _asked(item)}
    if not isinstance(settings, dict):
        return set()
    named = {settings[key] for key in ("property", "same_property") if isinstance(settings.get(key), str)}
    inner = [value for key, value in settings.items() if key not in ("filter", "where", "merge")]
    return named | set(settings.get("where") or ()) | _asked(inner)


def store(case: Case) -> Dataset:
    """Write the events as a CSV file and build a version from it below ``case.staging``."""
    folder = Path(tempfile.mkdtemp(prefix="case-", dir=case.staging))
    properties = {name for event in case.events for name in event} | _asked(case.settings)
    if case.kind == "customer_summary":
        properties.discard("order_id")  # every event is a line of its own day there
    names = [*_FIXED, *sorted(properties - set(_FIXED))]
    path = folder / "events.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names, restval="", extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(case.events)
    plan = SourcePlan(kind="events", columns=tuple(_column(index, name) for index, name in enumerate(names)))
    options = ImportOptions(
        time_zone=case.zone.key,
        week_start=case.settings.get("week_start") or "monday",
        duplicates=(("events", "keep"),),
    )
    dataset_id = secrets.token_hex(6)  # names what is kept in memory: two cases may have equal events
    source = Source(secrets.token_hex(16), path, path.name, plan)
    manifest = build_version(
        dataset_id, [source], options, staging=folder, progress=lambda *_: None, partitions=PARTITIONS
    )
    return Dataset(folder / "version", manifest)


def _column(index: int, name: str) -> ColumnPlan:
    known = schema.field("events", name)
    # an id is text exactly as typed: no word means "missing"
    kind: schema.Type = "number" if known is not None and known.type == "number" else "id"
    if name == "event_time":
        return ColumnPlan(index, name, name, "field", "time", TimeFormat())
    return ColumnPlan(index, name, name, "field" if known else "property", kind)
