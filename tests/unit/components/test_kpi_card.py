from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote

import pytest

from dashboard.components.help import Fact
from dashboard.components.kpi_card import kpi_card, kpi_row, sparkline
from dashboard.result import Kpi
from tests.unit.components.tree import find, prop, text, walk

LAPSED = Kpi(
    key="lapsed",
    label="Lapsed share",
    definition="Share of people who left.",
    formula="left / all",
    unit="rate",
    higher_is_better=False,
    value=0.224,
    previous=0.2,
    delta=0.024,
    relative=0.12,
    verdict="worse",
    first_day="2026-03-01",
    last_day="2026-03-30",
    previous_first="2026-01-30",
    previous_last="2026-02-28",
    spark=(1.0, None, 3.0, 2.0),
)


def delta(kpi: Kpi) -> tuple[str, str]:
    part = find(kpi_card(kpi), "delta")[0]
    return str(part.className), text(part)


def test_green_is_good_not_up() -> None:
    assert delta(LAPSED) == ("delta delta-worse", "▲  +2.4 pp  (worse)")
    better = replace(LAPSED, higher_is_better=True, verdict="better")
    assert delta(better) == ("delta delta-better", "▲  +2.4 pp  (better)")
    neither = replace(LAPSED, higher_is_better=None, verdict="same")
    assert delta(neither)[0] == "delta delta-none"


@pytest.mark.parametrize(
    ("value", "previous", "difference", "verdict", "shown"),
    [
        (12.0, 0.0, 12.0, "better", "new"),
        (0.0, 0.0, 0.0, "same", "no change"),
        (90.0, 120.0, -30.0, "worse", "−25.0 %"),
    ],
)
def test_change_of_a_count(value: float, previous: float, difference: float, verdict: str, shown: str) -> None:
    kpi = replace(
        LAPSED, unit="count", higher_is_better=True, value=value, previous=previous, delta=difference, verdict=verdict
    )
    assert shown in delta(kpi)[1]


def test_missing_value_says_why_and_never_nan() -> None:
    card = kpi_card(replace(LAPSED, value=None, previous=None, delta=None, verdict="", note="Nothing to divide by."))
    assert text(find(card, "kpi-value")) == "–"
    assert text(find(card, "kpi-foot")) == "Nothing to divide by."
    assert "nan" not in text(card).lower()


def test_explanation_is_tied_to_its_button() -> None:
    card = kpi_card(LAPSED, facts=[Fact("Computed", "now"), Fact("Left out", "")])
    button, box = find(card, "tip-button")[0], find(card, "tip-box")[0]
    assert prop(button, "aria-describedby") == box.id
    assert prop(button, "aria-label") == "About Lapsed share"
    for words in (
        "Share of people who left.",
        "left / all",
        "1–30 Mar 2026",
        "30 Jan – 28 Feb 2026",
        "22.4000 %",
        "now",
    ):
        assert words in text(box)
    assert "Left out" not in text(box)


def test_number_links_to_its_people_and_shows_the_full_value() -> None:
    number = find(kpi_card(replace(LAPSED, unit="count", value=25_000.0), href="/discounts#people"), "kpi-value")[0]
    assert (number.href, number.title, text(number)) == ("/discounts#people", "25,000", "25k")


def test_sparkline_leaves_gaps_open() -> None:
    picture = sparkline((1.0, None, 3.0, 2.0))
    assert picture is not None
    path = unquote(picture.src)
    assert path.count("M") == 2 and "NaN" not in path and "Z" not in path
    assert "Z" in unquote(sparkline((1.0, 2.0, 3.0)).src)  # type: ignore[union-attr]
    assert sparkline((1.0, None, 2.0)) is None
    assert sparkline((5.0, 5.0, 5.0)) is not None


@pytest.mark.parametrize(("cards", "columns"), [(1, "1"), (6, "6"), (7, "4"), (8, "4")])
def test_rows_are_balanced(cards: int, columns: str) -> None:
    row = kpi_row([kpi_card(LAPSED)] * cards)
    assert row.style == {"--columns": columns}
    assert sum(1 for node in walk(row) if getattr(node, "className", "") == "panel kpi") == cards
