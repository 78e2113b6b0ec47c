"""The command line: exit codes, one document for machines, no traceback, the same answers as the pages."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from dashboard.cli import main, parser
from dashboard.cli.output import Output, table, written
from dashboard.errors import UserError

COMMANDS = (
    *("serve", "inspect", "convert", "import", "datasets", "metric"),
    *("targets", "user", "sample", "conform", "delete"),
)


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    """Order lines: two customers, one return, one line without a readable date."""
    path = tmp_path / "orders.csv"
    path.write_text(
        "customer;ordered_on;total;country\n"
        "a1;2025-03-01;10,50;UK\n"
        "a2;2025-03-02;20,00;DE\n"
        "a1;2025-03-25;11,00;UK\n"
        "a2;2025-03-26;-5,00;DE\n"
        "a3;never;1,00;FR\n",
        encoding="utf-8",
    )
    return path


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = main(list(argv))
    out, err = capsys.readouterr()
    return code, out, err


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def answer(capsys: pytest.CaptureFixture[str], *argv: str) -> Any:
    code, out, err = run(capsys, *argv, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert command in capsys.readouterr().out


def test_no_command_is_missing() -> None:
    actions = [a for a in parser()._actions if getattr(a, "choices", None)]
    assert set(actions[-1].choices or ()) == set(COMMANDS)


@pytest.mark.parametrize(
    "argv", [[], ["nonsense"], ["metric"], ["sample", "circus", "--out", "x"], ["datasets", "--x"]]
)
def test_wrong_usage_is_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_from_file_to_number_and_gone(data_dir: Path, orders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = answer(capsys, "import", str(orders), "--name", "Little shop", "--currency", "EUR")
    assert made["version"] == 1 and made["people"] == 2 and made["name"] == "Little shop"
    (file,) = made["files"]
    assert file["kind"] == "transactions"
    assert (file["records"], file["accepted"], file["rejected"]) == (5, 4, 1)
    assert file["rejected_by_rule"] == {"bad_time": 1}

    (listed,) = answer(capsys, "datasets")
    assert (
        listed["id"] == made["dataset"] and listed["first_day"] == "2025-03-01" and listed["last_day"] == "2025-03-26"
    )

    span = ("--range", "2025-03-01..2025-03-31", "--compare", "none")
    revenue = answer(capsys, "metric", "revenue", "little SHOP", *span)
    assert revenue["summary"]["value"] == pytest.approx(36.5)
    german = answer(capsys, "metric", "revenue", made["dataset"], *span, "--where", "country=DE")
    assert german["summary"]["value"] == pytest.approx(15.0)

    code, out, _ = run(capsys, "metric", "revenue", made["dataset"], *span, "--by", "week", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0 and sum(float(row["value"]) for row in rows) == pytest.approx(36.5)

    code, out, err = run(capsys, "delete", "Little shop")
    assert (code, out) == (1, "") and "--yes" in err
    assert answer(capsys, "delete", "Little shop", "--yes") == {"deleted": made["dataset"], "name": "Little shop"}
    assert answer(capsys, "datasets") == []
    assert not (data_dir / "datasets" / made["dataset"]).exists()


def test_adding_a_file_counts_what_was_there(
    data_dir: Path, orders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = answer(capsys, "import", str(orders))
    assert made["name"] == "orders"
    more = tmp_path / "more.csv"
    more.write_text(
        "customer;ordered_on;total;country\na2;2025-03-26;-5,00;DE\na4;2025-04-13;8,00;UK\n", encoding="utf-8"
    )
    added = answer(capsys, "import", str(more), "--into", "orders")
    assert added["dataset"] == made["dataset"] and added["version"] == 2
    assert added["changes"]["already_present"] == 1
    assert added["rows"]["transactions"] == 5
    assert [f["file"] for f in added["files"]] == ["more.csv"]


def test_an_open_question_is_refused_with_the_flag_that_answers_it(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "ambiguous.csv"
    path.write_text(
        "customer,ordered_on,total\na1,03/04/2025,10\na2,05/06/2025,20\na1,07/08/2025,3\n", encoding="utf-8"
    )
    code, out, err = run(capsys, "import", str(path))
    assert (code, out) == (1, "")
    assert "3 April or 4 March" in err and "--answer date_order=dmy|mdy" in err
    assert err.count("\n") == 1
    days = {}
    for order in ("dmy", "mdy"):
        answer(capsys, "import", str(path), "--name", order, "--answer", f"date_order={order}")
        days[order] = next(d["first_day"] for d in answer(capsys, "datasets") if d["name"] == order)
    assert days == {"dmy": "2025-04-03", "mdy": "2025-03-04"}


def test_a_column_can_be_mapped(data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "members.csv"
    path.write_text("user_id,tier,country\n1,gold,UK\n2,silver,DE\n3,gold,UK\n", encoding="utf-8")
    made = answer(capsys, "import", str(path), "--map", "tier=plan", "--map", "COUNTRY=ignored")
    columns = {c["header"]: (c["use"], c["name"]) for c in made["files"][0]["plan"]["columns"]}
    assert columns["tier"] == ("field", "plan") and columns["country"][0] == "ignored"
    for wrong in ("tier=nonsense", "nothing=plan", "tier"):
        code, _, err = run(capsys, "import", str(path), "--map", wrong)
        assert code == 1 and err.startswith("error: ")


def test_inspect_says_what_it_is_and_writes_nothing(
    data_dir: Path, orders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(capsys, "inspect", str(orders))
    assert found["kind"] == "transactions" and found["records"] == 5
    assert found["plan"]["dialect"]["delimiter"] == ";"
    assert found["open_questions"] == [] and found["missing"] == []
    code, out, err = run(capsys, "inspect", str(orders))
    assert (code, err) == (0, "") and "ordered_on" in out and "order_time" in out
    assert not (data_dir / "catalogue.db").exists()


def test_convert_keeps_every_cell_as_typed(data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "raw.txt"
    path.write_bytes('id\tname\tvalue\n00123\tJosé "Pepe"\tNA\nshort\n17850.0\t=1+1\t1.234,56\n\n'.encode("cp1252"))
    clean = tmp_path / "clean.csv"
    said = answer(capsys, "convert", str(path), "--out", str(clean), "--encoding", "cp1252")
    assert list(read(clean)[0]) == ["id", "name", "value"]
    assert [list(row.values()) for row in read(clean)] == [
        ["00123", 'José "Pepe"', "NA"],
        ["17850.0", "=1+1", "1.234,56"],
    ]
    assert (said["records"], said["accepted"], said["rejected"]) == (3, 2, 1)
    refused = read(Path(said["rejected_file"]))
    assert [row["rule"] for row in refused] == ["too_few_fields"]


def test_convert_adds_nothing_to_a_table_without_ids(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, clean = tmp_path / "people.csv", tmp_path / "clean.csv"
    text = "age,city,spend\n" + "".join(f"{20 + i % 50},Rome,{i % 7}.5\n" for i in range(80))
    path.write_text(text, encoding="utf-8")
    said = answer(capsys, "convert", str(path), "--out", str(clean))
    assert (said["accepted"], said["rejected_file"]) == (80, None)
    assert clean.read_text(encoding="utf-8") == text
    assert sorted(p.name for p in tmp_path.glob("*.*")) == ["clean.csv", "people.csv"]


def test_convert_to_a_pipe_and_to_no_place(
    data_dir: Path, orders: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    refused = tmp_path / "refused.csv"
    assert main(["convert", str(orders), "--out", "-", "--rejected", str(refused)]) == 0
    out, err = capfdbinary.readouterr()
    assert out.splitlines()[:2] == [b"customer,ordered_on,total,country", b'a1,2025-03-01,"10,50",UK']
    assert err.startswith(b"5 rows written")
    assert main(["convert", str(orders), "--out", str(tmp_path / "no" / "where.csv")]) == 1
    out, err = capfdbinary.readouterr()
    assert out == b"" and b"cannot be written" in err and err.count(b"\n") == 1


def test_refusals_are_one_line_and_json_when_asked(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.csv"
    page.write_text("<!DOCTYPE html><html></html>", encoding="utf-8")
    for argv in (["inspect", str(page)], ["inspect", str(tmp_path / "none.csv")], ["metric", "mau", "nowhere"]):
        code, out, err = run(capsys, *argv, "--json")
        assert code == 1
        assert set(json.loads(out)["error"]) == {"code", "message", "hint"}
        assert err.startswith("error: ") and err.count("\n") == 1 and "Traceback" not in err


def test_a_defect_is_a_reference_and_never_a_traceback(
    data_dir: Path, orders: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("secret cell value")

    monkeypatch.setattr("dashboard.ingest.inspect.inspect_file", broken)
    code, out, err = run(capsys, "inspect", str(orders))
    assert (code, out) == (1, "")
    assert "Reference" in err and "secret" not in err and "Traceback" not in err
    log = (data_dir / "logs" / "cli.log").read_text(encoding="utf-8")
    assert "RuntimeError" in log and "secret" not in log


def test_bad_range_day_and_condition_are_refused(
    data_dir: Path, orders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = answer(capsys, "import", str(orders))["dataset"]
    for wrong in (
        ["--range", "fortnight"],
        ["--range", "2025-02-30..2025-03-01"],
        ["--as-of", "soon"],
        ["--where", "UK"],
    ):
        code, out, err = run(capsys, "metric", "revenue", made, *wrong)
        assert (code, out) == (1, "") and err.startswith("error: ")
    code, _, err = run(capsys, "metric", "nonsense", made)
    assert code == 1 and f"metric list {made}" in err
    names = {item["key"] for item in answer(capsys, "metric", "list", made)}
    assert {"revenue", "orders", "aov"} <= names


def test_targets_are_a_file_with_that_many_people(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "people.csv"
    lines = [f"{n},{'UK' if n % 2 else 'DE'},{n * 10},2025-0{1 + n % 3}-15" for n in range(1, 61)]
    path.write_text("user_id,country,watch_hours,last_login\n" + "\n".join(lines) + "\n", encoding="utf-8")
    made = answer(capsys, "import", str(path))["dataset"]
    everyone, british = tmp_path / "all.csv", tmp_path / "uk.csv"
    said = answer(capsys, "targets", made, "--out", str(everyone))
    listed = read(everyone)
    assert said["people"] == len(listed)
    answer(capsys, "targets", made, "--out", str(british), "--where", "country=UK")
    fewer = read(british)
    assert {row["user_id"] for row in fewer} == {row["user_id"] for row in listed if row["country"] == "UK"}
    code, _, err = run(capsys, "targets", made, "--out", str(tmp_path / "no" / "where.csv"))
    assert code == 1 and "cannot be written" in err


def test_sample_writes_files_and_answer_key(data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = answer(capsys, "sample", "streaming", "--events", "1000", "--seed", "7", "--out", str(tmp_path / "made"))
    assert all(Path(name).stat().st_size > 0 for name in said["files"])
    assert json.loads(Path(said["answer_key"]).read_text())["seed"] == 7
    again = answer(capsys, "sample", "streaming", "--events", "1000", "--seed", "7", "--out", str(tmp_path / "again"))
    for first, second in zip(said["files"], again["files"], strict=True):
        assert Path(first).read_bytes() == Path(second).read_bytes()
    code, _, err = run(capsys, "sample", "streaming", "--events", "12", "--out", str(tmp_path / "few"))
    assert code == 1 and "1,000" in err


def test_written_leaves_nothing_half(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("before")
    with pytest.raises(RuntimeError), written(target) as stream:
        stream.write(b"half")
        raise RuntimeError
    assert target.read_text() == "before" and list(tmp_path.iterdir()) == [target]
    with written(target) as stream:
        stream.write(b"whole")
    assert target.read_text() == "whole"


def test_table_aligns_numbers_right() -> None:
    assert table(("name", "rows"), [("a", 5), ("bb", 1200)]) == ["name   rows", "a         5", "bb    1,200"]


def test_progress_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Output().progress() as progress:
        progress("Reading", 5, 10)
        progress("Writing", 1, None)
    assert capsys.readouterr().err == ""


def test_refusal_has_no_line_breaks(capsys: pytest.CaptureFixture[str]) -> None:
    Output().refused(UserError("x", "First\nsecond.", "Then\nthis."))
    assert capsys.readouterr().err == "error: First second. Then this.\n"
