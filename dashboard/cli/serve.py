"""``serve``: the web pages, as ``make run`` starts them."""

from __future__ import annotations

import argparse
from typing import Any

from dashboard import settings
from dashboard.cli.output import Output


def add_to(commands: Any) -> None:
    """Register the command."""
    serve = commands.add_parser(
        "serve",
        help="start the web pages",
        description="Start the web server and its worker, and print the address. Stop with Ctrl+C.",
    )
    now = settings.current()
    serve.add_argument("--host", help=f"address to listen on; default {now.host}")
    serve.add_argument("--port", type=int, help=f"port to listen on; default {now.port}")
    serve.set_defaults(run=run)


def run(args: argparse.Namespace, _output: Output) -> int:
    """Serve until stopped; the same entry as ``python app.py``."""
    from dashboard.web import serve

    chosen = [("--host", args.host), ("--port", args.port)]
    return serve.main([text for name, value in chosen if value is not None for text in (name, str(value))])
