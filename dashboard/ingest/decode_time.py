"""Times from cells: a compiled parser for numeric dates and epochs, plain Python for every other shape.

Both give microseconds since 1970 and say whether the cell named an offset (then they are UTC) or not (naive: local).
The compiled parser answers only what :func:`parse_time` would answer the same way (property-tested).
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import numpy as np

from dashboard.ingest.cells import MONTHS
from dashboard.ingest.clean_text import is_null_word
from dashboard.ingest.plan import TimeFormat
from dashboard.jit import kernel
from dashboard.schema import NULL_TIME

ORDERS = {"ymd": 0, "dmy": 1, "mdy": 2}
UNITS = {"auto": 0, "s": 1, "ms": 2, "us": 3, "ns": 4}
MISSING, OK, BAD, IMPOSSIBLE = 0, 1, 2, 3

_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)
_NULL = NULL_TIME


class Time(NamedTuple):
    """state: MISSING, OK, BAD or IMPOSSIBLE (a date that only stands for "none", like 0000-00-00). micros: µs since
    1970-01-01, local when ``naive``, else UTC."""

    state: int
    micros: int = NULL_TIME
    naive: bool = False


@kernel
def day_count(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to a proleptic Gregorian date (Hinnant's days_from_civil)."""
    if month <= 2:
        year -= 1
        month += 9
    else:
        month -= 3
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * month + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


@kernel
def _digits(data: Any, at: int, end: int) -> tuple[int, int]:
    """Value and number of the digits at a position (at most 15)."""
    value, count = 0, 0
    while at < end and count < 15 and 48 <= data[at] <= 57:
        value = value * 10 + (data[at] - 48)
        count += 1
        at += 1
    return value, count


@kernel
def _date(data: Any, at: int, end: int, order: int) -> tuple[int, int, int, int]:
    """Year, month, day and the position after a numeric date; year -1 when unsure."""
    first, n = _digits(data, at, end)
    at += n
    if n == 8 and order == 0:
        return first // 10000, first // 100 % 100, first % 100, at
    if (n != 4 and n != 1 and n != 2) or at >= end:
        return -1, 0, 0, at
    separator = data[at]
    if separator != 45 and separator != 47 and separator != 46:
        return -1, 0, 0, at
    second, n2 = _digits(data, at + 1, end)
    at += 1 + n2
    if n2 < 1 or n2 > 2 or at >= end or data[at] != separator:
        return -1, 0, 0, at
    third, n3 = _digits(data, at + 1, end)
    at += 1 + n3
    if n == 4:
        if n3 < 1 or n3 > 2:
            return -1, 0, 0, at
        return first, second, third, at
    if order == 0 or n3 != 4:
        return -1, 0, 0, at
    if order == 1:
        return third, second, first, at
    return third, first, second, at


@kernel
def _two(data: Any, at: int) -> Any:
    """The number of two digits; below zero when they are none."""
    tens, ones = np.int64(data[at]) - 48, np.int64(data[at + 1]) - 48
    return tens * 10 + ones if (0 <= tens <= 9) & (0 <= ones <= 9) else -100_000


@kernel
def time_cells(data: Any, spans: Any, order: int, values: Any, naive: Any, unsure: Any) -> int:
    """Parse cells into ``values`` (int64 µs, NULL_TIME for empty ones) and ``naive`` (bool); positions left to the
    caller go to ``unsure``. Returns how many."""
    count = 0
    for i in range(len(spans)):
        span = spans[i]
        at, length = span >> 32, (span >> 2) & 0x3FFFFFFF
        end = at + length
        naive[i] = False
        values[i] = _NULL
        if length == 0:
            continue
        hour, minute, second, micros, offset = 0, 0, 0, 0, 0
        iso = False  # the most usual shape, 2025-03-08T17:45:00, without a loop
        year = month = day = 0
        if (
            length >= 19
            and data[at + 4] == 45
            and data[at + 7] == 45
            and (data[at + 10] == 84 or data[at + 10] == 32)
            and data[at + 13] == 58
            and data[at + 16] == 58
        ):
            year = _two(data, at) * 100 + _two(data, at + 2)
            month, day = _two(data, at + 5), _two(data, at + 8)
            hour, minute, second = _two(data, at + 11), _two(data, at + 14), _two(data, at + 17)
            iso = min(year, hour, minute, second) >= 0
        if iso:
            at += 19
        else:
            hour, minute, second = 0, 0, 0
            year, month, day, at = _date(data, at, end, order)
        sure = 1 <= month <= 12 and 1 <= day <= 28 and year >= 1
        if not sure and 1 <= month <= 12 and 29 <= day <= 31 and year >= 1:
            leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
            sure = day <= _DAYS[month] + (1 if leap else 0)
        local = True
        if sure and (at < end or iso):
            seconds_known = iso
            if not iso:
                sure = False
                if data[at] == 84 or data[at] == 32:
                    at += 1
                    hour, n = _digits(data, at, end)
                    at += n
                    if 1 <= n <= 2 and at < end and data[at] == 58:
                        minute, n = _digits(data, at + 1, end)
                        at += 1 + n
                        sure = n == 2
                        if sure and at < end and data[at] == 58:
                            second, n = _digits(data, at + 1, end)
                            at += 1 + n
                            sure = seconds_known = n == 2
            if seconds_known and at + 1 < end and (data[at] == 46 or data[at] == 44):
                at += 1
                places = 0
                while at < end and places < 9 and 48 <= data[at] <= 57:
                    if places < 6:
                        micros = micros * 10 + (data[at] - 48)
                    places += 1
                    at += 1
                sure = places > 0
                while places < 6:
                    micros *= 10
                    places += 1
            if sure and at < end and data[at] == 32:
                at += 1
            if (
                sure
                and at + 1 < end
                and (data[at + 1] | 32) == 109
                and ((data[at] | 32) == 97 or (data[at] | 32) == 112)
            ):
                sure = 1 <= hour <= 12
                hour = hour % 12 + (12 if (data[at] | 32) == 112 else 0)
                at += 2
            sure = sure and hour <= 23 and minute <= 59 and second <= 59
            if sure and at < end:
                if data[at] == 90 and at + 1 == end:
                    local = False
                elif (data[at] == 43 or data[at] == 45) and (end - at == 6 or end - at == 5 or end - at == 3):
                    sign = -1 if data[at] == 45 else 1
                    hours, n = _digits(data, at + 1, at + 3)
                    minutes, m = 0, 2
                    if end - at == 6:
                        minutes, m = _digits(data, at + 4, end)
                        sure = data[at + 3] == 58
                    elif end - at == 5:
                        minutes, m = _digits(data, at + 3, end)
                    sure = sure and n == 2 and m == 2 and hours <= 15 and minutes <= 59
                    offset = sign * (hours * 60 + minutes)
                    local = False
                else:
                    sure = False
        if not sure:
            unsure[count] = i
            count += 1
            continue
        seconds = day_count(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset * 60
        values[i] = seconds * 1000000 + micros
        naive[i] = local
    return count


@kernel
def epoch_cells(data: Any, spans: Any, unit: int, values: Any, unsure: Any) -> int:
    """Parse epoch numbers (UNITS code, 0 = by magnitude) into ``values`` (int64 µs UTC); like :func:`time_cells`."""
    count = 0
    for i in range(len(spans)):
        span = spans[i]
        at, length = span >> 32, (span >> 2) & 0x3FFFFFFF
        end = at + length
        values[i] = _NULL
        if length == 0:
            continue
        negative = data[at] == 45
        if negative:
            at += 1
        value, digits = np.int64(0), 0
        while at < end and digits < 19 and 48 <= data[at] <= 57:
            value = value * 10 + (data[at] - 48)
            digits += 1
            at += 1
        fraction, places = 0, 0
        if at < end and data[at] == 46:
            at += 1
            while at < end and 48 <= data[at] <= 57:
                if places < 6:
                    fraction = fraction * 10 + (data[at] - 48)
                    places += 1
                at += 1
        if at < end or digits == 0 or digits > 18:
            unsure[count] = i
            count += 1
            continue
        while places < 6:
            fraction *= 10
            places += 1
        scale = unit
        if scale == 0:
            scale = 1 if value < 100000000000 else 2 if value < 100000000000000 else 3 if value < 10**17 else 4
        if scale == 1:
            if value > 9000000000000:
                unsure[count] = i
                count += 1
                continue
            micros = value * 1000000 + fraction
        elif scale == 2:
            if value > 9000000000000000:
                unsure[count] = i
                count += 1
                continue
            micros = value * 1000 + fraction // 1000
        elif scale == 3:
            micros = value
        else:
            micros = value // 1000
        values[i] = -micros if negative else micros
    return count


_MONTH = "(?P<month>" + "|".join(sorted(map(re.escape, MONTHS), key=len, reverse=True)) + r")\.?"
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
_ZONE = r"(?P<zone>Z|(?:UTC|GMT)?[-+]\d{2}:?\d{2}|[-+]\d{2}|UTC|GMT)"
_REST = rf"(?:(?:T|,?\s+|\s*-\s+|:){_CLOCK}\s*(?P<half>[ap]\.?m\.?)?\s*{_ZONE}?)?"
_YEAR = r"(?P<year>\d{4}|\d{2})"
_NUMERIC = (
    r"(?P<y>\d{4})(?P<s1>[-/.])(?P<m>\d{1,2})(?P=s1)(?P<d>\d{1,2})",
    r"(?P<y>\d{4})年(?P<m>\d{1,2})月(?P<d>\d{1,2})日",
    r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})",
)
_WITH_YEAR_FIRST = tuple(re.compile(p + _REST, re.IGNORECASE) for p in _NUMERIC)
_COMPACT = re.compile(r"(\d{8})T?(\d{2})(\d{2})(\d{2})" + rf"\s*{_ZONE}?", re.IGNORECASE)
_THREE = re.compile(r"(?P<a>\d{1,2})(?P<s>[-/.])(?P<b>\d{1,2})(?P=s)(?P<c>\d{4}|\d{2})" + _REST, re.IGNORECASE)
_EIGHT = re.compile(r"(?P<a>\d{2})(?P<b>\d{2})(?P<c>\d{4})" + _REST, re.IGNORECASE)
_NAMED = tuple(
    re.compile(p + _REST, re.IGNORECASE)
    for p in (
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?[-/\s]?\s*(?:de\s+)?{_MONTH}(?:[-/,\s]|\s+de\s)\s*{_YEAR}",
        rf"{_MONTH}[-/\s]\s*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[,\s]\s*{_YEAR}",
        rf"(?P<year>\d{{4}})[-/]{_MONTH}[-/](?P<day>\d{{1,2}})",
    )
)
_UNIX_DATE = re.compile(rf"{_MONTH}\s+(?P<day>\d{{1,2}})\s+{_CLOCK}\s+(?:{_ZONE}\s+)?(?P<year>\d{{4}})", re.IGNORECASE)
_WEEKDAY = re.compile(r"([^\W\d]{2,10})\.?,?\s+")


def parse_time(text: str, form: TimeFormat) -> Time:
    """The time in a trimmed cell.

    Year-first dates are read as such whatever ``form.order`` says. Day/month/year in a year-first column are read where
    only one order is possible. Two-digit years: 69 to 99 are 19xx, others 20xx. Fractions beyond µs are cut.
    """
    if not text or is_null_word(text):
        return Time(MISSING)
    if len(text) > 80:
        return Time(BAD)
    text = " ".join(unicodedata.normalize("NFKC", text).split())
    if form.kind == "epoch":
        return _parse_epoch(text, form.unit)
    text = re.sub(r"\s*\([^()]*\)$", "", text)
    weekday = _WEEKDAY.match(text)
    if weekday and weekday.group(1).lower() not in MONTHS and weekday.group(1).lower() not in ("t", "z"):
        text = text[weekday.end() :]
    if found := _COMPACT.fullmatch(text):
        date = found.group(1)
        clock = {"hour": found.group(2), "minute": found.group(3), "second": found.group(4), "zone": found["zone"]}
        return _made(int(date[:4]), int(date[4:6]), int(date[6:]), clock)
    if form.order != "ymd" and (found := _EIGHT.fullmatch(text)):
        return _three(found, form)
    for pattern in _WITH_YEAR_FIRST:
        if found := pattern.fullmatch(text):
            return _made(int(found["y"]), int(found["m"]), int(found["d"]), found.groupdict())
    if found := _THREE.fullmatch(text):
        return _three(found, form)
    for pattern in (*_NAMED, _UNIX_DATE):
        if found := pattern.fullmatch(text):
            return _made(_year(found["year"]), MONTHS[found["month"].lower()], int(found["day"]), found.groupdict())
    return Time(BAD)


def _three(found: re.Match[str], form: TimeFormat) -> Time:
    """A date of three numbers that does not begin with the year."""
    a, b, c = int(found["a"]), int(found["b"]), int(found["c"])
    clock = found.groupdict()
    if form.order == "dmy":
        return _made(_year(found["c"]), b, a, clock)
    if form.order == "mdy":
        return _made(_year(found["c"]), a, b, clock)
    if len(found["c"]) == 2:
        return _made(_year(found["a"].zfill(2)), b, c, clock)
    if a == b == c == 0:
        return Time(IMPOSSIBLE)
    if a > 12 or a == b:
        return _made(c, b, a, clock)
    if b > 12:
        return _made(c, a, b, clock)
    return Time(BAD)


def _year(text: str) -> int:
    year = int(text)
    return year if len(text) == 4 else year + (1900 if year >= 69 else 2000)


def _made(year: int, month: int, day: int, clock: dict[str, str | None]) -> Time:
    if month == 0 and day == 0:
        return Time(IMPOSSIBLE)
    try:
        days = dt.date(year, month, day).toordinal() - 719163
    except ValueError:
        return Time(BAD)
    hour, minute, second = (int(clock.get(k) or 0) for k in ("hour", "minute", "second"))
    half = (clock.get("half") or "").lower()
    if half:
        if not 1 <= hour <= 12:
            return Time(BAD)
        hour = hour % 12 + (12 if half[0] == "p" else 0)
    midnight = hour == 24 and minute == second == 0
    if minute > 59 or second > 60 or (hour > 23 and not midnight):
        return Time(BAD)
    micros = int((clock.get("fraction") or "0").ljust(6, "0")[:6])
    seconds = days * 86400 + hour * 3600 + minute * 60 + second
    zone = (clock.get("zone") or "").upper()
    offset = zone.removeprefix("UTC").removeprefix("GMT")
    if offset and offset != "Z":
        digits = offset[1:].replace(":", "").ljust(4, "0")
        if int(digits[:2]) > 15 or int(digits[2:]) > 59:
            return Time(BAD)
        ahead = int(digits[:2]) * 3600 + int(digits[2:]) * 60
        seconds -= ahead if offset[0] == "+" else -ahead
    return Time(OK, seconds * 1_000_000 + micros, naive=not zone)


_EPOCH_LIMIT = 9 * 10**18
_SCALE = {"s": Decimal(1_000_000), "ms": Decimal(1000), "us": Decimal(1), "ns": Decimal("0.001")}


def _parse_epoch(text: str, unit: str) -> Time:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return Time(BAD)
    if not value.is_finite() or "_" in text or abs(value.adjusted()) > 30:
        return Time(IMPOSSIBLE if value == 0 else BAD)
    if unit == "auto":
        size = abs(value)
        unit = "s" if size < 10**11 else "ms" if size < 10**14 else "us" if size < 10**17 else "ns"
    micros = int(value * _SCALE[unit])
    return Time(OK, micros) if abs(micros) < _EPOCH_LIMIT else Time(BAD)
