"""Headers, hosts, sizes, unknown paths: what holds for every response, whoever made it."""

from __future__ import annotations

import logging
import time
from typing import Any, Final

from dash import Dash
from flask import Flask, Response, abort, g, make_response, request
from werkzeug.exceptions import HTTPException

from dashboard import logs, service, settings
from dashboard.ingest.upload import SLICE
from dashboard.web import errors, gate, shell

OWNER: Final = "local"  # whoever has passed the gate: an installation belongs to one person or team
MAX_BODY: Final = 4 << 20  # a callback's body; the largest honest one is a wizard's plan of some hundred columns
LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_FILES: Final = ("/_dash-component-suites/", "/assets/")  # may be kept by browsers, are not logged
_CATCH_ALL: Final = ("/", "/<path:path>")  # Dash answers every path with the index


def policy(script_hashes: tuple[str, ...] = ()) -> str:
    """The content security policy. Inline styles stay allowed: React, Plotly and the grid write them."""
    return "; ".join(
        (
            "default-src 'none'",
            " ".join(("script-src 'self'", *script_hashes)),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "object-src 'none'",
        )
    )


def allow_scripts(app: Dash, hashes: tuple[str, ...]) -> None:
    """Put the hashes of Dash's own inline scripts into the policy; called once, when they are all known."""
    app.server.config["POLICY"] = policy(hashes)


def install(app: Dash) -> None:
    """Attach host check, body limit, sign-in gate, 404 for unknown paths, headers and error pages to the server."""
    server: Flask = app.server
    server.config.update(
        POLICY=policy(),
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=64 << 10,
        SESSION_COOKIE_HTTPONLY=True,
        TRAP_HTTP_EXCEPTIONS=False,
        PROPAGATE_EXCEPTIONS=False,
    )
    logging.getLogger("dash.dash").setLevel(logging.WARNING)

    def first() -> Response | None:
        g.began = time.perf_counter()
        if not trusted_host(request.host):
            return make_response({"code": "host", "message": "This host name is not served here.", "hint": ""}, 400)
        if request.method == "PUT" and request.path.startswith("/upload/"):
            request.max_content_length = SLICE
        answer = gate.check()
        if answer is not None:
            return answer
        g.acting = service.acting_as(OWNER)
        g.acting.__enter__()
        if request.method in ("GET", "HEAD") and unknown(_rule(), request.path):
            if "text/html" in request.headers.get("Accept", ""):
                return make_response(app.index(), 404)
            abort(404)
        return None

    # before Dash's own hooks, which were attached when the app was made
    server.before_request_funcs.setdefault(None, []).insert(0, first)
    server.after_request(_finish)
    server.teardown_request(_leave)
    server.register_error_handler(HTTPException, errors.on_server_error)
    server.register_error_handler(Exception, errors.on_server_error)


def _rule() -> str | None:
    return request.url_rule.rule if request.url_rule is not None else None


def _leave(_error: BaseException | None) -> None:
    acting = g.pop("acting", None)
    if acting is not None:
        acting.__exit__(None, None, None)


def trusted_host(host: str) -> bool:
    """Whether a Host header names this installation: loopback, the bound address or a listed name, any port."""
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    now = settings.current()
    listed = {item.strip().lower() for item in now.trusted_hosts.split(",") if item.strip()}
    return name.lower() in {*LOOPBACK, now.host.lower(), *listed} - {"0.0.0.0", "::", ""}


def unknown(rule: str | None, path: str) -> bool:
    """Whether a path is neither a page nor a route of its own (rule: the matched URL rule)."""
    if rule not in _CATCH_ALL:
        return rule is None
    return shell.page_at(path) is None or path != "/" + path.strip("/")


def same_origin() -> bool:
    """Whether a changing request comes from our own pages: browsers say so in Sec-Fetch-Site and Origin."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    return origin is None or origin in (f"http://{request.host}", f"https://{request.host}")


def _finish(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Content-Security-Policy"] = _policy()
    if not request.path.startswith(_FILES):
        response.headers["Cache-Control"] = "no-store"
    if request.scheme == "https":
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    _log(response)
    return response


def _policy() -> str:
    from flask import current_app

    return str(current_app.config["POLICY"])


def _log(response: Response) -> None:
    if request.path.startswith(_FILES) or request.path == "/healthz":
        return
    about: dict[str, Any] = {
        "method": request.method,
        "endpoint": _rule() or "none",
        "status": response.status_code,
    }
    if "began" in g:
        about["milliseconds"] = round((time.perf_counter() - g.began) * 1000, 1)
    logs.event("request", **about)
