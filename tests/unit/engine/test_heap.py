"""Freed memory stays with the process: the next answer does not wait for pages."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dashboard.engine import heap

FAULTS = """
import resource
import numpy as np
from dashboard.engine import heap

def answer():
    return [np.ones(3 << 17) for _ in range(8)]  # 3 MB each

KEEP and heap.keep()
answer()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    answer()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(keep: bool) -> int:
    code = FAULTS.replace("KEEP", str(keep))
    return int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(not heap.keep(), reason="the C library cannot be told")
def test_pages_are_asked_for_once() -> None:
    assert faults(keep=True) * 10 < faults(keep=False)
