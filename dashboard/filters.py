"""The state of a view: one object, parsed from the URL without ever raising, written back canonically.

The URL is the only place where a view's state lives, so a copied link shows the same numbers and Back works.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, quote

PRESETS: dict[str, str] = {
    "today": "Last day",
    "7d": "Last 7 days",
    "28d": "Last 28 days",
    "30d": "Last 30 days",
    "90d": "Last 90 days",
    "365d": "Last 365 days",
    "mtd": "This month",
    "last_month": "Last month",
    "qtd": "This quarter",
    "ytd": "This year",
    "all": "All data",
}
COMPARE: dict[str, str] = {
    "previous": "Previous period",
    "previous_weekdays": "Previous period, same weekdays",
    "year": "Same period last year",
    "year_weekdays": "Last year, same weekdays",
    "none": "No comparison",
}
DEFAULT_RANGE = "30d"
DEFAULT_COMPARE = "previous"
EPOCH = dt.date(1970, 1, 1)
FIRST_YEAR, LAST_YEAR = 1900, 2200
MAX_VALUES = 200  # values one filter may carry; more is a forged link
MAX_TEXT, MAX_OPTION = 500, 12_000  # characters of a value, and of a page's own state such as a funnel

_CUSTOM = re.compile(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_OWN = ("dataset", "range", "compare", "as_of", "segment")


def day_number(day: dt.date) -> int:
    """Days since 1970-01-01: how days are stored."""
    return (day - EPOCH).days


def day_date(number: int) -> dt.date:
    return EPOCH + dt.timedelta(days=int(number))


@dataclass(frozen=True)
class Period:
    """An inclusive range of local days (day numbers)."""

    first: int
    last: int

    @property
    def days(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True)
class Filters:
    """What a page shows.

    dataset: dataset id or None (the newest). range: a preset or ``YYYY-MM-DD..YYYY-MM-DD``. compare: a COMPARE key.
    where: ((dimension, (value, ...)), ...), values of a dimension are alternatives, dimensions must all hold; the
    empty value ``""`` means "missing". segment: id of a saved segment. as_of: overrides the data's own last day.
    extra: page-specific state (tab, sort, rules), kept verbatim.
    """

    dataset: str | None = None
    range: str = DEFAULT_RANGE
    compare: str = DEFAULT_COMPARE
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    segment: str | None = None
    as_of: dt.date | None = None
    extra: tuple[tuple[str, str], ...] = ()

    def with_(self, **changes: Any) -> Filters:
        return replace(self, **changes)

    def with_where(self, dimension: str, values: tuple[str, ...] | list[str]) -> Filters:
        """Set or (with no values) remove the filter on a dimension; the result is canonical."""
        rest = {name: kept for name, kept in self.where if name != dimension}
        if values:
            rest[dimension] = tuple(sorted(set(values)))
        return replace(self, where=tuple(sorted(rest.items())))

    def values(self, dimension: str) -> tuple[str, ...]:
        return dict(self.where).get(dimension, ())

    def option(self, name: str, default: str = "") -> str:
        return dict(self.extra).get(name, default)

    def with_option(self, name: str, value: str | None) -> Filters:
        """Set or (with None or "") remove a page-specific value."""
        rest = {key: kept for key, kept in self.extra if key != name}
        if value:
            rest[name] = value
        return replace(self, extra=tuple(sorted(rest.items())))

    def canonical(self) -> dict[str, Any]:
        """JSON-ready form for cache keys and results; equal views give equal dictionaries."""
        return {
            "range": self.range,
            "compare": self.compare,
            "where": {name: list(values) for name, values in self.where},
            "segment": self.segment,
            "as_of": self.as_of.isoformat() if self.as_of else None,
        }

    def to_search(self) -> str:
        """The query string, with the leading ``?`` ("" when everything is default); defaults are left out."""
        pairs: list[tuple[str, str]] = []
        if self.dataset:
            pairs.append(("dataset", self.dataset))
        if self.range != DEFAULT_RANGE:
            pairs.append(("range", self.range))
        if self.compare != DEFAULT_COMPARE:
            pairs.append(("compare", self.compare))
        if self.as_of:
            pairs.append(("as_of", self.as_of.isoformat()))
        if self.segment:
            pairs.append(("segment", self.segment))
        pairs += [(f"where.{name}", value) for name, values in self.where for value in values]
        pairs += list(self.extra)
        return "?" + "&".join(f"{quote(k, safe='.')}={quote(v, safe='.')}" for k, v in pairs) if pairs else ""


def _date(text: str) -> dt.date | None:
    """The ISO date, None for anything else. Years far from any data are a forged link: dates would run out near year
    1."""
    try:
        date = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return date if FIRST_YEAR <= date.year <= LAST_YEAR else None


def _range(text: str) -> str:
    if text in PRESETS:
        return text
    match = _CUSTOM.fullmatch(text)
    if match:
        first, last = _date(match[1]), _date(match[2])
        if first and last and first <= last:
            return text
    return DEFAULT_RANGE


def parse(search: str | None) -> Filters:
    """Read a query string (with or without ``?``). Never raises: what is not understood falls back to the default,
    of a repeated single-value key the first wins, control characters are dropped."""
    if not isinstance(search, str):
        return Filters()
    try:
        pairs = parse_qsl(search.removeprefix("?"), keep_blank_values=True, max_num_fields=1_000)
    except ValueError:
        return Filters()
    single: dict[str, str] = {}
    where: dict[str, set[str]] = {}
    extra: dict[str, str] = {}
    for key, raw in pairs:
        text = "".join(c for c in raw if c.isprintable())
        value = text[:MAX_TEXT]
        if key in _OWN:
            single.setdefault(key, value)
        elif key.startswith("where.") and len(key) <= 130:
            kept = where.setdefault(key.removeprefix("where."), set())
            if len(kept) < MAX_VALUES:
                kept.add(value)
        elif _NAME.fullmatch(key):
            extra.setdefault(key, text[:MAX_OPTION])
    dataset = single.get("dataset", "")
    segment = single.get("segment", "")
    return Filters(
        dataset=dataset if _NAME.fullmatch(dataset) else None,
        range=_range(single.get("range", DEFAULT_RANGE)),
        compare=single["compare"] if single.get("compare") in COMPARE else DEFAULT_COMPARE,
        where=tuple((name, tuple(sorted(values))) for name, values in sorted(where.items())),
        segment=segment if _NAME.fullmatch(segment) else None,
        as_of=_date(single.get("as_of", "")),
        extra=tuple(sorted(extra.items())),
    )


def _first_of_month(day: dt.date, back: int = 0) -> dt.date:
    months = day.year * 12 + day.month - 1 - back
    return dt.date(months // 12, months % 12 + 1, 1)


def _shift_months(day: dt.date, back: int) -> dt.date:
    first = _first_of_month(day, back)
    following = _first_of_month(first, -1)
    return min(first + dt.timedelta(days=day.day - 1), following - dt.timedelta(days=1))


def resolve(range_: str, *, first_day: int, last_day: int) -> Period:
    """The days a range token means, anchored on the data.

    first_day, last_day: the data's first day and last *complete* day. A range is not clipped to the first day (a
    "last 30 days" of a young dataset is still 30 days long), except ``all``.
    """
    last = day_date(last_day)
    if range_ == "all":
        return Period(min(first_day, last_day), last_day)
    if range_ == "today":
        return Period(last_day, last_day)
    if range_ == "mtd":
        return Period(day_number(_first_of_month(last)), last_day)
    if range_ == "qtd":
        return Period(day_number(dt.date(last.year, (last.month - 1) // 3 * 3 + 1, 1)), last_day)
    if range_ == "ytd":
        return Period(day_number(dt.date(last.year, 1, 1)), last_day)
    if range_ == "last_month":
        first = _first_of_month(last, 1)
        return Period(day_number(first), day_number(_first_of_month(last)) - 1)
    match = _CUSTOM.fullmatch(range_)
    if match:
        return Period(day_number(dt.date.fromisoformat(match[1])), day_number(dt.date.fromisoformat(match[2])))
    return Period(last_day - int(range_.removesuffix("d")) + 1, last_day)


def comparison(range_: str, period: Period, compare: str) -> Period | None:
    """The period to compare with, or None.

    previous: the same length directly before; the to-date presets compare their first k days with the first k days
    of the month, quarter or year before. year: the same days one year earlier. previous_weekdays, year_weekdays: as
    many days, moved to the nearest whole number of weeks that does not touch the period: every day meets its weekday.
    """
    if compare == "none" or range_ == "all":
        return None
    if compare.endswith("_weekdays"):
        near = comparison(range_, period, compare.removesuffix("_weekdays"))
        assert near is not None
        weeks = max((period.first - near.first + 3) // 7, (period.days + 6) // 7)
        return Period(period.first - 7 * weeks, period.last - 7 * weeks)
    first = day_date(period.first)
    if compare == "year":
        start = day_number(_shift_months(first, 12))
        return Period(start, start + period.days - 1)
    back = {"mtd": 1, "last_month": 1, "qtd": 3, "ytd": 12}.get(range_)
    if back is None:
        return Period(period.first - period.days, period.first - 1)
    start = day_number(_first_of_month(first, back))
    if range_ == "last_month":
        return Period(start, period.first - 1)
    return Period(start, min(start + period.days - 1, period.first - 1))
