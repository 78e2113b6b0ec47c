"""What differs between the numbers of the product and those of a case."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

# objects that must have exactly the expected keys; others may have more
EXACT_KEYS = frozenset({"groups", "customers", "events", "active_day_states", "month_actives"})


def differences(found: Any, expected: Any, tolerance: float, place: str = "", exact: bool = False) -> Iterator[str]:
    """One sentence per difference: lists element by element, integers exactly, decimals within the tolerance, ``null``
    only equal to None, a refusal (``{"error": …}``) only to a refusal."""
    where = place or "result"
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            yield f"{where}: {_show(found)} instead of an object"
            return
        if "error" in expected or "error" in found:
            yield from _refusal(found, expected, where)
            return
        for key in expected:
            inner = f"{place}.{key}" if place else str(key)
            if key not in found:
                yield f"{inner}: missing"
            else:
                yield from differences(found[key], expected[key], tolerance, inner, key in EXACT_KEYS)
        if exact:
            yield from (f"{where}.{key}: not expected" for key in found if key not in expected)
    elif isinstance(expected, list):
        if not isinstance(found, list | tuple) or len(found) != len(expected):
            yield f"{where}: {_show(found)} instead of {_show(expected)}"
            return
        for index, value in enumerate(expected):
            yield from differences(found[index], value, tolerance, f"{where}[{index}]")
    elif not same(found, expected, tolerance):
        yield f"{where}: {_show(found)} instead of {_show(expected)}"


def same(found: Any, expected: Any, tolerance: float) -> bool:
    """Whether two values that are no list and no object are equal."""
    if isinstance(expected, bool) or expected is None or isinstance(expected, str):
        return type(found) is type(expected) and bool(found == expected)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return False
    if isinstance(expected, float):
        return math.isfinite(found) and abs(found - expected) <= tolerance
    return bool(found == expected)


def _refusal(found: dict[str, Any], expected: dict[str, Any], where: str) -> Iterator[str]:
    """The code is a name for people: any refusal answers a question that must be refused."""
    if "error" not in found:
        yield f"{where}: a number instead of the refusal {expected['error']}"
    elif "error" not in expected:
        yield f"{where}: refused ({found['error']})"


def _show(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 200 else f"{shown[:200]}…"
