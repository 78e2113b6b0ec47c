"""Upload of a large file: time, and the memory of the server while it comes in (``python -m benchmarks.upload``).

Starts the product with an empty data directory, sends random bytes in slices over one connection as the page does, and
reads the web process's resident memory every 50 ms. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import random
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from tools.server import start_server

SLICE = 16 << 20


class Memory(threading.Thread):
    """Highest resident memory of a process, in bytes."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._statm = Path(f"/proc/{pid}/statm")
        self._stop_now = threading.Event()
        self.peak = self.now()

    def now(self) -> int:
        return int(self._statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def run(self) -> None:
        while not self._stop_now.wait(0.05):
            self.peak = max(self.peak, self.now())

    def stop(self) -> None:
        self._stop_now.set()


def settle(memory: Memory) -> None:
    """Wait until the memory stands still: kernels are warmed in the background after the start."""
    last = 0
    for _ in range(30):
        time.sleep(5)
        now = memory.now()
        if abs(now - last) < 1 << 20:
            return
        last = now


def call(connection: http.client.HTTPConnection, method: str, path: str, body: Any, **headers: str) -> dict[str, Any]:
    if not isinstance(body, bytes):
        body, headers = json.dumps(body).encode(), {**headers, "Content-Type": "application/json"}
    connection.request(method, path, body, {"X-Holdfast": "1", **headers})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{method} {path}: {answer.status} {text[:200]!r}")
    return dict(json.loads(text))


def measure(size: int) -> dict[str, Any]:
    """Upload ``size`` bytes once."""
    block = random.Random(1).randbytes(SLICE)
    with tempfile.TemporaryDirectory() as folder:
        server = start_server(Path(folder) / "data")
        try:
            memory = Memory(server.process.pid)
            settle(memory)
            before = memory.now()
            memory.start()
            connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=120)
            whole, digests, sending = hashlib.sha256(), [], 0.0
            upload = call(connection, "POST", "/upload", {"file_name": "x.csv", "size": size, "fingerprint": "1"})
            for number, offset in enumerate(range(0, size, SLICE)):
                piece = (number.to_bytes(8, "big") + block[8:])[: size - offset]
                digests.append(hashlib.sha256(piece).hexdigest())
                whole.update(piece)
                began = time.perf_counter()
                call(connection, "PUT", f"/upload/{upload['id']}", piece,
                     **{"Upload-Offset": str(offset), "Upload-Digest": digests[-1]})  # fmt: skip
                sending += time.perf_counter() - began
            began = time.perf_counter()
            digest = hashlib.sha256("".join(digests).encode()).hexdigest()
            done = call(connection, "POST", f"/upload/{upload['id']}/complete", {"digest": digest})
            checking = time.perf_counter() - began
            memory.stop()
            with (Path(folder) / "data" / "incoming" / upload["id"] / "blob").open("rb") as file:
                same = hashlib.file_digest(file, "sha256").hexdigest() == whole.hexdigest()
        finally:
            server.stop()
    return {
        "bytes": size,
        "complete": done["complete"],
        "same": same,
        "seconds_sending": round(sending, 1),
        "seconds_checking": round(checking, 1),
        "megabytes_per_second": round(size / 1e6 / (sending + checking), 1),
        "server_mb_before": round(before / 1e6, 1),
        "server_mb_peak": round(memory.peak / 1e6, 1),
        "server_mb_growth": round((memory.peak - before) / 1e6, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bytes", type=int, default=3_145_728_000)
    report = measure(parser.parse_args().bytes)
    print(json.dumps(report, indent=2))
    return 0 if report["complete"] and report["same"] and report["server_mb_growth"] < 50 else 1


if __name__ == "__main__":
    sys.exit(main())
