from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dashboard.customers import segments, selection
from dashboard.customers.rules import CLASSES, LEVELS, RuleSet
from dashboard.errors import CannotAnswer, UserError
from tests.unit.customers.test_rules import rule_sets

FIXED = RuleSet(cut_low=300.0, cut_high=600.0)
LOW, MEDIUM, HIGH = 100.0, 450.0, 900.0


def class_and_target(engagement: float, days: float, rules: RuleSet = FIXED) -> tuple[str, bool]:
    # A second person keeps "nobody has a value" out of the way.
    found = segments.classify(np.array([engagement, 0.0]), np.array([days, 0.0]), rules)
    return CLASSES[found.segment[0]], bool(found.target[0])


@pytest.mark.parametrize(
    ("engagement", "days", "expected", "target"),
    [
        (HIGH, 0, "Loyal", False),
        (HIGH, 60, "Loyal", False),
        (HIGH, 61, "Dormant", True),
        (HIGH, 120, "Dormant", True),
        (HIGH, 121, "Risky", False),
        (MEDIUM, 60, "Regular", False),
        (MEDIUM, 61, "Dormant", True),
        (MEDIUM, 120, "Dormant", True),
        (MEDIUM, 121, "Risky", True),
        (LOW, 5, "Risky", False),
        (LOW, 90, "Risky", False),
        (LOW, 365, "Risky", False),
    ],
)
def test_each_cell_and_each_boundary_once(engagement: float, days: float, expected: str, target: bool) -> None:
    assert class_and_target(engagement, days) == (expected, target)


def test_a_medium_user_active_five_days_ago_gets_no_discount() -> None:
    """Rules with holes (Loyal < 60, Dormant 60 < d <= 120, else Risky) send this person, and day 60, a discount."""
    assert class_and_target(MEDIUM, 5) == ("Regular", False)
    assert class_and_target(HIGH, 60) == ("Loyal", False)
    assert class_and_target(MEDIUM, 60) == ("Regular", False)


def test_cut_offs_belong_to_the_upper_level() -> None:
    found = segments.classify(np.array([299.99, 300.0, 599.99, 600.0]), np.zeros(4), FIXED)
    assert [LEVELS[level] for level in found.level] == ["Low", "Medium", "Medium", "High"]


def test_quantiles_are_interpolated_between_values() -> None:
    assert segments.cut_offs(np.array([10.0, 0.0, np.nan]), RuleSet()) == pytest.approx((3.3, 6.6))


def test_people_without_a_value_or_a_date_are_counted_and_have_a_class() -> None:
    found = segments.classify(
        np.array([np.nan, 10.0, 20.0, 30.0]), np.array([3.0, np.nan, 3.0, 3.0]), RuleSet(cut_low=5.0, cut_high=25.0)
    )
    assert [CLASSES[code] for code in found.segment] == ["Risky", "Risky", "Regular", "Loyal"]
    assert (found.no_engagement, found.no_date) == (1, 1)
    assert found.target.tolist() == [False, True, False, False]  # Medium and gone


@pytest.mark.parametrize("rules", [RuleSet(), FIXED])
def test_nobody_with_a_value_or_a_date_is_no_answer(rules: RuleSet) -> None:
    with pytest.raises(CannotAnswer) as without_usage:
        segments.classify(np.full(3, np.nan), np.zeros(3), rules)
    assert without_usage.value.missing == ("usage",)
    with pytest.raises(CannotAnswer) as without_date:
        segments.classify(np.zeros(3), np.full(3, np.nan), rules)
    assert without_date.value.missing == ("last_active_time",)


people = st.integers(1, 60).flatmap(
    lambda n: st.tuples(
        arrays(np.float64, n, elements=st.floats(-1e6, 1e6) | st.just(np.nan)),
        arrays(np.float64, n, elements=st.integers(0, 400).map(float) | st.just(np.nan)),
        arrays(np.bool_, n),
    )
)


@given(people, rule_sets())
def test_the_classes_are_a_partition_whatever_the_rules(drawn: tuple[np.ndarray, ...], rules: RuleSet) -> None:
    engagement, recency, chosen = drawn
    if np.isnan(engagement).all() or np.isnan(recency).all():
        return
    found = segments.classify(engagement, recency, rules)
    counts = segments.people_per_cell(found, chosen)
    distribution, cells = segments.distribution(counts, rules), segments.grid(counts, rules)
    assert distribution["people"].sum() == cells["people"].sum() == chosen.sum()
    for name, count, targets in distribution[["segment", "people", "targets"]].itertuples(index=False):
        assert cells.loc[cells["segment"] == name, "people"].sum() == count
        assert cells.loc[(cells["segment"] == name) & cells["target"], "people"].sum() == targets
        assert (selection.mask(f"class.{name}", found) & chosen).sum() == count
    for level, band, count in cells[["level", "band", "people"]].itertuples(index=False):
        assert (selection.mask(f"cell.{level}.{band}", found) & chosen).sum() == count
    assert (selection.mask("targets", found) & chosen).sum() == distribution["targets"].sum()
    # The same person by person, in plain words.
    for i in range(len(engagement)):
        level = "Low" if not engagement[i] >= found.low else "Medium" if engagement[i] < found.high else "High"
        band = 0 if recency[i] <= rules.recent_days else 1 if recency[i] <= rules.dormant_days else 2
        assert CLASSES[found.segment[i]] == rules.class_of(level, band)
        assert found.target[i] == ((rules.class_of(level, band), level) in rules.targets)


@given(people, st.randoms(use_true_random=False))
def test_the_order_of_people_changes_nothing(drawn: tuple[np.ndarray, ...], random: object) -> None:
    engagement, recency, chosen = drawn
    if np.isnan(engagement).all() or np.isnan(recency).all():
        return
    order = np.arange(len(engagement))
    random.shuffle(order)  # type: ignore[attr-defined]
    before = segments.classify(engagement, recency, RuleSet())
    after = segments.classify(engagement[order], recency[order], RuleSet())
    np.testing.assert_array_equal(before.segment[order], after.segment)
    np.testing.assert_array_equal(
        segments.people_per_cell(before, chosen), segments.people_per_cell(after, chosen[order])
    )


def test_nobody_chosen_has_no_share() -> None:
    found = segments.classify(np.array([1.0, 2.0]), np.array([1.0, 2.0]), RuleSet())
    nobody = np.zeros(2, dtype=bool)
    counts = segments.people_per_cell(found, nobody)
    assert segments.distribution(counts, RuleSet())["share"].isna().all()
    assert segments.grid(counts, RuleSet())["share"].isna().all()
    assert segments.comparison(found, nobody, np.array([1.0, 2.0]))["median"].isna().all()


def test_comparison_has_the_quartiles_of_each_class() -> None:
    engagement, days = np.array([700.0, 800.0, 900.0, 400.0]), np.array([1.0, 2.0, 3.0, 4.0])
    found = segments.classify(engagement, days, FIXED)
    frame = segments.comparison(found, np.ones(4, dtype=bool), engagement).set_index("segment")
    assert frame.loc["Loyal", ["people", "p25", "median", "p75", "mean"]].tolist() == [3, 750, 800, 850, 800]
    assert frame.loc["Regular", "median"] == 400
    assert frame.loc["Risky", "people"] == 0


def test_change_shows_the_effect_of_other_limits() -> None:
    engagement, days = np.array([900.0, 900.0, 450.0]), np.array([50.0, 100.0, 130.0])
    before = segments.classify(engagement, days, FIXED)
    after = segments.classify(
        engagement, days, RuleSet(cut_low=300.0, cut_high=600.0, recent_days=30, dormant_days=140)
    )
    frame = segments.change(before, after, np.ones(3, dtype=bool)).set_index("segment")
    assert frame["before"].to_dict() == {"Loyal": 1, "Regular": 0, "Dormant": 1, "Risky": 1, "Discount targets": 2}
    assert frame["after"].to_dict() == {"Loyal": 0, "Regular": 0, "Dormant": 3, "Risky": 0, "Discount targets": 3}
    assert frame["change"].tolist() == [-1, 0, 2, -1, 1]


def test_lists_are_described_in_words() -> None:
    rules = RuleSet()
    assert selection.describe("cell.Medium.1", rules) == "Medium engagement, last active 61–120 days ago"
    assert selection.describe("band.2", rules) == "Last active more than 120 days ago"
    assert selection.describe("group.0", rules) == "Group 1"


@given(st.text(max_size=20) | st.text(alphabet="clasbndgroupe.0123LowHi", max_size=14))
def test_unknown_lists_are_refused(token: str) -> None:
    found = segments.classify(np.array([1.0, 2.0]), np.array([1.0, 2.0]), RuleSet())
    groups = np.zeros(2, dtype=np.int8)
    try:
        selection.mask(token, found, groups)
    except UserError as error:
        assert error.code == "unknown_list"
        with pytest.raises(UserError):
            selection.describe(token, RuleSet())
    else:
        assert selection.describe(token, RuleSet())
