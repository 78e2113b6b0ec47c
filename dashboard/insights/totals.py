"""Small helpers that every insight uses: sums over partitions, comparisons, missing as NaN."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.engine.run import run
from dashboard.insights.memo import Memo
from dashboard.insights.view import View
from dashboard.store.partition import Partition

Array = npt.NDArray[Any]


def add(partials: Iterable[Array]) -> Array:
    """The merge of every count: partitions share no person, so partials add up."""
    total: Array = np.sum(np.stack(list(partials)), axis=0)
    return total


_memo: Memo[Array] = Memo(32 << 20, lambda item: int(item.nbytes))


def summed(view: View, kernel: Callable[[Partition], Array], *query: Hashable) -> Array:
    """The sum over partitions of equally shaped arrays, read-only; kept for the other questions of the same view.

    query: with the view's data, filters and as-of day, everything the numbers depend on.
    """

    def make() -> Array:
        total = run(view.dataset, kernel, add)
        total.flags.writeable = False
        return total

    return _memo.get((view.scope, view.where, view.as_of, *query), make)


def aligned(values: Sequence[Any] | Array, n: int) -> Any:
    """A column of another period beside one of ``n`` rows: cut to that length, or filled up with NaN (texts: None)."""
    if len(values) >= n:
        return values[:n]
    if isinstance(values, np.ndarray):
        return np.concatenate([values.astype(np.float64), np.full(n - len(values), np.nan)])
    return [*values, *[None] * (n - len(values))]


def ratio(numerator: Array | float, denominator: Array | float) -> Array:
    """The quotient, NaN where the denominator is 0 or NaN: a rate of nothing is not defined."""
    top, bottom = np.broadcast_arrays(np.asarray(numerator, np.float64), np.asarray(denominator, np.float64))
    out = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=out, where=bottom > 0)
    return out


def mean(values: Array) -> float:
    """Mean of the values that are defined, NaN when none is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else math.nan


def json_number(value: float) -> float | None:
    """A number for JSON: None for NaN, never infinity."""
    return float(value) if math.isfinite(value) else None


def compared(value: float, previous: float, higher_is_better: bool | None) -> dict[str, float | str | None]:
    """The fields value to verdict of :class:`dashboard.result.Kpi`, from numbers that may be NaN."""
    now, before = json_number(value), json_number(previous)
    delta = None if now is None or before is None else now - before
    relative = None if delta is None or not before else delta / abs(before)
    verdict = ""
    if delta is not None and higher_is_better is not None:
        verdict = "same" if delta == 0 else "better" if (delta > 0) == higher_is_better else "worse"
    return {"value": now, "previous": before, "delta": delta, "relative": relative, "verdict": verdict}


def forget() -> None:
    """Drop what is kept in memory (for measurements)."""
    _memo.clear()
