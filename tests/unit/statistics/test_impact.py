"""Adopters against others, and what a coupon must bring."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.statistics.impact import break_even, impact, impact_interval


def test_the_published_counterfactual() -> None:
    found = impact(2.0, 2.2, 3.0, 4.0)
    assert found.relative_delta_pre == pytest.approx(0.5)
    assert found.counterfactual == pytest.approx(3.3)
    assert found.delta == pytest.approx(0.7)
    assert found.relative_delta == pytest.approx(0.2121, abs=5e-5)


def test_nobody_to_compare_with_is_not_an_effect() -> None:
    assert impact(0.0, 1.0, 1.0, 2.0).relative_delta is None
    assert impact(1.0, 0.0, 1.0, 2.0).relative_delta is None
    assert impact_interval(np.ones((1, 2)), np.ones((5, 2))) is None
    assert impact_interval(np.ones((5, 2)), np.array([[0.0, 1.0], [0.0, 2.0]])) is None


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Adopters are used to twice as much and gain 20 % more than the season gives everybody."""
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(400):
        rows = []
        for level, gain, n in ((2.0, 1.2, 150), (1.0, 1.0, 400)):
            person = level * rng.gamma(4, 0.25, n)  # the same person is high before and after
            rows.append(np.column_stack([rng.poisson(5 * person), rng.poisson(5 * person * 0.9 * gain)]).astype(float))
        interval = impact_interval(rows[0], rows[1])
        assert interval is not None
        covered += interval[0] <= 0.2 <= interval[1]
    assert 0.92 <= covered / 400 <= 0.98


def test_the_interval_holds_the_estimate() -> None:
    adopters, others = np.array([[2.0, 5.0], [3.0, 4.0], [4.0, 3.0]]), np.array([[1.0, 1.0], [2.0, 3.0], [3.0, 1.0]])
    estimate = impact(*others.mean(axis=0), *adopters.mean(axis=0)).relative_delta
    interval = impact_interval(adopters, others)
    assert estimate is not None and interval is not None and interval[0] < estimate < interval[1]


@given(st.floats(0.001, 1), st.floats(0.01, 100), st.floats(0, 100))
def test_at_break_even_the_offer_neither_wins_nor_loses(base: float, margin: float, discount: float) -> None:
    extra = break_even(base, margin, discount)
    if extra is None:
        assert discount >= margin or base * margin / (margin - discount) > 1 - 1e-9
    else:
        assert (base + extra) * (margin - discount) == pytest.approx(base * margin)


def test_break_even_refuses_what_is_no_rate() -> None:
    for arguments in ((1.2, 1.0, 0.1), (-0.1, 1.0, 0.1), (0.1, -1.0, 0.1), (0.1, 1.0, -0.1)):
        with pytest.raises(ValueError, match="needed"):
            break_even(*arguments)
