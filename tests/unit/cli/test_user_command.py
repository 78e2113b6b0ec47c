"""``user`` on the command line: the page's story as one document, and refusals that repeat nothing personal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dashboard.cli import main
from dashboard.filters import Filters
from dashboard.service import user, user_story
from tests.store_builder import build_dataset


def test_the_story_is_that_of_the_page(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    users = [{"user_id": "00123", "name": "Ada", "last_active_time": f"2024-01-{day:02d}"} for day in (1,)]
    dataset = build_dataset(data_dir, users=[*users, {"user_id": "b", "name": None, "last_active_time": "2024-02-01"}])
    assert main(["user", dataset.id, "00123"]) == 0
    out, err = capsys.readouterr()
    handle = user.handle_of(dataset.id, "00123")
    assert err == ""
    assert json.loads(out) == json.loads(json.dumps(user_story.to_json(dataset.id, Filters(), handle), default=str))
    assert main(["user", dataset.id, "Ada Lovelace"]) == 1
    out, err = capsys.readouterr()
    assert "nobody of that id" in out + err and "Lovelace" not in out + err
    assert main(["user", dataset.id, "00123", "--as-of", "soon"]) == 1
