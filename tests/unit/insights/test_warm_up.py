"""After warming up, no question on a stored dataset compiles anything."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from dashboard import settings
from dashboard.customers import health, health_kernels
from dashboard.customers.churn import kernels as churn_kernels
from dashboard.customers.cleaning import kernels as cleaning_kernels
from dashboard.customers.cleaning import price_kernels
from dashboard.errors import CannotAnswer
from dashboard.filters import Filters
from dashboard.insights import (
    activation_kernels,
    activity_kernels,
    aha_kernels,
    event_rows,
    features_kernels,
    funnel_groups,
    funnel_kernels,
    funnel_rows,
    kpis,
    lifecycle_kernels,
    metrics,
    paths_kernels,
    retention_bits,
    retention_kernels,
    revenue_kernels,
    rhythm,
    session_kernels,
    session_lengths,
    survival,
    warm_up,
    where,
)
from dashboard.insights.registry import INSIGHTS, METRICS
from dashboard.insights.view import view_of
from dashboard.store import lookup_kernels
from dashboard.store.lookup import lookup_of
from tests.conftest import ROOT
from tests.store_builder import build_dataset

MODULES: tuple[ModuleType, ...] = (
    *(activity_kernels, revenue_kernels, where, funnel_kernels, funnel_rows, funnel_groups, event_rows),
    *(lifecycle_kernels, retention_bits, retention_kernels, rhythm, session_kernels, session_lengths, survival),
    paths_kernels,
    aha_kernels,
    activation_kernels,
    features_kernels,
    churn_kernels,
    health_kernels,
    lookup_kernels,
    cleaning_kernels,
    price_kernels,
)


# kernels that only other kernels call are compiled as a part of those
INNER = {f"dashboard.insights.retention_{name}" for name in ("kernels.tally", "bits.ones")}
INNER |= {f"dashboard.store.lookup_kernels.{name}" for name in ("place", "compare")}
INNER |= {"dashboard.customers.health_kernels.first_row"}
INNER |= {f"dashboard.insights.session_{name}" for name in ("kernels.tally", "kernels.class_of", "lengths.class_of")}
NESTED = tuple(f"dashboard.insights.funnel_{name}." for name in ("kernels", "rows"))  # mostly parts of a few

# questions that lead into kernels which the defaults do not reach
MORE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("retention", {"count": "streak", "kind": "first_time"}),
    ("retention", {"window_mode": "24h"}),
    ("retention", {"window_mode": "24h_hour", "kind": "first_ever", "start": {"event": "visit", "where": {"size": 1}}}),
    ("retention", {"period": "hour", "periods": 24, "count": "on_or_after"}),
    ("retention", {"min_occurrences": 2}),
    ("retention", {"value": "revenue"}),
    ("retention", {"value": "revenue", "period": "hour", "periods": 24}),
    ("retention", {"start": {"event": "visit", "where": {}}, "kind": "first_time"}),
    ("retention_people", {"count": "on_or_before"}),
    ("sessions", {"source": "gap"}),
    ("active_users_by_group", {"breakdown": "plan"}),
)


def needs_options(name: str) -> bool:
    """Whether an insight cannot be asked without options; then :data:`MORE` asks it, where it leads into kernels."""
    given = list(inspect.signature(INSIGHTS[name].compute).parameters.values())[1:]
    return any(item.default is item.empty and item.kind is not item.VAR_KEYWORD for item in given)


def compiled() -> dict[str, int]:
    found: dict[str, Any] = {
        f"{module.__name__}.{name}": value
        for module in MODULES
        for name, value in vars(module).items()
        if hasattr(value, "signatures")
    }
    return {name: len(value.signatures) for name, value in found.items()}


def test_nothing_is_compiled_by_a_click(data_dir: Path) -> None:
    """In a process of its own: what other tests have compiled here would hide what the warming forgets."""
    code = "import tests.conftest; from tests.unit.insights.test_warm_up import ask_everything; ask_everything()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=data_dir,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def ask_everything() -> None:
    """Warm up, ask every question on datasets in the working directory, and see that nothing was compiled meanwhile."""
    data_dir = Path.cwd()
    os.environ["DASHBOARD_DATA_DIR"] = str(data_dir)
    settings.current.cache_clear()
    warm_up.compile_kernels()
    before = compiled()
    assert {name for name, forms in before.items() if not forms and not name.startswith(NESTED)} <= INNER
    events = [
        {
            "user_id": f"u{i % 3}",
            "event_time": f"2024-01-{i + 1:02d}",
            "event_name": "visit",
            "platform": "web",
            "size": 1.0,
        }
        for i in range(20)
    ]
    orders = [
        {"user_id": f"u{i}", "order_time": f"2024-01-{i + 1:02d}", "quantity": 1, "unit_price": 2.0, "country": "UK"}
        for i in range(5)
    ]
    amounts = [{"user_id": "u1", "order_time": "2024-01-01", "amount": 1.0}]
    users = [{"user_id": "u1", "plan": "Pro", "churned": True, "usage": 1.0}]
    for shop in (orders, amounts):
        stored = build_dataset(data_dir, events=events, transactions=shop, users=users, partitions=2)
        for filters in (
            Filters(range="all"),
            Filters(range="7d").with_where("platform", ["web"]).with_where("plan", ["Pro"]),
            Filters(range="7d").with_where("churned", ["true"]).with_where("size", ["1"]).with_where("country", ["UK"]),
        ):
            view = view_of(stored, filters)
            kpis.kpis_result(view)
            for key in METRICS:
                try:
                    metrics.metric_result(view, key=key)
                except CannotAnswer:
                    continue
            for name, options in (*((name, {}) for name in INSIGHTS if not needs_options(name)), *MORE):
                try:
                    INSIGHTS[name].compute(view, **options)
                except CannotAnswer:
                    continue
            health.health_of(view, 0)
        lookup_of(stored).search("u1")
    assert compiled() == before
