"""The wizard: what is asked, what is refused, what can be corrected, and what survives a reload or a change of mind."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, axe, open_page, settled, sideways
from tests.browser.steps import WORK_MS, choose, import_now, imported, write_csv
from tests.workbooks import workbook

pytestmark = pytest.mark.browser


def orders(path: Path) -> Path:
    """Order lines whose dates can be read in two ways."""
    return write_csv(
        path,
        "customer,ordered_on,total,country",
        "a1,03/04/2025,10.50,UK",
        "a2,05/06/2025,20.00,DE",
        "a1,07/08/2025,11.00,UK",
        "a3,01/02/2025,9.99,FR",
    )


def test_ambiguous_dates_are_asked_and_the_answer_is_used(
    server: Server, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = new_page(server.url, width=390, height=844, color_scheme="dark")
    choose(page, orders(tmp_path / "ambiguous.csv"))
    question = page.get_by_role("group", name=re.compile("can be 3 April or 4 March"))
    expect(question).to_be_visible()
    button = page.get_by_role("button", name="Import", exact=True)
    expect(button).to_be_disabled()
    expect(page.locator("#wizard-reason")).to_have_text("Answer the question above first.")
    expect(page.locator(".preview")).to_contain_text("03/04/2025")
    assert axe(page) == []
    assert sideways(page) == 0
    question.get_by_role("radio").nth(1).focus()
    page.keyboard.press("Space")  # by keyboard alone
    expect(button).to_be_enabled(timeout=WORK_MS)
    expect(page.locator(".preview")).to_contain_text("2025-03-04")
    page.reload()  # the answer is kept on the server
    settled(page)
    expect(page.locator(".preview")).to_contain_text("2025-03-04", timeout=WORK_MS)
    expect(question.get_by_role("radio").nth(1)).to_be_checked()
    dataset = import_now(page)
    open_page(page, f"/dataset?dataset={dataset}")
    expect(page.locator("main")).to_contain_text("2 Jan – 8 Jul 2025")
    assert axe(page) == []
    assert sideways(page) == 0


def test_a_column_can_be_given_another_meaning(page: Page, tmp_path: Path) -> None:
    file = write_csv(
        tmp_path / "people.csv",
        "user_id,country,tier,joined",
        "1,UK,gold,2025-01-31",
        "2,DE,silver,2025-02-13",
        "3,FR,gold,2025-02-28",
    )
    choose(page, file)
    page.get_by_text("Columns: what each one is (4)").click()
    tier = page.get_by_label("What tier is")
    tier.focus()
    tier.select_option("ignored")
    expect(page.get_by_text("Not imported: tier")).to_be_visible(timeout=WORK_MS)
    expect(tier).to_be_focused()  # the table was drawn anew
    user = page.get_by_label("What user_id is")
    user.select_option("property")
    expect(page.get_by_role("alert").filter(has_text="Choose the column that holds the user id.")).to_be_visible()
    expect(page.get_by_role("button", name="Import", exact=True)).to_be_disabled()
    user.select_option("field:user_id")
    expect(page.get_by_role("button", name="Import", exact=True)).to_be_enabled()
    tier.select_option("field:plan")
    expect(page.get_by_role("list", name="Recognised columns")).to_contain_text("tier is Plan")
    assert axe(page) == []
    dataset = import_now(page)

    choose(page, file)  # the same header again: what was decided is remembered and said
    expect(page.get_by_text("Read like the last file with the same header.")).to_be_visible()
    expect(page.get_by_role("list", name="Recognised columns")).to_contain_text("tier is Plan")
    open_page(page, f"/discounts?dataset={dataset}")
    expect(page.locator("main")).to_contain_text("gold", timeout=WORK_MS)


def test_reading_a_file_again_with_another_header(page: Page, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "short.csv", "user_id,country,plan", "1,UK,Basic", "2,DE,Premium", "3,FR,Basic")
    choose(page, file)
    expect(page.locator(".file-ready")).to_contain_text("3 rows")
    page.get_by_text("How the file is read").click()
    page.get_by_role("combobox", name="Header", exact=True).select_option("0")
    expect(page.locator(".file-ready")).to_contain_text("4 rows", timeout=WORK_MS)


def test_rejected_rows_are_counted_and_can_be_downloaded(page: Page, tmp_path: Path) -> None:
    lines = [f"u{n},2025-03-{1 + n % 28:02d} 10:00:00,login" for n in range(40)]
    file = write_csv(
        tmp_path / "events.csv", "user_id,event_time,event_name", *lines, "u1,yesterday,login", "u2,x", ",,"
    )
    choose(page, file)
    import_now(page)
    main = page.locator("main")
    expect(page.locator(".done-banner")).to_contain_text("40 rows accepted, 2 rejected (2 reasons).")
    expect(main).to_contain_text("The time cannot be read.")
    expect(main).to_contain_text("The line has fewer cells than the header.")
    with page.expect_download() as download:
        main.get_by_role("link", name="Download rejected rows").click()
    target = tmp_path / "rejected.csv"
    download.value.save_as(target)
    text = target.read_text(encoding="utf-8-sig")
    assert text.splitlines()[0].startswith('"source","line","record","column","value","rule"')
    assert '"42"' in text and "yesterday" in text and "bad_time" in text and "too_few_fields" in text
    assert axe(page) == []


def test_what_is_no_table_is_named_and_blocks_the_import(page: Page, tmp_path: Path) -> None:
    good = write_csv(tmp_path / "good.csv", "user_id,country", "1,UK", "2,DE")
    bad = tmp_path / "login.csv"
    bad.write_text("<!DOCTYPE html><html><body>Please sign in</body></html>", encoding="utf-8")
    choose(page, good, bad)
    refused = page.locator(".file-failed")
    expect(refused).to_contain_text("web page")
    expect(page.get_by_role("button", name="Import", exact=True)).to_be_disabled()
    assert axe(page) == []
    page.get_by_role("button", name="Remove login.csv").click()
    expect(refused).to_have_count(0)
    expect(page.get_by_role("button", name="Import", exact=True)).to_be_enabled(timeout=WORK_MS)


def test_files_that_hardly_join_are_questioned(page: Page, tmp_path: Path) -> None:
    users = write_csv(tmp_path / "users.csv", "user_id,country", *(f"A{n},UK" for n in range(50)))
    events = write_csv(
        tmp_path / "events.csv",
        "user_id,event_time,event_name",
        *(f"{n},2025-03-15 10:00:00,login" for n in range(49)),
        "A7,2025-03-15 11:00:00,login",
    )
    choose(page, users, events)
    expect(page.locator("#wizard-joins")).to_contain_text("Are these the same ids?", timeout=WORK_MS)
    expect(page.locator("#wizard-joins")).to_contain_text("(1 of 50)")
    assert axe(page) == []


def test_an_import_can_be_cancelled_and_survives_a_reload(
    own_server: Server, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = new_page(own_server.url, width=390, height=844)
    lines = "".join(
        f"u{n % 90_000},2025-{1 + n % 12:02d}-{1 + n % 28:02d} 10:{n % 60:02d}:00,e{n % 7}\n" for n in range(1_500_000)
    )
    big = tmp_path / "big.csv"
    big.write_text("user_id,event_time,event_name\n" + lines, encoding="utf-8")
    choose(page, big)
    button = page.get_by_role("button", name="Import", exact=True)
    expect(button).to_be_enabled(timeout=WORK_MS)
    button.click()
    cancel = page.locator(".job").get_by_role("button", name="Cancel")
    cancel.focus(timeout=WORK_MS)
    page.wait_for_function("node => !node.isConnected", arg=cancel.element_handle())  # a step forward drew it anew
    expect(cancel).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".job")).to_contain_text("Cancelled. Nothing was changed.", timeout=WORK_MS)
    open_page(page, "/data")
    expect(page.get_by_role("button", name="Load the sample")).to_be_visible()  # still the first run
    page.go_back()
    page.get_by_role("button", name="Try again").click()
    expect(button).to_be_enabled(timeout=WORK_MS)
    button.click()
    expect(page.locator(".job progress")).to_be_visible(timeout=WORK_MS)
    expect(page.locator("#job-indicator progress")).to_be_visible(timeout=WORK_MS)
    assert sideways(page) == 0
    page.reload()
    settled(page)
    imported(page)
    expect(page.locator(".done-banner")).to_contain_text("1,500,000 rows accepted")


def test_the_right_sheet_of_a_workbook(page: Page, tmp_path: Path) -> None:
    plans: list[list[Any]] = [["plan", "price"], ["Basic", 9.5], ["Premium", 19.5]]
    members: list[list[Any]] = [["user_id", "country", "plan"], ["00123", "UK", "Basic"], ["00124", "DE", "Premium"]]
    choose(page, workbook(tmp_path / "people.xlsx", ("Prices", plans), ("Members", members)))
    card, question = page.locator(".file-ready"), page.get_by_role("group", name="Which sheet holds the table?")
    expect(card).to_contain_text("Excel workbook")
    expect(question.get_by_label("Prices")).to_be_checked()
    question.get_by_label("Members").check()
    preview = page.get_by_role("region", name="Preview of people.xlsx")
    expect(preview).to_contain_text("00124", timeout=WORK_MS)
    expect(question.get_by_label("Members")).to_be_checked()
    assert axe(page) == []
    dataset = import_now(page)
    open_page(page, f"/dataset?dataset={dataset}")
    expect(page.locator("#rows-grid")).to_contain_text("00123")


def test_a_file_takes_the_place_of_another(page: Page, tmp_path: Path) -> None:
    header = "user_id,event_time,event_name"
    march = (f"u{n},2025-03-{1 + n % 28:02d} 10:00:00,login" for n in range(40))
    choose(page, write_csv(tmp_path / "logins.csv", header, *march))
    dataset = import_now(page)
    april = (f"u{n},2025-04-{1 + n % 28:02d} 10:00:00,login" for n in range(12))
    choose(page, write_csv(tmp_path / "corrected.csv", header, *april), path=f"/import?into={dataset}")
    options = page.locator("#wizard-options-summary")
    expect(options).to_have_text("Options: added to “logins”, times in UTC")
    options.click()
    page.get_by_label("What happens to its data").select_option("replace")
    expect(options).to_have_text("Options: takes the place of “logins”, times in UTC")
    assert import_now(page) == dataset
    open_page(page, f"/dataset?dataset={dataset}")
    main = page.locator("main")
    expect(main).to_contain_text("version 2")
    expect(page.locator("#rows-count")).to_have_text("12 rows")
    expect(main).to_contain_text("1–12 Apr 2025")
    expect(main).not_to_contain_text("logins.csv")
