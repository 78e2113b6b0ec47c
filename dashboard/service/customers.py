"""Customers for pages: segments by rules, groups by K-Means, discount targets, and the people behind every number.

Every function authorises the acting person and raises ``NotFound`` or ``CannotAnswer`` like the rest of the service.

* People are described as of the view's as-of day (default: the data's last day); the view's date range plays no part.
* Engagement limits and K-Means groups come from **all** people of the dataset; country, plan and other filters only
  choose whom to show. So a filter never moves a person to another class.
* Every number is the length of a list: ``people_page``, ``people_csv`` and the counts use the same selection.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from dashboard.customers import lists, segments, selection
from dashboard.customers.lists import Column
from dashboard.customers.rules import CLASSES, LEVELS, RuleSet
from dashboard.customers.table import MEASURE_LABEL
from dashboard.filters import Filters
from dashboard.offers import targeting
from dashboard.result import Result
from dashboard.service.customer_groups import clusters, forget_groups, keep_groups
from dashboard.service.customer_lists import Asked, Listed, listed
from dashboard.service.customer_results import Clusters, Download, PeoplePage, Segmentation, Targets
from dashboard.service.customer_rfm import (
    earlier_choices,
    earlier_option,
    get_map,
    migration,
    reset_map,
    rfm,
    save_map,
)
from dashboard.service.customer_rules import get_rules, rules_of, save_rules
from dashboard.service.customer_sides import Sides, sides
from dashboard.service.customer_table import TABLE as CUSTOMER_TABLE
from dashboard.service.people import PeopleView, view
from dashboard.service.people_lists import (
    describe_list,
    file_name,
    people_columns,
    people_csv,
    people_page,
    targets_csv,
    targets_page,
)
from dashboard.statistics.intervals import wilson

__all__ = [
    "CLASSES",
    "CUSTOMER_TABLE",
    "LEVELS",
    "Asked",
    "Clusters",
    "Column",
    "Download",
    "Listed",
    "PeoplePage",
    "RuleSet",
    "Segmentation",
    "Sides",
    "Targets",
    "clusters",
    "describe_list",
    "earlier_choices",
    "earlier_option",
    "forget_groups",
    "get_map",
    "get_rules",
    "keep_groups",
    "listed",
    "migration",
    "people_columns",
    "people_csv",
    "people_page",
    "preview",
    "reset_map",
    "rfm",
    "rules_of",
    "save_map",
    "save_rules",
    "segmentation",
    "sides",
    "targets",
    "targets_csv",
    "targets_page",
]

TOP_VALUES = 20  # of a breakdown; the rest is "Other"


def segmentation(dataset_id: str, filters: Filters, rules: RuleSet) -> Segmentation:
    """The classes of the chosen people, how they are spread, and the limits used."""
    seen = view(dataset_id, filters, rules)

    def spread(what: str) -> Result:
        values, unit = (seen.recency, "days") if what == "recency" else (seen.engagement, lists.unit(seen.measure))
        units = {"people": "count", **dict.fromkeys(("p05", "p25", "median", "p75", "p95", "mean"), unit)}
        return seen.result(f"segment_{what}", segments.comparison(seen.found, seen.chosen, values), units)

    cells = segments.people_per_cell(seen.found, seen.chosen)
    return Segmentation(
        rules=rules,
        measure=seen.measure,
        measure_label=MEASURE_LABEL[seen.measure],
        low=seen.found.low,
        high=seen.found.high,
        as_of=seen.as_of.isoformat(),
        people=int(cells.sum()),
        everyone=len(seen.people),
        targets=int(cells[segments.target_cells(rules)].sum()),
        distribution=seen.result(
            "segments",
            segments.distribution(cells, rules),
            {"people": "count", "share": "rate", "low": "rate", "high": "rate", "targets": "count"},
        ),
        grid=seen.result("segment_grid", segments.grid(cells, rules), {"people": "count", "share": "rate"}),
        spread=spread,
    )


def preview(dataset_id: str, filters: Filters, rules: RuleSet, changed: RuleSet) -> Result:
    """What changed rules would do: segment (the classes, then "Discount targets"), before, after, change (people)."""
    before, after = view(dataset_id, filters, rules), view(dataset_id, filters, changed)
    frame = segments.change(before.found, after.found, before.chosen)
    return after.result("rules_preview", frame, dict.fromkeys(("before", "after", "change"), "count"))


def targets(dataset_id: str, filters: Filters, rules: RuleSet) -> Targets:
    """How many people get a discount, of which segment, country and plan."""
    seen = view(dataset_id, filters, rules)
    people, chosen = int((seen.chosen & seen.found.target).sum()), int(seen.chosen.sum())
    low, high = wilson([people], chosen)
    return Targets(
        people=people,
        share=people / chosen if chosen else None,
        low=float(low[0]) if chosen else None,
        high=float(high[0]) if chosen else None,
        chosen=chosen,
        rule=targeting.rule_in_words(rules),
        file_name=file_name(seen, selection.TARGETS, people),
        by_segment=_breakdown(seen, "segment"),
        by_country=_breakdown(seen, "country") if len(seen.frame["country"].cat.categories) else None,
        by_plan=_breakdown(seen, "plan") if len(seen.frame["plan"].cat.categories) else None,
    )


def _breakdown(seen: PeopleView, column: str) -> Result:
    """value, people (targets), chosen, share: the values with most targets first (classes in their own order)."""
    shown = seen.frame.loc[seen.chosen, column]
    names = [*shown.cat.categories, "(missing)"]
    codes = shown.cat.codes.to_numpy().astype(np.int64)
    codes[codes < 0] = len(names) - 1
    everybody = np.bincount(codes, minlength=len(names))
    hits = np.bincount(codes[seen.found.target[seen.chosen]], minlength=len(names))
    frame = pd.DataFrame({"value": pd.Series(names, dtype="str"), "people": hits, "chosen": everybody})
    frame = frame[frame["chosen"] > 0] if column != "segment" else frame.iloc[:-1]
    if column != "segment":
        frame = frame.sort_values(["people", "chosen", "value"], ascending=[False, False, True], kind="stable")
    if len(frame) > TOP_VALUES + 1:
        rest = frame.iloc[TOP_VALUES:]
        other = {"value": ["Other"], "people": [rest["people"].sum()], "chosen": [rest["chosen"].sum()]}
        frame = pd.concat([frame.iloc[:TOP_VALUES], pd.DataFrame(other)])
    frame["share"] = np.where(frame["chosen"] > 0, frame["people"] / frame["chosen"].clip(lower=1), np.nan)
    units = {"people": "count", "chosen": "count", "share": "rate"}
    return seen.result(f"targets_by_{column}", frame.reset_index(drop=True), units)
