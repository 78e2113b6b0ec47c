"""What every computation returns: the numbers and everything needed to explain them."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import Any

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
        table = pa.Table.from_pandas(self.frame, preserve_index=False)
        about = {name: value for name, value in self.__dict__.items() if name not in ("frame", "left_out")}
        about["left_out"] = [item.__dict__ for item in self.left_out]
        metadata = {**(table.schema.metadata or {}), b"result": json.dumps(about).encode()}
        table = table.replace_schema_metadata(metadata)
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
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
    return Result(frame=table.to_pandas(), **about)
