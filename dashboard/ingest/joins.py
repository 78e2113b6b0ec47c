"""Do several files speak of the same people? Asked before an import, when a wrong key column can still be changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from dashboard.ingest.plan import ROW_NUMBER, ImportOptions, SourcePlan
from dashboard.ingest.read import Progress, read_source
from dashboard.schema import TABLES, TableName


@dataclass(frozen=True)
class Join:
    """People of one table that another knows. left, right: tables; people: distinct ids of the left table; known: those
    of them that the right table has too."""

    left: TableName
    right: TableName
    people: int
    known: int


def compare(files: Sequence[tuple[Path, SourcePlan]], *, staging: Path, progress: Progress | None = None) -> list[Join]:
    """How well the tables of several files join: every other table against the user table, or, without one, against
    the table with the most people. Files of one kind count together; a table whose rows are only numbered has no ids.

    Raises UserError: whatever reading raises.
    """
    people: dict[TableName, pa.ChunkedArray] = {}
    for path, plan in files:
        column = plan.column("user_id")
        if column is None or column.index == ROW_NUMBER:
            continue
        found = _distinct_ids(path, plan, staging, progress)
        known = people.get(plan.kind)
        chunks = [*(known.chunks if known is not None else []), found]
        people[plan.kind] = pa.chunked_array([pc.unique(pa.chunked_array(chunks, pa.large_string()))])
    if len(people) < 2:
        return []
    right: TableName = "users" if "users" in people else max(people, key=lambda table: len(people[table]))
    joins = []
    for left in TABLES:
        if left in people and left != right:
            known_ids = pc.sum(pc.is_in(people[left], value_set=people[right].combine_chunks())).as_py() or 0
            joins.append(Join(left, right, len(people[left]), int(known_ids)))
    return joins


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
