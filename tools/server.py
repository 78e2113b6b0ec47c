"""A running product for tests and benchmarks, started as a person would."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 90


@dataclass
class Server:
    """url without a slash at the end; data: its data directory."""

    url: str
    data: Path
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(15)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_server(
    data: Path, port: int | None = None, *, program: tuple[str, ...] = ("app.py",), **environment: str
) -> Server:
    """Start the product and wait until it answers. Its output goes to ``server.txt`` in ``data``'s parent.

    program: what Python runs, before the options. Raises RuntimeError with the end of the output when it does not
    start.
    """
    port = port or free_port()
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = data.parent / "server.txt"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *program, "--port", str(port), "--data-dir", str(data)],
            cwd=ROOT,
            stdout=output,
            stderr=output,
            env={**os.environ, **environment},
        )
    server = Server(f"http://127.0.0.1:{port}", data, process)
    ends = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(server.url + "/healthz", timeout=2) as answer:
                if answer.status == 200:
                    return server
        except OSError:
            pass
        if process.poll() is not None or time.monotonic() > ends:
            server.stop()
            raise RuntimeError("the server did not start:\n" + log.read_text()[-3000:])
        time.sleep(0.1)
