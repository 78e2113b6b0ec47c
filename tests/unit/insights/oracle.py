"""The definitions in plain Python, written for reading and not for speed: what the kernels are compared with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from dashboard.filters import Filters, Period, day_number
from dashboard.insights.view import View
from dashboard.store.dataset import Dataset

Where = dict[str, tuple[str, ...]]


def view(
    dataset: Dataset,
    first: int,
    last: int,
    *,
    where: Where | None = None,
    as_of: int | None = None,
    previous: Period | None = None,
    fixed: bool = True,
) -> View:
    """A view of fixed days in which everything up to ``as_of`` (default: the data's last day) is complete."""
    assert dataset.manifest.last_day is not None
    now = dataset.manifest.last_day if as_of is None else as_of
    return View(dataset, Period(first, last), previous, tuple(sorted((where or {}).items())), now, now, fixed)


def day_of(text: str, zone: str) -> int:
    """Local day number of an ISO instant."""
    return day_number(dt.datetime.fromisoformat(text).astimezone(ZoneInfo(zone)).date())


@dataclass(frozen=True)
class Event:
    user: str
    time: str  # ISO, UTC; "" = unknown
    name: str
    platform: str  # "" = missing

    def row(self) -> dict[str, object]:
        return {
            "user_id": self.user,
            "event_time": self.time or None,
            "event_name": self.name,
            "platform": self.platform or None,
        }


@dataclass(frozen=True)
class World:
    """Events and the countries of their users; every question of the tests answered by definition."""

    events: tuple[Event, ...]
    countries: dict[str, str]
    zone: str

    def passes(self, event: Event, where: Where) -> bool:
        """platform is a column of the rows, country one of the persons."""
        return event.platform in where.get("platform", (event.platform,)) and self.countries.get(
            event.user, ""
        ) in where.get("country", (self.countries.get(event.user, ""),))

    def active(self, first: int, last: int, where: Where, names: Iterable[str], until: int) -> set[str]:
        """Persons with a matching event on a local day in [first, last], nothing after ``until``."""
        wanted = set(names)
        return {
            event.user
            for event in self.events
            if event.time
            and first <= day_of(event.time, self.zone) <= min(last, until)
            and (not wanted or event.name in wanted)
            and self.passes(event, where)
        }

    def new(self, first: int, last: int, where: Where, names: Iterable[str], until: int) -> set[str]:
        """Persons whose first activity in all data lies in [first, last] and, taken alone, passes the filters.

        Of several first events at one instant any may be the one: callers avoid such ties when they filter rows.
        """
        wanted = set(names)
        found = set()
        for user in {event.user for event in self.events}:
            own = [e for e in self.events if e.user == user and e.time and (not wanted or e.name in wanted)]
            if not own:
                continue
            start = min(own, key=lambda e: dt.datetime.fromisoformat(e.time))
            if first <= day_of(start.time, self.zone) <= min(last, until) and self.passes(start, where):
                found.add(user)
        return found


ALL = Filters(range="all")
