"""The data page: rename, add next month's file, export, change a decision, delete for ever."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, axe, open_page, sideways
from tests.browser.steps import WORK_MS, choose, import_now, imported, write_csv

pytestmark = pytest.mark.browser

HEADER = "user_id,event_time,event_name"


def march(path: Path) -> Path:
    return write_csv(path, HEADER, *(f"u{n % 20},2025-03-{1 + n % 28:02d} 10:{n:02d}:00,login" for n in range(60)))


def april(path: Path) -> Path:
    """Next month's file, which repeats the last ten rows of March."""
    repeated = [f"u{n % 20},2025-03-{1 + n % 28:02d} 10:{n:02d}:00,login" for n in range(50, 60)]
    return write_csv(
        path, HEADER, *repeated, *(f"u{n % 30},2025-04-{1 + n % 28:02d} 10:{n:02d}:00,login" for n in range(60))
    )


def holding(folder: Path, secret: bytes) -> list[str]:
    """Files below a folder that hold a text, compiled kernels apart. What a process removes meanwhile holds nothing."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "compiled"]
        for name in names:
            with suppress(FileNotFoundError):
                if secret in (Path(place) / name).read_bytes():
                    found.append(str(Path(place) / name))
    return found


def test_append_counts_what_was_there_already(page: Page, tmp_path: Path) -> None:
    choose(page, march(tmp_path / "march.csv"))
    dataset = import_now(page)
    choose(page, april(tmp_path / "april.csv"), path=f"/import?into={dataset}")
    page.locator("#wizard-options-summary").click()
    expect(page.get_by_label("Put it into")).to_have_value(dataset)
    assert import_now(page) == dataset
    open_page(page, f"/dataset?dataset={dataset}")
    main = page.locator("main")
    expect(main).to_contain_text("version 2")
    expect(main).to_contain_text("120 rows")  # 60 + 60 new; the ten of March count once
    expect(main).to_contain_text("60 new rows; 10 rows were in the dataset already and count once.")
    with page.expect_download() as download:
        main.get_by_role("link", name="Export event log (CSV)").click()
    target = tmp_path / "export.csv"
    download.value.save_as(target)
    assert len(target.read_text().splitlines()) == 121
    assert axe(page) == []


def test_a_decision_can_be_changed_later(page: Page, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "members.csv", "user_id,country,level", "1,UK,gold", "2,DE,silver", "3,FR,gold")
    choose(page, file)
    dataset = import_now(page)
    open_page(page, f"/dataset?dataset={dataset}")
    page.get_by_role("link", name="Change a decision").click()
    rebuild = page.get_by_role("button", name="Build again")
    expect(rebuild).to_be_disabled()
    page.get_by_label("What country is").select_option("ignored")
    expect(page.get_by_text("1 file changed. Build again to use it.")).to_be_visible()
    page.get_by_label("Time zone of the data").fill("Nowhere/Here")
    page.get_by_label("Time zone of the data").press("Enter")
    expect(page.get_by_text("This time zone is not known.")).to_be_visible()
    expect(rebuild).to_be_disabled()
    page.get_by_label("Time zone of the data").fill("Europe/Berlin")
    page.get_by_label("Time zone of the data").press("Enter")
    expect(rebuild).to_be_enabled()
    assert axe(page) == []
    rebuild.click()
    page.wait_for_url(re.compile(r"/import\?.*job="))
    assert imported(page) == dataset
    open_page(page, f"/dataset?dataset={dataset}")
    expect(page.locator("main")).to_contain_text("version 2")
    expect(page.locator(".facts")).to_contain_text("Europe/Berlin")
    page.get_by_text("Every decision about this file").click()
    expect(page.get_by_role("row", name=re.compile(r"^country\b"))).to_contain_text("not imported")


def test_a_stored_file_is_read_another_way(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "towns.csv"
    file.write_bytes("user_id;country;level\n1;España;gold\n2;España;gold\n3;Österreich;gold\n".encode("cp1252"))
    choose(page, file)
    dataset = import_now(page)
    open_page(page, f"/decisions?dataset={dataset}")
    rebuild, main = page.get_by_role("button", name="Build again"), page.locator("main")
    page.get_by_label("What level is").select_option("ignored")
    page.get_by_text("How towns.csv is read").click()
    page.get_by_label("Encoding").select_option("cp1250")
    preview = page.get_by_role("region", name="Preview of towns.csv")
    expect(preview).to_contain_text("Espańa", timeout=WORK_MS)
    expect(preview).not_to_contain_text("gold")  # what was decided before the file was read again still holds
    expect(page.get_by_label("Encoding")).to_have_value("cp1250")
    expect(rebuild).to_be_enabled()
    assert axe(page) == []
    page.get_by_label("Lines before the header").select_option("9")
    refused = main.get_by_role("alert").filter(has_text=re.compile(r"no rows|blank lines", re.IGNORECASE))
    expect(refused).to_be_visible(timeout=WORK_MS)
    expect(page.get_by_label("Lines before the header")).to_have_value("0")  # as it was
    expect(page.get_by_text("1 file changed. Build again to use it.")).to_be_visible()
    rebuild.click()
    page.wait_for_url(re.compile(r"/import\?.*job="))
    assert imported(page) == dataset
    open_page(page, f"/dataset?dataset={dataset}")
    expect(main).to_contain_text("version 2")
    expect(page.locator("#rows-grid")).to_contain_text("Espańa")


def test_rename_and_delete_for_ever(own_server: Server, new_page: Callable[..., Page], tmp_path: Path) -> None:
    page = new_page(own_server.url)
    secret = "canary-7c1f"
    file = write_csv(tmp_path / "people.csv", "user_id,country,name", f"{secret},UK,Ada", "2,DE,Grace")
    choose(page, file, path="/data")  # dropped on the data page: the wizard follows
    import_now(page)
    assert holding(own_server.data, secret.encode()) != []
    open_page(page, "/data")
    page.get_by_role("button", name="Rename people").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert axe(page) == []
    dialog.get_by_label("New name").fill("Members 2025")
    dialog.get_by_role("button", name="Rename", exact=True).click()
    expect(page.get_by_role("link", name="Members 2025")).to_be_visible(timeout=WORK_MS)
    expect(dialog).to_have_count(0)

    page.get_by_role("button", name="Delete Members 2025").click()
    for_ever = dialog.get_by_role("button", name="Delete for ever")
    expect(for_ever).to_be_disabled()
    typed = dialog.get_by_label("Type the name of the dataset to confirm")
    typed.fill("Members")
    expect(for_ever).to_be_disabled()
    assert axe(page) == []
    typed.fill("Members 2025")
    expect(for_ever).to_be_enabled()
    for_ever.click()
    expect(page.get_by_role("button", name="Load the sample")).to_be_visible(timeout=WORK_MS)
    assert holding(own_server.data, secret.encode()) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_list_on_a_phone(server: Server, new_page: Callable[..., Page], tmp_path: Path, scheme: str) -> None:
    page = new_page(server.url, width=390, height=844, color_scheme=scheme)
    choose(page, march(tmp_path / f"phone_{scheme}.csv"))
    assert axe(page) == []
    assert sideways(page) == 0
    import_now(page)
    assert sideways(page) == 0
    open_page(page, "/data")
    assert axe(page) == []
    assert sideways(page) == 0


def test_rows_are_browsed_on_the_server_and_columns_chosen_for_the_session(page: Page, tmp_path: Path) -> None:
    choose(page, march(tmp_path / "browse.csv"))
    dataset = import_now(page)
    open_page(page, f"/dataset?dataset={dataset}")
    count = page.locator("#rows-count")
    expect(count).to_have_text("60 rows")
    grid = page.locator("#rows-grid")
    first = grid.locator(".ag-center-cols-container [row-index='0'] [col-id='c1']")
    grid.locator(".ag-header-cell[col-id='c1'] .ag-header-cell-label").click()
    expect(first).to_have_text("2025-03-01 10:00:00")
    grid.locator(".ag-header-cell[col-id='c0'] .ag-header-cell-filter-button").click()
    page.locator(".ag-filter input[type='text']:visible").first.fill("u19")
    page.get_by_role("button", name="Apply").click()
    expect(count).to_have_text("3 rows")
    page.locator("[data-pop='columns'] summary").click()
    page.get_by_label("Event name", exact=True).uncheck()
    header = grid.locator(".ag-header-cell[col-id='c2']")
    expect(header).to_have_count(0)
    assert axe(page) == []
    open_page(page, f"/dataset?dataset={dataset}")
    expect(count).to_have_text("60 rows")
    expect(grid.locator(".ag-header-cell[col-id='c1']")).to_have_count(1)
    expect(header).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download this table (CSV)").click()
    target = tmp_path / "rows.csv"
    download.value.save_as(target)
    assert len(target.read_text().splitlines()) == 61


def test_an_as_of_day_is_kept_with_the_dataset(page: Page, tmp_path: Path) -> None:
    choose(page, march(tmp_path / "kept.csv"))
    dataset = import_now(page)
    open_page(page, f"/dataset?dataset={dataset}")
    page.get_by_label("As-of day of this dataset").fill("2025-03-20")
    page.get_by_role("button", name="Keep this day").click()
    expect(page.get_by_text("Kept: 20 Mar 2025.")).to_be_visible()
    open_page(page, f"/?dataset={dataset}")
    expect(page.locator("#executive-facts")).to_contain_text("as of 20 Mar 2025")
    open_page(page, f"/?dataset={dataset}&as_of=2025-03-10")
    expect(page.locator("#executive-facts")).to_contain_text("as of 10 Mar 2025")
    open_page(page, f"/dataset?dataset={dataset}")
    page.get_by_role("button", name="Use the data's last day").click()
    expect(page.get_by_text("It is the data's last day, 28 Mar 2025.")).to_be_visible()


def test_a_file_can_be_taken_out_again(page: Page, tmp_path: Path) -> None:
    choose(page, march(tmp_path / "march.csv"))
    dataset = import_now(page)
    choose(page, april(tmp_path / "april.csv"), path=f"/import?into={dataset}")
    import_now(page)
    open_page(page, f"/dataset?dataset={dataset}")
    page.get_by_role("link", name="Change a decision").click()
    for name in ("march.csv", "april.csv"):
        page.get_by_label(f"Take {name} out of the dataset").check()
    expect(page.get_by_text("A dataset needs at least one file")).to_be_visible()
    expect(page.get_by_role("button", name="Build again")).to_be_disabled()
    page.get_by_label("Take march.csv out of the dataset").uncheck()
    expect(page.get_by_text("1 file is taken out.")).to_be_visible()
    page.get_by_role("button", name="Build again").click()
    page.wait_for_url(re.compile(r"/import\?.*job="))
    assert imported(page) == dataset
    open_page(page, f"/dataset?dataset={dataset}")
    expect(page.locator("#rows-count")).to_have_text("60 rows")
    expect(page.locator("main")).not_to_contain_text("april.csv")
