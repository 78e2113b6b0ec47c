"""The entry point: check, start the worker, listen."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
from types import FrameType
from typing import Any

from dashboard.web import startup


def main(arguments: list[str] | None = None) -> int:
    """Run until interrupted. Returns 0 after a normal end, 2 when starting was refused."""
    parser = argparse.ArgumentParser(prog="python app.py", description="Start Holdfast and print its address.")
    parser.add_argument("--port", type=int, help="port to listen on (DASHBOARD_PORT, 8050)")
    parser.add_argument("--host", help="address to listen on (DASHBOARD_HOST, 127.0.0.1)")
    parser.add_argument("--data-dir", help="private directory of all data (DASHBOARD_DATA_DIR, data)")
    chosen = parser.parse_args(arguments)
    for variable, value in (
        ("DASHBOARD_PORT", chosen.port),
        ("DASHBOARD_HOST", chosen.host),
        ("DASHBOARD_DATA_DIR", chosen.data_dir),
    ):
        if value is not None:
            os.environ[variable] = str(value)  # the worker and its children read the same settings
    os.umask(0o077)
    try:
        _check()
    except (startup.Refused, ValueError) as refused:
        print(f"Holdfast does not start. {refused}", file=sys.stderr)  # noqa: T201 - the one line for a person
        return 2
    return _serve()


def application(environ: dict[str, Any], start_response: Any) -> Any:
    """WSGI entry for other servers: the same checks, no worker."""
    _check()
    from dashboard.web.app import create_app

    return create_app().server(environ, start_response)


def _warm() -> None:
    """Have everything compiled in processes of their own, which leaves this one free to answer; then load it.

    What the first import needs and what the first page needs are compiled at the same time where there are two cores.
    At a later start there is nothing left to compile.
    """
    from dashboard import jit, service, settings, worker

    started = []
    for part in worker.WARM_PARTS:
        if jit.is_complete(part):
            continue
        process = subprocess.Popen(
            [*worker.command(), "--warm", part],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            cwd=settings.ROOT,
        )
        if (os.cpu_count() or 1) < len(worker.WARM_PARTS):
            process.wait()
        started.append(process)
    for process in started:
        process.wait()
    service.warm()


def _check() -> None:
    from dashboard import settings

    startup.check(settings.current())


def _serve() -> int:
    import waitress

    from dashboard import logs, settings
    from dashboard.web.app import create_app
    from dashboard.web.supervisor import Supervisor

    now = settings.current()
    logs.set_up("web")
    listening = waitress.server.create_server(
        create_app().server,
        host=now.host,
        port=now.port,
        threads=now.web_threads,
        ident=None,
        connection_limit=500,
        channel_timeout=60,
        max_request_header_size=64 << 10,
        clear_untrusted_proxy_headers=True,
    )
    supervisor = Supervisor()
    supervisor.start()
    threading.Thread(target=_warm, name="warm", daemon=True).start()

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    host = f"[{now.host}]" if ":" in now.host else now.host
    print(f"Holdfast is at http://{host}:{now.port}", flush=True)  # noqa: T201 - the address for a person
    try:
        listening.run()
    except KeyboardInterrupt:
        pass
    finally:
        supervisor.stop()
        listening.close()
    return 0
