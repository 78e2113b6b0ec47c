"""Churn in the browser: the people of a band are its list and its file; the model explains itself; rules are named."""

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
SLOW = 90_000  # the first model of a server is fitted while the test waits


def answered(page: Page) -> None:
    expect(page.locator("main .skeleton")).to_have_count(0, timeout=SLOW)
    expect(page.get_by_text("Something went wrong")).to_have_count(0)
    settled(page)


def test_people_at_risk_are_a_list_and_a_file(view: Callable[..., Page]) -> None:
    page = view("/churn", "shop", "model=logistic")
    answered(page)
    expect(page.locator(".hero-text", has_text="at risk of leaving")).to_be_visible(timeout=SLOW)
    assert axe(page) == []
    opened = page.locator(".linked-table td a").first
    people = int(opened.inner_text().replace(",", ""))
    opened.click()
    expect(page.locator("#churn-list-count")).to_have_text(re.compile(rf"^{people:,} (people|person)$"), timeout=SLOW)
    assert "list=band" in page.url
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download this list").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))))
    assert len(rows) == len({row["user_id"] for row in rows}) == people
    assert len({row["band"] for row in rows}) == 1


def test_a_window_is_chosen_from_the_return_curve(view: Callable[..., Page]) -> None:
    page = view("/churn", "shop", "tab=window&model=logistic")
    answered(page)
    expect(page.get_by_role("heading", name="Who comes back after a silence?")).to_be_visible()
    assert axe(page) == []
    page.locator(".linked-table th a").first.click()
    expect(page.locator("[data-pop='option.window'] summary")).to_contain_text("days", timeout=SLOW)
    assert "window=" in page.url


@pytest.mark.parametrize(
    ("kind", "tab"), [("shop", "model"), ("users", "risk"), ("users", "window"), ("events", "risk")]
)
def test_every_part_is_whole_or_says_what_is_missing(view: Callable[..., Page], kind: str, tab: str) -> None:
    page = view("/churn", kind, f"tab={tab}&model=auto" if kind != "shop" else f"tab={tab}&model=logistic")
    answered(page)
    if kind == "users" and tab == "risk":
        expect(page.get_by_text("No model:").first).to_be_visible()
    assert axe(page) == []


def test_dark_and_on_a_phone(view: Callable[..., Page]) -> None:
    dark = view("/churn", "shop", "model=logistic", color_scheme="dark")
    answered(dark)
    assert axe(dark) == []
    phone = view("/churn", "shop", "model=logistic", width=390, height=844)
    answered(phone)
    assert sideways(phone) == 0


def test_any_link_shows_a_page(view: Callable[..., Page]) -> None:
    page = view("/churn", "users", "tab=x&window=-4&risk=nan&drop=~~nothing&keep=%00&list=band~dead")
    answered(page)
