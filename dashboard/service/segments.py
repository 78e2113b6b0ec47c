"""Saved segments for pages: kept with a dataset, counted as of the view's day, usable as a filter everywhere.

A rule comes and goes as JSON (``customers.segment_json``). Every function checks that the acting person may do this
with the dataset; a segment of another dataset does not exist (``NotFound``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard.customers import segment_json, segment_members
from dashboard.customers.segment_rules import AllOf, FromInsight, Listed, Property, Rule, in_words
from dashboard.errors import UserError
from dashboard.filters import Filters
from dashboard.insights import periods, users, where
from dashboard.insights.groups import SEGMENT
from dashboard.insights.registry import INSIGHTS
from dashboard.insights.view import View, plain_view
from dashboard.schema import field
from dashboard.service import core
from dashboard.service.customer_rules import get_rules
from dashboard.statistics.intervals import wilson
from dashboard.store import segments as stored
from dashboard.store.dataset import Dataset
from dashboard.store.segments import StoredSegment

MAX_NAME = 80
MAX_IDS = 1_000_000
MAX_EVENTS = 1_000
_SEPARATORS = re.compile(r"[\r\n\t;,]+")


@dataclass(frozen=True)
class Segment:
    """A saved segment. rule: JSON form, {} where it can no longer be read. words: the rule as a sentence. created_at,
    updated_at: ISO instants UTC."""

    id: str
    name: str
    rule: dict[str, Any]
    words: str
    created_at: str
    updated_at: str


@dataclass(frozen=True)
class Preview:
    """How many people a rule finds. people of everyone (those that pass the view's filters); share with its Wilson 95 %
    interval, None when there is nobody. as_of: ISO day, "" for data without days. words: the rule as a sentence."""

    people: int
    everyone: int
    share: float | None
    low: float | None
    high: float | None
    as_of: str
    words: str


def segments(dataset_id: str) -> list[Segment]:
    """The saved segments of a dataset, by name."""
    core.authorise(dataset_id, "read")
    return [_segment(item) for item in stored.of_dataset(dataset_id)]


def get_segment(dataset_id: str, segment_id: str) -> Segment:
    """One saved segment. Raises NotFound."""
    core.authorise(dataset_id, "read")
    return _segment(stored.get(dataset_id, segment_id))


def save_segment(dataset_id: str, name: str, rule: Mapping[str, Any], *, segment_id: str | None = None) -> Segment:
    """Keep a new segment, or give an existing one this name and rule. Raises UserError: "bad_segment",
    "unknown_event", "name_taken" and the like."""
    dataset = core.open_for("change", dataset_id)
    read = segment_json.from_json(rule)
    segment_members.check(dataset, read)
    name, text = _name(name), segment_json.to_text(read)
    if len(text) > segment_json.MAX_JSON:
        raise UserError("bad_segment", "This segment's rule is too long.", "Use a list of ids instead.")
    if segment_id:
        return _segment(stored.change(dataset_id, segment_id, name=name, rule=text))
    made = stored.add(dataset_id, core.current_owner(), name, text)
    stored.drop_unused_lists(dataset_id)
    return _segment(made)


def rename_segment(dataset_id: str, segment_id: str, name: str) -> Segment:
    """Give a segment another name. Raises NotFound and UserError."""
    core.authorise(dataset_id, "change")
    kept = stored.get(dataset_id, segment_id)
    return _segment(stored.change(dataset_id, segment_id, name=_name(name), rule=kept.rule))


def delete_segment(dataset_id: str, segment_id: str) -> None:
    """Forget a segment; views whose link names it then show everybody and say so. Raises NotFound."""
    core.authorise(dataset_id, "change")
    stored.remove(dataset_id, segment_id)


def preview_segment(dataset_id: str, filters: Filters, rule: Mapping[str, Any]) -> Preview:
    """How many people a rule finds among those that pass the value filters, as of the view's day; the range and the
    segment of the view play no part. Raises UserError and CannotAnswer."""
    view, read = _view(dataset_id, filters), segment_json.from_json(rule)
    segment_members.check(view.dataset, read)
    chosen = users.chosen(view)
    found = int((chosen & np.concatenate(segment_members.members(view, read)).astype(bool)).sum())
    everyone = int(chosen.sum())
    low, high = wilson(found, everyone)
    known = everyone > 0
    return Preview(
        people=found,
        everyone=everyone,
        share=found / everyone if known else None,
        low=float(low) if known else None,
        high=float(high) if known else None,
        as_of=_as_of(view),
        words=in_words(read),
    )


def segment_people(dataset_id: str, filters: Filters, rule: Mapping[str, Any]) -> list[str]:
    """The ids of the people that :func:`preview_segment` counts, sorted."""
    view = _view(dataset_id, filters)
    members = segment_members.members(view, segment_json.from_json(rule))
    ids: list[str] = []
    for partition, mask in zip(view.dataset.partitions, members, strict=True):
        kept = np.flatnonzero(mask & where.persons(view, partition, None))
        ids += [str(item) for item in partition.user_ids.take(kept).to_pylist()]
    return sorted(ids)


def keep_ids(dataset_id: str, text: str) -> tuple[dict[str, Any], int, int]:
    """A condition (JSON form) for pasted or uploaded user ids, one per line or separated by commas, semicolons or tabs,
    quotes and a heading such as “user_id” taken off. The ids are kept with the dataset. Returns (condition, ids found
    in the data, ids not found). Raises UserError when there is none or too many."""
    dataset = core.open_for("change", dataset_id)
    ids = {cell.strip().strip('"').strip() for cell in _SEPARATORS.split(text)} - {""}
    ids -= {heading for heading in ids if heading.casefold() in _headings(dataset)}
    if not ids:
        raise UserError("no_ids", "There is no user id in this text.", "Paste one id per line.")
    if len(ids) > MAX_IDS:
        raise UserError("too_many_ids", f"A list can have at most {MAX_IDS:,} ids.", "Use conditions instead.")
    found = sum(dataset.find(item) is not None for item in ids)
    list_id, count = stored.keep_list(dataset_id, ids)
    return segment_json.to_json(Listed(list_id, count)), found, count - found


def insight_condition(name: str, options: Mapping[str, Any], filters: Filters, label: str = "") -> dict[str, Any]:
    """The condition (JSON form) “the people that this insight lists now”, asked anew whenever it is used; range and
    value filters are those of the view. Raises UserError for a name that is not registered."""
    if name not in INSIGHTS:
        raise core.unknown("insight", name, sorted(INSIGHTS))
    text = json.dumps(dict(options), sort_keys=True)
    return segment_json.to_json(FromInsight(name, text, filters.to_search(), label))


def within_view(dataset_id: str, filters: Filters, rule: Mapping[str, Any], *, values: bool = True) -> dict[str, Any]:
    """The rule narrowed to the people that the view shows: its saved segment and, with ``values``, its value filters on
    persons (an insight's condition has them already). Raises NotFound for a segment that does not exist."""
    view = _view(dataset_id, filters)
    rules: list[Rule] = [segment_json.from_json(rule)]
    if filters.segment is not None:
        rules.append(segment_json.from_text(stored.get(dataset_id, filters.segment).rule))
    asked = segment_members.properties(view.dataset)
    clauses = where.person_clauses(view, None) if values else ()
    rules += [Property(name, "is", wanted) for name, wanted in clauses if name in asked]
    return segment_json.to_json(rules[0] if len(rules) == 1 else AllOf(tuple(rules)))


@dataclass(frozen=True)
class PropertyChoice:
    """A column of persons that a rule can ask. type: "text", "number", "time" or "boolean". values: the most frequent
    texts (at most 200), () for the others."""

    name: str
    label: str
    type: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Choices:
    """What conditions can ask of a dataset: properties of persons, names of events (at most 1,000), columns of events
    that hold groups, yes or no, or numbers, and the rules of the segment classes kept with the dataset (as text)."""

    properties: tuple[PropertyChoice, ...]
    events: tuple[str, ...]
    event_properties: tuple[str, ...]
    rules: str


def breakdowns(dataset_id: str) -> list[tuple[str, str]]:
    """(value of an option ``breakdown``, label) of every way to split people: saved segments, their columns, and the
    rules of the segments page where the data have days."""
    dataset = core.open_for("read", dataset_id)
    saved = [(f"{SEGMENT}{item.id}", f"Saved segment: {item.name}") for item in stored.of_dataset(dataset_id)]
    found = core.run("dimensions", dataset_id, Filters(), {}).summary["dimensions"]
    columns = [(item["name"], item["label"]) for item in found if "users" in item["tables"]]
    rules = [("class", "Segment of the rules"), ("engagement", "Engagement level"), ("recency", "Last activity")]
    return [*saved, *columns, *(rules if dataset.manifest.last_day is not None else ())]


def choices(dataset_id: str) -> Choices:
    """What the builder offers."""
    dataset = core.open_for("read", dataset_id)
    values = {
        item["name"]: tuple(text for text, _ in item["values"] if text)
        for item in core.run("dimensions", dataset_id, Filters(), {}).summary["dimensions"]
    }
    found = []
    for name, info in segment_members.properties(dataset).items():
        known = field("users", name)
        kind = info.type if info.type in ("number", "time", "boolean") else "text"
        label = known.label if known else info.header or name
        found.append(PropertyChoice(name, label, kind, values.get(name, ()) if kind == "text" else ()))
    manifest = dataset.manifest
    events = dataset.dictionary("event_name")[:MAX_EVENTS] if "event_name" in manifest.dictionaries else ()
    columns = tuple(
        name
        for name, info in manifest.columns.get("events", {}).items()
        if info.type in ("category", "boolean", "number") and name != "event_name"
    )
    return Choices(tuple(found), tuple(str(name) for name in events), columns, get_rules(dataset_id).to_text())


def rule_of_text(text: str) -> dict[str, Any]:
    """The JSON form that a text holds. Raises UserError ("bad_segment")."""
    return segment_json.to_json(segment_json.from_text(text))


def words_of_parts(rule: Mapping[str, Any]) -> dict[str, str]:
    """JSON text (keys sorted) of each condition of a rule's top level, turned around or not -> its words."""
    parts = rule.get("rules", []) if rule.get("kind") in ("all", "any") else [rule]
    inner = [part["rule"] if part.get("kind") == "not" else part for part in parts]
    return {json.dumps(part, sort_keys=True): in_words(segment_json.from_json(part)) for part in inner}


def _view(dataset_id: str, filters: Filters) -> View:
    dataset = core.open_for("read", dataset_id)
    return plain_view(dataset, core.dated(dataset_id, filters))


def _as_of(view: View) -> str:
    return periods.iso(view.as_of) if view.dated else ""


def _headings(dataset: Dataset) -> set[str]:
    headers = {str(info.header).casefold() for info in _id_columns(dataset)}
    return {"user_id", "user id", "userid", "customer_id", "customer id", *headers} - {""}


def _id_columns(dataset: Dataset) -> list[Any]:
    columns = dataset.manifest.columns.values()
    return [info for table in columns for name, info in table.items() if name == "user_id"]


def _segment(item: StoredSegment) -> Segment:
    try:
        rule = segment_json.from_text(item.rule)
        shape, words = segment_json.to_json(rule), in_words(rule)
    except UserError as problem:
        shape, words = {}, problem.message
    return Segment(item.id, item.name, shape, words, item.created_at, item.updated_at)


def _name(text: str) -> str:
    name = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if not 1 <= len(name) <= MAX_NAME:
        raise UserError("bad_name", f"A segment needs a name of 1 to {MAX_NAME} characters.", "For example “Regulars”.")
    return name
