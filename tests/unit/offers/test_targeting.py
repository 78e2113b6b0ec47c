from __future__ import annotations

import csv
import io
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.customers.rules import CLASSES, RuleSet
from dashboard.customers.segments import classify
from dashboard.offers import targeting
from tests.unit.customers.test_rules import rule_sets


def test_the_default_rule_in_words_and_in_a_file_name() -> None:
    assert targeting.rule_in_words(RuleSet()) == "Dormant, and Risky with Medium engagement."
    name = targeting.file_name(
        f"discount-targets_{targeting.rule_slug(RuleSet())}",
        (("country", ("GB",)), ("plan", ("Premium",))),
        8325,
        "2025-03-08",
    )
    assert name == "discount-targets_dormant+risky-medium_gb-premium_8325-users_as-of-2025-03-08.csv"


def test_other_rules_in_words() -> None:
    nobody = RuleSet(targets=())
    assert targeting.rule_in_words(nobody) == "Nobody: no segment is chosen."
    assert targeting.rule_slug(nobody) == "nobody"
    two = RuleSet(targets=(("Risky", "Low"), ("Risky", "Medium"), ("Loyal", "High"), ("Loyal", "Low")))
    assert targeting.rule_in_words(two) == "Loyal, and Risky with Low or Medium engagement."
    assert targeting.rule_slug(two) == "loyal+risky-low-medium"


@given(
    st.lists(
        st.tuples(st.text(min_size=1, max_size=30), st.lists(st.text(max_size=40), min_size=1, max_size=6)), max_size=4
    ),
    rule_sets(),
)
def test_a_file_name_is_safe_whatever_the_values(where: list[tuple[str, list[str]]], rules: RuleSet) -> None:
    name = targeting.file_name(f"discount-targets_{targeting.rule_slug(rules)}", where, 12, "2025-03-08")
    assert re.fullmatch(r"discount-targets_[a-z0-9+_-]*_12-users_as-of-2025-03-08\.csv", name)
    assert len(name) <= targeting.MAX_NAME + len(".csv")


def test_values_that_have_no_letters_are_counted() -> None:
    assert targeting.file_name("people", (("country", ("日本",)),), 1, "2025-01-01").startswith(
        "people_1-country-values_"
    )
    assert targeting.file_name("people", (("country", ("",)),), 1, "2025-01-01").startswith("people_no-country_")
    assert targeting.file_name("people", (("country", tuple("abcd")),), 1, "2025-01-01").startswith("people_4-country-")
    assert targeting.slug("Österreich & Co.") == "osterreich-co"


def read(chunks: list[bytes]) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(chunks).decode("utf-8"), newline="")))


def test_texts_cannot_become_formulas_and_numbers_stay_numbers() -> None:
    frame = pd.DataFrame(
        {
            "user_id": pd.Series(["=1+1", "007", " \t@x", 'say "hi", you\nthere'], dtype="str"),
            "plan": pd.Categorical(["-Basic", None, "Premium", "+1"]),
            "revenue": [-5.25, np.nan, 12.0, 1e300],
        }
    )
    rows = read(list(targeting.csv_chunks(["user_id", "plan", "=evil"], [frame])))
    assert rows == [
        ["user_id", "plan", "'=evil"],
        ["'=1+1", "'-Basic", "-5.25"],
        ["007", "", ""],
        ["' \t@x", "Premium", "12"],
        ['say "hi", you\nthere', "'+1", "1e+300"],
    ]
    assert b"".join(targeting.csv_chunks(["a"], [])) == b'"a"\r\n'


@given(st.lists(st.lists(st.tuples(st.text(max_size=12), st.floats(allow_infinity=False)), max_size=5), max_size=4))
def test_every_row_survives_the_file(pieces: list[list[tuple[str, float]]]) -> None:
    frames = [
        pd.DataFrame(
            {"id": pd.Series([a for a, _ in piece], dtype="str"), "n": pd.Series([b for _, b in piece], dtype=float)}
        )
        for piece in pieces
    ]
    body = read(list(targeting.csv_chunks(["id", "n"], frames)))[1:]
    expected = [row for piece in pieces for row in piece]
    assert len(body) == len(expected)
    for (text, number), (want, value) in zip(body, expected, strict=True):
        assert text in (want, "'" + want)
        assert (number == "" and np.isnan(value)) or float(number) == value


def test_reasons_say_why() -> None:
    rules = RuleSet(cut_low=300.0, cut_high=600.0)
    engagement = np.array([712.5, 450.0, np.nan, 450.0, 900.0])
    days = np.array([75.0, 130.0, 5.0, 5.0, np.nan])
    found = classify(engagement, days, rules)
    sentences = targeting.reasons(found, np.arange(5), engagement, days, rules, "Usage")
    assert sentences == [
        "High engagement (usage 712.5), last active 75 days ago (within 120 days): Dormant, gets a discount.",
        "Medium engagement (usage 450), last active 130 days ago (more than 120 days): Risky, gets a discount.",
        "Low engagement (usage no figure, counts as Low), last active 5 days ago (within 60 days): Risky, no discount.",
        "Medium engagement (usage 450), last active 5 days ago (within 60 days): Regular, no discount.",
        "High engagement (usage 900), no activity on record: Risky, no discount.",
    ]


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_with_all_its_levels_is_named_without_them(name: str) -> None:
    rules = RuleSet(targets=tuple((name, level) for level in ("Low", "Medium", "High")))  # type: ignore[misc]
    assert targeting.rule_in_words(rules) == f"{name}."
