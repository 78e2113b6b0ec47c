"""A server with real event logs, imported with the product's own command, and what a person does with lists."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page

from tests.browser.conftest import ROOT, Server, settled, start_server
from tests.browser.steps import WORK_MS

FILES = {"sparkify": "sparkify_events/sparkify_events.jsonl.gz", "ecom": "ecom_events/ecom_events.csv.gz"}


@dataclass(frozen=True)
class Logs:
    """A running product and the ids of its datasets by name."""

    server: Server
    ids: dict[str, str]


def serve_logs(folder: Path, real_data: Path, *names: str) -> Iterator[Logs]:
    """The product with the named logs; for a fixture."""
    running = start_server(folder / "data")
    try:
        yield Logs(running, {name: _import(running, real_data / FILES[name], name) for name in names})
    finally:
        running.stop()


def _import(server: Server, path: Path, name: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "dashboard", "import", str(path), "--name", name],
        cwd=ROOT,
        env={**os.environ, "DASHBOARD_DATA_DIR": str(server.data)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = re.search(r"dataset: ([a-z0-9]{12})", done.stdout)
    assert found
    return found[1]


def sparkify_rows(real_data: Path) -> list[tuple[str, int, str]]:
    """(user, milliseconds, page) of everybody who is somebody, by user and time."""
    with gzip.open(real_data / FILES["sparkify"], "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return sorted((str(row["userId"]), int(row["ts"]), str(row["page"])) for row in rows if row["userId"])


def number(text: str) -> int:
    """The first whole number of a text."""
    found = re.search(r"[\d,]+", text)
    assert found
    return int(found[0].replace(",", ""))


def downloaded(page: Page, link: Locator) -> list[dict[str, str]]:
    """The rows of the CSV file behind a link."""
    with page.expect_download() as download:
        link.click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def drawn(page: Page) -> None:
    """Wait until charts and lists are there, however long a busy machine computes, compiles and draws them."""
    settled(page, WORK_MS)
