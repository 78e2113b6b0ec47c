"""Segments: the grid adds up, each cell opens its people, the verdict on the groups is shown."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settled

pytestmark = pytest.mark.browser


def test_cells_add_up_and_open_their_people(view: Callable[..., Page]) -> None:
    page = view("/segments", "users")
    grid = page.get_by_role("region", name="People by engagement level and days since last active")
    cells = grid.locator("td a")
    expect(cells).to_have_count(9)
    counts = [int(cell.locator(".matrix-text").inner_text().replace(",", "")) for cell in cells.all()]
    assert sum(counts) == 600
    cells.nth(4).click()
    expect(page.get_by_role("heading", name="Medium engagement, last active 61–120 days ago")).to_be_visible()
    settled(page)
    expect(page.locator("#discounts-count")).to_have_text(f"{counts[4]} of 600 people")
    expect(page.locator("#people")).to_be_in_viewport()
    page.go_back()
    expect(page.get_by_role("heading", name="Segments", level=1)).to_be_visible()


def test_groups_say_how_they_were_chosen_and_what_they_are_worth(view: Callable[..., Page]) -> None:
    page = view("/segments", "users")
    expect(page.locator("#segments-groups .notice")).to_contain_text("no better than in shuffled data")
    expect(page.get_by_role("heading", name="Groups and rules side by side")).to_be_visible()
    expect(page.locator(".card-subtitle", has_text="Adjusted Rand index")).to_be_visible()
    groups = page.get_by_role("list", name="People by group").get_by_role("link")
    numbers = [int(row.locator(".bar-number").inner_text()) for row in groups.all()]
    assert sum(numbers) == 600
    groups.first.click()
    settled(page)
    expect(page.locator("#discounts-count")).to_have_text(f"{numbers[0]} of 600 people")
