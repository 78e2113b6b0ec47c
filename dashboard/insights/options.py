"""Options of insights as people and URLs write them: texts become numbers, lists and yes/no, or a refusal in words."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from dashboard.errors import UserError
from dashboard.insights.selector import Selector

_YES, _NO = {"true", "yes", "1", "on"}, {"false", "no", "0", "off", ""}


def texts(value: Any, name: str) -> tuple[str, ...]:
    """A text or a list of texts as a tuple without repetitions and empty ones, in the order given."""
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, Iterable) or isinstance(items, dict):
        raise bad(name, "a name or a list of names")
    found = tuple(dict.fromkeys(items))
    if not all(isinstance(item, str) for item in found):
        raise bad(name, "a name or a list of names")
    return tuple(item for item in found if item)


def text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise bad(name, "a text")
    return value


def flag(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise bad(name, "yes or no")


def whole(value: Any, name: str, low: int, high: int) -> int:
    """A whole number from low to high."""
    number = decimal(value, name, low, high)
    if number != int(number):
        raise bad(name, f"a whole number from {low:,} to {high:,}")
    return int(number)


def wholes(value: Any, name: str, low: int, high: int) -> tuple[int, ...]:
    """Whole numbers, ascending and without repetitions; text may separate them by commas."""
    items = value.split(",") if isinstance(value, str) else value if isinstance(value, Iterable) else [value]
    found = sorted({whole(item, name, low, high) for item in items})
    if not found:
        raise bad(name, "at least one number")
    return tuple(found)


def decimal(value: Any, name: str, low: float, high: float) -> float:
    """A number from low to high."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not low <= number <= high:
        raise bad(name, f"a number from {low:,} to {high:,}")
    return number


def bad(name: str, wanted: str) -> UserError:
    """The refusal of an option's value."""
    return UserError("bad_option", f"“{name}” must be {wanted}.", "Correct the value and try again.")


def selector(value: Any) -> Selector | None:
    """An event selector: None and "" are none, a text is an event's name or the JSON form."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.startswith("{"):
        try:
            return Selector.from_json(json.loads(value))
        except ValueError:
            raise bad("event", "the name of an event, or an event with conditions") from None
    return Selector.from_json(value)
