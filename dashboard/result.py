"""What every computation returns: the numbers and everything needed to explain them."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa


@dataclass(frozen=True)
class LeftOut:
    """Something that did not take part: ``code`` for machines, ``text`` for people ("2,515 lines with price 0")."""

    code: str
    count: int
    text: str


@dataclass(frozen=True)
class Result:
    """A small frame with its provenance.

    name: registered metric or insight. frame: at most some thousands of rows; column meanings are given by the
    docstring of the insight. units: column -> "count" | "rate" | "money" | "days" | "seconds" | "number".
    summary: headline numbers by name (value, previous, delta ...), JSON-ready, None where not defined.
    query: canonical query. dataset, version: what was read. time_zone: in which days are counted. as_of: ISO day.
    rows_read, users_read: size of the input. left_out: what did not take part and why. notes: sentences for people.
    computed_at: ISO instant UTC. seconds: time it took.
    """

    name: str
    frame: pd.DataFrame
    units: dict[str, str] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    dataset: str = ""
    version: str = ""
    time_zone: str = "UTC"
    as_of: str = ""
    rows_read: int = 0
    users_read: int = 0
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    computed_at: str = ""
    seconds: float = 0.0

    def to_bytes(self) -> bytes:
        """Arrow IPC stream; the provenance travels as schema metadata. The inverse of :func:`from_bytes`."""
        about = {name: value for name, value in self.__dict__.items() if name not in ("frame", "left_out")}
        about["left_out"] = [item.__dict__ for item in self.left_out]
        arrays = [_arrow(column) for _, column in self.frame.items()]
        fields = [pa.field(str(name), array.type) for name, array in zip(self.frame, arrays, strict=True)]
        schema = pa.schema(fields, metadata={b"result": json.dumps(about).encode()})
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, schema) as writer:
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
        return sink.getvalue()


def from_bytes(data: bytes) -> Result:
    """Read what :meth:`Result.to_bytes` wrote. Raises ValueError when the bytes are not a result."""
    try:
        table = pa.ipc.open_stream(data).read_all()
        about = json.loads(table.schema.metadata[b"result"])
    except (pa.ArrowInvalid, KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError("not a stored result") from error
    about["left_out"] = tuple(LeftOut(**item) for item in about["left_out"])
    about["notes"] = tuple(about["notes"])
    frame = pd.DataFrame(
        {name: _values(column) for name, column in zip(table.column_names, table.columns, strict=True)}
    )
    return Result(frame=frame, **about)


# Column by column: pyarrow's own conversion of frames takes three times as long for the small ones that answers are.


def _arrow(column: pd.Series[Any]) -> pa.Array | pa.ChunkedArray:
    plain = isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf"
    return pa.array(column.to_numpy()) if plain else pa.array(column.array, from_pandas=True)


def _values(column: pa.ChunkedArray) -> Any:
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return pd.array(column, dtype="str")
    return column.to_numpy() if pa.types.is_primitive(column.type) and not column.null_count else column.to_pandas()


@dataclass(frozen=True)
class Kpi:
    """One headline number, ready for a card; produced from a registered metric.

    key, label, definition, formula, unit ("count" | "rate" | "money" | "days" | "number"), higher_is_better (None:
    neither direction is good): from the registry. value, previous: None where not defined. delta: value - previous (of
    a rate: a fraction, shown in percentage points). relative: delta / previous, None when previous is 0 or missing.
    verdict: "better", "worse", "same", or "" without comparison. first_day, last_day, previous_first, previous_last:
    ISO days the two values cover ("" without). spark, spark_labels: the values of the period's complete days (weeks
    from 120 days on) and the first ISO day of each; empty for numbers without history. note: why the value is missing
    or what limits it.
    """

    key: str
    label: str
    definition: str
    formula: str
    unit: str
    higher_is_better: bool | None
    value: float | None
    previous: float | None = None
    delta: float | None = None
    relative: float | None = None
    verdict: str = ""
    first_day: str = ""
    last_day: str = ""
    previous_first: str = ""
    previous_last: str = ""
    spark: tuple[float | None, ...] = ()
    spark_labels: tuple[str, ...] = ()
    note: str = ""
    currency: str = ""

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Kpi:
        """The inverse of ``kpi.__dict__`` after a trip through JSON."""
        return cls(**{**data, "spark": tuple(data["spark"]), "spark_labels": tuple(data["spark_labels"])})


@dataclass(frozen=True)
class Dimension:
    """A column people may filter and break down by.

    name: column. label: for people. tables: tables that have it. values: (text, persons or rows) with the most frequent
    first, at most 200; "" stands for missing. count_of: "users" or "rows", what the numbers count. distinct: number of
    values in all.
    """

    name: str
    label: str
    tables: tuple[str, ...]
    values: tuple[tuple[str, int], ...]
    count_of: str
    distinct: int


@dataclass(frozen=True)
class Answer:
    """Whether a dataset can answer a metric or insight.

    kind: "metric" | "insight". state: "can" | "roughly" | "cannot". missing: canonical columns or tables that are
    missing. sentence: says it to a person and what to do next; "" for "can".
    """

    key: str
    label: str
    kind: str
    state: str
    missing: tuple[str, ...] = ()
    sentence: str = ""
