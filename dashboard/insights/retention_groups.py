"""The groups of persons that curves are broken down by, restricted to the persons that the filters let through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboard.insights import groups as person_groups
from dashboard.insights import where
from dashboard.insights.active_days import TABLE
from dashboard.insights.view import View
from dashboard.store.partition import Partition

Int32 = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Groups:
    """names: of the groups, ("",) without a breakdown. codes: as in :class:`dashboard.insights.groups.Groups`."""

    names: tuple[str, ...]
    codes: tuple[Int32, ...] = ()

    def of(self, view: View, partition: Partition) -> Int32:
        """int32[n_users]: the group of each person, -1 for persons that the filters leave out."""
        people = where.persons(view, partition, TABLE)
        if not self.codes:
            return people.astype(np.int32) - 1
        chosen: Int32 = np.where(people > 0, self.codes[partition.index], np.int32(-1)).astype(np.int32)
        return chosen


def groups_of(view: View, breakdown: str, top: int) -> Groups:
    """The groups of a breakdown (:mod:`dashboard.insights.groups`), one for everybody without.

    Raises CannotAnswer where the data have no such column, NotFound for an unknown segment.
    """
    if not breakdown:
        return Groups(("",))
    found = person_groups.groups_of(view, breakdown, top=top)
    return Groups(found.labels, found.codes)
