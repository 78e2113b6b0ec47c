"""Customers: everybody once, sorted and filtered on the server, and the same people in the file."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe, sideways

pytestmark = pytest.mark.browser
WAIT = 60_000


def test_everybody_once_and_the_file_has_what_is_shown(view: Callable[..., Page], tmp_path: Path) -> None:
    page = view("/customers", "shop")
    count = page.locator("#customers-list-count")
    expect(count).to_have_text("300 people", timeout=WAIT)
    page.locator("[data-pop=columns] summary").click()
    for name in ("First seen", "Net revenue", "RFM segment", "Group (K-Means)", "Rule segment"):
        expect(page.locator(".column-choice").get_by_label(name, exact=True)).to_be_visible()
    expect(page.locator("#customers-facts")).to_contain_text("Churn window")
    page.goto(page.url + "&where.country=Germany")
    expect(count).to_have_text("100 people", timeout=WAIT)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download this list").click()
    saved = tmp_path / "people.csv"
    download.value.save_as(saved)
    with saved.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len({row["user_id"] for row in rows}) == 100
    assert {row["country"] for row in rows} == {"Germany"}
    assert all(row["rfm_segment"] and row["group"] for row in rows)
    assert axe(page) == []


@pytest.mark.parametrize(("kind", "people"), [("users", 600), ("events", 250)])
def test_the_table_of_other_data(view: Callable[..., Page], kind: str, people: int) -> None:
    page = view("/customers", kind, color_scheme="dark")
    expect(page.locator("#customers-list-count")).to_have_text(f"{people} people", timeout=WAIT)
    expect(page.get_by_text("Something went wrong")).to_have_count(0)
    assert axe(page) == []
    phone = view("/customers", kind, width=390, height=844)
    expect(phone.locator("#customers-list-count")).to_contain_text("people", timeout=WAIT)
    assert sideways(phone) == 0


def test_a_change_of_filter_before_the_table_is_drawn_is_no_error(view: Callable[..., Page]) -> None:
    page = view("/customers", "shop")
    expect(page.locator("#customers-list-count")).to_have_text("300 people", timeout=WAIT)
    page.wait_for_function("() => window.dash_ag_grid && window.dash_ag_grid.getApi")
    page.evaluate("window.dash_clientside.tables.refresh('?range=7d', 'a-table-that-is-still-to-come')")
