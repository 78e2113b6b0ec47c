"""The limits a file must keep; taken from the settings, passed as one value so that tests can shrink them."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard import settings

PACKED_RATIO = 200  # a gzip that inflates more than this …
PACKED_FREE_BYTES = 50 << 20  # … and beyond this size is taken for a bomb


@dataclass(frozen=True)
class Limits:
    """line_bytes, field_bytes: of one record and one cell, in UTF-8. columns: of the table. file_bytes: of the unpacked
    file. rows: records of the file. packed_ratio, packed_free_bytes: a gzip is refused when it inflates more than
    ``packed_ratio`` times and beyond ``packed_free_bytes``."""

    line_bytes: int = 1 << 20
    field_bytes: int = 64 << 10
    columns: int = 2_000
    file_bytes: int = 4 << 30
    rows: int = 200_000_000
    packed_ratio: int = PACKED_RATIO
    packed_free_bytes: int = PACKED_FREE_BYTES


def current() -> Limits:
    """The limits of this installation."""
    now = settings.current()
    return Limits(now.max_line_bytes, now.max_field_bytes, now.max_columns, now.max_file_bytes, now.max_rows)
