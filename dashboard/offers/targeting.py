"""Discount targets in words: the rule, a file name that says what it holds, and one reason per person."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.customers.rules import LEVELS, RuleSet
from dashboard.customers.segments import Classified
from dashboard.escape import safe_cell

ROWS_PER_CHUNK = 5_000
MAX_NAME = 160  # characters of a file name before the extension; every file system takes that


def rule_in_words(rules: RuleSet) -> str:
    """The target rule as a sentence: "Dormant, and Risky with Medium engagement."."""
    groups = []
    for name, levels in rules.target_groups():
        every = levels == rules.levels_of(name)
        groups.append(name if every else f"{name} with {' or '.join(levels)} engagement")
    return f"{', and '.join(groups)}." if groups else "Nobody: no segment is chosen."


def rule_slug(rules: RuleSet) -> str:
    """The target rule for a file name: ``dormant+risky-medium``."""
    groups = []
    for name, levels in rules.target_groups():
        every = levels == rules.levels_of(name)
        groups.append(name.lower() if every else "-".join((name, *levels)).lower())
    return "+".join(groups) or "nobody"


def slug(text: str) -> str:
    """Lower-case ASCII letters and digits with hyphens; "" when nothing is left ("Österreich" -> "osterreich")."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def file_name(what: str, where: Iterable[tuple[str, Sequence[str]]], people: int, as_of: str) -> str:
    """A name from which a person knows what is inside:
    ``discount-targets_dormant+risky-medium_uk-premium_8325-users_as-of-2025-03-08.csv``.

    what: server-made description. where: the filters; values are cut down to ASCII letters and digits, and to their
    number when there are many or no such characters. as_of: ISO day.
    """
    filters = []
    for dimension, values in where:
        names = [slug(value) if value else f"no-{slug(dimension)}" for value in values]
        filters.append("+".join(names) if len(names) <= 3 and all(names) else f"{len(names)}-{slug(dimension)}-values")
    tail = f"_{people}-users_as-of-{as_of}"
    head = "_".join(part for part in (what, "-".join(filters)) if part)
    return head[: MAX_NAME - len(tail)].rstrip("-_+") + tail + ".csv"


def reasons(
    found: Classified,
    positions: npt.NDArray[np.int64],
    engagement: npt.NDArray[np.float64],
    recency: npt.NDArray[np.float64],
    rules: RuleSet,
    measure_label: str,
) -> list[str]:
    """One sentence per person: why they are in their class and whether they get a discount.

    positions: the persons; engagement and recency: of everybody.
    """
    sentences = []
    for i in positions.tolist():
        level, band = int(found.level[i]), int(found.band[i])
        value, days = engagement[i], recency[i]
        used = "no figure, counts as Low" if np.isnan(value) else f"{value:.10g}"
        if np.isnan(days):
            activity = "no activity on record"
        else:
            limit = (rules.recent_days, rules.dormant_days, rules.dormant_days)[band]
            side = "within" if band < 2 else "more than"
            activity = f"last active {days:.0f} days ago ({side} {limit} days)"
        name = rules.class_of(LEVELS[level], band)
        offer = "gets a discount" if found.target[i] else "no discount"
        sentences.append(f"{LEVELS[level]} engagement ({measure_label.lower()} {used}), {activity}: {name}, {offer}.")
    return sentences


def csv_chunks(header: Sequence[str], frames: Iterable[pd.DataFrame]) -> Iterator[bytes]:
    """UTF-8 CSV, every cell quoted, in pieces. Text that a spreadsheet would run as a formula gets an apostrophe;
    numbers do not, so a negative number stays one. Missing values are empty cells."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([safe_cell(name) for name in header])
    for frame in frames:
        columns = [_cells(frame[name]) for name in frame.columns]
        writer.writerows(zip(*columns, strict=True))
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    if buffer.tell():
        yield buffer.getvalue().encode()


def _cells(column: pd.Series) -> list[str]:
    if pd.api.types.is_numeric_dtype(column.dtype):
        return ["" if value != value else _number(value) for value in column.tolist()]
    return ["" if missing else safe_cell(str(value)) for value, missing in zip(column, column.isna(), strict=True)]


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
