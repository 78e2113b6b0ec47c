"""The unpacked bytes of an uploaded file: its beginning, and all of it in slices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dashboard.errors import UserError
from dashboard.ingest.limits import Limits
from dashboard.ingest.transcode_stream import open_source

SLICE = 4 << 20
_PIECE = 64 << 10


@dataclass(frozen=True)
class Source:
    """A file and whether its content is gzip (one level)."""

    path: Path
    packed: bool = False

    def head(self, size: int, limits: Limits) -> bytes:
        """The first ``size`` unpacked bytes; of a damaged gzip what can be read. Raises UserError when that is
        nothing."""
        found = bytearray()
        try:
            for piece in self.slices(limits, min(size, _PIECE)):
                found += piece
                if len(found) >= size:
                    break
        except UserError as error:
            if not found or error.code != "damaged_gzip":
                raise
        return bytes(found[:size])

    def slices(self, limits: Limits, size: int = SLICE) -> Iterator[bytes]:
        """All unpacked bytes. Raises UserError as soon as a limit is passed or when a gzip is damaged."""
        source = open_source(self.path, self.packed, limits)
        view = memoryview(bytearray(size))
        try:
            while count := source.readinto(view):
                yield bytes(view[:count])
        finally:
            source.close()
