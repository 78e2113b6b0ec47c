"""Numbers from cells: an exact compiled parser for the usual shapes, plain Python for everything else.

The compiled one answers only where the result is certainly the nearest float64 (at most 2^53 in the digits and a power
of ten up to 22: one correctly rounded operation, Clinger 1990); it never guesses.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import numpy as np

from dashboard.ingest.clean_text import is_null_word
from dashboard.jit import kernel

_POWERS = 10.0 ** np.arange(23)
_MONEY = re.compile(r"^(?:US|R|A|C|NZ|HK)(?=\$)|(?:USD|EUR|GBP|CHF|JPY|kr\.?|zł|Fr\.)", re.IGNORECASE)
_EXPONENT = re.compile(r"[\d.,][eE][-+]?\d{1,3}$")


@kernel
def number_cells(data: Any, spans: Any, decimal: int, thousands: int, values: Any, unsure: Any) -> int:
    """Parse cells into ``values`` (float64, NaN for empty ones); positions left to the caller go to ``unsure``.

    decimal, thousands: ASCII codes (thousands -1: none). Returns how many are unsure.
    """
    count = 0
    for i in range(len(spans)):
        span = spans[i]
        at, length = span >> 32, (span >> 2) & 0x3FFFFFFF
        end = at + length
        if length == 0:
            values[i] = np.nan
            continue
        negative = False
        if data[at] == 45 or data[at] == 43:
            negative = data[at] == 45
            at += 1
        mantissa, digits, fraction, group = np.int64(0), 0, 0, -1
        sure = True
        while at < end:
            byte = data[at]
            if 48 <= byte <= 57:
                mantissa = mantissa * 10 + (byte - 48)
                digits += 1
                if group >= 0:
                    group += 1
            elif byte == thousands and digits > 0 and ((group < 0 and digits <= 3) or group == 3):
                group = 0
            else:
                break
            at += 1
        if group >= 0 and group != 3:
            sure = False
        if at < end and data[at] == decimal:
            at += 1
            while at < end and 48 <= data[at] <= 57:
                mantissa = mantissa * 10 + (data[at] - 48)
                digits += 1
                fraction += 1
                at += 1
        if digits == 0 or digits > 18 or mantissa > 9007199254740992:
            sure = False
        exponent = 0
        if sure and at < end and (data[at] == 101 or data[at] == 69):
            at += 1
            down = False
            if at < end and (data[at] == 45 or data[at] == 43):
                down = data[at] == 45
                at += 1
            places = 0
            while at < end and 48 <= data[at] <= 57 and places < 3:
                exponent = exponent * 10 + (data[at] - 48)
                places += 1
                at += 1
            if places == 0:
                sure = False
            if down:
                exponent = -exponent
        power = exponent - fraction
        if not sure or at < end or power > 22 or power < -22:
            unsure[count] = i
            count += 1
            continue
        value = float(mantissa)
        value = value * _POWERS[power] if power >= 0 else value / _POWERS[-power]
        values[i] = -value if negative else value
    return count


def parse_number(text: str, decimal: str = ".", thousands: str = "") -> float | None:
    """The number in a trimmed cell; NaN when the cell means "missing", None when it is no number.

    Currency signs, a percent sign (12 % is .12), parentheses or a trailing minus for negatives, digits of any script
    and spaces, apostrophes or ``thousands`` between groups of three digits are understood.
    """
    if not text or is_null_word(text):
        return float("nan")
    if len(text) > 400:
        return None
    text = unicodedata.normalize("NFKC", text).translate(_SIGNS).strip()
    if decimal not in ".," and decimal:
        decimal = "."
    negative = False
    if text.startswith("(") and text.endswith(")"):
        negative, text = True, text[1:-1].strip()
    percent = text.endswith("%")
    text = text.removesuffix("%").strip()
    text = _without_currency(text)
    if text.startswith(("-", "+")):
        negative ^= text[0] == "-"
        text = _without_currency(text[1:])
    elif text.endswith("-"):
        negative, text = not negative, text[:-1].strip()
    if not text or not (text[-1].isdigit() or text.endswith(decimal)):
        return None
    exponent = ""
    found = _EXPONENT.search(text)
    if found:
        cut = found.start() + 1
        text, exponent = text[:cut], text[cut:]
    before, _, fraction = text.partition(decimal) if decimal else (text, "", "")
    whole = _ungrouped(before, thousands)
    if whole is None or (fraction and not fraction.isdecimal()) or not (whole or fraction):
        return None
    value = float(f"{whole or '0'}.{fraction or '0'}{exponent}")
    if value == float("inf"):
        return None
    if percent:
        value /= 100
    return -value if negative else value


_SIGNS = str.maketrans({"−": "-", "–": "-", "٫": ".", "٬": ",", "’": "'", "\u00a0": " ", "\u202f": " ", "\u2009": " "})


def _without_currency(text: str) -> str:
    text = _MONEY.sub("", text).strip()
    while text and unicodedata.category(text[0]) == "Sc":
        text = text[1:].strip()
    while text and unicodedata.category(text[-1]) == "Sc":
        text = text[:-1].strip()
    return text


def _ungrouped(whole: str, thousands: str) -> str | None:
    """Digits without separators, "" for none, None when the groups are not groups of three."""
    if whole == "" or whole.isdecimal():
        return whole.translate(_DIGITS) if whole else ""
    for separator in dict.fromkeys((thousands, " ", "'")):
        if separator and separator in whole:
            groups = whole.split(separator)
            rest_fits = all(len(group) == 3 for group in groups[1:])
            if rest_fits and 1 <= len(groups[0]) <= 3 and all(group.isdecimal() for group in groups):
                return "".join(groups)
    return None


class _AsciiDigits(dict[int, str]):
    def __missing__(self, code: int) -> str:
        return str(unicodedata.decimal(chr(code)))


_DIGITS = _AsciiDigits()
