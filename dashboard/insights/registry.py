"""Metrics and insights are registered once; card, tooltip, glossary, URL value, cache key, CSV header and
``docs/metrics.md`` derive from the entry.

A *metric* is one number per period (day, week, month, or a whole range). An *insight* is a table. Both state what they
need, so that a page can say what a dataset cannot answer before it computes anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from dashboard.result import Result

if TYPE_CHECKING:
    from dashboard.insights.view import View

Unit = Literal["count", "rate", "money", "days", "number"]
Floats = npt.NDArray[np.float64]
Spans = Sequence[tuple[int, int]]  # inclusive (first, last) day numbers, ascending and not overlapping


@dataclass(frozen=True)
class Need:
    """One thing that must be there: any of the columns (``table.column``, or ``table`` for the table itself).

    text: for people ("an order table"). from_file: a table that was only derived from another one does not count.
    """

    any_of: tuple[str, ...]
    text: str
    from_file: bool = False


@dataclass(frozen=True)
class Metric:
    """One number per span of days.

    compute(view, spans) -> one float per span, NaN where the number is not defined. definition: one sentence that ends
    with a full stop. formula: how it is calculated, in words or signs. needs: all must hold. history: False for numbers
    that describe the dataset as of one day and have no value per period.
    """

    key: str
    label: str
    definition: str
    formula: str
    unit: Unit
    higher_is_better: bool | None
    needs: tuple[Need, ...]
    compute: Callable[[View, Spans], Floats]
    history: bool = True


@dataclass(frozen=True)
class Insight:
    """A table about a view. compute(view, **options) -> Result; its docstring describes columns and options."""

    name: str
    label: str
    definition: str
    needs: tuple[Need, ...]
    compute: Callable[..., Result]


METRICS: dict[str, Metric] = {}
INSIGHTS: dict[str, Insight] = {}

TIMED = Need(("events",), "a table with times (events, sessions or orders)")
EVENT_LOG = Need(("events", "sessions"), "an event log or sessions", from_file=True)
ORDERS = Need(("transactions",), "a table of orders with amounts")
SIGNUP = Need(("users.signup_time",), "a sign-up date per user")
USAGE = Need(("users.usage",), "a usage number per user (hours, minutes, sessions)")
CHURNED = Need(("users.churned",), "a column that says who left")
LAST_ACTIVE = Need(("users.last_active_time", "events"), "the last activity of each user")


def metric(
    key: str,
    label: str,
    *,
    definition: str,
    formula: str,
    unit: Unit,
    higher_is_better: bool | None = True,
    needs: tuple[Need, ...] = (),
    history: bool = True,
) -> Callable[[Callable[[View, Spans], Floats]], Callable[[View, Spans], Floats]]:
    """Register a metric. Raises ValueError when the key is taken."""

    def register(compute: Callable[[View, Spans], Floats]) -> Callable[[View, Spans], Floats]:
        if key in METRICS:
            raise ValueError(f"metric {key} is registered twice")
        METRICS[key] = Metric(key, label, definition, formula, unit, higher_is_better, needs, compute, history)
        return compute

    return register


def insight(
    name: str, label: str, *, definition: str, needs: tuple[Need, ...] = ()
) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Register an insight. Raises ValueError when the name is taken."""

    def register(compute: Callable[..., Result]) -> Callable[..., Result]:
        if name in INSIGHTS:
            raise ValueError(f"insight {name} is registered twice")
        INSIGHTS[name] = Insight(name, label, definition, needs, compute)
        return compute

    return register
