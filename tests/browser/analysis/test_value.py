"""Value in the browser: a number, its list and its file are the same customers; every part says what is missing."""

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
SLOW = 60_000  # the first model of a server is fitted while the test waits


def count(page: Page) -> int:
    """Length of the open list."""
    told = page.locator("#value-list-count")
    expect(told).to_have_text(re.compile(r"^[\d,]+ (people|person)$"), timeout=SLOW)
    return int(told.inner_text().split()[0].replace(",", ""))


def test_what_customers_are_worth_and_who_they_are(view: Callable[..., Page]) -> None:
    page = view("/value", "shop")
    expect(page.locator(".hero-line", has_text="customers in the next 12 months").first).to_be_visible(timeout=SLOW)
    settled(page)
    everybody = int(page.locator(".hero-text").inner_text().split()[1].replace(",", ""))
    assert count(page) == everybody
    assert axe(page) == []

    top = page.locator(".linked-table tbody tr").first.locator("td a")
    customers = int(top.inner_text().replace(",", ""))
    top.click()
    expect(page.get_by_role("heading", name="Top tenth, most valuable first")).to_be_visible(timeout=SLOW)
    settled(page)
    expect(page.locator("#value-list-count")).to_have_text(f"{customers} people", timeout=SLOW)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download this list").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))))
    assert len(rows) == customers
    values = [float(row["clv"]) for row in rows]
    assert values == sorted(values, reverse=True)
    assert all(float(row["low"]) <= float(row["high"]) for row in rows)

    page.locator("[data-pop='option.months'] summary").click()
    page.get_by_role("link", name="24 months").click()
    expect(page.locator(".hero-text", has_text="24 months")).to_be_visible(timeout=SLOW)
    assert "months=24" in page.url


@pytest.mark.parametrize(
    ("kind", "tab"), [("shop", "test"), ("shop", "cohorts"), ("users", "worth"), ("events", "test")]
)
def test_every_part_is_whole_or_says_what_is_missing(view: Callable[..., Page], kind: str, tab: str) -> None:
    page = view("/value", kind, f"tab={tab}")
    expect(page.locator("main .skeleton")).to_have_count(0, timeout=SLOW)
    expect(page.get_by_text("Something went wrong")).to_have_count(0)
    if kind != "shop":
        expect(page.get_by_text(re.compile("needs.* orders|needs orders")).first).to_be_visible()
    assert axe(page) == []


def test_dark_and_on_a_phone(view: Callable[..., Page]) -> None:
    dark = view("/value", "shop", color_scheme="dark")
    expect(dark.locator(".hero-number")).to_be_visible(timeout=SLOW)
    settled(dark)
    assert axe(dark) == []
    phone = view("/value", "shop", width=390, height=844)
    expect(phone.locator(".hero-number")).to_be_visible(timeout=SLOW)
    assert sideways(phone) == 0


@pytest.mark.parametrize(
    "query", ["tab=x&months=nan&margin=-3&by=no&list=group~decile~99", "list=cohort~x&tab=cohorts"]
)
def test_any_link_shows_a_page(view: Callable[..., Page], query: str) -> None:
    page = view("/value", "shop", query)
    expect(page.locator("main .skeleton")).to_have_count(0, timeout=SLOW)
    expect(page.get_by_text("Something went wrong")).to_have_count(0)
