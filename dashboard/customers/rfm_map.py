"""Which segment a pair of scores means: a complete 5 × 5 grid, kept as data.

A grid cannot leave a code without a name or give it two, which tables of ranges do. Rows are recency 5 to 1 (5 = bought
most recently), columns frequency 1 to 5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.errors import UserError

Scores = npt.NDArray[np.int8]
SCORES = (1, 2, 3, 4, 5)
MAX_NAME, MAX_ACTION = 40, 300

CHAMPIONS, LOYAL, POTENTIAL = "Champions", "Loyal", "Potential Loyalists"
NEW, PROMISING, ATTENTION = "New Customers", "Promising", "Need Attention"
SLEEPY, AT_RISK, CANNOT_LOSE = "About To Sleep", "At Risk", "Can't Lose Them"
HIBERNATING, LOST = "Hibernating", "Lost"

DEFAULT_GRID: tuple[tuple[str, ...], ...] = (
    (NEW, POTENTIAL, POTENTIAL, CHAMPIONS, CHAMPIONS),
    (PROMISING, POTENTIAL, POTENTIAL, LOYAL, LOYAL),
    (SLEEPY, SLEEPY, ATTENTION, LOYAL, LOYAL),
    (HIBERNATING, HIBERNATING, AT_RISK, AT_RISK, CANNOT_LOSE),
    (LOST, LOST, AT_RISK, AT_RISK, CANNOT_LOSE),
)

ACTIONS: dict[str, str] = {
    CHAMPIONS: "Thank them, show new things first and ask for reviews; they need no discount.",
    LOYAL: "Offer a loyalty programme or the next bigger product; ask what would make it better.",
    POTENTIAL: "Recommend what buyers like them bought next, and make the next order easy.",
    NEW: "Welcome them, explain the product and lead them to a second order within the first weeks.",
    PROMISING: "Remind them of what they looked at and give a reason for a second order.",
    ATTENTION: "Write now, with something tied to their earlier orders, before they drift away.",
    SLEEPY: "Send a reminder with popular products; a small limited offer may be worth a test.",
    AT_RISK: "Win them back in person or with a tested offer: they used to buy often.",
    CANNOT_LOSE: "Call or write personally and find out what went wrong; they were among the best.",
    HIBERNATING: "Include them in cheap campaigns only and watch what they react to.",
    LOST: "Do not spend much: one last win-back message, then leave them in peace.",
}


@dataclass(frozen=True)
class SegmentMap:
    """grid: five rows (recency 5, 4, 3, 2, 1) of five names (frequency 1 to 5). actions: what to do per name; names of
    the default grid have a sentence already.

    Raises UserError when a cell is missing, has no name, or an action belongs to no segment.
    """

    grid: tuple[tuple[str, ...], ...] = DEFAULT_GRID
    actions: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.grid) != 5 or any(len(row) != 5 for row in self.grid):
            raise _incomplete("has 5 rows of 5 names")
        for row in self.grid:
            for name in row:
                if not isinstance(name, str) or not name.strip() or name != name.strip() or len(name) > MAX_NAME:
                    raise _incomplete(f"has a name of 1 to {MAX_NAME} characters in every cell")
        if any(name not in self.names for name in self.actions):
            raise UserError("unknown_segment", "An action names a segment that is not on the grid.", "Check its name.")

    @property
    def names(self) -> tuple[str, ...]:
        """The segments, each once: those of the default grid from best to worst, then others as they appear."""
        found = {name for row in self.grid for name in row}
        known = [name for name in ACTIONS if name in found]
        return (*known, *dict.fromkeys(name for row in self.grid for name in row if name not in ACTIONS))

    def name_of(self, recency: int, frequency: int) -> str:
        """The segment of a pair of scores 1 to 5."""
        return self.grid[5 - recency][frequency - 1]

    def action(self, name: str) -> str:
        """What to do with a segment; "" for a name of one's own without a sentence."""
        return self.actions.get(name, ACTIONS.get(name, ""))

    def classify(self, recency: Scores, frequency: Scores) -> Scores:
        """int8: index into :attr:`names` per person. Scores outside 1 to 5 raise IndexError."""
        names = self.names
        table = np.full((6, 6), -1, np.int8)
        for r in SCORES:
            for f in SCORES:
                table[r, f] = names.index(self.name_of(r, f))
        found: Scores = table[recency, frequency]
        if len(found) and found.min() < 0:
            raise IndexError("scores run from 1 to 5")
        return found

    def merged(self, name: str, into: str) -> SegmentMap:
        """The map with one segment merged into another: (Lost, Hibernating) gives the common map of ten."""
        grid = tuple(tuple(into if cell == name else cell for cell in row) for row in self.grid)
        return SegmentMap(grid, {key: text for key, text in self.actions.items() if key != name})

    def to_json(self) -> dict[str, Any]:
        return {"grid": [list(row) for row in self.grid], "actions": dict(self.actions)}


def from_json(data: Mapping[str, Any] | Sequence[Sequence[str]] | None) -> SegmentMap:
    """The inverse of :meth:`SegmentMap.to_json`; a bare grid and nothing (the default) will do. Raises UserError."""
    if not data:
        return SegmentMap()
    grid, actions = (data.get("grid"), data.get("actions") or {}) if isinstance(data, Mapping) else (data, {})
    if not isinstance(grid, list | tuple) or not all(isinstance(row, list | tuple) for row in grid):
        raise _incomplete("has 5 rows of 5 names")
    if not isinstance(actions, Mapping) or not all(isinstance(text, str) for text in actions.values()):
        raise UserError("bad_action", "An action is a sentence per segment.", "Write text.")
    return SegmentMap(tuple(tuple(row) for row in grid), dict(actions))


def _incomplete(wanted: str) -> UserError:
    return UserError(
        "incomplete_map",
        f"A segment map {wanted}; this one does not.",
        "Rows are recency 5 to 1, columns are frequency 1 to 5.",
    )
