"""Activity numbers against the definitions in plain Python: random people, gaps, zones, daylight saving, filters."""

from __future__ import annotations

import datetime as dt
import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.insights import activity, new_users, periods
from dashboard.insights.active_days import active_days
from tests.store_builder import build_dataset
from tests.unit.insights import oracle
from tests.unit.insights.oracle import Event, Where, World

USERS = ("ann", "bob", "cyd", "dan", "eve", "żoë", "00123")
# three days around each change of the clocks in Los Angeles in 2024, New Year's week, and ordinary days
STARTS = ("2024-03-08T20:00", "2024-11-01T20:00", "2023-12-27T20:00", "2024-05-01T00:00")


@st.composite
def worlds(draw: st.DrawFn) -> World:
    start = dt.datetime.fromisoformat(draw(st.sampled_from(STARTS))).replace(tzinfo=dt.UTC)
    # whole seconds, unique per world: of two first events at one instant nobody could say which is the first
    seconds = draw(st.lists(st.integers(0, 45 * 86_400), min_size=1, max_size=40, unique=True))
    events = [
        Event(
            draw(st.sampled_from(USERS)),
            (start + dt.timedelta(seconds=second)).isoformat().replace("+00:00", "Z"),
            draw(st.sampled_from(("visit", "play", "pay"))),
            draw(st.sampled_from(("web", "ios", ""))),
        )
        for second in seconds
    ]
    if draw(st.booleans()):
        events.append(Event("bob", "", "visit", "web"))  # a row whose time is not known
    countries = {user: draw(st.sampled_from(("UK", "DE", ""))) for user in USERS if draw(st.booleans())}
    return World(tuple(events), countries, draw(st.sampled_from(("UTC", "America/Los_Angeles", "Asia/Kolkata"))))


FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "platform": st.sets(st.sampled_from(("web", "ios", "", "none")), min_size=1).map(lambda v: tuple(sorted(v))),
        "country": st.sets(st.sampled_from(("UK", "DE", "")), min_size=1).map(lambda v: tuple(sorted(v))),
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(), FILTERS, st.sets(st.sampled_from(("visit", "play", "pay"))), st.integers(1, 4), st.data())
def test_activity_is_what_the_definitions_say(
    world: World, where: Where, names: set[str], partitions: int, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DASHBOARD_DATA_DIR", folder)
        from dashboard import settings as product_settings

        product_settings.current.cache_clear()
        try:
            _compare(Path(folder), world, where, names, partitions, data)
        finally:
            product_settings.current.cache_clear()


def _compare(folder: Path, world: World, where: Where, names: set[str], partitions: int, data: st.DataObject) -> None:
    users = [{"user_id": user, "country": country or None} for user, country in world.countries.items()]
    stored = build_dataset(
        folder,
        events=[event.row() for event in world.events],
        users=users or None,
        time_zone=world.zone,
        partitions=partitions,
    )
    manifest = stored.manifest
    assert manifest.first_day is not None and manifest.last_day is not None
    wanted = tuple(sorted(name for name in names if stored.code("event_name", name) >= 0))
    if not users:
        where = {name: values for name, values in where.items() if name != "country"}
    if not any(event.platform for event in world.events):
        where = {name: values for name, values in where.items() if name != "platform"}
    first = data.draw(st.integers(manifest.first_day - 3, manifest.last_day), label="first")
    last = data.draw(st.integers(first, manifest.last_day + 3), label="last")
    until = data.draw(st.integers(first, manifest.last_day + 3), label="as of")
    view = oracle.view(stored, first, last, where=where, as_of=until)

    frame = activity.active_users(view, activity=wanted).frame
    for index, day in enumerate(range(first, last + 1)):
        expected = {
            name: len(world.active(day - window + 1, day, where, wanted, until))
            for name, window in activity.WINDOWS.items()
        }
        assert {name: int(frame[name][index]) for name in expected} == expected
        rate = expected["dau"] / expected["mau"] if expected["mau"] else math.nan
        assert frame["stickiness"][index] == pytest.approx(rate, nan_ok=True)
        assert frame["window_full"][index] == (day - 29 >= min(manifest.first_day, until))
        assert frame["complete"][index] == (day <= until)

    for by in periods.UNITS:
        parts = view.buckets(by)
        users_ = activity.unique_users(view, by=by, activity=wanted).frame["users"].to_list()
        new = new_users.new_users(view, by=by, activity=wanted).frame["new_users"].to_list()
        assert users_ == [len(world.active(a, b, where, wanted, until)) for a, b in parts.spans]
        assert new == [len(world.new(a, b, where, wanted, until)) for a, b in parts.spans]

    window = data.draw(st.sampled_from((1, 7, 30)), label="window")
    day = data.draw(st.integers(first, last), label="day")
    people = activity.active_people(view, day=periods.iso(day), window=window, activity=wanted).frame["user_id"]
    assert list(people) == sorted(world.active(day - window + 1, day, where, wanted, until))
    newcomers = new_users.new_people(view, activity=wanted).frame["user_id"]
    assert list(newcomers) == sorted(world.new(first, last, where, wanted, until))

    for partition in stored.partitions:
        days = active_days(view, partition, wanted)
        for u in range(partition.n_users):
            own = days.day[days.offsets[u] : days.offsets[u + 1]]
            assert np.all(np.diff(own) > 0)
