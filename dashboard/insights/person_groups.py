"""People in groups by a column of the users: which group each one belongs to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dashboard.errors import UserError
from dashboard.insights import where
from dashboard.insights.view import View
from dashboard.store.partition import Partition

Groups = npt.NDArray[np.int8]
MAX_GROUPS = 20
_YES_NO = {"": -1, "false": 0, "true": 1}


def check(view: View, column: str) -> None:
    """Raise UserError ``unknown_column`` unless the users have a column of texts or yes/no of that name."""
    users = view.dataset.partitions[0].users if view.dataset.partitions else None
    if users is None or not users.has(column) or users.column(column).dtype not in (np.int32, np.int8):
        raise UserError(
            "unknown_column",
            f"The users have no column “{column}” with groups.",
            "Choose one of the columns that the filter bar offers.",
        )


def most_frequent(view: View, column: str, top: int) -> tuple[str, ...]:
    """The values of a users' column that most of the people under the view's filters have, "" for missing; ties by
    text."""
    check(view, column)
    names = _texts(view, column)
    counts = np.zeros(len(names) + 1, np.int64)
    for partition in view.dataset.partitions:
        people = where.persons(view, partition, "events").astype(bool)
        codes = partition.users.column(column)[people].astype(np.int64) + 1
        counts += np.bincount(codes, minlength=len(counts))
    found = [(-int(n), text) for n, text in zip(counts, ["", *names], strict=True) if n]
    return tuple(text for _, text in sorted(found)[:top])


def groups(view: View, partition: Partition, column: str, values: Sequence[str]) -> Groups:
    """int8[n_users]: position of the person's value in ``values``, -1 for another value or a person that the view's
    filters leave out. Without a column everybody is in group 0."""
    out = np.where(where.persons(view, partition, "events") > 0, 0, -1).astype(np.int8)
    if not column:
        return out
    codes = partition.users.column(column)
    known = len(_texts(view, column))
    table = np.full(known + 1, -1, np.int8)  # position code + 1
    for position, value in enumerate(values):
        if codes.dtype == np.int8:
            code = _YES_NO.get(value.lower(), -2)
        else:
            code = view.dataset.code(column, value) if value else -1
            code = code if code >= 0 or not value else -2
        if code >= -1:
            table[code + 1] = position
    return np.where(out < 0, out, table[codes.astype(np.int64) + 1]).astype(np.int8)


def _texts(view: View, column: str) -> list[str]:
    if view.dataset.partitions[0].users.column(column).dtype == np.int8:
        return ["false", "true"]
    return [str(text) for text in view.dataset.dictionary(column)]
