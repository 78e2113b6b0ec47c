"""Rules of saved segments as JSON: every node is an object with ``kind``; equal rules give equal JSON and keys."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dashboard.customers.segment_rules import (
    MAX_DEPTH,
    MAX_NODES,
    MAX_TEXT,
    AllOf,
    AnyOf,
    Did,
    FromInsight,
    InClass,
    Listed,
    Not,
    Property,
    Rule,
    Seen,
    Window,
    need,
    nodes,
    refuse,
)
from dashboard.insights.selector import Selector

MAX_JSON = 200_000  # characters of a rule


def to_json(rule: Rule) -> dict[str, Any]:
    """JSON-ready form; :func:`from_json` reads it."""
    match rule:
        case AllOf(rules):
            return {"kind": "all", "rules": [to_json(item) for item in rules]}
        case AnyOf(rules):
            return {"kind": "any", "rules": [to_json(item) for item in rules]}
        case Not(inner):
            return {"kind": "not", "rule": to_json(inner)}
        case Property(name, test, values):
            return {"kind": "property", "name": name, "test": test, "values": list(values)}
        case Did(event, compare, times, window):
            shape = {"kind": window.kind, "days": window.days, "first": window.first, "last": window.last}
            used = {"ever": ("kind",), "last": ("kind", "days"), "between": ("kind", "first", "last")}[window.kind]
            return {
                "kind": "did",
                "event": event.to_json(),
                "compare": compare,
                "times": times,
                "window": {name: shape[name] for name in used},
            }
        case Seen(which, compare, days):
            return {"kind": "seen", "which": which, "compare": compare, "days": days}
        case InClass(what, values, rules):
            return {"kind": "class", "what": what, "values": list(values), "rules": rules}
        case FromInsight(insight, options, search, label):
            return {
                "kind": "insight",
                "insight": insight,
                "options": json.loads(options),
                "search": search,
                "label": label,
            }
        case Listed(list_id, count):
            return {"kind": "list", "list": list_id, "count": count}


def from_json(data: Any) -> Rule:
    """The rule of a JSON form. Raises UserError ("bad_segment") with a sentence for people for anything else."""
    rule = _read(data, 1)
    need(
        sum(1 for _ in nodes(rule)) <= MAX_NODES,
        f"A segment can have at most {MAX_NODES} conditions.",
        "Split it, or use a list of values in one condition.",
    )
    return rule


def from_text(text: str) -> Rule:
    """:func:`from_json` of JSON text."""
    try:
        return from_json(json.loads(text[: MAX_JSON + 1]) if len(text) <= MAX_JSON else None)
    except (ValueError, RecursionError):
        refuse("This segment's rule cannot be read.", "Build it again.")


def to_text(rule: Rule) -> str:
    """Canonical JSON text: equal rules give equal texts."""
    return json.dumps(to_json(rule), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def key_of(rule: Rule) -> str:
    """Hash of a rule for cache keys; labels for people play no part."""
    return hashlib.sha256(to_text(_unlabelled(rule)).encode()).hexdigest()[:32]


def _read(data: Any, depth: int) -> Rule:
    if not isinstance(data, Mapping) or depth > MAX_DEPTH:
        refuse("This segment's rule cannot be read.", f"Rules may lie at most {MAX_DEPTH} deep.")
    kind = data.get("kind")
    if kind in ("all", "any"):
        rules = data.get("rules")
        if not isinstance(rules, list) or len(rules) > MAX_NODES:
            refuse("A group of conditions holds a list of conditions.", f"At most {MAX_NODES} in all.")
        read = tuple(_read(item, depth + 1) for item in rules)
        return AllOf(read) if kind == "all" else AnyOf(read)
    if kind == "not":
        return Not(_read(data.get("rule"), depth + 1))
    if kind == "property":
        return Property(_text(data, "name"), _text(data, "test"), _texts(data, "values"))  # type: ignore[arg-type]
    if kind == "did":
        window = data.get("window", {})
        if not isinstance(window, Mapping):
            refuse("The window of an event cannot be read.", "Choose ever, the last days, or two dates.")
        return Did(
            Selector.from_json(data.get("event")),
            _text(data, "compare", "at_least"),  # type: ignore[arg-type]
            _whole(data, "times", 1),
            Window(
                _text(window, "kind", "ever"),  # type: ignore[arg-type]
                _whole(window, "days", 0),
                _text(window, "first"),
                _text(window, "last"),
            ),
        )
    if kind == "seen":
        return Seen(_text(data, "which"), _text(data, "compare"), _whole(data, "days", -1))  # type: ignore[arg-type]
    if kind == "class":
        return InClass(_text(data, "what"), _texts(data, "values"), _text(data, "rules"))  # type: ignore[arg-type]
    if kind == "insight":
        options = data.get("options", {})
        if not isinstance(options, Mapping):
            refuse("The options of this insight cannot be read.", "Save the segment again.")
        return FromInsight(
            _text(data, "insight"), json.dumps(options, sort_keys=True), _text(data, "search"), _text(data, "label")
        )
    if kind == "list":
        return Listed(_text(data, "list"), _whole(data, "count", 0))
    refuse("This kind of condition is not known.", "Remove it and add it again.")


def _text(data: Mapping[str, Any], name: str, default: str = "") -> str:
    value = data.get(name, default)
    if not isinstance(value, str) or len(value) > MAX_TEXT * 8:
        refuse("A part of this condition is not a text.", "Remove the condition and add it again.")
    return value


def _texts(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = data.get(name, [])
    if not isinstance(values, list) or not all(isinstance(v, str) and len(v) <= MAX_TEXT for v in values):
        refuse("The values of this condition are not a list of texts.", "Remove the condition and add it again.")
    return tuple(values)


def _whole(data: Mapping[str, Any], name: str, default: int) -> int:
    value = data.get(name, default)
    if isinstance(value, float) and value.is_integer():  # a form sends 3.0 for 3
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        refuse("How often and how many days are whole numbers.", "For example 3.")
    return value


def _unlabelled(rule: Rule) -> Rule:
    match rule:
        case AllOf(rules):
            return AllOf(tuple(_unlabelled(item) for item in rules))
        case AnyOf(rules):
            return AnyOf(tuple(_unlabelled(item) for item in rules))
        case Not(inner):
            return Not(_unlabelled(inner))
        case FromInsight():
            return replace(rule, label="")
    return rule
