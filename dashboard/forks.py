"""Child processes made by fork: a copy of this process, with everything it has loaded, in a few milliseconds.

A fresh interpreter spends one to two seconds on imports and on loading compiled kernels before it does anything. The
process that forks must have one Python thread and no running thread pool (Arrow's and BLAS's start at first use).
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import time
import traceback
import warnings
from collections.abc import Callable

PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15


class Fork:
    """A forked child, with the part of ``subprocess.Popen`` that its parent needs."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while the child runs."""
        if self.returncode is None:
            self._collect(os.WNOHANG)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end. Raises TimeoutError after ``timeout`` seconds."""
        ends = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if ends is None:
                self._collect(0)
            elif time.monotonic() > ends:
                raise TimeoutError(f"process {self.pid} goes on")
            else:
                time.sleep(0.02)
        assert self.returncode is not None
        return self.returncode

    def _collect(self, how: int) -> None:
        pid, status = os.waitpid(self.pid, how)
        if pid:
            self.returncode = os.waitstatus_to_exitcode(status)


def fork(work: Callable[[], int], name: str) -> Fork:
    """Do ``work`` in a child: a session of its own, default signals, nothing on stdin, ends with this process.

    name: what the process list shows (15 characters). The child never returns from here: it ends with the value of
    ``work``, or 1 after an exception.
    """
    parent = os.getpid()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # allocators keep a thread that is ready for a fork
        pid = os.fork()
    if pid:
        return Fork(pid)
    code = 1
    try:
        os.setsid()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        if die_with(parent):
            _call_me(name)
            code = work()
    except BaseException:
        traceback.print_exc()
    finally:
        logging.shutdown()
        os._exit(code)


def die_with(parent: int) -> bool:
    """Ask Linux to end this process with its parent; False when the parent is already gone."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    return os.getppid() == parent


def _call_me(name: str) -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_NAME, name.encode()[:15], 0, 0, 0)
