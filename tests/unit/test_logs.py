from __future__ import annotations

import json
from pathlib import Path

import pytest

from dashboard import logs

CANARY = "ada@example.com"


def lines(data_dir: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (data_dir / "logs" / "web.log").read_text().splitlines()]


@pytest.fixture(autouse=True)
def _to_file(data_dir: Path) -> None:
    logs.set_up("web", stderr=False)


def test_events_are_one_json_object_a_line(data_dir: Path) -> None:
    logs.event("request", method="GET", status=200, code="a\nb" + "x" * 500)
    (line,) = lines(data_dir)
    assert (line["event"], line["method"], line["status"]) == ("request", "GET", 200)
    assert str(line["code"]).startswith("a\nb") and len(str(line["code"])) == 200
    assert (data_dir / "logs" / "web.log").read_text().count("\n") == 1


def test_only_listed_fields(data_dir: Path) -> None:
    with pytest.raises(ValueError, match="not a log field: email"):
        logs.event("request", email=CANARY)


def test_a_defect_is_its_place_never_its_text(data_dir: Path) -> None:
    try:
        raise ValueError(f"cannot read {CANARY}")
    except ValueError as error:
        reference = logs.defect("job failed", error, job="j")
    (line,) = lines(data_dir)
    assert line["reference"] == reference and len(reference) == 8
    assert line["type"] == "ValueError"
    assert str(line["stack"]).count("test_logs.py") == 1
    assert CANARY not in json.dumps(line)


def test_a_second_set_up_replaces_the_first(data_dir: Path) -> None:
    logs.set_up("web", stderr=False)
    logs.event("once")
    assert len(lines(data_dir)) == 1
