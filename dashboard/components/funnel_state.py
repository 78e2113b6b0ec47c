"""A funnel as a link carries it: read tolerantly, changed by small steps, written back compactly.

The option ``funnel`` holds JSON with one-letter names, because a funnel of ten steps has to fit into an address:
``{"s": ["visit", ["buy", {"plan": ["Pro"]}, 1]], "w": "7 days"}``. What is the default is not written. Whether events
exist and values are allowed is for the funnel itself to say; here only the shape is checked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

OPTION = "funnel"  # name in the URL
MAX_STEPS = 20
DEFAULT_WINDOW = "14 days"
SEGMENT = "segment:"  # a saved segment as a breakdown
PEOPLE_ONLY = ("class", "engagement", "recency")
Where = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class StepState:
    """event: name, None = any. where: conditions on properties."""

    event: str | None
    where: Where = ()
    optional: bool = False

    @property
    def label(self) -> str:
        return "any event" if self.event is None else self.event

    def to_json(self) -> dict[str, Any]:
        return {"event": self.event, "where": {name: list(values) for name, values in self.where}}


@dataclass(frozen=True)
class ExclusionState:
    """An event that must not happen between two steps (numbered from 0)."""

    step: StepState
    first: int
    last: int


@dataclass(frozen=True)
class FunnelState:
    """What a person chose. window: "14 days" or "none". breakdown: a property, "" = none; at: the step that
    attribution "step" looks at."""

    steps: tuple[StepState, ...]
    order: str = "ordered"
    window: str = DEFAULT_WINDOW
    attempt: str = "best"
    exclusions: tuple[ExclusionState, ...] = ()
    hold: tuple[str, ...] = ()
    grace: int = 0
    immature: str = "leave_out"
    breakdown: str = ""
    attribution: str = "first_touch"
    at: int = 0

    def to_text(self) -> str:
        """The URL option; :func:`read` reads it."""
        plain = FunnelState(())
        made: dict[str, Any] = {"s": [_compact(step) for step in self.steps]}
        texts = {"o": "order", "w": "window", "a": "attempt", "g": "grace", "i": "immature", "b": "breakdown"}
        for letter, name in {**texts, "t": "attribution", "n": "at"}.items():
            if getattr(self, name) != getattr(plain, name):
                made[letter] = getattr(self, name)
        if self.exclusions:
            made["x"] = [[_compact(item.step), item.first, item.last] for item in self.exclusions]
        if self.hold:
            made["h"] = list(self.hold)
        return json.dumps(made, separators=(",", ":"))  # escapes: a link drops what cannot be printed

    def query(self) -> dict[str, Any]:
        """The options of every insight about this funnel."""
        made: dict[str, Any] = {
            "steps": [{**step.to_json(), "optional": step.optional} for step in self.steps],
            "order": self.order,
            "window": self.window,
            "attempt": self.attempt,
        }
        if self.exclusions:
            made["exclusions"] = [
                {**item.step.to_json(), "from_step": item.first, "to_step": item.last} for item in self.exclusions
            ]
        if self.hold:
            made["same_property"] = list(self.hold)
        if self.grace:
            made["grace_seconds"] = self.grace
        if self.immature != "leave_out":
            made["immature"] = self.immature
        return made

    def split(self) -> dict[str, Any]:
        """The options of a breakdown, {} without one."""
        if not self.breakdown:
            return {}
        if self.of_people:
            return {"breakdown": self.breakdown, "attribution": "profile"}
        return {"breakdown": self.breakdown, "attribution": self.attribution, "attribution_step": self.at}

    @property
    def of_people(self) -> bool:
        """Whether the breakdown splits people and events have no such property: a saved segment, a class."""
        return self.breakdown.startswith(SEGMENT) or self.breakdown in PEOPLE_ONLY

    def with_(self, **changes: Any) -> FunnelState:
        return replace(self, **changes)

    def with_step(self, index: int, step: StepState) -> FunnelState:
        """One step replaced; the index after the last one adds a step."""
        steps = list(self.steps)
        steps[index : index + 1] = [step]
        changed = replace(self, steps=tuple(steps[:MAX_STEPS]))
        if len(changed.steps) > len(self.steps):  # "up to the last step" stays that
            moved = tuple(
                replace(item, last=changed.end) if item.last == self.end else item for item in self.exclusions
            )
            changed = replace(changed, exclusions=moved)
        return changed

    def without_step(self, index: int) -> FunnelState:
        """One step less; exclusions keep their place between the steps that remain, or go."""
        if not 0 <= index < len(self.steps):
            return self
        steps = self.steps[:index] + self.steps[index + 1 :]
        kept = []
        for item in self.exclusions:
            first = item.first - (item.first > index)
            last = min(item.last - (item.last >= index), len(steps) - 1)
            if first < last:
                kept.append(replace(item, first=first, last=last))
        return replace(
            self, steps=_first_required(steps), exclusions=tuple(kept), at=min(self.at, max(0, len(steps) - 1))
        )

    def moved(self, index: int, by: int) -> FunnelState:
        """One step moved up (-1) or down (1); exclusions stay where they are."""
        to = index + by
        if not (0 <= index < len(self.steps) and 0 <= to < len(self.steps)):
            return self
        steps = list(self.steps)
        steps[index], steps[to] = steps[to], steps[index]
        return replace(self, steps=_first_required(tuple(steps)))

    def numbered(self, step: int) -> str:
        """A step for people, counted from 1."""
        return f"step {step + 1}, {self.steps[step].label}"

    @property
    def end(self) -> int:
        """Number of the last step."""
        return len(self.steps) - 1


def of_events(events: list[str]) -> FunnelState:
    """A plain funnel of these events with every default."""
    return FunnelState(tuple(StepState(event) for event in events))


def read(text: str) -> FunnelState | None:
    """The state of a URL option; None for a text that is no funnel. Never raises."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, Mapping) or not isinstance(data.get("s"), list) or not data["s"]:
        return None
    steps = [_step(item) for item in data["s"]]
    if len(steps) > MAX_STEPS or any(step is None for step in steps):
        return None
    exclusions = [_exclusion(item, len(steps)) for item in _list(data.get("x"))]
    held = [name for name in _list(data.get("h")) if isinstance(name, str) and name]
    plain = FunnelState(())
    return FunnelState(
        steps=tuple(step for step in steps if step is not None),
        order=_text(data.get("o"), plain.order),
        window=_text(data.get("w"), plain.window),
        attempt=_text(data.get("a"), plain.attempt),
        exclusions=tuple(item for item in exclusions if item is not None),
        hold=tuple(dict.fromkeys(held)),
        grace=_number(data.get("g"), 0, 3_600),
        immature=_text(data.get("i"), plain.immature),
        breakdown=_text(data.get("b"), ""),
        attribution=_text(data.get("t"), plain.attribution),
        at=_number(data.get("n"), 0, len(steps) - 1),
    )


def _compact(step: StepState) -> Any:
    where = {name: list(values) for name, values in step.where}
    if step.optional:
        return [step.event, where, 1]
    return [step.event, where] if where or step.event is None else step.event


def _step(item: Any) -> StepState | None:
    if isinstance(item, str):
        return StepState(item) if item else None
    if not isinstance(item, list) or not 1 <= len(item) <= 3 or not isinstance(item[0], str | None):
        return None
    where = item[1] if len(item) > 1 else {}
    if not isinstance(where, Mapping):
        return None
    conditions = [(name, tuple(v for v in _list(values) if isinstance(v, str))) for name, values in where.items()]
    return StepState(item[0], tuple(sorted((name, v) for name, v in conditions if v)), bool(item[2:] and item[2]))


def _exclusion(item: Any, steps: int) -> ExclusionState | None:
    if not isinstance(item, list) or len(item) != 3:
        return None
    step, (first, last) = _step(item[0]), item[1:]
    whole = all(isinstance(n, int) and not isinstance(n, bool) for n in (first, last))
    return ExclusionState(step, first, last) if step is not None and whole and 0 <= first < last < steps else None


def _first_required(steps: tuple[StepState, ...]) -> tuple[StepState, ...]:
    """The first step starts the attempt, so it cannot be optional."""
    return (replace(steps[0], optional=False), *steps[1:]) if steps and steps[0].optional else steps


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any, default: str) -> str:
    return value if isinstance(value, str) and value else default


def _number(value: Any, low: int, high: int) -> int:
    return min(max(value, low), high) if isinstance(value, int) and not isinstance(value, bool) else low
