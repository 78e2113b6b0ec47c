"""Structured logs: one JSON object a line, with fields from a list. No values of people's data, no query strings.

Written to stderr and to ``logs/<process>.log`` in the data directory. A defect is logged as its type and its stack
(file, line, function); the exception's text stays out, because it may quote a row.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import secrets
import sys
import traceback
from logging.handlers import RotatingFileHandler
from typing import Any, Final

from dashboard import settings

FIELDS: Final = frozenset(
    {
        "bytes",
        "code",
        "endpoint",
        "field",
        "job",
        "kind",
        "method",
        "milliseconds",
        "pid",
        "port",
        "reference",
        "seconds",
        "stack",
        "state",
        "status",
        "type",
        "upload",
    }
)
_MAX_TEXT: Final = 200
_LOGGER: Final = logging.getLogger("holdfast")


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        about = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.msg if isinstance(record.msg, str) else "",
            **getattr(record, "about", {}),
        }
        return json.dumps(about, ensure_ascii=True)


def set_up(process: str, *, stderr: bool = True) -> None:
    """Start logging of this process (``web``, ``worker``, ``job``); a second call replaces the first."""
    folder = settings.current().data_dir / "logs"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handlers: list[logging.Handler] = [
        RotatingFileHandler(folder / f"{process}.log", maxBytes=5_000_000, backupCount=3, encoding="utf-8", delay=True)
    ]
    if stderr:
        handlers.append(logging.StreamHandler(sys.stderr))
    for old in list(_LOGGER.handlers):
        _LOGGER.removeHandler(old)
        old.close()
    for new in handlers:
        new.setFormatter(_Lines())
        _LOGGER.addHandler(new)
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False


def event(name: str, *, level: int = logging.INFO, **about: Any) -> None:
    """Log that something happened. Raises ValueError for a field that is not on the list."""
    unknown = set(about) - FIELDS
    if unknown:
        raise ValueError(f"not a log field: {sorted(unknown)[0]}")
    short = {name: value[:_MAX_TEXT] if isinstance(value, str) else value for name, value in about.items()}
    _LOGGER.log(level, name, extra={"about": short})


def defect(name: str, error: BaseException, **about: Any) -> str:
    """Log an unexpected exception and return the reference id a person is shown."""
    reference = secrets.token_hex(4)
    stack = [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in _frames(error)]
    event(name, level=logging.ERROR, reference=reference, type=type(error).__name__, stack=stack[-12:], **about)
    return reference


def _frames(error: BaseException) -> list[traceback.FrameSummary]:
    return list(traceback.extract_tb(error.__traceback__))
