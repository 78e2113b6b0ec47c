"""Every metric and insight explains itself, and the page of them is what the code says."""

from __future__ import annotations

import re

import pytest

from dashboard.insights import docs
from dashboard.insights.registry import INSIGHTS, METRICS, insight, metric


@pytest.mark.parametrize("key", sorted(METRICS))
def test_a_metric_states_what_it_is(key: str) -> None:
    item = METRICS[key]
    assert item.key == key and re.fullmatch(r"[a-z][a-z0-9_]*", key)
    assert item.label and item.definition.endswith(".") and item.formula
    assert item.unit in {"count", "rate", "money", "days", "number"}
    assert all(need.any_of and need.text for need in item.needs)


@pytest.mark.parametrize("name", sorted(INSIGHTS))
def test_an_insight_states_what_it_is(name: str) -> None:
    item = INSIGHTS[name]
    assert item.label and item.definition.endswith(".")
    text = item.compute.__doc__ or ""
    assert ("Column" in text and "ption" in text) or "Columns" in text


def test_no_name_means_two_things() -> None:
    for key in METRICS:
        if key in INSIGHTS:
            # a metric and an insight may share a name only when they answer the same question
            assert key in {"active_users", "new_users", "revenue"}
    with pytest.raises(ValueError):
        metric("dau", "x", definition="x.", formula="x", unit="count")(METRICS["dau"].compute)
    with pytest.raises(ValueError):
        insight("revenue", "x", definition="x.")(INSIGHTS["revenue"].compute)


def test_the_page_of_metrics_is_up_to_date() -> None:
    assert docs.FILE.read_text(encoding="utf-8") == docs.page(), "run make docs"
