"""What only a running server and a real browser show: the policy in force, sign-in, hostile addresses, slow clients."""

from __future__ import annotations

import re
import socket
import stat
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress

import dash
import pytest
from playwright.sync_api import Page, expect

from dashboard.web.app import create_app
from tests.browser.conftest import Server, Watch, axe, go, open_page, settled, sideways, start_server

pytestmark = pytest.mark.browser
SECRET = "correct horse battery staple, and a little more"
HOSTILE = (
    "?dataset=../../etc/passwd&range=x&tab=%00&sort=__proto__",
    "?" + "&".join(f"where.c{i}=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E" for i in range(60)),
    "?dataset=aaaaaaaaaaaa&dataset=bbbbbbbbbbbb&layout=1&rules=%7B%7B&uploads=.....&into=%27%22",
    "?range=2026-13-45..2026-01-01&as_of=0000-00-00&compare=%F0%28%8C%28&segment=" + "s" * 2000,
)


@pytest.mark.parametrize("query", HOSTILE)
def test_every_page_draws_under_hostile_addresses(page: Page, query: str) -> None:
    create_app()
    pages = sorted(dash.page_registry.values(), key=lambda entry: str(entry["path"]))
    assert {"/data", "/import"} <= {entry["path"] for entry in pages}
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))
    open_page(page, pages[0]["path"] + query)
    for entry in pages:
        go(page, entry["path"] + query)
        expect(page).to_have_title(entry["title"])
        settled(page)
        expect(page.locator("#errors")).to_be_empty()


def test_the_server_answers_hostile_addresses_with_the_page(server: Server) -> None:
    create_app()
    for entry in dash.page_registry.values():
        for query in HOSTILE:
            with urllib.request.urlopen(server.url + entry["path"] + query, timeout=20) as answer:
                assert answer.status == 200, entry["path"]


def test_the_policy_is_in_force(page: Page, watch: Watch) -> None:
    watch.allow("Content Security Policy|Refused|violates")
    open_page(page, "/data")
    blocked = page.evaluate(
        """async () => {
          const seen = {};
          window.setTimeout('window.evaluated = 1', 0);
          await new Promise(done => window.setTimeout(done, 200));
          seen.eval = window.evaluated === 1 ? 'ran' : 'blocked';
          const script = document.createElement('script');
          script.textContent = 'window.injected = 1';
          document.body.append(script);
          seen.inline = window.injected === 1 ? 'ran' : 'blocked';
          try { await fetch('https://example.com/'); seen.other = 'sent'; } catch (error) { seen.other = 'blocked'; }
          return seen;
        }"""
    )
    watch.allow("off-host request: https://example.com/")
    assert blocked == {"eval": "blocked", "inline": "blocked", "other": "blocked"}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The product with a sign-in secret."""
    running = start_server(tmp_path_factory.mktemp("guarded") / "data", DASHBOARD_SECRET=SECRET)
    yield running
    running.stop()


def test_sign_in(new_page: Callable[..., Page], guarded: Server) -> None:
    page = new_page(guarded.url, width=390, height=844)
    page.goto("/data")
    expect(page).to_have_url(re.compile("/sign-in$"))
    assert axe(page) == [] and sideways(page) == 0
    page.get_by_label("Sign-in secret").fill(SECRET)
    page.get_by_role("button", name="Sign in").click()
    settled(page)
    expect(page).to_have_url(re.compile("/data$"))
    page.goto("/sign-out")
    expect(page.get_by_label("Sign-in secret")).to_be_visible()
    page.goto("/data")
    expect(page).to_have_url(re.compile("/sign-in$"))


def test_half_sent_requests_do_not_stop_the_others(server: Server) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    slow = []
    try:
        for number in range(40):
            made = socket.create_connection((host, int(port)), 5)
            slow.append(made)
            head = f"POST /_dash-update-component HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
            made.sendall((head if number % 2 else head + "Content-Length: 1000\r\n\r\n{").encode())
        with urllib.request.urlopen(server.url + "/healthz", timeout=20) as answer:
            assert answer.status == 200
    finally:
        for made in slow:
            made.close()


def test_the_server_says_nothing_about_itself(server: Server) -> None:
    with socket.create_connection(tuple(server.url.removeprefix("http://").split(":")), 20) as made:  # type: ignore[arg-type]
        made.sendall(b"GET /data HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        answer = b""
        while piece := made.recv(65536):
            answer += piece
    head = answer.split(b"\r\n\r\n")[0].lower()
    assert b"waitress" not in answer.lower() and b"server:" not in head and b"python" not in head


def test_private_files(server: Server) -> None:
    open_to_others, seen = [], 0
    for path in [server.data, *server.data.rglob("*")]:
        with suppress(FileNotFoundError):  # a running server removes files meanwhile
            mode = path.lstat().st_mode
            seen += 1
            if not stat.S_ISLNK(mode) and "compiled" not in path.parts and mode & 0o077:
                open_to_others.append(str(path.relative_to(server.data)))
    assert open_to_others == []
    assert seen > 3
