"""Sorting and filtering of a people list as the data grid on a page asks for it.

The request comes from a browser and may say anything. It is translated here, in one place, into masks and orders over a
frame; names and operators outside the lists below are refused, and no text is ever interpreted as code.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.errors import UserError

Mask = npt.NDArray[np.bool_]
MAX_CONDITIONS = 10
MAX_SORTS = 5

_NUMBER: dict[str, Callable[[Any, float], Any]] = {
    "equals": lambda column, value: column == value,
    "notEqual": lambda column, value: column != value,
    "lessThan": lambda column, value: column < value,
    "lessThanOrEqual": lambda column, value: column <= value,
    "greaterThan": lambda column, value: column > value,
    "greaterThanOrEqual": lambda column, value: column >= value,
}
_TEXT: dict[str, Callable[[Any, str], Any]] = {
    "contains": lambda column, value: column.str.contains(value, regex=False, na=False),
    "notContains": lambda column, value: ~column.str.contains(value, regex=False, na=False),
    "equals": lambda column, value: (column == value).fillna(False),
    "notEqual": lambda column, value: ~(column == value).fillna(False),
    "startsWith": lambda column, value: column.str.startswith(value, na=False),
    "endsWith": lambda column, value: column.str.endswith(value, na=False),
}


def choose(
    frame: pd.DataFrame,
    types: Mapping[str, str],
    sort_model: Sequence[Mapping[str, Any]] | None,
    filter_model: Mapping[str, Any] | None,
) -> npt.NDArray[np.int64]:
    """The positions of the rows that remain, in the order asked for.

    types: column -> "text" | "number" | "date" (day numbers, asked for as ISO days); only these may be named.
    sort_model: [{"colId", "sort": "asc" | "desc"}, …], missing values last. filter_model: column -> one condition
    {"type", "filter", "filterTo" | "dateFrom", "dateTo"} or {"operator": "AND" | "OR", "conditions": […]}. Text is
    compared without regard to case; ranges include both ends. Raises UserError ("bad_filter") for anything else.
    """
    keep = np.ones(len(frame), dtype=bool)
    for name, condition in _mapping(filter_model or {}).items():
        if name not in types:
            _refuse()
        keep &= _column_mask(frame[name], types[name], condition)
    positions = np.flatnonzero(keep)
    sorts = list(sort_model or [])
    if len(sorts) > MAX_SORTS:
        _refuse()
    for item in reversed(sorts):  # stable sorts from the least important column to the most important one
        column, direction = str(_mapping(item).get("colId")), item.get("sort")
        if column not in types or direction not in ("asc", "desc"):
            _refuse()
        positions = positions[_order(frame[column].iloc[positions], types[column], direction == "desc")]
    return positions


def _order(column: pd.Series, kind: str, descending: bool) -> npt.NDArray[np.int64]:
    if kind == "text":
        codes = column.cat.codes if isinstance(column.dtype, pd.CategoricalDtype) else column.rank(method="dense")
        rank = codes.to_numpy(dtype=np.float64)
        if isinstance(column.dtype, pd.CategoricalDtype):
            rank[rank < 0] = np.nan
    else:
        rank = column.to_numpy(dtype=np.float64)
    return np.argsort(-rank if descending else rank, kind="stable")


def _column_mask(column: pd.Series, kind: str, model: Any) -> Mask:
    model = _mapping(model)
    if "operator" not in model:
        return _condition(column, kind, model)
    conditions = model.get("conditions")
    if not isinstance(conditions, list) or not 1 <= len(conditions) <= MAX_CONDITIONS:
        _refuse()
    masks = [_condition(column, kind, _mapping(item)) for item in conditions]
    if model["operator"] == "AND":
        return np.asarray(np.logical_and.reduce(masks), dtype=bool)
    if model["operator"] == "OR":
        return np.asarray(np.logical_or.reduce(masks), dtype=bool)
    _refuse()


def _condition(column: pd.Series, kind: str, model: Mapping[str, Any]) -> Mask:
    asked = model.get("type")
    if asked == "blank":
        return column.isna().to_numpy(dtype=bool)
    if asked == "notBlank":
        return column.notna().to_numpy(dtype=bool)
    if kind == "text":
        return _text(column, asked, model.get("filter"))
    read = _day if kind == "date" else _number
    first, last = ("dateFrom", "dateTo") if kind == "date" else ("filter", "filterTo")
    values = column.to_numpy(dtype=np.float64)
    if asked == "inRange":
        return (values >= read(model.get(first))) & (values <= read(model.get(last)))
    if not isinstance(asked, str) or asked not in _NUMBER:
        _refuse()
    # "not equal" asks for another number, not for a missing one
    return cast(Mask, _NUMBER[asked](values, read(model.get(first))) & ~np.isnan(values))


def _text(column: pd.Series, asked: Any, value: Any) -> Mask:
    if not isinstance(asked, str) or asked not in _TEXT or not isinstance(value, str):
        _refuse()
    if isinstance(column.dtype, pd.CategoricalDtype):  # ask each value once, not each row
        texts = pd.Series(column.cat.categories, dtype="str").str.casefold()
        hits = np.append(np.asarray(_TEXT[asked](texts, value.casefold()), dtype=bool), asked.startswith("not"))
        return cast(Mask, hits[column.cat.codes.to_numpy()])  # code -1 (missing) reads the last entry
    return np.asarray(_TEXT[asked](column.str.casefold(), value.casefold()), dtype=bool)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        _refuse()
    return float(value)


def _day(value: Any) -> float:
    if not isinstance(value, str):
        _refuse()
    try:
        return float((dt.date.fromisoformat(value[:10]) - dt.date(1970, 1, 1)).days)
    except ValueError:
        _refuse()


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        _refuse()
    return cast(Mapping[str, Any], value)


def _refuse() -> NoReturn:
    raise UserError("bad_filter", "This filter or sorting of the table is not known.", "Clear the table's filters.")
