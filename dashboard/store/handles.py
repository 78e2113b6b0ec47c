"""Opaque names of people in links: a keyed hash of dataset and user id, which says nothing to who reads a link.

The key belongs to the installation: 32 random bytes in a private file of the data directory, made at first use. Without
it a handle can neither be made nor checked against a guess, and another installation knows none of them. The hash does
not depend on the version, so links stay good when rows are appended.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from functools import lru_cache
from pathlib import Path

from dashboard import settings
from dashboard.store import files

FILE = "people.key"
KEY_BYTES, HANDLE_BYTES = 32, 16
HANDLE = re.compile(rf"[0-9a-f]{{{2 * HANDLE_BYTES}}}")


def key() -> bytes:
    """The key of this installation. Raises OSError when it can be neither read nor made, ValueError for a damaged
    file: a new key in its place would silently break every link."""
    return _read(settings.current().data_dir / FILE)


@lru_cache(maxsize=4)
def _read(path: Path) -> bytes:
    if not path.exists():
        _make(path)
    data = path.read_bytes()
    if len(data) != KEY_BYTES:
        raise ValueError("the key of the people's links is damaged")
    return data


def _make(path: Path) -> None:
    """Create the key; of several processes that come first, one wins and the others read what it wrote."""
    files.make_directory(path.parent)
    own = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    files.write_bytes(own, secrets.token_bytes(KEY_BYTES))
    try:
        with contextlib.suppress(FileExistsError):
            os.link(own, path)
        files.fsync_directory(path.parent)
    finally:
        own.unlink()


class Maker:
    """Makes the handles of one dataset's people."""

    def __init__(self, dataset_id: str) -> None:
        self._start = hashlib.blake2b(key=key(), digest_size=HANDLE_BYTES, person=b"holdfast-person")
        self._start.update(dataset_id.encode() + b"\0")

    def digest(self, user_id: str) -> bytes:
        """The handle as 16 bytes."""
        state = self._start.copy()
        state.update(user_id.encode())
        return state.digest()

    def handle(self, user_id: str) -> str:
        """The handle as 32 hexadecimal digits, as it stands in links."""
        return self.digest(user_id).hex()

    def mark(self) -> str:
        """Tells handles of this key and dataset from others, without telling the key."""
        state = self._start.copy()
        state.update(b"\0mark")
        return state.hexdigest()
