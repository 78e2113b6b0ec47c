"""Whether the first rows are names."""

from __future__ import annotations

import pytest

from dashboard.ingest.header import decide, names, unique
from dashboard.ingest.synonyms import is_name


def judged(text: str) -> tuple[int, bool]:
    table = [line.split(",") for line in text.strip("\n").split("\n")]
    found = decide(table, is_name)
    return found.rows, found.sure


@pytest.mark.parametrize(
    ("text", "rows", "sure"),
    [
        ("id,name,joined\n1,Ann,2024-01-02\n2,Bob,2024-02-03", 1, True),
        ("Kunde,Betrag\nA17,3\nB18,4", 1, True),
        ("foo,bar\n1,2\n3,4", 1, True),  # unknown words over numbers
        ("1,Ann,2024-01-02\n2,Bob,2024-02-03\n3,Cy,2024-02-04", 0, True),
        ("Ann,Rome,07001\nBob,Paris,08123\nCy,Rome,09555", 0, True),
        ("foo\nfoo\nfoo\nfoo", 0, True),
        ("a@b.org,Ann\nc@d.org,Bob\ne@f.org,Cy", 0, True),
        (",1985,1993,2000\nA,5,6,7\nB,8,9,4", 1, True),  # years as names
        ("Vienna,red\nGraz,blue\nLinz,green", 1, False),  # nothing decides: ask
        ("alpha,beta,gamma", 1, True),
        ("x", 0, True),
        ("5,6,7", 0, True),
    ],
)
def test_first_row(text: str, rows: int, sure: bool) -> None:
    assert judged(text) == (rows, sure)


def test_two_rows_of_names() -> None:
    text = "date,place,travel,,,total\n,,air,rail,taxi,\n"
    text += "2024-01-01,Rome,5,,,5\n2024-01-02,Rome,,6,,6\n2024-01-03,Oslo,1,,,1"
    assert judged(text) == (2, True)
    rows = [line.split(",") for line in text.split("\n")[:2]]
    assert names(rows, 6) == ["date", "place", "travel air", "travel rail", "travel taxi", "total"]


def test_names_are_made_unique_without_regard_to_case() -> None:
    assert unique(["id", "", "ID", "name", "id"]) == ["id", "column 2", "ID (2)", "name", "id (3)"]
    assert names([["a\n b", "  c"]], 3) == ["a b", "c", ""]
