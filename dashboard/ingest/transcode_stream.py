"""Bytes of a file as clean UTF-8, piece by piece: unpacked, decoded, without NUL, never more in memory than a piece.

What inflates too much or is larger than allowed is refused while reading, so a 12 MB file that unpacks to 4 GB costs
a fraction of a second and no disk.
"""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol

import numpy as np

from dashboard.errors import UserError
from dashboard.ingest.encoding import known
from dashboard.ingest.limits import Limits
from dashboard.ingest.source import damaged, inflates_too_much, too_large
from dashboard.jit import kernel

_PIECE = 1 << 18
_UTF8 = ("utf-8", "utf-8-sig", "ascii")


class Source(Protocol):
    """Raw bytes: the file, or what a gzip file holds. position: bytes of the file taken so far, and its size."""

    @property
    def position(self) -> tuple[int, int]: ...
    def readinto(self, target: memoryview) -> int: ...
    def close(self) -> None: ...


@kernel
def _plain(data: Any, size: int) -> Any:
    """Whether the first ``size`` bytes are ASCII without NUL."""
    seen, zeros = np.uint8(0), 0
    for i in range(size):
        seen |= data[i]
        zeros += data[i] == 0
    return seen < 128 and zeros == 0


class PlainFile:
    """A file as it is; refused when it is larger than allowed."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._size, self._read = path.stat().st_size, 0
        if self._size > limits.file_bytes:
            raise too_large(limits)
        self._file: BinaryIO = path.open("rb", buffering=0)

    @property
    def position(self) -> tuple[int, int]:
        return self._read, self._size

    def readinto(self, target: memoryview) -> int:
        count: int = self._file.readinto(target) or 0  # type: ignore[attr-defined]
        self._read += count
        return count

    def close(self) -> None:
        self._file.close()


class Unpacked:
    """What a gzip file holds (all its members), inflated as it is read."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._limits = limits
        self._file: BinaryIO = path.open("rb", buffering=0)
        self._inflate = zlib.decompressobj(31)
        self._packed = b""
        self._size = path.stat().st_size
        self._made = 0
        self._begun = False  # the present member has begun
        self._read = 0

    @property
    def position(self) -> tuple[int, int]:
        return self._read, self._size

    def readinto(self, target: memoryview) -> int:
        if len(target) == 0:
            return 0
        while True:
            if not self._packed:
                self._packed = self._file.read(_PIECE)
                self._read += len(self._packed)
                if not self._packed:
                    if self._begun and not self._inflate.eof:
                        raise damaged()
                    return 0
            if self._inflate.eof:
                self._packed = self._packed.lstrip(b"\0")  # padding between or after members
                if not self._packed:
                    continue
                self._inflate, self._begun = zlib.decompressobj(31), False
            try:
                data = self._inflate.decompress(self._packed, len(target))
            except zlib.error:
                raise damaged() from None
            self._begun = True
            self._packed = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail
            self._made += len(data)
            self._check()
            if data:
                target[: len(data)] = data
                return len(data)

    def _check(self) -> None:
        limits = self._limits
        if self._made > limits.file_bytes:
            raise too_large(limits)
        if self._made > max(limits.packed_free_bytes, limits.packed_ratio * self._size):
            raise inflates_too_much(limits)

    def close(self) -> None:
        self._file.close()


def open_source(path: Path, packed: bool, limits: Limits) -> Source:
    """The raw bytes of a file, unpacked when ``packed``."""
    return Unpacked(path, limits) if packed else PlainFile(path, limits)


class TextStream:
    """Clean UTF-8 from raw bytes in any encoding.

    nul, undecodable: how many bytes (or sequences) became U+FFFD so far. broken: what of the original file could not be
    made into records. on_close: called once when the stream is closed.
    """

    def __init__(self, source: Source, encoding: str) -> None:
        self._source = source
        self._codec = codecs.lookup(known(encoding)).name
        self._utf8 = self._codec in _UTF8
        self._decoder = None if self._utf8 else codecs.getincrementaldecoder(self._codec)("replace")
        self._carry = b""  # raw bytes of a character that is not complete
        self._left = b""  # clean bytes that did not fit
        self._ended = False
        self.nul = self.undecodable = 0
        self.broken: Sequence[Any] = ()
        self.on_close: Callable[[], None] | None = None

    @property
    def position(self) -> tuple[int, int]:
        """Bytes of the file read so far, and its size."""
        return self._source.position

    def fill(self, target: np.ndarray) -> int:
        """Write clean bytes into ``target`` (uint8, at least 64); how many, 0 at the end."""
        while True:
            if self._left:
                return self._deliver(self._left, target)
            if self._ended:
                return 0
            count = self._fill_utf8(target) if self._utf8 else self._fill_decoded(target)
            if count:
                return count

    def _fill_utf8(self, target: np.ndarray) -> int:
        kept = len(self._carry)
        target[:kept] = np.frombuffer(self._carry, np.uint8)
        count = self._source.readinto(target[kept:].data)
        self._ended = count == 0
        count += kept
        if _plain(target, count):
            self._carry = b""
            return count
        data = target[:count].tobytes()
        good = count
        if b"\0" not in data:
            try:
                data.decode()
            except UnicodeDecodeError as error:
                good = error.start
                if self._ended or error.reason != "unexpected end of data":
                    good = -1
            if good >= 0:
                self._carry = data[good:]
                return good
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        text = decoder.decode(data, self._ended)
        self._carry = decoder.getstate()[0]
        self.undecodable += text.count("\ufffd") - data.count(b"\xef\xbf\xbd")
        return self._deliver(self._without_nul(text).encode(), target)

    def _fill_decoded(self, target: np.ndarray) -> int:
        assert self._decoder is not None
        data = bytearray(max(len(target) // 4, 16))
        count = self._source.readinto(memoryview(data))
        self._ended = count == 0
        try:
            text = self._decoder.decode(bytes(data[:count]), self._ended)
        except UnicodeError:
            raise UserError(
                "encoding", "The file cannot be read in this character encoding.", "Choose another encoding."
            ) from None
        self.undecodable += text.count("\ufffd")
        return self._deliver(self._without_nul(text).encode(errors="replace"), target)

    def _without_nul(self, text: str) -> str:
        count = text.count("\0")
        self.nul += count
        return text.replace("\0", "\ufffd") if count else text

    def _deliver(self, clean: bytes, target: np.ndarray) -> int:
        count = min(len(clean), len(target))
        target[:count] = np.frombuffer(clean, np.uint8, count)
        self._left = clean[count:]
        return count

    def close(self) -> None:
        self._source.close()
        if self.on_close is not None:
            self.on_close()
            self.on_close = None

    def __enter__(self) -> TextStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_text(path: Path, *, packed: bool, encoding: str, limits: Limits) -> TextStream:
    """A text file as clean UTF-8. Raises UserError: damaged, too large, inflates too much, unknown encoding."""
    source = open_source(path, packed, limits)
    try:
        return TextStream(source, encoding)
    except UserError:
        source.close()
        raise
