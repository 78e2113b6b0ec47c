"""Cases of paths."""

from __future__ import annotations

from typing import Any

from dashboard.conform.case import Case
from dashboard.conform.runner import adapter
from dashboard.insights.paths import paths
from dashboard.insights.paths_query import MAX_EDGES, MAX_NODES


@adapter("paths")
def paths_case(case: Case) -> dict[str, Any]:
    settings, manifest = case.settings, case.stored.manifest
    node = settings.get("node") or "event"
    included = settings.get("include_events")
    known = [name for name in included or () if case.stored.code("event_name", name) >= 0]
    nothing = included is not None and not known  # of what is included, nothing occurs
    if isinstance(node, dict) and case.stored.manifest.dictionaries.get(node["property"]) == 0:
        nothing = True  # no event has the property
    if manifest.first_day is None or manifest.last_day is None or nothing or settings["step_limit"] < 2:
        return {"edges": []}
    found = paths(
        case.view(manifest.first_day, manifest.last_day),
        node=node["property"] if isinstance(node, dict) else node,
        include=known,
        gap_seconds=settings["session_gap_seconds"],
        steps=settings["step_limit"],
        collapse=settings["collapse_repeats"],
        top=MAX_NODES,
        edges=MAX_EDGES,
    )
    columns = ["step", "source", "target", "count", "users", "mean_seconds"]
    return {"edges": found.frame[columns].to_dict("records")}
