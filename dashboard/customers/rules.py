"""The rules that put every person into exactly one segment class, as data.

Engagement (Low, Medium, High) times recency (recent, cooling, gone) makes nine cells; each belongs to one class, so
the classes are a partition whatever the limits are. Who gets a discount is a set of (class, level) pairs. The reasons
for the defaults: docs/decisions/0005-engagement-measure.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn, get_args

from dashboard.errors import UserError

SegmentClass = Literal["Loyal", "Regular", "Dormant", "Risky"]
Level = Literal["Low", "Medium", "High"]
Measure = Literal["auto", "usage", "revenue", "active_days"]

CLASSES: Final[tuple[SegmentClass, ...]] = get_args(SegmentClass)
LEVELS: Final[tuple[Level, ...]] = get_args(Level)
MEASURES: Final[tuple[Measure, ...]] = get_args(Measure)

DEFAULT_CLASSES: Final[tuple[SegmentClass, ...]] = (
    *("Risky", "Risky", "Risky"),  # Low: recent, cooling, gone
    *("Regular", "Dormant", "Risky"),  # Medium
    *("Loyal", "Dormant", "Risky"),  # High
)
DEFAULT_TARGETS: Final[tuple[tuple[SegmentClass, Level], ...]] = (
    ("Dormant", "Low"),
    ("Dormant", "Medium"),
    ("Dormant", "High"),
    ("Risky", "Medium"),
)
MAX_DAYS: Final = 36_500

_CLASS_LETTER: Final = {"Loyal": "L", "Regular": "G", "Dormant": "D", "Risky": "R"}
_LEVEL_LETTER: Final = {"Low": "L", "Medium": "M", "High": "H"}
_CLASS_OF: Final = {letter: name for name, letter in _CLASS_LETTER.items()}
_LEVEL_OF: Final = {letter: name for name, letter in _LEVEL_LETTER.items()}


@dataclass(frozen=True)
class RuleSet:
    """Engagement levels, recency limits, the class of each cell, and who gets a discount.

    measure: what engagement is; "auto" lets the dataset decide (usage, else net revenue, else active days).
    q_low, q_high: quantiles of engagement over all people (linear interpolation); below the first is Low, below the
    second Medium, from the second on High. cut_low, cut_high: fixed cut-offs instead, in the measure's unit; both or
    none. recent_days, dormant_days: a person is *recent* up to and including ``recent_days`` days after the last
    activity, *cooling* up to and including ``dormant_days``, *gone* after that. classes: nine names, level by level
    (Low, Medium, High), each recent, cooling, gone. targets: the (class, level) pairs that get a discount.

    Raises UserError ("bad_rules") with a sentence for people when the values make no sense.
    """

    measure: Measure = "auto"
    q_low: float = 0.33
    q_high: float = 0.66
    cut_low: float | None = None
    cut_high: float | None = None
    recent_days: int = 60
    dormant_days: int = 120
    classes: tuple[SegmentClass, ...] = DEFAULT_CLASSES
    targets: tuple[tuple[SegmentClass, Level], ...] = DEFAULT_TARGETS

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            _refuse("This measure of engagement is not known.", f"Choose one of: {', '.join(MEASURES)}.")
        self._check_levels()
        self._check_recency()
        if len(self.classes) != 9 or any(name not in CLASSES for name in self.classes):
            _refuse(
                "Each of the nine combinations of engagement and recency needs one class.",
                f"The classes are {', '.join(CLASSES)}.",
            )
        if any(name not in CLASSES or level not in LEVELS for name, level in self.targets):
            _refuse(
                "A discount target is a class together with an engagement level.",
                f"The classes are {', '.join(CLASSES)}; the levels are {', '.join(LEVELS)}.",
            )
        # One canonical form: equal rules are equal objects, have the same link and share a cache entry.
        ordered = sorted(set(self.targets), key=lambda t: (CLASSES.index(t[0]), LEVELS.index(t[1])))
        object.__setattr__(self, "targets", tuple(ordered))

    def _check_levels(self) -> None:
        if not all(_is_number(value) for value in (self.q_low, self.q_high)) or not 0 < self.q_low < self.q_high < 1:
            _refuse(
                "The engagement quantiles must lie between 0 and 1, and the lower one must be smaller.",
                "The default is 0.33 and 0.66: the lower third, the middle third and the upper third.",
            )
        if (self.cut_low is None) != (self.cut_high is None):
            _refuse("Only one of the two engagement cut-offs is set.", "Set both, or neither to use quantiles.")
        if self.cut_low is None or self.cut_high is None:
            return
        if not (_is_number(self.cut_low) and _is_number(self.cut_high)) or not self.cut_low < self.cut_high:
            _refuse(
                "The lower engagement cut-off must be a number smaller than the upper one.", "For example 300 and 600."
            )

    def _check_recency(self) -> None:
        whole = all(
            isinstance(days, int) and not isinstance(days, bool) for days in (self.recent_days, self.dormant_days)
        )
        if not whole or not 0 <= self.recent_days < self.dormant_days <= MAX_DAYS:
            _refuse(
                f"The recency limits must be whole days from 0 to {MAX_DAYS}, and the first must be the smaller one.",
                "The default is 60 and 120 days.",
            )

    @property
    def fixed(self) -> bool:
        """Fixed cut-offs are in use, not quantiles."""
        return self.cut_low is not None

    def class_of(self, level: Level, band: int) -> SegmentClass:
        """The class of a cell; band 0 recent, 1 cooling, 2 gone."""
        return self.classes[LEVELS.index(level) * 3 + band]

    def is_target(self, level: Level, band: int) -> bool:
        return (self.class_of(level, band), level) in self.targets

    def bands(self) -> tuple[str, str, str]:
        """The three recency bands in words."""
        first = "0 days" if self.recent_days == 0 else f"0–{self.recent_days} days"
        middle = self.recent_days + 1
        second = _days(middle) if middle == self.dormant_days else f"{middle}–{_days(self.dormant_days)}"
        return first, second, f"more than {_days(self.dormant_days)}"

    def target_groups(self) -> tuple[tuple[SegmentClass, tuple[Level, ...]], ...]:
        """The targets per class, leaving out pairs that no cell has: (("Dormant", ("Medium", "High")), …)."""
        groups = []
        for name in CLASSES:
            levels = tuple(level for level in self.levels_of(name) if (name, level) in self.targets)
            if levels:
                groups.append((name, levels))
        return tuple(groups)

    def levels_of(self, name: SegmentClass) -> tuple[Level, ...]:
        """The engagement levels that occur in a class."""
        return tuple(level for level in LEVELS if any(self.class_of(level, band) == name for band in range(3)))

    def to_text(self) -> str:
        """A short text for a link; "" for the default rules. Only characters that a URL keeps as they are."""
        default = RuleSet()
        parts = []
        if self.measure != default.measure:
            parts.append(f"e{MEASURES.index(self.measure)}")
        if (self.q_low, self.q_high) != (default.q_low, default.q_high):
            parts.append(f"q{self.q_low!r}~{self.q_high!r}")
        if self.cut_low is not None:
            parts.append(f"c{self.cut_low!r}~{self.cut_high!r}")
        if (self.recent_days, self.dormant_days) != (default.recent_days, default.dormant_days):
            parts.append(f"d{self.recent_days}~{self.dormant_days}")
        if self.classes != default.classes:
            parts.append("m" + "".join(_CLASS_LETTER[name] for name in self.classes))
        if self.targets != default.targets:
            parts.append("t" + "-".join(_CLASS_LETTER[name] + _LEVEL_LETTER[level] for name, level in self.targets))
        return "_".join(parts).replace("e+", "e")  # a plus sign would be a space in a link

    @classmethod
    def from_text(cls, text: str) -> RuleSet:
        """The inverse of :meth:`to_text`. Raises UserError ("bad_rules") for anything else."""
        values: dict[str, Any] = {}
        try:
            for part in text.split("_") if text else ():
                values.update(_read_part(part[0], part[1:]))
        except (ValueError, KeyError, IndexError, OverflowError):
            _refuse("The rules in this link cannot be read.", "Open the page without them, or ask for a new link.")
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        return {
            "measure": self.measure,
            "q_low": self.q_low,
            "q_high": self.q_high,
            "cut_low": self.cut_low,
            "cut_high": self.cut_high,
            "recent_days": self.recent_days,
            "dormant_days": self.dormant_days,
            "classes": list(self.classes),
            "targets": [list(pair) for pair in self.targets],
        }

    @classmethod
    def from_json(cls, data: Any) -> RuleSet:
        """The inverse of :meth:`to_json`; missing keys have their default. Raises UserError ("bad_rules")."""
        if not isinstance(data, dict) or set(data) - set(RuleSet().to_json()):
            _refuse("These rules have an unknown form.", "Reset the rules to their defaults.")
        values = dict(data)
        try:
            if "classes" in values:
                values["classes"] = tuple(str(name) for name in _sequence(values["classes"]))
            if "targets" in values:
                values["targets"] = tuple(_pair(pair) for pair in _sequence(values["targets"]))
            for name in ("recent_days", "dormant_days"):  # a form sends 60.0 for 60
                if isinstance(values.get(name), float) and values[name].is_integer():
                    values[name] = int(values[name])
            return cls(**values)
        except (TypeError, ValueError):
            _refuse("These rules have an unknown form.", "Reset the rules to their defaults.")


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _refuse(message: str, hint: str) -> NoReturn:
    raise UserError("bad_rules", message, hint)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _sequence(value: object) -> Iterable[object]:
    if not isinstance(value, list | tuple):
        raise ValueError("expected a list")
    return value


def _pair(value: object) -> tuple[str, str]:
    first, second = _sequence(value)
    return str(first), str(second)


def _read_part(key: str, rest: str) -> dict[str, Any]:
    if key == "e":
        return {"measure": MEASURES[int(rest)]}
    if key == "m":
        return {"classes": tuple(_CLASS_OF[letter] for letter in rest)}
    if key == "t":
        pairs = rest.split("-") if rest else []
        return {"targets": tuple((_CLASS_OF[pair[0]], _LEVEL_OF[pair[1:]]) for pair in pairs)}
    first, second = rest.split("~")
    if key == "d":
        return {"recent_days": int(first), "dormant_days": int(second)}
    names = {"q": ("q_low", "q_high"), "c": ("cut_low", "cut_high")}[key]
    return dict(zip(names, (float(first), float(second)), strict=True))


def class_name(text: str) -> SegmentClass:
    """The class of that name. Raises UserError ("bad_rules")."""
    if text not in CLASSES:
        _refuse("This segment does not exist.", f"The segments are {', '.join(CLASSES)}.")
    return text
