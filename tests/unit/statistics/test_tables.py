"""Two-by-two tables and many of them at once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dashboard.statistics.multiple import benjamini_hochberg
from dashboard.statistics.tables import Table, e_value, mantel_haenszel

BH_1995 = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0),
]


def test_benjamini_and_hochbergs_own_example_rejects_four() -> None:
    assert int((benjamini_hochberg(BH_1995) <= 0.05).sum()) == 4


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(0.001, 0.5))
def test_adjusted_values_reject_what_the_step_up_rule_rejects(values: list[float], q: float) -> None:
    ranked = sorted(values)
    passing = [i for i, p in enumerate(ranked, 1) if p * len(values) / i <= q]
    limit = ranked[passing[-1] - 1] if passing else -1.0
    assert list(benjamini_hochberg(values) <= q) == [p <= limit for p in values]


def test_untested_values_do_not_count() -> None:
    got = benjamini_hochberg([0.01, math.nan, 0.04])
    assert got[0] == pytest.approx(0.02) and math.isnan(got[1]) and got[2] == pytest.approx(0.04)


def test_a_perfect_looking_rate_equal_to_the_base_rate_means_nothing() -> None:
    table = Table(10, 1, 100, 10)
    assert table.ppv == pytest.approx(10 / 11)
    assert table.phi == pytest.approx(0, abs=1e-12) and table.lift == pytest.approx(1.0)
    assert not table.recommendable


def test_measures_of_a_table() -> None:
    table = Table(60, 40, 30, 70)
    assert table.phi == pytest.approx((60 * 70 - 40 * 30) / math.sqrt(100 * 90 * 110 * 100))
    assert (table.sensitivity, table.specificity, table.npv, table.reach) == (60 / 90, 70 / 110, 0.7, 0.5)
    ratio = table.risk_ratio()
    assert ratio is not None and ratio[0] == pytest.approx(2.0) and ratio[1] < 2 < ratio[2]
    error = math.sqrt(1 / 60 - 1 / 100 + 1 / 30 - 1 / 100)
    assert ratio[2] == pytest.approx(2 * math.exp(1.959964 * error), rel=1e-6)
    assert table.odds_ratio() == pytest.approx(3.5) and table.recommendable
    assert Table(5, 0, 3, 4).odds_ratio() == pytest.approx(5.5 * 4.5 / (0.5 * 3.5))


def test_empty_margins_are_not_defined_and_not_significant() -> None:
    table = Table(5, 5, 0, 0)
    assert table.npv is None and table.risk_ratio() is None and table.p_value == 1.0 and table.share_out_of_range


def test_stratifying_takes_a_confounder_away() -> None:
    # within each stratum behaviour and outcome are independent; both are more frequent in the second
    strata = [Table(4, 36, 16, 144), Table(128, 32, 32, 8)]
    crude = Table(*(np.array([[t.tp, t.fp, t.fn, t.tn] for t in strata]).sum(axis=0)))
    assert crude.odds_ratio() > 3
    pooled = mantel_haenszel(strata)
    assert pooled is not None and pooled[0] == pytest.approx(1.0) and pooled[1] < 1 < pooled[2]
    assert mantel_haenszel([Table(0, 0, 0, 0)]) is None


def test_e_value_of_the_planted_ratio() -> None:
    assert e_value(1.70) == pytest.approx(2.79, abs=0.005)
    assert e_value(1 / 1.70) == pytest.approx(e_value(1.70))


@given(st.tuples(*[st.integers(0, 10**9) | st.integers(0, 40)] * 4))
def test_p_values_are_those_of_scipy(cells: tuple[int, int, int, int]) -> None:
    table = Table(*cells)
    square = [[table.tp, table.fp], [table.fn, table.tn]]
    margins = [sum(side) for side in (*square, *zip(*square, strict=True))]
    if not all(margins):
        assert table.p_value == 1
    elif min(margins[:2]) * min(margins[2:]) / table.n >= 5:
        assert table.p_value == pytest.approx(stats.chi2_contingency(square, correction=False).pvalue, abs=1e-12)
    else:
        assert table.p_value == pytest.approx(stats.fisher_exact(square).pvalue)
