"""The question a funnel asks: steps, order, window, attempt, exclusions; checked when it is made.

Steps are numbered from 0. Definitions: section 4 of the metric definitions; every boundary is pinned by the conformance
cases (``python -m dashboard conform funnels.json``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.errors import UserError
from dashboard.insights.options import texts, whole
from dashboard.insights.selector import Selector
from dashboard.store.dataset import Dataset

UNITS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800, "month": 2_592_000}
ORDERS = {
    "ordered": "In this order, anything may happen between",
    "strict": "In this order, nothing may happen between",
    "any": "In any order",
}
ATTEMPTS = {"best": "The attempt that gets furthest", "first": "The first entry only"}
IMMATURE = {"leave_out": "Leave out entries whose window is still open", "count": "Count them as they are now"}
ATTRIBUTIONS = {
    "first_touch": "First value on the way",
    "last_touch": "Last value on the way",
    "step": "Value at one step",
    "all_steps": "All steps have the value",
    "profile": "The user's current value",
}
MIN_STEPS, MAX_STEPS, MAX_EXCLUSIONS, MAX_OPTIONAL, MAX_HELD = 2, 20, 8, 10, 3
DEFAULT_WINDOW = 14 * 86_400
MAX_WINDOW, MAX_GRACE = 100 * 366 * 86_400, 3_600
OPTIONS = ("steps", "order", "window", "attempt", "exclusions", "same_property", "grace_seconds", "immature")

_SPAN = re.compile(r"\s*(\d{1,12})\s*([a-z]+)\s*")
_SHORT = {"s": "second", "min": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month"}


@dataclass(frozen=True)
class Step:
    """What has to happen. optional: it may be left out. name: for people, the selector's label when empty."""

    selector: Selector
    optional: bool = False
    name: str = ""

    @property
    def label(self) -> str:
        return self.name or self.selector.label

    def to_json(self) -> dict[str, Any]:
        return {**self.selector.to_json(), "optional": self.optional, **({"name": self.name} if self.name else {})}


@dataclass(frozen=True)
class Exclusion:
    """An event that voids an attempt when it happens after ``from_step`` and up to ``to_step`` (or up to the window's
    end when that step is not reached)."""

    selector: Selector
    from_step: int
    to_step: int

    def to_json(self) -> dict[str, Any]:
        return {**self.selector.to_json(), "from_step": self.from_step, "to_step": self.to_step}


@dataclass(frozen=True)
class FunnelQuery:
    """A funnel. window_seconds: from the entry, end included; None = no limit. same_property: up to three properties
    that all steps of an attempt share with its entry. grace_seconds: events in the same so-long block of the clock are
    simultaneous (0: only events at the same instant). immature: what happens to entries that are younger than the
    window. unknown_event: "error" refuses names that never occur, "allow" lets them count 0."""

    steps: tuple[Step, ...]
    order: str = "ordered"
    window_seconds: int | None = DEFAULT_WINDOW
    attempt: str = "best"
    exclusions: tuple[Exclusion, ...] = ()
    same_property: tuple[str, ...] = ()
    grace_seconds: int = 0
    immature: str = "leave_out"
    unknown_event: str = "error"

    def __post_init__(self) -> None:
        if not MIN_STEPS <= len(self.steps) <= MAX_STEPS:
            raise UserError("bad_steps", f"A funnel has {MIN_STEPS} to {MAX_STEPS} steps.", "Add or remove steps.")
        _one_of("order", self.order, ORDERS)
        _one_of("attempt", self.attempt, ATTEMPTS)
        _one_of("immature", self.immature, IMMATURE)
        _one_of("unknown_event", self.unknown_event, ("error", "allow"))
        if self.window_seconds is not None and not 0 <= self.window_seconds <= MAX_WINDOW:
            raise UserError("bad_window", "A window lasts 0 seconds to 100 years.", "Use a shorter one, or none.")
        if len(self.same_property) > MAX_HELD or len(set(self.same_property)) < len(self.same_property):
            raise UserError(
                "bad_same_property", f"Steps can share up to {MAX_HELD} different properties.", "Use fewer."
            )
        self._check_optional()
        self._check_exclusions()

    def _check_optional(self) -> None:
        optional = [step.optional for step in self.steps]
        if not any(optional):
            return
        if optional[0]:
            raise UserError("bad_optional", "The first step cannot be optional: it starts the attempt.", "Swap steps.")
        if self.order == "any":
            raise UserError("bad_optional", "With steps in any order none can be optional.", "Remove “optional”.")
        if sum(optional) > MAX_OPTIONAL or optional.count(False) < 1:
            raise UserError("bad_optional", f"At most {MAX_OPTIONAL} steps can be optional.", "Make some required.")

    def _check_exclusions(self) -> None:
        if len(self.exclusions) > MAX_EXCLUSIONS:
            raise UserError("invalid_exclusion", f"At most {MAX_EXCLUSIONS} events can be excluded.", "Remove some.")
        last = len(self.steps) - 1
        for item in self.exclusions:
            if not 0 <= item.from_step < item.to_step <= last:
                raise UserError(
                    "invalid_exclusion",
                    "An excluded event lies between a step and a later one of the same funnel.",
                    f"Choose steps between 1 and {last + 1}, the first before the second.",
                )
            if self.order == "any" and (item.from_step, item.to_step) != (0, last):
                raise UserError(
                    "invalid_exclusion",
                    "With steps in any order an excluded event is excluded from the first to the last step.",
                    "Choose the first and the last step.",
                )

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> FunnelQuery:
        """From the options of an insight or :meth:`to_json`. steps: event names or objects with event, where,
        optional, name. window: "14 days", seconds, or None / "none"; window_seconds is the same in seconds. Raises
        UserError that says what is wrong."""
        unknown = sorted(set(options) - {*OPTIONS, "window_seconds", "unknown_event"})
        if unknown:
            raise UserError(
                "unknown_option", f"There is no option {', '.join(unknown)} here.", f"It has: {', '.join(OPTIONS)}."
            )
        window = options.get("window_seconds", options.get("window", DEFAULT_WINDOW))
        return cls(
            steps=tuple(_step(item) for item in _items(options.get("steps"), "steps")),
            order=str(options.get("order", "ordered")),
            window_seconds=seconds_of(window),
            attempt=str(options.get("attempt", "best")),
            exclusions=tuple(_exclusion(item) for item in _items(options.get("exclusions") or (), "exclusions")),
            same_property=texts(options.get("same_property") or (), "same_property"),
            grace_seconds=whole(options.get("grace_seconds", 0), "grace_seconds", 0, MAX_GRACE),
            immature=str(options.get("immature", "leave_out")),
            unknown_event=str(options.get("unknown_event", "error")),
        )

    def to_json(self) -> dict[str, Any]:
        """JSON-ready and complete; ``from_options`` reads it."""
        return {
            "steps": [step.to_json() for step in self.steps],
            "order": self.order,
            "window_seconds": self.window_seconds,
            "attempt": self.attempt,
            "exclusions": [item.to_json() for item in self.exclusions],
            "same_property": list(self.same_property),
            "grace_seconds": self.grace_seconds,
            "immature": self.immature,
            "unknown_event": self.unknown_event,
        }

    def check(self, dataset: Dataset) -> None:
        """Raise UserError (``unknown_event``, ``unknown_property``) for what never occurs in the dataset."""
        if self.unknown_event == "allow":
            return
        for selector in (*(s.selector for s in self.steps), *(e.selector for e in self.exclusions)):
            selector.check(dataset)
        for name in self.same_property:
            Selector(None, ((name, ("",)),)).check(dataset)

    @property
    def labels(self) -> list[str]:
        return [step.label for step in self.steps]

    @property
    def last(self) -> int:
        return len(self.steps) - 1

    def step_before(self, step: int) -> int:
        """The step a rate "of the previous" refers to: the nearest required one before."""
        return max(k for k in range(step) if not self.steps[k].optional)


@dataclass(frozen=True)
class Breakdown:
    """Groups of a funnel. attribution: an ATTRIBUTIONS key; step: for "step"."""

    property: str
    attribution: str = "first_touch"
    step: int = 0

    def __post_init__(self) -> None:
        _one_of("attribution", self.attribution, ATTRIBUTIONS)


def check_steps(query: FunnelQuery, from_step: int, to_step: int | None) -> tuple[int, int]:
    """The two steps, the last one by default. Raises UserError unless 0 <= from_step < to_step <= last."""
    first = whole(from_step, "from_step", 0, query.last)
    last = query.last if to_step is None else whole(to_step, "to_step", 0, query.last)
    if not 0 <= first < last <= query.last:
        raise UserError(
            "bad_step", "The two steps do not lie one after the other in this funnel.", "Choose two others."
        )
    return first, last


def seconds_of(window: Any) -> int | None:
    """Seconds of "14 days", "36 h", 3600 or None / "none". A month has 30 days. Raises UserError otherwise."""
    if window is None or (isinstance(window, str) and window.strip().lower() in ("", "none")):
        return None
    if isinstance(window, int | float) and not isinstance(window, bool) and float(window).is_integer():
        return int(window)
    if isinstance(window, str):
        match = _SPAN.fullmatch(window.lower())
        unit = match[2] if match else ""
        unit = _SHORT.get(unit, unit.removesuffix("s"))
        if match and unit in UNITS:
            return int(match[1]) * UNITS[unit]
        if window.strip().isdigit():
            return int(window)
    raise UserError(
        "bad_window", "This is not a length of time.", f"Write it like “14 days”; units: {', '.join(UNITS)}."
    )


def _step(item: Any) -> Step:
    if isinstance(item, Step):
        return item
    extra = item if isinstance(item, Mapping) else {}
    return Step(Selector.from_json(item), bool(extra.get("optional", False)), str(extra.get("name") or ""))


def _exclusion(item: Any) -> Exclusion:
    if isinstance(item, Exclusion):
        return item
    if not isinstance(item, Mapping):
        raise UserError("invalid_exclusion", "An excluded event needs an event and two steps.", "Choose them.")
    try:
        first, last = (whole(item.get(name), name, 0, MAX_STEPS) for name in ("from_step", "to_step"))
    except UserError:
        hint = "Choose two steps."
        raise UserError("invalid_exclusion", "The steps of an excluded event are not numbers.", hint) from None
    return Exclusion(Selector.from_json(item), first, last)


def _items(given: Any, name: str) -> list[Any]:
    """A list, or the JSON text of one (as in a URL)."""
    if isinstance(given, str) and given.startswith("["):
        try:
            given = json.loads(given)
        except ValueError:
            given = None
    if not isinstance(given, list | tuple):
        raise UserError("bad_steps", f"“{name}” is not a list.", "Write it as a list of events.")
    return list(given)


def _one_of(name: str, value: str, known: Any) -> None:
    if value not in known:
        raise UserError("unknown_option", f"There is no {name} “{value}”.", f"Choose one of: {', '.join(known)}.")
