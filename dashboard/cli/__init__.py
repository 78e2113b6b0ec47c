"""The command line for unattended use: cron, pipelines, and people who like a terminal.

Exit codes: 0 done, 1 refused (one line on stderr says why and what to do), 2 wrong usage, 130 interrupted. Nothing here
needs the web server: every command works in this process on the same data directory.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from dashboard import __version__, settings
from dashboard.cli.output import Output
from dashboard.errors import UserError

REFUSED, INTERRUPTED = 1, 130


def parser() -> argparse.ArgumentParser:
    """The whole command line; each command's module adds its own part."""
    from dashboard.cli import conform, datasets, files, numbers, people, serve

    top = argparse.ArgumentParser(
        prog="python -m dashboard",
        description="Holdfast: product and customer analytics on your own machine.",
        epilog="Exit codes: 0 done, 1 refused, 2 wrong usage. All data lie in DASHBOARD_DATA_DIR (default: data/).",
    )
    top.add_argument("--version", action="version", version=f"holdfast {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in (serve, files, datasets, numbers, people, conform):
        module.add_to(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Never raises, never shows a traceback."""
    os.umask(0o077)  # everything that is written is this person's alone
    try:
        settings.current()
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return REFUSED
    args = parser().parse_args(argv)
    output = Output(as_json=getattr(args, "json", False))
    from dashboard import logs

    logs.set_up("cli", stderr=False)
    try:
        code: int = args.run(args, output)
        sys.stdout.flush()
        return code
    except UserError as error:
        output.refused(error)
        return REFUSED
    except KeyboardInterrupt:
        output.note("Interrupted. Nothing was changed.")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader went away, as `| head` does
        return 0
    except Exception as error:
        reference = logs.defect("command failed", error, kind=str(args.command))
        output.refused(
            UserError(
                "defect",
                "Something went wrong. Nothing was changed.",
                f"Reference {reference} in {settings.current().data_dir / 'logs' / 'cli.log'}.",
            )
        )
        return REFUSED
