"""One server with an empty data directory and one Chromium for all browser tests; pages that complain fail the test."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

from tools import server as server_tool
from tools.browser import FLAGS, LISTEN, SETTLED, chromium
from tools.server import Server

ROOT = Path(__file__).resolve().parent.parent.parent
AXE = ROOT / "tests" / "vendor" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
COMPILED = Path(os.environ["DASHBOARD_DATA_DIR"]) / "compiled"  # kernels, compiled once for the whole test run
WAIT_MS = 30_000  # how long a test waits for something to appear on a busy machine
expect.set_options(timeout=WAIT_MS)
_CALLS = itertools.count()

# Colours are judged when fading is over.
_STILL = """() => Promise.all(
  document.getAnimations()
    .filter(one => one.effect.getComputedTiming().iterations !== Infinity)
    .map(one => one.finished.catch(() => null))
)"""


def start_server(data: Path, port: int | None = None, **environment: str) -> Server:
    """A server on a data directory with compiled kernels; see :func:`tools.server.start_server`."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    compiled = data / "compiled"
    if not compiled.exists() and COMPILED.is_dir():
        compiled.symlink_to(COMPILED)
    return server_tool.start_server(data, port, **environment)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The product with an empty data directory, shared by all browser tests."""
    running = start_server(tmp_path_factory.mktemp("server") / "data")
    yield running
    running.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """The product with an empty data directory for one test alone."""
    running = start_server(tmp_path / "data")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip("no Chromium: apt-get install chromium, or set CHROMIUM")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=FLAGS, headless=True)
        yield launched
        launched.close()


class Watch:
    """Collects what a page must not do. ``allow`` takes patterns of messages that a test provokes on purpose."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.allowed: list[re.Pattern[str]] = []

    def allow(self, pattern: str) -> None:
        self.allowed.append(re.compile(pattern))

    def forget(self) -> None:
        self.problems.clear()
        self.allowed.clear()

    def attach(self, page: Page, host: str = "127.0.0.1") -> None:
        def console(message: ConsoleMessage) -> None:
            if message.type == "error" or "Content Security Policy" in message.text:
                self.problems.append(f"console: {message.text} ({message.location.get('url', '')})")

        def request(asked: Request) -> None:
            if not re.match(rf"(https?://({re.escape(host)}|localhost)[:/]|data:|blob:|about:)", asked.url):
                self.problems.append(f"off-host request: {asked.url}")

        page.on("console", console)
        page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        page.on("request", request)

    def check(self) -> None:
        left = [text for text in self.problems if not any(pattern.search(text) for pattern in self.allowed)]
        assert left == []


@pytest.fixture
def watch() -> Watch:
    return Watch()


def prepare(context: BrowserContext) -> None:
    """Patience, and ears for :func:`settled`: every context of a test needs both."""
    context.set_default_timeout(WAIT_MS)
    context.add_init_script(LISTEN)


@pytest.fixture
def context(browser: Browser, server: Server) -> Iterator[BrowserContext]:
    made = browser.new_context(base_url=server.url, accept_downloads=True, viewport={"width": 1280, "height": 900})
    prepare(made)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, watch: Watch) -> Iterator[Page]:
    """A page of the shared server; the test fails when it logs an error or asks another host for anything."""
    opened = context.new_page()
    watch.attach(opened)
    yield opened
    opened.close()
    watch.check()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Make watched pages for other servers or sizes: ``new_page(url, width=390, height=844, color_scheme="dark")``."""
    made: list[tuple[BrowserContext, Watch]] = []

    def make(url: str, *, width: int = 1280, height: int = 900, color_scheme: str = "light") -> Page:
        context = browser.new_context(
            base_url=url, viewport={"width": width, "height": height}, color_scheme=color_scheme, accept_downloads=True
        )
        prepare(context)
        watch = Watch()
        made.append((context, watch))
        opened = context.new_page()
        watch.attach(opened)
        return opened

    yield make
    for context, _watch in made:
        context.close()
    for _context, watch in made:
        watch.check()


def settled(page: Page, timeout: int = WAIT_MS) -> None:
    """Wait until the page's content is there, no callback is on its way and everything is drawn (milliseconds). Quiet
    before the call does not count: a click's callbacks may be about to leave."""
    page.wait_for_function(SETTLED, arg=next(_CALLS), timeout=timeout)


def go(page: Page, address: str) -> None:
    """Go to an address of the application as a link in it does: only the page is drawn anew, no script is loaded."""
    page.evaluate(
        """address => {
          window.asking();
          history.pushState({}, '', address);
          window.dispatchEvent(new CustomEvent('_dashprivate_pushstate'));
        }""",
        address,
    )


def open_page(page: Page, path: str) -> None:
    """Go to a path of the page's server and wait until it is drawn."""
    page.goto(path)
    settled(page)


def axe(page: Page) -> list[str]:
    """Accessibility violations of the page as it stands, one line each. The content security policy does not apply to
    what the test injects."""
    page.evaluate(_STILL)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "async tags => (await axe.run(document, {runOnly: {type: 'tag', values: tags}})).violations", RULES
    )
    return [
        f"{item['id']}: {node['target']} {node.get('failureSummary', '')}" for item in found for node in item["nodes"]
    ]


def sideways(page: Page) -> int:
    """Pixels the page can be scrolled sideways; 0 is what a phone wants."""
    page.evaluate(_STILL)
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
