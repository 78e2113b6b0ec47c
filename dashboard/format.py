"""Numbers, money, percents, differences and dates as people read them. The only place that formats.

Short forms are for cards and axes, full forms for tables and tooltips, exact forms for machines and "exact value". A
missing number is an en dash, minus is a real minus sign. Files never go through here: they hold plain numbers with a
point.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable

MISSING = "–"
NEW = "new"
_MINUS = "\u2212"
_SIGNS = {"EUR": "€", "GBP": "£", "USD": "$", "JPY": "¥", "INR": "₹"}
_STEPS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
_SHORT_FROM = 10_000
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _known(number: float | None) -> bool:
    return number is not None and math.isfinite(number)


def _plain(number: float, decimals: int) -> str:
    """Thousands separated, a real minus, never a minus before zero."""
    text = f"{abs(number):,.{decimals}f}"
    negative = number < 0 and any(digit in "123456789" for digit in text)
    return (_MINUS if negative else "") + text


def _scaled(number: float) -> str:
    """Three or four digits and a letter: 84.1k, 2.3M, 120k."""
    for index, (step, letter) in enumerate(_STEPS):
        if abs(number) < step:
            continue
        scaled = number / step
        if abs(scaled) >= 999.5 and index:  # 999,960 is 1M, not 1,000k
            step, letter = _STEPS[index - 1]
            scaled = number / step
        text = _plain(scaled, 0 if abs(scaled) >= 99.95 else 1)
        return text.removesuffix(".0") + letter
    return _plain(number, 0)


def count(number: float | None) -> str:
    """``1,204``; a mean count with one decimal: ``44.8``."""
    if number is None or not math.isfinite(number):
        return MISSING
    return _plain(number, 0 if float(number).is_integer() or abs(number) >= 1_000 else 1)


def count_short(number: float | None) -> str:
    """``1,204``, from 10,000 on ``84.1k`` and ``2.3M``."""
    if number is None or not math.isfinite(number):
        return MISSING
    return _scaled(number) if abs(number) >= _SHORT_FROM else count(number)


def percent(rate: float | None, decimals: int | None = None) -> str:
    """A rate in 0–1 as ``22.4 %``; below 1 % two decimals. decimals overrides that."""
    if rate is None or not math.isfinite(rate):
        return MISSING
    if decimals is None:
        decimals = 2 if 0 < round(abs(rate) * 100, 2) < 1 else 1
    return f"{_plain(rate * 100, decimals)} %"


def money(amount: float | None, currency: str = "") -> str:
    """``€ 1,204.50``; without a currency the bare number."""
    if amount is None or not math.isfinite(amount):
        return MISSING
    return _signed_money(_plain(amount, 2), currency)


def money_short(amount: float | None, currency: str = "", *, beside: float = 0.0) -> str:
    """``€ 1.2k``, ``€ 480.87``: short from 1,000 on. beside: the largest amount of the column; next to thousands there
    are no cents."""
    if amount is None or not math.isfinite(amount):
        return MISSING
    text = _scaled(amount) if abs(amount) >= 999.995 else _plain(amount, 0 if abs(beside) >= 999.995 else 2)
    return _signed_money(text, currency)


def _signed_money(text: str, currency: str) -> str:
    sign = _SIGNS.get(currency.upper(), currency)
    if not sign:
        return text
    negative = text.startswith(_MINUS)
    return f"{_MINUS if negative else ''}{sign} {text.removeprefix(_MINUS)}"


def number(value_: float | None) -> str:
    """A plain number: at most two decimals, from 1,000 on none."""
    if value_ is None or not math.isfinite(value_):
        return MISSING
    if float(value_).is_integer() or abs(value_) >= 1_000:
        return _plain(value_, 0)
    return _plain(value_, 2)


def decimals(value_: float | None, places: int = 3) -> str:
    """A statistic with so many decimals: ``0.846``, ``−0.012``; never a minus before zero."""
    if value_ is None or not math.isfinite(value_):
        return MISSING
    return _plain(value_, places)


def duration(seconds: float | None) -> str:
    """``45 s``, ``2 h 14 min``, ``3.2 days``."""
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    sign, size = (_MINUS if seconds < 0 else ""), abs(seconds)
    if size < 60:
        return f"{sign}{size:.0f} s" if size >= 10 or size == int(size) else f"{sign}{size:.1f} s"
    minutes = round(size / 60)
    if minutes < 60:
        return f"{sign}{minutes} min"
    if minutes < 48 * 60:
        hours, rest = divmod(minutes, 60)
        return f"{sign}{hours} h {rest} min" if rest else f"{sign}{hours} h"
    return day_count(seconds / 86_400)


def day_count(days_: float | None) -> str:
    """``3.2 days``, ``1 day``."""
    if days_ is None or not math.isfinite(days_):
        return MISSING
    text = _plain(days_, 0 if float(days_).is_integer() or abs(days_) >= 100 else 1)
    return f"{text} day" if text in ("1", f"{_MINUS}1") else f"{text} days"


def value(value_: float | None, unit: str, *, currency: str = "") -> str:
    """The full form of a number with a unit of :mod:`dashboard.result`, for tables and tooltips."""
    if unit == "money":
        return money(value_, currency)
    forms: dict[str, Callable[[float | None], str]] = {
        "count": count,
        "rate": percent,
        "days": day_count,
        "seconds": duration,
    }
    return forms.get(unit, number)(value_)


def short(value_: float | None, unit: str, *, currency: str = "") -> str:
    """The short form, for cards and axes."""
    if unit == "money":
        return money_short(value_, currency)
    if unit == "count" or (unit == "number" and value_ is not None and abs(value_) >= _SHORT_FROM):
        return count_short(value_)
    return value(value_, unit)


def exact(value_: float | None, unit: str, *, currency: str = "") -> str:
    """Every digit that carries meaning: rates with four digits of the percentage, durations in seconds."""
    if value_ is None or not math.isfinite(value_):
        return MISSING
    if unit == "rate":
        return percent(value_, 4)
    if unit == "money":
        return money(value_, currency)
    if unit == "seconds":
        return f"{_plain(value_, 0 if float(value_).is_integer() else 3)} s"
    text = _plain(value_, 0) if float(value_).is_integer() else _plain(value_, 4).rstrip("0").rstrip(".")
    return f"{text} days" if unit == "days" else text


def signed(number_: float | None) -> str:
    """``+12``, ``−3``, ``0``: a difference of counts."""
    if number_ is None or not math.isfinite(number_):
        return MISSING
    text = count(number_)
    return f"+{text}" if number_ > 0 and text != "0" else text


def points(rate: float | None) -> str:
    """A difference of rates in percentage points: ``+0.4 pp``; below 0.1 points two decimals."""
    if rate is None or not math.isfinite(rate):
        return MISSING
    text = _plain(rate * 100, 2 if 0 < round(abs(rate) * 100, 2) < 0.1 else 1)
    return f"+{text} pp" if rate > 0 and text.strip("0.") else f"{text} pp"


def delta(now: float | None, before: float | None, unit: str) -> str:
    """The change from ``before`` to ``now``: percentage points for rates, percent for everything else.

    A baseline of zero is ``new`` (or ``no change`` when both are zero), a missing side is an en dash; never infinity.
    """
    if now is None or before is None or not (_known(now) and _known(before)):
        return MISSING
    if now == before:
        return "no change"
    if unit == "rate":
        return points(now - before)
    if before == 0:
        return NEW
    change = (now - before) / abs(before)
    if change >= 10 and before > 0:
        return f"×{_plain(now / before, 1)}"
    text = percent(change)
    return f"+{text}" if change > 0 else text


def interval(rate: float | None, low: float | None, high: float | None) -> str:
    """A rate with its interval: ``12.4 % (11.0–13.9)``."""
    if rate is None or low is None or high is None or not (_known(rate) and _known(low) and _known(high)):
        return percent(rate)
    decimals = 2 if 0 < round(abs(rate) * 100, 2) < 1 else 1
    return f"{percent(rate, decimals)} ({_plain(low * 100, decimals)}–{_plain(high * 100, decimals)})"


def interval_points(rate: float | None, low: float | None, high: float | None) -> str:
    """A difference of rates with its interval: ``+4.5 pp (+3.9 to +5.2)``."""
    if rate is None or low is None or high is None or not (_known(rate) and _known(low) and _known(high)):
        return points(rate)
    return f"{points(rate)} ({points(low).removesuffix(' pp')} to {points(high).removesuffix(' pp')})"


def p_value(p: float | None) -> str:
    """``p = .02``, ``p < .001``."""
    if p is None or not math.isfinite(p):
        return MISSING
    if p < 0.001:
        return "p < .001"
    text = f"{p:.2f}" if p >= 0.0095 else f"{p:.3f}"
    return f"p = {text.removeprefix('0')}"


def day(date: dt.date | None) -> str:
    """``12 Mar 2026``."""
    return f"{date.day} {_MONTHS[date.month - 1]} {date.year}" if date else MISSING


def days(first: dt.date, last: dt.date) -> str:
    """``1–30 Nov 2025``, ``28 Oct – 3 Nov 2025``, ``30 Dec 2024 – 5 Jan 2025``; one day is that day."""
    if first == last:
        return day(last)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{day(last)}"
    if first.year == last.year:
        return f"{first.day} {_MONTHS[first.month - 1]} – {day(last)}"
    return f"{day(first)} – {day(last)}"


def day_iso(text: str) -> str:
    """:func:`day` of an ISO date; "" stays "", anything else that is no date stays as it is."""
    try:
        return day(dt.date.fromisoformat(text)) if text else ""
    except ValueError:
        return text


def days_iso(first: str, last: str) -> str:
    """:func:`days` of two ISO dates, "" when one is missing or none."""
    try:
        return days(dt.date.fromisoformat(first), dt.date.fromisoformat(last))
    except ValueError:
        return ""


def moment(text: str, zone: str = "UTC") -> str:
    """An ISO instant as ``12 Mar 2026, 14:05 UTC``; ``zone`` names the zone the text is in. No instant: en dash."""
    try:
        stamp = dt.datetime.fromisoformat(text)
    except ValueError:
        return MISSING
    if stamp.tzinfo is not None:
        stamp = stamp.astimezone(dt.UTC)
    return f"{day(stamp.date())}, {stamp:%H:%M} {zone}"


def file_size(size: float | None) -> str:
    """Bytes as file managers show them, in steps of 1,000: ``2.1 GB``, ``22.4 MB``, ``512 bytes``."""
    if size is None or not math.isfinite(size):
        return MISSING
    for step, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= step * 0.9995:
            scaled = size / step
            return f"{_plain(scaled, 0 if scaled >= 99.95 else 1)}\u00a0{name}"
    return f"{_plain(size, 0)}\u00a0bytes" if size != 1 else "1\u00a0byte"
