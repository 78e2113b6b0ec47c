"""Keeps one worker process alive next to the web process; restarts it with growing pauses when it dies."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from typing import Final

from dashboard import logs, settings, worker

FIRST_PAUSE: Final = 0.5
MAX_PAUSE: Final = 30.0
STEADY_SECONDS: Final = 60.0  # a worker that lived this long starts again with the first pause
STOP_SECONDS: Final = 5.0


class Supervisor:
    """Starts the worker in its own session, without our sockets, and ends it with us.

    The thread that starts the process stays alive as long as we do: Linux ends the worker when that thread ends.
    """

    def __init__(self, tasks: str = "dashboard.tasks") -> None:
        self._tasks = tasks
        self._process: subprocess.Popen[bytes] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="worker-supervisor", daemon=True)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the worker; it fails its running jobs with the reason."""
        self._stop.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._stop.is_set():
            began = time.monotonic()
            self._process = subprocess.Popen(
                worker.command(self._tasks),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                close_fds=True,
                cwd=settings.ROOT,
            )
            code = self._process.wait()
            if self._stop.is_set():
                return
            pause = FIRST_PAUSE if time.monotonic() - began > STEADY_SECONDS else min(MAX_PAUSE, pause * 2)
            logs.event("worker ended", code=str(code), seconds=round(pause, 1))
            self._stop.wait(pause)
