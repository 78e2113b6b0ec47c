"""Kaplan–Meier and log-rank against Freireich's leukaemia trial, Telco, and a plain re-calculation."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.statistics.survival import kaplan_meier, log_rank

DRUG = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def test_the_6_mp_curve_as_printed() -> None:
    curve = kaplan_meier(DRUG, RELAPSED)
    expected = {6: 0.8571, 7: 0.8067, 10: 0.7529, 13: 0.6902, 16: 0.6275, 22: 0.5378, 23: 0.4482}
    for week, survival in expected.items():
        assert curve.at(week) == pytest.approx(survival, abs=5e-5)
    assert curve.median == 23
    assert kaplan_meier(PLACEBO, [1] * 21).median == 8
    assert curve.at(5.9) == 1.0


def test_the_6_mp_log_rank_statistic() -> None:
    statistic, freedom, p_value = log_rank(DRUG + PLACEBO, RELAPSED + [1] * 21, ["drug"] * 21 + ["placebo"] * 21)
    assert statistic == pytest.approx(16.79, abs=0.01) and freedom == 1 and p_value < 1e-4


def test_telco_tenure(real_data: Path) -> None:
    with (real_data / "telco_churn" / "telco_customer_churn.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    tenure = [float(row["tenure"]) for row in rows]
    churned = [row["Churn"] == "Yes" for row in rows]
    curve = kaplan_meier(tenure, churned)
    assert curve.at(12) == pytest.approx(0.84320, abs=1e-4)
    assert curve.at(24) == pytest.approx(0.78870, abs=1e-4)
    assert curve.at(72) == pytest.approx(0.59280, abs=1e-4)
    position = int(np.searchsorted(curve.times, 12))
    assert curve.low[position] == pytest.approx(0.8342, abs=1e-4)
    assert curve.high[position] == pytest.approx(0.8518, abs=1e-4)
    assert curve.restricted_mean(72) == pytest.approx(54.492, abs=1e-3)
    assert log_rank(tenure, churned, [row["Contract"] for row in rows])[0] == pytest.approx(2352.873, abs=1e-3)


@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=40))
def test_the_product_limit_formula_in_plain_python(people: list[tuple[int, bool]]) -> None:
    curve = kaplan_meier([t for t, _ in people], [e for _, e in people])
    survival = 1.0
    for moment in sorted({t for t, e in people if e}):
        survival *= 1 - sum(t == moment and e for t, e in people) / sum(t >= moment for t, _ in people)
        assert curve.at(moment) == pytest.approx(survival)
    assert len(curve.times) == len({t for t, e in people if e})


def test_without_events_nobody_is_lost() -> None:
    curve = kaplan_meier([3, 4], [False, False])
    assert curve.median == math.inf and curve.at(100) == 1.0 and curve.restricted_mean(10) == 10
    assert log_rank([1, 2], [True, True], ["a", "a"]) == (0.0, 0, 1.0)
    with pytest.raises(ValueError, match="without gaps"):
        kaplan_meier([math.nan], [True])
