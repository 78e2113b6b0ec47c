"""Lifecycle, states of days, days active, rhythm, sessions and intervals against the definitions in plain Python."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dashboard.filters import day_date
from dashboard.insights import (
    lifecycle,
    lifecycle_states,
    rhythm,
    session_counts,
    sessions,
    stickiness,
    usage_interval,
)
from dashboard.insights.view import View
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset
from tests.unit.insights import oracle, worlds
from tests.unit.insights import oracle_retention as plain
from tests.unit.insights.oracle import Event, Where, World

RANDOM = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))


def drawn(stored: Dataset, where: Where, data: st.DataObject) -> View:
    """Any range and as-of day near the data."""
    first_day, last_day = stored.manifest.first_day, stored.manifest.last_day
    assert first_day is not None and last_day is not None
    first = data.draw(st.integers(first_day - 3, last_day), label="first")
    last = data.draw(st.integers(first, last_day + 3), label="last")
    until = data.draw(st.integers(first, last_day + 3), label="as of")
    return oracle.view(stored, first, last, where=where, as_of=until)


@RANDOM
@given(
    worlds.worlds(days=80), worlds.FILTERS, st.sampled_from(("hour", "day", "week", "month")), st.integers(1, 3),
    st.data(),
)  # fmt: skip
def test_lifecycle(world: World, where: Where, by: str, partitions: int, data: st.DataObject) -> None:
    assume(any(event.time for event in world.events))
    zone = ZoneInfo(world.zone)
    with worlds.stored(world, partitions) as stored:
        where = worlds.usable(world, where)
        view = drawn(stored, where, data)
        if by == "hour":
            first = data.draw(st.integers(view.period.first, view.period.last), label="day")
            view = oracle.view(stored, first, min(first + 2, view.period.last), where=where, as_of=view.as_of)
        begin = dt.datetime.combine(day_date(view.period.first), dt.time(), zone).astimezone(dt.UTC)
        frame = lifecycle.lifecycle(view, by=by).frame
        known = plain.known(world, where, day_date(view.as_of))
        slots = plain.Periods.of(begin, len(frame), by, zone, "monday")
        expected = plain.lifecycle(known, slots)
        for index in range(len(frame)):
            for state in lifecycle.STATES:
                sign = -1 if state == "dormant" else 1
                assert frame[state][index] == sign * len(expected[state, index]), (state, index)
            gone = len(expected["dormant", index])
            came = len(expected["new", index]) + len(expected["resurrecting", index])
            assert frame["pulse"][index] == pytest.approx(came / gone if gone else math.nan, nan_ok=True)
            assert frame["active"][index] - frame["previous_active"][index] == frame["net"][index]
        state = data.draw(st.sampled_from(lifecycle.STATES), label="state")
        index = data.draw(st.integers(0, len(frame) - 1), label="period")
        period = frame["period"][index]
        assume(list(frame["period"]).count(period) == 1)  # of two hours of one name the list shows the first
        people = lifecycle.lifecycle_people(view, period=period, state=state, by=by).frame["user_id"]
        assert list(people) == sorted(expected[state, index])


@RANDOM
@given(worlds.worlds(days=80), worlds.FILTERS, st.integers(1, 3), st.data())
def test_states_of_days(world: World, where: Where, partitions: int, data: st.DataObject) -> None:
    assume(any(event.time for event in world.events))
    with worlds.stored(world, partitions) as stored:
        where = worlds.usable(world, where)
        view = drawn(stored, where, data)
        known = plain.active_days(plain.known(world, where, day_date(view.as_of)), world.zone)
        frame = lifecycle_states.daily_states(view).frame
        for index in range(len(frame)):
            day = day_date(view.period.first + index)
            expected = Counter(plain.state_on(days, day) for days in known.values())
            assert {name: frame[name][index] for name in lifecycle_states.STATES} == {
                name: expected[name] for name in lifecycle_states.STATES
            }
        begin, end = view.period.first, max(view.period.first, min(view.period.last, view.last_complete))
        moves = Counter(
            (plain.state_on(days, day_date(begin)), plain.state_on(days, day_date(end))) for days in known.values()
        )
        matrix = lifecycle_states.state_migration(view).frame
        found = {(row.before, row.after): row.users for row in matrix.itertuples()}
        assert found == {pair: moves[pair] for pair in found}
        before, after = data.draw(st.sampled_from(sorted(found)), label="pair")
        people = lifecycle_states.state_people(view, before=before, after=after).frame["user_id"]
        assert len(people) == found[before, after]
        per_state = matrix[matrix["before"] != lifecycle_states.UNSEEN].groupby("before")["users"].sum()
        now = lifecycle_states.daily_states(oracle.view(stored, begin, begin, where=where, as_of=view.as_of)).frame
        assert {name: per_state[name] for name in per_state.index} == {name: now[name][0] for name in per_state.index}


@RANDOM
@given(worlds.worlds(), worlds.FILTERS, st.sampled_from(("hour", "day", "week", "month")), st.integers(1, 3), st.data())
def test_days_active(world: World, where: Where, by: str, partitions: int, data: st.DataObject) -> None:
    assume(any(event.time for event in world.events))
    zone = ZoneInfo(world.zone)
    with worlds.stored(world, partitions) as stored:
        where = worlds.usable(world, where)
        view = drawn(stored, where, data)
        if by == "hour":
            view = oracle.view(
                stored, view.period.first, min(view.period.first + 3, view.period.last), where=where, as_of=view.as_of
            )
        frame = stickiness.days_active(view, by=by).frame
        inside = [
            e
            for e in plain.known(world, where, day_date(view.as_of))
            if view.period.first <= oracle.day_of(e.time, world.zone) <= view.period.last
        ]
        active = {
            user: len({plain.start_of(plain.instant(e), by, zone, "monday") for e in inside if e.user == user})
            for user in {e.user for e in inside}
        }
        numbers = range(1, len(frame) + 1)
        assert frame["exact"].to_list() == [sum(n == j for n in active.values()) for j in numbers]
        assert frame["at_least"].to_list() == [sum(n >= j for n in active.values()) for j in numbers]
        n = data.draw(st.integers(1, len(frame)), label="periods")
        for mode in ("exact", "at_least"):
            people = stickiness.days_active_people(view, periods=n, mode=mode, by=by).frame["user_id"]
            assert list(people) == sorted(u for u, j in active.items() if (j == n if mode == "exact" else j >= n))


@RANDOM
@given(worlds.worlds(days=10, seconds=600), worlds.FILTERS, st.integers(1, 3), st.data())
def test_rhythm_sessions_and_intervals(world: World, where: Where, partitions: int, data: st.DataObject) -> None:
    assume(any(event.time for event in world.events))
    with worlds.stored(world, partitions) as stored:
        where = worlds.usable(world, where)
        view = drawn(stored, where, data)
        known = plain.known(world, where, day_date(view.as_of))

        def inside(day: dt.date) -> bool:
            return day_date(view.period.first) <= day <= day_date(view.period.last)

        counts, people = plain.rhythm(
            [e for e in known if inside(plain.instant(e).astimezone(ZoneInfo(world.zone)).date())], world.zone
        )
        for row in rhythm.rhythm(view).frame.itertuples():
            assert (row.events, row.users) == (counts[row.weekday, row.hour], len(people[row.weekday, row.hour]))
        if counts:
            weekday, hour = data.draw(st.sampled_from(sorted(counts)), label="hour")
            who = rhythm.rhythm_people(view, weekday=weekday, hour=hour).frame["user_id"]
            assert list(who) == sorted(people[weekday, hour])

        minutes = data.draw(st.sampled_from((10, 30, 300)), label="gap")
        expected = [s for s in plain.sessions(known, world.zone, minutes) if inside(s[1])]
        for row in sessions.sessions(view, source="gap", gap_minutes=minutes, by="day").frame.itertuples():
            own = [s for s in expected if s[1].isoformat() == row.period]
            assert (row.sessions, row.users) == (len(own), len({user for user, *_ in own}))
            if own:
                seconds, events = np.array([s[2] for s in own]), np.array([s[3] for s in own])
                assert row.mean_seconds == pytest.approx(seconds.mean())
                assert row.median_seconds == pytest.approx(float(np.median(seconds)))
                assert row.events_per_session == pytest.approx(events.mean())
        result = sessions.sessions(view, source="gap", gap_minutes=minutes, by="week")
        assert result.summary["users"] == len({user for user, *_ in expected})
        assert result.frame["sessions"].sum() == result.summary["sessions"] == len(expected)
        assert sum(item["sessions"] for item in result.summary["lengths"]) == len(expected)
        for item in result.summary["lengths"]:
            options = {"low": item["low"], "high": item["high"], "source": "gap", "gap_minutes": minutes}
            who = sessions.session_people(view, **options).frame["user_id"]
            high = math.inf if item["high"] is None else item["high"]
            assert list(who) == sorted({user for user, _, length, _ in expected if item["low"] <= length < high})
            assert len(who) == item["users"]
        if expected:
            lengths = np.array([seconds for _, _, seconds, _ in expected])
            for name, level in session_counts.QUANTILES:
                assert result.summary[f"{name}_seconds"] == pytest.approx(float(np.quantile(lengths, level)))
            single = sum(events == 1 for *_, events in expected)
            assert result.summary["single_event_share"] == pytest.approx(single / len(expected))

        days = {
            user: [day for day in active if inside(day)]
            for user, active in plain.active_days(known, world.zone).items()
        }
        medians = sorted(gap for gap in (plain.median_gap(own) for own in days.values()) if gap is not None)
        values = np.concatenate(usage_interval.gaps(view, ()))
        assert sorted(values[~np.isnan(values)]) == medians
        for row in usage_interval.usage_interval(view).frame.head(3).itertuples():
            wanted = sorted(u for u, own in days.items() if math.ceil(plain.median_gap(own) or 0) == row.days)
            who = usage_interval.usage_interval_people(view, days=str(row.days)).frame["user_id"]
            assert list(who) == wanted and len(wanted) == row.users


def test_gaps_longer_than_two_months() -> None:
    days = ("2023-01-01", "2023-04-01", "2023-04-02", "2023-12-01", "2023-12-31")
    world = World(tuple(Event("a", f"{day}T12:00:00Z", "visit", "web") for day in days), {}, "UTC")
    with worlds.stored(world, 1) as stored:
        assert stored.manifest.first_day is not None and stored.manifest.last_day is not None
        view = oracle.view(stored, stored.manifest.first_day, stored.manifest.last_day)
        own = plain.active_days(world.events, "UTC")["a"]
        assert np.concatenate(usage_interval.gaps(view, ())).tolist() == [plain.median_gap(own)] == [60.0]
        assert usage_interval.usage_interval(view).summary["proposal"] == "month"


def test_sessions_of_the_files_own_ids_win(data_dir: Path) -> None:
    """Two ids interleave within minutes: by pauses this is one session, by ids there are two."""
    events = [
        {"user_id": "a", "event_time": f"2024-01-01T10:{minute:02d}:00Z", "session_id": number, "event_name": "visit"}
        for minute, number in ((0, "s1"), (1, "s2"), (5, "s1"), (9, "s2"), (9, None))
    ]
    stored = build_dataset(data_dir, events=events, partitions=1)
    view = oracle.view(stored, stored.manifest.first_day or 0, stored.manifest.last_day or 0)
    result = sessions.sessions(view)
    assert result.summary["source"] == "ids" and result.summary["sessions"] == 2
    assert result.summary["mean_seconds"] == result.summary["median_seconds"] == 390.0  # of 300 and 480
    for seconds in (300, 480):
        assert list(sessions.session_people(view, low=seconds, high=seconds + 1).frame["user_id"]) == ["a"]
    assert sessions.session_people(view, low=301, high=480).frame.empty
    assert [(item.code, item.count) for item in result.left_out] == [("no_session", 1)]
    assert sessions.sessions(view, source="gap").summary["sessions"] == 1


def test_sessions_of_a_file_of_sessions(data_dir: Path) -> None:
    rows = [
        {"user_id": user, "start_time": f"{start}:00:00Z", "end_time": end, "duration_seconds": seconds}
        for user, start, end, seconds in (
            ("a", "2024-01-01T10", "2024-01-01T10:10:00Z", None),
            ("a", "2024-01-01T11", None, 90.0),
            ("b", "2024-01-02T11", None, None),
        )
    ]
    stored = build_dataset(data_dir, sessions=rows, partitions=2)
    view = oracle.view(stored, stored.manifest.first_day or 0, stored.manifest.last_day or 0)
    result = sessions.sessions(view)
    assert result.summary["source"] == "table"
    assert result.frame["sessions"].to_list() == [2, 1]
    assert result.frame["mean_seconds"][0] == 345.0 and math.isnan(result.frame["mean_seconds"][1])
    assert [(item.code, item.count) for item in result.left_out] == [("no_length", 1)]
    assert result.summary["events_per_session"] is None
