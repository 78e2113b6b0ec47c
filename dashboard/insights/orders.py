"""Which lines are one order: computed once per stored version, used by every revenue number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboard.insights import revenue_kernels as kernels
from dashboard.insights.memo import Memo
from dashboard.insights.view import View
from dashboard.store.partition import Partition

TABLE = "transactions"
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Orders:
    """Orders of one partition, in the order of their persons (guests last).

    rows[start[o]:start[o + 1]] are the rows of order o by time; person[o]: person number, n_users for guests.
    """

    start: Int64
    rows: Int64
    person: Int64


_memo: Memo[Orders] = Memo(512 << 20, lambda item: item.start.nbytes + item.rows.nbytes + item.person.nbytes)


def orders_of(view: View, partition: Partition) -> Orders:
    """The orders of a partition's ``transactions``."""
    return _memo.get((view.data, partition.index), lambda: _orders(view, partition))


def _orders(view: View, partition: Partition) -> Orders:
    lines = partition.table(TABLE)
    assert lines is not None  # callers need the table and have checked
    number = np.empty(lines.n_rows, np.int64)
    n_texts = view.dataset.manifest.dictionaries.get("order_id", 0)
    n = kernels.number_orders(lines.offsets, lines.n_rows, lines.column("order_id"), lines.time, n_texts, number)
    start = np.zeros(n + 1, np.int64)
    rows = np.empty(lines.n_rows, np.int64)
    kernels.group_rows(number, n, start, rows)
    person = np.empty(n, np.int64)
    kernels.person_of_order(lines.offsets, start, rows, person)
    return Orders(start, rows, person)
