"""Job handlers for the worker's tests: each does one thing that real work does or suffers."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from typing import Any

from dashboard.errors import UserError
from dashboard.jobs import Progress, handler

SECRET = "canary@example.com"  # stands for a value from a file: must never reach a log or a page


def work(params: dict[str, Any], progress: Progress) -> dict[str, Any]:
    what = params.get("do", "ok")
    (progress.staging / "half").write_text("half a file")
    progress("Reading", 1, 10)
    if what == "sleep":
        for second in range(600):
            progress("Reading", second, 600)
            time.sleep(0.1)
    elif what == "children":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        (progress.staging / "pid").write_text(str(child.pid))
        time.sleep(600)
    elif what == "memory":
        return {"size": len(bytearray(64 << 30))}
    elif what == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "exit":
        os._exit(7)
    elif what == "refuse":
        raise UserError("empty_file", "The file is empty.", "Choose another.")
    elif what == "defect":
        raise ValueError(f"cannot read {SECRET}")
    elif what == "full":
        raise RuntimeError("writing failed") from OSError(errno.ENOSPC, "No space left on device")
    return {"done": True}


for kind in ("import", "sample", "inspect"):
    handler(kind)(work)
