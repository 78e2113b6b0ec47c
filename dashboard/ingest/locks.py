"""Locks between processes that die with their holder: nothing to clean up after a kill."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from dashboard.store import files


class Lock:
    """``with Lock(file):`` waits for the lock; ``with Lock(file, wait=False) as free:`` tells whether it was free.

    The file is created when needed and may be removed by its holder: a lock on a removed file is taken again.
    """

    def __init__(self, path: Path, *, wait: bool = True) -> None:
        self._path = path
        self._wait = wait
        self._descriptor: int | None = None

    def __enter__(self) -> bool:
        files.make_directory(self._path.parent)
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX if self._wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return False
            if self._is_current(descriptor):
                self._descriptor = descriptor
                return True
            os.close(descriptor)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except FileNotFoundError:
            return False
