"""The file of rejected records and the account of a file."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from dashboard.ingest.rejects import HEADER, Reject, RejectWriter
from dashboard.ingest.report import COUNTERS, RULES, ColumnReport, SourceReport, report_from_json
from dashboard.ingest.tokenize import RULE_CODES


def test_file(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    with RejectWriter(path, "=file.csv") as writer:
        writer.add(Reject(3, 2, "@column", "+1\n2", "bad_time"))
        writer.add(Reject(4, 3, "", "x" * 5000, "quote"))
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert tuple(rows[0]) == HEADER
    assert rows[1][:6] == ["'=file.csv", "3", "2", "'@column", "'+1\n2", "bad_time"]
    assert rows[1][6:] == list(RULES["bad_time"])
    assert len(rows[2][4]) == 1000
    assert writer.counts == {"bad_time": 1, "quote": 1}


def test_no_rejects_no_file(tmp_path: Path) -> None:
    with RejectWriter(tmp_path / "rejects.csv", "a"):
        pass
    assert list(tmp_path.iterdir()) == []
    with RejectWriter(None, "a") as writer:
        writer.add(Reject(1, 1, "", "", "quote"))
    assert writer.counts == {"quote": 1}


def report(**more: object) -> SourceReport:
    values: dict[str, object] = {
        "file_name": "a.csv", "kind": "events", "records": 5, "accepted": 3, "rejected": 2,
        "rejected_by_rule": {"quote": 2}, "counters": {"blank": 1234},
        "columns": (ColumnReport("user_id", "User", placeholders=(("null", 2),)),), "notes": ("Said.",),
    }  # fmt: skip
    return SourceReport(**{**values, **more})  # type: ignore[arg-type]


def test_report_travels_through_json() -> None:
    assert report_from_json(json.loads(json.dumps(report().to_json()))) == report()
    with pytest.raises(ValueError, match="not a source report"):
        report_from_json({"records": 1})


def test_report_must_add_up() -> None:
    with pytest.raises(ValueError, match="accepted"):
        report(accepted=4)
    with pytest.raises(ValueError, match="rules"):
        report(rejected_by_rule={"quote": 1})


def test_report_speaks() -> None:
    sentences = report().sentences()
    assert sentences[0].startswith("2 rejected: A quotation mark")
    assert sentences[1:] == ("1,234 blank lines skipped", "Said.")


def test_counters_are_added() -> None:
    more = report().with_counters(duplicate=3, blank=1, footer=0)
    assert (more.count("duplicate"), more.count("blank"), more.counters.get("footer")) == (3, 1235, None)
    with pytest.raises(ValueError, match="unknown"):
        report().with_counters(nonsense=1)


def test_every_rule_has_its_sentences() -> None:
    assert set(RULE_CODES[1:]) <= set(RULES)
    assert all(what and hint for what, hint in RULES.values())
    assert all(COUNTERS.values())
