"""Which group of a breakdown a counted attempt belongs to, and how groups differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.errors import UserError
from dashboard.insights import groups
from dashboard.insights.funnel_attempts import Counted
from dashboard.insights.funnel_match import NEVER
from dashboard.insights.funnel_query import Breakdown
from dashboard.insights.selector import TABLE, property_of
from dashboard.insights.view import View
from dashboard.jit import kernel
from dashboard.statistics.intervals import difference
from dashboard.statistics.multiple import benjamini_hochberg
from dashboard.store.partition import Columns, Partition

NONE = "(none)"  # how the group without a value is shown
FALSE_DISCOVERY = 0.05
MAX_PROFILES = 500  # groups of a profile column that are told apart
MIN_PERSONS = 5  # of a group, below which a difference is not tested


@dataclass(frozen=True)
class Groups:
    """code int64[attempts]: position in ``values``. values: texts, "" = missing; by size, largest first."""

    code: npt.NDArray[np.int64]
    values: tuple[str, ...]


def groups_of(view: View, found: Counted, breakdown: Breakdown) -> Groups:
    """The group of every counted attempt. Raises UserError ``unknown_property``."""
    if breakdown.attribution == "profile":
        return _profile(view, found, breakdown.property)
    raw: list[npt.NDArray[Any]] = []
    begin = 0
    for partition in view.dataset.partitions:  # the attempts lie in the order of the partitions
        end = begin + int(np.count_nonzero(found.part == partition.index))
        columns = _columns(partition, breakdown)
        raw.append(_values(partition, columns, breakdown, found.rows[begin:end], found.person[begin:end]))
        begin = end
    values = np.concatenate(raw) if raw else np.zeros(0, np.int32)
    distinct, codes = _distinct(values)
    texts = [_text(view, breakdown.property, value) for value in distinct]
    return _ranked(codes, texts)


def _distinct(values: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """The distinct values, ascending (NaN is one), and the position of each one among them."""
    if values.dtype.kind != "i":
        distinct, codes = np.unique(values, return_inverse=True)
        return distinct, codes
    occurs = np.bincount(values + 1) > 0  # codes from -1 on
    position = np.cumsum(occurs) - 1
    return (np.flatnonzero(occurs) - 1).astype(values.dtype), position[values + 1]


def _profile(view: View, found: Counted, name: str) -> Groups:
    """Groups of the persons themselves, as on every other page."""
    persons = groups.groups_of(view, name, top=MAX_PROFILES)
    starts = np.cumsum([0, *(len(codes) for codes in persons.codes)])
    codes = np.concatenate(persons.codes)[starts[found.part] + found.person].astype(np.int64)
    return _ranked(codes, list(persons.labels))


def _ranked(codes: npt.NDArray[np.int64], texts: list[str]) -> Groups:
    """The groups that occur, largest first, equal ones by name."""
    size = np.bincount(codes, minlength=len(texts))
    ranked = sorted(np.flatnonzero(size), key=lambda i: (-int(size[i]), texts[i]))
    rank = np.zeros(len(texts), np.int64)
    rank[ranked] = np.arange(len(ranked))
    return Groups(rank[codes], tuple(texts[i] for i in ranked))


def _columns(partition: Partition, breakdown: Breakdown) -> Columns:
    columns = property_of(partition, breakdown.property)
    if columns is None:
        raise UserError(
            "unknown_property",
            f"The events and the users have no property “{breakdown.property}” that groups could be made of.",
            "Choose one of the columns on the data page.",
        )
    return columns


def _values(
    partition: Partition,
    columns: Columns,
    breakdown: Breakdown,
    rows: npt.NDArray[np.int32],
    person: npt.NDArray[np.int32],
) -> npt.NDArray[Any]:
    column = columns.column(breakdown.property)
    if columns is not partition.table(TABLE):
        return column[person]
    if breakdown.attribution == "all_steps":
        return column[rows[:, 0]]  # the entry has the value that all steps have
    missing = np.nan if column.dtype == np.float64 else -1
    if breakdown.attribution == "step":
        at = rows[:, breakdown.step]
        here: npt.NDArray[Any] = np.where(at >= 0, column[at], column.dtype.type(missing))
        return here
    if column.dtype == np.int32:
        known_first = np.empty(len(rows), np.int32)
        first_known(column, rows, breakdown.attribution == "last_touch", known_first)
        return known_first
    on_the_way = np.where(rows >= 0, column[rows], column.dtype.type(missing))
    known = on_the_way == on_the_way if column.dtype == np.float64 else on_the_way != -1
    if breakdown.attribution == "last_touch":
        on_the_way, known = on_the_way[:, ::-1], known[:, ::-1]
    first = known.argmax(axis=1)  # 0 when nothing is known: that value is missing too
    chosen: npt.NDArray[Any] = on_the_way[np.arange(len(rows)), first]
    return chosen


def _text(view: View, name: str, value: Any) -> str:
    if isinstance(value, np.floating):
        return "" if value != value else str(int(value)) if float(value).is_integer() else repr(float(value))
    if value < 0:
        return ""
    if isinstance(value, np.int8):
        return "true" if value else "false"
    return str(view.dataset.dictionary(name)[value])


@kernel
def first_known(
    column: npt.NDArray[np.int32], rows: npt.NDArray[np.int32], backwards: bool, out: npt.NDArray[np.int32]
) -> None:
    """out[p] = the first code that is not missing at the rows of attempt p in the order of the steps (or the last such
    code), -1 where all are missing."""
    steps = rows.shape[1]
    for p in range(rows.shape[0]):
        out[p] = -1
        for k in range(steps):
            row = rows[p, steps - 1 - k if backwards else k]
            if row >= 0 and column[row] >= 0:
                out[p] = column[row]
                break


@kernel
def count_reached(at: npt.NDArray[np.int64], code: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> None:
    """counts[code[p], k] += 1 for every step k that attempt p reached."""
    for p in range(at.shape[0]):
        for k in range(at.shape[1]):
            counts[code[p], k] += at[p, k] != NEVER


def users_per_step(found: Counted, groups: Groups) -> npt.NDArray[np.int64]:
    """int64[groups, steps]: how many attempts of each group reached each step."""
    counts = np.zeros((len(groups.values), found.at.shape[1]), np.int64)
    count_reached(found.at, groups.code, counts)
    return counts


def differences(shown: list[tuple[str, int, int]]) -> list[dict[str, Any]]:
    """Each group's conversion against that of the first (largest) one: Newcombe's interval, p-value, and q-value over
    all of them (Benjamini–Hochberg).

    shown: (group, entered, converted). Returns JSON-ready entries with group, reference, difference, low, high,
    p_value, q_value and significant (q <= .05); p, q and significant are None for groups of fewer than 5 persons.
    """
    if len(shown) < 2:
        return []
    reference, n0, k0 = shown[0]
    entries: list[dict[str, Any]] = []
    for name, n1, k1 in shown[1:]:
        found = difference(k1, n1, k0, n0)
        tested = min(n0, n1) >= MIN_PERSONS
        entries.append(
            {
                "group": name,
                "reference": reference,
                "difference": found.difference,
                "low": found.low,
                "high": found.high,
                "p_value": found.p_value if tested else None,
            }
        )
    q_values = benjamini_hochberg([np.nan if e["p_value"] is None else e["p_value"] for e in entries])
    for entry, q_value in zip(entries, q_values, strict=True):
        tested = entry["p_value"] is not None
        entry["q_value"] = float(q_value) if tested else None
        entry["significant"] = bool(q_value <= FALSE_DISCOVERY) if tested else None
    return entries
