"""Discounts: the number on the card, the rows of the list and the lines of the file are the same people."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.browser.analysis.conftest import LAST_DAY, user_table
from tests.browser.conftest import settled

pytestmark = pytest.mark.browser


def classified(recent: int = 60, dormant: int = 120) -> pd.DataFrame:
    """The user table with the class of the default rules, written down a second time in plain numpy."""
    frame = user_table()
    low, high = np.quantile(frame["usage"], [0.33, 0.66])
    days = np.array([(LAST_DAY - dt.date.fromisoformat(day)).days for day in frame["last_active_time"]])
    level = np.where(frame["usage"] < low, "Low", np.where(frame["usage"] < high, "Medium", "High"))
    cooling = (days > recent) & (days <= dormant)
    frame["segment"] = np.select(
        [(level == "Low") | (days > dormant), cooling, level == "High"], ["Risky", "Dormant", "Loyal"], "Regular"
    )
    frame["target"] = (frame["segment"] == "Dormant") | ((frame["segment"] == "Risky") & (level == "Medium"))
    return frame


def number(text: str) -> int:
    return int(text.replace(",", ""))


def downloaded(page: Page, link: str) -> list[dict[str, str]]:
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile(link)).click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_card_list_and_file_agree(view: Callable[..., Page]) -> None:
    frame = classified()
    expected = frame[frame["target"]]
    page = view("/discounts", "users")
    assert number(page.locator(".hero-number").inner_text()) == len(expected)
    expect(page.locator("#discounts-count")).to_have_text(f"{len(expected)} of 600 people")
    rows = downloaded(page, r"^Download \d+ people as CSV")
    assert sorted(row["user_id"] for row in rows) == sorted(expected["user_id"])


def test_filters_change_card_list_and_file_together(view: Callable[..., Page]) -> None:
    frame = classified()
    expected = frame[frame["target"] & (frame["country"] == "India") & (frame["plan"] == "Premium")]
    page = view("/discounts", "users", "where.country=India&where.plan=Premium")
    assert number(page.locator(".hero-number").inner_text()) == len(expected)
    expect(page.locator("#discounts-count")).to_have_text(f"{len(expected)} of 600 people")
    rows = downloaded(page, r"^Download \d+ people as CSV")
    assert sorted(row["user_id"] for row in rows) == sorted(expected["user_id"])


def test_every_segment_opens_exactly_its_people(view: Callable[..., Page]) -> None:
    frame = classified()
    page = view("/discounts", "users")
    for name, people in frame.groupby("segment"):
        row = page.get_by_role("list", name="People by segment").get_by_role("link", name=re.compile(str(name)))
        assert number(row.locator(".bar-number").inner_text()) == len(people)
        row.click()
        expect(page.get_by_role("heading", name=str(name), level=2)).to_be_visible()
        expect(page.locator("#discounts-count")).to_have_text(f"{len(people)} of 600 people")
    settled(page)
    rows = downloaded(page, "Download this list")
    assert sorted(row["user_id"] for row in rows) == sorted(people["user_id"])


def test_rules_show_their_effect_before_they_apply_and_undo_with_back(view: Callable[..., Page]) -> None:
    before, after = classified(), classified(recent=90)
    page = view("/discounts", "users")
    page.get_by_text("Change the rules").click()
    page.get_by_label("Recent: up to").fill("90")
    table = page.locator(".rule-effect")
    for name in ("Loyal", "Regular", "Dormant", "Risky"):
        row = table.locator("tr", has=page.get_by_role("rowheader", name=name))
        expected = [int((frame["segment"] == name).sum()) for frame in (before, after)]
        expect(row.locator("td").nth(0)).to_have_text(str(expected[0]))
        expect(row.locator("td").nth(1)).to_have_text(str(expected[1]))
    assert number(page.locator(".hero-number").inner_text()) == int(before["target"].sum())
    page.get_by_role("link", name="Apply these rules").click()
    expect(page.locator(".hero-number")).to_have_text(str(int(after["target"].sum())))
    assert "rules=" in page.url
    expect(page.locator("#discounts-count")).to_have_text(f"{int(after['target'].sum())} of 600 people")
    page.go_back()
    expect(page.locator(".hero-number")).to_have_text(str(int(before["target"].sum())))


def test_senseless_rules_are_refused_in_words(view: Callable[..., Page]) -> None:
    page = view("/discounts", "users")
    page.get_by_text("Change the rules").click()
    page.get_by_label("Recent: up to").fill("500")
    expect(page.locator("#discounts-effect")).to_contain_text("The recency limits must be whole days")
    page.get_by_role("button", name="Undo changes").click()
    expect(page.get_by_label("Recent: up to")).to_have_value("60")
    expect(page.locator("#discounts-effect")).to_contain_text("The form shows the rules in force")


def test_list_sorts_on_the_server(view: Callable[..., Page]) -> None:
    frame = classified()
    page = view("/discounts", "users", "list=all")
    expect(page.locator("#discounts-count")).to_have_text("600 of 600 people")
    first = page.locator('.ag-row[row-index="0"] [col-id=engagement]')
    page.locator(".ag-header-cell[col-id=engagement] .ag-header-cell-label").click()
    expect(first).to_have_text(f"{frame['usage'].max():,.1f}")


def test_narrowed_list_is_what_downloads(view: Callable[..., Page]) -> None:
    frame = classified()
    expected = frame[frame["target"] & (frame["usage"] > 600)]
    page = view("/discounts", "users")
    cell = page.locator(".ag-header-cell[col-id=engagement]")
    cell.locator(".ag-header-cell-filter-button").click()
    popup = page.locator(".ag-filter")
    popup.get_by_role("combobox").first.click()
    page.get_by_role("option", name="Greater than", exact=True).click()
    popup.locator("input[type=number]").first.fill("600")
    popup.get_by_role("button", name="Apply").click()
    expect(page.locator("#discounts-count")).to_have_text(f"{len(expected)} of 600 people")
    rows = downloaded(page, "Download this list")
    assert sorted(row["user_id"] for row in rows) == sorted(expected["user_id"])


def test_no_structure_is_said(view: Callable[..., Page]) -> None:
    page = view("/discounts", "users")
    expect(page.locator("#discounts-clusters .notice")).to_contain_text("no better than in shuffled data")
