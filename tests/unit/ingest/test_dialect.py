"""Delimiter, quotes, preamble and footer of small files."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.errors import UserError
from dashboard.ingest.dialect import find
from dashboard.ingest.limits import Limits
from dashboard.ingest.plan import SPACES
from dashboard.ingest.structure import Structure
from dashboard.ingest.structure import find as find_table

LIMITS = Limits()


def table(text: str, **chosen: str) -> Structure:
    data = text.encode()
    return find_table(data, data, LIMITS, chosen, whole=True)


ROWS = [["id", "name", "city", "amount"], *([str(i), f"Ann {i}", "Rome, Italy", f"{i}.50"] for i in range(30))]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~", "\x01", ":"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_delimiters(delimiter: str, quoting: int) -> None:
    sink = io.StringIO()
    csv.writer(sink, delimiter=delimiter, quoting=quoting).writerows(ROWS)  # type: ignore[arg-type]
    found = table(sink.getvalue())
    assert (found.dialect.delimiter, found.written) == (delimiter, ("id", "name", "city", "amount"))
    assert found.rows[3][1] == ("3", "Ann 3", "Rome, Italy", "3.50")


def test_decimal_comma_does_not_split_cells() -> None:
    text = "id;price;weight\n" + "".join(f"{i};{i},50;1,{i}\n" for i in range(20))
    assert table(text).dialect.delimiter == ";"


def test_a_column_of_dates_or_times_is_not_cut() -> None:
    for cell in ("2024-01-0{}", "0{}/02/2024", "12:0{}:00", "10.0{}.2024"):
        text = "when\n" + "".join(cell.format(i % 9 + 1) + "\n" for i in range(30))
        assert table(text).width == 1


def test_runs_of_spaces() -> None:
    text = " id    date  value\n" + "".join(f" {i:05d} 19970101  {i}.50\n" for i in range(20))
    found = table(text)
    assert (found.dialect.delimiter, found.width) == (SPACES, 3)


def test_single_quotes_and_backslashes() -> None:
    single = "id,note\n" + "".join(f"{i},'one, two'\n" for i in range(10))
    assert table(single).dialect.quote == "'"
    escaped = "id,note\n" + "".join(f'{i},"5\\" disk, new"\n' for i in range(10))
    found = table(escaped)
    assert (found.dialect.quote, found.dialect.escape) == ('"', "\\")
    assert found.rows[0][1] == ("0", '5" disk, new')


def test_sep_line_names_the_delimiter_and_is_no_row() -> None:
    found = table("sep=;\nid;name, full\n1;a,b\n2;c,d\n")
    assert (found.dialect.delimiter, found.dialect.skip_lines) == (";", 1)
    assert found.written == ("id", "name, full")


def test_preamble_comments_and_blank_lines_are_skipped() -> None:
    text = "Report of May\n\n# made by hand\nid,name,plan\n1,Ann,free\n2,Bob,pro\n"
    found = table(text)
    assert (found.dialect.skip_lines, found.written, len(found.rows)) == (3, ("id", "name", "plan"), 2)
    assert any(note.code == "preamble" for note in found.notes)


def test_a_commented_header_is_a_header() -> None:
    assert table("#id,name,plan\n1,Ann,free\n2,Bob,pro\n").dialect.skip_lines == 0


def test_total_rows_at_the_end_are_a_footer() -> None:
    rows = "".join(f"{i},Ann {i},free,10\n" for i in range(20))
    found = table("id,name,plan,amount\n" + rows + "Total,,,200\n")
    assert found.dialect.footer_rows == 1
    assert table("id,name,plan,amount\n" + rows + "20,Total,free,10\n").dialect.footer_rows == 0


def test_footnotes_are_a_footer() -> None:
    rows = "".join(f"{i},Ann {i},free,10\n" for i in range(20))
    assert table("id,name,plan,amount\n" + rows + ",,,\nSource: billing\n").dialect.footer_rows == 1


def test_short_rows_are_padded_only_where_they_are_a_habit() -> None:
    some = "a,b,c\n" + "1,2,3\n" * 40 + "1,2\n"
    assert table(some).dialect.short_rows == "reject"
    habit = "a,b,c\n" + "1,2,3\n1,2\n" * 20
    assert table(habit).dialect.short_rows == "pad"


def test_row_names_of_r() -> None:
    found = table('"plan","city"\n' + "".join(f'"{i}","free","Rome"\n' for i in range(1, 9)))
    assert found.written == ("", "plan", "city")


def test_chosen_decisions_win() -> None:
    found = table("a;b,c\n1;2,3\n", delimiter=";", header="0", quote="")
    assert (found.dialect.delimiter, found.dialect.header_rows, found.dialect.quote) == (";", 0, "")
    for name, value in (("delimiter", "ab"), ("quote", "é"), ("delimiter", ""), ("skip_lines", "x"), ("header", "-1")):
        with pytest.raises(UserError):
            table("a,b\n1,2\n", **{name: value})


def test_too_many_columns_running_text_and_endless_lines() -> None:
    wide = ",".join(map(str, range(2_001))) + "\n" + ",".join("1" * 2_001) + "\n"
    with pytest.raises(UserError, match="2,001 columns; the limit is 2,000"):
        table(wide)
    prose = """Dear colleagues,
this is the letter that I promised to write last week. It took a while, sorry.
We met in Rome, talked, ate, and forgot nearly everything that mattered to us.
Nobody wrote minutes of the meeting. That is why I try to remember it now.
First, the budget: there is none, as always, and nobody seems to mind that.
Second, the plan for the summer remains what it was before we came together.
Please answer until Friday, or come by my office if you like coffee and cake.
With kind regards from the second floor of the old building, yours as ever.
"""
    with pytest.raises(UserError, match="running text"):
        table(prose)
    endless = b"x" * 5_000
    with pytest.raises(UserError, match="first line"):
        find_table(endless, endless, Limits(line_bytes=1_000, field_bytes=500), {}, whole=False)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**6),
            st.from_regex(r"[A-Z][a-z]{2,8} [A-Z][a-z]{2,8}", fullmatch=True),
            st.floats(0, 1e4).map(lambda x: f"{x:.2f}"),
            st.text(alphabet="abc ,;|'\"", max_size=12),
        ),
        min_size=12,
        max_size=30,
    ),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_finds_back_the_delimiter_of_a_quoted_file(rows: list[tuple[object, ...]], delimiter: str) -> None:
    sink = io.StringIO()
    csv.writer(sink, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([("id", "name", "amount", "note"), *rows])
    assert find(sink.getvalue().encode(), LIMITS).dialect.delimiter == delimiter


def test_single_quotes_around_double_ones() -> None:
    rows = [["id", "note"], *([str(i), f"Men's {i}\" disk, new"] for i in range(30))]
    sink = io.StringIO()
    csv.writer(sink, quotechar="'").writerows(rows)
    found = table(sink.getvalue())
    assert found.dialect.quote == "'"
    assert found.rows[4][1] == ("4", "Men's 4\" disk, new")


def test_a_second_table_does_not_decide_the_dialect() -> None:
    sink = io.StringIO()
    csv.writer(sink).writerows(ROWS)
    second = "".join(f"{i};{i}\n" for i in range(len(ROWS)))
    found = table(sink.getvalue() + second)
    assert (found.dialect.delimiter, found.width) == (",", 4)
