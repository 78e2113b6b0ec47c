"""Every analytical page for every kind of dataset: clean console, no other host, accessible, fits a phone."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe, go, settled, sideways

pytestmark = pytest.mark.browser
PAGES = ["/", "/discounts", "/segments", "/value", "/churn", "/customers", "/user", "/cleaning", "/glossary"]
KINDS = ["users", "events", "shop"]
WENT_WRONG = "Something went wrong"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", PAGES)
def test_page_is_whole_and_accessible(view: Callable[..., Page], path: str, kind: str) -> None:
    page = view(path, kind)
    expect(page.locator("main h1")).to_have_count(1)
    expect(page.get_by_text(WENT_WRONG)).to_have_count(0)
    expect(page.locator("main .skeleton")).to_have_count(0)
    assert axe(page) == []


@pytest.mark.parametrize("path", PAGES)
def test_page_is_accessible_in_the_dark(view: Callable[..., Page], path: str) -> None:
    page = view(path, "shop", color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    assert axe(page) == []


def test_charts_and_tables_follow_the_theme_at_once(view: Callable[..., Page]) -> None:
    page = view("/discounts", "users")
    tick, cell = page.locator(".js-plotly-plot .xtick text").first, page.locator(".ag-cell").first
    colours = "node => [getComputedStyle(node).fill, getComputedStyle(node).color]"
    before = [tick.evaluate(colours)[0], cell.evaluate(colours)[1]]
    requests: list[str] = []
    page.on("request", lambda asked: requests.append(asked.url))
    page.get_by_label("Theme").select_option("dark")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    after = [tick.evaluate(colours)[0], cell.evaluate(colours)[1]]
    assert before[0] != after[0] and before[1] != after[1]
    assert requests == []
    page.get_by_label("Theme").select_option("system")


@pytest.mark.parametrize(
    ("path", "kind"), [("/", "users"), ("/", "shop"), ("/discounts", "users"), ("/segments", "shop")]
)
def test_page_fits_a_phone(view: Callable[..., Page], path: str, kind: str) -> None:
    page = view(path, kind, width=390, height=844)
    assert sideways(page) == 0
    box = page.locator("[data-pop] summary").first
    box.click()
    assert sideways(page) == 0
    inside = page.locator("[data-pop][open] .filter-box").bounding_box()
    assert inside is not None and inside["x"] >= 0 and inside["x"] + inside["width"] <= 390


@pytest.mark.parametrize(
    "query",
    [
        "range=nonsense&compare=maybe&as_of=yesterday",
        "where.country=Nowhere&range=2030-01-01..2030-01-02",
        "rules=%00%3Cscript%3E&list=class.Nobody",
        "list=group.99&where.nothing=1&where.nothing=2",
        "where.genre=%3Cb%3ELoud%3C/b%3E",
    ],
)
def test_any_link_shows_a_page(view: Callable[..., Page], query: str) -> None:
    page = view("/", "users", query)
    first = page.url
    for path in ("/", "/discounts", "/segments"):
        go(page, f"{path}?{urlsplit(first).query}")
        settled(page)
        expect(page.get_by_text(WENT_WRONG)).to_have_count(0)
        expect(page.locator("main script, main b")).to_have_count(0)


def test_filters_travel_to_other_pages_and_back_restores_the_view(view: Callable[..., Page]) -> None:
    page = view("/", "users", "where.country=India")
    first = page.url
    users = page.locator("[data-kpi=users] .kpi-value")
    shown = users.get_attribute("title")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Segments", exact=True).click()
    expect(page.get_by_role("heading", name="Segments", level=1)).to_be_visible()
    settled(page)
    assert "where.country=India" in page.url
    expect(page.get_by_role("link", name="Remove filter Country: India")).to_be_visible()
    page.go_back()
    settled(page)
    assert page.url == first
    expect(users).to_have_attribute("title", str(shown))
