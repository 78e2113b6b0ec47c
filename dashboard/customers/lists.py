"""The list of people as rows: columns, values as JSON, values as CSV cells.

One definition of the columns serves the grid on the page and the download, so both show the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.customers.rules import CLASSES, LEVELS, Measure
from dashboard.customers.segments import Classified
from dashboard.customers.table import MEASURE_LABEL, People

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Column:
    """name: key of a row and in filters. type: "text" | "number" | "date" (ISO day). unit: as in Result, "" for text.
    sortable: also filterable; a sentence made per row is neither."""

    name: str
    label: str
    type: str
    unit: str = ""
    sortable: bool = True


def columns(people: People, measure: Measure) -> tuple[Column, ...]:
    """The columns of a list, leaving out those that this dataset cannot fill."""
    frame = people.frame
    texts = [
        Column(name, label, "text")
        for name, label in (("country", "Country"), ("plan", "Plan"), ("platform", "Platform"))
        if len(frame[name].cat.categories)
    ]
    others = [name for name in people.measures if name != measure]
    numbers = [Column(name, MEASURE_LABEL[name], "number", unit(name)) for name in others]
    if "revenue" in people.measures:
        numbers.append(Column("orders", "Orders", "number", "count"))
    return (
        Column("user_id", "User id", "text"),
        *texts,
        Column("segment", "Segment", "text"),
        Column("level", "Engagement level", "text"),
        Column("engagement", f"Engagement ({MEASURE_LABEL[measure].lower()})", "number", unit(measure)),
        Column("recency_days", "Days since last active", "number", "days"),
        Column("last_day", "Last active", "date"),
        *numbers,
        *((Column("first_day", "First seen", "date"),) if frame["first_day"].notna().any() else ()),
        Column("reason", "Reason", "text", sortable=False),
    )


def unit(name: str) -> str:
    """The unit of a measure of engagement."""
    return {"revenue": "money", "active_days": "days"}.get(name, "number")


def list_frame(people: People, found: Classified, measure: Measure) -> pd.DataFrame:
    """The people table with segment and level (categories) and engagement beside it, one row per person."""
    frame = people.frame.drop(columns="row")
    frame["segment"] = pd.Categorical.from_codes(found.segment, categories=pd.Index(CLASSES, dtype="str"))
    frame["level"] = pd.Categorical.from_codes(found.level, categories=pd.Index(LEVELS, dtype="str"))
    frame["engagement"] = frame[measure]
    return frame


def day_text(days: pd.Series) -> pd.Series:
    """Day numbers as ISO days, NaN as missing; dtype str."""
    stamps = days.to_numpy(dtype=np.float64)
    text = pd.Series(pd.NA, index=days.index, dtype="str")
    known = ~np.isnan(stamps)
    text[known] = np.datetime_as_string(stamps[known].astype("datetime64[D]"))
    return text


def rows(frame: pd.DataFrame, asked: tuple[Column, ...], sentences: list[str]) -> pd.DataFrame:
    """The rows of one page or one piece of a file, in the order of ``asked``; dates as ISO text."""
    made: dict[str, Any] = {}
    for column in asked:
        if column.name == "reason":
            made[column.name] = pd.Series(sentences, index=frame.index, dtype="str")
        elif column.type == "date":
            made[column.name] = day_text(frame[column.name])
        elif column.type == "text":
            made[column.name] = frame[column.name].astype("str")
        else:
            made[column.name] = frame[column.name]
    return pd.DataFrame(made)


def json_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dictionaries of text, numbers and None; whole numbers as int."""
    values = {name: [_plain(value) for value in frame[name].tolist()] for name in frame.columns}
    return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if value is None or value is pd.NA or value != value:
        return None
    return int(value) if float(value).is_integer() and abs(value) < 2**53 else float(value)
