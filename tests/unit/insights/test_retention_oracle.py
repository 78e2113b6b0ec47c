"""Cohort matrices against the definitions in plain Python, with every option, zone and change of the clocks."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dashboard.filters import day_date
from dashboard.insights import retention_matrix
from dashboard.insights.retention_query import COUNTS, KINDS, WINDOWS, RetentionQuery
from dashboard.insights.selector import Selector
from tests.unit.insights import oracle, worlds
from tests.unit.insights import oracle_retention as plain
from tests.unit.insights.oracle import Where, World

SELECTORS = (Selector(), Selector("visit"), Selector("visit", (("platform", ("web",)),)), Selector(None, (("platform", ("ios", "web")),)))  # fmt: skip  # noqa: E501
FIRST = {"hour": "%Y-%m-%dT%H:00", "day": "%Y-%m-%d", "week": "%Y-%m-%d", "month": "%Y-%m-%d"}


@st.composite
def queries(draw: st.DrawFn) -> RetentionQuery:
    return RetentionQuery(
        kind=draw(st.sampled_from(KINDS)),
        count=draw(st.sampled_from(COUNTS)),
        start=draw(st.sampled_from(SELECTORS)),
        returning=draw(st.sampled_from(SELECTORS)),
        min_occurrences=draw(st.integers(1, 2)),
        period=draw(st.sampled_from(("hour", "day", "week", "month"))),
        window_mode=draw(st.sampled_from(WINDOWS)),
        periods=draw(st.integers(1, 12)),
        columns=draw(st.sampled_from(("auto", "triangle", 1, 4, 12))),
        brackets=draw(st.sampled_from(((), ((1, 1), (2, 5), (7, 9))))),
        week_start=draw(st.sampled_from(("monday", "sunday"))),
        unknown_event="allow",
    )


def drawn_view(stored: Any, where: Where, data: st.DataObject) -> Any:
    manifest = stored.manifest
    assert manifest.first_day is not None and manifest.last_day is not None
    until = data.draw(st.integers(manifest.first_day, manifest.last_day + 20), label="as of")
    return oracle.view(stored, manifest.first_day, manifest.last_day, where=where, as_of=until)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds.worlds(ties=False), worlds.FILTERS, queries(), st.integers(1, 4), st.data())
def test_retention_is_what_the_definitions_say(
    world: World, where: Where, query: RetentionQuery, partitions: int, data: st.DataObject
) -> None:
    _compare(world, where, query, partitions, data)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds.worlds(days=4, seconds=1_800), worlds.FILTERS, queries(), st.integers(1, 4), st.data())
def test_events_of_one_instant_and_full_hours(
    world: World, where: Where, query: RetentionQuery, partitions: int, data: st.DataObject
) -> None:
    # of several first events at one instant nobody could say which one is the first
    assume(query.kind != "first_ever")
    _compare(world, where, query, partitions, data)


def _compare(world: World, where: Where, query: RetentionQuery, partitions: int, data: st.DataObject) -> None:
    assume(any(event.time for event in world.events))
    zone = ZoneInfo(world.zone)
    with worlds.stored(world, partitions) as stored:
        where = worlds.usable(world, where)
        view = drawn_view(stored, where, data)
        begin = min(plain.instant(e) for e in world.events if e.time) + dt.timedelta(
            hours=data.draw(st.integers(-30, 30), label="first") * (1 if query.period == "hour" else 24)
        )
        label = plain.start_of(begin, query.period, zone, query.week_start)
        if isinstance(label, dt.datetime):
            # the second of two hours of one name cannot be named
            assume(label.astimezone(zone).fold == 0)
            label = label.astimezone(zone)
        query = RetentionQuery(**{**query.__dict__, "first": label.strftime(FIRST[query.period])})
        found = retention_matrix.matrix(view, query)
        planned = found.plan
        periods = plain.Periods.of(begin, len(planned.calendar), query.period, zone, query.week_start)
        events = plain.known(world, where, day_date(view.as_of))
        expected = plain.retention(events, query, periods, planned.cohorts, planned.width.tolist())
        for c in range(planned.cohorts):
            for k in range(int(planned.width[c])):
                assert found.cells[0, c, k] == len(expected[c, k]), (c, k)
                last = periods.starts[c + int(planned.high[k]) + 1]
                if query.window_mode == "calendar" and query.period != "hour":
                    assert bool(found.complete[c, k]) == (last <= day_date(view.as_of + 1))
        c = data.draw(st.integers(0, planned.cohorts - 1), label="cohort")
        k = data.draw(st.integers(0, int(planned.width[c]) - 1), label="column")
        members = retention_matrix.people(view, query, c, 0)
        there = retention_matrix.people(view, query, c, k)
        gone = retention_matrix.people(view, query, c, k, returned=False)
        assert there == sorted(expected[c, k]) and len(there) == found.cells[0, c, k]
        assert sorted([*there, *gone]) == members


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds.worlds(), queries(), st.data())
def test_groups_add_up_and_names_change_nothing(world: World, query: RetentionQuery, data: st.DataObject) -> None:
    assume(any(event.time for event in world.events) and world.countries)
    order = data.draw(st.permutations(world.events), label="order")
    renamed = World(
        tuple(type(e)(f"x{e.user}", e.time, e.name, e.platform) for e in order),
        {f"x{user}": country for user, country in world.countries.items()},
        world.zone,
    )
    assume(query.kind != "first_ever")
    results = []
    for version, partitions in ((world, 1), (renamed, 3)):
        with worlds.stored(version, partitions) as stored:
            assert stored.manifest.first_day is not None and stored.manifest.last_day is not None
            view = oracle.view(stored, stored.manifest.first_day, stored.manifest.last_day)
            whole = retention_matrix.matrix(view, query)
            split = retention_matrix.matrix(view, RetentionQuery(**{**query.__dict__, "breakdown": "country"}))
            assert (split.cells.sum(axis=0) == whole.cells).all()
            results.append(whole.cells.tolist())
    assert results[0] == results[1]


def test_a_window_is_complete_when_it_is_for_every_member() -> None:
    def event(user: str, time: str) -> Any:
        return oracle.Event(user, time, "visit", "web")

    world = World(
        (event("a", "2024-01-01T01:00:00Z"), event("b", "2024-01-01T23:00:00Z"), event("c", "2024-01-09T12:00:00Z")),
        {},
        "UTC",
    )
    with worlds.stored(world, 1) as stored:
        day = oracle.day_of("2024-01-01T00:00:00Z", "UTC")
        query = RetentionQuery(period="day", window_mode="24h", periods=2, columns=4)
        view = oracle.view(stored, day, day, as_of=day + 3)  # known up to the end of 4 January
        found = retention_matrix.matrix(view, query)
        # b's windows end at 23:00 of 2, 3, 4 and 5 January
        assert found.complete[0].tolist() == [True, True, True, False]
        assert found.cells[0, 0].tolist() == [2, 0, 0, 0]


def test_a_matrix_that_would_be_too_large_is_refused() -> None:
    from dashboard.errors import UserError

    world = World((oracle.Event("a", "2020-01-01T01:00:00Z", "visit", "web"),), {}, "UTC")
    with worlds.stored(world, 1) as stored:
        view = oracle.view(stored, 18_000, 18_000)
        with pytest.raises(UserError, match="cells"):
            retention_matrix.plan(view, RetentionQuery(period="day", periods=1_400, columns="triangle"))
