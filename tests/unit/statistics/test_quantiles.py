"""Quantiles are those of numpy, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.statistics.quantiles import quantiles

numbers = st.floats(-1e12, 1e12) | st.sampled_from([0.0, 1.0, 2.0])


@given(st.lists(numbers, min_size=1, max_size=50), st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_as_numpy(values: list[float], shares: list[float]) -> None:
    np.testing.assert_array_equal(quantiles(np.array(values), shares), np.quantile(values, shares))


def test_half_way_between_two() -> None:
    assert quantiles(np.array([4.0, 1.0, 2.0, 10.0]), [0, 0.5, 1]).tolist() == [1.0, 3.0, 10.0]


def test_nothing_has_no_quantiles() -> None:
    with pytest.raises(IndexError):
        quantiles(np.zeros(0), [0.5])
