"""Executive: the numbers of each kind, what filters and dates do to them, and the tools of a chart."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.analysis.conftest import user_table
from tests.browser.conftest import settled

pytestmark = pytest.mark.browser


def kpi(page: Page, key: str) -> str:
    """The full value of a card."""
    return str(page.locator(f"[data-kpi={key}] .kpi-value").get_attribute("title"))


def test_each_kind_shows_its_own_numbers(view: Callable[..., Page]) -> None:
    page = view("/", "users")
    assert kpi(page, "users") == "600"
    expect(page.get_by_role("heading", name="People by country")).to_be_visible()
    expect(page.locator("[data-pop=range]")).to_have_count(0)
    page = view("/", "events")
    expect(page.get_by_role("heading", name="Active users", exact=True)).to_have_count(2)
    expect(page.get_by_role("heading", name="Stickiness", exact=True)).to_have_count(2)
    page = view("/", "shop")
    expect(page.get_by_role("heading", name="Net revenue by day")).to_be_visible()
    expect(page.get_by_role("heading", name="Net revenue by country")).to_be_visible()
    assert kpi(page, "revenue").startswith("€ ")


def test_what_cannot_be_answered_is_named_with_its_column(view: Callable[..., Page]) -> None:
    page = view("/", "users")
    page.get_by_text("What this data cannot answer").click()
    row = page.locator(".cannot-list li", has=page.locator("code", has_text=re.compile("^transactions$")))
    expect(row).to_contain_text("Net revenue")


def test_filter_by_list_and_by_click_and_reset(view: Callable[..., Page]) -> None:
    expected = int((user_table()["country"] == "India").sum())
    page = view("/", "users")
    page.locator('[data-pop="where.country"] summary').click()
    page.locator('[data-pop="where.country"]').get_by_label(re.compile("India")).check()
    page.locator('[data-pop="where.country"]').get_by_role("button", name="Apply").click()
    chip = page.get_by_role("link", name="Remove filter Country: India")
    expect(chip).to_be_visible()
    settled(page)
    assert page.url.endswith("where.country=India")
    assert kpi(page, "users") == str(expected)
    expect(page.locator('[data-pop="where.country"]')).not_to_have_attribute("open", "")
    page.get_by_role("link", name="Reset all").click()
    expect(chip).to_have_count(0)
    settled(page)
    assert kpi(page, "users") == "600"
    page.get_by_role("list", name="People by country").get_by_role("link", name=re.compile("India")).click()
    expect(chip).to_be_visible()
    settled(page)
    assert kpi(page, "users") == str(expected)
    page.go_back()
    settled(page)
    expect(chip).to_have_count(0)
    assert kpi(page, "users") == "600"


def test_dates_and_comparison(view: Callable[..., Page]) -> None:
    page = view("/", "shop")
    page.locator("[data-pop=range] summary").click()
    page.get_by_role("link", name="Last 7 days").click()
    expect(page.locator("[data-pop=range] summary")).to_contain_text("24–30 Mar 2026")
    settled(page)
    expect(page.locator("[data-kpi=orders] .delta")).to_be_visible()
    before = kpi(page, "orders")
    page.locator("main h1").click()
    page.keyboard.press("[")
    expect(page.locator("[data-pop=range] summary")).to_contain_text("17–23 Mar 2026")
    settled(page)
    assert kpi(page, "orders") != before
    page.locator("[data-pop=range] summary").click()
    page.get_by_label("From", exact=True).fill("2026-03-24")
    page.get_by_label("To", exact=True).fill("2026-03-30")
    page.get_by_role("button", name="Apply dates").click()
    expect(page).to_have_url(re.compile("range=2026-03-24..2026-03-30"))
    settled(page)
    assert kpi(page, "orders") == before
    page.locator("[data-pop=compare] summary").click()
    page.get_by_role("link", name="No comparison").click()
    expect(page.locator("[data-kpi=orders] .delta")).to_have_count(0)
    assert kpi(page, "orders") == before


def test_a_number_explains_itself_by_keyboard(view: Callable[..., Page]) -> None:
    page = view("/", "shop")
    button = page.get_by_role("button", name="About Average order value")
    button.focus()
    box = page.locator("#about-kpi-aov")
    expect(box).to_be_visible()
    expect(box).to_contain_text("Formula")
    expect(box).to_contain_text("Computed")
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()


def test_popups_by_keyboard(view: Callable[..., Page]) -> None:
    page = view("/", "shop")
    face = page.locator("[data-pop=range] summary")
    face.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Last 90 days")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Last 90 days")).to_be_hidden()
    expect(face).to_be_focused()


def test_chart_has_a_table_and_a_csv_with_the_same_numbers(view: Callable[..., Page]) -> None:
    page = view("/", "shop", "range=7d&compare=none")
    card = page.get_by_role("region", name="Orders by day", exact=True)
    expect(card.locator("svg.main-svg").first).to_be_visible()
    card.get_by_role("button", name="View as table").click()
    rows = card.locator("table.plain-table tbody tr")
    expect(rows).to_have_count(7)
    shown = [[cell.inner_text() for cell in row.locator("th, td").all()] for row in rows.all()]
    with page.expect_download() as download:
        card.get_by_role("button", name="Download CSV").click()
    assert download.value.suggested_filename == "orders-by-day.csv"
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    lines = list(csv.reader(io.StringIO(text)))
    assert lines[0] == ["Period", "Orders"]
    assert lines[1:] == shown
    assert sum(int(orders) for _, orders in shown) == int(kpi(page, "orders").replace(",", ""))


def test_hostile_values_stay_text(view: Callable[..., Page]) -> None:
    page = view("/", "users", "where.genre=%3Cb%3ELoud%3C/b%3E")
    expect(page.get_by_role("link", name="Remove filter genre: <b>Loud</b>")).to_be_visible()
    assert kpi(page, "users") == str(int((user_table()["genre"] == "<b>Loud</b>").sum()))
