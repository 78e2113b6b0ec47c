"""Several processes may open a new catalogue at the same moment: the web process and its worker do at first start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

CODE = "from dashboard.store import catalogue\nwith catalogue.transaction() as db: db.execute('SELECT 1 FROM jobs')"


def test_a_new_file_is_made_once_by_many(data_dir: Path) -> None:
    environment = {**os.environ, "DASHBOARD_DATA_DIR": str(data_dir)}
    started = [
        subprocess.Popen([sys.executable, "-c", CODE], cwd=ROOT, env=environment, stderr=subprocess.PIPE)
        for _ in range(6)
    ]
    errors = [process.communicate(timeout=60)[1].decode() for process in started]
    assert [process.returncode for process in started] == [0] * 6, errors
