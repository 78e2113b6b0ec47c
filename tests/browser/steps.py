"""What a person does again and again on the data pages, as functions of a page."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import open_page

WORK_MS = 240_000  # an import on a busy machine, kernels compiled on the way


def choose(page: Page, *files: Path, path: str = "/import") -> None:
    """Go to a page with a drop zone, choose files and wait until the wizard has looked at all of them."""
    open_page(page, path)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files([str(file) for file in files])
    page.wait_for_url(re.compile(r"/import\?.*uploads="), timeout=WORK_MS)
    cards = page.locator(".file-ready, .file-failed")
    expect(cards).to_have_count(len(files), timeout=WORK_MS)


def import_now(page: Page) -> str:
    """Press the button, wait for the report, return the id of the dataset."""
    button = page.get_by_role("button", name="Import", exact=True)
    expect(button).to_be_enabled(timeout=WORK_MS)
    button.click()
    return imported(page)


def imported(page: Page) -> str:
    """Wait for the report and return the id of the dataset."""
    link = page.locator("main").get_by_role("link", name="Open the dashboard")
    expect(link).to_be_visible(timeout=WORK_MS)
    found = re.search(r"dataset=([a-z0-9]{12})", link.get_attribute("href") or "")
    assert found
    return found[1]


def write_csv(path: Path, header: str, *lines: str) -> Path:
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path
