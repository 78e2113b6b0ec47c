"""The rows of a stored dataset as plain Python, in stored order: what brute-force answers are made from."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import strategies as st

from dashboard import settings
from dashboard.schema import NULL_TIME
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset
from tests.unit.insights.oracle import day_of

USERS = ("ann", "bob", "cyd", "dan", "eve", "żoë", "00123")
NAMES = ("visit", "play", "pay", "share")
PLATFORMS = ("web", "ios", "")
ZONES = ("UTC", "America/Los_Angeles", "Asia/Kolkata")
# days around both changes of the clocks in Los Angeles in 2024, New Year, and ordinary days
STARTS = ("2024-03-08T20:00", "2024-11-01T20:00", "2023-12-27T20:00", "2024-05-01T00:00")
HOUR = 3_600


@dataclass(frozen=True)
class Row:
    """seconds since 1970 and local day (None = unknown time), name, platform ("" = missing)."""

    time: float | None
    day: int | None
    name: str
    platform: str


@dataclass(frozen=True)
class Log:
    """Events (user, seconds after the start or None, name, platform), countries of users, zone."""

    start: str
    events: tuple[tuple[str, int | None, str, str], ...]
    countries: tuple[tuple[str, str], ...]
    zone: str

    def build(self, folder: Path, partitions: int = 2) -> Dataset:
        start = dt.datetime.fromisoformat(self.start).replace(tzinfo=dt.UTC)
        rows = [
            {
                "user_id": user,
                "event_time": None if at is None else (start + dt.timedelta(seconds=at)).isoformat(),
                "event_name": name,
                "platform": platform or None,
            }
            for user, at, name, platform in self.events
        ]
        users = [{"user_id": user, "country": country or None} for user, country in self.countries]
        return build_dataset(folder, events=rows, users=users or None, time_zone=self.zone, partitions=partitions)


@st.composite
def logs(draw: st.DrawFn, *, step: int = 10 * 60, span: int = 400, size: int = 45, ties: bool = True) -> Log:
    """Up to ``size`` events on a grid of ``step`` seconds, so that equal times and exact boundaries are common."""
    at = st.integers(0, span).map(lambda n: n * step)
    times = draw(st.lists(at, min_size=1, max_size=size, unique=not ties))
    events: list[tuple[str, int | None, str, str]] = [
        (draw(st.sampled_from(USERS)), time, draw(st.sampled_from(NAMES)), draw(st.sampled_from(PLATFORMS)))
        for time in times
    ]
    if draw(st.booleans()):
        events.append(("bob", None, "visit", "web"))  # a row whose time is not known
    countries = tuple((user, draw(st.sampled_from(("UK", "DE", "")))) for user in USERS if draw(st.booleans()))
    return Log(draw(st.sampled_from(STARTS)), tuple(events), countries, draw(st.sampled_from(ZONES)))


@contextmanager
def private_directory() -> Iterator[Path]:
    """A data directory for one example of a property test."""
    with TemporaryDirectory() as folder:
        before = os.environ["DASHBOARD_DATA_DIR"]
        os.environ["DASHBOARD_DATA_DIR"] = folder
        settings.current.cache_clear()
        try:
            yield Path(folder)
        finally:
            os.environ["DASHBOARD_DATA_DIR"] = before
            settings.current.cache_clear()


def people(dataset: Dataset) -> dict[str, list[Row]]:
    """Rows of every person, also of those without any, in stored order."""
    names = [str(text) for text in dataset.dictionary("event_name")]
    platforms = [str(text) for text in dataset.dictionary("platform")] if has(dataset, "platform") else []
    found: dict[str, list[Row]] = {}
    for partition in dataset.partitions:
        rows = partition.table("events")
        assert rows is not None
        name, time = rows.column("event_name"), rows.time
        platform = rows.column("platform") if platforms else None
        for u, user in enumerate(partition.user_ids.to_pylist()):
            mine = found.setdefault(user, [])
            for i in range(int(rows.offsets[u]), int(rows.offsets[u + 1])):
                moment = None if time[i] == NULL_TIME else int(time[i]) / 1e6
                text = platforms[platform[i]] if platform is not None and platform[i] >= 0 else ""
                mine.append(Row(moment, _day(dataset, moment), names[name[i]], text))
    return found


def has(dataset: Dataset, column: str) -> bool:
    return dataset.manifest.has_column("events", column) and column in dataset.manifest.dictionaries


def _day(dataset: Dataset, moment: float | None) -> int | None:
    if moment is None:
        return None
    return day_of(dt.datetime.fromtimestamp(moment, dt.UTC).isoformat(), dataset.manifest.time_zone)
