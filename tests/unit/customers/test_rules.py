from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import filters
from dashboard.customers.rules import CLASSES, DEFAULT_TARGETS, LEVELS, MAX_DAYS, MEASURES, RuleSet
from dashboard.errors import UserError


@st.composite
def rule_sets(draw: st.DrawFn) -> RuleSet:
    low = draw(st.floats(0.01, 0.9))
    high = draw(st.floats(low, 0.99, exclude_min=True))
    cuts = sorted(draw(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=2, unique=True)))
    recent = draw(st.integers(0, MAX_DAYS - 1))
    return RuleSet(
        measure=draw(st.sampled_from(MEASURES)),
        q_low=low,
        q_high=high,
        **(dict(zip(("cut_low", "cut_high"), cuts, strict=True)) if draw(st.booleans()) else {}),
        recent_days=recent,
        dormant_days=draw(st.integers(recent + 1, MAX_DAYS)),
        classes=tuple(draw(st.lists(st.sampled_from(CLASSES), min_size=9, max_size=9))),
        targets=tuple(draw(st.sets(st.tuples(st.sampled_from(CLASSES), st.sampled_from(LEVELS))))),
    )


def test_defaults_are_those_of_the_definition() -> None:
    rules = RuleSet()
    assert (rules.q_low, rules.q_high, rules.recent_days, rules.dormant_days) == (0.33, 0.66, 60, 120)
    assert [[rules.class_of(level, band) for band in range(3)] for level in LEVELS] == [
        ["Risky", "Risky", "Risky"],
        ["Regular", "Dormant", "Risky"],
        ["Loyal", "Dormant", "Risky"],
    ]
    cells = {(level, band) for level in LEVELS for band in range(3) if rules.is_target(level, band)}
    assert cells == {("Medium", 1), ("High", 1), ("Medium", 2)}
    assert rules.target_groups() == (("Dormant", ("Medium", "High")), ("Risky", ("Medium",)))
    assert rules.to_text() == ""


@given(rule_sets())
def test_rules_survive_a_link(rules: RuleSet) -> None:
    search = filters.Filters().with_option("rules", rules.to_text()).to_search()
    assert RuleSet.from_text(filters.parse(search).option("rules")) == rules
    assert all(key == "rules" for key, _ in parse_qsl(search.removeprefix("?"), strict_parsing=bool(search)))


@given(rule_sets())
def test_rules_survive_json(rules: RuleSet) -> None:
    assert RuleSet.from_json(rules.to_json()) == rules


@given(st.text(max_size=40) | st.text(alphabet="qcdmte0123456789.~-_LGDRMH", max_size=30))
def test_any_other_text_is_refused_with_a_sentence(text: str) -> None:
    try:
        rules = RuleSet.from_text(text)
    except UserError as error:
        assert error.code == "bad_rules"
        assert error.message.endswith(".")
    else:
        assert RuleSet.from_text(rules.to_text()) == rules


json_like = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(RuleSet().to_json())), inner),
    max_leaves=8,
)


@given(json_like)
def test_any_other_json_is_refused_with_a_sentence(data: object) -> None:
    try:
        RuleSet.from_json(data)
    except UserError as error:
        assert error.code == "bad_rules"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"q_low": 0.7, "q_high": 0.6}, "quantiles"),
        ({"q_low": 0.0}, "quantiles"),
        ({"q_high": float("nan")}, "quantiles"),
        ({"cut_low": 3.0}, "Only one"),
        ({"cut_low": 5.0, "cut_high": 5.0}, "cut-off"),
        ({"cut_low": 5.0, "cut_high": float("inf")}, "cut-off"),
        ({"recent_days": 120}, "whole days"),
        ({"recent_days": -1}, "whole days"),
        ({"recent_days": 59.5}, "whole days"),
        ({"dormant_days": MAX_DAYS + 1}, "whole days"),
        ({"classes": ("Loyal",) * 8}, "nine combinations"),
        ({"classes": ("Loyal",) * 8 + ("Gone",)}, "nine combinations"),
        ({"targets": (("Risky", "Huge"),)}, "discount target"),
        ({"measure": "fame"}, "measure"),
    ],
)
def test_senseless_rules_are_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        RuleSet(**values)  # type: ignore[arg-type]


def test_equal_rules_are_equal_objects() -> None:
    turned = RuleSet(targets=tuple(reversed(DEFAULT_TARGETS)) + DEFAULT_TARGETS)
    assert turned == RuleSet()
    assert hash(turned) == hash(RuleSet())


def test_bands_in_words() -> None:
    assert RuleSet().bands() == ("0–60 days", "61–120 days", "more than 120 days")
    assert RuleSet(recent_days=0, dormant_days=1).bands() == ("0 days", "1 day", "more than 1 day")
