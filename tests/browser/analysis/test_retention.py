"""Retention in the browser: every number opens exactly its people, every choice is a link, nothing complains."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe, settled, sideways

pytestmark = pytest.mark.browser
MONTHS = "range=all&period=month&kind=first_time"


def number(text: str) -> int:
    return int(text.replace(",", ""))


def test_a_cell_its_list_and_its_file_are_the_same_people(view: Callable[..., Page]) -> None:
    page = view("/retention", "events", MONTHS + "&show=number")
    cell = page.locator(".cohort-cell a").first
    people = number(cell.inner_text())
    cell.click()
    expect(page.locator("#retention-list-count")).to_have_text(
        re.compile(rf"^{people:,} (people|person)$"), timeout=60_000
    )
    assert "list=in~" in page.url or "list=in%7E" in page.url
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download this list").click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert len(list(csv.DictReader(io.StringIO(text)))) == people


def test_back_undoes_a_choice_and_a_link_restores_it(view: Callable[..., Page]) -> None:
    page = view("/retention", "events", MONTHS)
    first, mean = page.url, page.locator(".cohort-mean").first.inner_text()
    page.locator("[data-pop='option.count'] summary").click()
    page.get_by_role("link", name="In that period or later").click()
    expect(page.locator(".card-subtitle", has_text="in that month or later")).to_be_visible()
    later = page.locator(".cohort-mean").first.inner_text()
    assert float(later.split()[0]) >= float(mean.split()[0])
    again = view("/retention", "events", page.url.split("?")[1].split("&", 1)[1])
    assert again.locator(".cohort-mean").first.inner_text() == later
    page.go_back()
    settled(page)
    assert page.url == first
    expect(page.locator(".cohort-mean").first).to_have_text(mean)


def test_periods_are_taken_together_in_groups_of_ones_own(view: Callable[..., Page]) -> None:
    page = view("/retention", "events", f"{MONTHS}&count=brackets")
    usual = page.locator(".cohorts thead th").all_inner_texts()
    page.locator("[data-pop='groups'] summary").click()
    typed = page.get_by_label("Groups of months")
    typed.fill("3, 2")
    page.get_by_role("button", name="Apply groups").click()
    expect(page.get_by_role("alert").filter(has_text="no groups that go upwards")).to_be_visible()
    typed.fill("1-2, 3–4")
    page.get_by_role("button", name="Apply groups").click()
    expect(page.locator("[data-pop='groups'] summary")).to_have_text(re.compile("1–2, 3–4"))
    settled(page)
    shown = page.locator(".cohorts thead th").all_inner_texts()
    assert shown[2:4] == ["Month 1–2", "Month 3–4"] and shown != usual
    assert "groups=1-2" in page.url
    assert axe(page) == []


def test_events_are_chosen_from_a_list_that_can_be_searched(view: Callable[..., Page]) -> None:
    page = view("/retention", "events", MONTHS)
    page.locator("[data-pop='start'] summary").click()
    expect(page.locator("[data-pop='start'] .choices a")).to_have_count(4)
    page.locator("[data-pop='start'] input[type=search]").fill("sha")
    page.get_by_role("link", name=re.compile("^share")).click()
    expect(page.locator(".card-subtitle", has_text="People who did share for the first time")).to_be_visible()
    settled(page)
    assert "start=share" in page.url


def test_cells_that_are_not_over_are_hatched_and_in_no_mean(view: Callable[..., Page]) -> None:
    page = view("/retention", "events", "range=all&period=month&as_of=2026-03-15")
    expect(page.locator(".cohort-cell.is-open").first).to_have_attribute("style", re.compile("--weight"))
    expect(page.get_by_role("listitem").filter(has_text="shown, but in no mean")).to_be_visible()


@pytest.mark.parametrize("tab", ["cohorts", "stay", "aha"])
@pytest.mark.parametrize("kind", ["events", "shop"])
def test_every_part_is_whole_and_accessible(view: Callable[..., Page], tab: str, kind: str) -> None:
    page = view("/retention", kind, f"range=all&tab={tab}")
    expect(page.get_by_text("Something went wrong")).to_have_count(0)
    expect(page.locator("main .skeleton")).to_have_count(0)
    assert axe(page) == []


def test_aha_says_that_it_is_no_cause(view: Callable[..., Page]) -> None:
    page = view("/retention", "events", "range=all&tab=aha")
    expect(page.get_by_text("This is an association, not a cause")).to_be_visible()


def test_dark_and_on_a_phone(view: Callable[..., Page]) -> None:
    dark = view("/retention", "events", MONTHS, color_scheme="dark")
    assert axe(dark) == []
    phone = view("/retention", "events", f"{MONTHS}&count=brackets", width=390, height=844)
    assert sideways(phone) == 0
    for name in ("option.count", "groups"):
        phone.locator(f"[data-pop='{name}'] summary").click()
        box = phone.locator(f"[data-pop='{name}'] .filter-box").bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390


@pytest.mark.parametrize(
    "query",
    [
        "period=century&kind=%00&count=1&k=-1&min=abc&list=in~x~y",
        "start=%7Bbroken&return=%7B%22event%22%3A3%7D",
        "tab=aha&list=%5B1%2C2%5D&back=9-1&within=x",
        "split=nothing&value=revenue",
        "count=brackets&groups=9-1%2Cx",
    ],
)
def test_any_link_shows_a_page(view: Callable[..., Page], query: str) -> None:
    page = view("/retention", "events", query)
    expect(page.get_by_text("Something went wrong")).to_have_count(0)
