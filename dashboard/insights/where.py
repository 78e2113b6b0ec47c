"""Filters as masks: one byte per person, one byte per row.

A filter on a column that the row table has tests the row; otherwise it tests the person. Values of one column are
alternatives, columns must all hold; the empty value means "missing". A column that neither has cannot filter: it is
left out and :func:`ignored` says so. A saved segment is one more clause that tests persons; guests are in none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.customers.cleaning.aliases import with_aliases
from dashboard.customers.cleaning.claims import TABLE as ORDER_LINES
from dashboard.customers.cleaning.claims import kept_lines
from dashboard.insights.memo import Memo
from dashboard.insights.view import SEGMENT, View
from dashboard.jit import kernel
from dashboard.store.partition import Columns, Partition

Mask = npt.NDArray[np.uint8]
Clause = tuple[str, tuple[str, ...]]

_TRUE, _FALSE = {"true", "1", "yes"}, {"false", "0", "no"}
EVERYTHING = np.zeros(0, np.uint8)  # the mask of a table without filter
_memo: Memo[Mask] = Memo(256 << 20, lambda mask: mask.nbytes)  # by what it depends on: a page asks many questions of it
_splits: Memo[tuple[tuple[Clause, ...], tuple[Clause, ...]]] = Memo(1 << 20, lambda _: 500)


@kernel
def keep_codes(codes: npt.NDArray[np.int32], allowed: Mask, mask: Mask) -> None:
    """mask[i] &= allowed[codes[i] + 1]; allowed[0] is the answer for missing. Unsigned, here and in other kernels: an
    index that might count from the end is looked at row by row, which takes 18 times as long."""
    for i in range(codes.shape[0]):
        mask[i] &= allowed[np.uint32(codes[i] + 1)]


@kernel
def keep_numbers(values: npt.NDArray[np.float64], wanted: npt.NDArray[np.float64], missing: int, mask: Mask) -> None:
    """mask[i] stays when values[i] equals one of ``wanted``, or is NaN and ``missing`` is set."""
    for i in range(values.shape[0]):
        if mask[i]:
            value = values[i]
            found = missing if value != value else 0
            for k in range(wanted.shape[0]):
                if wanted[k] == value:
                    found = 1
            mask[i] = found


def row_clauses(view: View, table: str) -> tuple[Clause, ...]:
    """The filters that test rows of the table."""
    return _split(view, table)[0]


def person_clauses(view: View, table: str | None) -> tuple[Clause, ...]:
    """The filters that test the person when the rows come from ``table`` (None: there are no rows)."""
    return _split(view, table)[1]


def _split(view: View, table: str | None) -> tuple[tuple[Clause, ...], tuple[Clause, ...]]:
    if not view.where or not view.dataset.partitions:
        return (), ()
    return _splits.get((view.data, view.where, table), lambda: _rows_and_persons(view, table))


def _rows_and_persons(view: View, table: str | None) -> tuple[tuple[Clause, ...], tuple[Clause, ...]]:
    first = view.dataset.partitions[0]
    rows, users = first.table(table) if table else None, first.users
    on_rows = tuple(
        clause for clause in view.where if rows is not None and clause[0] != SEGMENT and _usable(rows, clause[0])
    )
    on_persons = tuple(
        clause for clause in view.where if clause not in on_rows and (clause[0] == SEGMENT or _usable(users, clause[0]))
    )
    return on_rows, on_persons


def ignored(view: View, table: str | None) -> tuple[str, ...]:
    """Sentences about filters that do not apply to numbers from ``table``, and about a segment that cannot be used."""
    used = {*person_clauses(view, table), *(row_clauses(view, table) if table else ())}
    unusable = (view.segment.problem,) if view.segment is not None and view.segment.problem else ()
    return unusable + tuple(
        f"The filter on {name} does not apply here: these rows and the users have no such column."
        for name, values in view.where
        if (name, values) not in used
    )


def _usable(columns: Columns, name: str) -> bool:
    return columns.has(name) and columns.column(name).dtype in (np.int32, np.float64, np.int8) and name != "day"


def persons(view: View, partition: Partition, table: str | None) -> Mask:
    """uint8[n_users]: 1 for persons that pass the filters that do not test rows of ``table``. The mask is shared with
    other questions: copy it to change it."""
    clauses = person_clauses(view, table)

    def make() -> Mask:
        mask = np.ones(partition.n_users, np.uint8)
        for clause in clauses:
            if clause[0] == SEGMENT:
                assert view.segment is not None and view.segment.members is not None  # view_of adds both or none
                mask &= view.segment.members[partition.index]
            else:
                _apply(view, partition.users.column(clause[0]), clause, mask)
        return mask

    return _memo.get((view.scope, view.as_of, partition.index, "persons", clauses), make)


def persons_with(view: View, partition: Partition, clause: Clause) -> Mask:
    """uint8[n_users]: 1 for persons that pass one clause on a column of theirs."""
    mask = np.ones(partition.n_users, np.uint8)
    _apply(view, partition.users.column(clause[0]), clause, mask)
    return mask


def rows(view: View, partition: Partition, table: str, extra: tuple[Clause, ...] = ()) -> Mask:
    """uint8[n_rows] of the table's rows that pass, or EVERYTHING (length 0) when there is nothing to test. Order lines
    that the cleaning rules leave out do not pass. The mask is shared with other questions: copy it to change it."""
    mask = only(view, partition, table, (*row_clauses(view, table), *extra))
    kept = kept_lines(view, partition) if table == ORDER_LINES else EVERYTHING
    if not len(kept):
        return mask
    return mask & kept if len(mask) else kept.copy()


def only(view: View, partition: Partition, table: str, clauses: tuple[Clause, ...]) -> Mask:
    """:func:`rows` for the given clauses, without those of the view."""
    source = partition.table(table)
    if not clauses or source is None:
        return EVERYTHING

    def make() -> Mask:
        mask = np.ones(source.n_rows, np.uint8)
        for clause in clauses:
            _apply(view, source.column(clause[0]), clause, mask)
        return mask

    return _memo.get((view.scope, partition.index, table, clauses), make)


def rows_at(view: View, partition: Partition, table: str, index: npt.NDArray[np.int64]) -> Mask:
    """uint8[len(index)]: which of these rows of the table pass the view's row filters."""
    mask = np.ones(len(index), np.uint8)
    source = partition.table(table)
    for clause in row_clauses(view, table) if source is not None else ():
        column = source.column(clause[0])[index]  # type: ignore[union-attr]
        column.flags.writeable = False  # as stored columns are: kernels are compiled for read-only input
        _apply(view, column, clause, mask)
    return mask


def _apply(view: View, column: npt.NDArray[Any], clause: Clause, mask: Mask) -> None:
    name, values = clause
    if column.dtype == np.int32:
        keep_codes(column, allowed_codes(view, name, values), mask)
    elif column.dtype == np.int8:
        texts = {value.lower() for value in values}
        allowed = np.array(["" in texts, bool(texts & _FALSE), bool(texts & _TRUE)], np.uint8)
        keep_codes(column.astype(np.int32), allowed, mask)
    else:
        keep_numbers(column, np.array(_numbers(values), np.float64), 1 if "" in values else 0, mask)


def allowed_codes(view: View, name: str, values: tuple[str, ...]) -> Mask:
    """uint8[texts + 1]: which codes of a text column the values mean; position code + 1, 0 = missing."""
    allowed = np.zeros(len(view.dataset.dictionary(name)) + 1, np.uint8)
    for value in with_aliases(name, values, view.cleaning):
        code = view.dataset.code(name, value) if value else -1
        if code >= 0 or not value:
            allowed[code + 1] = 1
    return allowed


def _numbers(values: tuple[str, ...]) -> list[float]:
    found = []
    for value in values:
        try:
            found.append(float(value))
        except ValueError:
            continue
    return found


def forget() -> None:
    """Drop what is kept in memory (for measurements)."""
    _memo.clear()
