"""Intervals against Newcombe's published tables and against what they mean."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.statistics.intervals import bootstrap_mean, difference, sample_size, wilson


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_newcombes_first_table(k: int, n: int, low: float, high: float) -> None:
    got = wilson(k, n)
    assert float(got[0]) == pytest.approx(low, abs=6e-5)
    assert float(got[1]) == pytest.approx(high, abs=6e-5)


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilson_holds_the_rate_and_stays_inside(k: int, n: int) -> None:
    k = min(k, n)
    low, high = wilson(k, n)
    assert 0 <= float(low) <= k / n <= float(high) <= 1
    mirrored = wilson(n - k, n)
    assert float(mirrored[0]) == pytest.approx(1 - float(high), abs=1e-12)


def test_wilson_of_nobody_is_not_defined() -> None:
    low, high = wilson([0, 3], [0, 10])
    assert math.isnan(low[0]) and math.isnan(high[0]) and not math.isnan(low[1])


@pytest.mark.parametrize(
    ("k1", "n1", "k0", "n0", "low", "high"),
    [(56, 70, 48, 80, 0.0524, 0.3339), (9, 10, 3, 10, 0.1705, 0.8090)],
)
def test_difference_gives_newcombes_second_table(k1: int, n1: int, k0: int, n0: int, low: float, high: float) -> None:
    got = difference(k1, n1, k0, n0)
    assert got.low == pytest.approx(low, abs=6e-5)
    assert got.high == pytest.approx(high, abs=6e-5)


def test_difference_of_small_groups_uses_the_exact_test() -> None:
    assert difference(3, 3, 0, 3).p_value == pytest.approx(0.1)  # 2 of the 20 equally likely tables
    assert difference(0, 10, 0, 10).p_value == 1.0
    with pytest.raises(ValueError, match="at least one"):
        difference(0, 0, 1, 2)


def test_sample_sizes_of_the_textbook() -> None:
    assert sample_size(0.10, 0.12) == 3841
    assert sample_size(0.20, 0.25) == 1094
    assert sample_size(0.50, 0.75, power=0.90) == 77  # R prints 76.7
    with pytest.raises(ValueError, match="different rates"):
        sample_size(0.1, 0.1)


def test_bootstrap_covers_the_mean_of_skewed_values() -> None:
    values = np.random.default_rng(3).lognormal(size=400)
    mean, low, high = bootstrap_mean(values)
    assert low < mean < high and mean == pytest.approx(values.mean())
    assert all(math.isnan(value) for value in bootstrap_mean([]))
