"""The choices of the turning point as the URL has them, and the lists of people that its numbers open."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from dashboard.components.choice import Option
from dashboard.filters import Filters

WINDOW, WITHIN, BEHAVIOUR = "back", "within", "behaviour"
WINDOWS = (
    Option("", "Chosen from the data"),
    Option("2-7", "Days 2 to 7"),
    Option("7-14", "Days 7 to 14"),
    Option("14-21", "Days 14 to 21"),
    Option("30-37", "Days 30 to 37"),
    Option("60-90", "Days 60 to 90"),
)
WITHINS = (
    Option("", "1 and 3 days"),
    Option("1", "1 day"),
    Option("1,3,7", "1, 3 and 7 days"),
    Option("7,14", "7 and 14 days"),
)
CELLS = {
    "tp": "Did it and came back",
    "fp": "Did it and did not come back",
    "fn": "Did not do it and came back",
    "tn": "Did neither",
}


@dataclass(frozen=True)
class Asked:
    """The choices in force. behaviour: ``kind:name`` of the one looked at closely, "" = the first in rank."""

    window: str
    within: str
    behaviour: str

    def options(self) -> dict[str, Any]:
        """Keyword options of the insights about the turning point."""
        found: dict[str, Any] = {}
        if self.window:
            first, last = self.window.split("-")
            found |= {"from_day": int(first), "to_day": int(last)}
        if self.within:
            found["days"] = [int(day) for day in self.within.split(",")]
        return found


def asked(filters: Filters) -> Asked:
    """Read the options of a view; what is not known is the default."""

    def one(name: str, options: tuple[Option, ...]) -> str:
        value = filters.option(name)
        return value if value in {item.value for item in options} else ""

    return Asked(one(WINDOW, WINDOWS), one(WITHIN, WITHINS), filters.option(BEHAVIOUR))


def key_of(kind: str, behaviour: str) -> str:
    return f"{kind}:{behaviour}"


def below_token(kind: str, behaviour: str, at_least: int, days: int) -> str:
    """The option ``list`` for people who did it once less."""
    return _token("below", kind, behaviour, at_least, days)


def cell_token(cell: str, kind: str, behaviour: str, at_least: int, days: int) -> str:
    """The option ``list`` for one of the four counts: tp, fp, fn, tn."""
    return _token(cell, kind, behaviour, at_least, days)


def _token(what: str, kind: str, behaviour: str, at_least: int, days: int) -> str:
    return json.dumps([what, kind, behaviour, int(at_least), int(days)], ensure_ascii=False, separators=(",", ":"))


def listed(token: str, choice: Asked) -> tuple[str, dict[str, Any], str] | None:
    """(insight, options, title) of a token, None for anything else."""
    try:
        parts = json.loads(token)
    except (ValueError, RecursionError):
        return None
    if not isinstance(parts, list) or len(parts) != 5 or not all(isinstance(part, str) for part in parts[:3]):
        return None
    what, kind, behaviour, at_least, days = parts
    if not all(isinstance(n, int) and not isinstance(n, bool) for n in (at_least, days)):
        return None
    options = {"kind": kind, "behaviour": behaviour, "at_least": at_least, "within": days, **choice.options()}
    times = f"{behaviour}, {at_least} or more in {days} day{'' if days == 1 else 's'}"
    if what == "below":
        return "aha_below", options, f"One step below {times}"
    if what in CELLS:
        return "aha_people", {**options, "cell": what}, f"{CELLS[what]}: {times}"
    return None
