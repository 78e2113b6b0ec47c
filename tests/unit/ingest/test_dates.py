"""Date order over a whole column, with the row that proves it; ambiguous dates are asked about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.ingest.dates import DateColumn, examine
from tests.unit.ingest.gathered import evidence

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


def judged(cells: Sequence[str], *, time_like: bool = True) -> DateColumn | None:
    numbered = [(i, c) for i, c in enumerate(cells, 1) if c]
    return examine(evidence(cells), numbered, "when", 4, time_like=time_like, now=NOW)


@pytest.mark.parametrize(
    ("cells", "order", "says"),
    [
        (["03/04/2025", "13/02/2025", "01/01/2025"], "dmy", "row 2 says 13/02"),
        (["03/04/2025", "02/13/2025", "01/01/2025"], "mdy", "row 2 says 02/13"),
        (["3.4.2025 17:00", "", "25.3.2025 9:15:00"], "dmy", "row 3 says 25.03"),
        (["04-03-25", "04-25-25"], "mdy", "row 2 says 04-25"),
        (["01/02/2026", "12/01/2026"], "dmy", "as month/day some dates would lie in the future"),
        (["01/02/2024", "05/02/2024", "01/03/2024", "07/03/2024"], "dmy", "only then are the rows in order of time"),
        (
            ["2024-03-08 01:25:58", "2024-03-09 01:25:58", "03/10/2024 01:25:58", "2024-03-11 01:25:58"],
            "mdy",
            "in order",
        ),
    ],
)
def test_evidence_is_named(cells: list[str], order: str, says: str) -> None:
    found = judged(cells)
    assert found is not None and found.note is not None and found.question is None
    assert found.time.order == order
    assert says in found.note.text


def test_nothing_decides_so_a_person_is_asked() -> None:
    found = judged(["03/04/2025", "05/06/2025", "01/02/2025"])
    assert found is not None and found.question is not None and found.note is None
    assert found.question.text.startswith("03/04/2025 in “when” can be 3 April or 4 March.")
    assert [value for value, _ in found.question.choices] == ["dmy", "mdy"]
    assert found.question.column == 4 and found.question.answer is None


def test_the_example_is_a_date_that_the_two_readings_tell_apart() -> None:
    found = judged(["01/01/2025", "02/02/2025", "03/04/2025"])
    assert found is not None and found.question is not None
    assert [label for _, label in found.question.choices] == ["Day/month: 3 April 2025", "Month/day: 4 March 2025"]


def test_contradicting_rows_are_said() -> None:
    found = judged(["13/02/2025", "14/02/2025", "02/15/2025"])
    assert found is not None and found.note is not None
    assert (found.time.order, found.note.level) == ("dmy", "warning")
    assert "row 1 says 13/02" in found.note.text and "row 3 says 02/15" in found.note.text


@pytest.mark.parametrize(
    ("cells", "has_time"),
    [
        (["2024-01-02", "2024-12-31"], False),
        (["2024-01-02T10:11:12Z", "2024-01-02T10:11:12+03:00"], True),
        (["5/19/2006 0:00:00", "5/20/2006 0:00:00"], False),
        (["24 October 2011", "1 Mai 2012"], False),
        (["Mar 5, 2024 10:30 AM"], True),
        (["20240131", "20241231"], False),
    ],
)
def test_shapes_of_dates(cells: list[str], has_time: bool) -> None:
    found = judged(cells)
    assert found is not None and found.question is None
    assert found.time.has_time is has_time


@pytest.mark.parametrize(
    ("cells", "unit", "level"),
    [
        (["1541105830", "1541106106"], "s", "info"),
        (["1541105830796", "1541106106796.0"], "ms", "info"),
        (["1541105830796123"], "us", "info"),
        (["1541105830796123456"], "ns", "info"),
        (["1541105830", "1541106106796"], "auto", "warning"),
    ],
)
def test_epochs_by_magnitude(cells: list[str], unit: str, level: str) -> None:
    found = judged(cells)
    assert found is not None and found.note is not None
    assert (found.time.kind, found.time.unit, found.note.level) == ("epoch", unit, level)
    assert judged(cells, time_like=False) is None


@pytest.mark.parametrize(
    "cells",
    [
        ["17850", "13047"],
        ["1.5", "2.5"],
        ["abc", "def"],
        ["10:30", "11:45"],
        ["9999999999", "8888888888"],
        ["99999999"],
        [""],
    ],
)
def test_what_is_no_time(cells: list[str]) -> None:
    assert judged(cells) is None


def test_a_bad_value_does_not_turn_a_column_into_text() -> None:
    found = judged(["10-10-2020"] * 50 + ["2a-02-2020", "31-12-2020"])
    assert found is not None and found.time.order == "dmy" and 0.9 < found.share < 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.dates(dt.date(2001, 1, 1), dt.date(2025, 12, 31)), min_size=1, max_size=40),
    st.sampled_from(["dmy", "mdy"]),
)
def test_a_decision_is_never_wrong(days: list[dt.date], order: str) -> None:
    form = "%d/%m/%Y" if order == "dmy" else "%m/%d/%Y"
    found = judged([day.strftime(form) for day in days])
    assert found is not None
    if any(day.day > 12 for day in days):
        assert found.question is None and found.time.order == order
    elif found.question is None:
        assert found.note is not None and ("order of time" in found.note.text)
