"""Settings: read once from the environment, passed nowhere else.

Every setting has one environment variable, one default and one line in ``docs/settings.md``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def _setting(variable: str, default: object, text: str) -> Any:
    return field(default=default, metadata={"variable": variable, "help": text})


@dataclass(frozen=True)
class Settings:
    data_dir: Path = _setting(
        "DASHBOARD_DATA_DIR", ROOT / "data", "Private directory of everything the product writes."
    )
    host: str = _setting("DASHBOARD_HOST", "127.0.0.1", "Address to listen on.")
    port: int = _setting("DASHBOARD_PORT", 8050, "Port to listen on.")
    secret: str = _setting(
        "DASHBOARD_SECRET", "", "Sign-in secret, at least 32 bytes; required when host is not this machine."
    )
    trusted_hosts: str = _setting(
        "DASHBOARD_TRUSTED_HOSTS", "", "Comma-separated host names that requests may carry, besides this machine's."
    )
    threads: int = _setting("DASHBOARD_THREADS", os.cpu_count() or 2, "Threads that compute.")
    web_threads: int = _setting("DASHBOARD_WEB_THREADS", 16, "Threads that answer requests.")
    max_columns: int = _setting("DASHBOARD_MAX_COLUMNS", 2_000, "Columns a file may have.")
    max_line_bytes: int = _setting("DASHBOARD_MAX_LINE_BYTES", 1 << 20, "Bytes one record of a file may have.")
    max_field_bytes: int = _setting("DASHBOARD_MAX_FIELD_BYTES", 64 << 10, "Bytes one field of a file may have.")
    max_file_bytes: int = _setting(
        "DASHBOARD_MAX_FILE_BYTES", 4 << 30, "Bytes an uploaded file may have, packed or not."
    )
    max_rows: int = _setting("DASHBOARD_MAX_ROWS", 200_000_000, "Records a file may have.")
    quota_bytes: int = _setting("DASHBOARD_QUOTA_BYTES", 200 << 30, "Bytes all data of this installation may take.")
    reserve_bytes: int = _setting("DASHBOARD_RESERVE_BYTES", 512 << 20, "Free disk space that is never used.")
    import_memory_bytes: int = _setting(
        "DASHBOARD_IMPORT_MEMORY_BYTES", 6 << 30, "Address space an import may use before it is stopped."
    )
    cache_bytes: int = _setting("DASHBOARD_CACHE_BYTES", 1 << 30, "Size of the result cache.")


@lru_cache(maxsize=1)
def current() -> Settings:
    """The settings of this process. Tests change the environment and call ``current.cache_clear()``.

    Raises ValueError naming the variable when a number is not a number.
    """
    values: dict[str, Any] = {}
    for item in fields(Settings):
        text = os.environ.get(item.metadata["variable"])
        if text is None or text == "":
            continue
        if item.type in ("int", int):
            try:
                values[item.name] = int(text)
            except ValueError:
                raise ValueError(f"{item.metadata['variable']} must be a whole number, not {text!r}.") from None
        elif item.name == "data_dir":
            values[item.name] = Path(text).expanduser().resolve()
        else:
            values[item.name] = text
    return Settings(**values)
