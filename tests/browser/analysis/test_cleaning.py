"""Cleaned data in the browser: a switch changes every page, its lines are a file, undo brings it back."""

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
NET = ".cleaning-figures > div:last-child strong"
ROW = "tr:has(select[id*='{rule}'])"


def test_the_story_of_a_rule(view: Callable[..., Page]) -> None:
    page = view("/cleaning", "shop")
    assert axe(page) == []
    net = page.locator(NET)
    before = net.inner_text()
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()

    row = page.locator(ROW.format(rule="cancellations"))
    lines = int(re.sub(r"\D", "", row.locator("a").inner_text()))
    row.locator("a").click()
    expect(page.locator("#cleaning-total")).to_have_text(f"{lines:,}")
    settled(page)
    assert "rule=cancellations" in page.url
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all lines (CSV)").click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert len(list(csv.DictReader(io.StringIO(text)))) == lines

    row.locator("select").select_option("drop")
    expect(net).not_to_have_text(before)
    expect(page.get_by_text("The rule is changed, for every page.")).to_be_visible()
    settled(page)
    after = net.inner_text()
    executive = view("/", "shop", "range=all")
    expect(executive.locator("[data-kpi='return_rate'], [data-kpi='revenue']").first).to_be_visible()

    page.get_by_role("button", name="Undo").click()
    expect(net).to_have_text(before)
    settled(page)
    assert after != before
    page.locator("#cleaning-aliases").fill("Germany Deutschland")
    page.get_by_role("button", name="Keep these names").click()
    expect(page.get_by_text("An alias is written as")).to_be_visible()
    page.locator("#cleaning-aliases").fill("Germany = Deutschland")
    page.get_by_role("button", name="Keep these names").click()
    expect(page.get_by_role("button", name="Reset to defaults")).to_be_enabled()
    settled(page)
    page.get_by_role("button", name="Reset to defaults").click()
    expect(page.get_by_role("button", name="Reset to defaults")).to_be_disabled()
    expect(page.locator("#cleaning-aliases")).to_have_value("")


def test_it_fits_a_phone_in_the_dark_and_says_what_is_missing(view: Callable[..., Page]) -> None:
    page = view("/cleaning", "shop", "show=rows", width=390, height=844, color_scheme="dark")
    assert sideways(page) == 0
    assert axe(page) == []
    expect(page.get_by_text("Cannot be told: the file has no product id.")).to_be_visible()
    other = view("/cleaning", "events")
    expect(other.get_by_text("needs a table of orders").first).to_be_visible()
