"""How long a browser needs for a page, from the address to the last chart, folded and as Dash sends it by itself.

    python -m benchmarks.page_load --events 100000 --loads 5

Two servers of the product with the same dataset, one of them with folding (docs/decisions/0011) switched off; a browser
that has the scripts in its cache loads each page from both by turns. Script time is what the page's scripts computed.
The first load of each page, which computes and keeps its answers, is not counted. Ends with 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.dataset import prepare
from benchmarks.figures import report
from tools.browser import DRAWN, FLAGS, LISTEN, QUIET_MS, chromium
from tools.server import start_server

PAGES = ("/", "/engagement", "/funnels", "/retention", "/segments", "/discounts", "/value")
GOAL_RATIO = 1.5  # of the clock, over all pages
UNFOLDED = (
    "import sys; from dashboard.web import fold; fold.install = lambda *_: None; "
    "from dashboard.web.serve import main; sys.exit(main(sys.argv[1:]))"
)
WARM_SECONDS = 10  # until compiled kernels are loaded


def load(page: Page, address: str) -> dict[str, float]:
    """Seconds by the clock and of scripts."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    began = time.perf_counter()
    page.goto(address)
    page.wait_for_function(DRAWN, timeout=120_000)
    clock = time.perf_counter() - began - QUIET_MS / 1000
    measured = {item["name"]: item["value"] for item in session.send("Performance.getMetrics")["metrics"]}
    return {"clock": clock, "script": measured["ScriptDuration"]}


def measure(browser: Browser, servers: dict[str, str], dataset: str, loads: int) -> dict[str, dict[str, Any]]:
    """page -> {"folded": ..., "unfolded": ...} -> medians."""
    contexts = {name: browser.new_context(viewport={"width": 1280, "height": 900}) for name in servers}
    for context in contexts.values():
        context.add_init_script(LISTEN)
    found: dict[str, dict[str, Any]] = {}
    for path in PAGES:
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in servers}
        for number in range(loads + 1):
            for name, url in servers.items():
                page = contexts[name].new_page()
                seen = load(page, f"{url}{path}?dataset={dataset}")
                page.close()
                if number:
                    runs[name].append(seen)
        found[path] = {
            name: {key: statistics.median(run[key] for run in seen) for key in seen[0]} for name, seen in runs.items()
        }
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--loads", type=int, default=5, help="counted loads of each page")
    chosen = parser.parse_args(arguments)
    prepared = prepare(chosen.events)
    data = Path(os.environ["DASHBOARD_DATA_DIR"])
    servers = {"folded": start_server(data), "unfolded": start_server(data, program=("-c", UNFOLDED))}
    try:
        time.sleep(WARM_SECONDS)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            urls = {name: server.url for name, server in servers.items()}
            found = measure(browser, urls, prepared.dataset, chosen.loads)
            browser.close()
    finally:
        for server in servers.values():
            server.stop()
    for name, item in found.items():
        ours, theirs = item["folded"], item["unfolded"]
        report(f"page load, {name}", ours["clock"], "s")
        report(f"page load, {name}, as Dash sends it", theirs["clock"], "s")
        report(f"page load, {name}, scripts: times less", theirs["script"] / ours["script"], "x")
    ratio = sum(item["unfolded"]["clock"] for item in found.values()) / sum(
        item["folded"]["clock"] for item in found.values()
    )
    return int(report("page load, all pages: times faster", ratio, "x", at_least=GOAL_RATIO))


if __name__ == "__main__":
    raise SystemExit(main())
