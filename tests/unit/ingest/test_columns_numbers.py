"""Decimal and thousands signs over a whole column, types and what a column's values show."""

from __future__ import annotations

import pytest

from dashboard.ingest import numbers
from dashboard.ingest.columns import Profile, profile
from tests.unit.ingest.gathered import evidence


def signs(*cells: str) -> tuple[str, str]:
    found = numbers.examine(evidence(cells))
    return found.decimal, found.thousands


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("1.234,56", "7,5"), (",", ".")),
        (("1,234.56", "7.5"), (".", ",")),
        (("$1,200.50", "$3.10"), (".", ",")),
        (("1,234", "5,678,901"), (".", ",")),
        (("1.234.567", "2.345"), (",", ".")),
        (("1 234,56", "12 345,00"), (",", " ")),
        (("1'234.50",), (".", "'")),
        (("0,125", "3,5"), (",", "")),
        (("80.26", "321.75"), (".", "")),
        (("1.234", "80.5"), (".", "")),
        (("1.234", "80,5"), (",", ".")),
        (("12", "7"), (".", "")),
        (("12,5 %", "3,25 %"), (",", "")),
        (("(1,200.50)", "-3.5"), (".", ",")),
    ],
)
def test_signs(cells: tuple[str, ...], expected: tuple[str, str]) -> None:
    assert signs(*cells) == expected


def test_what_nothing_proves_is_said_and_the_file_may_settle_it() -> None:
    found = numbers.examine(evidence(["1.234", "5.678"]))
    assert found.undecided == 2
    note = numbers.note("price", found)
    assert note is not None and note.level == "warning"
    assert "1.234 read as 1.234" in note.text and "1234" in note.text
    settled = numbers.settle(found, ",")
    assert (settled.decimal, settled.thousands, settled.undecided) == (",", ".", 0)


def test_the_decision_is_shown_with_its_count() -> None:
    found = numbers.examine(evidence(["1.234,56"] * 4 + ["7,1"]))
    note = numbers.note("price", found)
    assert note is not None and note.text == "“price”: 1.234,56 read as 1234.56 (5 values)."


def described(cells: list[str], header: str = "x") -> Profile:
    gathered = evidence(cells)
    return profile(0, header, cells, evidence=gathered, distinct=None, dates=None, numbers=numbers.examine(gathered))


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "2.5", "-3", "4e5"] * 5, "number"),
        (["yes", "no", "yes"], "boolean"),
        (["TRUE", "FALSE", ""], "boolean"),
        (["0", "1", "1", "0"], "boolean"),
        (["00123", "00124", "20000"], "category"),
        (["red", "green", "red"], "category"),
        ([f"A-{i}" for i in range(100)], "id"),
        ([f"Ann has {i} apples, and more" for i in range(100)], "text"),
        (["", "NA", "null"], "category"),
        (["1", "2", "N/A", "3", ""], "number"),
    ],
)
def test_types(cells: list[str], expected: str) -> None:
    assert described(cells).type == expected


def test_ids_that_a_spreadsheet_rewrote_and_placeholders() -> None:
    found = described(["4.90E+12", "4.91E+12", "17", "NULL", "n/a", ""])
    assert found.damaged == 2
    assert dict(found.placeholders) == {"NULL": 1, "n/a": 1}
    assert described(["17850.0", "13047.0"]).numbers == numbers.examine(evidence(["17850.0", "13047.0"]))
    point_zero = described(["17850.0", "13047.0"]).numbers
    assert point_zero is not None and point_zero.point_zero
    mixed = described(["17850.0", "13047.5"]).numbers
    assert mixed is not None and not mixed.point_zero


def test_values_that_give_a_column_away() -> None:
    assert described(["France", "UK", "USA", "Brazil"]).look("country") == 1
    assert described(["DE", "FR", "us"]).look("country") == 1
    assert described(["Basic", "Premium", "Standard plan"]).look("plan") == 1
    assert described(["iOS", "Android", "web"]).look("platform") == 1
    assert described(["a@b.org", "c@d.net"]).look("email") == 1
    assert described(["1", "2", "3", "4"]).growing and not described(["1", "3", "4"]).growing
