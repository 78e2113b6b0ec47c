"""The unpacked bytes of an uploaded file: its beginning, its end, and all of it in slices."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dashboard import settings
from dashboard.errors import UserError
from dashboard.ingest.limits import Limits
from dashboard.ingest.transcode_stream import open_source

SLICE = 4 << 20
_PIECE = 64 << 10
_HIGH = 0x8080808080808080


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

    def ascii(self, limits: Limits) -> bool:
        """Whether no byte of the file is above 127; several threads look. False for a packed file: it can only be read
        from its beginning. Raises UserError when the file is too large."""
        if self.packed:
            return False
        open_source(self.path, False, limits).close()
        threads = settings.current().threads
        with self.path.open("rb", buffering=0) as file, ThreadPoolExecutor(threads, "ascii") as pool:
            size = os.fstat(file.fileno()).st_size
            starts = [range(SLICE * turn, size, SLICE * threads) for turn in range(threads)]
            return all(list(pool.map(lambda turn: _ascii(file.fileno(), turn), starts)))

    def tail(self, size: int) -> bytes:
        """The last bytes of a file that is not packed."""
        with self.path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - size))
            return file.read()

    def slices(self, limits: Limits, size: int = SLICE) -> Iterator[bytes]:
        """All unpacked bytes. Raises UserError as soon as a limit is passed or when a gzip is damaged."""
        source = open_source(self.path, self.packed, limits)
        view = memoryview(bytearray(size))
        try:
            while count := source.readinto(view):
                yield bytes(view[:count])
        finally:
            source.close()


def _ascii(handle: int, starts: range) -> bool:
    """Whether the slices of an open file that begin at these places hold only bytes up to 127."""
    buffer = np.zeros(SLICE, np.uint8)
    words = buffer.view(np.uint64)
    for start in starts:
        filled = 0
        while filled < SLICE and (count := os.preadv(handle, [buffer[filled:].data], start + filled)):
            filled += count
        buffer[filled:] = 0
        if int(np.bitwise_or.reduce(words)) & _HIGH:
            return False
    return True
