"""From nothing to the discount list, as a person does it: a sample, a user table, a shop's order lines."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, axe, open_page, settled, sideways
from tests.browser.steps import WORK_MS, choose, import_now, imported

pytestmark = pytest.mark.browser


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_sample_in_one_press(own_server: Server, new_page: Callable[..., Page]) -> None:
    page = new_page(own_server.url)
    open_page(page, "/")
    expect(page).to_have_url(re.compile("/data$"))
    expect(page.get_by_text("Your data never leave this machine.")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="Load the sample").click()
    expect(page.locator(".job progress")).to_be_visible(timeout=WORK_MS)
    expect(page).to_have_url(re.compile("job="))
    assert axe(page) == []
    page.reload()  # the job is in the address: nothing is lost
    settled(page)
    dataset = imported(page)
    page.locator("main").get_by_role("link", name="Open the dashboard").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Executive", timeout=WORK_MS)
    page.wait_for_url(re.compile(rf"/\?.*dataset={dataset}"))
    expect(page.locator("main")).to_contain_text("Monthly active users", timeout=WORK_MS)
    for width, scheme in ((1280, "dark"), (390, "light")):
        other = new_page(own_server.url, width=width, height=844, color_scheme=scheme)
        for path in ("/data", f"/dataset?dataset={dataset}", f"/?dataset={dataset}"):
            open_page(other, path)
            assert axe(other) == [], path
            assert sideways(other) == 0, path


@pytest.mark.timeout(900)  # two imports and three pages, on a machine that may compile everything on the way
def test_every_sample_has_its_numbers_and_an_empty_range_leads_back(
    own_server: Server, new_page: Callable[..., Page]
) -> None:
    page = new_page(own_server.url)
    main = page.locator("main")
    made: dict[str, str] = {}
    for kind, metric in (("Online shop", "Net revenue"), ("SaaS product", "Monthly active users")):
        open_page(page, "/data")
        if made:
            page.get_by_text("Add more: drop files, or load a sample").click()
        page.get_by_role("radio", name=kind).check()
        page.get_by_label("Size").select_option(label="10,000 events")
        page.get_by_role("button", name="Load the sample").click()
        made[kind] = imported(page)
        main.get_by_role("link", name="Open the dashboard").click()
        page.wait_for_url(re.compile(rf"/\?.*dataset={made[kind]}"))
        expect(main).to_contain_text(metric, timeout=WORK_MS)
        expect(page.locator("#executive-kpis .kpi").first).to_be_visible(timeout=WORK_MS)

    open_page(page, f"/?dataset={made['SaaS product']}&range=2001-01-01..2001-01-31")
    card = main.get_by_role("region", name="Trends")
    expect(card).to_contain_text("No events in this range.", timeout=WORK_MS)
    assert axe(page) == []
    card.get_by_role("link", name=re.compile("Widen to all data")).click()
    page.wait_for_url(re.compile(r"range=all"))


def test_user_table_straight_through(page: Page, real_data: Path, tmp_path: Path) -> None:
    choose(page, real_data / "streaming_users" / "netflix_users.csv", path="/import")
    card = page.locator(".file-ready")
    expect(card).to_contain_text("User table")
    expect(card).to_contain_text("25,000 rows")
    expect(card.get_by_text("ready", exact=True)).to_be_visible()
    assert card.get_by_role("radio").count() == 0  # no correction is asked for
    assert axe(page) == []
    dataset = import_now(page)
    expect(page.locator(".done-banner")).to_contain_text("25,000 rows accepted, none rejected.")
    assert axe(page) == []

    open_page(page, f"/discounts?dataset={dataset}")
    main = page.locator("main")
    for segment, people in (("Risky", "19,392"), ("Dormant", "2,782"), ("Loyal", "1,446"), ("Regular", "1,380")):
        expect(main.get_by_role("link", name=re.compile(rf"^{segment}\b[\s\S]*{people}"))).to_be_visible(
            timeout=WORK_MS
        )
    expect(main).to_contain_text("8 Mar 2025")
    expect(main).to_contain_text("no better than in shuffled data", timeout=WORK_MS)
    with page.expect_download() as download:
        main.get_by_role("link", name="Download 8,325 people as CSV").click()
    everyone = tmp_path / "everyone.csv"
    download.value.save_as(everyone)
    listed = rows(everyone)
    assert len(listed) == 8_325
    assert {row["segment"] for row in listed} == {"Dormant", "Risky"}

    open_page(page, f"/discounts?dataset={dataset}&where.country=UK&where.plan=Premium")
    with page.expect_download() as download:
        main.get_by_role("link", name="Download 308 people as CSV").click(timeout=WORK_MS)
    assert "308" in download.value.suggested_filename
    filtered = tmp_path / "filtered.csv"
    download.value.save_as(filtered)
    listed = rows(filtered)
    assert len(listed) == 308
    assert {(row["country"], row["plan"]) for row in listed} == {("UK", "Premium")}


def test_order_lines_of_a_shop(page: Page, real_data: Path) -> None:
    choose(page, real_data / "online_retail" / "online_retail.csv.gz")
    card = page.locator(".file-ready")
    expect(card).to_contain_text("Order lines")
    expect(card).to_contain_text("541,909 rows")
    dataset = import_now(page)
    report = page.locator("main")
    expect(report).to_contain_text("541,909 rows read · 541,909 accepted · 0 rejected")
    expect(report).to_contain_text("135,080 rows without a user id, kept as guests")
    expect(report).to_contain_text("5,268 rows equal to an earlier row")
    expect(report).to_contain_text("17850.0")
    open_page(page, f"/?dataset={dataset}&range=2010-12-01..2011-12-09")
    main = page.locator("main")
    expect(main).to_contain_text("Net revenue", timeout=WORK_MS)
    expect(main).to_contain_text("9.7M", timeout=WORK_MS)  # 9,747,747.93, returns netted
    expect(main).to_contain_text("Orders")
    expect(main).to_contain_text("4,372 people")
    assert axe(page) == []
