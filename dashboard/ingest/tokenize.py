"""The compiled tokenizer: a stretch of bytes becomes spans, one per cell, without copying a byte.

It gives exactly the records of :mod:`dashboard.ingest.records`, the definition in plain Python (property-tested); read
that one to understand what a record is, this one to understand how it gets fast: separators are searched eight bytes
at a time, cells are trimmed in place, and rejected records leave no trace in the spans.

A span is one int64: ``start << 32 | length << 2 | trimmed << 1 | escaped``; start counts from the buffer's beginning.
``escaped`` says that the cell still holds doubled or escaped quotes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dashboard.ingest.limits import Limits
from dashboard.ingest.plan import SPACES, Dialect
from dashboard.ingest.tokenize_words import first_byte, load64, repeat, zero_bytes
from dashboard.jit import kernel

LF, CR, SPACE, TAB = 10, 13, 32, 9

# positions in the state array
POS, LINE, NUMBER, HEADER, SKIP_LINES, BLANK, COMMENT, PADDED, SURPLUS, ROWS, REJECTS, HUNGRY = range(12)
STATE_SIZE = 12
# positions in the configuration array
(_DELIMITER, _DELIMITER2, _RUNS, _QUOTE, _ESCAPE, _FIELD_BYTES, _LINE_BYTES, _PAD) = range(8)

RULE_QUOTE, RULE_TOO_LONG, RULE_TOO_MANY, RULE_TOO_FEW = 1, 2, 3, 4
RULE_CODES = ("", "quote", "too_long", "too_many_fields", "too_few_fields")

ESCAPED, TRIMMED = 1, 2


def configuration(dialect: Dialect, limits: Limits) -> np.ndarray:
    """The dialect and the limits as the kernel takes them."""
    runs = dialect.delimiter == SPACES
    escape = "" if dialect.escape == dialect.quote else dialect.escape
    return np.array(
        [
            SPACE if runs else ord(dialect.delimiter),
            TAB if runs else ord(dialect.delimiter),
            runs,
            ord(dialect.quote) if dialect.quote else -1,
            ord(escape) if escape else -1,
            limits.field_bytes,
            limits.line_bytes,
            dialect.short_rows == "pad",
        ],
        dtype=np.int64,
    )


@kernel
def survey(data: Any, size: int, quote: int) -> tuple[int, int, bool]:
    """Of the first ``size`` bytes: where the line after the last LF begins, how many LF and CR there are, and whether
    there is a quote."""
    ends, quoted = 0, np.uint8(0)
    for at in range(size):
        ends += (data[at] == 10) | (data[at] == 13)
        quoted |= np.uint8(data[at] == quote)
    last = size
    while last > 0 and data[last - 1] != 10:
        last -= 1
    return last, ends, quoted != 0


@kernel
def line_end(data: Any, at: int, size: int) -> int:
    """Position of the first LF or CR from ``at`` on; ``size`` when there is none. ``data[size]`` must be LF."""
    lf, cr = repeat(10), repeat(13)
    while True:
        word = load64(data, at)
        marks = zero_bytes(word ^ lf) | zero_bytes(word ^ cr)
        if marks:
            return min(at + first_byte(marks), size)
        at += 8


@kernel
def field_end(data: Any, at: int, size: int, delimiter: Any, delimiter2: Any) -> int:
    """Position of the first delimiter, LF or CR from ``at`` on; ``size`` when there is none."""
    lf, cr = repeat(10), repeat(13)
    while True:
        word = load64(data, at)
        marks = zero_bytes(word ^ delimiter) | zero_bytes(word ^ lf) | zero_bytes(word ^ cr)
        marks |= zero_bytes(word ^ delimiter2)
        if marks:
            return min(at + first_byte(marks), size)
        at += 8


@kernel
def white(byte: int) -> bool:
    return byte == 32 or (9 <= byte <= 13)


@kernel
def trimmed(data: Any, start: int, end: int) -> tuple[int, int]:
    """The stretch without ASCII white space and no-break spaces at both ends."""
    while start < end:
        first = data[start]
        if white(first):
            start += 1
        elif first == 0xC2 and end - start >= 2 and data[start + 1] == 0xA0:
            start += 2
        else:
            break
    while start < end:
        last = data[end - 1]
        if white(last):
            end -= 1
        elif last == 0xA0 and end - start >= 2 and data[end - 2] == 0xC2:
            end -= 2
        else:
            break
    return start, end


@kernel
def quoted_end(data: Any, content: int, size: int, final: bool, conf: Any) -> tuple[int, int, int]:
    """Closing quote of the field whose content begins at ``content``, the line ends inside, and whether it holds
    escapes. Position -1: not closed within the limit; -2: the buffer ends first and more may follow."""
    quote, escape = conf[3], conf[4]
    last = content + conf[5]
    at, lines, escaped = content, 0, 0
    while True:
        if at > last or at >= size:
            return (-2 if (at <= last and not final) else -1), lines, escaped
        byte = data[at]
        if byte == quote:
            if at + 1 >= size and not final:
                return -2, lines, escaped
            if at + 1 < size and data[at + 1] == quote:
                escaped = 1
                at += 2
            else:
                return at, lines, escaped
        elif byte == escape:
            if at + 1 >= size and not final:
                return -2, lines, escaped
            if at + 1 < size and (data[at + 1] == quote or data[at + 1] == escape):
                escaped = 1
                at += 2
            else:
                at += 1
        else:
            if byte == 10 or (byte == 13 and not (at + 1 < size and data[at + 1] == 10)):
                lines += 1
            at += 1


@kernel
def tokenize(
    data: Any,
    size: int,
    final: bool,
    force: bool,
    conf: Any,
    comment: Any,
    state: Any,
    spans: Any,
    lines: Any,
    numbers: Any,
    rejects: Any,
) -> None:
    """Tokenize whole records of ``data[state[POS]:size]`` until it or the room for results ends.

    data: uint8 with LF at ``size`` and padding after. final: nothing follows ``size``. force: the buffer cannot grow;
    reject a record that does not end in it. spans: (width, room) int64. lines, numbers: (room,) physical line and
    record number of accepted records. rejects: (room, 5) int64 line, number, start, end, rule. state is advanced;
    ``state[HUNGRY]`` is 1 when the record at POS needs more bytes.
    """
    width, room = spans.shape
    delimiter, delimiter2, runs = conf[0], conf[1], conf[2] != 0
    quote, field_bytes, line_bytes, pad = conf[3], conf[5], conf[6], conf[7] != 0
    delimiter_word, delimiter2_word = repeat(delimiter), repeat(delimiter2)
    pos, line, number = state[0], state[1], state[2]
    row, rejected = 0, 0
    hungry = False
    while pos < size and row < room and rejected < room:
        if state[4] > 0:  # the preamble, or the rest of a rejected line that did not fit into the buffer
            end = line_end(data, pos, size)
            if end >= size:
                pos = size
                continue
            if data[end] == 13 and end + 1 >= size and not final:
                pos = end
                hungry = True
                break
            pos = end + (2 if data[end] == 13 and end + 1 < size and data[end + 1] == 10 else 1)
            line += 1
            state[4] -= 1
            continue
        start = pos
        rule, end, inner, fields, surplus = 0, 0, 0, 0, False
        skip = 0  # 1: comment, 2: blank
        hungry = False
        if comment.size > 0:
            if start + comment.size > size and not final:
                hungry = True
            elif start + comment.size <= size:
                skip = 1
                for k in range(comment.size):
                    if data[start + k] != comment[k]:
                        skip = 0
                        break
        if skip == 0 and not hungry:
            at = start
            while True:
                byte = data[at]
                if byte == 10 or byte == 13:
                    break
                if not (white(byte) or byte in (delimiter, delimiter2)):
                    break
                at += 1
            if at >= size:
                at = size
                hungry = not final
                skip = 2
            elif data[at] == 10 or data[at] == 13:
                skip = 2
        if skip == 0 and not hungry:
            at = start
            if runs:
                while data[at] == 32 or data[at] == 9:
                    at += 1
            while True:
                begin = at
                if quote >= 0:
                    while (data[begin] == 32 or data[begin] == 9) and data[begin] != delimiter and not runs:
                        begin += 1
                    if begin >= size and not final:
                        hungry = True
                        break
                escaped = 0
                if quote >= 0 and begin < size and data[begin] == quote:
                    close, inside, escaped = quoted_end(data, begin + 1, size, final, conf)
                    if close == -2:
                        hungry = True
                        break
                    if close == -1:
                        rule = 1
                        break
                    end = close + 1
                    if not runs:
                        while (data[end] == 32 or data[end] == 9) and data[end] != delimiter:
                            end += 1
                    if end >= size:
                        end = size
                        if not final:
                            hungry = True
                            break
                    else:
                        byte = data[end]
                        if not (byte == 10 or byte == 13 or byte in (delimiter, delimiter2)):
                            rule = 1
                            break
                    inner += inside
                    left, right = begin + 1, close
                else:
                    end = field_end(data, at, size, delimiter_word, delimiter2_word)
                    if end - at > field_bytes:
                        rule = 2
                        break
                    if end >= size and not final:
                        hungry = True
                        break
                    left, right = at, end
                if fields < width or not surplus:
                    flags = escaped
                    if left < right and (
                        data[left] <= 32 or data[right - 1] <= 32 or data[left] == 0xC2 or data[right - 1] == 0xA0
                    ):
                        cut_left, cut_right = trimmed(data, left, right)
                        if cut_left != left or cut_right != right:
                            flags |= 2
                        left, right = cut_left, cut_right
                    if fields < width:
                        spans[fields, row] = (left << 32) | ((right - left) << 2) | flags
                    elif right > left:
                        surplus = True
                fields += 1
                if end - start > line_bytes:
                    rule = 2
                    break
                if runs:
                    while data[end] == 32 or data[end] == 9:
                        end += 1
                    if end >= size and not final:
                        hungry = True
                        break
                if end >= size or data[end] == 10 or data[end] == 13:
                    break
                at = end if runs else end + 1
        if not hungry:
            if skip != 0 or rule != 0:
                inner = 0
                end = line_end(data, start, size)
            # where the next line begins
            if end >= size:
                after = size
                hungry = not final
            elif data[end] == 13:
                after = end + 1
                if after >= size:
                    hungry = not final
                elif data[after] == 10:
                    after += 1
            else:
                after = end + 1
        if hungry:
            if not force:
                break
            hungry = False
            rule = 2 if rule == 0 else rule
            end, after, inner, skip = size, size, -1, 0
            state[4] = 1
        if skip == 1:
            state[6] += 1
        elif skip == 2:
            state[5] += 1
        elif state[3] > 0:
            state[3] -= 1
        else:
            number += 1
            if rule == 0:
                if fields > width:
                    if surplus:
                        rule = 3
                    else:
                        state[8] += 1
                elif fields < width:
                    if pad:
                        state[7] += 1
                        for column in range(fields, width):
                            spans[column, row] = start << 32
                    else:
                        rule = 4
            if rule != 0:
                rejects[rejected, 0] = line
                rejects[rejected, 1] = number
                rejects[rejected, 2] = start
                rejects[rejected, 3] = end
                rejects[rejected, 4] = rule
                rejected += 1
            else:
                lines[row] = line
                numbers[row] = number
                row += 1
        line += inner + 1
        pos = after
    state[0], state[1], state[2] = pos, line, number
    state[9], state[10], state[11] = row, rejected, 1 if hungry else 0
