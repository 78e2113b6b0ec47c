"""The people of a dataset as a page needs them: built once, kept as bytes in the cache and as frames in memory."""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import pandas as pd

from dashboard.customers.clusters import Clustering, cluster, clustering_from_bytes
from dashboard.customers.features import features_of
from dashboard.customers.lists import list_frame
from dashboard.customers.rules import Measure, RuleSet
from dashboard.customers.segments import Classified, Floats, Mask, classify
from dashboard.customers.table import People, people_from_bytes, people_table, where_mask
from dashboard.errors import CannotAnswer
from dashboard.filters import Filters, day_date, day_number
from dashboard.result import LeftOut, Result
from dashboard.service import core
from dashboard.store.dataset import Dataset

V = TypeVar("V")


class Recent(Generic[V]):
    """The values used last, at most ``limit``; safe for many threads (two may build the same value, one stays)."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: OrderedDict[Hashable, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, build: Callable[[], V]) -> V:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = build()
        with self._lock:
            value = self._values.setdefault(key, value)
            while len(self._values) > self._limit:
                self._values.popitem(last=False)
        return value


@dataclass(frozen=True)
class PeopleView:
    """Everybody of a dataset, classified, with the filters' choice. chosen: mask over ``people.frame``; frame: the rows
    of a list (customers.lists); where: canonical filters."""

    dataset: Dataset
    people: People
    rules: RuleSet
    measure: Measure
    found: Classified
    chosen: Mask
    frame: pd.DataFrame
    filters: Filters

    @property
    def as_of(self) -> dt.date:
        return day_date(self.people.as_of)

    @property
    def engagement(self) -> Floats:
        return self.people.values(self.measure)

    @property
    def recency(self) -> Floats:
        return self.people.values("recency_days")

    def query(self) -> dict[str, Any]:
        """The canonical query of everything computed from this view."""
        return {**self.filters.canonical(), "as_of": self.as_of.isoformat(), "rules": self.rules.to_json()}

    def notes(self) -> tuple[str, ...]:
        """What a reader of any of these numbers must know."""
        notes = [
            f"As of {self.as_of.isoformat()}; the date range of the page plays no part.",
            "Limits are computed from all people; filters only choose whom to show.",
        ]
        if self.found.low == self.found.high:
            notes.append(
                "Both engagement limits are equal, so nobody is Medium: fixed limits may describe people better."
            )
        for count, text in (
            (self.found.no_engagement, "without an engagement figure count as Low"),
            (self.found.no_date, "without any activity count as inactive for longest"),
            (self.people.later, "were active after the as-of day; they count as active on that day"),
        ):
            if count:
                notes.append(f"{count:,} people {text}.")
        return tuple(notes)

    def result(
        self,
        name: str,
        frame: pd.DataFrame,
        units: dict[str, str],
        summary: dict[str, Any] | None = None,
        left_out: tuple[LeftOut, ...] = (),
    ) -> Result:
        """A frame with this view's provenance; the summary always says how many people the filters choose."""
        manifest = self.dataset.manifest
        return Result(
            name=name,
            frame=frame,
            units=units,
            summary={"people": int(self.chosen.sum()), **(summary or {})},
            query=self.query(),
            dataset=self.dataset.id,
            version=str(self.dataset.version),
            time_zone=manifest.time_zone,
            as_of=self.as_of.isoformat(),
            rows_read=sum(manifest.rows.values()),
            users_read=len(self.people),
            left_out=left_out,
            notes=self.notes(),
            computed_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        )


_PEOPLE: Recent[People] = Recent(8)
_GROUPS: Recent[Clustering] = Recent(8)
_VIEWS: Recent[PeopleView] = Recent(32)


def as_of_day(dataset: Dataset, filters: Filters) -> int:
    """The day people are described as of. Raises CannotAnswer for a dataset without any date."""
    if filters.as_of is not None:
        return day_number(filters.as_of)
    if dataset.manifest.last_day is None:
        raise CannotAnswer(
            "Segments need to know when people were last active; this dataset has no such date.",
            missing=("last_active_time",),
            hint="Map the column with the last login or last order, or add an event log.",
        )
    return dataset.manifest.last_day


def everybody(dataset: Dataset, as_of: int) -> People:
    """All people as of a day, from memory, the cache, or the dataset."""
    key = (dataset.id, dataset.version, str(dataset.path), as_of)
    return _PEOPLE.get(
        key,
        lambda: people_from_bytes(
            core.cached_bytes("people", dataset, {"as_of": as_of}, lambda: people_table(dataset, as_of).to_bytes())
        ),
    )


def view(dataset_id: str, filters: Filters, rules: RuleSet) -> PeopleView:
    """The acting person's dataset, seen through filters and rules. Raises NotFound and CannotAnswer."""
    dataset = core.open_for("read", dataset_id)
    as_of = as_of_day(dataset, filters)

    def build() -> PeopleView:
        people = everybody(dataset, as_of)
        measure = people.measure(rules.measure)
        found = classify(people.values(measure), people.values("recency_days"), rules)
        chosen = where_mask(dataset, people, filters.where)
        return PeopleView(dataset, people, rules, measure, found, chosen, list_frame(people, found, measure), filters)

    return _VIEWS.get((dataset.id, dataset.version, str(dataset.path), as_of, filters.where, rules), build)


def grouping(seen: PeopleView) -> Clustering:
    """The K-Means groups of everybody in the view's dataset, from memory, cache or computed. Raises CannotAnswer."""
    dataset, people = seen.dataset, seen.people
    return _GROUPS.get(
        (dataset.id, dataset.version, str(dataset.path), people.as_of),
        lambda: clustering_from_bytes(
            core.cached_bytes(
                "groups", dataset, {"as_of": people.as_of}, lambda: cluster(*features_of(people)).to_bytes()
            )
        ),
    )
