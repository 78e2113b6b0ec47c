"""Why a probability is what it is: contributions of groups of features, for single persons and over everybody."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboard.customers.churn import words
from dashboard.customers.churn.learned import Learned

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
SMALL = 0.05  # log-odds; a smaller contribution is no reason


@dataclass(frozen=True)
class Reason:
    """group: of features. text: what is known of the person. effect: what it adds to the log-odds of leaving, against
    the average person; above 0 it speaks for leaving."""

    group: str
    text: str
    effect: float

    @property
    def raises(self) -> bool:
        return self.effect > 0


def contributions(found: Learned, index: Ints) -> tuple[tuple[str, ...], Floats]:
    """(groups, float64[people, groups]) of people of ``found.now``; no groups without a model."""
    if found.trained is None:
        return (), np.zeros((len(index), 0))
    groups = found.now.groups
    return groups, found.trained.model.contributions(found.now.X[index], groups)


def top_reasons(found: Learned, index: Ints, count: int = 3) -> list[list[Reason]]:
    """The strongest reasons for leaving of each person, strongest first; fewer where fewer speak for it."""
    ranked = _Ranked(found, index)
    return [ranked.reasons(i, np.argsort(-row, kind="stable"), SMALL, count) for i, row in enumerate(ranked.parts)]


def all_reasons(found: Learned, person: int) -> list[Reason]:
    """Every group that matters for one person of ``found.now``, for leaving or against it, by the size of its
    effect."""
    ranked = _Ranked(found, np.array([person]))
    order = np.argsort(-np.abs(ranked.parts[0]), kind="stable")
    return ranked.reasons(0, order, -np.inf, len(order))


class _Ranked:
    """Contributions of some people, with what is needed to speak about them."""

    def __init__(self, found: Learned, index: Ints) -> None:
        self.found, self.index = found, index
        self.groups, self.parts = contributions(found, index)
        self.usual = words.typical(found.now)
        self.places = [[j for j, c in enumerate(found.now.columns) if c.group == group] for group in self.groups]
        self.single = found.trained.model.parts(found.now.X[index]) if found.trained is not None else None

    def reasons(self, i: int, order: Ints, above: float, count: int) -> list[Reason]:
        """The first groups of ``order`` whose effect counts, in words."""
        said: list[Reason] = []
        for g in order:
            effect = float(self.parts[i, g])
            if len(said) == count or (effect <= above and above > 0):
                break
            if abs(effect) <= SMALL:
                continue
            place = self._place(i, self.places[g], effect)
            if words.credible(self.found.now, place, int(self.index[i]), effect):
                text = words.of_person(self.found, place, int(self.index[i]), float(self.usual[place]), effect)
                said.append(Reason(self.groups[g], text, effect))
        return said

    def _place(self, i: int, places: list[int], effect: float) -> int:
        """The feature of a group to speak about: the value that a text column has; else the one that moves most in the
        direction of the group; else the first that is not usual."""
        table, person = self.found.now, int(self.index[i])
        for j in places:
            if table.columns[j].kind == "level" and table.X[person, j] == 1:
                return j
        single = self.single
        if single is not None:
            return max(places, key=lambda j: float(single[i, j]) * (1 if effect > 0 else -1))
        known = [j for j in places if not np.isnan(table.X[person, j])]
        return next((j for j in known if table.X[person, j] != self.usual[j]), known[0] if known else places[0])
