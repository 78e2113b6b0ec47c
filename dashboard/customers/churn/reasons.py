"""Why a probability is what it is, in words: contributions of groups of features, and a sentence for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboard.customers.churn.learned import Learned
from dashboard.customers.churn.table import Column, Table

Floats = npt.NDArray[np.float64]
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


def contributions(found: Learned, index: npt.NDArray[np.int64]) -> tuple[tuple[str, ...], Floats]:
    """(groups, float64[people, groups]) of people of ``found.now``; no groups without a model."""
    if found.trained is None:
        return (), np.zeros((len(index), 0))
    groups = found.now.groups
    return groups, found.trained.model.contributions(found.now.X[index], groups)


def typical(table: Table) -> Floats:
    """The median of each feature over the people at risk."""
    return np.array([np.nanmedian(column) if not np.isnan(column).all() else np.nan for column in table.X.T])


def top_reasons(found: Learned, index: npt.NDArray[np.int64], count: int = 3) -> list[list[Reason]]:
    """The strongest reasons for leaving of each person, strongest first; fewer where fewer speak for it."""
    groups, parts = contributions(found, index)
    if not groups:
        return [[] for _ in index]
    usual, order = typical(found.now), np.argsort(-parts, axis=1, kind="stable")[:, :count]
    return [
        [
            Reason(groups[g], sentence(found, int(person), groups[g], usual, raises=True), float(parts[i, g]))
            for g in order[i]
            if parts[i, g] > SMALL
        ]
        for i, person in enumerate(index)
    ]


def all_reasons(found: Learned, person: int) -> list[Reason]:
    """Every group that matters for one person of ``found.now``, by the size of its effect."""
    groups, parts = contributions(found, np.array([person]))
    usual = typical(found.now)
    order = sorted(range(len(groups)), key=lambda g: -abs(float(parts[0, g])))
    return [
        Reason(groups[g], sentence(found, person, groups[g], usual, raises=parts[0, g] > 0), float(parts[0, g]))
        for g in order
        if abs(parts[0, g]) > SMALL
    ]


def sentence(found: Learned, person: int, group: str, usual: Floats, *, raises: bool) -> str:
    """What is known of a person about a group of features, with what is usual."""
    table = found.now
    places = [j for j, column in enumerate(table.columns) if column.group == group]
    place = _telling(table, places, person, usual)
    return words(table, table.columns[place], place, person, usual, found)


def _telling(table: Table, places: Sequence[int], person: int, usual: Floats) -> int:
    """The feature of a group to speak about: the value that a text column has, else the first that is known and
    differs from what is usual."""
    for j in places:
        if table.columns[j].kind == "level" and table.X[person, j] == 1:
            return j
    known = [j for j in places if not np.isnan(table.X[person, j])]
    return next((j for j in known if table.X[person, j] != usual[j]), known[0] if known else places[0])


def words(table: Table, column: Column, place: int, person: int, usual: Floats, found: Learned) -> str:
    """One feature of one person as a sentence without a full stop."""
    value, common = float(table.X[person, place]), float(usual[place])
    act = found.spec.act if found.spec is not None else "activity"
    if np.isnan(value):
        return f"{column.label}: not known"
    if column.kind in ("silence", "overdue"):
        return _silence(table, person, act, found)
    if column.kind == "change":
        return _change(table, person, found)
    if column.kind == "tenure":
        return f"known for {number(value)} days (typical: {number(common)})"
    if column.kind == "level":
        text = column.label if value == 1 else f"{column.group}: not {column.label.removeprefix(column.group + ': ')}"
        return text
    if column.kind == "flag":
        return f"{column.label}: {'yes' if value else 'no'}"
    return f"{_lower(column.label)}: {number(value)} (typical: {number(common)})"


def _silence(table: Table, person: int, act: str, found: Learned) -> str:
    silence = next(float(table.X[person, j]) for j, c in enumerate(table.columns) if c.kind in ("silence", "overdue"))
    place = next((j for j, c in enumerate(table.columns) if c.kind == "silence"), None)
    gap = float(table.words["gap"][person]) if "gap" in table.words else float("nan")
    days = float(table.X[person, place]) if place is not None else silence * gap
    what = "order" if act == "order" else "visit"
    ending = f" (usual: every {number(gap)})" if not np.isnan(gap) else ""
    if days < 1:
        return f"last {what} today{ending}"
    return f"no {what} for {number(days)} day{'s' if round(days) != 1 else ''}{ending}"


def _change(table: Table, person: int, found: Learned) -> str:
    now, before = (float(table.words[name][person]) for name in ("window", "before"))
    what = "order days" if found.spec is not None and found.spec.shop else "active days"
    if now == before:
        return f"{number(now)} {what} in {found.window} days, as many as before"
    verb = "fell" if now < before else "rose"
    return f"{what} {verb} from {number(before)} to {number(now)} in {found.window} days"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:] if len(text) > 1 and text[1:2].islower() else text


def number(value: float) -> str:
    """A number for a sentence: whole from 10 on, else one decimal where needed."""
    if abs(value) >= 10 or float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:.1f}"


def driver_sentence(column: Column, more: bool) -> str:
    """What more of a feature goes with, over all people."""
    label = column.label
    goes = "leave more often" if more else "leave less often"
    if column.kind == "level":
        return f"People with {label} {goes}."
    if column.kind == "flag":
        return f"People with {label}: yes {goes}."
    opening = {
        "silence": "The longer somebody has been silent",
        "overdue": "The longer somebody has been silent against their own rhythm",
        "change": "The more active somebody has become",
        "tenure": "The longer somebody has been known",
    }.get(column.kind, f"The higher “{label}”")
    return f"{opening}, the {'more' if more else 'less'} likely they leave."
