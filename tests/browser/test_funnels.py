"""Funnels on a real event log: suggestions, building by keyboard, numbers against plain Python, people, segments."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe, sideways
from tests.browser.event_logs import Logs, downloaded, drawn, number, serve_logs, sparkify_rows

pytestmark = pytest.mark.browser
PLAIN = {"s": ["Home", "NextSong", "Logout"], "w": "none"}


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Iterator[Logs]:
    yield from serve_logs(tmp_path_factory.mktemp("funnels"), real_data, "sparkify")


@pytest.fixture
def show(logs: Logs, new_page: Callable[..., Page]) -> Callable[..., Page]:
    """``show(funnel, "range=7d", width=390)``: the page with a funnel, drawn."""

    def made(funnel: object = None, query: str = "range=all", **options: object) -> Page:
        page = new_page(logs.server.url, **options)
        text = funnel if isinstance(funnel, str) else json.dumps(funnel) if funnel is not None else ""
        link = f"/funnels?dataset={logs.ids['sparkify']}&{query}" + (f"&funnel={quote(text)}" if text else "")
        page.goto(link)
        drawn(page)
        return page

    return made


def steps(page: Page) -> list[str]:
    return page.locator(".funnel-rows .funnel-name").all_inner_texts()


def users(page: Page) -> list[int]:
    return [number(text) for text in page.locator(".funnel-rows .funnel-people").all_inner_texts()]


def reached(real_data: Path, wanted: list[str]) -> list[int]:
    """How many people did the first so many events in this order, without a time limit, in plain Python."""
    counts = [0] * len(wanted)
    at: dict[str, int] = {}
    for user, _, event in sparkify_rows(real_data):
        step = at.get(user, 0)
        if step < len(wanted) and event == wanted[step]:
            counts[step] += 1
            at[user] = step + 1
    return counts


def test_numbers_are_those_of_plain_python(show: Callable[..., Page], real_data: Path) -> None:
    page = show(PLAIN)
    assert steps(page) == ["Home", "NextSong", "Logout"]
    assert users(page) == reached(real_data, ["Home", "NextSong", "Logout"])


def test_useful_before_anything_is_configured(show: Callable[..., Page]) -> None:
    page = show()
    suggestions = page.get_by_role("list", name="Suggested funnels").get_by_role("link")
    assert suggestions.count() > 1
    assert " → ".join(steps(page)) in suggestions.nth(0).inner_text()
    before = steps(page)
    suggestions.nth(1).click()
    expect(suggestions.nth(1)).to_have_attribute("aria-current", "true")
    drawn(page)
    assert " → ".join(steps(page)) in suggestions.nth(1).inner_text()
    page.go_back()
    expect(suggestions.nth(0)).to_have_attribute("aria-current", "true")
    drawn(page)
    assert steps(page) == before


def test_a_funnel_is_built_by_keyboard(show: Callable[..., Page], real_data: Path) -> None:
    page = show({"s": ["Home"], "w": "none"})
    expect(page.get_by_text("One step is not a funnel yet.")).to_be_visible()
    for event in ("Logout", "NextSong"):
        face = page.locator("summary", has_text="Add a step")
        face.focus()
        page.keyboard.press("Enter")
        box = page.locator("details[open] .picker-box")
        expect(box.locator(".choices a").first).to_be_visible()
        box.get_by_placeholder("Find an event").fill(event.lower())
        page.keyboard.press("Enter")
        expect(page.locator(".funnel-steps .step-event").last).to_have_text(event)
    page.get_by_role("link", name="Move step 3 up").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".funnel-rows .funnel-name")).to_have_text(["Home", "NextSong", "Logout"])
    assert users(page) == reached(real_data, ["Home", "NextSong", "Logout"])
    page.get_by_role("link", name="Remove step 3").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".funnel-rows .funnel-name")).to_have_text(["Home", "NextSong"])
    page.go_back()
    expect(page.locator(".funnel-rows .funnel-name")).to_have_text(["Home", "NextSong", "Logout"])


def test_filter_window_and_breakdown_stand_in_the_link(
    show: Callable[..., Page], new_page: Callable[..., Page]
) -> None:
    page = show({**PLAIN, "w": "14 days"})
    page.locator('[data-pop="where.1"] summary').click()
    box = page.locator('[data-pop="where.1"] .picker-box')
    box.locator("summary", has_text="Plan").click()
    box.get_by_label(re.compile("paid")).check()
    box.get_by_role("button", name="Apply filter").click()
    chip = page.get_by_role("link", name="Remove filter plan: paid from step 2")
    expect(chip).to_be_visible()
    page.locator('[data-pop="window"] summary').click()
    page.get_by_label("Number", exact=True).fill("36")
    page.get_by_role("combobox", name="Unit", exact=True).select_option("hours")
    page.get_by_role("button", name="Apply window").click()
    expect(page.locator('[data-pop="window"] summary')).to_contain_text("36 hours")
    page.locator('[data-pop="split"] summary').click()
    page.locator('[data-pop="split"] .choices a', has_text="Plan").click()
    expect(page.get_by_role("heading", name="Funnel by plan", level=2)).to_be_visible()
    drawn(page)
    entered = users(page)[0]
    groups = [number(text) for text in page.locator(".mini-funnel li:first-child .mini-number").all_inner_texts()]
    assert sum(groups) == entered
    text = page.locator("#funnels-chart").inner_text()
    fresh = new_page(page.url.split("/funnels")[0])
    fresh.goto("/funnels" + page.url.split("/funnels")[1])
    drawn(fresh)
    assert fresh.locator("#funnels-chart").inner_text() == text
    expect(fresh.get_by_role("link", name="Remove filter plan: paid from step 2")).to_be_visible()


def test_a_drop_off_is_its_people_their_file_and_a_segment(show: Callable[..., Page]) -> None:
    page = show(PLAIN)
    lost = page.locator(".funnel-lost").last
    wanted = number(lost.inner_text())
    lost.click()
    expect(page.get_by_role("heading", name="Dropped before step 3, Logout")).to_be_visible()
    expect(page.locator("#funnels-list-count")).to_contain_text(f"{wanted} ")
    rows = downloaded(page, page.get_by_role("link", name="Download this list"))
    assert len({row["user_id"] for row in rows}) == len(rows) == wanted
    page.locator('[data-pop="save-funnels"] summary').click()
    page.get_by_label("Name of the segment").fill("Never logged out")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator('[data-pop="save-funnels"] [role=status]')).not_to_be_empty()
    page.get_by_role("link", name="Close the list").click()
    expect(page.get_by_text("No people chosen yet.")).to_be_visible()
    page.go_back()
    expect(page.locator("#funnels-list-count")).to_contain_text(f"{wanted} ")


def test_why_a_person_was_dropped_without_the_id_in_the_link(show: Callable[..., Page], real_data: Path) -> None:
    page = show(PLAIN)
    user = next(user for user, _, event in sparkify_rows(real_data) if event == "Home")
    page.get_by_label("User id").fill(user)
    before = page.url
    page.get_by_role("button", name="Follow").click()
    expect(page.locator(".trace li")).to_have_count(3)
    expect(page.locator(".trace li").first).to_have_class("is-reached")
    assert page.url == before
    page.get_by_label("User id").fill("nobody at all")
    page.get_by_role("button", name="Follow").click()
    expect(page.get_by_text("There is no person with this id in the data.")).to_be_visible()


@pytest.mark.parametrize("broken", ["nonsense", '{"s":3}', '{"s":["Home",["NextSong",{"plan":3}]],"o":"sideways"}'])
def test_a_broken_link_still_shows_a_page(show: Callable[..., Page], broken: str) -> None:
    page = show(broken)
    expect(page.get_by_text("Something went wrong")).to_have_count(0)
    said = page.get_by_text("could not be read").or_(page.get_by_text("There is no order"))
    expect(said.first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible_with_everything_on_the_page(show: Callable[..., Page], scheme: str) -> None:
    full = {**PLAIN, "w": "14 days", "x": [["Help", 0, 2]], "b": "plan", "h": ["session_id"]}
    page = show(full, "range=all&list=reached.0", color_scheme=scheme)
    expect(page.locator(".ag-row").first).to_be_visible()
    page.locator('[data-pop="event.0"] summary').click()
    expect(page.locator('[data-pop="event.0"] .choices a').first).to_be_visible()
    assert axe(page) == []


def test_fits_a_phone(show: Callable[..., Page]) -> None:
    page = show({**PLAIN, "b": "plan"}, width=390, height=844)
    assert sideways(page) == 0
    page.locator('[data-pop="event.0"] summary').click()
    expect(page.locator('[data-pop="event.0"] .choices a').first).to_be_visible()
    assert sideways(page) == 0
