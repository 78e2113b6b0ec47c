"""Saved segments: built from conditions with a live count, used on other pages, shared by link, deleted."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.browser.analysis.conftest import LAST_DAY, Analysis, event_log, user_table
from tests.browser.conftest import axe, open_page, settled, sideways

pytestmark = pytest.mark.browser


def chosen() -> pd.DataFrame:
    """Premium people seen in the last 60 days, in plain pandas."""
    frame = user_table()
    days = [(LAST_DAY - dt.date.fromisoformat(day)).days for day in frame["last_active_time"]]
    return frame[(frame["plan"] == "Premium") & (pd.Series(days) <= 60)]


def build(page: Page, name: str) -> None:
    page.get_by_role("button", name="+ Property of the person").click()
    page.get_by_role("combobox", name="Property", exact=True).select_option("plan")
    page.locator(".condition").nth(0).get_by_label("Premium").check()
    page.get_by_role("button", name="+ First or last seen").click()
    page.get_by_role("spinbutton", name="Days ago").fill("60")
    expect(page.locator("#audiences-preview")).to_contain_text(f"{len(chosen())} of 600 people")
    page.get_by_role("textbox", name="Name", exact=True).fill(name)
    page.get_by_role("button", name="Save segment").click()
    expect(page.locator("#audiences-said")).to_contain_text(f"Saved “{name}”")


def test_a_segment_is_built_used_shared_and_deleted(view: Callable[..., Page], analysis: Analysis) -> None:
    expected = chosen()
    page = view("/audiences", "users")
    expect(page.locator("#audiences-list")).to_contain_text("No saved segment yet.")
    build(page, "Premium and here")
    entry = page.get_by_role("list", name="Saved segments").get_by_role("listitem").filter(has_text="Premium and here")
    expect(entry).to_contain_text(f"{len(expected)} of 600 people")
    with page.expect_download() as download:
        entry.get_by_role("link", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))
    assert sorted(row["user_id"] for row in rows) == sorted(expected["user_id"])

    entry.get_by_role("link", name="Use as filter").click()
    expect(page.locator(".chips")).to_contain_text("Segment: Premium and here")
    page.get_by_role("link", name="Executive").click()
    expect(page.locator("#executive-kpis")).to_contain_text(f"{len(expected)}")
    page.get_by_role("link", name="Discounts").click()
    page.get_by_role("link", name="All people", exact=True).click()
    expect(page.locator("#discounts-count")).to_have_text(f"{len(expected)} of 600 people")

    fresh = page.context.new_page()
    open_page(fresh, page.url.removeprefix(analysis.server.url))
    expect(fresh.locator("#discounts-count")).to_have_text(f"{len(expected)} of 600 people")
    fresh.close()
    shared = page.url.removeprefix(analysis.server.url)

    page.get_by_role("link", name="Saved segments").first.click()
    settled(page)
    page.locator("summary").filter(has_text=re.compile("^Delete")).click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.locator("#audiences-deleted")).to_contain_text("Deleted “Premium and here”.")
    expect(page.locator("#audiences-list")).to_contain_text("No saved segment yet.")
    open_page(page, shared)
    expect(page.locator("#discounts-count")).to_have_text("600 of 600 people")
    expect(page.locator("#discounts-filters")).to_contain_text("was deleted: everybody is shown")


def test_an_edit_changes_the_numbers_of_the_same_link(view: Callable[..., Page]) -> None:
    log = event_log()
    often = log[log["event_name"] == "play"].groupby("user_id").size()
    page = view("/audiences", "events")
    page.get_by_role("button", name="+ Did an event").click()
    page.get_by_role("combobox", name="Did", exact=True).select_option("play")
    page.get_by_role("combobox", name="When", exact=True).select_option("ever")
    expect(page.get_by_role("spinbutton", name="Last days")).to_have_count(0)
    page.get_by_role("spinbutton", name="Times", exact=True).fill("10")
    everyone = log["user_id"].nunique()
    expect(page.locator("#audiences-preview")).to_contain_text(f"{(often >= 10).sum()} of {everyone} people")
    page.get_by_role("textbox", name="Name", exact=True).fill("Players")
    page.get_by_role("button", name="Save segment").click()
    page.get_by_role("link", name="Use as filter: Players").click()
    entry = page.locator(".segment-entry")
    expect(entry).to_contain_text(f"{(often >= 10).sum()} of {everyone} people")
    page.get_by_role("spinbutton", name="Times", exact=True).fill("12")
    expect(page.locator("#audiences-preview")).to_contain_text(f"{(often >= 12).sum()} of {everyone} people")
    page.get_by_role("button", name="Save changes").click()
    expect(entry).to_contain_text(f"{(often >= 12).sum()} of {everyone} people")
    page.get_by_role("link", name="Discounts").click()
    page.get_by_role("link", name="All people", exact=True).click()
    expect(page.locator("#discounts-count")).to_have_text(f"{(often >= 12).sum()} of {everyone} people")
    page.get_by_role("link", name="Saved segments").first.click()
    settled(page)
    page.locator("summary").filter(has_text=re.compile("^Delete")).click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.locator("#audiences-deleted")).to_contain_text("Deleted")


def test_pasted_ids_and_words_when_something_is_wrong(view: Callable[..., Page]) -> None:
    page = view("/audiences", "users")
    page.locator("summary").filter(has_text="List of ids").click()
    page.get_by_label("User ids, one per line").fill("user_id\nu0001\nu0002\nnobody")
    page.get_by_role("button", name="Add this list").click()
    expect(page.locator(".condition-kept")).to_have_text("in a list of 3 ids, 2 of them in this data")
    expect(page.locator("#audiences-preview")).to_contain_text("2 of 600 people")
    page.get_by_role("button", name="Save segment").click()
    expect(page.locator("#audiences-said")).to_contain_text("needs a name")
    page.get_by_role("button", name="Remove condition 1").click()
    page.get_by_role("button", name="+ Property of the person").click()
    page.get_by_role("combobox", name="Property", exact=True).select_option("plan")
    expect(page.locator("#audiences-preview")).to_contain_text("needs 1 to 200 values")
    page.locator(".condition").nth(0).get_by_label("Premium").check()
    expect(page.locator("#audiences-preview")).to_contain_text("of 600 people")
    page.get_by_role("button", name="+ Did an event").click()
    expect(page.locator("#audiences-preview")).to_contain_text("This data has no events.")


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (390, "light"), (1280, "dark")], ids=["desktop", "phone", "dark"]
)
def test_accessible_on_every_screen(view: Callable[..., Page], width: int, scheme: str) -> None:
    page = view("/audiences", "events", width=width, color_scheme=scheme)
    kinds = ("Property of the person", "Did an event", "First or last seen", "Segment, engagement or recency")
    for count, name in enumerate(kinds, start=1):
        page.get_by_role("button", name=f"+ {name}").click()
        expect(page.locator(".condition")).to_have_count(count)
    settled(page)
    assert axe(page) == []
    assert sideways(page) == 0
