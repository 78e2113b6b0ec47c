"""JSON as CSV: an array of objects, or one object per line.

Nested objects become columns with dotted names, lists become JSON text, the header is the union of all names in order
of first appearance. Two passes, the names first: memory stays bounded by one object and the names.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import orjson

from dashboard.errors import UserError
from dashboard.ingest.limits import Limits
from dashboard.ingest.transcode_stream import TextStream
from dashboard.ingest.transcode_write import Broken, CsvWriter

_PIECE = 1 << 20
_DEPTH = 8  # deeper objects stay JSON text
_BROKEN_SHOWN = 1000
_BROKEN_MOST = 1_000_000
_LONG = re.compile(rb"\d{19}")


def lines_to_csv(open_stream: Callable[[], TextStream], writer: CsvWriter, limits: Limits) -> None:
    """One JSON object per line. Lines that are none are listed in ``writer.broken``."""
    names: dict[str, int] = {}
    with open_stream() as stream:
        for _, line in _lines(stream, limits):
            item = _object(line)
            if item is not None:
                _collect(flat(item), names, limits)
    writer.row(names)
    with open_stream() as stream:
        for number, line in _lines(stream, limits):
            item = _object(line)
            if item is None:
                if len(writer.broken) >= _BROKEN_MOST:
                    raise UserError(
                        "not_json_lines",
                        f"More than {_BROKEN_MOST:,} lines are no JSON objects.",
                        "Check the export; every line must be one JSON object.",
                    )
                writer.broken.append(Broken(number, line[:_BROKEN_SHOWN].decode(errors="replace")))
            else:
                cells = flat(item)
                writer.row([cells.get(name, "") for name in names])


def array_to_csv(stream: TextStream, writer: CsvWriter, limits: Limits) -> None:
    """A JSON array of objects (or of lists: rows as they are). Raises UserError when the JSON is damaged."""
    names: dict[str, int] = {}
    with tempfile.TemporaryFile(dir=writer.path.parent) as spool:
        objects = False
        for item in _items(stream, limits):
            if isinstance(item, dict):
                objects = True
                cells = flat(item)
                _collect(cells, names, limits)
                spool.write(orjson.dumps(cells) + b"\n")
            elif isinstance(item, list) and not objects:
                writer.row([_text(value) for value in item])
            else:
                raise _damaged("The list holds something that is no object.")
        if objects:
            writer.row(names)
            spool.seek(0)
            for line in spool:
                cells = orjson.loads(line)
                writer.row([cells.get(name, "") for name in names])


def flat(item: dict[str, Any], prefix: str = "", depth: int = 0) -> dict[str, str]:
    """Names and texts of an object; inner objects with dotted names."""
    cells: dict[str, str] = {}
    for name, value in item.items():
        if isinstance(value, dict) and value and depth < _DEPTH:
            cells |= flat(value, f"{prefix}{name}.", depth + 1)
        else:
            cells[prefix + name] = _text(value)
    return cells


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, int):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _collect(cells: dict[str, str], names: dict[str, int], limits: Limits) -> None:
    for name in cells:
        names.setdefault(name, len(names))
    if len(names) > limits.columns:
        raise UserError(
            "too_many_columns",
            f"The objects have more than {limits.columns:,} different names.",
            "Leave out what is not needed, or raise the limit in the settings.",
        )


def _object(line: bytes) -> dict[str, Any] | None:
    """The object in a line. The fast parser rounds whole numbers beyond 64 bits: such a line goes to the exact one."""
    try:
        item = json.loads(line) if _LONG.search(line) else orjson.loads(line)
    except (ValueError, RecursionError):
        try:
            item = json.loads(line)  # also understands NaN
        except (ValueError, RecursionError):
            return None
    return item if isinstance(item, dict) else None


def _lines(stream: TextStream, limits: Limits) -> Iterator[tuple[int, bytes]]:
    """(physical line number, line) of the lines that are not blank; a line beyond the limit is cut, so no JSON."""
    buffer = np.empty(_PIECE, np.uint8)
    rest, number, skipping = b"", 0, False
    while count := stream.fill(buffer):
        piece = rest + buffer[:count].tobytes()
        if number == 0:
            piece = piece.removeprefix(b"\xef\xbb\xbf")
        lines = piece.split(b"\n")
        rest = lines.pop()
        for line in lines:
            number += 1
            if skipping:
                skipping = False
            elif line.strip():
                yield number, line
        if len(rest) > 16 * limits.line_bytes:
            if not skipping:
                yield number + 1, rest[:_BROKEN_SHOWN]
            skipping, rest = True, b""
    if rest.strip() and not skipping:
        yield number + 1, rest


def _items(stream: TextStream, limits: Limits) -> Iterator[Any]:
    """The items of a JSON array, one at a time."""
    decoder = json.JSONDecoder()
    buffer = np.empty(_PIECE, np.uint8)
    text, rest, ended = "", b"", False
    at = -1  # -1: before the opening bracket
    expect_item = True

    def more() -> bool:
        nonlocal text, rest, ended, at
        count = stream.fill(buffer)
        if not count:
            ended = True
            return False
        data = rest + buffer[:count].tobytes()
        cut = len(data)
        while cut and cut > len(data) - 3 and data[cut - 1] >= 0x80:
            cut -= 1
        if cut and data[cut - 1] >= 0x80:
            cut = len(data)
        piece = data[:cut].decode(errors="ignore") if cut == len(data) else data[:cut].decode()
        rest = data[cut:]
        keep = max(at, 0)
        text, at = text[keep:] + piece, at - keep
        return True

    while True:
        while at >= 0 and at < len(text) and text[at] in " \t\r\n":
            at += 1
        if at >= len(text) or at < 0:
            if at < 0 and text.lstrip("\ufeff \t\r\n"):
                at = len(text) - len(text.lstrip("\ufeff \t\r\n"))
                if text[at] != "[":
                    raise _damaged("It does not begin with a list.")
                at += 1
                continue
            if not more():
                raise _damaged("It ends in the middle.")
            continue
        if text[at] == "]":
            return
        if text[at] == ",":
            at += 1
            expect_item = True
            continue
        if not expect_item:
            raise _damaged("A comma is missing between two items.")
        try:
            item, end = decoder.raw_decode(text, at)
            complete = end < len(text) or ended or isinstance(item, dict | list)
        except RecursionError:
            raise _damaged("It is nested too deeply.") from None
        except ValueError:
            complete = False
        if not complete:
            if len(text) - at > 16 * limits.line_bytes or not more():
                raise _damaged("An item is no valid JSON.")
            continue
        yield item
        at = end
        expect_item = False


def _damaged(what: str) -> UserError:
    return UserError("damaged_json", f"The JSON is damaged. {what}", "Export it again and upload it.")
