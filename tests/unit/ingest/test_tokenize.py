"""The compiled tokenizer gives the records of the reference, byte for byte, however the input is cut into chunks."""

from __future__ import annotations

import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dashboard.ingest import records
from dashboard.ingest.limits import Limits
from dashboard.ingest.plan import SPACES, Dialect
from dashboard.ingest.tokenize import ESCAPED, RULE_CODES, TRIMMED
from dashboard.ingest.tokenize_chunks import Chunk, Tokenizer
from dashboard.ingest.transcode_stream import TextStream


class Dripping:
    """A source that gives at most ``step`` bytes a call."""

    def __init__(self, data: bytes, step: int) -> None:
        self._file, self._step = io.BytesIO(data), step

    def readinto(self, target: memoryview) -> int:
        return self._file.readinto(target[: self._step])

    def close(self) -> None:
        self._file.close()


def unescaped(cell: bytes, dialect: Dialect) -> bytes:
    limits = Limits()
    return records._Parser(b"", dialect, limits)._unescape(cell)


def compiled(
    data: bytes, dialect: Dialect, limits: Limits, width: int, chunk_bytes: int = 1 << 16, step: int = 1 << 16
):
    """(rows as the reference gives them, the tokenizer)."""
    tokenizer = Tokenizer(TextStream(Dripping(data, step), "utf-8"), dialect, limits, width, chunk_bytes)
    found = []
    while (chunk := tokenizer.next()) is not None:
        found += rows_of(chunk, dialect, width)
    return sorted(found), tokenizer


def rows_of(chunk: Chunk, dialect: Dialect, width: int):
    found = []
    for row in range(chunk.rows):
        cells = []
        for column in range(width):
            cell = chunk.cell(column, row)
            if int(chunk.spans[column, row]) & ESCAPED:
                assert unescaped(cell, dialect) != cell
                cell = unescaped(cell, dialect)
            cells.append(cell)
        found.append((int(chunk.numbers[row]), int(chunk.lines[row]), "", tuple(cells)))
    for line, number, start, end, rule in chunk.rejects.tolist():
        found.append((number, line, RULE_CODES[rule], chunk.data[start:end].tobytes()))
    return found


def reference(data: bytes, dialect: Dialect, limits: Limits, width: int):
    tally = records.Tally()
    found = [
        (r.number, r.line, r.rule, r.cells if r.cells is not None else data[r.start : r.end])
        for r in records.rows(data, dialect, limits, width, tally)
    ]
    return found, tally


NASTY = st.text(alphabet=list('ab,;"""\'\\\n\n\r\t |#\u00a0é\v'), max_size=120)
DIALECTS = st.builds(
    Dialect,
    delimiter=st.sampled_from([",", ";", "\t", "|", " ", SPACES]),
    quote=st.sampled_from(['"', "'", ""]),
    escape=st.sampled_from(["", "\\", '"']),
    skip_lines=st.sampled_from([0, 0, 1, 3]),
    header_rows=st.integers(0, 2),
    footer_rows=st.sampled_from([0, 0, 1, 2]),
    comment=st.sampled_from(["", "", "#", "ab"]),
    short_rows=st.sampled_from(["reject", "pad"]),
)
LIMITS = st.builds(Limits, line_bytes=st.sampled_from([7, 30, 1000]), field_bytes=st.sampled_from([3, 12, 500]))


@settings(max_examples=1500, deadline=None)
@given(NASTY, DIALECTS, LIMITS, st.integers(1, 4), st.booleans())
@example('a,b\n"x\r\n",1\r\n"y"z,2\n', Dialect(), Limits(), 2, True)
@example('"a\\', Dialect(escape="\\"), Limits(), 1, False)
@example("a\r", Dialect(header_rows=0, skip_lines=1), Limits(), 1, False)
def test_equals_the_reference(text: str, dialect: Dialect, limits: Limits, width: int, bom: bool) -> None:
    data = (records.BOM if bom else b"") + text.encode()
    found, tokenizer = compiled(data, dialect, limits, width)
    wanted, tally = reference(data, dialect, limits, width)
    assert found == wanted
    assert (tokenizer.blank, tokenizer.comment, tokenizer.footer) == (tally.blank, tally.comment, tally.footer)
    assert tokenizer.records == len(wanted)


@settings(max_examples=300, deadline=None)
@given(st.lists(NASTY, min_size=1, max_size=12), DIALECTS, st.integers(1, 4), st.integers(1, 90))
def test_chunk_borders_change_nothing(texts: list[str], dialect: Dialect, width: int, step: int) -> None:
    data = "\n".join(texts).encode()
    limits = Limits(line_bytes=400, field_bytes=200)
    small, _ = compiled(data, dialect, limits, width, chunk_bytes=256, step=step)
    assert small == reference(data, dialect, limits, width)[0]


CALM = st.text(alphabet=list("ab,;\n\n\r\t |#\u00a0é"), max_size=120)


@settings(max_examples=600, deadline=None)
@given(st.lists(st.one_of(CALM, CALM, CALM, NASTY), min_size=1, max_size=24), DIALECTS, LIMITS, st.integers(1, 4))
@example(["a,b\r\n" * 60, "#\n\n" * 50, 'x,"y\nz"\n', "c,d\n" * 90], Dialect(comment="#"), Limits(), 2)
def test_stretches_can_be_parsed_in_any_order(texts: list[str], dialect: Dialect, limits: Limits, width: int) -> None:
    data = "\n".join(texts).encode()
    tokenizer = Tokenizer(TextStream(Dripping(data, 200), "utf-8"), dialect, limits, width, 256)
    stretches = list(iter(tokenizer.cut, None))
    chunks = [tokenizer.parse(stretch) for stretch in reversed(stretches)]
    found = [row for chunk in reversed(chunks) for row in rows_of(tokenizer.place(chunk), dialect, width)]
    wanted, tally = reference(data, dialect, limits, width)
    assert sorted(found) == wanted
    assert (tokenizer.blank, tokenizer.comment, tokenizer.footer) == (tally.blank, tally.comment, tally.footer)


def test_lines_without_quotes_are_not_parsed_to_find_their_end() -> None:
    data = b"a,b\n" + b"1,2\n" * 500
    tokenizer = Tokenizer(TextStream(Dripping(data, 1000), "utf-8"), Dialect(), Limits(), 2, 256)
    stretches = list(iter(tokenizer.cut, None))
    assert [stretch.chunk is None for stretch in stretches[1:-1]] == [True] * (len(stretches) - 2)  # header, end
    assert len(stretches) > 5


def test_a_giant_line_is_rejected_and_the_next_one_read() -> None:
    limits = Limits(line_bytes=1000, field_bytes=500)
    data = b"a,b\n1,2\n" + b"x" * 400_000 + b"\n3,4\n"
    found, tokenizer = compiled(data, Dialect(), limits, 2, chunk_bytes=256)
    assert [(n, line, rule) for n, line, rule, _ in found] == [(1, 2, ""), (2, 3, "too_long"), (3, 4, "")]
    assert tokenizer.records == 3
    assert found[2][3] == (b"3", b"4")


def test_flags_say_what_was_trimmed_and_what_is_escaped() -> None:
    tokenizer = Tokenizer(TextStream(Dripping(b'h,i,j\n a ,"b""c",d\n', 100), "utf-8"), Dialect(), Limits(), 3)
    chunk = tokenizer.next()
    assert chunk is not None
    assert [int(s) & 3 for s in chunk.spans[:, 0]] == [TRIMMED, ESCAPED, 0]
    assert [chunk.cell(c, 0) for c in range(3)] == [b"a", b'b""c', b"d"]


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_every_line_end(ending: bytes) -> None:
    data = ending.join([b"a,b", b"1,2", b'"3' + ending + b'4",5', b"", b"6,7"])
    found, tokenizer = compiled(data, Dialect(), Limits(), 2)
    assert [(line, cells) for _, line, _, cells in found] == [
        (2, (b"1", b"2")),
        (3, (b"3" + ending + b"4", b"5")),
        (6, (b"6", b"7")),
    ]
    assert tokenizer.blank == 1
