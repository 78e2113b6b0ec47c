"""Which people stand behind a number: a short token that fits into a link.

``all`` · ``targets`` · ``class.Dormant`` · ``level.High`` · ``band.2`` · ``cell.Medium.1`` · ``group.3`` (K-Means).
Counts on a page and the lists they open use the same masks, so they cannot disagree.
"""

from __future__ import annotations

from typing import NoReturn

import numpy as np
import numpy.typing as npt

from dashboard.customers.rules import CLASSES, LEVELS, RuleSet
from dashboard.customers.segments import Classified, Mask
from dashboard.errors import UserError

ALL = "all"
TARGETS = "targets"
GROUP = "group."  # needs the K-Means groups


def mask(token: str, found: Classified, groups: npt.NDArray[np.int8] | None = None) -> Mask:
    """Who belongs to the selection, one entry per person.

    groups: K-Means group per person, needed for ``group.N`` only. Raises UserError ("unknown_list") for a token that is
    none of the above.
    """
    kind, *rest = token.split(".")
    members: npt.ArrayLike | None = None
    if token == TARGETS:
        members = found.target
    elif token == ALL:
        members = np.ones(len(found.level), dtype=bool)
    elif kind == "cell" and len(rest) == 2:
        members = (found.level == _index(LEVELS, rest[0])) & (found.band == _number(rest[1], 3))
    elif kind == "class" and len(rest) == 1:
        members = found.segment == _index(CLASSES, rest[0])
    elif kind == "level" and len(rest) == 1:
        members = found.level == _index(LEVELS, rest[0])
    elif kind == "band" and len(rest) == 1:
        members = found.band == _number(rest[0], 3)
    elif kind == "group" and len(rest) == 1 and groups is not None:
        members = groups == _number(rest[0], 100)
    if members is None:
        _refuse()
    return np.asarray(members, dtype=bool)


def describe(token: str, rules: RuleSet) -> str:
    """The selection in words, for a heading: "Medium engagement, 61–120 days". Raises UserError as :func:`mask`."""
    kind, *rest = token.split(".")
    bands = rules.bands()
    if kind == "cell" and len(rest) == 2:
        return f"{LEVELS[_index(LEVELS, rest[0])]} engagement, last active {bands[_number(rest[1], 3)]} ago"
    if len(rest) == 1:
        if kind == "class":
            return CLASSES[_index(CLASSES, rest[0])]
        if kind == "level":
            return f"{LEVELS[_index(LEVELS, rest[0])]} engagement"
        if kind == "band":
            return f"Last active {bands[_number(rest[0], 3)]} ago"
        if kind == "group":
            return f"Group {_number(rest[0], 100) + 1}"
    if token == TARGETS:
        return "Discount targets"
    if token == ALL:
        return "All people"
    _refuse()


def _index(names: tuple[str, ...], name: str) -> int:
    if name not in names:
        _refuse()
    return names.index(name)


def _number(text: str, limit: int) -> int:
    if not text.isascii() or not text.isdigit() or int(text) >= limit:
        _refuse()
    return int(text)


def _refuse() -> NoReturn:
    raise UserError("unknown_list", "This list of people does not exist.", "Open the list again from its number.")
