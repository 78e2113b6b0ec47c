"""Features in plain sentences, for one person and over all people."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.customers.churn.learned import Learned
from dashboard.customers.churn.table import Column, Table

Floats = npt.NDArray[np.float64]


def typical(table: Table) -> Floats:
    """The median of each feature over the people at risk, NaN where nothing is known."""
    return np.array([np.nan if np.isnan(column).all() else np.nanmedian(column) for column in table.X.T])


def credible(table: Table, place: int, person: int, effect: float) -> bool:
    """Whether a feature may be given as a reason in that direction. Being active later or earlier than usual is one
    only when it points the way everybody expects: other features can turn the sign of a small remainder."""
    if table.columns[place].kind not in ("silence", "overdue"):
        return True
    late = float(table.words["silence"][person]) > float(table.words["gap"][person])
    return late == (effect > 0)


def of_person(found: Learned, place: int, person: int, usual: float, effect: float) -> str:
    """One feature of one person, with what is usual, without a full stop. effect: which way it speaks."""
    table, column = found.now, found.now.columns[place]
    value = float(table.X[person, place])
    label = column.label if column.source else column.label[:1].lower() + column.label[1:]
    if np.isnan(value):
        return f"{label}: not known"
    if column.kind in ("silence", "overdue"):
        return _silence(found, person)
    if column.kind == "days" and "before" in table.words:
        return _days(found, person, effect, f"{label}: {number(value)} (typical: {number(usual)})")
    if column.kind == "tenure":
        return f"known for {number(value)} days (typical: {number(usual)})"
    if column.kind == "level":
        return column.label if value == 1 else f"{column.group}: not {column.label.removeprefix(column.group + ': ')}"
    if column.kind == "flag":
        return f"{label}: {'yes' if value else 'no'}"
    if column.kind == "share":
        return f"{label}: {value:.0%} (typical: {usual:.0%})"
    return f"{label}: {number(value)} (typical: {number(usual)})"


def _silence(found: Learned, person: int) -> str:
    silence, gap = (float(found.now.words[name][person]) for name in ("silence", "gap"))
    what = "order" if found.spec is not None and found.spec.shop else "visit"
    ending = f" (usual: every {number(gap)})" if not np.isnan(gap) else ""
    if silence < 1:
        return f"last {what} today{ending}"
    return f"no {what} for {number(silence)} {'day' if round(silence) == 1 else 'days'}{ending}"


def _days(found: Learned, person: int, effect: float, otherwise: str) -> str:
    """How the number of active days changed; ``otherwise`` where it did not change the way that the effect points."""
    now, before = (float(found.now.words[name][person]) for name in ("window", "before"))
    if now == before or (now < before) != (effect > 0):
        return otherwise
    what = "order days" if found.spec is not None and found.spec.shop else "active days"
    return f"{what} {'fell' if now < before else 'rose'} from {number(before)} to {number(now)} in {found.window} days"


def of_everybody(column: Column, more: bool) -> str:
    """What more of a feature goes with, over all people."""
    if column.kind in ("level", "flag"):
        text = f"{column.label}: yes" if column.kind == "flag" else column.label
        return f"People with “{text}” leave {'more' if more else 'less'} often."
    opening = {
        "silence": "The longer somebody has been silent",
        "overdue": "The longer somebody has been silent against their own rhythm",
        "tenure": "The longer somebody has been known",
        "count": f"The more {column.label[:1].lower()}{column.label[1:]}",
    }.get(column.kind, f"The higher “{column.label}”")
    return f"{opening}, the {'more' if more else 'less'} likely they leave."


def number(value: float) -> str:
    """A number for a sentence: whole from 10 on, else one decimal where needed."""
    value = round(value, 0 if abs(value) >= 10 else 1) + 0.0  # no -0
    return f"{value:,.0f}" if value.is_integer() else f"{value:.1f}"
