"""Engagement in the browser: numbers open their people, choices are links, nothing complains."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe, settled, sideways

pytestmark = pytest.mark.browser
COUNT = "#engagement-list-count"


def people(text: str) -> re.Pattern[str]:
    return re.compile(rf"^{text} (people|person)$")


def test_monthly_active_people_open_their_list(view: Callable[..., Page]) -> None:
    page = view("/engagement", "events")
    card = page.locator("[data-kpi=mau] .kpi-value")
    shown = card.inner_text()
    card.click()
    expect(page.locator(COUNT)).to_have_text(people(shown), timeout=60_000)
    page.go_back()
    expect(page.get_by_text("No people chosen yet.")).to_be_visible()


def test_an_hour_opens_its_people(view: Callable[..., Page]) -> None:
    page = view("/engagement", "events", "tab=habits&range=all")
    expect(page.get_by_text("hours in UTC")).to_be_visible()
    cell = page.locator(".rhythm-cell a").first
    shown = cell.inner_text()
    cell.click()
    expect(page.locator(COUNT)).to_have_text(people(shown), timeout=60_000)


def test_dormant_people_open_their_list(view: Callable[..., Page]) -> None:
    page = view("/engagement", "events", "tab=lifecycle&range=all")
    link = page.get_by_role("link", name=re.compile("^Dormant, ")).first
    shown = link.inner_text().lstrip("−")
    link.click()
    expect(page.locator(COUNT)).to_have_text(people(shown), timeout=60_000)
    settled(page)
    assert "list=life~dormant~" in page.url.replace("%7E", "~")


def test_a_feature_opens_its_users(view: Callable[..., Page]) -> None:
    page = view("/engagement", "events", "tab=features&range=all")
    row = page.get_by_role("list", name="People by feature").get_by_role("link").first
    shown = row.locator(".bar-number").inner_text()
    row.click()
    expect(page.locator(COUNT)).to_have_text(people(shown), timeout=60_000)


@pytest.mark.parametrize("tab", ["active", "habits", "lifecycle", "features"])
@pytest.mark.parametrize("kind", ["events", "shop"])
def test_every_part_is_whole_and_accessible(view: Callable[..., Page], tab: str, kind: str) -> None:
    page = view("/engagement", kind, f"range=all&tab={tab}&split=platform")
    expect(page.get_by_text("Something went wrong")).to_have_count(0)
    expect(page.locator("main .skeleton")).to_have_count(0)
    assert axe(page) == []


@pytest.mark.parametrize("tab", ["active", "habits", "lifecycle", "features"])
def test_dark_and_on_a_phone(view: Callable[..., Page], tab: str) -> None:
    page = view("/engagement", "events", f"range=all&tab={tab}", width=390, height=844, color_scheme="dark")
    assert sideways(page) == 0
    assert axe(page) == []


@pytest.mark.parametrize(
    "query", ["tab=x&by=y&list=life~new", "tab=features&feature=%00&list=uses~nobody", "activity=no"]
)
def test_any_link_shows_a_page(view: Callable[..., Page], query: str) -> None:
    page = view("/engagement", "events", query)
    expect(page.get_by_text("Something went wrong")).to_have_count(0)
