"""Features against the definition in plain Python; the effect of a feature where its truth is known."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.errors import UserError
from dashboard.insights import periods
from dashboard.insights.features import features
from dashboard.insights.features_impact import feature_impact
from dashboard.insights.features_people import feature_people, feature_trend
from dashboard.statistics.intervals import difference
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset
from tests.unit.insights import oracle, stored
from tests.unit.insights.stored import Log

DAY = 86_400


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    stored.logs(step=DAY // 4, span=80),
    st.integers(1, 3),
    st.sampled_from(periods.UNITS),
    st.sampled_from(("", "platform")),
    st.booleans(),
    st.data(),
)
def test_features_are_what_the_definition_says(
    log: Log, partitions: int, by: str, column: str, split: bool, data: st.DataObject
) -> None:
    with stored.private_directory() as folder:
        dataset = log.build(folder, partitions)
        manifest = dataset.manifest
        if manifest.first_day is None or manifest.last_day is None or (column and not stored.has(dataset, column)):
            return
        first = data.draw(st.integers(manifest.first_day - 1, manifest.last_day), label="first")
        last = data.draw(st.integers(first, manifest.last_day + 2), label="last")
        now = data.draw(st.integers(first, manifest.last_day + 2), label="as of")
        view = oracle.view(dataset, first, last, as_of=now)
        countries = dict(log.countries)
        breakdown = "country" if split and any(countries.values()) else ""
        parts = view.buckets(by)
        uses: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        active: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        for user, rows in stored.people(dataset).items():
            group = countries.get(user, "") if breakdown else ""
            for row in rows:
                if row.day is None or not first <= row.day <= min(last, now):
                    continue
                active[group][user].add(row.day)
                what = row.platform if column else row.name
                if what:
                    uses[what, group][user].append(row.day)
        result = features(view, column=column, by=by, breakdown=breakdown)
        assert result.summary["active"] == sum(len(users) for users in active.values())
        for row in result.frame.itertuples():
            mine = uses.get((row.feature, row.group), {})
            assert (row.users, row.active) == (len(mine), len(active[row.group]))
            assert row.events == sum(len(days) for days in mine.values())
            if mine:
                assert row.days_per_user == pytest.approx(sum(len(set(d)) for d in mine.values()) / len(mine))
            people = {"feature": row.feature, "column": column, "breakdown": breakdown, "group": row.group}
            assert list(feature_people(view, **people).frame["user_id"]) == sorted(mine)
            others = feature_people(view, state="others", **people).frame["user_id"]
            assert list(others) == sorted(set(active[row.group]) - set(mine))
        if breakdown:
            return
        for row in result.frame.itertuples():
            could = did = 0
            for days in uses.get((row.feature, ""), {}).values():
                at = {next(i for i, (a, b) in enumerate(parts.spans) if a <= day <= b) for day in days}
                pairs = [i for i in at if i + 1 < len(parts.spans) and parts.complete[i] and parts.complete[i + 1]]
                could, did = could + len(pairs), did + sum(i + 1 in at for i in pairs)
            assert (row.could_return, row.returned) == (could, did)
        trend = feature_trend(view, column=column, by=by, top=10).frame
        for row in trend.itertuples():
            a, b = parts.spans[parts.labels.index(row.period)]
            mine = {u for u, days in uses.get((row.feature, ""), {}).items() if any(a <= day <= b for day in days)}
            here = {u for u, days in active[""].items() if any(a <= day <= b for day in days)}
            assert (row.users, row.active) == (len(mine), len(here))
            listed = feature_people(view, feature=row.feature, column=column, by=by, period=row.period).frame
            assert list(listed["user_id"]) == sorted(mine)


def day(number: int, hour: int = 10) -> str:
    return (dt.datetime(2024, 1, 1, hour) + dt.timedelta(days=number)).isoformat()


def whole(dataset: Dataset) -> Any:
    return oracle.view(dataset, dataset.manifest.first_day or 0, dataset.manifest.last_day or 0)


def test_users_of_a_feature_who_stay(data_dir: Path) -> None:
    """Monday-to-Sunday weeks: 40 people, 20 use export in week 1; 15 of them and 5 of the others come in week 2."""
    events = []
    for person in range(40):
        user, exports = f"u{person:02d}", person < 20
        events.append({"user_id": user, "event_time": day(0), "event_name": "export" if exports else "open"})
        if person % 20 < (15 if exports else 5):
            events.append({"user_id": user, "event_time": day(8), "event_name": "open"})
    events.append({"user_id": "u00", "event_time": day(13, 23), "event_name": "open"})
    frame = features(whole(build_dataset(data_dir, events=events)), by="week").frame.set_index("feature")
    export = frame.loc["export"]
    expected = difference(15, 20, 5, 20)
    assert (export["stay_with"], export["stay_without"]) == (0.75, 0.25)
    assert export["stay_difference"] == pytest.approx(expected.difference)
    assert (export["stay_low"], export["stay_high"]) == pytest.approx((expected.low, expected.high))
    assert export["stay_significant"]
    assert (export["could_return"], export["returned"]) == (20, 0)


def test_events_that_are_no_activity_are_no_feature(data_dir: Path) -> None:
    """An order beside an event log is no sign of use."""
    events = [{"user_id": user, "event_time": day(0), "event_name": "open"} for user in ("a", "b")]
    orders = [{"user_id": user, "order_time": day(1), "amount": 5.0} for user in ("a", "c")]
    result = features(whole(build_dataset(data_dir, events=events, transactions=orders)), by="day")
    assert list(result.frame["feature"]) == ["open"] and result.summary["active"] == 2


def impact_world(data_dir: Path, gain: float) -> Dataset:
    """People active on random days; a third first use ``magic`` around day 40 and are ``gain`` times as active from
    then on, while everybody gets 30 % less active after day 40."""
    rng = np.random.default_rng(11)
    events = []
    for person in range(500):
        user, adopts = f"u{person:03d}", person % 3 == 0
        habit = rng.uniform(0.3, 0.6) * (1.2 if adopts else 1.0)
        start = 38 + int(rng.integers(0, 5))
        for number in range(80):
            chance = habit * (1 if number < 40 else 0.7) * (gain if adopts and number > start else 1.0)
            if rng.random() < chance or number == 0 or (adopts and number == start):
                events.append({"user_id": user, "event_time": day(number), "event_name": "open"})
        if adopts:
            events.append({"user_id": user, "event_time": day(start, 11), "event_name": "magic"})
    return build_dataset(data_dir, events=events)


@pytest.mark.parametrize("gain", [1.0, 1.4])
def test_the_effect_of_a_feature_is_told_from_the_season(data_dir: Path, gain: float) -> None:
    result = feature_impact(whole(impact_world(data_dir, gain)), feature="magic", days=28)
    summary, frame = result.summary, result.frame.set_index("group")
    assert frame.loc["adopters", "people"] == 167 and summary["enough"]
    assert summary["relative_delta_pre"] > 0.1  # adopters were more active before already
    assert frame.loc["others", "change"] < -0.15  # the season takes from everybody
    assert summary["low"] < gain - 1 < summary["high"]
    assert (summary["low"] > 0) == (gain > 1)
    assert frame.loc["adopters", "expected"] == pytest.approx(summary["counterfactual"])
    assert frame.loc["adopters", "after"] == pytest.approx(summary["counterfactual"] + summary["delta"])


def test_no_effect_is_stated_about_a_handful_of_people(data_dir: Path) -> None:
    events = [{"user_id": f"u{i}", "event_time": day(n), "event_name": "open"} for i in range(9) for n in range(30)]
    events.append({"user_id": "u0", "event_time": day(15, 11), "event_name": "magic"})
    result = feature_impact(whole(build_dataset(data_dir, events=events)), feature="magic", days=7)
    assert not result.summary["enough"] and result.summary["relative_delta"] is None
    assert list(result.frame["people"]) == [1, 8] and any("no effect is stated" in note for note in result.notes)


def test_adopters_without_enough_time_around_are_left_out_and_counted(data_dir: Path) -> None:
    events = [{"user_id": f"u{i}", "event_time": day(n), "event_name": "open"} for i in range(9) for n in range(30)]
    for user, number in (("u0", 3), ("u1", 15), ("u2", 27)):
        events.append({"user_id": user, "event_time": day(number, 11), "event_name": "magic"})
    result = feature_impact(whole(build_dataset(data_dir, events=events)), feature="magic", days=7)
    assert result.frame["people"].iloc[0] == 1 and [item.count for item in result.left_out] == [2]


@pytest.mark.parametrize(
    ("insight", "options", "code"),
    [
        (features, {"column": "nothing"}, "unknown_column"),
        (features, {"top": 0}, "bad_option"),
        (feature_trend, {"features": ["dance"]}, "unknown_feature"),
        (feature_people, {"feature": "dance"}, "unknown_feature"),
        (feature_people, {"state": "some"}, "bad_option"),
        (feature_people, {"group": "UK"}, "unknown_group"),
        (feature_people, {"period": "2020-01-01"}, "bad_option"),
        (feature_impact, {"feature": "dance"}, "bad_option"),
    ],
)
def test_what_cannot_be_meant_is_refused(data_dir: Path, insight: Any, options: dict[str, Any], code: str) -> None:
    dataset = build_dataset(data_dir, events=[{"user_id": "a", "event_time": day(0), "event_name": "x"}])
    with pytest.raises(UserError) as refused:
        insight(whole(dataset), **options)
    assert refused.value.code == code and refused.value.hint
