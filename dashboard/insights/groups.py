"""Groups of persons to split a number by: a column of the person, a saved segment (in or not), or a rule class.

``groups_of(view, breakdown)``; breakdown is ``segment:<id>``, ``class``, ``engagement``, ``recency``, ``age_band`` or
the name of a column of the users. Every person is in exactly one group, so what is counted per group adds up to the
total over persons; rows of guests are in none.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dashboard.customers.rules import CLASSES, RuleSet
from dashboard.customers.segment_apply import applied
from dashboard.customers.segments import classify, no_dates
from dashboard.errors import NotFound
from dashboard.insights import users
from dashboard.insights.view import View

SEGMENT = "segment:"
CLASS = "class"
MISSING, OTHER = "", "Other"
Codes = npt.NDArray[np.int32]


class Groups(NamedTuple):
    """labels: names of the groups; "" is the group of persons without a value, "Other" (last, where there are more
    values than asked for) the rest. codes: int32[n_users] per partition, position in ``labels`` of each person."""

    labels: tuple[str, ...]
    codes: tuple[Codes, ...]


def groups_of(view: View, breakdown: str, *, top: int = 20, rules: RuleSet | None = None) -> Groups:
    """The groups of a breakdown.

    top: groups of a column, largest first (counted over everybody, so a filter never changes them); the rest is
    "Other". Classes, levels and bands keep their own order and are never folded. rules: of the classes; default
    ``RuleSet()``. Raises NotFound for an unknown segment, CannotAnswer where the data have no such column.
    """
    if breakdown.startswith(SEGMENT):
        return _segment(view, breakdown.removeprefix(SEGMENT))
    if breakdown == CLASS:
        return _classes(view, rules or RuleSet())
    if breakdown in users.DERIVED:
        texts, codes, _ = users.DERIVED[breakdown][1](view)
        return _with_missing(view, texts, codes)
    texts, codes, _ = users.column_groups(view, breakdown)
    return _most_frequent(view, texts, codes, max(1, top))


def _segment(view: View, segment_id: str) -> Groups:
    found = applied(view, segment_id)
    if found.members is None:
        raise NotFound("segment")
    codes = tuple((1 - part.astype(np.int32)).astype(np.int32) for part in found.members)
    return Groups((found.name, f"Not {found.name}"), codes)


def _classes(view: View, rules: RuleSet) -> Groups:
    if not view.dated:
        raise no_dates()
    people = users.everybody(view)
    found = classify(people.values(people.measure(rules.measure)), people.values("recency_days"), rules)
    codes = np.empty(len(people), np.int32)
    codes[people.frame["row"].to_numpy()] = found.segment
    return Groups(CLASSES, _by_partition(view, codes))


def _with_missing(view: View, texts: tuple[str, ...], codes: npt.NDArray[np.int64]) -> Groups:
    if (codes < 0).any():
        return Groups((*texts, MISSING), _by_partition(view, np.where(codes < 0, len(texts), codes).astype(np.int32)))
    return Groups(texts, _by_partition(view, codes.astype(np.int32)))


def _most_frequent(view: View, texts: tuple[str, ...], codes: npt.NDArray[np.int64], top: int) -> Groups:
    names = (MISSING, *texts)
    counts = np.bincount(codes + 1, minlength=len(names))
    order = [int(i) for i in np.lexsort((np.arange(len(names)), -counts)) if counts[i]]
    position = np.full(len(names), top, np.int32)
    position[order[:top]] = np.arange(min(top, len(order)), dtype=np.int32)
    labels = tuple(names[i] for i in order[:top])
    return Groups((*labels, OTHER) if len(order) > top else labels, _by_partition(view, position[codes + 1]))


def _by_partition(view: View, codes: Codes) -> tuple[Codes, ...]:
    ends = np.cumsum([partition.n_users for partition in view.dataset.partitions])
    parts = tuple(np.ascontiguousarray(part) for part in np.split(codes, ends[:-1]))
    return parts
