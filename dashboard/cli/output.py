"""What a command writes: lines for people or one JSON document for machines, progress on a terminal only."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tqdm import tqdm

from dashboard.errors import UserError

ProgressCall = Callable[[str, int, int | None], None]


@dataclass
class Output:
    """as_json: stdout carries exactly one JSON document and nothing else; notes and progress go to stderr always."""

    as_json: bool = False

    def show(self, data: Any, lines: Sequence[str]) -> None:
        """The command's answer: ``data`` as JSON or ``lines`` as text."""
        if self.as_json:
            sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2, default=str) + "\n")
        else:
            sys.stdout.write("".join(line + "\n" for line in lines))

    def write(self, text: str) -> None:
        """Text on stdout as it is."""
        sys.stdout.write(text)

    def note(self, text: str) -> None:
        """A line for whoever watches."""
        sys.stderr.write(text + "\n")

    def refused(self, error: UserError) -> None:
        """One line on stderr; with ``--json`` also ``{"error": …}`` on stdout."""
        if self.as_json:
            sys.stdout.write(json.dumps({"error": error.to_json()}, ensure_ascii=False, indent=2) + "\n")
        self.note(" ".join(f"error: {error.message} {error.hint}".split()))

    @contextmanager
    def progress(self, unit: str = " rows") -> Iterator[ProgressCall]:
        """A progress bar on a terminal, silence elsewhere. Call it with phase, done and total (None = unknown)."""
        bar = tqdm(unit=unit, unit_scale=True, file=sys.stderr, disable=not sys.stderr.isatty(), leave=False)
        phase = ""

        def report(now: str, done: int = 0, total: int | None = None) -> None:
            nonlocal phase
            if now != phase:
                phase = now
                bar.reset(total=total)
                bar.set_description(now)
            bar.total = total
            bar.update(max(0, done - int(bar.n)))

        try:
            yield report
        finally:
            bar.close()


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Lines of a text table: columns padded, numbers right-aligned."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max([len(head), *(len(row[i]) for row in cells)]) for i, head in enumerate(heads)]
    right = [bool(rows) and all(isinstance(row[i], int | float) for row in rows) for i in range(len(heads))]

    def line(values: Sequence[str]) -> str:
        padded = (v.rjust(w) if r else v.ljust(w) for v, w, r in zip(values, widths, right, strict=True))
        return "  ".join(padded).rstrip()

    return [line(heads), *(line(row) for row in cells)]


def _cell(value: object) -> str:
    if value is None or value != value:
        return "-"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return str(value)


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A binary file that appears whole under its name or not at all; ``-`` is stdout.

    Raises UserError when the place cannot be written to.
    """
    if str(path) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        stream = partial.open("xb")
    except OSError as error:
        raise cannot_write(path, error) from None
    try:
        with stream:
            yield stream
        partial.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from None
    finally:
        partial.unlink(missing_ok=True)


def cannot_write(path: Path, error: OSError) -> UserError:
    """The refusal for a place that cannot be written to."""
    return UserError("cannot_write", f"{path} cannot be written: {error.strerror}.", "Choose another place.")


def existing_file(text: str) -> Path:
    """A file that was named on the command line. Raises UserError when it is not there or cannot be read."""
    path = Path(text).expanduser()
    if not path.exists():
        raise UserError("no_such_file", f"There is no file {text}.", "Check the path.")
    if not path.is_file():
        raise UserError("not_a_file", f"{text} is not a file.", "Name a file with a table in it.")
    if not os.access(path, os.R_OK):
        raise UserError("not_readable", f"{text} may not be read.", "Change its permissions.")
    return path
