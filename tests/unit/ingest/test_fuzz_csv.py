"""Mutated files: no exception, no lost record (the whole run: ``python benchmarks/fuzz_csv.py``)."""

from __future__ import annotations

import os

import pytest

from benchmarks.fuzz_csv import MOST_REFUSED, run

FILES = int(os.environ.get("FUZZ_N", "400"))
PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
def test_mutated_files(part: int) -> None:
    size = FILES // PARTS
    outcome = run(range(part * size, (part + 1) * size), seed=42)
    assert outcome.failures == []
    assert outcome.read + outcome.refused == size
    assert outcome.share_refused <= MOST_REFUSED
    assert outcome.rejected > 0  # the mutations do break records
