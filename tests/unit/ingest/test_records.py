"""The reference tokenizer against section 6 of the architecture, one test per rule, and against Python's csv."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.ingest.limits import Limits
from dashboard.ingest.plan import SPACES, Dialect
from dashboard.ingest.records import Tally, records, rows, trim

SMALL = Limits(line_bytes=40, field_bytes=12)


def read(data: bytes, dialect: Dialect | None = None, limits: Limits = SMALL) -> list[tuple[object, ...]]:
    """(line, cells) of accepted records and (line, rule) of rejected ones."""
    return [
        (r.line, r.rule) if r.cells is None else (r.line, [c.decode() for c in r.cells])
        for r in records(data, dialect or Dialect(), limits)
    ]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_line_end_ends_a_record(end: bytes) -> None:
    assert read(b"a,b" + end + b"1,2" + end + b"3,4") == [(1, ["a", "b"]), (2, ["1", "2"]), (3, ["3", "4"])]


def test_line_ends_may_be_mixed() -> None:
    assert read(b"a\nb\r\nc\rd") == [(1, ["a"]), (2, ["b"]), (3, ["c"]), (4, ["d"])]


def test_byte_order_mark_is_skipped() -> None:
    assert read(b"\xef\xbb\xbfa,b\n") == [(1, ["a", "b"])]


def test_preamble_lines_keep_their_numbers() -> None:
    assert read(b'title "\n\na,b\n', Dialect(skip_lines=2)) == [(3, ["a", "b"])]
    assert read(b"a\n", Dialect(skip_lines=9)) == []


def test_quoted_field_keeps_delimiters_quotes_and_line_ends() -> None:
    data = b'"a,b", "say ""x""" ,"1\r\n2"\n3,4,5\n'
    assert read(data) == [(1, ["a,b", 'say "x"', "1\r\n2"]), (3, ["3", "4", "5"])]


def test_quote_inside_unquoted_field_is_text() -> None:
    assert read(b'5" disk,b\n') == [(1, ['5" disk', "b"])]


def test_text_after_closing_quote_rejects_one_physical_line() -> None:
    assert read(b'"a"b,c\n1,2\n') == [(1, "quote"), (2, ["1", "2"])]


def test_broken_quoted_field_gives_back_the_lines_it_swallowed() -> None:
    assert read(b'x,"a\nb"c\n1,2\n') == [(1, "quote"), (2, ['b"c']), (3, ["1", "2"])]


def test_quote_open_at_the_end_of_the_file() -> None:
    assert read(b'1,"a\n2,3\n') == [(1, "quote"), (2, ["2", "3"])]


def test_quote_that_closes_beyond_the_field_limit() -> None:
    assert read(b'"123456789012"\n') == [(1, ["123456789012"])]
    assert read(b'"1234567890123"\n') == [(1, "quote")]


def test_long_field_and_long_record() -> None:
    assert read(b"123456789012,b\n") == [(1, ["123456789012", "b"])]
    assert read(b"1234567890123,b\nc\n") == [(1, "too_long"), (2, ["c"])]
    assert read(b"12345678,12345678,12345678,12345678,1234\n")[0][1] != "too_long"
    assert read(b"12345678,12345678,12345678,12345678,12345\n") == [(1, "too_long")]


def test_long_record_over_several_lines_gives_its_lines_back() -> None:
    assert read(b'"1\n234567",12345678,12345678,12345678,12345\n') == [
        (1, "too_long"),
        (2, ['234567"', "12345678", "12345678", "12345678", "12345"]),
    ]


def test_the_leftmost_broken_rule_counts() -> None:
    assert read(b'1234567890123,"a"b\n') == [(1, "too_long")]
    assert read(b'"a"b,1234567890123\n') == [(1, "quote")]


def test_escape_makes_quote_and_itself_text() -> None:
    assert read(rb'"a\"b","c\\","d\e""f",g\h' + b"\n", Dialect(escape="\\")) == [(1, ['a"b', "c\\", 'd\\e"f', "g\\h"])]


def test_without_quoting_quotes_are_text() -> None:
    assert read(b'"a,b"\n', Dialect(quote="")) == [(1, ['"a', 'b"'])]


def test_blank_and_comment_lines_are_counted_not_read() -> None:
    tally = Tally()
    data = b'# c\na,b\n\n \t\n,,\n"x\n\n#y",1\n"",\n'
    found = [r.cells for r in records(data, Dialect(comment="#"), SMALL, tally)]
    assert found == [(b"a", b"b"), (b"x\n\n#y", b"1"), (b"", b"")]
    assert tally == Tally(blank=3, comment=1)


def test_runs_of_spaces_are_one_delimiter() -> None:
    assert read(b"  1  2\t 3  \n\n4 5\n", Dialect(delimiter=SPACES)) == [(1, ["1", "2", "3"]), (3, ["4", "5"])]


def test_a_single_space_delimits_empty_fields() -> None:
    assert read(b'1  "a b" \n', Dialect(delimiter=" ")) == [(1, ["1", "", "a b", ""])]


def test_tab_delimiter_is_no_padding_around_quotes() -> None:
    assert read(b'\t "a" \tb\n', Dialect(delimiter="\t")) == [(1, ["", "a", "b"])]


def test_cells_are_trimmed() -> None:
    assert trim(b" \xc2\xa0\t a b\xc2\xa0 \r\n") == b"a b"
    assert read(' x ,"\u00a0y "\n'.encode()) == [(1, ["x", "y"])]


def test_rows_apply_header_footer_and_width() -> None:
    tally = Tally()
    data = b"a,b\n1,2\n3\n4,5,6\n7,8,,\nTotal,9\n"
    found = [(r.number, r.line, r.cells, r.rule) for r in rows(data, Dialect(footer_rows=1), SMALL, 2, tally)]
    assert found == [
        (1, 2, (b"1", b"2"), ""),
        (2, 3, None, "too_few_fields"),
        (3, 4, None, "too_many_fields"),
        (4, 5, (b"7", b"8"), ""),
    ]
    assert tally == Tally(header=1, footer=1)


def test_short_rows_are_padded_by_choice() -> None:
    found = [r.cells for r in rows(b"a,b,c\n1\n", Dialect(short_rows="pad"), SMALL, 3)]
    assert found == [(b"1", b"", b"")]


cell = st.text(alphabet='ab ,;"\r\n\\é\u00a0|', max_size=8)


@given(st.lists(st.lists(cell, min_size=2, max_size=4), min_size=1, max_size=6), st.sampled_from(["\n", "\r\n", "\r"]))
def test_reads_back_what_python_writes(table: list[list[str]], end: str) -> None:
    sink = io.StringIO()
    csv.writer(sink, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(table)
    found = read(sink.getvalue().encode(), limits=Limits())
    assert [cells for _, cells in found] == [[trim(c.encode()).decode() for c in row] for row in table]


@given(
    st.lists(st.sampled_from([b"a", b'"', b",", b"\n", b"\r", b" ", b"\\", b"#", b"\t", b"bcdefgh"]), max_size=60),
    st.sampled_from([Dialect(), Dialect(escape="\\"), Dialect(delimiter=SPACES), Dialect(quote="", comment="#")]),
)
def test_every_line_belongs_to_exactly_one_record_or_is_blank(tokens: list[bytes], dialect: Dialect) -> None:
    data = b"".join(tokens)
    tally = Tally()
    found = list(records(data, dialect, SMALL, tally))
    starts = [0, *(m.end() for m in re.finditer(rb"\r\n|\r|\n", data))]
    lines_used = 0
    for before, record in zip([None, *found], found, strict=False):
        assert record.start == starts[record.line - 1]
        assert before is None or before.end < record.start
        inside = len(re.findall(rb"\r\n|\r|\n", data[record.start : record.end]))
        assert inside == 0 or record.cells is not None
        lines_used += 1 + inside
    total = len(starts) - (starts[-1] == len(data))
    assert lines_used + tally.blank + tally.comment == total
