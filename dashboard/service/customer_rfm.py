"""RFM for pages: the map of segments kept with a dataset, and the answers that use it.

The map (25 cells to names, names to actions) is a preference of the dataset; every answer gets it as an option, so a
changed map is another question and never meets an old number.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from dashboard.customers import rfm_map
from dashboard.customers.rfm_map import SegmentMap
from dashboard.customers.table import local_days
from dashboard.errors import UserError
from dashboard.filters import Filters, day_date
from dashboard.insights import periods
from dashboard.result import Result
from dashboard.service import core
from dashboard.service.insights import insight
from dashboard.store import catalogue, preferences

PREFERENCE = "rfm_map"
EARLIER, MAX_DAYS = 90, 3_650  # days to an earlier state


def get_map(dataset_id: str) -> SegmentMap:
    """The segment map kept with the dataset; the default one when none was saved (or it can no longer be read)."""
    core.authorise(dataset_id, "read")
    try:
        return rfm_map.from_json(preferences.read(dataset_id).get(PREFERENCE))
    except UserError:
        return SegmentMap()


def save_map(dataset_id: str, grid: list[list[str]], actions: Mapping[str, str]) -> SegmentMap:
    """Keep a map: five rows (recency 5 to 1) of five names (frequency 1 to 5), and a sentence per name.

    Names are trimmed; sentences of segments that are not on the grid are dropped, and so are those equal to the
    default. Raises UserError for a grid with a cell without a name.
    """
    core.authorise(dataset_id, "change")
    names = tuple(tuple(" ".join(str(name or "").split()) for name in row) for row in grid)
    used = {name for row in names for name in row}
    plain = SegmentMap()
    kept = {
        name: " ".join(text.split())[: rfm_map.MAX_ACTION]
        for name, text in actions.items()
        if name in used and " ".join(text.split()) != plain.action(name)
    }
    made = SegmentMap(names, kept)
    preferences.write(dataset_id, PREFERENCE, None if made == plain else made.to_json())
    return made


def reset_map(dataset_id: str) -> None:
    """Go back to the default map."""
    core.authorise(dataset_id, "change")
    preferences.write(dataset_id, PREFERENCE, None)


def with_map(dataset_id: str, switches: Mapping[str, Any]) -> dict[str, Any]:
    """Options of an RFM insight: the switches, and the dataset's own map where it has one."""
    kept = get_map(dataset_id)
    return {**switches, **({} if kept == SegmentMap() else {"segments": kept.to_json()})}


def rfm(dataset_id: str, filters: Filters, switches: Mapping[str, Any]) -> tuple[Result, Result]:
    """(one row per segment, the 25 cells) of :mod:`dashboard.insights.rfm`, with the dataset's own map."""
    options = with_map(dataset_id, switches)
    return insight("rfm", dataset_id, filters, **options), insight("rfm_grid", dataset_id, filters, **options)


def earlier_choices(dataset_id: str, filters: Filters) -> tuple[tuple[str, str], ...]:
    """(value, text) of the earlier states to compare with, besides so many days ago: the day on which the files before
    the last one ended, and earlier versions of the dataset that are still there."""
    seen = core.view_of(dataset_id, filters)
    zone = seen.dataset.manifest.time_zone
    ends = sorted({int(end) for end in _ends(seen.dataset.manifest.sources)})
    days = [int(day) for day in local_days(np.array(ends, np.int64), zone) if day < seen.as_of]
    found = [(periods.iso(day), f"Without the last file (to {periods.iso(day)})") for day in days[-1:]]
    with catalogue.reading() as connection:
        rows = connection.execute(
            "SELECT number, created_at FROM versions WHERE dataset_id = ? AND number < ? ORDER BY number DESC LIMIT 5",
            (dataset_id, seen.dataset.version),
        ).fetchall()
    found += [(f"v{row['number']}", f"Version {row['number']} of {str(row['created_at'])[:10]}") for row in rows]
    return tuple(found)


def _ends(sources: Iterable[Mapping[str, Any]]) -> Iterator[int]:
    """Instant of the last row of each file that has times."""
    for source in sources:
        end = (source.get("report") or {}).get("last_time")
        if isinstance(end, int):
            yield end


def earlier_option(dataset_id: str, filters: Filters, text: str) -> dict[str, Any]:
    """What a link says about the earlier state as an option of the migration: "90" (days earlier), "v2" (a version) or
    an ISO day; 90 days earlier for anything else."""
    if text[:1] == "v" and text[1:].isascii() and text[1:].isdigit():
        return {"version": int(text[1:])}
    seen = core.view_of(dataset_id, filters)
    try:
        if dt.date.fromisoformat(text) < day_date(seen.as_of):
            return {"before": text}
    except ValueError:
        pass
    days = int(text) if text.isascii() and text.isdigit() and 0 < int(text) <= MAX_DAYS else EARLIER
    return {"before": periods.iso(seen.as_of - days)}


def migration(dataset_id: str, filters: Filters, switches: Mapping[str, Any]) -> Result:
    """Moves between segments; switches may name ``before`` (ISO day) or ``version``."""
    return insight("rfm_migration", dataset_id, filters, **with_map(dataset_id, switches))
