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
from dashboard.errors import UserError
from dashboard.filters import Filters
from dashboard.insights.rfm import table_of
from dashboard.result import LeftOut, Result
from dashboard.service import customer_rfm
from dashboard.service.customer_lists import CHURN as CHURN_MEMBERS
from dashboard.service.insights import insight
from dashboard.service.people import PeopleView, grouping, view

RULES, RFM, GROUPS, CHURN = "rules", "rfm", "groups", "churn"
CLEAR = 0.8  # share of recently active people from which a rule class says active; below 1 - CLEAR it says gone
FAR = 0.3  # standard deviations of recency from which a K-Means group says active or gone
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
    found = [Division(RULES, "Rules", CLASSES, seen.found.segment, class_standing(seen))]
    missing = []
    makers: dict[str, Callable[[], Division]] = {
        "RFM": lambda: rfm_division(seen, dataset_id, switches),
        "Groups (K-Means)": lambda: _groups(seen),
        "Churn risk": lambda: _churn(seen, dataset_id, filters),
    }
    for label, make in makers.items():
        try:
            found.append(make())
        except UserError as refusal:
            missing.append((label, refusal.message))
    return found, tuple(missing)


def rfm_division(seen: PeopleView, dataset_id: str, switches: Mapping[str, Any]) -> Division:
    """The RFM segments of everybody, in the order of ``seen.people.frame``. Raises CannotAnswer and UserError."""
    names = customer_rfm.get_map(dataset_id)
    table = table_of(seen.seen, rfm_rule.from_json(switches), names)
    everybody = np.full(len(seen.people), -1, np.int8)
    everybody[table.row] = table.scored.segment
    codes: Codes = everybody[seen.people.frame["row"].to_numpy()]
    return Division(RFM, "RFM", table.scored.names, codes, rfm_standing(names))


def class_standing(seen: PeopleView) -> tuple[int, ...]:
    """HERE for a class of (nearly) only recently active people, AWAY for one with (nearly) none; from everybody."""
    out = []
    for position in range(len(CLASSES)):
        inside = seen.found.segment == position
        recent = float((seen.found.band[inside] == 0).mean()) if inside.any() else 0.5
        out.append(HERE if recent >= CLEAR else AWAY if recent <= 1 - CLEAR else BETWEEN)
    return tuple(out)


def rfm_standing(names: SegmentMap) -> tuple[int, ...]:
    """HERE for a segment whose cells have recency 3.5 or better on average, AWAY from 2 down."""
    out = []
    for name in names.names:
        scores = [r for r in rfm_map.SCORES for f in rfm_map.SCORES if names.name_of(r, f) == name]
        mean = sum(scores) / len(scores)
        out.append(HERE if mean >= 3.5 else AWAY if mean <= 2 else BETWEEN)
    return tuple(out)


def _groups(seen: PeopleView) -> Division:
    groups = grouping(seen)
    silence = groups.profile[groups.profile["role"] == "recency"].set_index("group")["z"]
    standing = tuple(
        BETWEEN if not groups.structure else HERE if z <= -FAR else AWAY if z >= FAR else BETWEEN
        for z in silence.reindex(range(groups.k))
    )
    return Division(GROUPS, "Groups (K-Means)", groups.names, groups.labels, standing)


def _churn(seen: PeopleView, dataset_id: str, filters: Filters) -> Division:
    """The risk bands of the churn model. Raises CannotAnswer."""
    plain = filters.with_(where=(), segment=None, extra=())
    users = seen.people.frame["user_id"].astype("str")
    codes = np.full(len(users), -1, np.int8)
    for position, band in enumerate(BANDS):
        members = insight(CHURN_MEMBERS, dataset_id, plain, band=band).frame["user_id"]
        codes[users.isin(members.astype("str")).to_numpy()] = position
    return Division(CHURN, "Churn risk", tuple(BANDS), codes, tuple(BANDS.values()))


def _left_out(found: list[Division], seen: PeopleView) -> tuple[LeftOut, ...]:
    out = []
    for division in found:
        missing = int((seen.chosen & (division.codes < 0)).sum())
        if missing:
            out.append(LeftOut(f"no_{division.key}", missing, f"people without a place in {division.label}"))
    return tuple(out)
