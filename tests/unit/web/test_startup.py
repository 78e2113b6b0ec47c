from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dashboard.settings import ROOT, Settings
from dashboard.web import startup


@pytest.fixture
def good(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


def test_a_good_environment_starts_and_makes_a_private_directory(good: Settings) -> None:
    startup.check(good, {})
    assert oct(good.data_dir.stat().st_mode & 0o777) == "0o700"
    startup.check(good, {"DASH_DEBUG": "false", "FLASK_DEBUG": "0", "DASH_HOT_RELOAD": ""})


@pytest.mark.parametrize("name", startup.FORBIDDEN)
def test_debugging_flags_are_refused(good: Settings, name: str) -> None:
    with pytest.raises(startup.Refused, match=name):
        startup.check(good, {name: "true"})


@pytest.mark.parametrize("mode", [0o750, 0o707, 0o701, 0o770, 0o777])
def test_a_directory_others_can_enter_is_refused(good: Settings, mode: int) -> None:
    good.data_dir.mkdir()
    good.data_dir.chmod(mode)
    with pytest.raises(startup.Refused, match="chmod 700"):
        startup.check(good, {})


def test_a_file_in_place_of_the_directory_is_refused(good: Settings) -> None:
    good.data_dir.write_text("")
    with pytest.raises(startup.Refused, match="data directory"):
        startup.check(good, {})


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org", ""])
def test_other_machines_need_a_secret(good: Settings, host: str) -> None:
    with pytest.raises(startup.Refused, match="DASHBOARD_SECRET"):
        startup.check(replace(good, host=host), {})
    with pytest.raises(startup.Refused, match="at least 32"):
        startup.check(replace(good, host=host, secret="short"), {})
    startup.check(replace(good, host=host, secret="x" * 32), {})


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.1.2.3"])
def test_this_machine_needs_none(good: Settings, host: str) -> None:
    startup.check(replace(good, host=host), {})


@pytest.mark.parametrize(("version", "fine"), [("4.4.0", False), ("3.9.9", False), ("4.4.1", True), ("4.10.0", True)])
def test_unsafe_dash_is_refused(good: Settings, version: str, fine: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup.importlib.metadata, "version", lambda _name: version)
    if fine:
        startup.check(good, {})
    else:
        with pytest.raises(startup.Refused, match="too old"):
            startup.check(good, {})


@pytest.mark.parametrize(
    "environment",
    [
        {"DASH_DEBUG": "true"},
        {"DASH_MCP_ENABLED": "1"},
        {"DASHBOARD_HOST": "0.0.0.0"},
        {"DASHBOARD_PORT": "abc"},
        {"DASHBOARD_HOST": "0.0.0.0", "DASHBOARD_SECRET": "short"},
    ],
)
def test_refusal_is_one_line_and_an_exit_code(tmp_path: Path, environment: dict[str, str]) -> None:
    ended = subprocess.run(
        [sys.executable, "app.py", "--data-dir", str(tmp_path / "data")],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("Holdfast does not start.") and ended.stderr.count("\n") == 1
    assert ended.stdout == ""
