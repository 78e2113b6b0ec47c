"""Sign-in with one secret, when the product is reachable from other machines. Off on loopback without a secret.

The cookie is signed (HMAC-SHA256) and says only when it ends; changing the secret ends every session. Wrong secrets
are slowed down per address: after five, waiting doubles from 1 second to 5 minutes, during which even the right one is
refused. There is no limit over all addresses: it would let anybody lock everybody out, and 32 random bytes cannot be
guessed from many addresses either.
"""

from __future__ import annotations

import hashlib
import hmac
import html
import math
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from flask import Response, make_response, redirect, request

from dashboard import settings

PATH: Final = "/sign-in"
OUT: Final = "/sign-out"
COOKIE: Final = "holdfast_session"
SECONDS: Final = 12 * 3600
FREE_TRIES: Final = 5
MAX_WAIT: Final = 300.0
_REMEMBERED: Final = 1_000  # addresses; the oldest is forgotten

_PAGE: Final = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in – Holdfast</title><link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">
<link rel="stylesheet" href="/assets/vendor/bootstrap.min.css"><script src="/assets/head/theme.js"></script>
<link rel="stylesheet" href="/assets/tokens.css"><link rel="stylesheet" href="/assets/app.css"></head>
<body><main class="container py-5" style="max-width:26rem"><h1 class="mb-4">Holdfast</h1>
<form method="post" action="/sign-in"><label class="form-label" for="secret">Sign-in secret</label>
<input class="form-control mb-3" id="secret" name="secret" type="password" autocomplete="current-password"
 required autofocus aria-describedby="message"><p id="message" role="alert" class="mb-3">{message}</p>
<button class="btn btn-primary" type="submit">Sign in</button></form></main></body></html>"""


@dataclass
class Throttle:
    """Counts wrong tries by key and says how long to wait."""

    tries: OrderedDict[str, tuple[int, float]] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, key: str, now: float) -> float:
        """Seconds until the next try of this key is looked at; 0 = now."""
        with self.lock:
            count, last = self.tries.get(key, (0, 0.0))
        if count < FREE_TRIES:
            return 0.0
        pause = min(MAX_WAIT, 2.0 ** (count - FREE_TRIES))
        return max(0.0, last + pause - now)

    def failed(self, key: str, now: float) -> None:
        with self.lock:
            count, _last = self.tries.pop(key, (0, 0.0))
            self.tries[key] = (count + 1, now)
            while len(self.tries) > _REMEMBERED:
                self.tries.popitem(last=False)

    def succeeded(self, key: str) -> None:
        with self.lock:
            self.tries.pop(key, None)


throttle = Throttle()


def needed() -> bool:
    """Whether people must sign in: whenever a secret is set."""
    return bool(settings.current().secret)


def check() -> Response | None:
    """For ``before_request``: the answer for somebody who is not signed in, or None to go on."""
    if not needed():
        return redirect("/") if request.path in (PATH, OUT) else None  # type: ignore[return-value]
    if request.path == PATH:
        return _sign_in()
    if request.path == OUT:
        return _sign_out()
    if request.path in ("/healthz",) or request.path.startswith(("/assets/vendor/", "/assets/head/")):
        return None
    if request.path in ("/assets/favicon.svg", "/assets/tokens.css", "/assets/app.css"):
        return None
    if valid(request.cookies.get(COOKIE, "")):
        return None
    if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
        return redirect(PATH)  # type: ignore[return-value]
    return make_response({"code": "sign_in", "message": "Sign in first.", "hint": "Reload the page."}, 401)


def ticket(now: float | None = None) -> str:
    """A new cookie value: end of validity and its signature."""
    end = str(int((time.time() if now is None else now) + SECONDS))
    return f"{end}.{_signature(end)}"


def valid(cookie: str, now: float | None = None) -> bool:
    """Whether a cookie was made by :func:`ticket` with today's secret and has not ended."""
    end, _, signature = cookie.partition(".")
    if not hmac.compare_digest(_signature(end).encode(), signature.encode("utf-8", "surrogatepass")):
        return False
    moment = time.time() if now is None else now
    return moment < int(end) <= moment + SECONDS + 60


def _signature(text: str) -> str:
    key = hashlib.sha256(b"holdfast session\0" + settings.current().secret.encode()).digest()
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _sign_in() -> Response:
    if request.method in ("GET", "HEAD"):
        return make_response(_PAGE.format(message=""))
    if request.method != "POST":
        return make_response({"code": "405", "message": "Method Not Allowed.", "hint": ""}, 405)
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if site not in ("same-origin", "none"):
        return make_response(_PAGE.format(message="Sign in from this page."), 403)
    address = request.remote_addr or ""
    now = time.monotonic()
    pause = throttle.wait(address, now)
    if pause > 0:
        seconds = math.ceil(pause)
        answer = make_response(
            _PAGE.format(message=html.escape(f"Too many tries. Wait {seconds} s, then try again.")), 429
        )
        answer.headers["Retry-After"] = str(seconds)
        return answer
    given = request.form.get("secret", "").encode("utf-8", "surrogatepass")
    right = settings.current().secret.encode()
    if not hmac.compare_digest(hashlib.sha256(given).digest(), hashlib.sha256(right).digest()):
        throttle.failed(address, now)
        return make_response(_PAGE.format(message="That is not the secret."), 401)
    throttle.succeeded(address)
    answer = make_response(redirect("/"))
    answer.set_cookie(
        COOKIE, ticket(), max_age=SECONDS, httponly=True, samesite="Lax", secure=request.scheme == "https", path="/"
    )
    return answer


def _sign_out() -> Response:
    answer = make_response(redirect(PATH))
    answer.delete_cookie(COOKIE, path="/")
    answer.headers["Clear-Site-Data"] = '"cookies", "storage"'
    return answer
