"""People as they are: shares, bands, quantiles."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from dashboard.errors import CannotAnswer
from dashboard.filters import Filters
from dashboard.insights import users
from dashboard.insights.view import View, view_of
from tests.store_builder import build_dataset

PEOPLE = [
    {"user_id": f"u{i}", "country": "UK" if i % 3 else "DE", "plan": ("Pro", "Basic", None)[i % 3], "usage": float(i),
     "age": 17 + i, "churned": i % 4 == 0, "last_active_time": dt.date(2024, 6, 30) - dt.timedelta(days=i * 4)}
    for i in range(40)
]  # fmt: skip


def seen(data_dir: Path, **filters: object) -> View:
    stored = build_dataset(data_dir, users=PEOPLE, partitions=3)
    return view_of(stored, Filters(**filters))  # type: ignore[arg-type]


def test_shares_add_up_and_missing_is_a_group(data_dir: Path) -> None:
    result = users.users_by(seen(data_dir), dimension="plan")
    found = dict(zip(result.frame["value"], result.frame["users"], strict=True))
    assert found == {"Pro": 14, "Basic": 13, "": 13}
    assert result.summary["users"] == 40 == result.frame["users"].sum()
    assert result.frame["share"].sum() == pytest.approx(1)
    assert ((result.frame["low"] < result.frame["share"]) & (result.frame["share"] < result.frame["high"])).all()


def test_wilson_interval_as_published(data_dir: Path) -> None:
    """14 of 40: Wilson 95 % .2213 to .5049."""
    row = users.users_by(seen(data_dir), dimension="plan").frame.iloc[0]
    assert (row["low"], row["high"]) == pytest.approx((0.22128, 0.50492), abs=1e-4)


def test_filters_choose_people(data_dir: Path) -> None:
    result = users.users_by(seen(data_dir, where=(("country", ("DE",)),)), dimension="plan")
    assert dict(zip(result.frame["value"], result.frame["users"], strict=True)) == {"Pro": 14}


def test_recency_bands_hold_their_limits(data_dir: Path) -> None:
    result = users.users_by(seen(data_dir), dimension="recency")
    days = [i * 4 for i in range(40)]
    expected = [sum(low <= d <= high for d in days) for low, high in ((0, 7), (8, 30), (31, 60), (61, 120), (121, 999))]
    assert list(result.frame["users"]) == expected
    assert list(result.frame["value"]) == [text for _, text in users.RECENCY]


def test_engagement_levels_are_those_of_everybody(data_dir: Path) -> None:
    everyone = users.users_by(seen(data_dir), dimension="engagement").frame
    assert list(everyone["value"]) == ["Low", "Medium", "High"]
    low, high = np.quantile(np.arange(40.0), [0.33, 0.66])
    values = np.arange(40.0)
    assert list(everyone["users"]) == [
        (values < low).sum(),
        ((values >= low) & (values < high)).sum(),
        (values >= high).sum(),
    ]


def test_age_bands(data_dir: Path) -> None:
    frame = users.users_by(seen(data_dir), dimension="age_band").frame.set_index("value")
    assert frame.loc["under 18", "users"] == 1 and frame.loc["18–24", "users"] == 7
    assert frame["users"].sum() == 40


def test_yes_and_no(data_dir: Path) -> None:
    frame = users.users_by(seen(data_dir), dimension="churned").frame.set_index("value")
    assert dict(frame["users"]) == {"false": 30, "true": 10}


def test_the_rest_is_one_row(data_dir: Path) -> None:
    frame = users.users_by(seen(data_dir), dimension="plan", top=1).frame
    assert list(frame["value"]) == ["Pro", "2 others"] and list(frame["users"]) == [14, 26]


def test_spread_of_a_number(data_dir: Path) -> None:
    result = users.spread(seen(data_dir), column="usage", bins=4)
    values = np.arange(40.0)
    assert result.summary["mean"] == pytest.approx(19.5)
    assert result.summary["sd"] == pytest.approx(values.std(ddof=1))
    assert result.summary["q33"] == pytest.approx(np.quantile(values, 0.33))
    assert list(result.frame["users"]) == [10, 10, 10, 10]
    assert result.frame["users"].sum() == result.summary["users"] == 40


def test_what_a_table_cannot_say(data_dir: Path) -> None:
    view = seen(data_dir)
    for wrong in ("platform", "usage", "last_active_time", "no_such_column"):
        with pytest.raises(CannotAnswer) as refusal:
            users.users_by(view, dimension=wrong)
        assert refusal.value.missing == (wrong,)
    with pytest.raises(CannotAnswer):
        users.spread(view, column="country")


def test_people_without_any_date(data_dir: Path) -> None:
    stored = build_dataset(data_dir, users=[{"user_id": "a", "country": "UK"}, {"user_id": "b", "country": None}])
    view = view_of(stored, Filters())
    assert not view.dated
    assert users.users_by(view).summary["users"] == 2
    with pytest.raises(CannotAnswer):
        users.users_by(view, dimension="recency")
