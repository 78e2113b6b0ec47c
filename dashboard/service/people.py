"""The people of a dataset as a page needs them: built once, kept as bytes in the cache and as frames in memory."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dashboard.customers.clusters import Clustering, cluster, clustering_from_bytes, regrouped
from dashboard.customers.features import features_of
from dashboard.customers.lists import list_frame
from dashboard.customers.rules import Measure, RuleSet
from dashboard.customers.segments import Classified, Floats, Mask, classify, no_dates
from dashboard.customers.table import People, people_from_bytes, people_table, where_mask
from dashboard.errors import UserError
from dashboard.filters import Filters, day_date
from dashboard.insights import where
from dashboard.insights.memo import Memo
from dashboard.insights.view import View, view_of
from dashboard.result import LeftOut, Result
from dashboard.service import core
from dashboard.store import preferences
from dashboard.store.dataset import Dataset

GROUPS = "groups"  # preference of a dataset: K-Means groups that were kept


@dataclass(frozen=True)
class PeopleView:
    """Everybody of a dataset, classified, with the filters' choice. chosen: mask over ``people.frame``; frame: the rows
    of a list (customers.lists); seen: the dataset through the filters."""

    seen: View
    people: People
    rules: RuleSet
    measure: Measure
    found: Classified
    chosen: Mask
    frame: pd.DataFrame
    filters: Filters

    @property
    def dataset(self) -> Dataset:
        return self.seen.dataset

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
        return {
            **core.canonical(self.seen, self.filters),
            "as_of": self.as_of.isoformat(),
            "rules": self.rules.to_json(),
        }

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
            (self.found.no_engagement, "without an engagement figure: counted as Low"),
            (self.found.no_date, "without any activity on record: counted as inactive for longest"),
            (self.people.later, "active after the as-of day: counted as active on that day"),
        ):
            if count:
                notes.append(f"{count:,} {'person' if count == 1 else 'people'} {text}.")
        return (*notes, *where.ignored(self.seen, None))

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


# Frames in memory; the bytes behind them are in the result cache.
_PEOPLE: Memo[People] = Memo(256 << 20, lambda people: _bytes(people.frame))
_CLASSES: Memo[tuple[Measure, Classified, pd.DataFrame]] = Memo(256 << 20, lambda found: _bytes(found[2]))
_VIEWS: Memo[PeopleView] = Memo(64 << 20, lambda found: found.chosen.nbytes)
_GROUPS: Memo[Clustering] = Memo(32 << 20, lambda groups: groups.labels.nbytes + 10_000)


def _bytes(frame: pd.DataFrame) -> int:
    return int(frame.memory_usage(deep=True).sum())


def everybody(seen: View) -> People:
    """All people as of the view's day, from memory, the cache, or the dataset; filters play no part."""
    asked = {"as_of": seen.as_of, "cleaning": seen.cleaning.key}
    return _PEOPLE.get(
        (seen.scope, seen.as_of),
        lambda: people_from_bytes(
            core.cached_bytes(
                "people", seen.dataset, asked, lambda: people_table(seen.dataset, seen.as_of, seen).to_bytes()
            )
        ),
    )


def view(dataset_id: str, filters: Filters, rules: RuleSet) -> PeopleView:
    """The acting person's dataset, seen through filters and rules. Raises NotFound and CannotAnswer."""
    dataset = core.open_for("read", dataset_id)
    # a page's own state, such as the sorting of a table, changes nothing here
    filters = core.dated(dataset_id, filters.with_(extra=()))
    seen = view_of(dataset, filters)
    if not seen.dated:
        raise no_dates()

    def classes(people: People) -> tuple[Measure, Classified, pd.DataFrame]:
        measure = people.measure(rules.measure)
        found = classify(people.values(measure), people.values("recency_days"), rules)
        return measure, found, list_frame(people, found, measure)

    def build() -> PeopleView:
        people = everybody(seen)
        # limits come from all people: no filter changes anybody's class
        measure, found, frame = _CLASSES.get((seen.scope, people.as_of, rules), lambda: classes(people))
        return PeopleView(seen, people, rules, measure, found, where_mask(seen, people), frame, filters)

    return _VIEWS.get((seen.scope, seen.segment_key, filters, rules), build)


def grouping(seen: PeopleView) -> Clustering:
    """The K-Means groups of everybody in the view's dataset: the kept ones where groups are kept with the dataset and
    its figures still fit them, else formed now (from memory, cache or computed). Raises CannotAnswer."""
    kept = kept_groups(seen.dataset.id)
    if kept is not None:
        try:
            return _GROUPS.get(
                (seen.seen.scope, seen.people.as_of, json.dumps(kept, sort_keys=True)),
                lambda: regrouped(kept["about"], features_of(seen.people)[0]),
            )
        except UserError:
            pass  # made from figures that the data no longer have
    return formed(seen)


def formed(seen: PeopleView) -> Clustering:
    """The groups formed from the people of this view's data, whatever is kept. Raises CannotAnswer."""
    dataset, people = seen.dataset, seen.people
    asked = {"as_of": people.as_of, "cleaning": seen.seen.cleaning.key}
    return _GROUPS.get(
        (seen.seen.scope, people.as_of),
        lambda: clustering_from_bytes(
            core.cached_bytes("groups", dataset, asked, lambda: cluster(*features_of(people)).to_bytes())
        ),
    )


def kept_groups(dataset_id: str) -> dict[str, Any] | None:
    """{"about": Clustering.about, "as_of": ISO day} of the groups kept with a dataset; None without any."""
    kept = preferences.read(dataset_id).get(GROUPS)
    return kept if isinstance(kept, dict) and isinstance(kept.get("about"), dict) else None
