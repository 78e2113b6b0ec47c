"""The story of one person in answers: who they are, how they stand, what they are worth, how likely they are to leave.

Every answer is the one that lists and charts give: the same tables, the same model, the same as-of day. Filters other
than the as-of day choose lists of people and play no part here. What a dataset cannot answer is an :class:`Answer`
that names the missing column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from dashboard import format as fmt
from dashboard.customers import health as healths
from dashboard.customers import rfm_map, rfm_rule
from dashboard.customers.churn.story import ChurnStory, explain
from dashboard.customers.clv.customers import value_table
from dashboard.customers.clv.value_rule import ValueRule
from dashboard.customers.health import HealthOf
from dashboard.customers.rules import CLASSES, LEVELS
from dashboard.errors import CannotAnswer
from dashboard.filters import Filters, day_date
from dashboard.insights import clv_people, lifecycle_kernels, rfm
from dashboard.insights.lifecycle_states import ALL, UNSEEN
from dashboard.insights.view import View, view_of
from dashboard.service import core, customer_rfm, stored_rows
from dashboard.service.customers import rules_of
from dashboard.service.people import PeopleView, grouping, view
from dashboard.service.user import Who, who

STATES = {
    "new": ("New", "first active on this day"),
    "current": ("Current", "active on this day and in the week before"),
    "reactivated": ("Reactivated", "active on this day after 8 to 30 days away"),
    "resurrected": ("Resurrected", "active on this day after more than 30 days away"),
    "at_risk_week": ("At risk (week)", "not active on this day, but in the 7 days before"),
    "at_risk_month": ("At risk (month)", "last active 8 to 30 days ago"),
    "dormant": ("Dormant", "last active more than 30 days ago"),
}


@dataclass(frozen=True)
class Answer:
    """One thing about a person. value: text or number, None = not known. unit: of a number (as in Result). text: what
    it means here. missing: why there is no answer, with the missing columns; "" = answered. token: the list of
    everybody of the same kind, as the segments page names it."""

    key: str
    label: str
    value: str | float | None = None
    unit: str = ""
    text: str = ""
    missing: str = ""
    token: str = ""


@dataclass(frozen=True)
class Head:
    """Who the page is about. verdict: the story in one sentence. profile: (label, value, "text" | "number" | …) of
    every column of the user table. facts: answers. health: None with ``unwell``, why it is not known."""

    who: Who
    name: str
    email: str
    as_of: str
    verdict: str
    band: str
    profile: tuple[tuple[str, Any, str], ...]
    facts: tuple[Answer, ...]
    health: HealthOf | None
    unwell: str


def own(dataset_id: str, filters: Filters) -> Filters:
    """The filters that a person's story knows: the dataset and the as-of day."""
    return core.dated(dataset_id, Filters(dataset=dataset_id, as_of=filters.as_of))


def said(problem: CannotAnswer) -> str:
    """A refusal as one text with the missing columns."""
    missing = f" Missing: {', '.join(problem.missing)}." if problem.missing else ""
    return f"{problem.message}{missing}"


def tried(key: str, label: str, answer: Callable[[], Answer]) -> Answer:
    """The answer, or what the dataset lacks for it."""
    try:
        return answer()
    except CannotAnswer as problem:
        return Answer(key, label, missing=said(problem))


def head(dataset_id: str, filters: Filters, handle: str) -> Head:
    """Identity, verdict, facts and profile. Raises NotFound."""
    person = who(dataset_id, handle)
    seen = view_of(person.dataset, own(dataset_id, filters))
    profile = stored_rows.one_row(dataset_id, "users", person.row)
    told = {label: value for label, value, _ in profile}
    health, unwell = None, ""
    try:
        health = healths.health_of(seen, person.row)
    except CannotAnswer as problem:
        unwell = said(problem)
    facts = _facts(dataset_id, filters, person, seen)
    return Head(
        who=person,
        name=str(told.get("Name") or ""),
        email=str(told.get("E-mail") or ""),
        as_of=day_date(seen.as_of).isoformat() if seen.dated else "",
        verdict=_verdict(facts, health, person.dataset.manifest.currency),
        band=health.band if health is not None else "",
        profile=profile,
        facts=facts,
        health=health,
        unwell=unwell,
    )


def _row(seen: PeopleView, person: Who) -> pd.Series:
    return seen.frame.iloc[_position(seen, person)]


def _position(seen: PeopleView, person: Who) -> int:
    return int(np.flatnonzero(seen.people.frame["row"].to_numpy() == person.row)[0])


def _facts(dataset_id: str, filters: Filters, person: Who, seen: View) -> tuple[Answer, ...]:
    try:
        people = view(dataset_id, own(dataset_id, filters), rules_of(dataset_id, filters))
    except CannotAnswer as problem:
        return (Answer("last_seen", "Last seen", missing=said(problem)),)
    row, measures = _row(people, person), people.people.measures
    plan = row["plan"] if isinstance(row["plan"], str) else None
    facts = [
        Answer("first_seen", "First seen", _day(row["first_day"])),
        Answer("last_seen", "Last seen", _day(row["last_day"])),
        Answer("recency_days", "Days since last active", _number(row["recency_days"]), "days"),
        Answer("plan", "Plan", plan, missing="" if plan else "This dataset says no plan of this person."),
        tried("state", "Lifecycle", lambda: _state(person, seen)),
    ]
    for name, label, unit in (
        ("active_days", "Active days", "count"),
        ("orders", "Orders", "count"),
        ("revenue", "Net revenue", "money"),
        ("usage", "Usage", "number"),
    ):
        if name in measures or (name == "orders" and "revenue" in measures):
            facts.append(Answer(name, label, _number(row[name]), unit))
    return tuple(facts)


def _number(value: Any) -> float | None:
    return None if value is None or value != value else float(value)


def _day(value: Any) -> str | None:
    number = _number(value)
    return None if number is None else fmt.day(day_date(int(number)))


def _state(person: Who, seen: View) -> Answer:
    days = person.dataset.partitions[person.partition].table("days")
    if days is None:
        raise CannotAnswer("The lifecycle needs activity over time.", ("events",), "Add an event log or orders.")
    out = np.empty(1, np.int32)
    own_days = days.offsets[person.number : person.number + 2]
    lifecycle_kernels.state_on(own_days, days.day, np.ones(1, np.uint8), seen.as_of, out)
    state = ALL[int(out[0])]
    if state == UNSEEN:
        return Answer("state", "Lifecycle", missing="Not active up to this day.")
    name, text = STATES[state]
    return Answer("state", "Lifecycle", name, text=text)


def _verdict(facts: tuple[Answer, ...], health: HealthOf | None, currency: str) -> str:
    """The person in one sentence: how they are, the silence against their own rhythm, what they brought."""
    values = {fact.key: fact.value for fact in facts}
    silent = values.get("recency_days")
    if not isinstance(silent, float):
        return "No activity on record up to this day."
    parts = ["active on the last day" if silent == 0 else f"silent for {fmt.day_count(silent)}"]
    if health is not None and health.gap is not None:
        parts.append(f"usually back after {fmt.day_count(round(health.gap, 1))}")
    orders, revenue = values.get("orders"), values.get("revenue")
    if isinstance(orders, float) and isinstance(revenue, float) and orders:
        parts.append(f"{fmt.money(revenue, currency)} in {fmt.count(orders)} {'order' if orders == 1 else 'orders'}")
    text = ", ".join(parts) + "."
    return f"{health.band}: {text}" if health is not None else text[0].upper() + text[1:]


def standing(dataset_id: str, filters: Filters, handle: str) -> tuple[Answer, ...]:
    """Rule class, engagement level, RFM segment and K-Means group, each as the segments page has it."""
    person, filters = who(dataset_id, handle), own(dataset_id, filters)
    return (
        tried("class", "Rule segment", lambda: _class(dataset_id, filters, person)),
        tried("rfm", "RFM segment", lambda: _rfm(dataset_id, filters, person)),
        tried("cluster", "Group found in the data", lambda: _cluster(dataset_id, filters, person)),
    )


def _class(dataset_id: str, filters: Filters, person: Who) -> Answer:
    seen = view(dataset_id, filters, rules_of(dataset_id, filters))
    at = _position(seen, person)
    name, level = CLASSES[int(seen.found.segment[at])], LEVELS[int(seen.found.level[at])]
    return Answer("class", "Rule segment", name, text=f"{level} engagement", token=f"class.{name}")


def _rfm(dataset_id: str, filters: Filters, person: Who) -> Answer:
    names = rfm_map.from_json(customer_rfm.with_map(dataset_id, {}).get("segments"))
    table = rfm.table_of(view_of(person.dataset, filters), rfm_rule.from_json({}), names)
    at = int(np.searchsorted(table.row, person.row))
    if at == len(table.row) or table.row[at] != person.row:
        what = "order" if table.basis == "orders" else "activity"
        return Answer("rfm", "RFM segment", missing=f"No {what} up to this day, so no score.")
    scored = table.scored
    name = scored.names[int(scored.segment[at])]
    text = f"recency {scored.R[at]}, frequency {scored.F[at]}, money {scored.M[at]} (5 is best)"
    return Answer("rfm", "RFM segment", name, text=text, token=f"rfm.{name}")


def _cluster(dataset_id: str, filters: Filters, person: Who) -> Answer:
    seen = view(dataset_id, filters, rules_of(dataset_id, filters))
    found = grouping(seen)
    label = int(found.labels[_position(seen, person)])
    if label < 0:
        return Answer(
            "cluster", "Group found in the data", missing="A figure is missing, so this person is in no group."
        )
    text = "" if found.structure else "These groups are no better than in shuffled data."
    return Answer("cluster", "Group found in the data", found.names[label], text=text, token=f"group.{label}")


def value(dataset_id: str, filters: Filters, handle: str) -> tuple[Answer, ...]:
    """What the person brought and is expected to bring, as the value page has it."""
    person, filters = who(dataset_id, handle), own(dataset_id, filters)
    try:
        return _value(person, view_of(person.dataset, filters))
    except CannotAnswer as problem:
        return (Answer("clv", "Predicted value", missing=said(problem)),)


def _value(person: Who, seen: View) -> tuple[Answer, ...]:
    rule = ValueRule()
    table = value_table(seen, rule)
    at = int(np.searchsorted(table.book.row, person.row))
    if at == len(table.book.row) or table.book.row[at] != person.row:
        return (Answer("clv", "Predicted value", missing="No order up to this day, so no prediction."),)
    if np.isnan(table.prediction.clv[at]):
        return (
            Answer("historic", "Value so far", float(table.historic[at]), "money", "net revenue × margin"),
            Answer("clv", "Predicted value", missing="The model of these data gives no value for this customer."),
        )
    row = clv_people.with_ranges(seen, rule, clv_people.everybody(seen, rule).iloc[[at]]).iloc[0]
    low, high = (fmt.money(row[name], person.dataset.manifest.currency) for name in ("low", "high"))
    overdue = _number(row["overdue_days"])
    due = "" if overdue is None else f"{fmt.day_count(overdue)} overdue" if overdue > 0 else "not due yet"
    return (
        Answer("historic", "Value so far", _number(row["historic"]), "money", "net revenue × margin"),
        Answer(
            "clv",
            f"Expected in the next {rule.months} months",
            _number(row["clv"]),
            "money",
            f"in 8 of 10 cases {low} to {high}" + (", far above the best year: check" if row["unlikely"] else ""),
        ),
        Answer("tier", "Value tier", str(row["tier"])),
        Answer("next_order", "Next order expected", _day(row["next_order"]), text=due),
        Answer("p_no_purchase", f"Chance of no order in {rule.months} months", _number(row["p_no_purchase"]), "rate"),
        Answer("value_at_risk", "Value at risk", _number(row["value_at_risk"]), "money"),
    )


def churn(dataset_id: str, filters: Filters, handle: str) -> ChurnStory | None:
    """How likely the person is to leave, with reasons; None where the data cannot say."""
    person, filters = who(dataset_id, handle), own(dataset_id, filters)
    try:
        return explain(view_of(person.dataset, filters), person.user_id)
    except CannotAnswer:
        return None


def to_json(dataset_id: str, filters: Filters, handle: str) -> dict[str, Any]:
    """The whole story, JSON-ready, for the command line."""
    told = head(dataset_id, filters, handle)
    left = churn(dataset_id, filters, handle)
    return {
        "user_id": told.who.user_id,
        "handle": handle,
        "as_of": told.as_of,
        "verdict": told.verdict,
        "profile": {label: item for label, item, _ in told.profile},
        "facts": [asdict(fact) for fact in told.facts],
        "health": asdict(told.health) if told.health is not None else {"missing": told.unwell},
        "standing": [asdict(item) for item in standing(dataset_id, filters, handle)],
        "value": [asdict(item) for item in value(dataset_id, filters, handle)],
        "churn": asdict(left) if left is not None else None,
    }
