"""The people behind every number of the segments page, named by a short text that fits into a link.

``class.Dormant`` · ``level.High`` · ``band.2`` · ``cell.Medium.1`` (rules) · ``rfm.At Risk`` · ``rfmcell.5.1`` ·
``group.0`` · ``moved.["Champions","At Risk"]`` · ``churn.at risk`` · ``both.["rules","Dormant","rfm","Champions"]``.
Each becomes an insight that lists exactly the people counted, and a condition that stays live in a saved segment.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.customers import segment_json, selection
from dashboard.customers.rules import RuleSet
from dashboard.customers.segment_rules import AllOf, InClass, Rule
from dashboard.errors import UserError
from dashboard.filters import Filters
from dashboard.service import customer_rfm, segments
from dashboard.service.people import grouping, view

CHURN = "churn_members"  # lists the ids of a risk band


@dataclass(frozen=True)
class Listed:
    """insight, options: what lists the people. title: in words. rule: the same people as a live condition (JSON)."""

    insight: str
    options: dict[str, Any]
    title: str
    rule: dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What a token is read with: the page's rules, the switches of RFM, and the other date of a migration."""

    rules: RuleSet
    switches: Mapping[str, Any]
    moved: Mapping[str, Any]


def listed(dataset_id: str, filters: Filters, token: str, asked: Asked) -> Listed:
    """The list a token names. Raises UserError ("unknown_list") for one that names none, NotFound, CannotAnswer."""
    kind, _, rest = token.partition(".")
    if not rest and kind in ("rfm", "churn"):
        raise _unknown()
    if kind == "rfm":
        return _insight("rfm_people", _rfm(dataset_id, asked, segment=rest), filters, rest)
    if kind == "rfmcell":
        recency, column = _pair(rest.split("."))
        options = _rfm(dataset_id, asked, recency=recency, column=column)
        return _insight("rfm_people", options, filters, f"RFM cell: recency {recency}, frequency {column}")
    if kind == "group":
        return _group(dataset_id, filters, asked, rest)
    if kind == "moved":
        was, now = _pair(_parts(rest))
        options = {**customer_rfm.with_map(dataset_id, {**asked.switches, **asked.moved}), "was": was, "now": now}
        return _insight("rfm_moved", options, filters, f"From {was} to {now}")
    if kind == "churn":
        return _insight(CHURN, {"band": rest}, filters, f"Churn risk: {rest}")
    if kind == "both":
        return _both(dataset_id, filters, asked, _parts(rest))
    return _of_rule(segment_json.to_json(_classes(token, asked.rules)), selection.describe(token, asked.rules))


def _rfm(dataset_id: str, asked: Asked, **place: Any) -> dict[str, Any]:
    return {**customer_rfm.with_map(dataset_id, asked.switches), **place}


def _insight(name: str, options: dict[str, Any], filters: Filters, title: str) -> Listed:
    return Listed(name, options, title, segments.insight_condition(name, options, filters, title))


def _of_rule(rule: dict[str, Any], title: str) -> Listed:
    return Listed("rule_people", {"rule": rule}, title, rule)


def _group(dataset_id: str, filters: Filters, asked: Asked, number: str) -> Listed:
    found = grouping(view(dataset_id, filters, asked.rules))
    if not number.isascii() or not number.isdigit() or int(number) >= found.k:
        raise _unknown()
    options = {"group": int(number), "model": found.model.to_json()}
    return _insight("cluster_people", options, filters, found.names[int(number)])


def _both(dataset_id: str, filters: Filters, asked: Asked, parts: list[str]) -> Listed:
    """Two places at once, as the side by side counts them: both conditions must hold."""
    if len(parts) != 4:
        raise _unknown()
    plain = filters.with_(where=(), segment=None)
    made = [_place(dataset_id, plain, asked, parts[0], parts[1]), _place(dataset_id, plain, asked, parts[2], parts[3])]
    rule = AllOf(tuple(segment_json.from_json(item.rule) for item in made))
    return _of_rule(segment_json.to_json(rule), " and ".join(item.title for item in made))


def _place(dataset_id: str, filters: Filters, asked: Asked, division: str, name: str) -> Listed:
    if division == "groups":
        names = grouping(view(dataset_id, filters, asked.rules)).names
        if name not in names:
            raise _unknown()
        return _group(dataset_id, filters, asked, str(names.index(name)))
    kinds = {"rules": "class", "rfm": "rfm", "churn": "churn"}
    if division not in kinds:
        raise _unknown()
    return listed(dataset_id, filters, f"{kinds[division]}.{name}", asked)


def _classes(token: str, rules: RuleSet) -> Rule:
    """A place in the segment rules as a condition. Raises UserError for a token that is none."""
    selection.describe(token, rules)
    kind, *rest = token.split(".")
    text = rules.to_text()
    if kind == "cell":
        return AllOf((InClass("level", (rest[0],), text), InClass("band", (rest[1],), text)))
    what = {"class": "segment", "level": "level", "band": "band"}.get(kind)
    if what is None:
        raise _unknown()
    return InClass(what, (rest[0],), text)  # type: ignore[arg-type]  # one of the three names above


def _parts(text: str) -> list[str]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise _unknown()
    return found


def _pair(parts: list[str]) -> tuple[str, str]:
    if len(parts) != 2:
        raise _unknown()
    return parts[0], parts[1]


def _unknown() -> UserError:
    return UserError("unknown_list", "This list of people does not exist.", "Open the list again from its number.")
