"""Which group of a breakdown a counted attempt belongs to, and how groups differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.engine import executors
from dashboard.errors import UserError
from dashboard.insights import groups
from dashboard.insights.funnel_attempts import Attempts, Counted
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
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Groups:
    """codes int64[attempts] per partition: position in ``values``. values: texts, "" = missing; by size, largest
    first."""

    codes: tuple[Int64, ...]
    values: tuple[str, ...]

    def position(self, value: str) -> int:
        """Of a group's value, -1 when there is no such group."""
        return self.values.index(value) if value in self.values else -1


def groups_of(view: View, found: Counted, breakdown: Breakdown) -> Groups:
    """The group of every counted attempt. Raises UserError ``unknown_property``."""
    if breakdown.attribution == "profile":
        persons = groups.groups_of(view, breakdown.property, top=MAX_PROFILES)
        here = [codes[part.person] for codes, part in zip(persons.codes, found.parts, strict=True)]
        return _ranked([codes.astype(np.int64) for codes in here], list(persons.labels))

    def read(partition: Partition, part: Attempts) -> npt.NDArray[Any]:
        return _values(partition, _columns(partition, breakdown), breakdown, part.rows, part.person)

    raw = list(executors.threads().map(read, view.dataset.partitions, found.parts))
    distinct, codes = _distinct(raw)
    return _ranked(codes, [_text(view, breakdown.property, value) for value in distinct])


def _distinct(raw: list[npt.NDArray[Any]]) -> tuple[npt.NDArray[Any], list[Int64]]:
    """The distinct values, ascending (NaN is one), and the position of each one among them."""
    if any(values.dtype.kind != "i" for values in raw):
        distinct, codes = np.unique(np.concatenate(raw), return_inverse=True)
        return distinct, np.split(codes, np.cumsum([len(values) for values in raw])[:-1])
    top = max((int(values.max()) for values in raw if len(values)), default=-1)
    occurs = np.sum([np.bincount(values + 1, minlength=top + 2) for values in raw], axis=0) > 0  # codes from -1 on
    position = np.cumsum(occurs) - 1
    return (np.flatnonzero(occurs) - 1).astype(raw[0].dtype), [position[values + 1] for values in raw]


def _ranked(codes: list[Int64], texts: list[str]) -> Groups:
    """The groups that occur, largest first, equal ones by name."""
    size = np.sum([np.bincount(mine, minlength=len(texts)) for mine in codes], axis=0)
    ranked = sorted(np.flatnonzero(size), key=lambda i: (-int(size[i]), texts[i]))
    rank = np.zeros(len(texts), np.int64)
    rank[ranked] = np.arange(len(ranked))
    return Groups(tuple(rank[mine] for mine in codes), tuple(texts[i] for i in ranked))


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
