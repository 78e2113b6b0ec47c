"""What a question about retention says: who belongs to a cohort, what counts as coming back, in which periods.

Definitions section 5; boundaries as in the conformance cases, section 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from dashboard.errors import UserError
from dashboard.insights.retention_calendar import UNITS
from dashboard.insights.selector import Selector

ANY = Selector()  # the dataset's activity
KINDS = ("recurring", "first_time", "first_ever")
COUNTS = ("on", "on_or_after", "on_or_before", "brackets", "streak")
WINDOWS = ("calendar", "24h", "24h_hour")
VALUES = ("people", "revenue")
BRACKETS = {
    "hour": ((1, 3), (4, 11), (12, 23)),
    "day": ((1, 1), (2, 3), (4, 7), (8, 14), (15, 30)),
    "week": ((1, 1), (2, 4), (5, 8), (9, 12)),
    "month": ((1, 1), (2, 3), (4, 6), (7, 12)),
}
AUTO_COLUMNS = {"hour": 25, "day": 31, "week": 27, "month": 25}
MAX_PERIODS = 1_500
MAX_CELLS = 60_000
MAX_GROUPS = 12


@dataclass(frozen=True)
class RetentionQuery:
    """A question about retention; every field has the JSON key of its name, ``returning`` has ``return``.

    kind: ``recurring`` (in the cohort of every period with a start event), ``first_time`` (of the first event that
    matches ``start``, in all data), ``first_ever`` (of the first event of start's name, when that one matches).
    count: a person counts in column k when they returned ``on`` period k, ``on_or_after`` it, ``on_or_before`` it (from
    period 1), within one of the ``brackets`` (a column per bracket of periods), or in every period 1..k (``streak``).
    start, returning: which events; no event name means the dataset's activity. min_occurrences: return events needed in
    the period (``on`` only). period: hour, day, week, month. window_mode: ``calendar`` periods, or windows of 1 h, 24
    h, 7 · 24 h, 30 · 24 h from each person's first start event in the period (``24h``), or from its full hour in UTC
    (``24h_hour``).
    first: label of the first cohort, "" = that of the range's first day. periods: number of cohorts, 0 = up to the end
    of the range. columns: values per row with column 0; ``triangle`` = row i has periods − i; ``auto`` = triangle, but
    at most 25 hours, 31 days, 27 weeks, 25 months. week_start: "" = the dataset's.
    breakdown: a column of the users, or "". top: groups shown besides "other". value: ``people``, or ``revenue`` (the
    amounts of the return events). unknown_event: ``error`` refuses names that never occur, ``allow`` counts nothing.
    """

    kind: str = "recurring"
    count: str = "on"
    start: Selector = ANY
    returning: Selector = ANY
    min_occurrences: int = 1
    period: str = "week"
    window_mode: str = "calendar"
    first: str = ""
    periods: int = 0
    columns: int | Literal["auto", "triangle"] = "auto"
    brackets: tuple[tuple[int, int], ...] = ()
    week_start: str = ""
    breakdown: str = ""
    top: int = 5
    value: str = "people"
    unknown_event: str = "error"

    def __post_init__(self) -> None:
        _one_of("kind of cohort", self.kind, KINDS)
        _one_of("way to count", self.count, COUNTS)
        _one_of("period", self.period, UNITS)
        _one_of("kind of window", self.window_mode, WINDOWS)
        _one_of("week start", self.week_start, ("", "monday", "sunday"))
        _one_of("value", self.value, VALUES)
        _one_of("choice for unknown events", self.unknown_event, ("error", "allow"))
        _whole("The number of return events needed", self.min_occurrences, 1, 1_000)
        _whole("The number of cohorts", self.periods, 0, MAX_PERIODS)
        _whole("The number of groups", self.top, 1, MAX_GROUPS)
        if self.columns not in ("auto", "triangle"):
            _whole("The number of columns", self.columns, 1, MAX_PERIODS)
        for bracket in self.brackets:
            if len(bracket) != 2 or not all(_is_whole(n) for n in bracket) or not 1 <= bracket[0] <= bracket[1] <= 999:
                raise UserError("bad_brackets", "A bracket is two periods, first and last, from 1 on.", "Like [2, 3].")
        if any(self.brackets[i][1] >= self.brackets[i + 1][0] for i in range(len(self.brackets) - 1)):
            raise UserError("bad_brackets", "Brackets go upwards and do not overlap.", "Like [1, 1], [2, 3], [4, 7].")
        if self.value == "revenue" and (self.window_mode != "calendar" or self.count != "on"):
            raise UserError(
                "bad_retention",
                "Revenue is counted on calendar periods only.",
                "Choose calendar periods and “on”, or count people.",
            )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RetentionQuery:
        """From the JSON form. Raises UserError for an unknown option or a value that is none."""
        options = {("returning" if key == "return" else key): value for key, value in data.items()}
        unknown = sorted(set(options) - set(cls.__dataclass_fields__))
        if unknown:
            raise UserError(
                "unknown_option", f"Retention has no option {unknown[0]}.", f"It has: {', '.join(names())}."
            )
        for name in ("start", "returning"):
            if name in options:
                options[name] = Selector.from_json({} if options[name] in (None, "") else options[name])
        for name in ("min_occurrences", "periods", "columns", "top"):
            if name in options:
                options[name] = number(options[name])
        if "brackets" in options:
            given = _pairs(options["brackets"])
            if not isinstance(given, list | tuple) or not all(isinstance(item, list | tuple) for item in given):
                raise UserError("bad_brackets", "Brackets are a list of pairs.", "Like 1-1, 2-3.")
            options["brackets"] = tuple(tuple(number(end) for end in item) for item in given)
        return cls(**options)

    def to_json(self) -> dict[str, Any]:
        """The JSON form without defaults; equal questions give equal objects."""
        default = RetentionQuery.__dataclass_fields__
        data: dict[str, Any] = {
            name: getattr(self, name) for name in default if getattr(self, name) != default[name].default
        }
        for name, key in (("start", "start"), ("returning", "return")):
            if name in data:
                data[key] = data.pop(name).to_json() if key != name else data[name].to_json()
        if "brackets" in data:
            data["brackets"] = [list(item) for item in data["brackets"]]
        return data

    @property
    def needed(self) -> int:
        """Return events needed in a period."""
        return self.min_occurrences if self.count == "on" else 1

    @property
    def columns_of_brackets(self) -> tuple[tuple[int, int], ...]:
        """(first, last) period of each column after column 0 when ``count`` is brackets."""
        return self.brackets or BRACKETS[self.period]


def number(value: Any) -> Any:
    """A whole number that is written as text (in a link, on the command line) as a number; anything else as it is."""
    text = value.strip() if isinstance(value, str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else value


def _pairs(given: Any) -> Any:
    """Brackets written as text: ``1-1, 2-3, 4-7``; anything else as it is."""
    if not isinstance(given, str):
        return given
    return [part.split("-") if "-" in part else [part, part] for part in given.split(",")]


def names() -> tuple[str, ...]:
    """The JSON keys."""
    return tuple("return" if name == "returning" else name for name in RetentionQuery.__dataclass_fields__)


def _one_of(what: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        choices = ", ".join(item for item in known if item)
        raise UserError("bad_retention", f"There is no such {what}.", f"Choose {choices}.")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _whole(what: str, value: object, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise UserError(
            "bad_retention", f"{what} is a whole number from {low:,} to {high:,}.", "Choose another number."
        )
