"""Retention, lifecycle, states, days active, sessions and rhythm in plain Python, written for reading: what the kernels
are compared with."""

from __future__ import annotations

import datetime as dt
import itertools
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from dashboard.insights.retention_query import RetentionQuery
from dashboard.insights.selector import Selector
from tests.unit.insights.oracle import Event, Where, World

LENGTH = {"hour": 1, "day": 24, "week": 7 * 24, "month": 30 * 24}  # hours
Members = dict[tuple[int, int], set[str]]  # (cohort, column) -> persons


def instant(event: Event) -> dt.datetime:
    return dt.datetime.fromisoformat(event.time)


def known(world: World, where: Where, until: dt.date) -> list[Event]:
    """The events that pass the filters, in order of time, up to the day."""
    zone = ZoneInfo(world.zone)
    found = [e for e in world.events if e.time and world.passes(e, where)]
    return sorted((e for e in found if instant(e).astimezone(zone).date() <= until), key=instant)


def matches(event: Event, selector: Selector) -> bool:
    values = {"platform": event.platform}
    return (selector.event is None or event.name == selector.event) and all(
        values[name] != "" and values[name] in wanted for name, wanted in selector.where
    )


def start_of(moment: dt.datetime, unit: str, zone: ZoneInfo, week_start: str) -> dt.date | dt.datetime:
    """The local day (hours: the instant) at which the calendar period of the instant begins."""
    local = moment.astimezone(zone)
    if unit == "hour":
        return moment - dt.timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    day = local.date()
    if unit == "week":
        return day - dt.timedelta(days=(day.weekday() + (1 if week_start == "sunday" else 0)) % 7)
    return day.replace(day=1) if unit == "month" else day


def following(start: dt.date | dt.datetime, unit: str) -> dt.date | dt.datetime:
    if unit == "month":
        return (start + dt.timedelta(days=32)).replace(day=1)
    return start + {"hour": dt.timedelta(hours=1), "day": dt.timedelta(days=1), "week": dt.timedelta(days=7)}[unit]


@dataclass(frozen=True)
class Periods:
    """n consecutive periods from one on."""

    starts: list[dt.date | dt.datetime]  # one more than there are periods
    unit: str
    zone: ZoneInfo
    week_start: str

    @classmethod
    def of(cls, first: dt.datetime, n: int, unit: str, zone: ZoneInfo, week_start: str) -> Periods:
        starts = [start_of(first, unit, zone, week_start)]
        for _ in range(n):
            starts.append(following(starts[-1], unit))
        return cls(starts, unit, zone, week_start)

    def index(self, moment: dt.datetime) -> int:
        """Number of the period, -1 before the first, n after the last."""
        start = start_of(moment, self.unit, self.zone, self.week_start)
        if start < self.starts[0]:
            return -1
        return self.starts.index(start) if start in self.starts else len(self.starts) - 1


def retention(events: list[Event], query: RetentionQuery, periods: Periods, cohorts: int, width: list[int]) -> Members:
    """Who is in each cell; column 0 are the members."""
    cells: Members = defaultdict(set)
    brackets = [(0, 0), *query.columns_of_brackets]
    for user in {e.user for e in events}:
        own = [e for e in events if e.user == user]
        starts = [e for e in own if matches(e, query.start)]
        if query.kind == "first_time":
            starts = starts[:1]
        if query.kind == "first_ever":
            named = [e for e in own if query.start.event in (None, e.name)][:1]
            starts = [e for e in named if matches(e, query.start)]
        back = [instant(e) for e in own if matches(e, query.returning)]
        anchors: dict[int, dt.datetime] = {}
        for event in starts:
            anchors.setdefault(periods.index(instant(event)), instant(event))
        for cohort, anchor in anchors.items():
            if not 0 <= cohort < cohorts:
                continue
            if query.window_mode == "24h_hour":
                anchor = anchor.replace(minute=0, second=0, microsecond=0)
            length = dt.timedelta(hours=LENGTH[query.period])
            if query.window_mode == "calendar":
                numbers = Counter(periods.index(moment) - cohort for moment in back if periods.index(moment) >= 0)
            else:
                numbers = Counter((moment - anchor) // length for moment in back if moment >= anchor)
            came = {k for k, times in numbers.items() if k >= 1 and times >= query.needed}
            for k in range(width[cohort]):
                if k == 0 or _counts(query.count, came, k, brackets):
                    cells[cohort, k].add(user)
    return cells


def _counts(count: str, came: set[int], k: int, brackets: list[tuple[int, int]]) -> bool:
    if count == "on":
        return k in came
    if count == "on_or_after":
        return any(j >= k for j in came)
    if count == "on_or_before":
        return any(j <= k for j in came)
    if count == "brackets":
        return any(brackets[k][0] <= j <= brackets[k][1] for j in came)
    return all(j in came for j in range(1, k + 1))


def lifecycle(events: Iterable[Event], periods: Periods) -> dict[tuple[str, int], set[str]]:
    """(state, period) -> persons; the period before the first is index -1 of nobody."""
    before = start_before(periods)
    active: dict[str, set[dt.date | dt.datetime]] = defaultdict(set)
    for event in events:
        active[event.user].add(start_of(instant(event), periods.unit, periods.zone, periods.week_start))
    out: dict[tuple[str, int], set[str]] = defaultdict(set)
    for user, starts in active.items():
        for index, start in enumerate(periods.starts[:-1]):
            previous = periods.starts[index - 1] if index else before
            if start in starts:
                state = "new" if start == min(starts) else "returning" if previous in starts else "resurrecting"
                out[state, index].add(user)
            elif previous in starts:
                out["dormant", index].add(user)
    return out


def start_before(periods: Periods) -> dt.date | dt.datetime:
    first = periods.starts[0]
    if periods.unit == "month":
        return (first - dt.timedelta(days=1)).replace(day=1)
    return first - (following(first, periods.unit) - first)


def state_on(days: list[dt.date], day: dt.date) -> str:
    """State of a person with these active days, ascending."""
    past = [d for d in days if d <= day]
    if not past:
        return "not_yet"
    if past[-1] == day:
        if len(past) == 1:
            return "new"
        gap = (day - past[-2]).days
        return "current" if gap <= 7 else "reactivated" if gap <= 30 else "resurrected"
    gap = (day - past[-1]).days
    return "at_risk_week" if gap <= 7 else "at_risk_month" if gap <= 30 else "dormant"


def active_days(events: Iterable[Event], zone: str) -> dict[str, list[dt.date]]:
    found: dict[str, set[dt.date]] = defaultdict(set)
    for event in events:
        found[event.user].add(instant(event).astimezone(ZoneInfo(zone)).date())
    return {user: sorted(days) for user, days in found.items()}


def sessions(events: list[Event], zone: str, minutes: float) -> list[tuple[str, dt.date, float, int]]:
    """(person, day of the first event, seconds, events) of every session by pauses."""
    out = []
    for user in {e.user for e in events}:
        times = [instant(e) for e in events if e.user == user]
        groups: list[list[dt.datetime]] = []
        for moment in times:
            if groups and (moment - groups[-1][-1]) <= dt.timedelta(minutes=minutes):
                groups[-1].append(moment)
            else:
                groups.append([moment])
        for group in groups:
            day = group[0].astimezone(ZoneInfo(zone)).date()
            out.append((user, day, (group[-1] - group[0]).total_seconds(), len(group)))
    return sorted(out)


def rhythm(events: Iterable[Event], zone: str) -> tuple[Counter[tuple[int, int]], dict[tuple[int, int], set[str]]]:
    """Events and persons by (weekday, hour) of the local clock."""
    counts: Counter[tuple[int, int]] = Counter()
    people: dict[tuple[int, int], set[str]] = defaultdict(set)
    for event in events:
        local = instant(event).astimezone(ZoneInfo(zone))
        counts[local.weekday(), local.hour] += 1
        people[local.weekday(), local.hour].add(event.user)
    return counts, people


def median_gap(days: list[dt.date]) -> float | None:
    gaps = [(b - a).days for a, b in itertools.pairwise(days)]
    return statistics.median(gaps) if gaps else None
