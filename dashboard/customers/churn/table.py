"""A table of features: what is known of each person at a cut-off day, and what each column means to people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Kind = Literal["silence", "overdue", "days", "count", "money", "share", "breadth", "tenure", "number", "level", "flag"]


@dataclass(frozen=True)
class Column:
    """One feature. name: unique and stable. group: what it belongs to when reasons are added up. label: for people.
    kind: how it is put into words. log: whether the model sees its logarithm. source: the user column it was made of,
    "" for one made of rows."""

    name: str
    group: str
    label: str
    kind: Kind
    log: bool = True
    source: str = ""


@dataclass(frozen=True)
class Table:
    """One row per person. X: raw values, float64[people, columns], NaN = missing. row: position of the person among all
    persons in partition order. words: arrays that sentences and lists need (``silence``: days since the last
    activity, ``gap``: usual days between active days, ``window``, ``before``: active days of the last label window and
    of the one before)."""

    columns: tuple[Column, ...]
    X: Floats
    row: Ints
    words: dict[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.row)

    def take(self, index: npt.NDArray[np.generic]) -> Table:
        """The rows at an index or of a mask."""
        return Table(self.columns, self.X[index], self.row[index], {k: v[index] for k, v in self.words.items()})

    def only(self, names: Sequence[str]) -> Table:
        """With only the columns of these names, in the table's order."""
        kept = [i for i, column in enumerate(self.columns) if column.name in names]
        return Table(tuple(self.columns[i] for i in kept), self.X[:, kept], self.row, self.words)

    @property
    def groups(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(column.group for column in self.columns))


def stacked(tables: Sequence[Table]) -> Table:
    """Tables of several cut-offs, one below the other."""
    first = tables[0]
    words = {name: np.concatenate([t.words[name] for t in tables]) for name in first.words}
    return Table(first.columns, np.concatenate([t.X for t in tables]), np.concatenate([t.row for t in tables]), words)


def seen_by_model(columns: Sequence[Column], X: Floats) -> Floats:
    """Logarithms with their sign kept where a column says so, others as they are."""
    out = X.copy()
    for i, column in enumerate(columns):
        if column.log:
            out[:, i] = np.sign(X[:, i]) * np.log1p(np.abs(X[:, i]))
    return out
