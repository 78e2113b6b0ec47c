"""Uplift and Qini areas against their definition, written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dashboard.statistics.uplift import qini_auc, qini_curve, uplift_auc, uplift_curve

PEOPLE = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 4), st.integers(0, 1)), min_size=4, max_size=30)


def test_published_rankings() -> None:
    """maks-sh/scikit-uplift sklift/tests/test_metrics.py."""
    assert uplift_auc([1, 0], [0.1, 0.3], [0, 1]) == pytest.approx(1.0)
    assert qini_auc([1, 0], [0.1, 0.3], [0, 1]) == pytest.approx(1.0)


@given(PEOPLE)
def test_curves_are_what_the_definition_says(people: list[tuple[int, int, int]]) -> None:
    outcome, score, treated = zip(*people, strict=True)
    points = [(0.0, 0.0, 0.0)]
    for threshold in sorted(set(score), reverse=True):
        above = [(y, t) for y, s, t in people if s >= threshold]
        arm = {t: [y for y, u in above if u == t] for t in (0, 1)}
        rate = {t: sum(ys) / len(ys) if ys else 0.0 for t, ys in arm.items()}
        gained = sum(arm[1]) - rate[0] * len(arm[1])
        points.append((len(above), (rate[1] - rate[0]) * len(above), gained))
    x, lift, qini = np.array(points).T
    np.testing.assert_allclose(np.array(uplift_curve(outcome, score, treated)), [x, lift], atol=1e-12)
    np.testing.assert_allclose(np.array(qini_curve(outcome, score, treated)), [x, qini], atol=1e-12)


@given(PEOPLE, st.randoms())
def test_order_of_people_and_scale_of_scores_do_not_matter(people: list[tuple[int, int, int]], random: object) -> None:
    assume(len({p[0] for p in people}) == 2 and len({p[2] for p in people}) == 2)
    outcome, score, treated = zip(*people, strict=True)
    shuffled = list(people)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    other, scores, arms = zip(*shuffled, strict=True)
    for area in (uplift_auc, qini_auc):
        assert area(other, np.exp(scores), arms) == pytest.approx(area(outcome, score, treated))


def test_a_constant_outcome_or_arm_cannot_be_ranked() -> None:
    with pytest.raises(ValueError, match="outcome is the same"):
        uplift_auc([1, 1], [0.1, 0.3], [0, 1])
    with pytest.raises(ValueError, match="arm is the same"):
        qini_auc([0, 1], [0.1, 0.3], [1, 1])
    with pytest.raises(ValueError, match="must be 0 or 1"):
        qini_auc([0, 2], [0.1, 0.3], [0, 1])
