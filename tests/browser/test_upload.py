"""Uploading as a person does it: choose, drop, cut, resume, cancel; and as an attacker does it."""

from __future__ import annotations

import hashlib
import http.server
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Server, Watch, axe, open_page, settled, sideways, start_server

pytestmark = pytest.mark.browser
SLICE = 16 << 20


def blobs(server: Server) -> dict[str, int]:
    """Digest and size of every file that has arrived, complete or not."""
    folder = server.data / "incoming"
    files = folder.glob("*/blob") if folder.exists() else ()
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path.stat().st_size for path in files}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server without datasets: other tests' datasets fold the place for files."""
    running = start_server(tmp_path_factory.mktemp("upload") / "data")
    yield running
    running.stop()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "users <b>&'\" ü.csv"
    path.write_text(
        "user_id,country,last_active_time\n" + "".join(f"u{i},DE,2026-01-{i % 28 + 1:02d}\n" for i in range(500))
    )
    return path


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A little more than two slices."""
    path = tmp_path / "large.csv"
    line = b"u0123456,DE,2026-01-01 12:00:00,some more text to fill it\n"
    path.write_bytes(b"user_id,country,last_active_time,note\n" + line * ((2 * SLICE + (1 << 20)) // len(line)))
    return path


def test_a_file_is_chosen_and_leads_on(page: Page, server: Server, table: Path) -> None:
    open_page(page, "/data")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(table)
    expect(page).to_have_url(re.compile(r"/import\?uploads=[0-9a-f]{32}"))
    settled(page)
    expect(page.get_by_text("users <b>&'\" ü.csv").first).to_be_visible()
    assert hashlib.sha256(table.read_bytes()).hexdigest() in blobs(server)
    assert page.locator("main b", has_text="&").count() == 0


def test_a_file_is_dropped(page: Page, server: Server) -> None:
    open_page(page, "/data")
    zone = page.locator("#upload-zone")
    transfer = page.evaluate_handle(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File(['user_id,country\\ndropped,DE\\n'], 'dropped.csv', {type: 'text/csv'}));
          return data;
        }"""
    )
    zone.dispatch_event("dragover", {"dataTransfer": transfer})
    expect(zone).to_have_class(re.compile(r"\bover\b"))
    zone.dispatch_event("drop", {"dataTransfer": transfer})
    expect(zone).not_to_have_class(re.compile(r"\bover\b"))
    expect(page).to_have_url(re.compile(r"/import\?uploads="))
    assert hashlib.sha256(b"user_id,country\ndropped,DE\n").hexdigest() in blobs(server)


def test_a_job_that_ends_leaves_the_zone_alone(page: Page, server: Server) -> None:
    """Drawn anew, it would lose the focus, and the mark of a file that is held over it."""
    open_page(page, "/data")
    button = page.get_by_role("button", name="Choose files")
    button.focus()
    button.evaluate("node => { window.before = node; }")
    with page.expect_response(lambda answer: "data-add-for" in (answer.request.post_data or "")):
        page.evaluate("window.dash_clientside.set_props('datasets-changed', {data: {job: 'any'}})")
    settled(page)
    assert button.evaluate("node => node === window.before")
    expect(button).to_be_focused()


def test_cut_in_the_middle_goes_on_by_itself(page: Page, server: Server, large: Path, watch: Watch) -> None:
    watch.allow("ERR_CONNECTION|net::ERR|Failed to load resource")
    open_page(page, "/data")
    cut = {"left": 2}

    def flaky(route: Route) -> None:
        if route.request.headers.get("upload-offset") == str(SLICE) and cut["left"]:
            cut["left"] -= 1
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/upload/*", flaky)
    page.locator("#upload-input").set_input_files(large)
    expect(page).to_have_url(re.compile(r"/import\?uploads="), timeout=60_000)
    assert cut["left"] == 0
    assert hashlib.sha256(large.read_bytes()).hexdigest() in blobs(server)


def test_resumed_after_a_reload(page: Page, server: Server, large: Path, watch: Watch) -> None:
    watch.allow("net::ERR|Failed to load resource")
    open_page(page, "/data")
    large.write_bytes(large.read_bytes() + b"resumed,DE,2026-01-01 12:00:00,x\n")
    page.route("**/upload/*", lambda route: _stop_after_first(route))
    page.locator("#upload-input").set_input_files(large)
    expect(page.locator(".upload-text")).to_contain_text("trying again")
    page.on("dialog", lambda dialog: dialog.accept())
    page.unroute_all(behavior="ignoreErrors")
    page.reload()
    settled(page)
    offsets: list[str] = []
    page.on(
        "request",
        lambda asked: offsets.append(asked.headers.get("upload-offset", "")) if asked.method == "PUT" else None,
    )
    page.locator("#upload-input").set_input_files(large)
    expect(page).to_have_url(re.compile(r"/import\?uploads="), timeout=60_000)
    assert offsets == [str(SLICE), str(2 * SLICE)]
    assert hashlib.sha256(large.read_bytes()).hexdigest() in blobs(server)


def _stop_after_first(route: Route) -> None:
    if route.request.method == "PUT" and route.request.headers.get("upload-offset") != "0":
        route.abort("connectionreset")
    else:
        route.continue_()


def test_cancel_removes_the_bytes(page: Page, server: Server, large: Path, watch: Watch) -> None:
    watch.allow("net::ERR|Failed to load resource")
    open_page(page, "/data")
    large.write_bytes(large.read_bytes() + b"cancelled,DE,2026-01-01 12:00:00,x\n")
    page.route("**/upload/*", lambda route: _stop_after_first(route))
    before = set(server.data.glob("incoming/*"))
    page.locator("#upload-input").set_input_files(large)
    row = page.locator(".upload-row")
    expect(row.locator("progress")).to_have_attribute("max", str(large.stat().st_size))
    assert axe(page) == []
    expect(row).to_contain_text("trying again")
    assert set(server.data.glob("incoming/*")) != before
    page.get_by_role("button", name="Cancel upload of large.csv").click()
    expect(row).to_have_count(0)
    expect(page.locator("#upload-status")).to_contain_text("cancelled")
    for _ in range(100):
        if set(server.data.glob("incoming/*")) == before:
            break
        page.wait_for_timeout(50)
    assert set(server.data.glob("incoming/*")) == before


def test_an_empty_file_is_refused_with_a_sentence(page: Page, tmp_path: Path, watch: Watch) -> None:
    watch.allow("400")
    empty = tmp_path / "empty.csv"
    empty.touch()
    open_page(page, "/data")
    page.locator("#upload-input").set_input_files(empty)
    expect(page.locator(".upload-row")).to_contain_text("The file is empty.")
    expect(page.get_by_role("button", name="Try again: empty.csv")).to_be_visible()


def test_drop_zone_fits_a_phone(new_page: Callable[..., Page], server: Server) -> None:
    page = new_page(server.url, width=390, height=844)
    open_page(page, "/data")
    assert sideways(page) == 0


def test_own_digest_equals_the_standard(page: Page) -> None:
    """The plain implementation is used where browsers offer none: a page by http from another machine."""
    open_page(page, "/data")
    for size in (0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 1 << 20):
        data = bytes(i * 31 % 256 for i in range(size))
        found = page.evaluate(
            """size => {
              const data = new Uint8Array(size);
              for (let i = 0; i < size; i += 1) data[i] = i * 31 % 256;
              return window.holdfastUpload.sha256Plain(data);
            }""",
            size,
        )
        assert found == hashlib.sha256(data).hexdigest(), size


@pytest.fixture
def foreign() -> Iterator[str]:
    """A page of another origin on this machine."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!DOCTYPE html><title>evil</title><link rel=icon href=data:,><h1>evil</h1>")

        def log_message(self, *_arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://localhost:{served.server_address[1]}"
        served.shutdown()


def test_a_foreign_page_can_do_nothing(page: Page, server: Server, foreign: str, watch: Watch) -> None:
    watch.allow(".*")  # every refusal is an error in that page's console
    before = set(server.data.glob("incoming/*"))
    page.goto(foreign)
    results = page.evaluate(
        """async base => {
          const tries = {
            announce: [base + '/upload', {method: 'POST',
              headers: {'Content-Type': 'application/json', 'X-Holdfast': '1'},
              body: JSON.stringify({file_name: 'x.csv', size: 5, fingerprint: ''})}],
            simple: [base + '/upload', {method: 'POST', mode: 'no-cors', headers: {'Content-Type': 'text/plain'},
              body: JSON.stringify({file_name: 'x.csv', size: 5, fingerprint: ''})}],
            callback: [base + '/_dash-update-component', {method: 'POST', mode: 'no-cors',
              headers: {'Content-Type': 'text/plain'}, body: '{}'}],
            download: [base + '/export/template.csv?kind=users', {credentials: 'include'}],
            layout: [base + '/_dash-layout', {credentials: 'include'}],
          };
          const seen = {};
          for (const [name, [url, options]] of Object.entries(tries)) {
            try { seen[name] = (await fetch(url, options)).type; } catch (error) { seen[name] = 'refused'; }
          }
          seen.frame = await new Promise(done => {
            const frame = document.createElement('iframe');
            frame.src = base + '/data';
            frame.onload = () => done(frame.contentDocument ? 'blank' : 'refused');
            document.body.append(frame);
          });
          return seen;
        }""",
        server.url,
    )
    assert results["announce"] == results["download"] == results["layout"] == "refused"
    assert set(server.data.glob("incoming/*")) == before
    assert results["simple"] in ("refused", "opaque") and results["callback"] in ("refused", "opaque")
