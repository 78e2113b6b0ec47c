"""Metrics and insights for pages: authorised, cached, with provenance.

Every function checks that the acting person (:func:`dashboard.service.core.acting_as`) owns the dataset and raises
``NotFound`` otherwise, and ``CannotAnswer`` (naming the missing column) where the data cannot answer.
"""

from __future__ import annotations

from typing import Any

from dashboard.filters import Filters
from dashboard.insights import answer
from dashboard.insights.registry import INSIGHTS, METRICS, Metric
from dashboard.result import Answer, Dimension, Kpi, Result
from dashboard.service import core


def metric(key: str, dataset_id: str, filters: Filters, *, by: str = "day", **options: Any) -> Result:
    """A registered metric over the view's range.

    by: "day" | "week" | "month". frame: ``period`` (first ISO day), ``value``, ``complete`` and, with a comparison,
    ``previous_period``, ``previous``. summary: ``value``, ``previous``, ``delta``, ``relative``, ``verdict`` as in
    :class:`Kpi`.
    """
    if key not in METRICS:
        raise core.unknown("metric", key, sorted(METRICS))
    return core.run("metric", dataset_id, filters, {"key": key, "by": by, **options})


def kpis(dataset_id: str, filters: Filters) -> list[Kpi]:
    """The 4 to 8 headline numbers that fit the dataset, in the order of a page."""
    return [Kpi.from_json(item) for item in core.run("kpis", dataset_id, filters, {}).summary["kpis"]]


def insight(name: str, dataset_id: str, filters: Filters, **options: Any) -> Result:
    """A registered insight; columns and options are described by its entry in ``docs/metrics.md``."""
    if name not in INSIGHTS:
        raise core.unknown("insight", name, sorted(INSIGHTS))
    return core.run(name, dataset_id, filters, options)


def insights_available(dataset_id: str) -> list[Answer]:
    """The insights (not the metrics) with what this dataset can answer."""
    return [item for item in answerability(dataset_id) if item.kind == "insight"]


def answerability(dataset_id: str) -> list[Answer]:
    """For every metric and insight: can, roughly or cannot be answered, and what is missing."""
    return answer.answerability(core.open_for("read", dataset_id).manifest)


def dimensions(dataset_id: str) -> list[Dimension]:
    """The columns a view can be filtered by, with their 200 most frequent values; ``country``, ``plan`` and
    ``platform`` first."""
    items = core.run("dimensions", dataset_id, Filters(), {}).summary["dimensions"]
    return [
        Dimension(
            **{
                **item,
                "tables": tuple(item["tables"]),
                "values": tuple((text, count) for text, count in item["values"]),
            }
        )
        for item in items
    ]


def people(dataset_id: str, filters: Filters, *, day: str = "", window: int = 1, **options: Any) -> list[str]:
    """The ids of the persons active in the ``window`` calendar days that end on ``day`` (ISO; "" = the last day of the
    range), sorted; exactly the persons that DAU, WAU and MAU count."""
    result = core.run("active_people", dataset_id, filters, {"day": day, "window": window, **options})
    return [str(item) for item in result.frame["user_id"]]


def glossary() -> tuple[Metric, ...]:
    """Every metric with its definition, formula and unit, in the order of the registry."""
    return tuple(METRICS.values())
