from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from dash import Dash
from flask.testing import FlaskClient

from dashboard import settings
from dashboard.components import ids
from dashboard.web import gate, security, shell

SECRET = "s" * 40
EVERYWHERE = {
    "/data": 200,
    "/nothing": 404,
    "/assets/shell.js": 200,
    "/assets/nothing.js": 404,
    "/_dash-layout": 200,
    "/_dash-dependencies": 200,
    "/_dash-update-component": 404,
    "/healthz": 200,
    "/upload/" + "0" * 32: 404,
    "/export/nothing.csv": 404,
    "/export/template.csv?kind=events": 200,
}


@pytest.mark.parametrize(("path", "status"), EVERYWHERE.items())
def test_headers_are_on_every_response(client: FlaskClient, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe-eval" not in policy
    assert policy.split("script-src")[1].split(";")[0].count("unsafe") == 0
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Server" not in answer.headers
    if not path.startswith("/assets/"):
        assert answer.headers["Cache-Control"] == "no-store"


def test_index_tells_no_versions_and_is_english(client: FlaskClient) -> None:
    page = client.get("/data").get_data(as_text=True)
    assert '<html lang="en"' in page
    assert "dash-version.plotly.com" not in page and "GCC" not in page and "4.4.1" not in page.split("<script src")[0]
    assert "http://" not in page.replace("http://127.0.0.1", "") and "https://" not in page


def test_layouts_do_not_travel_with_the_index(client: FlaskClient) -> None:
    assert ids.UPLOAD_ZONE not in client.get("/data").get_data(as_text=True)
    layout = client.get("/_dash-layout").get_data(as_text=True)
    assert ids.URL in layout and ids.UPLOAD_ZONE not in layout


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil", "", "0.0.0.0", "evil:8050"]
)
def test_a_foreign_host_is_refused_and_not_repeated(client: FlaskClient, host: str) -> None:
    answer = client.get("/data", headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "127.0.0.1:8050", "[::1]:8050", "LocalHost:99"])
def test_this_machine_is_trusted(host: str, data_dir: Path) -> None:
    assert security.trusted_host(host)


def test_listed_hosts_are_trusted(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHBOARD_TRUSTED_HOSTS", "stats.example, other.example")
    settings.current.cache_clear()
    assert security.trusted_host("Stats.example:443")
    assert security.trusted_host("other.example")
    assert not security.trusted_host("example")


def test_every_registered_page_answers(client: FlaskClient, app: Dash) -> None:
    for page in shell.pages():
        answer = client.get(page["path"])
        assert answer.status_code in (200, 302), page["path"]
        layout, title = shell.render(page["path"])
        assert title and json.dumps(layout.to_plotly_json(), default=lambda part: part.to_plotly_json())


@pytest.mark.parametrize("path", ["/nothing", "/data/x", "/data/..", "/assets/../app.py", "/%2e%2e/app.py", "/%00"])
def test_unknown_paths_are_404_with_a_page_for_people(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code in (404, 308)
    layout, title = shell.render(path)
    if answer.status_code == 404 and shell.page_at(path) is None:
        assert "Not found" in title and "data page" in str(layout)


def test_large_and_odd_bodies_are_refused(client: FlaskClient) -> None:
    url = "/_dash-update-component"
    assert client.post(url, data=b"x" * (security.MAX_BODY + 1), content_type="application/json").status_code == 413
    assert client.post(url, data=b"[" * 100_000, content_type="application/json").status_code == 400
    assert client.post(url, data=b"a=1", content_type="application/x-www-form-urlencoded").status_code == 400
    assert client.post(url, json={}).status_code == 400


# Sign-in ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def guarded(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    monkeypatch.setenv("DASHBOARD_SECRET", SECRET)
    settings.current.cache_clear()
    monkeypatch.setattr(gate, "throttle", gate.Throttle())
    return client


def test_nothing_is_served_before_sign_in(guarded: FlaskClient, app: Dash) -> None:
    for path in (
        "/data",
        "/",
        "/nothing",
        "/_dash-layout",
        "/_dash-dependencies",
        "/assets/shell.js",
        "/export/targets.csv",
    ):
        assert guarded.get(path).status_code == 401, path
    assert guarded.post("/_dash-update-component", json={}).status_code == 401
    assert guarded.post("/upload", json={}).status_code == 401
    page = guarded.get("/data", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["Location"]) == (302, gate.PATH)
    assert guarded.get("/healthz").status_code == 200
    assert "password" in guarded.get(gate.PATH).get_data(as_text=True)


def test_sign_in_and_out(guarded: FlaskClient) -> None:
    answer = guarded.post(gate.PATH, data={"secret": SECRET})
    assert answer.status_code == 302
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Max-Age=43200" in cookie and SECRET not in cookie
    assert guarded.get("/data").status_code == 200
    left = guarded.get(gate.OUT)
    assert "cookies" in left.headers["Clear-Site-Data"]
    assert guarded.get("/data").status_code == 401


def test_cookies_cannot_be_made_or_kept(guarded: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    good = gate.ticket(now=1_000_000.0)
    assert gate.valid(good, now=1_000_000.0 + gate.SECONDS - 1)
    assert not gate.valid(good, now=1_000_000.0 + gate.SECONDS)
    end, signature = good.split(".")
    for forged in (
        "",
        ".",
        "x.y",
        f"{int(end) + 1}.{signature}",
        f"{end}.{'0' * 64}",
        f"{end}",
        "\ud800.x",
        f"-1.{signature}",
    ):
        assert not gate.valid(forged, now=1_000_000.0), forged
    monkeypatch.setenv("DASHBOARD_SECRET", "t" * 40)
    settings.current.cache_clear()
    assert not gate.valid(good, now=1_000_000.0)


def test_guessing_is_slowed_down_and_then_even_the_right_secret_waits(guarded: FlaskClient) -> None:
    codes = [guarded.post(gate.PATH, data={"secret": f"wrong {n}"}).status_code for n in range(100)]
    assert codes.count(401) <= 10 and codes.count(429) >= 90
    refused = guarded.post(gate.PATH, data={"secret": SECRET})
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) >= 1


def test_throttle_doubles_to_five_minutes_and_forgets_after_success() -> None:
    throttle = gate.Throttle()
    waits = []
    for _ in range(20):
        throttle.failed("a", 0.0)
        waits.append(throttle.wait("a", 0.0))
    assert waits[:7] == [0, 0, 0, 0, 1, 2, 4] and max(waits) == gate.MAX_WAIT
    assert throttle.wait("b", 0.0) == 0
    throttle.succeeded("a")
    assert throttle.wait("a", 0.0) == 0


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_foreign_page_cannot_sign_in(guarded: FlaskClient, site: str) -> None:
    answer = guarded.post(gate.PATH, data={"secret": SECRET}, headers={"Sec-Fetch-Site": site})
    assert answer.status_code == 403


def test_odd_sign_in_requests_are_no_errors(guarded: FlaskClient) -> None:
    assert guarded.post(gate.PATH, data=b"\xff\xfe", content_type="text/plain").status_code == 401
    assert guarded.put(gate.PATH).status_code == 405
    assert (
        guarded.get("/data", headers={"Authorization": "Basic \xff", "Cookie": "holdfast_session=\xff"}).status_code
        == 401
    )


def test_without_a_secret_there_is_no_sign_in_page(client: FlaskClient) -> None:
    assert client.get(gate.PATH).status_code == 302


def test_dash_is_set_up_before_the_first_visitor_whatever_the_sign_in(data_dir: Path) -> None:
    """The policy's hashes are those of the scripts that the page really has, also when a secret is set at the start."""
    code = (
        "import re, base64, hashlib\n"
        "from dashboard.web.app import create_app\n"
        "from dashboard.web import gate\n"
        "app = create_app()\n"
        "client = app.server.test_client()\n"
        "client.set_cookie(gate.COOKIE, gate.ticket())\n"
        "answer = client.get('/data')\n"
        "page = answer.get_data(as_text=True)\n"
        "inline = r'<script(?![^>]*(?:src=|json))[^>]*>(.+?)</script>'\n"
        "for script in re.findall(inline, page, re.S):\n"
        "    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()\n"
        "    assert digest in answer.headers['Content-Security-Policy'], script[:200]\n"
        "print(len(re.findall(inline, page, re.S)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=settings.ROOT,
        env={**os.environ, "DASHBOARD_SECRET": SECRET},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "2"), done.stdout + done.stderr[-2000:]
