"""Shares of the top and Gini's coefficient, by hand and in general."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.statistics.concentration import gini, top_shares

MONEY = st.lists(st.integers(0, 10**8).map(lambda cents: cents / 100), min_size=1, max_size=60)


def test_by_hand() -> None:
    assert top_shares([1, 2, 3, 4], [0, 0.25, 0.5, 1]).tolist() == pytest.approx([0, 0.4, 0.7, 1])
    assert top_shares([1, 2, 3, 4], [0.125])[0] == pytest.approx(0.2)  # half of the largest
    assert gini([1, 2, 3, 4]) == pytest.approx(0.25)
    assert gini([0, 0, 0, 8]) == pytest.approx(0.75)
    assert top_shares([-5, 10], [0.5])[0] == 1


def test_nothing_has_no_share() -> None:
    assert np.isnan(top_shares([], [0.5, 1])).all()
    assert np.isnan(top_shares([0, -1], [0.5])).all()
    assert np.isnan(gini([])) and np.isnan(gini([0.0]))


@given(MONEY)
def test_the_curve_rises_ever_slower_and_ends_at_one(values: list[float]) -> None:
    if sum(values) <= 0:
        return
    curve = top_shares(values, np.linspace(0, 1, 21))
    assert curve[0] == 0 and curve[-1] == pytest.approx(1)
    steps = np.diff(curve)
    assert (steps >= -1e-12).all() and (np.diff(steps) <= 1e-9).all()
    assert -1e-9 <= gini(values) < 1


@given(MONEY, st.floats(0.1, 100))
def test_the_unit_of_money_plays_no_part(values: list[float], factor: float) -> None:
    assert gini(np.array(values) * factor) == pytest.approx(gini(values), nan_ok=True)
