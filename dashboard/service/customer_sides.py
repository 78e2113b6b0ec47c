"""Rules, RFM, K-Means groups and churn risk side by side: how far they agree, and who is called active by one and lost
by another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard.customers import divisions, rfm_map, rfm_rule
from dashboard.customers.divisions import AWAY, BETWEEN, HERE, Codes, Division
from dashboard.customers.rfm_map import SegmentMap
from dashboard.customers.rules import CLASSES, RuleSet
from dashboard.customers.table import MEASURE_LABEL
from dashboard.errors import CannotAnswer, UserError
from dashboard.filters import Filters
from dashboard.insights.registry import INSIGHTS
from dashboard.insights.rfm import table_of
from dashboard.result import LeftOut, Result
from dashboard.service import customer_rfm
from dashboard.service.customer_lists import CHURN_PEOPLE, churn_options
from dashboard.service.insights import insight
from dashboard.service.people import PeopleView, grouping, view

RULES, RFM, GROUPS, CHURN = "rules", "rfm", "groups", "churn"
CLASS_STANDING = {"Loyal": HERE, "Regular": HERE, "Dormant": AWAY, "Risky": AWAY}
ARCHETYPE_STANDING = {"Power": HERE, "Core": HERE, "Casual": HERE, "New": HERE, "At-Risk": AWAY, "Dormant": AWAY}
BANDS = {"healthy": HERE, "watch": BETWEEN, "at risk": AWAY}


@dataclass(frozen=True)
class Sides:
    """The divisions of the chosen people.

    labels: key -> label of those that the data allow. missing: (label, why) of the others. ordered: keys in order.
    agreement: first, second (keys), people, ari, ami. table: of the two asked for: first, second, people, share, worth,
    contradiction; summary ``first``, ``second`` (keys). worklist: here, here_name, away, away_name, people, worth.
    worth_label, worth_unit: what a person is worth here (net revenue, else the measure of engagement).
    """

    labels: dict[str, str]
    missing: tuple[tuple[str, str], ...]
    agreement: Result
    table: Result
    worklist: Result
    worth_label: str
    worth_unit: str


def sides(
    dataset_id: str,
    filters: Filters,
    rules: RuleSet,
    switches: Mapping[str, Any],
    first: str = RULES,
    second: str = RFM,
) -> Sides:
    """All divisions that the data allow, and the two asked for as a table (others where they are not there)."""
    seen = view(dataset_id, filters, rules)
    found, missing = _divisions(dataset_id, filters, seen, switches)
    known = {division.key: division for division in found}
    if first not in known or second not in known or first == second:
        first, second = [*known, RULES, RULES][:2]
    measure = "revenue" if "revenue" in seen.people.measures else seen.measure
    worth = seen.people.values(measure)
    unit = "money" if measure == "revenue" else "number"
    left = _left_out(found, seen)
    pairs = divisions.agreements(found, seen.chosen)
    cells = divisions.table(known[first], known[second], seen.chosen, worth)
    work = divisions.contradictions(found, seen.chosen, worth)
    counts = {"people": "count", "worth": unit}
    return Sides(
        labels={division.key: division.label for division in found},
        missing=missing,
        agreement=seen.result(
            "sides_agreement", pairs, {"people": "count", "ari": "number", "ami": "number"}, left_out=left
        ),
        table=seen.result(
            "sides_table", cells, {**counts, "share": "rate"}, {"first": first, "second": second}, left_out=left
        ),
        worklist=seen.result("sides_worklist", work, counts, left_out=left),
        worth_label=MEASURE_LABEL[measure],
        worth_unit=unit,
    )


def _divisions(
    dataset_id: str, filters: Filters, seen: PeopleView, switches: Mapping[str, Any]
) -> tuple[list[Division], tuple[tuple[str, str], ...]]:
    standing = tuple(CLASS_STANDING[name] for name in CLASSES)
    found = [Division(RULES, "Rules", CLASSES, seen.found.segment, standing)]
    missing = []
    makers: dict[str, Callable[[], Division | None]] = {
        "RFM": lambda: rfm_division(seen, dataset_id, switches),
        "Groups (K-Means)": lambda: _groups(seen),
        "Churn risk": lambda: _churn(seen, dataset_id, filters),
    }
    for label, make in makers.items():
        try:
            division = make()
        except UserError as refusal:
            missing.append((label, refusal.message))
            continue
        if division is not None:
            found.append(division)
    return found, tuple(missing)


def rfm_division(seen: PeopleView, dataset_id: str, switches: Mapping[str, Any]) -> Division:
    """The RFM segments of everybody, in the order of ``seen.people.frame``. Raises CannotAnswer and UserError."""
    names = customer_rfm.get_map(dataset_id)
    table = table_of(seen.seen, rfm_rule.from_json(switches), names)
    everybody = np.full(len(seen.people), -1, np.int8)
    everybody[table.row] = table.scored.segment
    codes: Codes = everybody[seen.people.frame["row"].to_numpy()]
    return Division(RFM, "RFM", table.scored.names, codes, rfm_standing(names))


def rfm_standing(names: SegmentMap) -> tuple[int, ...]:
    """HERE for a segment whose cells have recency 4 or better on average, AWAY from 2 down."""
    out = []
    for name in names.names:
        scores = [r for r in rfm_map.SCORES for f in rfm_map.SCORES if names.name_of(r, f) == name]
        mean = sum(scores) / len(scores)
        out.append(HERE if mean >= 4 else AWAY if mean <= 2 else BETWEEN)
    return tuple(out)


def _groups(seen: PeopleView) -> Division:
    groups = grouping(seen)
    kinds = [name.split(" – ")[0].rstrip("0123456789 ") for name in groups.names]
    standing = tuple(ARCHETYPE_STANDING.get(kind, BETWEEN) for kind in kinds)
    return Division(GROUPS, "Groups (K-Means)", groups.names, groups.labels, standing)


def _churn(seen: PeopleView, dataset_id: str, filters: Filters) -> Division | None:
    """The risk bands of the churn model; None where this installation has none."""
    if CHURN_PEOPLE not in INSIGHTS:
        return None
    plain = filters.with_(where=(), segment=None, extra=())
    frame = insight(CHURN_PEOPLE, dataset_id, plain, **churn_options()).frame
    if "band" not in frame:
        raise CannotAnswer("The churn model gives no risk bands.", (), "")
    names = tuple(BANDS)
    codes = dict(zip(frame["user_id"].astype("str"), frame["band"].astype("str").str.lower(), strict=True))
    position = {name: number for number, name in enumerate(names)}
    users = seen.people.frame["user_id"].astype("str")
    found = users.map(codes).map(position).fillna(-1).to_numpy().astype(np.int8)
    return Division(CHURN, "Churn risk", names, found, tuple(BANDS.values()))


def _left_out(found: list[Division], seen: PeopleView) -> tuple[LeftOut, ...]:
    out = []
    for division in found:
        missing = int((seen.chosen & (division.codes < 0)).sum())
        if missing:
            out.append(LeftOut(f"no_{division.key}", missing, f"people without a place in {division.label}"))
    return tuple(out)
