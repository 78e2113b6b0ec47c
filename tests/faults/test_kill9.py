"""A part of ``python -m benchmarks.kill9 --runs 200``: kill -9 during imports."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks import kill9
from dashboard import settings

pytestmark = pytest.mark.faults


def test_a_killed_import_leaves_the_old_state_or_the_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = settings.current().data_dir / "compiled"
    monkeypatch.setenv("DASHBOARD_DATA_DIR", os.environ["DASHBOARD_DATA_DIR"])  # restored afterwards
    try:
        outcome = kill9.run(runs=16, seed=3, rows=60_000, folder=tmp_path, compiled=compiled)
    finally:
        settings.current.cache_clear()
    assert outcome.runs == 16
    assert outcome.killed >= 8
    assert (outcome.half, outcome.lost, outcome.left) == (0, 0, 0)
