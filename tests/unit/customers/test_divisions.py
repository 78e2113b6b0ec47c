"""Divisions side by side: agreement, the table of two, and the work list of contradictions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from dashboard.customers.divisions import AWAY, BETWEEN, HERE, Division, agreements, contradictions, table


def divisions(seed: int, people: int) -> tuple[Division, Division, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    first = Division("rules", "Rules", ("Loyal", "Dormant"), rng.integers(-1, 2, people).astype(np.int8), (HERE, AWAY))
    second = Division(
        "rfm", "RFM", ("Best", "So so", "Lost"), rng.integers(-1, 3, people).astype(np.int8), (HERE, BETWEEN, AWAY)
    )
    worth = rng.normal(10, 5, people)
    worth[::7] = np.nan
    return first, second, rng.random(people) < 0.8, worth


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 120))
def test_everything_is_what_pandas_and_scikit_learn_say(seed: int, people: int) -> None:
    first, second, chosen, worth = divisions(seed, people)
    both = chosen & (first.codes >= 0) & (second.codes >= 0)
    frame = pd.DataFrame(
        {
            "first": np.array(first.names)[first.codes[both]],
            "second": np.array(second.names)[second.codes[both]],
            "worth": worth[both],
        }
    )
    found = table(first, second, chosen, worth)
    assert len(found) == 6 and found["people"].sum() == both.sum()
    for row in found.itertuples():
        inside = frame[(frame["first"] == row.first) & (frame["second"] == row.second)]
        of_row = (frame["first"] == row.first).sum()
        assert row.people == len(inside)
        assert row.worth == pytest.approx(inside["worth"].sum(), abs=1e-9)
        assert row.share == pytest.approx(len(inside) / of_row) if of_row else np.isnan(row.share)
        assert row.contradiction == ((row.first, row.second) in {("Loyal", "Lost"), ("Dormant", "Best")})
    pair = agreements([first, second], chosen).iloc[0]
    assert pair["people"] == both.sum()
    if both.any():
        assert pair["ari"] == pytest.approx(adjusted_rand_score(frame["first"], frame["second"]))
        assert pair["ami"] == pytest.approx(adjusted_mutual_info_score(frame["first"], frame["second"]), abs=1e-9)
    work = contradictions([first, second], chosen, worth)
    wanted = found[found["contradiction"] & (found["people"] > 0)]
    assert sorted(work["people"]) == sorted(wanted["people"])
    assert work["worth"].is_monotonic_decreasing
    for row in work.itertuples():
        assert (row.here_name, row.away_name) in {("Loyal", "Lost"), ("Best", "Dormant")}
        assert (row.here, row.away) == (("rules", "rfm") if row.here_name == "Loyal" else ("rfm", "rules"))


def test_one_division_alone_has_nothing_to_agree_with() -> None:
    first, _, chosen, worth = divisions(0, 30)
    assert len(agreements([first], chosen)) == 0
    assert len(contradictions([first], chosen, worth)) == 0


def test_the_same_division_twice_agrees_fully() -> None:
    first, _, chosen, _ = divisions(0, 200)
    pair = agreements([first, first], chosen).iloc[0]
    assert (pair["ari"], pair["ami"]) == (pytest.approx(1.0), pytest.approx(1.0))
