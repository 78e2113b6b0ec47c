"""RFM for pages: the map of segments kept with a dataset, and the answers that use it.

The map (25 cells to names, names to actions) is a preference of the dataset; every answer gets it as an option, so a
changed map is another question and never meets an old number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.customers import rfm_map
from dashboard.customers.rfm_map import SegmentMap
from dashboard.errors import UserError
from dashboard.filters import Filters
from dashboard.result import Result
from dashboard.service import core
from dashboard.service.insights import insight
from dashboard.store import preferences

PREFERENCE = "rfm_map"
SCORES = (5, 4, 3, 2, 1)  # rows of the grid, best first


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


def migration(dataset_id: str, filters: Filters, switches: Mapping[str, Any]) -> Result:
    """Moves between segments; switches may name ``before`` (ISO day) or ``version``."""
    return insight("rfm_migration", dataset_id, filters, **with_map(dataset_id, switches))
