"""The question of the paths page as the URL has it: read tolerantly, changed by links, written as options."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from dashboard.components.links import LIST, view_link
from dashboard.filters import Filters

EVENT = "event"  # the node is the event's name
MAX_LISTED = 200  # events a link may include or leave out
STEPS = (3, 4, 5, 6, 8, 10)
TOPS = (8, 12, 20, 40)
GAPS = (300, 900, 1_800, 3_600, 21_600, 86_400, 604_800, 2_592_000)
# option of the URL -> attribute
_TEXTS = {"node": "node", "start": "start", "end": "end", "by": "compare", "a": "first", "b": "second"}
_NUMBERS = {"steps": "steps", "top": "top", "gap": "gap"}
_LISTS = {"only": "include", "skip": "exclude"}


@dataclass(frozen=True)
class PathsState:
    """node: "event" or a column of the events. start, end: a node, one of them ("" = from the beginning). include,
    exclude: event names. gap: seconds after which a new path begins. repeats: equal nodes in a row are shown. compare:
    what splits people, first and second: two of its groups ("" = the first two)."""

    node: str = EVENT
    start: str = ""
    end: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    gap: int = 1_800
    steps: int = 5
    top: int = 12
    repeats: bool = False
    compare: str = ""
    first: str = ""
    second: str = ""

    def options(self) -> dict[str, Any]:
        """The options of the insight "paths"."""
        values = [self.first, self.second] if self.first and self.second else []
        return {
            "node": self.node,
            "start": self.start,
            "end": self.end,
            "include": list(self.include),
            "exclude": list(self.exclude),
            "gap_seconds": self.gap,
            "steps": self.steps,
            "collapse": not self.repeats,
            "top": self.top,
            "compare": self.compare,
            "values": values,
        }

    def with_(self, **changes: Any) -> PathsState:
        return replace(self, **changes)

    def write(self, filters: Filters) -> Filters:
        """The view with this question; what is the default is not written, and an open list closes."""
        plain = PathsState()
        changed = filters.with_option(LIST, None)
        for name, attribute in (_TEXTS | _NUMBERS).items():
            value = getattr(self, attribute)
            changed = changed.with_option(name, None if value == getattr(plain, attribute) else str(value))
        for name, attribute in _LISTS.items():
            values = getattr(self, attribute)
            changed = changed.with_option(name, json.dumps(values) if values else None)
        return changed.with_option("repeats", "1" if self.repeats else None)

    def href(self, filters: Filters, **changes: Any) -> str:
        """A link to the view with the changed question."""
        return view_link(self.with_(**changes).write(filters))


def read(filters: Filters) -> PathsState:
    """The question of a link; what cannot be read is the default. Never raises."""
    plain = PathsState()
    found: dict[str, Any] = {"repeats": filters.option("repeats") == "1"}
    for name, attribute in _TEXTS.items():
        found[attribute] = filters.option(name, getattr(plain, attribute))
    for name, attribute in _NUMBERS.items():
        found[attribute] = _number(filters.option(name), getattr(plain, attribute))
    for name, attribute in _LISTS.items():
        found[attribute] = _names(filters.option(name))
    state = PathsState(**found)
    return state.with_(end="") if state.start and state.end else state


def _number(text: str, default: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else default


def _names(text: str) -> tuple[str, ...]:
    try:
        data = json.loads(text) if text else []
    except (ValueError, RecursionError):
        return ()
    if not isinstance(data, list):
        return ()
    return tuple(dict.fromkeys(item for item in data[:MAX_LISTED] if isinstance(item, str) and item))


@dataclass(frozen=True)
class Place:
    """A node or an edge that was clicked. step: of the edge, or column of the node (1 = first). target "" = a node."""

    step: int
    source: str
    target: str = ""
    group: str = ""

    @property
    def token(self) -> str:
        """How the URL names it."""
        return json.dumps([self.step, self.source, self.target, self.group], separators=(",", ":"))

    @property
    def title(self) -> str:
        where = f"{self.source} → {self.target}, step {self.step} to {self.step + 1}"
        text = where if self.target else f"{self.source}, step {self.step}"
        return f"{text} – {self.group}" if self.group else text


def place_of(token: str) -> Place | None:
    """The inverse of ``Place.token``; None for anything else."""
    try:
        data = json.loads(token) if token else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, list) or len(data) != 4:
        return None
    step, *texts = data
    if isinstance(step, bool) or not isinstance(step, int) or not 1 <= step <= 50:
        return None
    return Place(step, *texts) if all(isinstance(text, str) for text in texts) and texts[0] else None
