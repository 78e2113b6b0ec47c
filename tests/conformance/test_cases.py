"""Every published conformance case, through the product's own store and engine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dashboard.conform import runner
from dashboard.conform.case import Case, read_file

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = Path(os.environ.get("CASES_DIR", ROOT.parent / "shared" / "cases"))


def published() -> Iterator[Any]:
    """The cases of every kind that has an adapter."""
    runner.load_adapters()
    for path in sorted(FOLDER.glob("*.json")):
        for case in read_file(path):
            if case.kind in runner.ADAPTERS:
                yield pytest.param(path, case, id=f"{path.stem}-{case.id}")


def test_the_cases_are_there() -> None:
    if FOLDER.is_dir():
        assert list(published())
        return
    reason = f"conformance cases not found at {FOLDER}; set CASES_DIR"
    if os.environ.get("REQUIRE_REAL_DATA") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.mark.parametrize(("path", "case"), list(published()))
def test_case(path: Path, case: Case, tmp_path: Path) -> None:
    outcome = runner.run_case(replace(case, staging=tmp_path), path.name)
    if outcome.state == "skipped":
        pytest.skip(outcome.reason)
    assert outcome.differences == ()
