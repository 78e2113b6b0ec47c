"""Cases of the aha table."""

from __future__ import annotations

from typing import Any

from dashboard.conform.case import Case
from dashboard.conform.runner import adapter
from dashboard.conform.statistics import table_numbers
from dashboard.insights.aha import table_of
from dashboard.insights.aha_exposure import FOREVER
from dashboard.insights.selector import Selector


@adapter("aha")
def aha_case(case: Case) -> dict[str, Any]:
    settings, manifest = case.settings, case.stored.manifest
    first, last = manifest.first_day or 0, manifest.last_day or 0
    found = table_of(
        case.view(first, last),
        Selector.from_json(settings["behaviour"]),
        at_least=settings["at_least"],
        first_days=settings["first_days"],
        from_day=settings["retained_from_day"],
        to_day=settings["retained_to_day"],
        until=int(case.as_of.timestamp()) * 1_000_000 if case.as_of else FOREVER,
        outcome=Selector(),
    )
    return {"observed": found.n, **table_numbers(found)}
