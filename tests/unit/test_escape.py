"""No text may become a formula."""

from __future__ import annotations

import csv
import io
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dashboard.escape import safe_cell


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-cmd",
        "@SUM(A1)",
        "|calc",
        "＝1",
        "－1",
        "＠x",
        " =1",
        "\t=1",
        "\r\n=1",
        "\ufeff=1",
        "\u200b=1",
        "\tx",
    ],
)
def test_formula_starts_are_escaped(text: str) -> None:
    assert safe_cell(text) == "'" + text


@pytest.mark.parametrize("text", ["", "a", "a=1", "Zoë", "12", "3-4", "'quoted", "1e5"])
def test_other_texts_are_unchanged(text: str) -> None:
    assert safe_cell(text) == text


@settings(max_examples=1000, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("=+-@|＝＋ \t\r\n\0\ufeff\u200bab1\"',;")), max_size=8))
@example("\ufeff\u200b =")
def test_no_cell_of_a_written_file_begins_a_formula(text: str) -> None:
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL).writerow([safe_cell(text)])
    file.seek(0)
    cell = next(csv.reader(file))[0]
    assert cell.removeprefix("'") == text or cell == text
    head = unicodedata.normalize("NFKC", cell).lstrip(" \t\r\n\0\ufeff\u200b")
    assert not head.startswith(("=", "+", "-", "@", "|"))
