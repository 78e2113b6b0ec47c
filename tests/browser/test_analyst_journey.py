"""An analyst's way through the product on a real event log: funnel, drop-off, segment, retention, a link to share."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.event_logs import Logs, drawn, serve_logs, sparkify_rows
from tests.browser.steps import WORK_MS

pytestmark = pytest.mark.browser
STEPS = ("Home", "NextSong", "Logout", "Settings")


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Iterator[Logs]:
    yield from serve_logs(tmp_path_factory.mktemp("journey"), real_data, "sparkify")


def lost_before(real_data: Path, step: int) -> set[str]:
    """Who did the steps before this one in order, and never this one after them, in plain Python."""
    at: dict[str, int] = {}
    for user, _, event in sparkify_rows(real_data):
        reached = at.setdefault(user, 0)
        if reached < len(STEPS) and event == STEPS[reached]:
            at[user] += 1
    return {user for user, reached in at.items() if reached == step}


def test_from_a_funnel_to_a_link_that_shows_the_same(
    logs: Logs, new_page: Callable[..., Page], real_data: Path
) -> None:
    page = new_page(logs.server.url)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.set_default_timeout(WORK_MS)
    page.goto(f"/funnels?dataset={logs.ids['sparkify']}&range=all&funnel={quote(json.dumps({'s': STEPS[:1]}))}")
    drawn(page)
    _build(page)
    wanted = lost_before(real_data, 2)
    page.get_by_role("link", name=re.compile("dropped before step 3, Logout")).click()
    expect(page.get_by_role("heading", name="Dropped before step 3, Logout")).to_be_visible()
    expect(page.locator("#funnels-list-count")).to_have_text(f"{len(wanted)} people")

    page.locator('[data-pop="save-funnels"] summary').click()
    page.get_by_label("Name of the segment").fill("Listen alone")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator('[data-pop="save-funnels"] [role=status]')).to_contain_text("Listen alone")

    page.get_by_role("link", name="Retention", exact=True).click()
    expect(page.get_by_role("heading", name="Retention", level=1)).to_be_visible()
    drawn(page)
    everybody = _cohorts(page)
    page.locator('[data-pop="segment"] summary').click()
    page.locator('[data-pop="segment"]').get_by_role("link", name="Listen alone").click()
    expect(page.locator('[data-pop="segment"] summary')).to_contain_text("Listen alone")
    drawn(page)
    text = _cohorts(page)
    assert text != everybody

    monday = dt.datetime(2018, 11, 5, tzinfo=dt.UTC).timestamp() * 1_000
    early = {user for user, ms, _ in sparkify_rows(real_data) if ms < monday} & wanted
    page.locator("tbody .cohort-size a").first.click()
    expect(page.locator("#retention-list-count")).to_have_text(f"{len(early)} people")

    page.get_by_role("button", name="Copy link").click()
    link = page.evaluate("navigator.clipboard.readText()")
    parts = urlsplit(link)
    fresh = new_page(logs.server.url)
    fresh.goto(f"{parts.path}?{parts.query}")
    drawn(fresh)
    assert _cohorts(fresh) == text
    expect(fresh.locator("#retention-list-count")).to_have_text(page.locator("#retention-list-count").inner_text())


def _build(page: Page) -> None:
    """The other steps, by their names; no time limit."""
    for event in STEPS[1:]:
        _pick(page, page.locator("details.picker", has_text="Add a step"), event)
    expect(page.locator(".funnel-steps .step-event")).to_have_text(list(STEPS))
    page.locator('[data-pop="window"] summary').click()
    page.locator('[data-pop="window"]').get_by_role("link", name="No limit").click()
    expect(page.locator('[data-pop="window"] summary')).to_contain_text("No limit")
    drawn(page)


def _pick(page: Page, picker: Locator, event: str) -> None:
    """Choose an event by typing a part of its name."""
    picker.locator("summary").click()
    expect(picker.locator(".choices a").first).to_be_visible()
    picker.get_by_placeholder("Find an event").fill(event.lower())
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: event in unquote(url))
    expect(page.locator(".funnel-steps .step-event", has_text=event)).to_be_visible()
    drawn(page)


def _cohorts(page: Page) -> list[str]:
    return page.locator(".cohorts tr").all_inner_texts()
