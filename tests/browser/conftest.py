"""One server with an empty data directory and one Chromium for all browser tests; pages that complain fail the test."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent.parent
AXE = ROOT / "tests" / "vendor" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
COMPILED = Path(os.environ["DASHBOARD_DATA_DIR"]) / "compiled"  # kernels, compiled once for the whole test run
START_SECONDS = 90
WAIT_MS = 30_000  # how long a test waits for something to appear on a busy machine
expect.set_options(timeout=WAIT_MS)

# Runs in every page before anything else: knows how long no callback has been on its way. Frames are counted because a
# page that draws an answer has none meanwhile.
_LISTEN = """
(() => {
  const ask = window.fetch;
  let open = 0, frames = 0, since = performance.now();
  const busy = change => { open += change; frames = 0; since = performance.now(); };
  window.fetch = (...what) => { busy(1); return ask(...what).finally(() => busy(-1)); };
  const frame = () => { frames += open === 0 ? 1 : 0; window.requestAnimationFrame(frame); };
  window.requestAnimationFrame(frame);
  window.asking = () => busy(0);
  window.answered = () => open === 0 && frames > 3 && performance.now() - since > 150;
})();
"""
# Colours are judged when fading is over.
_STILL = """() => Promise.all(
  document.getAnimations()
    .filter(one => one.effect.getComputedTiming().iterations !== Infinity)
    .map(one => one.finished.catch(() => null))
)"""
_UNDRAWN = "[data-dash-is-loading='true'], main .skeleton, main .dash-graph--pending"


@dataclass
class Server:
    """A running product. url without a slash at the end; data: its data directory."""

    url: str
    data: Path
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(15)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_server(data: Path, port: int | None = None, **environment: str) -> Server:
    """Start ``app.py`` as a person would and wait until it answers. Its output goes to ``server.txt`` in ``data``'s
    parent."""
    port = port or free_port()
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    compiled = data / "compiled"
    if not compiled.exists() and COMPILED.is_dir():
        compiled.symlink_to(COMPILED)
    with (data.parent / "server.txt").open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "app.py", "--port", str(port), "--data-dir", str(data)],
            cwd=ROOT,
            stdout=output,
            stderr=output,
            env={**os.environ, **environment},
        )
    server = Server(f"http://127.0.0.1:{port}", data, process)
    ends = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(server.url + "/healthz", timeout=2) as answer:
                if answer.status == 200:
                    return server
        except OSError:
            pass
        if process.poll() is not None or time.monotonic() > ends:
            server.stop()
            pytest.fail("the server did not start:\n" + (data.parent / "server.txt").read_text()[-3000:])
        time.sleep(0.1)


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
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no Chromium: apt-get install chromium, or set CHROMIUM")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS, headless=True)
        yield chromium
        chromium.close()


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
    context.add_init_script(_LISTEN)


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
    """Wait until the page's content is there, no callback is on its way and everything is drawn (milliseconds)."""
    expect(page.locator("main h1")).to_be_visible(timeout=timeout)
    page.wait_for_function(
        "undrawn => window.answered() && document.querySelector(undrawn) === null", arg=_UNDRAWN, timeout=timeout
    )


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
