"""Activation against the definition in plain Python."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.errors import UserError
from dashboard.insights import periods
from dashboard.insights.activation import ActivationQuery, activation, activation_people
from dashboard.insights.aha_exposure import until_of
from dashboard.insights.selector import Selector
from tests.store_builder import build_dataset
from tests.unit.insights import oracle, stored
from tests.unit.insights.stored import Log

DAY = 86_400


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    stored.logs(step=DAY // 4, span=60),
    st.integers(1, 3),
    st.sampled_from((None, "play", {"event": None, "where": {"platform": "web"}})),
    st.integers(1, 3),
    st.integers(1, 4),
    st.sampled_from(periods.UNITS),
    st.booleans(),
    st.data(),
)
def test_activation_is_what_the_definition_says(
    log: Log, partitions: int, event: Any, at_least: int, within: int, by: str, filtered: bool, data: st.DataObject
) -> None:
    with stored.private_directory() as folder:
        dataset = log.build(folder, partitions)
        manifest = dataset.manifest
        if manifest.first_day is None or manifest.last_day is None:
            return
        if event == "play" and dataset.code("event_name", "play") < 0:
            return
        if (isinstance(event, dict) or filtered) and not stored.has(dataset, "platform"):
            return
        first = data.draw(st.integers(manifest.first_day, manifest.last_day), label="first")
        last = data.draw(st.integers(first, manifest.last_day), label="last")
        now = data.draw(st.integers(last, manifest.last_day + 2), label="as of")
        platform = ("web", "") if filtered else None
        where = {"platform": platform} if platform else None
        view = oracle.view(dataset, first, last, where=where, as_of=now)
        until = until_of(view) / 1e6
        groups: dict[str, dict[str, dict[str, float]]] = {}
        parts = view.buckets(by)
        for user, rows in stored.people(dataset).items():
            known = [row for row in rows if row.time is not None and row.time <= until]
            if not known or (platform and known[0].platform not in platform):
                continue
            start, day = known[0].time, known[0].day
            if start is None or day is None or not first <= day <= min(last, now):
                continue
            hits = [
                row.time - start
                for row in known
                if row.time is not None
                and (not platform or row.platform in platform)
                and (event != "play" or row.name == "play")
                and (not isinstance(event, dict) or row.platform == "web")
                and row.time - start < within * DAY
            ]
            state = "not_activated" if len(hits) < at_least else "activated"
            if start + within * DAY > until:
                state = "too_young"
            label = next(p for p, (a, b) in zip(parts.labels, parts.spans, strict=True) if a <= day <= b)
            group = groups.setdefault(label, {"activated": {}, "not_activated": {}, "too_young": {}})
            group[state][user] = hits[at_least - 1] if len(hits) >= at_least else math.nan
        options = {"event": event, "at_least": at_least, "within_days": within, "by": by}
        result = activation(view, **options)
        assert list(result.frame["period"]) == parts.labels
        for row in result.frame.itertuples():
            group = groups.get(row.period, {"activated": {}, "not_activated": {}, "too_young": {}})
            sizes = {state: len(users) for state, users in group.items()}
            assert row.new_users == sum(sizes.values())
            assert row.observed == sizes["activated"] + sizes["not_activated"] and row.activated == sizes["activated"]
            assert row.rate == pytest.approx(row.activated / row.observed if row.observed else math.nan, nan_ok=True)
            for state, users in group.items():
                listed = activation_people(view, state=state, period=row.period, **options).frame
                assert list(listed["user_id"]) == sorted(users)
        seconds = sorted(value for group in groups.values() for value in group["activated"].values())
        assert result.summary["activated"] == len(seconds) == sum(result.frame["activated"])
        for item in result.summary["days"]:
            assert item["activated"] == sum(value < item["day"] * DAY for value in seconds)
        if seconds:
            middle = (seconds[(len(seconds) - 1) // 2] + seconds[len(seconds) // 2]) / 2
            assert result.summary["seconds_p50"] == pytest.approx(middle)


def test_who_has_not_been_observed_is_left_out_and_counted(data_dir: Path) -> None:
    events = [
        {"user_id": user, "event_time": f"2024-01-{day:02d} 10:00", "event_name": name}
        for user, day, name in (("a", 1, "open"), ("a", 3, "buy"), ("b", 1, "open"), ("c", 9, "open"), ("c", 9, "buy"))
    ]
    dataset = build_dataset(data_dir, events=events)
    view = oracle.view(dataset, dataset.manifest.first_day or 0, dataset.manifest.last_day or 0)
    result = activation(view, event="buy", at_least=1, within_days=7, by="day")
    assert (result.summary["observed"], result.summary["activated"], result.summary["rate"]) == (2, 1, 0.5)
    assert result.summary["seconds_p50"] == 2 * DAY
    assert [(item.code, item.count) for item in result.left_out] == [("too_young", 1)]
    assert not result.frame["complete"].iloc[-1]


@pytest.mark.parametrize(
    ("options", "code"),
    [({"event": "dance"}, "unknown_event"), ({"at_least": 0}, "bad_option"), ({"by": "year"}, "unknown_period")],
)
def test_what_cannot_be_meant_is_refused(data_dir: Path, options: dict[str, Any], code: str) -> None:
    dataset = build_dataset(data_dir, events=[{"user_id": "a", "event_time": "2024-01-01", "event_name": "x"}])
    view = oracle.view(dataset, dataset.manifest.first_day or 0, dataset.manifest.last_day or 0)
    with pytest.raises(UserError) as refused:
        activation(view, **options)
    assert refused.value.code == code and refused.value.hint


def test_a_query_survives_json() -> None:
    query = ActivationQuery(Selector("buy"), 2, 14)
    assert ActivationQuery.of(**query.to_json()) == query
