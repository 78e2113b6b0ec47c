"""The order lines behind a rule: where they are stored, and their cells as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from dashboard.customers.cleaning import claims
from dashboard.customers.cleaning.ledger import in_view, position
from dashboard.customers.cleaning.rules import KEPT, Cleaning
from dashboard.engine.run import run
from dashboard.schema import NULL_TIME
from dashboard.store.partition import Partition, Rows

if TYPE_CHECKING:
    from dashboard.insights.view import View

Ints = npt.NDArray[np.int64]
TEXTS = ("order_id", "product_id", "description", "country")
NUMBERS = ("quantity", "unit_price", "amount")
COLUMNS = ("user_id", "order_time", "order_id", "product_id", "description", *NUMBERS, "country")


def places(view: View, cleaning: Cleaning, rule: str, *, met: bool = False) -> list[Ints]:
    """Per partition the numbers of the lines that a rule (or "kept") takes; met: that meet it, whichever takes them."""
    number = position(rule)
    step = claims.steps(cleaning, claims.missing(view.dataset))

    def kernel(partition: Partition) -> Ints:
        lines = partition.table(claims.TABLE)
        assert lines is not None  # callers need the table and have checked
        bits = claims.rules_met(view.dataset, partition, cleaning.codes)
        chosen = (bits >> number) & 1 == 1 if met and rule != KEPT else step[bits] == number
        chosen &= lines.day <= view.as_of
        mask = in_view(view, partition)
        return np.flatnonzero(chosen & mask.astype(bool) if len(mask) else chosen)

    return run(view.dataset, kernel, list)


def window(found: Sequence[Ints], first: int, limit: int) -> list[Ints]:
    """Lines ``first`` to ``first + limit`` of all, per partition."""
    out, seen = [], 0
    for rows in found:
        low, high = max(0, first - seen), max(0, first + limit - seen)
        out.append(rows[low:high])
        seen += len(rows)
    return out


def frame_of(view: View, found: Sequence[Ints], *, purchases: bool = False) -> pd.DataFrame:
    """The cells of these lines, columns as COLUMNS where the file has them. purchases: with the column purchase."""
    parts = [
        _cells(view, partition, rows, purchases)
        for partition, rows in zip(view.dataset.partitions, found, strict=True)
        if len(rows)
    ]
    if parts:
        return pd.concat(parts, ignore_index=True)
    empty = np.zeros(0, np.int64)
    return _cells(view, view.dataset.partitions[0], empty, purchases)


def _cells(view: View, partition: Partition, rows: Ints, purchases: bool) -> pd.DataFrame:
    lines = partition.table(claims.TABLE)
    assert lines is not None
    columns: dict[str, Any] = {"user_id": _people(partition, lines, rows), "order_time": _times(view, lines.time[rows])}
    for name in (*TEXTS[:3], *NUMBERS, *TEXTS[3:]):
        if not lines.has(name):
            continue
        values = lines.column(name)[rows]
        columns[name] = _texts(view, name, values) if values.dtype == np.int32 else values
    if purchases:
        match = claims.purchases_of_returns(view, partition)[rows]
        codes = np.where(match >= 0, lines.column("order_id")[np.maximum(match, 0)], -1)
        columns["purchase"] = _texts(view, "order_id", codes)
    return pd.DataFrame(columns)


def _people(partition: Partition, lines: Rows, rows: Ints) -> pd.Series:
    person = np.searchsorted(lines.offsets, rows, side="right") - 1
    ids = partition.user_ids.take(pa.array(person, mask=rows >= lines.n_known))
    return pd.Series(["" if text is None else text for text in ids.to_pylist()], dtype="str")


def _times(view: View, time: Ints) -> pd.Series:
    zone = view.dataset.manifest.time_zone
    known = np.where(time == NULL_TIME, np.datetime64("NaT", "us").astype(np.int64), time)
    local = pd.Series(known.astype("datetime64[us]")).dt.tz_localize("UTC").dt.tz_convert(zone)
    return local.dt.strftime("%Y-%m-%d %H:%M:%S").fillna("").astype("str")


def _texts(view: View, name: str, codes: npt.NDArray[np.int32]) -> pd.Series:
    texts = view.dataset.dictionary(name)
    return pd.Series(["" if code < 0 else str(texts[code]) for code in codes.tolist()], dtype="str")
