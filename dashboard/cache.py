"""The result cache: bytes under a key that names everything the bytes depend on. Safe to delete at any time.

Nothing here can make an answer wrong or missing: a damaged, foreign, full or absent cache means that the answer is
computed again. Errors are never kept. diskcache keeps Python objects as pickles by default and would load one that
somebody planted; :class:`BytesDisk` neither writes nor reads them.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import diskcache
from diskcache.core import MODE_BINARY, MODE_RAW, UNKNOWN

from dashboard import settings
from dashboard.insights.memo import Memo, SingleFlight

_FILE = re.compile(r"[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{28}\.val")
_DIGEST = hashlib.sha256().digest_size
# What a broken cache raises: files (OSError), SQLite (Error), refused content (ValueError, which covers bad UTF-8), a
# row of an unexpected shape (TypeError, KeyError, AttributeError), or diskcache's own time-out.
_BROKEN = (OSError, sqlite3.Error, ValueError, TypeError, KeyError, AttributeError, diskcache.Timeout)
_MEMORY_BYTES = 64 << 20


class BytesDisk(diskcache.Disk):  # type: ignore[misc]
    """Stores bytes under text keys and refuses everything else with ValueError."""

    def put(self, key: Any) -> tuple[Any, bool]:
        if type(key) is not str:
            raise ValueError("only text keys")
        return key, True

    def get(self, key: Any, raw: Any) -> Any:
        if not raw or type(key) is not str:
            raise ValueError("only text keys")
        return key

    def store(self, value: Any, read: bool, key: Any = UNKNOWN) -> Any:
        if type(value) is not bytes or read:
            raise ValueError("only bytes")
        return super().store(value, read, key)

    def fetch(self, mode: Any, filename: Any, value: Any, read: bool) -> Any:
        if read or mode not in (MODE_RAW, MODE_BINARY) or (mode == MODE_RAW and type(value) is not bytes):
            raise ValueError("only bytes")
        if mode == MODE_BINARY and not (type(filename) is str and _FILE.fullmatch(Path(filename).as_posix())):
            raise ValueError("only files of the cache")
        return super().fetch(mode, filename, value, read)

    def remove(self, file_path: str) -> None:
        if _FILE.fullmatch(Path(file_path).as_posix()):
            super().remove(file_path)


@lru_cache(maxsize=1)
def code_version() -> str:
    """Hash of the package's source: another version of the code never reads this version's answers."""
    package = Path(__file__).resolve().parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def key_of(
    *, dataset: str, version: int, content: str, function: str, query: dict[str, Any], scope: str, time_zone: str
) -> str:
    """The cache key: everything an answer depends on, and for whom it was computed (``scope``)."""
    parts = [dataset, version, content, code_version(), function, query, scope, time_zone]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


class ResultCache:
    """Bytes by key in one private directory, with the last ones in memory. Safe for many threads."""

    def __init__(self, directory: Path, size: int) -> None:
        self._directory = directory
        self._size = size
        self._lock = threading.Lock()
        self._store: diskcache.Cache | None = None
        self._memory: Memo[bytes] = Memo(_MEMORY_BYTES, len)
        self._flight: SingleFlight[bytes] = SingleFlight()

    def get(self, key: str, tag: str, compute: Callable[[], bytes]) -> bytes:
        """The kept bytes, or those of ``compute`` (run once when many ask at the same time), which are then kept.

        tag: whose answer it is (the dataset id), for :meth:`forget`. Raises what ``compute`` raises; keeps nothing
        then.
        """
        found = self._memory.peek(key)
        return found if found is not None else self._flight.do(key, lambda: self._fill(key, tag, compute))

    def _fill(self, key: str, tag: str, compute: Callable[[], bytes]) -> bytes:
        value = self._read(key)
        if value is None:
            value = compute()
            self._write(key, tag, value)
        self._memory.put(key, value)
        return value

    def forget(self, tag: str) -> None:
        """Drop every entry of that tag, on disk and in memory."""
        self._memory.clear()
        try:
            self._open().evict(tag)
        except _BROKEN:
            self._reset()

    def close(self) -> None:
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None

    def _read(self, key: str) -> bytes | None:
        try:
            kept = self._open().get(key)
        except _BROKEN:
            self._reset()
            return None
        if not isinstance(kept, bytes) or kept[:_DIGEST] != _seal(key, kept[_DIGEST:]):
            return None  # absent, cut off, changed, or an answer to another question
        return kept[_DIGEST:]

    def _write(self, key: str, tag: str, value: bytes) -> None:
        try:
            self._open().set(key, _seal(key, value) + value, tag=tag)
        except _BROKEN:
            self._reset()

    def _open(self) -> diskcache.Cache:
        with self._lock:
            if self._store is None:
                self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._directory.chmod(0o700)
                self._store = diskcache.Cache(
                    str(self._directory), timeout=5, disk=BytesDisk, size_limit=self._size, tag_index=True
                )
            return self._store

    def _reset(self) -> None:
        """Start again with an empty directory; if even that fails, the next call tries again."""
        with self._lock:
            store, self._store = self._store, None
            try:
                if store is not None:
                    store.close()
            except _BROKEN:
                pass
            shutil.rmtree(self._directory, ignore_errors=True)


def _seal(key: str, value: bytes) -> bytes:
    return hashlib.sha256(key.encode() + b"\0" + value).digest()


@lru_cache(maxsize=4)
def _at(directory: Path, size: int) -> ResultCache:
    return ResultCache(directory, size)


def results() -> ResultCache:
    """The cache of this process, below the data directory."""
    current = settings.current()
    return _at(current.data_dir / "cache", current.cache_bytes)


def forget(dataset_id: str) -> None:
    """Drop every kept answer about a dataset."""
    results().forget(dataset_id)
