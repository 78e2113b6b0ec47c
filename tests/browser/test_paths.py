"""Paths on a real event log: bands and rows open their people, every choice is a link, two groups side by side."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe, sideways
from tests.browser.event_logs import Logs, downloaded, drawn, number, serve_logs

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Iterator[Logs]:
    yield from serve_logs(tmp_path_factory.mktemp("paths"), real_data, "ecom")


@pytest.fixture
def show(logs: Logs, new_page: Callable[..., Page]) -> Callable[..., Page]:
    """``show("start=home", width=390)``: the page with these choices, drawn."""

    def made(query: str = "", **options: object) -> Page:
        page = new_page(logs.server.url, **options)
        page.goto(f"/paths?dataset={logs.ids['ecom']}&range=all" + (f"&{query}" if query else ""))
        drawn(page)
        return page

    return made


def test_a_row_is_its_people_and_their_file(show: Callable[..., Page]) -> None:
    page = show("start=home")
    row = page.get_by_role("list", name="Steps", exact=True).get_by_role("link").first
    assert row.locator(".bar-name").inner_text().startswith("home → ")
    wanted = number(row.locator(".bar-number").inner_text())
    row.click()
    expect(page.locator("#paths-list-count")).to_have_text(f"{wanted} people")
    rows = downloaded(page, page.get_by_role("link", name="Download this list"))
    assert len({row["user_id"] for row in rows}) == len(rows) == wanted


def test_a_click_on_a_band_and_on_a_node_opens_their_people(show: Callable[..., Page]) -> None:
    page = show("start=home")
    band = page.locator(".sankey-link").first
    expect(band).to_be_visible()
    band.dispatch_event("click")
    expect(page.locator("#paths-list-head h2")).to_have_text(re.compile(r"→ .*, step 1 to 2$"))
    count = page.locator("#paths-list-count")
    expect(count).to_have_text(re.compile(r"^[\d,]+ people$"))
    page.locator(".sankey-node rect").first.dispatch_event("click")
    expect(page.locator("#paths-list-head h2")).to_have_text("home, step 1")
    page.go_back()
    expect(page.locator("#paths-list-head h2")).to_have_text(re.compile(r"step 1 to 2$"))


def test_choices_are_links_and_back_undoes_them(show: Callable[..., Page]) -> None:
    page = show()
    page.locator('[data-pop="start"] summary').click()
    page.locator('[data-pop="start"] .choices a', has_text=re.compile("^search")).click()
    expect(page.locator('[data-pop="start"] summary')).to_contain_text("search")
    drawn(page)
    expect(page.locator(".node-label").first).to_have_text("search")
    page.locator('[data-pop="end"] summary').click()
    page.locator('[data-pop="end"] .choices a', has_text=re.compile("^add_to_cart")).click()
    expect(page.locator('[data-pop="start"] summary')).to_contain_text("The beginning")
    expect(page.locator('[data-pop="end"] summary')).to_contain_text("add_to_cart")
    page.locator('[data-pop="skip"] summary').click()
    page.locator('[data-pop="skip"] .choices a', has_text=re.compile("^catalog")).click()
    expect(page.locator('[data-pop="skip"] summary')).to_contain_text("catalog")
    drawn(page)
    names = page.locator("#paths-flow .bar-name").all_inner_texts()
    assert names and not any("catalog" in name for name in names)
    page.go_back()
    expect(page.locator('[data-pop="skip"] summary')).to_contain_text("Nothing")


def test_two_groups_stand_side_by_side(show: Callable[..., Page], new_page: Callable[..., Page]) -> None:
    page = show()
    page.locator('[data-pop="by"] summary').click()
    page.locator('[data-pop="by"] .choices a', has_text="Platform").click()
    drawn(page)
    titles = page.locator("#paths-flow h2", has_text="Paths – ").all_inner_texts()
    assert len(titles) == 2
    text = page.locator("#paths-flow").inner_text()
    fresh = new_page(page.url.split("/paths")[0])
    fresh.goto("/paths" + page.url.split("/paths")[1])
    drawn(fresh)
    assert fresh.locator("#paths-flow").inner_text() == text


@pytest.mark.parametrize(
    "query", ["steps=x&start=nowhere", "by=nothing", "node=nothing&list=%5B9%5D", "only=%5B%22x%22%5D"]
)
def test_any_link_shows_a_page(show: Callable[..., Page], query: str) -> None:
    page = show(query)
    expect(page.get_by_text("Something went wrong")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible(show: Callable[..., Page], scheme: str) -> None:
    page = show("start=home&by=platform&list=%5B1,%22home%22,%22%22,%22desktop%22%5D", color_scheme=scheme)
    expect(page.locator("#paths-list-count")).to_contain_text("people")
    expect(page.locator(".ag-row").first).to_be_visible()
    assert axe(page) == []


def test_fits_a_phone(show: Callable[..., Page]) -> None:
    page = show("start=home", width=390, height=844)
    assert sideways(page) == 0
