"""Random event logs for comparing kernels with their definitions: gaps, ties, zones, changes of the clocks, filters."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import strategies as st

from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset
from tests.unit.insights.oracle import Event, World

USERS = ("ann", "bob", "cyd", "dan", "eve", "żoë", "00123")
NAMES = ("visit", "play", "pay")
ZONES = ("UTC", "America/Los_Angeles", "Asia/Kolkata")
# around both changes of the clocks in Los Angeles in 2024, New Year's week, and ordinary days
STARTS = ("2024-03-08T20:00", "2024-11-01T20:00", "2023-12-27T20:00", "2024-05-01T00:00")


@st.composite
def worlds(draw: st.DrawFn, *, days: int = 45, ties: bool = True, seconds: int = 1) -> World:
    """A log of at most 40 events over so many days. ties: events of one instant occur; seconds: grid of the times."""
    start = dt.datetime.fromisoformat(draw(st.sampled_from(STARTS))).replace(tzinfo=dt.UTC)
    grid = st.integers(0, days * 86_400 // seconds).map(lambda n: n * seconds)
    times = draw(st.lists(grid, min_size=1, max_size=40, unique=not ties))
    events = [
        Event(
            draw(st.sampled_from(USERS)),
            (start + dt.timedelta(seconds=second)).isoformat().replace("+00:00", "Z"),
            draw(st.sampled_from(NAMES)),
            draw(st.sampled_from(("web", "ios", ""))),
        )
        for second in times
    ]
    if draw(st.booleans()):
        events.append(Event("bob", "", "visit", "web"))  # a row whose time is not known
    countries = {user: draw(st.sampled_from(("UK", "DE", ""))) for user in USERS if draw(st.booleans())}
    return World(tuple(events), countries, draw(st.sampled_from(ZONES)))


FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "platform": st.sets(st.sampled_from(("web", "ios", "")), min_size=1).map(lambda v: tuple(sorted(v))),
        "country": st.sets(st.sampled_from(("UK", "DE", "")), min_size=1).map(lambda v: tuple(sorted(v))),
    },
)


def usable(world: World, where: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The filters on columns that the stored dataset will have."""
    there = {"country": bool(world.countries), "platform": any(event.platform for event in world.events)}
    return {name: values for name, values in where.items() if there[name]}


@contextmanager
def stored(world: World, partitions: int) -> Iterator[Dataset]:
    """The world as a stored dataset in a data directory of its own; rows that are equal stay separate."""
    from dashboard import settings

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DASHBOARD_DATA_DIR", folder)
        settings.current.cache_clear()
        try:
            users = [{"user_id": user, "country": country or None} for user, country in world.countries.items()]
            yield build_dataset(
                Path(folder),
                events=[event.row() for event in world.events],
                users=users or None,
                time_zone=world.zone,
                partitions=partitions,
                duplicates=(("events", "keep"),),
            )
        finally:
            settings.current.cache_clear()
