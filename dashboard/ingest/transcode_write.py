"""Where converted tables go: a CSV file that may not outgrow the limits."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import numpy as np

from dashboard.ingest.limits import Limits
from dashboard.ingest.source import too_large
from dashboard.ingest.transcode_stream import TextStream

_CHECK_EVERY = 1 << 14


class Broken(NamedTuple):
    """A piece of the file that is no record. line: physical line. text: its beginning."""

    line: int
    text: str


class CsvWriter:
    """Writes rows of texts; refuses to write more than ``limits.file_bytes``. broken: filled by converters."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path, self._limits = path, limits
        self._file = path.open("wb")
        self._text = _Utf8(self._file)
        self._csv = csv.writer(self._text, lineterminator="\n")
        self._rows = 0
        self.broken: list[Broken] = []

    def row(self, cells: Iterable[str]) -> None:
        self._csv.writerow(cells)
        self._rows += 1
        if self._rows % _CHECK_EVERY == 0:
            self.check()

    def write(self, data: bytes) -> int:
        """Finished CSV bytes (file interface)."""
        count = self._file.write(data)
        self.check()
        return count

    def copy(self, stream: TextStream) -> None:
        """Everything a stream gives."""
        buffer = np.empty(1 << 20, np.uint8)
        while count := stream.fill(buffer):
            self.write(buffer[:count].tobytes())

    def check(self) -> None:
        """Raises UserError when the file has become too large."""
        if self._file.tell() > self._limits.file_bytes:
            raise too_large(self._limits)

    def __enter__(self) -> CsvWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


class _Utf8:
    """Text to a binary file; what cannot be encoded (half a surrogate pair) becomes U+FFFD."""

    def __init__(self, file: object) -> None:
        self._write = file.write  # type: ignore[attr-defined]

    def write(self, text: str) -> int:
        try:
            return int(self._write(text.encode()))
        except UnicodeEncodeError:
            return int(self._write(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()))
