"""Segments: every part adds up and opens its people; names, groups and limits can be changed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe, settled, sideways

pytestmark = pytest.mark.browser
WAIT = 120_000  # groups and models of a first visit, on a busy machine


def part(page: Page, name: str) -> None:
    """Go to a part of the page by its tab."""
    page.get_by_role("navigation", name="Parts of this page").get_by_role("link", name=name, exact=True).click()
    settled(page, WAIT)


def number(text: str) -> int:
    return int(text.replace(",", ""))


def test_cells_of_the_rules_add_up_and_open_their_people(view: Callable[..., Page]) -> None:
    page = view("/segments", "users")
    grid = page.get_by_role("region", name="People by engagement level and days since last active")
    cells = grid.locator("td a")
    expect(cells).to_have_count(9)
    counts = [number(cell.locator(".matrix-text").inner_text()) for cell in cells.all()]
    assert sum(counts) == 600
    cells.nth(4).click()
    expect(page.get_by_role("heading", name="Medium engagement, last active 61–120 days ago")).to_be_visible()
    expect(page.locator("#segments-list-count")).to_have_text(f"{counts[4]} people")
    page.go_back()
    expect(page.locator("#segments-list-body")).to_be_hidden()


def test_rfm_of_a_shop_its_moves_and_its_map(view: Callable[..., Page]) -> None:
    page = view("/segments", "shop", "part=rfm")
    grid = page.get_by_role("region", name="People by recency and frequency score")
    cells = grid.locator(".matrix-text")
    expect(cells).to_have_count(25)
    everybody = sum(number(text) for text in cells.all_inner_texts())
    assert everybody > 250
    first = grid.locator("td a").first
    people = number(first.locator(".matrix-text").inner_text())
    first.click()
    expect(page.locator("#segments-list-count")).to_have_text(
        "1 person" if people == 1 else f"{people} people", timeout=WAIT
    )

    # a chart opens lists as well
    part(page, "RFM")
    page.locator(".treemaplayer .slice path.surface").nth(1).click()
    expect(page.locator("#segments-list-body")).to_be_visible(timeout=WAIT)
    assert "list=rfm" in page.url

    # fixed limits are part of the link
    page.locator("[data-pop='option.score'] summary").click()
    page.get_by_role("link", name="Fixed limits").click()
    limits = page.get_by_role("group", name="Four limits each, separated by commas")
    limits.get_by_label("Orders").fill("2, 4, 6, 8")
    page.get_by_role("button", name="Apply limits").click()
    expect(grid.locator("thead")).to_contain_text("up to 8", timeout=WAIT)
    assert "limits_f=2%2C4%2C6%2C8" in page.url

    # names are data: changed, used, refused when empty, and reset
    page.locator(".rfm-editor summary").click()
    cell = page.get_by_label("Recency 5, frequency 5")
    cell.fill("Stars")
    page.get_by_role("button", name="Save names and actions").click()
    expect(page.locator("#segments-said")).to_have_text("Names and actions are kept with the dataset.", timeout=WAIT)
    table = page.get_by_role("region", name="Segments with what to do")
    expect(table.get_by_role("rowheader", name="Stars", exact=True)).to_be_visible(timeout=WAIT)
    page.locator(".rfm-editor summary").click()
    page.get_by_label("Recency 5, frequency 5").fill(" ")
    page.get_by_role("button", name="Save names and actions").click()
    expect(page.locator("#segments-said")).to_contain_text("name of 1 to 40 characters in every cell", timeout=WAIT)
    page.get_by_role("button", name="Reset to the default").click()
    expect(page.locator("#segments-said")).to_have_text("The default names and actions are back.", timeout=WAIT)
    expect(table.get_by_role("rowheader", name="Stars", exact=True)).to_have_count(0, timeout=WAIT)

    part(page, "Migration")
    moves = page.get_by_role("region", name="People by earlier and present segment")
    cell = moves.locator("td a").first
    people = number(cell.locator(".matrix-text").inner_text())
    cell.click()
    expect(page.locator("#segments-list-count")).to_have_text(
        "1 person" if people == 1 else f"{people} people", timeout=WAIT
    )
    assert axe(page) == []


def test_groups_and_the_side_by_side(view: Callable[..., Page]) -> None:
    page = view("/segments", "users", "part=groups")
    expect(page.locator("#segments-body .notice")).to_contain_text("no better than in shuffled data", timeout=WAIT)
    expect(page.get_by_role("heading", name="Groups and rules side by side")).to_be_visible()
    expect(page.locator(".card-subtitle", has_text="Adjusted Rand index")).to_be_visible()
    groups = page.get_by_role("list", name="People by group").get_by_role("link")
    numbers = [number(row.locator(".bar-number").inner_text()) for row in groups.all()]
    assert sum(numbers) == 600
    groups.first.click()
    expect(page.locator("#segments-list-count")).to_have_text(f"{numbers[0]} people", timeout=WAIT)
    page.get_by_role("button", name="Keep these groups").click()
    expect(page.locator("#segments-said")).to_contain_text("These groups are kept", timeout=WAIT)
    expect(page.get_by_text("and kept: later people join the nearest group")).to_be_visible(timeout=WAIT)
    page.get_by_role("button", name="Form anew").click()
    expect(page.locator("#segments-said")).to_contain_text("formed from the data in view again", timeout=WAIT)

    part(page, "Side by side")
    page.get_by_role("region", name="Adjusted Rand index of each pair").locator("td a").first.click()
    table = page.get_by_role("region", name=re.compile("^People: Rules and RFM$"))
    expect(table).to_be_visible(timeout=WAIT)
    cell = table.locator("td a").first
    people = number(cell.locator(".matrix-text").inner_text())
    cell.click()
    expect(page.locator("#segments-list-count")).to_have_text(f"{people} people", timeout=WAIT)
    assert axe(page) == []


def test_every_part_is_whole_in_the_dark_and_on_a_phone(view: Callable[..., Page]) -> None:
    dark = view("/segments", "shop", color_scheme="dark")
    phone = view("/segments", "shop", width=390, height=844)
    for name in ("RFM", "Migration", "Clusters", "Side by side"):
        part(dark, name)
        expect(dark.get_by_text("Something went wrong")).to_have_count(0)
        assert axe(dark) == [], name
        part(phone, name)
        assert sideways(phone) == 0, name
