"""Directories for unfinished work. Tidying up takes away what a dead process left in ``staging`` (see
:func:`dashboard.ingest.publish.sweep`), so whoever works there outside a job holds the lock of the same name."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from dashboard import settings
from dashboard.ingest.locks import Lock
from dashboard.store import files


def root() -> Path:
    return settings.current().data_dir / "staging"


def lock_file(name: str) -> Path:
    """The lock of a staging directory or a dataset."""
    return settings.current().data_dir / "locks" / name


def free_bytes() -> int:
    """What may still be written to the disk: the reserve of the settings stays free, so this can be negative."""
    now = settings.current()
    files.make_directory(now.data_dir)
    return shutil.disk_usage(now.data_dir).free - now.reserve_bytes


@contextlib.contextmanager
def held(prefix: str) -> Iterator[Path]:
    """An empty private directory that belongs to this process; gone at the end."""
    folder = root() / f"{prefix}-{secrets.token_hex(8)}"
    with Lock(lock_file(folder.name)):
        try:
            files.make_directory(folder)
            yield folder
        finally:
            files.remove_tree(folder)
            lock_file(folder.name).unlink(missing_ok=True)
