"""What must be right before the first request: a wrong environment is refused with one line."""

from __future__ import annotations

import importlib.metadata
import ipaddress
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dashboard.settings import ROOT, Settings

OLDEST_DASH: Final = (4, 4, 1)  # before it, anybody could end any process of the server
MIN_SECRET: Final = 32
# Each of them opens consoles, source code or callbacks to anybody who can connect.
FORBIDDEN: Final = (
    "DASH_DEBUG",
    "DASH_HOT_RELOAD",
    "DASH_MCP_ENABLED",
    "DASH_SERVE_DEV_BUNDLES",
    "DASH_UI",
    "FLASK_DEBUG",
    "WERKZEUG_DEBUG_PIN",
    "WERKZEUG_RUN_MAIN",
)
_OFF: Final = ("", "0", "false", "no", "off")


class Refused(Exception):
    """The product does not start; the text is the one line that says why."""


def check(now: Settings, environment: Mapping[str, str] | None = None) -> None:
    """Raise Refused when starting would be unsafe; creates the data directory (0700) when it is missing."""
    environment = os.environ if environment is None else environment
    _flags(environment)
    _dash(importlib.metadata.version("dash"))
    _data_dir(now.data_dir)
    _secret(now)


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _flags(environment: Mapping[str, str]) -> None:
    for name in FORBIDDEN:
        if environment.get(name, "").strip().lower() not in _OFF:
            raise Refused(f"{name} is set: it would open the server to anybody. Unset it and start again.")


def _dash(version: str) -> None:
    numbers = tuple(int(part) for part in version.split(".")[:3] if part.isdigit())
    if numbers < OLDEST_DASH:
        raise Refused(
            f"Dash {version} is too old and unsafe; install 4.4.1 or newer (pip install -r requirements.txt)."
        )


def _data_dir(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        about = path.stat()
    except OSError as error:
        raise Refused(f"The data directory {path} cannot be used: {error.strerror}.") from None
    if not stat.S_ISDIR(about.st_mode) or not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise Refused(f"The data directory {path} cannot be written to by this user.")
    if about.st_uid != os.getuid():
        raise Refused(f"The data directory {path} belongs to another user. Choose one of your own.")
    if about.st_mode & 0o077 and path == ROOT / "data" and not any(path.glob("[!.]*")):
        path.chmod(0o700)  # git cannot keep a mode: a fresh clone's own empty directory is made private here
    elif about.st_mode & 0o077:
        raise Refused(f"The data directory {path} can be read by other users. Run: chmod 700 {path}")


def _secret(now: Settings) -> None:
    length = len(now.secret.encode())
    if not is_loopback(now.host) and not now.secret:
        raise Refused(
            f"Listening on {now.host} needs DASHBOARD_SECRET (at least {MIN_SECRET} bytes), which people sign in with."
        )
    if now.secret and length < MIN_SECRET:
        raise Refused(f"DASHBOARD_SECRET has {length} bytes; at least {MIN_SECRET} are needed.")
