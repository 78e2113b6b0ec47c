"""The question of the retention page as the URL has it: read tolerantly, written as options of the insights."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from dashboard import format as fmt
from dashboard.components.choice import Option
from dashboard.filters import Filters

TAB, PERIOD, KIND, COUNT, WINDOW = "tab", "period", "kind", "count", "window"
START, RETURN, MINIMUM, VALUE, SPLIT, COLUMN, SHOW = "start", "return", "min", "value", "split", "k", "show"
GROUPS = "groups"  # of periods, when somebody who came back in a group of them counts

TABS = (Option("cohorts", "Cohorts"), Option("stay", "How long people stay"), Option("aha", "Aha moment"))
PERIODS = (Option("day", "Day"), Option("week", "Week"), Option("month", "Month"))
KINDS = (
    Option("recurring", "Every start", "in the cohort of each period with a start"),
    Option("first_time", "First start", "the first event that matches, in all data"),
    Option("first_ever", "First ever", "only when the first of that name matches"),
)
COUNTS = (
    Option("on", "In exactly that period"),
    Option("on_or_after", "In that period or later"),
    Option("on_or_before", "In that period or before"),
    Option("brackets", "In groups of periods"),
    Option("streak", "In every period so far"),
)
WINDOWS = (
    Option("calendar", "Calendar periods"),
    Option("24h", "24 hours from the start"),
    Option("24h_hour", "24 hours from the full hour"),
)
MINIMA = tuple(Option(str(n), "Once or more" if n == 1 else f"{n} times or more") for n in (1, 2, 3, 5, 10))
PEOPLE, REVENUE, PER_MEMBER = "people", "revenue", "per_member"
VALUES = (
    Option(PEOPLE, "People"),
    Option(REVENUE, "Revenue, of the first period's"),
    Option(PER_MEMBER, "Revenue so far per person"),
)
RATE, NUMBER = "rate", "number"
SHOWN = (Option(RATE, "Share"), Option(NUMBER, "Number"))
MAX_COLUMN = 400
MAX_GROUPS = 30
DAILY_UP_TO, WEEKLY_UP_TO = 21, 200  # days of a range whose cohorts are days, weeks; longer ones are months


@dataclass(frozen=True)
class Asked:
    """The choices in force; unknown ones are the default. start, returning: text of an event selector, "" = activity.
    groups: as :func:`groups_of` writes them, "" = the usual ones. split: column of the users, "" = none. k: column of
    "over time"."""

    tab: str
    period: str
    kind: str
    count: str
    window: str
    start: str
    returning: str
    minimum: int
    groups: str
    value: str
    split: str
    k: int
    show: str

    @property
    def money(self) -> bool:
        return self.value != PEOPLE

    def options(self) -> dict[str, Any]:
        """Keyword options of the insight ``retention``, without defaults."""
        found: dict[str, Any] = {"period": self.period}
        if self.kind != "recurring":
            found["kind"] = self.kind
        if self.start:
            found["start"] = selector(self.start)
        if self.returning:
            found["return"] = selector(self.returning)
        if self.money:
            return found | {"value": "revenue"}
        if self.count != "on":
            found["count"] = self.count
        if self.count == "brackets" and self.groups:
            found["brackets"] = self.groups
        if self.window != "calendar":
            found["window_mode"] = self.window
        if self.minimum != 1:
            found["min_occurrences"] = self.minimum
        return found

    def people_options(self) -> dict[str, Any]:
        """:meth:`options` for a list of people: money is counted in the cells of people."""
        return {name: value for name, value in self.options().items() if name != "value"}

    def group_options(self) -> dict[str, Any]:
        """The breakdown alone."""
        return {"breakdown": self.split} if self.split else {}

    def split_options(self) -> dict[str, Any]:
        """:meth:`options` with the breakdown."""
        return self.options() | self.group_options()


def asked(filters: Filters, days: int) -> Asked:
    """Read the options of a view whose range has so many days."""

    def one(name: str, options: tuple[Option, ...], default: str = "") -> str:
        value = filters.option(name)
        return value if value in {item.value for item in options} else default or options[0].value

    return Asked(
        tab=one(TAB, TABS),
        period=one(PERIOD, PERIODS, default_period(days)),
        kind=one(KIND, KINDS),
        count=one(COUNT, COUNTS),
        window=one(WINDOW, WINDOWS),
        start=filters.option(START),
        returning=filters.option(RETURN),
        minimum=_number(filters.option(MINIMUM), 1, 1_000),
        groups=groups_of(filters.option(GROUPS)) or "",
        value=one(VALUE, VALUES),
        split=filters.option(SPLIT),
        k=_number(filters.option(COLUMN), 1, MAX_COLUMN),
        show=one(SHOW, SHOWN),
    )


def groups_of(text: str) -> str | None:
    """Groups of periods as people write them (``1, 2–3; 4-7``) in one form (``1,2-3,4-7``); "" for none, None when they
    are not groups that go upwards from 1 without overlap."""
    parts = [part.strip() for part in re.split("[,;]", re.sub("[–—]", "-", text)) if part.strip()]
    groups, least = [], 1
    for part in parts:
        found = re.fullmatch(r"(\d{1,3})(?:\s*-\s*(\d{1,3}))?", part, re.ASCII)
        if not found:
            return None
        first, last = int(found[1]), int(found[2] or found[1])
        if not least <= first <= last:
            return None
        groups.append(str(first) if first == last else f"{first}-{last}")
        least = last + 1
    return ",".join(groups) if len(groups) <= MAX_GROUPS else None


def groups_text(groups: str) -> str:
    """Groups for people: ``1, 2–3, 4–7``."""
    return groups.replace(",", ", ").replace("-", "–") or "Usual"


def default_period(days: int) -> str:
    """The period that gives a readable number of cohorts."""
    return "day" if days <= DAILY_UP_TO else "week" if days <= WEEKLY_UP_TO else "month"


def selector(text: str) -> Any:
    """An event of the URL: a name, or ``{"event": …, "where": …}`` as JSON; what cannot be read is taken as a name."""
    if text.startswith("{"):
        try:
            found = json.loads(text)
        except ValueError:
            return text
        return found if isinstance(found, dict) else text
    return text


def event_label(text: str) -> str:
    """An event of the URL for people, "" for any activity."""
    found = selector(text)
    if isinstance(found, str):
        return found
    where = found.get("where")
    name = str(found.get("event") or "any event")
    return f"{name}, filtered" if isinstance(where, dict) and where else name


def period_name(label: str, period: str) -> str:
    """A cohort for people: ``5 Jan 2024``, ``Dec 2010``."""
    shown = fmt.day_iso(label)
    return " ".join(shown.split()[1:]) if period == "month" else shown


def _number(text: str, low: int, high: int) -> int:
    return min(max(int(text), low), high) if text.isascii() and text.isdigit() and len(text) < 8 else low
