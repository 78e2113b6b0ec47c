"""Figures of a churn test against scikit-learn's and against brute force; calibration."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, matthews_corrcoef, roc_auc_score

from dashboard.customers.churn import calibration, quality

ROWS = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=4, max_size=60).filter(
    lambda rows: len({left for _, left in rows}) == 2
)


def drawn(n: int, seed: int = 0, slope: float = 1.0, intercept: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and outcomes whose logit is ``intercept + slope * logit(p)``."""
    rng = np.random.default_rng(seed)
    p = expit(rng.normal(-1, 1.2, n))
    return p, rng.random(n) < expit(intercept + slope * logit(p))


@given(ROWS)
def test_areas_equal_scikit_learn_with_ties(rows: list[tuple[int, bool]]) -> None:
    scores, left = np.array([s for s, _ in rows], float), np.array([y for _, y in rows])
    roc, pr = quality.areas(scores, left)
    assert roc == pytest.approx(roc_auc_score(left, scores))
    assert pr == pytest.approx(average_precision_score(left, scores))


def test_every_figure_of_a_test() -> None:
    p, left = drawn(4_000)
    found = quality.assess(p, left, 0.4)
    flagged = p >= 0.4
    assert found.roc == pytest.approx(roc_auc_score(left, p))
    assert found.pr == pytest.approx(average_precision_score(left, p))
    assert found.brier == pytest.approx(brier_score_loss(left, p))
    assert found.log_loss == pytest.approx(log_loss(left, p))
    assert found.mcc == pytest.approx(matthews_corrcoef(left, flagged))
    assert found.base == pytest.approx(left.mean())
    assert found.no_information == pytest.approx(max(left.mean(), 1 - left.mean()))
    assert found.ppv == pytest.approx(left[flagged].mean())
    assert found.sensitivity == pytest.approx(flagged[left].mean())
    assert found.accuracy == pytest.approx((flagged == left).mean())
    assert found.lift == pytest.approx(left[np.argsort(-p)[:400]].mean() / left.mean())
    assert (found.intercept, found.slope) == pytest.approx((0, 1), abs=0.15)
    low, high = found.roc_interval
    assert low < found.roc < high < low + 0.06
    assert found == quality.assess(p, left, 0.4)


def test_the_bootstrap_interval_covers() -> None:
    truth = quality.areas(*drawn(400_000, 99))[0]
    intervals = [quality.assess(*drawn(500, seed), 0.5).roc_interval for seed in range(60)]
    covered = sum(low <= truth <= high for low, high in intervals)
    assert 51 <= covered <= 60  # 57 of 60 expected; fewer than 51 has probability below 1 in 100


def test_miscalibration_is_measured() -> None:
    p, left = drawn(40_000, 1, slope=0.5, intercept=-0.8)
    found = quality.assess(p, left, 0.5)
    assert found.slope == pytest.approx(0.5, abs=0.04)
    assert expit(logit(p) + found.intercept).mean() == pytest.approx(left.mean(), abs=1e-6)
    assert found.intercept < -0.2


def test_lift_with_equal_scores_does_not_depend_on_order() -> None:
    p, left = np.repeat([0.9, 0.2], [40, 60]), np.zeros(100, bool)
    left[:10] = True  # a quarter of the 40 best, of whom the best tenth takes 10 at random
    turned = np.concatenate([left[:40][::-1], left[40:]])
    for outcome in (left, turned):
        assert quality.assess(p, outcome, 0.5).lift == pytest.approx(2.5)


def test_the_difference_of_two_areas() -> None:
    p, left = drawn(3_000, 2)
    rng = np.random.default_rng(3)
    worse = expit(logit(p) + rng.normal(0, 1.5, len(p)))
    ahead, error = quality.better_by(p, worse, left)
    assert ahead == pytest.approx(roc_auc_score(left, p) - roc_auc_score(left, worse))
    draws = []
    for _ in range(300):
        index = rng.integers(0, len(p), len(p))
        draws.append(roc_auc_score(left[index], p[index]) - roc_auc_score(left[index], worse[index]))
    assert error == pytest.approx(np.std(draws), rel=0.2)
    assert quality.better_by(p, p, left) == (0.0, 0.0)


def test_curves_hold_what_their_figures_say() -> None:
    p, left = drawn(5_000, 4)
    frame = quality.curves(p, left)
    roc = frame[frame["curve"] == "roc"]
    assert np.trapezoid(roc["y"], roc["x"]) == pytest.approx(roc_auc_score(left, p), abs=0.001)
    assert roc[["x", "y"]].iloc[-1].tolist() == [1, 1]
    row = roc.iloc[60]
    assert row["people"] == (p >= row["threshold"]).sum()
    assert row["left"] == left[p >= row["threshold"]].sum()
    bars = frame[frame["curve"] == "lift"]
    assert bars["people"].sum() == 5_000
    assert bars["left"].sum() == left.sum()
    reliable = frame[frame["curve"] == "reliability"]
    assert reliable["people"].sum() == 5_000
    assert ((reliable["low"] <= reliable["x"]) & (reliable["x"] <= reliable["high"])).sum() >= 8
    assert (reliable["left"] / reliable["people"]).tolist() == pytest.approx(reliable["y"].tolist())


def test_the_line_equals_an_unpenalised_regression() -> None:
    p, left = drawn(2_000, 5, slope=0.7, intercept=0.3)
    z = logit(p)
    peer = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1_000).fit(z[:, None], left)
    assert calibration.line(z, left) == pytest.approx((peer.intercept_[0], peer.coef_[0, 0]), abs=1e-4)


@given(ROWS)
def test_isotonic_keeps_the_order_and_stays_inside(rows: list[tuple[int, bool]]) -> None:
    scores, left = np.array([s for s, _ in rows], float) / 6, np.array([y for _, y in rows])
    made = calibration.fit(scores, left, "isotonic")
    grid = made.apply(np.linspace(0, 1, 50))
    assert (np.diff(grid) >= 0).all()
    assert ((grid > 0) & (grid < 1)).all()


def test_calibration_repairs_what_is_bent() -> None:
    p, left = drawn(20_000, 6, slope=0.5, intercept=-1.0)
    new_p, new_left = drawn(20_000, 7, slope=0.5, intercept=-1.0)
    for kind in ("sigmoid", "isotonic"):
        made = calibration.fit(p, left, kind)
        assert made.kind == kind
        after = quality.assess(made.apply(new_p), new_left, 0.5)
        assert (after.intercept, after.slope) == pytest.approx((0, 1), abs=0.08)
        assert after.roc == pytest.approx(roc_auc_score(new_left, new_p), abs=0.002)
        assert after.brier < brier_score_loss(new_left, new_p)


def test_scores_that_say_nothing_give_the_base_rate() -> None:
    rng = np.random.default_rng(8)
    scores, left = rng.random(400), rng.random(400) < 0.3
    backwards = calibration.fit(np.where(left, scores / 2, scores), left)
    assert np.ptp(backwards.apply(scores)) < 1e-6
    assert backwards.apply(scores).mean() == pytest.approx(left.mean(), abs=1e-6)


def test_a_shift_meets_the_rate() -> None:
    p, _ = drawn(1_000, 9)
    by = calibration.shift_to(p, 0.5)
    assert calibration.shifted(p, by).mean() == pytest.approx(0.5, abs=1e-9)


def test_one_outcome_only_has_no_area() -> None:
    assert all(math.isnan(v) for v in quality.areas(np.array([0.1, 0.2]), np.array([True, True])))
