"""From a stream of clean bytes to chunks of tokenized records, in order, with constant memory.

A chunk owns its bytes; chunks can be decoded side by side in threads while the next one is being tokenized.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from dashboard.ingest import tokenize
from dashboard.ingest.limits import Limits
from dashboard.ingest.plan import Dialect
from dashboard.ingest.tokenize import LF
from dashboard.ingest.tokenize_words import PADDING
from dashboard.ingest.transcode_stream import TextStream

CHUNK_BYTES = 8 << 20
CHUNK_CELLS = 8 << 20
BOM = b"\xef\xbb\xbf"


@dataclass
class Chunk:
    """Some consecutive records.

    data: uint8, padded. spans: (width, n) int64, see :mod:`dashboard.ingest.tokenize`. lines, numbers: (n,) int64,
    physical line and record number. rejects: (m, 5) int64 line, number, start, end, rule.
    """

    index: int
    data: np.ndarray
    spans: np.ndarray
    lines: np.ndarray
    numbers: np.ndarray
    rejects: np.ndarray

    @property
    def rows(self) -> int:
        return len(self.lines)

    def cell(self, column: int, row: int) -> bytes:
        """The trimmed bytes of a cell as written (doubled quotes stay doubled)."""
        span = int(self.spans[column, row])
        return self.data[span >> 32 : (span >> 32) + ((span >> 2) & 0x3FFFFFFF)].tobytes()


class Tokenizer:
    """Iterate over the chunks of a stream: data records only, without header and footer.

    width: columns of the plan. Counters (``records``, ``blank``, ``comment``, ``padded``, ``surplus``, ``footer``) are
    complete when the iteration has ended.
    """

    def __init__(
        self,
        stream: TextStream,
        dialect: Dialect,
        limits: Limits,
        width: int,
        chunk_bytes: int = CHUNK_BYTES,
    ) -> None:
        self._stream = stream
        self._conf = tokenize.configuration(dialect, limits)
        self._comment = np.frombuffer(dialect.comment.encode(), np.uint8)
        self._width = width
        self._chunk_bytes = max(chunk_bytes, 256)
        # a record that does not end within this many bytes is too long whatever follows
        self._most = max(2 * self._chunk_bytes, 2 * (limits.line_bytes + limits.field_bytes) + (64 << 10))
        self._state = np.zeros(tokenize.STATE_SIZE, np.int64)
        self._state[tokenize.LINE] = 1
        self._state[tokenize.HEADER] = dialect.header_rows
        self._state[tokenize.SKIP_LINES] = dialect.skip_lines
        self._footer_rows = dialect.footer_rows
        self._rest = np.empty(0, np.uint8)
        self._ended = False
        self._started = False
        self._row_bytes = 0.0  # of the last chunk, to foresee how many records the next one has
        self._waiting: deque[Chunk] = deque()
        self._index = 0
        self.footer = 0
        self.bytes = 0

    @property
    def records(self) -> int:
        return int(self._state[tokenize.NUMBER]) - self.footer

    @property
    def blank(self) -> int:
        return int(self._state[tokenize.BLANK])

    @property
    def comment(self) -> int:
        return int(self._state[tokenize.COMMENT])

    @property
    def padded(self) -> int:
        return int(self._state[tokenize.PADDED])

    @property
    def surplus(self) -> int:
        return int(self._state[tokenize.SURPLUS])

    def next(self) -> Chunk | None:
        """The next chunk, None at the end. Chunks may be empty."""
        if not self._footer_rows:
            return self._number(self._tokenize())
        while True:  # a chunk is free once as many records follow it as the footer has
            following = sum(_records(chunk) for chunk in list(self._waiting)[1:])
            if self._waiting and following >= self._footer_rows:
                return self._number(self._waiting.popleft())
            chunk = self._tokenize()
            if chunk is None:
                self._drop_footer()
                return self._number(self._waiting.popleft()) if self._waiting else None
            self._waiting.append(chunk)

    def _number(self, chunk: Chunk | None) -> Chunk | None:
        if chunk is not None:
            chunk.index = self._index
            self._index += 1
        return chunk

    def _drop_footer(self) -> None:
        """Take the last records off the chunks that wait; nothing follows them."""
        total = int(self._state[tokenize.NUMBER])
        self.footer = min(self._footer_rows, total)
        self._footer_rows = 0
        last = total - self.footer
        for chunk in self._waiting:
            keep = int(np.searchsorted(chunk.numbers, last, "right"))
            chunk.spans, chunk.lines, chunk.numbers = chunk.spans[:, :keep], chunk.lines[:keep], chunk.numbers[:keep]
            chunk.rejects = chunk.rejects[chunk.rejects[:, 1] <= last]

    def _tokenize(self) -> Chunk | None:
        if self._ended and not len(self._rest):
            return None
        size = max(self._chunk_bytes, len(self._rest))
        data, filled = _grown(self._rest, size)
        while True:
            filled = self._fill(data, filled, size)
            first = 0
            if not self._started:
                first = len(BOM) if data[: min(len(BOM), filled)].tobytes() == BOM else 0
            data[filled] = LF
            room = self._room(filled)
            spans = np.empty((self._width, room), np.int64)
            lines, numbers = np.empty(room, np.int64), np.empty(room, np.int64)
            rejects = np.empty((room, 5), np.int64)
            self._state[tokenize.POS] = first
            tokenize.tokenize(
                data, filled, self._ended, filled >= self._most, self._conf, self._comment,
                self._state, spans, lines, numbers, rejects,
            )  # fmt: skip
            used = int(self._state[tokenize.POS])
            if used == first < filled and not self._ended:  # not one whole record in the buffer
                size = min(2 * size, self._most)
                data, filled = _grown(data[:filled], size)
                continue
            self._started = True
            rows, rejected = int(self._state[tokenize.ROWS]), int(self._state[tokenize.REJECTS])
            self._row_bytes = used / max(rows, rejected, 1)
            self._rest = data[used:filled].copy()
            return Chunk(0, data, spans[:, :rows], lines[:rows], numbers[:rows], rejects[:rejected].copy())

    def _room(self, filled: int) -> int:
        """For how many records to allocate; when more come, they go into the next chunk."""
        most = max(min(filled // 2 + 1, CHUNK_CELLS // max(self._width, 1)), 1)
        return min(most, int(filled / self._row_bytes * 1.25) + 64) if self._row_bytes else most

    def _fill(self, data: np.ndarray, filled: int, size: int) -> int:
        while not self._ended and size - filled >= 64:
            count = self._stream.fill(data[filled:size])
            self._ended = count == 0
            filled += count
            self.bytes += count
        return filled


def _grown(content: np.ndarray, size: int) -> tuple[np.ndarray, int]:
    data = np.empty(size + PADDING, np.uint8)
    data[: len(content)] = content
    return data, len(content)


def _records(chunk: Chunk) -> int:
    return chunk.rows + len(chunk.rejects)
