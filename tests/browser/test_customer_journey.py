"""From a shop's order lines to one of its customers, as a person does it, on two years of real orders."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe
from tests.browser.event_logs import drawn
from tests.browser.steps import WORK_MS, choose, import_now

pytestmark = pytest.mark.browser
# the published counts of the default rule: tie-safe quintiles, recency x frequency (tests/real/test_value_real.py)
SEGMENTS = {"Champions": 604, "Loyal": 688, "New Customers": 67, "At Risk": 357, "Can't Lose Them": 35, "Lost": 775}


def visit(page: Page, path: str) -> None:
    """Open a page and wait until all of it is drawn, however long half a million lines take on a busy machine."""
    page.goto(path)
    drawn(page)


def test_from_the_file_to_a_customer_at_risk(page: Page, real_data: Path, tmp_path: Path) -> None:
    choose(page, real_data / "online_retail" / "online_retail.csv.gz")
    dataset = import_now(page)
    main = page.locator("main")

    # the ledger adds up: every exclusion with its rows
    visit(page, f"/cleaning?dataset={dataset}")
    expect(main).to_contain_text("541,909", timeout=WORK_MS)
    expect(main).to_contain_text("397,884", timeout=WORK_MS)

    # who the customers are: the grid and its eleven segments
    visit(page, f"/segments?dataset={dataset}")
    page.get_by_role("navigation", name="Parts of this page").get_by_role("link", name="RFM").click()
    drawn(page)
    table = page.get_by_role("region", name="Segments with what to do")
    for name, people in SEGMENTS.items():
        expect(table.get_by_role("row", name=re.compile(f"^{name} {people:,} "))).to_be_visible(timeout=WORK_MS)
    grid = page.get_by_role("region", name="People by recency and frequency score")
    expect(grid.locator("td")).to_have_count(25)
    cells = [int(cell.replace(",", "")) for cell in grid.locator(".matrix-text").all_inner_texts()]
    assert sum(cells) == 4_338
    assert axe(page) == []

    # “At Risk” → exactly these people, as a file and as a segment
    table.get_by_role("link", name="357 people: At Risk").click()
    expect(page.get_by_role("heading", name="At Risk", level=2)).to_be_visible(timeout=WORK_MS)
    expect(page.locator("#segments-list-count")).to_have_text("357 people", timeout=WORK_MS)
    assert "list=rfm.At%20Risk" in page.url
    with page.expect_download() as download:
        page.get_by_role("link", name="Download this list").click()
    saved = tmp_path / "at_risk.csv"
    download.value.save_as(saved)
    assert saved.read_text(encoding="utf-8").count("\n") == 358
    page.locator("summary", has_text="Save as segment").click()
    page.get_by_label("Name of the segment").fill("Slipping away")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".save-segment [role=status]")).to_contain_text("Slipping away", timeout=WORK_MS)

    # the executive page of these people only
    visit(page, f"/?dataset={dataset}&range=all")
    page.locator("[data-pop=segment] summary").click()
    page.locator("[data-pop=segment]").get_by_role("link", name="Slipping away").click()
    expect(page.get_by_text("Segment: Slipping away")).to_be_visible(timeout=WORK_MS)
    assert "segment=" in page.url
    drawn(page)
    visit(page, "/customers" + page.url[page.url.index("?") :])
    expect(page.locator("#customers-list-count")).to_have_text("357 people", timeout=WORK_MS)
    first = page.locator('.ag-center-cols-container [col-id="rfm_segment"], [col-id="user_id"].ag-cell').first
    expect(first).to_be_visible(timeout=WORK_MS)

    # one of them
    page.locator('[col-id="user_id"].ag-cell a').first.click()
    expect(page.get_by_role("heading", name="User", level=1)).to_be_visible(timeout=WORK_MS)
    expect(main).to_contain_text("At Risk", timeout=WORK_MS)
    assert not re.search(r"\b1[2-8]\d{3}\b", page.url)  # no id in the link
    assert axe(page) == []
