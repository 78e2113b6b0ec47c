"""Open windows: searching again only the people who entered late gives what searching everybody gives."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.filters import Period
from dashboard.insights.funnel import query_of
from dashboard.insights.funnel_attempts import Counted, counted, span_of
from dashboard.insights.funnel_open import ends
from dashboard.insights.view import View
from dashboard.store.dataset import Dataset
from tests.unit.insights.test_funnel import STEPS, log, stored


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return stored(tmp_path_factory.mktemp("open"), log(seed=7))


def views(dataset: Dataset) -> list[View]:
    first, last = dataset.manifest.first_day, dataset.manifest.last_day
    assert first is not None and last is not None
    wheres: tuple[tuple[tuple[str, tuple[str, ...]], ...], ...] = ((), (("platform", ("web",)),))
    return [
        View(dataset, Period(begin, end), None, where, as_of, as_of, fixed=True)
        for where in wheres
        for as_of in (last, last - 6)
        for begin, end in ((first, as_of), (as_of - 4, as_of), (first, as_of - 9))
    ]


@pytest.mark.parametrize("window", ["1 day", "3 days", "30 days"])
@pytest.mark.parametrize("more", [{}, {"order": "any"}, {"attempt": "first"}])
def test_as_if_everybody_were_searched(dataset: Dataset, window: str, more: dict[str, Any]) -> None:
    changed = 0
    for view in views(dataset):
        query = query_of(view, {"steps": STEPS, "window": window, **more})
        found = ends(view, query)
        got = sorted(zip(found.entry.tolist(), found.last.tolist(), strict=True))
        assert got == outer(counted(view, query, span_of(view, query, immature="count")))
        changed += got != outer(counted(view, query, span_of(view, query)))
    assert changed  # somebody's window was open


def outer(found: Counted) -> list[tuple[int, int]]:
    """Entry and last step of every attempt."""
    return sorted((int(at[0]), int(at[-1])) for part in found.parts for at in part.at)
