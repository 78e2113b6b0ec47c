"""Every published conformance case of the topics the product has, through the product's own store and engine."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dashboard.insights.activity import active_users, unique_users
from tests.conformance import cases
from tests.conformance.cases import Case

TOPICS = ("active_users",)


def _selector(case: Case) -> tuple[tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...]]:
    """(event names, row filters) of the case's ``activity``."""
    wanted = case.settings.get("activity") or {"event": None, "where": {}}
    names = (wanted["event"],) if wanted["event"] is not None else ()
    return names, tuple((name, (str(value),)) for name, value in sorted(wanted.get("where", {}).items()))


def run_active_users(case: Case, data_dir: Path) -> dict[str, Any]:
    stored = cases.dataset(case, data_dir)
    names, where = _selector(case)
    first, last = cases.day(case.settings["from"]), cases.day(case.settings["to"])
    result = active_users(cases.view(case, stored, first, last, where), activity=names)
    assert stored.manifest.first_day is not None and stored.manifest.last_day is not None
    everything = cases.view(case, stored, stored.manifest.first_day, stored.manifest.last_day, where)
    months = unique_users(everything, by="month", activity=names).frame
    return {
        "days": list(result.frame["day"]),
        **{name: [int(n) for n in result.frame[name]] for name in ("dau", "wau", "mau")},
        "dau_over_mau": [None if math.isnan(rate) else rate for rate in result.frame["stickiness"]],
        "mean_dau_over_mau": result.summary["stickiness"],
        "month_actives": {row.period[:7]: int(row.users) for row in months.itertuples() if row.users},
    }


def run_unique_users(case: Case, data_dir: Path) -> dict[str, Any]:
    names, where = _selector(case)
    view = cases.view(
        case, cases.dataset(case, data_dir), cases.day(case.settings["from"]), cases.day(case.settings["to"]), where
    )
    frame = unique_users(view, by=case.settings["period"], activity=names).frame
    return {
        "periods": list(frame["period"]),
        "users": [int(n) for n in frame["users"]],
        "events": [int(n) for n in frame["events"]],
    }


RUNNERS: dict[str, Callable[[Case, Path], Any]] = {
    "active_users": run_active_users,
    "unique_users": run_unique_users,
}


def test_the_cases_are_there() -> None:
    reason = cases.missing()
    if reason and os.environ.get("REQUIRE_REAL_DATA") == "1":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    for topic in TOPICS:
        assert list(cases.load((topic,))), f"{topic}.json holds no cases"


@pytest.mark.parametrize("raw", list(cases.load(TOPICS)))
def test_case(raw: dict[str, Any], data_dir: Path) -> None:
    case = cases.read(raw)
    cases.close(RUNNERS[case.kind](case, data_dir), case.expected, case.tolerance, case.id)
