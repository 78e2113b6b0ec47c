"""The compile cache never answers with code of another time or of another kernel."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core import caching

from dashboard import jit

ROOT = Path(__file__).resolve().parents[2]
HELPER = "from dashboard.jit import kernel\n\nWEIGHT = {weight}\n\n\n@kernel\ndef one(x):\n    return x + {added}\n"
CALLER = """from dashboard.jit import kernel
from helper import WEIGHT, one
import helper


@kernel
def weighed(x):
    return WEIGHT * x


@kernel
def called(x):
    return one(x)


@kernel
def through_module(x):
    return helper.one(x) * helper.WEIGHT


@kernel
def deeper(x):
    return called(x)


if __name__ == "__main__":
    print(weighed(10), called(10), through_module(10), deeper(10))
"""
SAVES = """import sys
from numba.core import caching
import dashboard.jit

file = caching.IndexDataCacheFile(sys.argv[1], "kernel", "stamp")
for i in range(40):
    file.save((sys.argv[2], i), f"code of {sys.argv[2]}, {i}")
"""


def run(folder: Path, script: str, *arguments: str) -> str:
    environment = {**os.environ, "DASHBOARD_DATA_DIR": str(folder / "data"), "PYTHONPATH": f"{ROOT}:{folder}"}
    done = subprocess.run(
        [sys.executable, str(folder / script), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout.strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "caller.py").write_text(CALLER)
    return tmp_path


def test_a_kernel_is_compiled_again_when_what_it_uses_from_elsewhere_changed(folder: Path) -> None:
    (folder / "helper.py").write_text(HELPER.format(weight=2, added=1))
    assert run(folder, "caller.py") == "20 11 22 11"
    (folder / "helper.py").write_text(HELPER.format(weight=3, added=1))
    assert run(folder, "caller.py") == "30 11 33 11"
    (folder / "helper.py").write_text(HELPER.format(weight=3, added=5))
    assert run(folder, "caller.py") == "30 15 45 15"


def test_what_several_processes_compile_at_once_does_not_mix(folder: Path) -> None:
    (folder / "saves.py").write_text(SAVES)
    environment = {**os.environ, "DASHBOARD_DATA_DIR": str(folder / "data"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(folder / "saves.py"), str(folder)]
    running = [subprocess.Popen([*command, name], env=environment) for name in ("a", "b", "c")]
    for process in running:
        assert process.wait(120) == 0
    file = caching.IndexDataCacheFile(str(folder), "kernel", "stamp")
    for name in ("a", "b", "c"):
        for i in range(40):
            assert file.load((name, i)) == f"code of {name}, {i}"


def test_tests_check_bounds(folder: Path) -> None:
    """A write outside an array corrupts the heap without a word, unless kernels are compiled to look."""
    (folder / "outside.py").write_text(
        "import numpy as np\nfrom dashboard.jit import kernel\n\n\n@kernel\ndef put(x, i):\n    x[i] = 1\n\n\n"
        "try:\n    put(np.zeros(3), 7)\nexcept IndexError:\n    print('seen')\n"
    )
    assert run(folder, "outside.py") == "seen"


def test_what_was_compiled_is_known_until_something_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "_cache_dir", tmp_path)
    assert not jit.is_complete("pages")
    jit.note_complete("pages")
    assert jit.is_complete("pages") and not jit.is_complete("import")
    (tmp_path / "dashboard").mkdir()
    (tmp_path / "dashboard" / "kernel.py").write_text("new = 1")
    monkeypatch.setattr(jit.settings, "ROOT", tmp_path)
    assert not jit.is_complete("pages")
