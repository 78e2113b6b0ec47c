"""Parquet as CSV, row group by row group."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from dashboard.errors import UserError
from dashboard.ingest.limits import Limits
from dashboard.ingest.source import too_large
from dashboard.ingest.transcode_write import CsvWriter

_ROWS = 1 << 16


def parquet_to_csv(path: Path, writer: CsvWriter, limits: Limits) -> None:
    """Write a Parquet file as CSV. Structs become dotted columns, lists JSON text, times with a zone UTC with ``Z``."""
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError):
        raise _damaged() from None
    with file:
        about = file.metadata
        if about.num_rows > limits.rows:
            raise UserError(
                "too_many_rows", f"The file has more than {limits.rows:,} rows.", "Split it into several files."
            )
        if sum(about.row_group(k).total_byte_size for k in range(about.num_row_groups)) > limits.file_bytes:
            raise too_large(limits)
        named = False
        try:
            for batch in file.iter_batches(batch_size=_ROWS):
                table = _texts(pa.Table.from_batches([batch]))
                if not named:
                    if table.num_columns > limits.columns:
                        raise UserError(
                            "too_many_columns",
                            f"The file has {table.num_columns:,} columns; {limits.columns:,} are allowed.",
                            "Leave out what is not needed, or raise the limit in the settings.",
                        )
                    writer.row(table.column_names)
                    named = True
                sink = pa.BufferOutputStream()
                pa_csv.write_csv(table, sink, pa_csv.WriteOptions(include_header=False, quoting_style="needed"))
                writer.write(sink.getvalue().to_pybytes())
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno:
                raise
            raise _damaged() from None
        if not named:
            writer.row(_texts(file.schema_arrow.empty_table()).column_names)


def _texts(table: pa.Table) -> pa.Table:
    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    columns = [_text(table.column(k)) for k in range(table.num_columns)]
    return pa.table(columns, names=[str(name) for name in table.column_names])


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_timestamp(kind):
        text = pc.strftime(column.cast(pa.timestamp("us", kind.tz)).cast(pa.timestamp("us")), "%Y-%m-%d %H:%M:%S")
        return pc.binary_join_element_wise(text, "Z", "") if kind.tz else text
    if pa.types.is_floating(kind):
        return pa.chunked_array([[_float(value) for value in column.to_pylist()]], pa.string())
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pa.chunked_array([[_json(value) for value in column.to_pylist()]], pa.string())
    try:
        return column.cast(pa.string())
    except pa.ArrowException:
        return pa.chunked_array([[_json(value) for value in column.to_pylist()]], pa.string())


def _float(value: float | None) -> str | None:
    if value is None or value != value:
        return None
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _json(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _damaged() -> UserError:
    return UserError("damaged_file", "This Parquet file is damaged.", "Export it again and upload it.")
