"""The content of a stored dataset as plain Python, for tests that compare versions or look at rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from dashboard.schema import NULL_TIME
from dashboard.store.dataset import Dataset
from dashboard.store.partition import Columns


def table(dataset: Dataset, name: str) -> list[dict[str, Any]]:
    """Rows of a table (or ``days``) with ``user_id``, in stored order by partition; missing cells are None."""
    return [row for partition in dataset.partitions for row in _rows(dataset, partition.index, name)]


def everything(dataset: Dataset) -> dict[str, list[tuple[Any, ...]]]:
    """All tables, each as sorted rows: equal for equal content, whatever the partitions."""
    names = [*dataset.manifest.tables, *(["days"] if "events" in dataset.manifest.tables else [])]
    return {name: sorted((tuple(r.items()) for r in table(dataset, name)), key=repr) for name in names}


def _rows(dataset: Dataset, index: int, name: str) -> Iterator[dict[str, Any]]:
    partition = dataset.partitions[index]
    ids: list[str | None] = partition.user_ids.to_pylist()
    if name == "users":
        columns: Columns = partition.users
        people: list[str | None] = ids
    else:
        rows = partition.table(name)
        assert rows is not None
        columns = rows
        counts = np.diff(rows.offsets)
        people = [person for person, n in zip(ids, counts, strict=True) for _ in range(n)]
        people += [None] * (rows.n_rows - len(people))
    names = sorted(columns.names)
    values = [_plain(dataset, n, columns.column(n)) for n in names]
    for i, person in enumerate(people):
        yield {"user_id": person, **{n: column[i] for n, column in zip(names, values, strict=True)}}


def _plain(dataset: Dataset, name: str, values: np.ndarray) -> list[Any]:
    if name in dataset.manifest.dictionaries and values.dtype == np.int32 and name != "day":
        texts = dataset.dictionary(name)
        return [None if code < 0 else texts[code] for code in values]
    if values.dtype == np.float64:
        return [None if value != value else value for value in values.tolist()]
    if values.dtype == np.int64:
        return [None if value == NULL_TIME else value for value in values.tolist()]
    if values.dtype == np.int8:
        return [None if value < 0 else bool(value) for value in values.tolist()]
    return values.tolist()
