"""The runner itself: what passes, what fails and how it says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dashboard.cli import main
from dashboard.conform import runner
from dashboard.conform.case import read_case, read_file
from dashboard.conform.compare import differences
from dashboard.errors import UserError

EVENTS = [
    {"user_id": "a", "event": "visit", "timestamp": "2024-01-01T10:00:00Z", "properties": {"plan": 1}},
    {"user_id": "a", "event": "visit", "timestamp": "2024-01-01T10:00:00Z", "properties": {"plan": 1}},
    {"user_id": "b", "event": "visit", "timestamp": "2024-01-02T10:00:00Z"},
    {"user_id": "alias", "event": "visit", "timestamp": "2024-01-02T11:00:00Z", "properties": {"plan": "2"}},
]
SETTINGS = {
    "from": "2024-01-01",
    "to": "2024-01-02",
    "period": "day",
    "timezone": "UTC",
    "activity": {"event": None, "where": {}},
    "merge": {"alias": "a"},
}


def case(expected: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": "X1",
        "title": "Users per day",
        "source": "own",
        "kind": "unique_users",
        "verified": True,
        "settings": {**SETTINGS, **more.pop("settings", {})},
        "events": EVENTS,
        "expected": expected,
        **more,
    }


def write(folder: Path, *cases: dict[str, Any]) -> str:
    path = folder / "cases.json"
    path.write_text(json.dumps(list(cases)), encoding="utf-8")
    return str(path)


def outcome(item: dict[str, Any], tmp_path: Path) -> runner.Outcome:
    return runner.run_case(read_case(item, tmp_path, tmp_path))


def test_the_last_line_counts_and_the_exit_code_is_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = case({"users": [1, 2], "events": [2, 2]})
    assert main(["conform", write(tmp_path, good, good)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 passed, 0 failed"


def test_a_failure_shows_what_differs_and_the_exit_code_is_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = case({"users": [1, 3]}, discriminates=["users counted twice"])
    assert main(["conform", write(tmp_path, case({"users": [1, 2]}), wrong)]) == 1
    out = capsys.readouterr().out
    assert "users[1]: 2 instead of 3" in out and "users counted twice" in out and "own" in out
    assert out.splitlines()[-1] == "1 passed, 1 failed"


def test_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", write(tmp_path, case({"users": [9, 9]})), "--json"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert (data["passed"], data["failed"], data["cases"][0]["state"]) == (0, 1, "failed")


def test_a_feature_that_the_product_lacks_skips_the_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    item = case({"users": [9, 9]}, requires=["time_travel"])
    assert outcome(item, tmp_path).state == "skipped"
    assert main(["conform", write(tmp_path, item)]) == 0
    assert "needs time_travel" in capsys.readouterr().out


def test_an_unknown_kind_is_no_pass(tmp_path: Path) -> None:
    assert outcome(case({}, kind="horoscope"), tmp_path).state == "failed"


def test_events_are_prepared_as_the_vocabulary_says(tmp_path: Path) -> None:
    assert outcome(case({"users": [1, 1]}, settings={"merge": {"alias": "b"}}), tmp_path).state == "passed"
    kept = {"filter": {"plan": "1"}}
    assert outcome(case({"users": [1, 0], "events": [2, 0]}, settings=kept), tmp_path).state == "passed"
    until = {"as_of": "2024-01-02T10:00:00Z"}  # an event exactly then stays
    assert outcome(case({"users": [1, 1], "events": [2, 1]}, settings=until), tmp_path).state == "passed"
    chosen = {"activity": {"event": "visit", "where": {"plan": 2}}}
    assert outcome(case({"users": [0, 1]}, settings=chosen), tmp_path).state == "passed"


def test_events_in_a_file_beside_the_case(tmp_path: Path) -> None:
    rows = "user_id,event,timestamp,plan\na,visit,2024-01-01T10:00:00Z,1\nb,visit,2024-01-01T11:00:00Z,\n"
    (tmp_path / "events.csv").write_text(rows, encoding="utf-8")
    item = case({"users": [1, 0]}, settings={"activity": {"event": None, "where": {"plan": "1"}}})
    del item["events"]
    assert outcome({**item, "events_file": "events.csv"}, tmp_path).state == "passed"
    with pytest.raises(UserError):
        read_case({**item, "events_file": "../events.csv"}, tmp_path)


def steps(*names: str, **more: Any) -> dict[str, Any]:
    found = [{"event": name, "where": {}, "optional": False} for name in names]
    limits = {"order": "ordered", "window_seconds": None, "attempt": "best", "exclusions": [], "unknown_event": "allow"}
    return {"steps": found, **limits, **more}


def test_a_refusal_is_an_answer(tmp_path: Path) -> None:
    asked = steps("visit", "never", unknown_event="error")
    assert outcome(case({"error": "unknown_event"}, kind="funnel_steps", settings=asked), tmp_path).state == "passed"
    assert outcome(case({"counts": [2, 0]}, kind="funnel_steps", settings=asked), tmp_path).state == "failed"
    assert outcome(case({"error": "unknown_event"}), tmp_path).differences == (
        "result: a number instead of the refusal unknown_event",
    )


NEVER = {"activity": {"event": "never", "where": {}}}
ORDERS = {"order_event": "order", "bins": 5, "scoring": "quantile_ties_equal", "margin": 0.5}
DAY = {"observation_end": "2024-01-31", "period": "day"}
BY_NOTHING = steps("visit", "visit", breakdown={"property": "nothing", "attribution": "first_touch"})
WALK = {"node": {"property": "nothing"}, "include_events": None, "session_gap_seconds": 60, "collapse_repeats": False}


@pytest.mark.parametrize(
    ("kind", "settings", "expected", "events"),
    [
        ("unique_users", NEVER, {"users": [0, 0], "events": [0, 0]}, EVENTS),
        ("active_users", NEVER, {"dau": [0, 0], "dau_over_mau": [None, None], "month_actives": {}}, EVENTS),
        ("daily_states", NEVER, {"active_day_states": {}}, EVENTS),
        ("unique_users", {}, {"users": [0, 0], "events": [0, 0]}, []),
        ("lifecycle", {"periods": 2}, {"new": [0, 0], "dormant": [0, 0], "pulse": [None, None]}, []),
        ("funnel_steps", steps("visit", "pay"), {"counts": [0, 0], "rate_of_previous": [None, 0.0]}, []),
        ("funnel_breakdown", BY_NOTHING, {"groups": {"": {"counts": [2, 1]}}}, EVENTS),
        ("paths", {**WALK, "step_limit": 5}, {"edges": []}, EVENTS),
        ("rfm", ORDERS, {"customers": {}}, EVENTS),
        ("historic_clv", ORDERS, {"net_revenue": 0.0, "orders": 0, "average_order_value": None}, EVENTS),
        ("historic_clv", ORDERS, {"net_revenue": 0.0, "orders": 0}, []),
        ("customer_summary", DAY, {"customers": {}}, []),
    ],
)
def test_nobody_has_numbers_too(
    kind: str, settings: dict[str, Any], expected: Any, events: list[dict[str, Any]], tmp_path: Path
) -> None:
    found = outcome(case(expected, kind=kind, settings=settings) | {"events": events}, tmp_path)
    assert found.differences == () and found.state == "passed"


def test_truth_is_a_text_like_any_other(tmp_path: Path) -> None:
    vip = [{**event, "properties": {"vip": event["user_id"] == "a"}} for event in EVENTS]
    chosen = {"activity": {"event": None, "where": {"vip": True}}}
    assert outcome(case({"users": [1, 0]}, settings=chosen) | {"events": vip}, tmp_path).state == "passed"


def test_lines_of_one_order_are_lines_of_their_days(tmp_path: Path) -> None:
    lines = [
        {"user_id": "a", "event": name, "timestamp": f"2024-01-0{day}T10:00:00Z", "properties": properties}
        for name, day, properties in (
            ("order", 1, {"order_id": "1", "amount": 7}),
            ("refund", 2, {"order_id": "1", "amount": -2}),
        )
    ]
    expected = {"customers": {"a": {"frequency": 1, "recency": 1, "T": 30, "monetary": -2.0}}}
    found = outcome(case(expected, kind="customer_summary", settings=DAY) | {"events": lines}, tmp_path)
    assert found.differences == ()


def test_a_defect_of_the_product_fails_the_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(case: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setitem(runner.ADAPTERS, "unique_users", broken)
    found = outcome(case({"error": "unknown_event"}), tmp_path)
    assert found.state == "failed" and "ZeroDivisionError" in found.differences[0]


@pytest.mark.parametrize("text", ["{", "{}", "[1]", '[{"id": "x"}]'])
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "cases.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError):
        list(read_file(path))
    assert main(["conform", str(path)]) == 1
    assert "no file of conformance cases" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("found", "expected", "same"),
    [
        (1, 1, True),
        (2, 1, False),
        (1.0000005, 1.0, True),
        (1.000002, 1.0, False),
        (1, 1.0, True),
        (None, 0.0, False),
        (0.0, None, False),
        (None, None, True),
        (float("nan"), 1.0, False),
        (True, 1, False),
        (1, True, False),
        ("1", 1, False),
        ([1, 2], [1, 2], True),
        ([1, 2, 3], [1, 2], False),
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({}, {"a": 1}, False),
        ({"groups": {"x": 1, "y": 2}}, {"groups": {"x": 1}}, False),
        ({"groups": {"x": {"counts": [1], "more": 2}}}, {"groups": {"x": {"counts": [1]}}}, True),
        ([1], {"a": 1}, False),
    ],
)
def test_what_counts_as_equal(found: Any, expected: Any, same: bool) -> None:
    assert (list(differences(found, expected, 1e-6)) == []) is same
