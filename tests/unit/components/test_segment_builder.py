"""The builder loses nothing: a rule becomes rows, the form's controls, and the same rule again."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.components.save_segment import NAME, RULE, SAID, SAVE, save_segment
from dashboard.components.segment_builder import (
    FIELD,
    REMOVE,
    SHAPE,
    builder_rows,
    complete,
    form_rows,
    new_row,
    reshaped,
    rows_of_rule,
    rule_of_form,
    shapes_of,
)
from dashboard.components.segment_list import counted, segment_entry
from dashboard.customers import segment_json
from tests.unit.components.tree import find, prop, text, walk

PROPERTIES = (
    SimpleNamespace(name="country", label="Country", type="text", values=("DE", "UK")),
    SimpleNamespace(name="team", label="Team", type="text", values=()),
    SimpleNamespace(name="usage", label="Usage", type="number", values=()),
    SimpleNamespace(name="signup_time", label="Signed up", type="time", values=()),
    SimpleNamespace(name="paid", label="Paid", type="boolean", values=()),
)
EVENTS = ("visit", "buy")


def controls(join: str, rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[Any]]:
    """Ids and values of what a browser would send for these rows."""
    full = [complete(row, PROPERTIES) for row in rows]
    shown = builder_rows(join, full, properties=PROPERTIES, events=EVENTS, event_properties=("device",))
    asked = [n for n in walk(shown) if isinstance(prop(n, "id"), dict) and n.id["type"] in (FIELD, SHAPE)]
    shapes = {n.id["name"]: n.value for n in asked if n.id["type"] == SHAPE}
    assert shapes == shapes_of(full)
    return [n.id for n in asked], [n.value for n in asked]


LEAVES = st.sampled_from(
    [
        {"kind": "property", "name": "country", "test": "is", "values": ["DE", "Mars"]},
        {"kind": "property", "name": "country", "test": "missing", "values": []},
        {"kind": "property", "name": "team", "test": "contains", "values": ["a,b"]},
        {"kind": "property", "name": "usage", "test": "at_least", "values": ["2.5"]},
        {"kind": "property", "name": "signup_time", "test": "after", "values": ["2024-01-31"]},
        {"kind": "property", "name": "paid", "test": "is", "values": ["true"]},
        {"kind": "did", "event": {"event": "buy"}, "compare": "exactly", "times": 0, "window": {"kind": "ever"}},
        {
            "kind": "did",
            "event": {"event": None, "where": {"device": ["app", "web"]}},
            "times": 2,
            "window": {"kind": "last", "days": 7},
        },
        {
            "kind": "did",
            "event": {"event": "gone", "where": {"a": ["1"], "b": ["2"]}},
            "window": {"kind": "between", "first": "2024-01-01", "last": "2024-02-01"},
        },
        {
            "kind": "did",
            "event": {"event": "visit"},
            "window": {"kind": "between", "first": "2024-01-01", "last": "2024-02-01"},
        },
        {"kind": "seen", "which": "first", "compare": "at_least", "days": 3},
        {"kind": "class", "what": "band", "values": ["0", "2"], "rules": "d30~90"},
        {"kind": "insight", "insight": "active_people", "options": {"window": 7}, "search": "?range=7d", "label": "x"},
        {"kind": "list", "list": "a" * 64, "count": 3},
        {"kind": "any", "rules": [{"kind": "seen", "which": "last", "compare": "at_most", "days": 1}]},
    ]
)
PARTS = st.one_of(LEAVES, LEAVES.map(lambda rule: {"kind": "not", "rule": rule}))


@settings(max_examples=200)
@given(join=st.sampled_from(("all", "any")), parts=st.lists(PARTS, min_size=1, max_size=5))
def test_a_rule_survives_the_form(join: str, parts: list[dict[str, Any]]) -> None:
    rule = segment_json.to_json(segment_json.from_json({"kind": join, "rules": parts}))
    back = rule_of_form(*form_rows(*controls(*rows_of_rule(rule))))
    assert segment_json.to_json(segment_json.from_json(back)) == rule


@pytest.mark.parametrize("kind", ["property", "did", "seen", "class"])
def test_a_new_row_has_every_control_it_needs(kind: str) -> None:
    row = new_row(kind, properties=PROPERTIES, rules="d30~90")
    rule = rule_of_form(*form_rows(*controls("all", [row])))
    part = rule["rules"][0]
    if kind == "property":
        assert part == {"kind": "property", "name": "country", "test": "is", "values": []}
    else:
        segment_json.from_json(rule)
    assert new_row("property", properties=())["property"] == ""


def test_another_property_forgets_the_values_of_the_one_before() -> None:
    rows = [{"kind": "property", "negate": False, "property": "team", "test": "is", "values": ["DE"]}]
    before = {"0.property": "country", "0.test": "is"}
    assert not reshaped(rows, before, dict(before)) and rows[0]["values"] == ["DE"]
    assert reshaped(rows, before, {**before, "0.test": "is_not"}) and rows[0]["values"] == ["DE"]
    assert reshaped(rows, before, {**before, "0.property": "team"}) and rows[0]["values"] == []
    assert complete({**rows[0], "property": "usage"}, PROPERTIES)["test"] == "is"
    assert complete({**rows[0], "property": "signup_time"}, PROPERTIES)["test"] == "before"


def test_forged_forms_are_read_without_raising() -> None:
    ids = [{"name": "0.kind"}, {"name": "x.kind"}, {"name": "join"}, {}, {"name": "1.rule"}, {"name": "1.kind"}]
    join, rows = form_rows(ids, ["kept", "did", ["all"], None, "[[[", "kept"])
    assert join == "all" and rule_of_form(join, rows) == {"kind": "all", "rules": [{}, {}]}


def test_rows_can_be_removed_and_carried_ones_say_what_they_are() -> None:
    kept = {"kind": "list", "list": "b" * 64, "count": 2}
    words = {json.dumps(kept, sort_keys=True): "in a list of 2 ids"}
    rows = rows_of_rule({"kind": "all", "rules": [kept]}, words)[1]
    shown = builder_rows("all", rows, properties=PROPERTIES, events=(), event_properties=())
    assert [text(node) for node in find(shown, "condition-kept")] == ["in a list of 2 ids"]
    buttons = [n for n in walk(shown) if isinstance(prop(n, "id"), dict) and n.id["type"] == REMOVE]
    assert [(n.id["name"], prop(n, "aria-label")) for n in buttons] == [("0", "Remove condition 1")]
    assert "No condition yet" in text(builder_rows("all", [], properties=(), events=(), event_properties=()))


def test_saving_from_another_page_needs_a_rule_only() -> None:
    rule = {"kind": "seen", "which": "last", "compare": "at_most", "days": 1}
    shown = save_segment("place", rule, suggested="Recent")
    found = {n.id["type"]: n for n in walk(shown) if isinstance(prop(n, "id"), dict)}
    assert set(found) == {SAVE, NAME, RULE, SAID} and {n.id["name"] for n in found.values()} == {"place"}
    assert json.loads(found[RULE].value) == rule and found[NAME].value == "Recent"


def test_an_entry_has_its_links_and_count() -> None:
    shown = segment_entry(
        *("abc", "Fans", "did buy", counted(3, 10, (0.3, 0.1, 0.6))),
        on=True,
        use="?a",
        people="/b",
        export="/c",
        share="/d",
        edit="?e",
    )
    links = {text(node): node.href for node in walk(shown) if prop(node, "href")}
    assert links == {"Stop filtering": "?a", "List": "/b", "CSV": "/c", "Edit": "?e"}
    assert "3  of 10 people" in text(shown) and "is-on" in shown.className
    assert [prop(node, "data-copy") for node in walk(shown) if prop(node, "data-copy")] == ["/d"]
