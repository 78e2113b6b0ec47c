"""Do several files speak of the same people? Asked before an import, when a wrong key column can still be changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from dashboard.ingest.plan import ROW_NUMBER, ImportOptions, SourcePlan
from dashboard.ingest.read import Progress, read_source
from dashboard.schema import TABLES, TableName


@dataclass(frozen=True)
class Join:
    """People of one table that another knows. left, right: tables, right also "dataset" = all people of a dataset;
    people: distinct ids of the left table; known: those of them that the right table has too."""

    left: TableName
    right: TableName | Literal["dataset"]
    people: int
    known: int


def compare(
    files: Sequence[tuple[Path, SourcePlan]],
    *,
    staging: Path,
    known: Sequence[pa.Array] = (),
    progress: Progress | None = None,
) -> list[Join]:
    """How well the tables of several files join: every other table against the user table, or, without one, against
    the table with the most people; and every table against ``known``, the ids of a dataset that they are added to.
    Files of one kind count together; a table whose rows are only numbered has no ids.

    Raises UserError: whatever reading raises.
    """
    people: dict[TableName, pa.ChunkedArray] = {}
    for path, plan in files:
        column = plan.column("user_id")
        if column is None or column.index == ROW_NUMBER:
            continue
        found = _distinct_ids(path, plan, staging, progress)
        before = people.get(plan.kind)
        chunks = [*(before.chunks if before is not None else []), found]
        people[plan.kind] = pa.chunked_array([pc.unique(pa.chunked_array(chunks, pa.large_string()))])
    joins = []
    if len(people) > 1:
        right: TableName = "users" if "users" in people else max(people, key=lambda table: len(people[table]))
        joins = [
            Join(left, right, len(people[left]), _common(people[left], people[right]))
            for left in TABLES
            if left in people and left != right
        ]
    if known:
        everybody = pa.chunked_array(known, pa.large_string())
        joins += [
            Join(left, "dataset", len(people[left]), _common(people[left], everybody))
            for left in TABLES
            if left in people
        ]
    return joins


def _common(left: pa.ChunkedArray, right: pa.ChunkedArray) -> int:
    return int(pc.sum(pc.is_in(left, value_set=right.combine_chunks())).as_py() or 0)


def _distinct_ids(path: Path, plan: SourcePlan, staging: Path, progress: Progress | None) -> pa.Array:
    """Every different user id of a file, as it will be stored; only that column is decoded."""
    columns = tuple(
        c if c.use == "field" and c.name == "user_id" else dataclasses.replace(c, use="ignored", name=f"ignored{i}")
        for i, c in enumerate(plan.columns)
    )
    ids = pa.array([], pa.large_string())
    only = dataclasses.replace(plan, kind="users", columns=columns)
    with read_source(path, only, ImportOptions(), staging=staging, progress=progress) as reader:
        for batch in reader:
            ids = batch.column("user_id").dictionary  # a dictionary only grows: the last one has every text
    return ids
