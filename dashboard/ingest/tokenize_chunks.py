"""From a stream of clean bytes to chunks of tokenized records, in order, with constant memory.

Three steps: a stretch of whole records is cut off the stream (one after the other), parsed (side by side, in threads)
and put in its place (one after the other again: only then is it known which record of the file is its first). A chunk
owns its bytes; chunks can be decoded side by side as well.
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
_COUNTED = (tokenize.BLANK, tokenize.COMMENT, tokenize.PADDED, tokenize.SURPLUS)


@dataclass
class Chunk:
    """Some consecutive records.

    data: uint8, padded. spans: (width, n) int64, see :mod:`dashboard.ingest.tokenize`. lines, numbers: (n,) int64,
    physical line and record number, counted from the chunk's beginning until the chunk is placed. rejects: (m, 5) int64
    line, number, start, end, rule. counts: what the tokenizer counted in it.
    """

    index: int
    data: np.ndarray
    spans: np.ndarray
    lines: np.ndarray
    numbers: np.ndarray
    rejects: np.ndarray
    counts: np.ndarray

    @property
    def rows(self) -> int:
        return len(self.lines)

    def cell(self, column: int, row: int) -> bytes:
        """The trimmed bytes of a cell as written (doubled quotes stay doubled)."""
        span = int(self.spans[column, row])
        return self.data[span >> 32 : (span >> 32) + ((span >> 2) & 0x3FFFFFFF)].tobytes()


@dataclass
class Stretch:
    """Consecutive whole records, not parsed yet: ``size`` bytes of ``data`` with at most ``ends`` line ends; or parsed
    already, because where they end is known only by parsing them."""

    index: int
    data: np.ndarray
    size: int = 0
    ends: int = 0
    chunk: Chunk | None = None


class Tokenizer:
    """Iterate over the chunks of a stream: data records only, without header and footer.

    width: columns of the plan. ``next`` gives one chunk after the other; who has threads calls ``cut``, ``parse`` and
    ``place`` instead. Counters (``records``, ``blank``, ``comment``, ``padded``, ``surplus``, ``footer``) are those of
    the placed chunks, complete when the last one is.
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
        self._quote = ord(dialect.quote) if dialect.quote else -1
        self._width = width
        self._chunk_bytes = max(chunk_bytes, 256)
        # a record that does not end within this many bytes is too long whatever follows
        self._most = max(2 * self._chunk_bytes, 2 * (limits.line_bytes + limits.field_bytes) + (64 << 10))
        self._state = np.zeros(tokenize.STATE_SIZE, np.int64)
        self._state[tokenize.HEADER] = dialect.header_rows
        self._state[tokenize.SKIP_LINES] = dialect.skip_lines
        self._footer_rows = dialect.footer_rows
        self._in_turn = dialect.footer_rows > 0  # what belongs to the footer is known at the end
        self._rest = np.empty(0, np.uint8)
        self._ended = False
        self._started = False
        self._row_bytes = 0.0  # of the last chunk, to foresee how many records the next one has
        self._waiting: deque[Chunk] = deque()
        self._index = 0
        self._total = np.zeros(tokenize.STATE_SIZE, np.int64)
        self.footer = 0

    @property
    def records(self) -> int:
        return int(self._total[tokenize.NUMBER]) - self.footer

    @property
    def blank(self) -> int:
        return int(self._total[tokenize.BLANK])

    @property
    def comment(self) -> int:
        return int(self._total[tokenize.COMMENT])

    @property
    def padded(self) -> int:
        return int(self._total[tokenize.PADDED])

    @property
    def surplus(self) -> int:
        return int(self._total[tokenize.SURPLUS])

    def next(self) -> Chunk | None:
        """The next chunk, None at the end. Chunks may be empty."""
        stretch = self.cut()
        return None if stretch is None else self.place(self.parse(stretch))

    def cut(self) -> Stretch | None:
        """The next stretch, None at the end. One at a time."""
        stretch = self._footed() if self._in_turn else self._cut()
        if stretch is not None:
            stretch.index = self._index
            self._index += 1
        return stretch

    def parse(self, stretch: Stretch) -> Chunk:
        """The records of a stretch. Any thread, any order."""
        chunk = stretch.chunk
        if chunk is None:
            state = np.zeros(tokenize.STATE_SIZE, np.int64)
            chunk = self._run(state, stretch.data, stretch.size, True, stretch.ends)
        chunk.index = stretch.index
        return chunk

    def place(self, chunk: Chunk) -> Chunk:
        """The chunk with lines and numbers of the file. One at a time, in the order of the stretches."""
        if not self._in_turn:
            self._count(chunk)
        return chunk

    def _count(self, chunk: Chunk) -> None:
        line, number = self._total[tokenize.LINE] + 1, self._total[tokenize.NUMBER]
        chunk.lines += line
        chunk.numbers += number
        chunk.rejects[:, 0] += line
        chunk.rejects[:, 1] += number
        self._total += chunk.counts

    def _footed(self) -> Stretch | None:
        """A placed chunk of a file with a footer: it is free once as many records follow it as the footer has."""
        while True:
            following = sum(_records(chunk) for chunk in list(self._waiting)[1:])
            if self._waiting and following >= self._footer_rows:
                break
            stretch = self._cut()
            if stretch is None:
                self._drop_footer()
                break
            self._waiting.append(self.parse(stretch))
            self._count(self._waiting[-1])
        if not self._waiting:
            return None
        chunk = self._waiting.popleft()
        return Stretch(0, chunk.data, chunk=chunk)

    def _drop_footer(self) -> None:
        """Take the last records off the chunks that wait; nothing follows them."""
        total = int(self._total[tokenize.NUMBER])
        self.footer += min(self._footer_rows, total)
        self._footer_rows = 0
        last = total - self.footer
        for chunk in self._waiting:
            keep = int(np.searchsorted(chunk.numbers, last, "right"))
            chunk.spans, chunk.lines, chunk.numbers = chunk.spans[:, :keep], chunk.lines[:keep], chunk.numbers[:keep]
            chunk.rejects = chunk.rejects[chunk.rejects[:, 1] <= last]

    def _cut(self) -> Stretch | None:
        if self._ended and not len(self._rest):
            return None
        size = max(self._chunk_bytes, len(self._rest))
        data, filled = _grown(self._rest, size)
        while True:
            filled = self._fill(data, filled, size)
            stretch = self._lines(data, filled) or self._records(data, filled)
            if stretch is not None:
                self._started = True
                self._rest = data[stretch.size : filled].copy()
                data[stretch.size] = LF
                return stretch
            size = min(2 * size, self._most)
            data, filled = _grown(data[:filled], size)

    def _lines(self, data: np.ndarray, filled: int) -> Stretch | None:
        """The whole lines of a buffer, where lines are records: no quote, and nothing before the first record."""
        if not self._started or self._state[tokenize.HEADER] or self._state[tokenize.SKIP_LINES]:
            return None
        size, ends, quoted = tokenize.survey(data, filled, self._quote)
        if quoted or not size or ends * self._width > CHUNK_CELLS:
            return None
        return Stretch(0, data, size, ends)

    def _records(self, data: np.ndarray, filled: int) -> Stretch | None:
        """The whole records of a buffer, parsed; None when it holds not even one and can grow."""
        first = 0
        if not self._started:
            first = len(BOM) if data[: min(len(BOM), filled)].tobytes() == BOM else 0
        data[filled] = LF
        self._state[tokenize.POS] = first
        chunk = self._run(self._state, data, filled, self._ended, self._room(filled))
        used = int(self._state[tokenize.POS])
        if used == first < filled and not self._ended:
            return None
        self._row_bytes = used / max(_records(chunk), 1)
        return Stretch(0, data, used, chunk=chunk)

    def _run(self, state: np.ndarray, data: np.ndarray, size: int, final: bool, room: int) -> Chunk:
        """Tokenize with a state of which position, header and lines to skip go on and the rest begins anew."""
        state[[tokenize.LINE, tokenize.NUMBER, *_COUNTED]] = 0
        spans = np.empty((self._width, room), np.int64)
        lines, numbers = np.empty(room, np.int64), np.empty(room, np.int64)
        rejects = np.empty((room, 5), np.int64)
        force = size >= self._most
        tokenize.tokenize(data, size, final, force, self._conf, self._comment, state, spans, lines, numbers, rejects)
        rows, rejected = int(state[tokenize.ROWS]), int(state[tokenize.REJECTS])
        counts = np.zeros_like(state)
        for which in (tokenize.LINE, tokenize.NUMBER, *_COUNTED):
            counts[which] = state[which]
        return Chunk(0, data, spans[:, :rows], lines[:rows], numbers[:rows], rejects[:rejected].copy(), counts)

    def _room(self, filled: int) -> int:
        """For how many records to allocate; when more come, they go into the next chunk."""
        most = max(min(filled // 2 + 1, CHUNK_CELLS // max(self._width, 1)), 1)
        return min(most, int(filled / self._row_bytes * 1.25) + 64) if self._row_bytes else most

    def _fill(self, data: np.ndarray, filled: int, size: int) -> int:
        while not self._ended and size - filled >= 64:
            count = self._stream.fill(data[filled:size])
            self._ended = count == 0
            filled += count
        return filled


def _grown(content: np.ndarray, size: int) -> tuple[np.ndarray, int]:
    data = np.empty(size + PADDING, np.uint8)
    data[: len(content)] = content
    return data, len(content)


def _records(chunk: Chunk) -> int:
    return chunk.rows + len(chunk.rejects)
