"""Shared fixtures: a private data directory, and the real data where it is present."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

ROOT = Path(__file__).resolve().parent.parent

# Before any kernel is imported: the compile cache is one directory for the whole run (compiling takes seconds a kernel)
# and outlives it, so that a second run is quick. Kernels check their bounds in tests, also in the servers that tests
# start: a write outside an array is an IndexError here and a corrupted heap in production.
_COMPILED = Path(os.environ.get("HOLDFAST_TEST_DIR", Path(tempfile.gettempdir()) / "holdfast-checked"))
os.environ["DASHBOARD_DATA_DIR"] = str(_COMPILED)
os.environ["NUMBA_BOUNDSCHECK"] = "1"
_COMPILED.mkdir(parents=True, exist_ok=True, mode=0o700)

import dashboard.jit  # noqa: E402, F401 - fixes the compile cache's place before a test moves the data directory
from dashboard import settings  # noqa: E402
from dashboard.worker import WARM_PARTS  # noqa: E402


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Before the whole suite starts in several processes: compile everything once, not in each of them."""
    if getattr(session.config.option, "numprocesses", None) and not os.environ.get("PYTEST_XDIST_WORKER"):
        command = [sys.executable, "-m", "dashboard.worker", "--warm"]
        parts = [subprocess.Popen([*command, part], cwd=ROOT) for part in WARM_PARTS]
        assert [part.wait() for part in parts] == [0] * len(parts)


# A run can be repeated: the same code sees the same examples. HYPOTHESIS_PROFILE=search looks for new ones. Never a
# deadline: a busy machine or a first compilation is no failure.
hypothesis_settings.register_profile("holdfast", deadline=None, derandomize=True)
hypothesis_settings.register_profile("search", deadline=None)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "holdfast"))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are no name of a case: archives hold the time they were made, and parallel workers must agree on names."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty private data directory for one test; ``settings.current()`` points there."""
    directory = tmp_path / "data"
    directory.mkdir(mode=0o700)
    monkeypatch.setenv("DASHBOARD_DATA_DIR", str(directory))
    settings.current.cache_clear()
    yield directory
    settings.current.cache_clear()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets (``REAL_DATA_DIR``, default ``../shared/data``); skips where it is absent.

    ``REQUIRE_REAL_DATA=1`` turns the skip into a failure.
    """
    folder = Path(os.environ.get("REAL_DATA_DIR", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        reason = f"real data not found at {folder}; set REAL_DATA_DIR"
        if os.environ.get("REQUIRE_REAL_DATA") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder
