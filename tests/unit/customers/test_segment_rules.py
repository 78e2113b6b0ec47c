"""Rules of segments as data: one form, human refusals, and keys that differ exactly when the question does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dashboard.customers import segment_json
from dashboard.customers.segment_rules import MAX_DEPTH, MAX_NODES, in_words
from dashboard.errors import UserError

DID: dict[str, Any] = {"kind": "did", "event": {"event": "buy"}, "window": {"kind": "ever"}}
IS: dict[str, Any] = {"kind": "property", "name": "plan", "test": "is", "values": ["b", "a", "b"]}


def nested(depth: int) -> dict[str, Any]:
    return {"kind": "not", "rule": nested(depth - 1)} if depth > 1 else IS


@pytest.mark.parametrize(
    "rule",
    [
        *(None, [], "x", {}, {"kind": "sql"}, {"kind": "all", "rules": []}, {"kind": "all", "rules": {}}),
        *({"kind": "not"}, {"kind": "any", "rules": [None]}, nested(MAX_DEPTH + 1)),
        {"kind": "all", "rules": [IS] * MAX_NODES},
        *({**IS, "values": []}, {**IS, "values": ["x" * 600]}, {**IS, "values": "a"}, {**IS, "test": "like"}),
        *({**IS, "name": ""}, {**IS, "values": [str(n) for n in range(201)]}),
        *({**IS, "test": test, "values": ["abc"]} for test in ("at_least", "at_most", "before", "after")),
        *({**IS, "test": "at_least", "values": [text]} for text in ("nan", "inf", "", "1e999")),
        *({**IS, "test": "before", "values": [text]} for text in ("2024-13-01", "20240101", "2024-1-1")),
        {**IS, "test": "contains", "values": ["a", "b"]},
        *({**DID, "times": times} for times in (-1, 1.5, "3", None, True, 10**9)),
        *({**DID, "compare": "about"}, {**DID, "event": 7}, {**DID, "event": {"event": 7}}, {**DID, "window": "ever"}),
        *({**DID, "window": {"kind": "last", "days": days}} for days in (0, -3, 10**6, "7", None)),
        {**DID, "window": {"kind": "between", "first": "2024-02-01", "last": "2024-01-01"}},
        {**DID, "window": {"kind": "between", "first": "2024-02-01"}},
        *({"kind": "seen", "which": which, "compare": "at_most", "days": 3} for which in ("", "never")),
        *({"kind": "seen", "which": "last", "compare": "at_most", "days": days} for days in (-1, None, 1e9)),
        {"kind": "seen", "which": "last", "compare": "exactly", "days": 3},
        *({"kind": "class", "what": what, "values": ["Risky"]} for what in ("", "level", "mood")),
        {"kind": "class", "what": "segment", "values": ["Risky"], "rules": "zzz"},
        *({"kind": "insight", "insight": name} for name in ("", "a b", "x;y")),
        {"kind": "insight", "insight": "active_people", "options": [1]},
        *({"kind": "list", "list": name} for name in ("", "../x", "a" * 63, "A" * 64)),
    ],
)
def test_nonsense_is_refused_in_words(rule: Any) -> None:
    with pytest.raises(UserError) as refusal:
        segment_json.from_json(rule)
    assert refusal.value.message.endswith((".", ":")) and refusal.value.hint


@pytest.mark.parametrize("text", ["", "[", "null", "[" * 100_000, '{"kind": "not", "rule": ' * 3_000, "x" * 300_000])
def test_text_that_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        segment_json.from_text(text)


def key(rule: Any) -> str:
    return segment_json.key_of(segment_json.from_json(rule))


def test_equal_questions_have_equal_keys_and_others_do_not() -> None:
    assert key(IS) == key({**IS, "values": ["a", "b"]}) == key(json.loads(json.dumps(IS)))
    label = {"kind": "insight", "insight": "active_people", "options": {"a": 1, "b": 2}, "label": "people of March"}
    assert key(label) == key({**label, "label": "", "options": {"b": 2, "a": 1}})
    assert key(label) == key({**label, "search": "?dataset=abc&segment=x&as_of=2024-01-01&compare=year&tab=2"})
    different = [
        *(IS, {**IS, "test": "is_not"}, {**IS, "values": ["a"]}, {**IS, "name": "label"}, {"kind": "not", "rule": IS}),
        *({"kind": "all", "rules": [IS, DID]}, {"kind": "any", "rules": [IS, DID]}),
        *(DID, {**DID, "times": 2}, {**DID, "compare": "at_most"}, {**DID, "window": {"kind": "last", "days": 7}}),
        *({**DID, "event": {"event": "buy", "where": {"label": [value]}}} for value in ("x", "y")),
        *(label, {**label, "search": "?range=7d"}, {**label, "options": {"a": 1}}),
        *({"kind": "list", "list": letter * 64} for letter in "ab"),
    ]
    assert len({key(rule) for rule in different}) == len(different)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"kind": "all", "rules": [IS, DID]}, "plan is a or b, and did buy at least once ever"),
        (
            {"kind": "any", "rules": [{"kind": "all", "rules": [IS, DID]}, {"kind": "not", "rule": IS}]},
            "(plan is a or b, and did buy at least once ever), or not (plan is a or b)",
        ),
        ({**IS, "values": ["", "a"]}, "plan is missing or a"),
        ({**IS, "test": "missing"}, "plan is missing"),
        ({**DID, "times": 1200, "window": {"kind": "last", "days": 1}}, "did buy at least 1,200 times in the last day"),
        ({"kind": "seen", "which": "last", "compare": "at_most", "days": 1}, "last seen at most 1 day ago"),
        ({"kind": "class", "what": "band", "values": ["1"], "rules": ""}, "last active is 61–120 days ago"),
        ({"kind": "class", "what": "level", "values": ["High", "Low"]}, "engagement is Low or High"),
        ({"kind": "insight", "insight": "new_people"}, "people of new people"),
        ({"kind": "list", "list": "a" * 64, "count": 1200}, "in a list of 1,200 ids"),
    ],
)
def test_a_rule_can_be_read_aloud(rule: Any, words: str) -> None:
    assert in_words(segment_json.from_json(rule)) == words
