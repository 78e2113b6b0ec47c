"""The user page in the browser: search, story, timeline and rows, the way through a list, a link that says nothing."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe, settled, sideways

pytestmark = pytest.mark.browser
STATED = 60_000


def opened(page: Page, text: str) -> str:
    """Search for a text, take the first suggestion by keyboard, and say whose page it is."""
    page.locator("#user-search").fill(text)
    expect(page.locator("#user-suggestions [role=option]").first).to_be_visible(timeout=STATED)
    page.keyboard.press("ArrowDown")
    expect(page.locator("#user-suggestions [aria-selected=true]")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#user-verdict")).to_be_visible(timeout=STATED)
    expect(page.locator("#user-churn section")).to_be_visible(timeout=STATED)
    expect(page.locator("#user-rows-count strong")).to_be_visible(timeout=STATED)
    expect(page.locator("#user-rows-grid .ag-header-cell").first).to_be_visible(timeout=STATED)
    settled(page)
    return page.locator("#user-id").inner_text()


def test_from_a_search_to_the_story_its_days_and_a_link_that_says_nothing(view: Callable[..., Page]) -> None:
    page = view("/user", "events")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    assert opened(page, "E0007") == "e0007"
    query = parse_qs(urlsplit(page.url).query)
    assert set(query) == {"dataset", "user"} and re.fullmatch("[0-9a-f]{32}", query["user"][0])
    expect(page.locator("#user-search")).to_have_value("")
    total = int(page.locator("#user-rows-count strong").inner_text())

    plot = page.locator("#user-drawn .nsewdrag")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.35, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 30, steps=5)
    page.mouse.up()
    expect(page.locator("#user-drawn .tab.is-on")).to_have_text("Chosen days", timeout=STATED)
    first, last = parse_qs(urlsplit(page.url).query)["user.zoom"][0].split("..")
    expect(page.locator("#user-rows-count strong")).not_to_have_text(str(total))
    settled(page)
    shown = int(page.locator("#user-rows-count strong").inner_text())
    assert 0 < shown < total
    expect(page.locator("#user-drawn .card-subtitle")).to_contain_text(f"{shown} of {total} entries")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download these rows").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))))
    assert len(rows) == shown and all(first <= row["time"][:10] <= last for row in rows)
    assert "e0007" not in download.value.suggested_filename

    again = view("/user", "events", page.url.split("?")[1].split("&", 1)[1])
    expect(again.locator("#user-verdict")).to_have_text(page.locator("#user-verdict").inner_text(), timeout=STATED)
    expect(again.locator("#user-rows-count strong")).to_have_text(str(shown), timeout=STATED)
    page.get_by_role("link", name="Everything").click()
    expect(page.locator("#user-rows-count strong")).to_have_text(str(total), timeout=STATED)
    assert not any("e0007" in url.lower() for url in sent), "an id stood in an address"


def test_from_a_list_through_its_people_and_back(view: Callable[..., Page]) -> None:
    page = view("/discounts", "users", "list=class.Risky")
    links = page.locator("#people-grid .person-link")
    expect(links.first).to_be_visible(timeout=STATED)
    settled(page)
    people = [link.inner_text() for link in links.all()[:3]]
    links.nth(1).click()
    expect(page.locator("#user-id")).to_have_text(people[1], timeout=STATED)
    place = page.locator(".user-place")
    expect(place).to_have_text(re.compile("^Risky: 2 of "), timeout=STATED)
    page.get_by_role("link", name="Next person").click()
    expect(page.locator("#user-id")).to_have_text(people[2], timeout=STATED)
    expect(place).to_have_text(re.compile("^Risky: 3 of "), timeout=STATED)
    page.get_by_role("link", name="Previous person").click()
    expect(page.locator("#user-id")).to_have_text(people[1], timeout=STATED)
    settled(page)
    assert not any(person in page.url for person in people)
    page.get_by_role("link", name="Back to the list").click()
    expect(page.locator("#people-grid .person-link").first).to_have_text(people[0], timeout=STATED)
    assert "list=class.Risky" in page.url and "user" not in parse_qs(urlsplit(page.url).query)


def test_what_the_data_lack_is_said_and_data_are_text(view: Callable[..., Page]) -> None:
    page = view("/user", "users")
    assert opened(page, "u0012") == "u0012"
    expect(page.locator("#user-search-hint")).to_have_text("Searches user id. The data have no name and no e-mail.")
    expect(page.locator("#user-value")).to_contain_text("transactions")
    expect(page.locator("#user-facts")).to_contain_text("The lifecycle needs activity over time. Missing: events.")
    expect(page.locator("#user-profile")).to_contain_text(re.compile(r"=1\+1|<b>Loud</b>|Drama"))
    expect(page.locator("#user-drawn")).to_contain_text("Nothing is recorded of this person.")
    page.locator("#user-search").fill("nobody at all")
    expect(page.locator("#user-suggestions")).to_contain_text("Nobody of that id", timeout=STATED)
    page.keyboard.press("Escape")
    expect(page.locator("#user-suggestions")).to_be_hidden()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "dark")])
def test_accessible_dark_and_on_a_phone(view: Callable[..., Page], width: int, scheme: str) -> None:
    page = view("/user", "shop", width=width, color_scheme=scheme)
    assert axe(page) == []
    opened(page, "c0007")
    assert axe(page) == []
    assert not sideways(page)
    page.locator("#user-search").fill("c00")
    expect(page.locator("#user-suggestions [role=option]").first).to_be_visible(timeout=STATED)
    assert axe(page) == []


@pytest.mark.parametrize("query", ["user=zz", "user=" + "0" * 32, "user=a&user.from=x&user.at=//evil&user.zoom=9"])
def test_any_link_shows_a_page(view: Callable[..., Page], query: str) -> None:
    page = view("/user", "shop", query)
    expect(page.locator("#user-head")).to_contain_text("This link leads to nobody here.", timeout=STATED)
    expect(page.locator("#user-more")).to_be_hidden()
