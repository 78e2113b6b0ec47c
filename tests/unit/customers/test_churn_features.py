"""Features of a cut-off day against plain Python, and what must never reach them: anything that happens later."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.customers.churn import activity, cuts, kernels
from dashboard.filters import Filters, day_number
from dashboard.insights.view import View, view_of
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset

START = dt.date(2024, 1, 1)
CUT = 60  # days after START
WINDOW = 20
NAMES = ("play", "search", "share", "rate")

PEOPLE = st.lists(st.lists(st.integers(0, 40), max_size=12, unique=True).map(sorted), min_size=1, max_size=5)


@settings(max_examples=60)
@given(PEOPLE, st.integers(0, 45), st.integers(1, 9))
def test_day_windows_equal_plain_python(people: list[list[int]], cut: int, window: int) -> None:
    offsets = np.concatenate([[0], np.cumsum([len(days) for days in people])]).astype(np.int64)
    day = np.array([d for days in people for d in days], np.int32)
    out = np.empty((len(people), kernels.WIDTH))
    kernels.day_windows(offsets, day, cut, window, 4 * window, out)
    for u, days in enumerate(people):
        early = [d for d in days if d < cut]
        assert out[u, kernels.ALL] == len(early)
        assert out[u, kernels.WINDOW] == sum(d >= cut - window for d in early)
        assert out[u, kernels.BEFORE] == sum(cut - 2 * window <= d < cut - window for d in early)
        assert out[u, kernels.LONG] == sum(d >= cut - 4 * window for d in early)
        assert out[u, kernels.AFTER] == sum(cut <= d < cut + window for d in days)
        if early:
            assert (out[u, kernels.FIRST], out[u, kernels.LAST]) == (early[0], early[-1])
        else:
            assert np.isnan(out[u, [kernels.FIRST, kernels.LAST]]).all()


@settings(max_examples=60)
@given(PEOPLE, st.integers(0, 45))
def test_gaps_equal_plain_python(people: list[list[int]], until: int) -> None:
    offsets = np.concatenate([[0], np.cumsum([len(days) for days in people])]).astype(np.int64)
    day = np.array([d for days in people for d in days], np.int32)
    length, closed = np.empty(len(day)), np.empty(len(day), np.uint8)
    n = kernels.gaps_of(offsets, day, until, length, closed)
    wanted: list[tuple[int, int]] = []
    for days in people:
        early = [d for d in days if d <= until]
        wanted += [(b - a, 1) for a, b in itertools.pairwise(early)]
        wanted += [(until - early[-1], 0)] if early else []
    assert list(zip(length[:n].tolist(), closed[:n].tolist(), strict=True)) == wanted


def rows(seed: int = 0, people: int = 60, days: int = 100) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Events and order lines (with returns) of some people over a hundred days."""
    rng = np.random.default_rng(seed)
    n = people * 5
    played = rng.integers(0, days, n)
    events = pd.DataFrame(
        {
            "user_id": rng.integers(0, people, n).astype(str),
            "event_time": [dt.datetime.combine(START, dt.time(9)) + dt.timedelta(days=int(d)) for d in played],
            "event_name": rng.choice(NAMES, n, p=[0.5, 0.3, 0.15, 0.05]),
        }
    ).drop_duplicates()  # the import drops equal events
    m = people * 4
    bought = rng.integers(0, days, m)
    orders = pd.DataFrame(
        {
            "user_id": rng.integers(0, people, m).astype(str),
            "order_time": [dt.datetime.combine(START, dt.time(12)) + dt.timedelta(days=int(d)) for d in bought],
            "order_id": [f"o{i}" for i in range(m)],
            "product_id": rng.integers(0, 9, m).astype(str),
            "quantity": np.where(rng.random(m) < 0.15, -1, 2),
            "unit_price": 5.0,
        }
    )
    return events, orders


def view_at_end(dataset: Dataset) -> View:
    return view_of(dataset, Filters(range="all"))


def table_at(dataset: Dataset, cut: int = CUT) -> pd.DataFrame:
    """Features and label of everybody at risk, by user id."""
    first = day_number(START)
    spec = activity.spec_of(view_at_end(dataset), WINDOW, first + cut)
    days = activity.days_at(spec, first + cut)
    row = np.flatnonzero(activity.at_risk(spec, first + cut, days))
    table = activity.features(spec, first + cut, row, days)
    ids = np.concatenate([p.user_ids.to_numpy(zero_copy_only=False) for p in dataset.partitions])[row]
    frame = pd.DataFrame(table.X, columns=[c.name for c in table.columns], index=ids)
    frame["gap"] = table.words["gap"]
    frame["left"] = days[row, kernels.AFTER] == 0
    return frame.sort_index()


def test_features_equal_plain_pandas(data_dir: Path) -> None:
    events, orders = rows()
    found = table_at(build_dataset(data_dir, events=events, transactions=orders))
    day = (pd.to_datetime(events["event_time"]).dt.normalize() - pd.Timestamp(START)).dt.days
    active = pd.DataFrame({"user": events["user_id"], "day": day, "name": events["event_name"]})
    early = active[active["day"] < CUT]
    last = early.groupby("user")["day"].max()
    at_risk = last[last >= CUT - 2 * WINDOW].index.sort_values()
    assert found.index.tolist() == at_risk.tolist()
    assert found["silence"].tolist() == (CUT - 1 - last[at_risk]).tolist()
    recent = early[early["day"] >= CUT - WINDOW]
    for name in ("play", "search"):
        counted = recent[recent["name"] == name].groupby("user").size().reindex(at_risk).fillna(0)
        assert found[f"event {name}"].tolist() == counted.tolist()
    long = early[early["day"] >= CUT - 4 * WINDOW].groupby("user")
    assert found["days_long"].tolist() == long["day"].nunique().reindex(at_risk).fillna(0).tolist()
    assert found["breadth"].tolist() == long["name"].nunique().reindex(at_risk).fillna(0).tolist()
    later = active[(active["day"] >= CUT) & (active["day"] < CUT + WINDOW)]
    assert found["left"].tolist() == (~at_risk.isin(later["user"])).tolist()
    assert 5 < found["left"].sum() < len(found) - 5
    distinct = early.drop_duplicates(["user", "day"]).groupby("user")["day"]
    spans = ((distinct.max() - distinct.min()) / (distinct.count() - 1))[distinct.count() > 1]
    gap = (distinct.max() - distinct.min() + spans.median()) / distinct.count()
    assert found["gap"].tolist() == pytest.approx(gap[at_risk].clip(lower=1).tolist())
    assert found["overdue"].tolist() == pytest.approx((found["silence"] / found["gap"]).tolist())


def moved(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Everything after the cut-off happens to other people, at another time, and is something else."""
    frame = frame.copy()
    late = pd.to_datetime(frame[column]) >= pd.Timestamp(START) + pd.Timedelta(days=CUT)
    rng = np.random.default_rng(9)
    frame.loc[late, "user_id"] = rng.permutation(frame.loc[late, "user_id"].to_numpy())
    frame.loc[late, column] = frame.loc[late, column] + pd.Timedelta(days=11)
    if "event_name" in frame:
        frame.loc[late, "event_name"] = "rate"
    else:
        frame.loc[late, "quantity"] = -7
    return frame


@pytest.mark.parametrize("shop", [False, True])
def test_moving_all_later_events_leaves_features_unchanged(data_dir: Path, shop: bool) -> None:
    events, orders = rows()
    before = table_at(build_dataset(data_dir, events=None if shop else events, transactions=orders))
    later_events, later_orders = moved(events, "event_time"), moved(orders, "order_time")
    after = table_at(build_dataset(data_dir, events=None if shop else later_events, transactions=later_orders))
    features = [name for name in before if name != "left"]
    pd.testing.assert_frame_equal(before[features], after[features])
    assert (before["left"] != after["left"]).sum() > 5  # the label did change: the shift was a real one
    assert "spend" in features


def test_early_days_do_change_features(data_dir: Path) -> None:
    events, orders = rows()
    before = table_at(build_dataset(data_dir, events=events, transactions=orders))
    fewer = events[pd.to_datetime(events["event_time"]) < pd.Timestamp(START) + pd.Timedelta(days=CUT - 5)]
    after = table_at(build_dataset(data_dir, events=pd.concat([fewer, events.tail(1)]), transactions=orders))
    common = before.index.intersection(after.index)
    assert (before.loc[common, "silence"] != after.loc[common, "silence"]).any()


def test_cuts_never_overlap_the_test_and_need_a_whole_window(data_dir: Path) -> None:
    events, _ = rows(days=200)
    view = view_at_end(build_dataset(data_dir, events=events))
    last = view.last_complete
    for window in (7, 14, 30, 45):
        at = cuts.cuts_of(view, window)
        assert at is not None
        assert at.test + window - 1 == last
        assert all(cut + window <= at.test for cut in at.train)
        assert all(cut - 2 * window >= view.first_day for cut in at.train)
        assert len(at.train) <= 3
    assert cuts.cuts_of(view, 60) is None
    assert cuts.longest_window(view) == (last - view.first_day + 1) // 4


def test_nothing_after_the_chosen_day_exists(data_dir: Path) -> None:
    events, orders = rows()
    dataset = build_dataset(data_dir, events=events, transactions=orders)
    day = START + dt.timedelta(days=70)
    cut_view = view_of(dataset, Filters(range="all", as_of=day))
    at = cuts.cuts_of(cut_view, 10)
    assert at is not None
    assert (at.test, at.now) == (day_number(day) - 9, day_number(day) + 1)
    spec = activity.spec_of(cut_view, 10, at.test)
    assert activity.days_at(spec, at.now)[:, kernels.AFTER].sum() == 0
    assert replace(cut_view, as_of=cut_view.as_of).scope == cut_view.scope


def weekly(gap: int, people: int, silent: int, days: int = 300) -> list[dict[str, object]]:
    """People who come every ``gap`` days and have now been silent for ``silent``."""
    made: list[dict[str, object]] = []
    for k, d in itertools.product(range(people), range(days - silent, -1, -gap)):
        day = START + dt.timedelta(days=d)
        made.append({"user_id": f"every{gap}-{silent}-{k}", "event_time": day, "event_name": "visit"})
    return made


def test_the_window_is_the_smallest_after_which_few_return(data_dir: Path) -> None:
    """Half come every 5 days, half every 40; a pause is 5 or 40 days long and never longer."""
    events = weekly(5, 30, 1) + weekly(40, 30, 1)
    view = view_at_end(build_dataset(data_dir, events=events))
    found = cuts.propose(view)
    back = dict(zip(found.candidates, found.back, strict=True))
    assert found.horizon == 90
    assert back[7] == pytest.approx(1)
    assert back[14] == pytest.approx(1)
    assert found.people == 60
    left = weekly(5, 30, 1) + weekly(5, 30, 200)
    gone = cuts.propose(view_at_end(build_dataset(data_dir, events=left)))
    assert (gone.chosen, gone.window) == (7, 7)
    assert gone.silent[gone.candidates.index(30)] == 30
    assert gone.back[0] == 0
