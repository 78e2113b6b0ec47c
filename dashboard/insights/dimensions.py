"""The columns a view can be filtered and split by, with their most frequent values."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard import schema
from dashboard.customers.cleaning import aliases
from dashboard.engine.run import run
from dashboard.insights.memo import Memo
from dashboard.insights.totals import add
from dashboard.insights.view import View
from dashboard.result import Result
from dashboard.store.dataset import Dataset
from dashboard.store.partition import Partition

MAX_VALUES = 200
_GROUPS = ("category", "boolean")
_YES_NO = ("false", "true")


def names_of(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    """Column -> tables that have it: categories and yes/no columns that name no person, first-class filters first."""
    found: dict[str, list[str]] = {}
    for table in dataset.manifest.tables:
        if table != "users" and table not in dataset.manifest.given:
            continue  # events made from orders: their names are ours, not the file's
        for name, info in dataset.manifest.columns.get(table, {}).items():
            known = schema.field(table, name)  # type: ignore[arg-type]
            if info.type in _GROUPS and not (known and known.personal):
                found.setdefault(name, []).append(table)
    first = [name for name in schema.FILTER_DIMENSIONS if name in found]
    return {name: tuple(found[name]) for name in [*first, *sorted(set(found) - set(first))]}


def label_of(dataset: Dataset, name: str, tables: tuple[str, ...]) -> str:
    """The column's name for people: the canonical label, or the file's own header."""
    known = schema.field(tables[0], name)  # type: ignore[arg-type]
    if known is not None:
        return known.label
    return dataset.manifest.columns[tables[0]][name].header or name


_counts: Memo[npt.NDArray[np.int64]] = Memo(16 << 20, lambda counts: counts.nbytes)


def value_counts(dataset: Dataset, name: str, table: str) -> npt.NDArray[np.int64]:
    """Persons (table ``users``) or rows per code of the whole dataset, missing first; read-only."""
    key = (dataset.id, dataset.version, dataset.manifest.content_hash, name, table)
    return _counts.get(key, lambda: _value_counts(dataset, name, table))


def _value_counts(dataset: Dataset, name: str, table: str) -> npt.NDArray[np.int64]:
    boolean = dataset.manifest.columns[table][name].type == "boolean"
    n = 2 if boolean else dataset.manifest.dictionaries[name]

    def kernel(partition: Partition) -> npt.NDArray[np.int64]:
        columns = partition.users if table == "users" else partition.table(table)
        if columns is None:
            return np.zeros(n + 1, np.int64)
        return np.bincount(columns.column(name).astype(np.int64) + 1, minlength=n + 1)

    counts = run(dataset, kernel, add)
    counts.flags.writeable = False
    return counts


def dimensions_result(view: View) -> Result:
    """summary["dimensions"]: JSON-ready :class:`dashboard.result.Dimension` entries. Values are counted over the whole
    dataset, not under the view's filters, so that a choice never makes the others disappear."""
    dataset = view.dataset
    items: list[dict[str, Any]] = []
    for name, tables in names_of(dataset).items():
        table = tables[0]  # "users" comes first in every dataset that has the column there
        boolean = dataset.manifest.columns[table][name].type == "boolean"
        texts = ["", *(_YES_NO if boolean else aliases.texts(dataset, name, view.cleaning))]
        counts = value_counts(dataset, name, table)
        meaning = None if boolean else aliases.meanings(dataset, name, view.cleaning)
        if meaning is not None:
            counts = np.bincount(np.append(0, meaning + 1), weights=counts, minlength=len(counts)).astype(np.int64)
        order = np.lexsort((np.arange(len(counts)), -counts))
        present = [
            int(i) for i in order if (counts[i] or i) and (meaning is None or not i or meaning[i - 1] == i - 1)
        ]  # a text that only guests have counts no person, but filters
        items.append(
            {
                "name": name,
                "label": label_of(dataset, name, tables),
                "tables": list(tables),
                "values": [[texts[i], int(counts[i])] for i in present[:MAX_VALUES]],
                "count_of": "users" if table == "users" else "rows",
                "distinct": len(present),
            }
        )
    frame = pd.DataFrame({"name": [item["name"] for item in items], "values": [item["distinct"] for item in items]})
    manifest = dataset.manifest
    rows = sum(manifest.rows.values())
    return Result("dimensions", frame, summary={"dimensions": items}, rows_read=rows, users_read=manifest.users)
