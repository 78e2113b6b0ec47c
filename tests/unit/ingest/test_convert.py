"""Conversion: the cells of the file and nothing else, in a form every reader understands."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.errors import UserError
from dashboard.ingest import records
from dashboard.ingest.convert import convert
from dashboard.ingest.limits import Limits
from dashboard.ingest.plan import ROW_NUMBER, ColumnPlan, Dialect, SourcePlan


def plan_of(width: int, **more: object) -> SourcePlan:
    columns = tuple(ColumnPlan(i, f"h{i}", f"n{i}", "property", "number") for i in range(width))
    return SourcePlan("users", columns=columns, **more)  # type: ignore[arg-type]


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


NASTY = st.text(alphabet=list('ab,;""\'\\\n\r\t é'), max_size=80)


@settings(max_examples=300, deadline=None)
@given(NASTY, st.sampled_from([Dialect(), Dialect(delimiter=";", escape="\\"), Dialect(quote="'", short_rows="pad")]))
def test_cells_are_those_of_the_definition(
    tmp_path_factory: pytest.TempPathFactory, text: str, dialect: Dialect
) -> None:
    folder = tmp_path_factory.mktemp("convert")
    path, out = folder / "in.csv", folder / "out.csv"
    data = text.encode()
    path.write_bytes(data)
    report = convert(path, plan_of(3, dialect=dialect), out, staging=folder, limits=Limits())
    wanted = list(records.rows(data, dialect, Limits(), 3))
    cells = [[c.decode() for c in record.cells] for record in wanted if record.cells is not None]
    assert read(out) == [["h0", "h1", "h2"], *cells]
    assert (report.records, report.accepted) == (len(wanted), len(cells))
    again = folder / "again.csv"
    convert(out, plan_of(3), again, staging=folder, limits=Limits())
    assert again.read_bytes() == out.read_bytes()


def test_rejects_names_and_values_as_typed(tmp_path: Path) -> None:
    path, out, rejects = tmp_path / "in.csv", tmp_path / "out.csv", tmp_path / "rejects.csv"
    path.write_text('a;;c\n00123;"x, ""y""";17850.0\n1;2\n"",,;"";""\nNA;nan;e\u0301\n')
    columns = [ColumnPlan(i, h, f"n{i}", "property", "number") for i, h in enumerate(["a, b", " ", "c"])]
    number = ColumnPlan(ROW_NUMBER, "", "user_id", "field", "id")
    plan = SourcePlan("users", columns=(*columns, number), dialect=Dialect(delimiter=";"))
    report = convert(path, plan, out, staging=tmp_path, rejects=rejects, limits=Limits())
    assert read(out) == [["a, b", "column 2", "c"], ["00123", 'x, "y"', "17850.0"], ["NA", "nan", "e\u0301"]]
    assert report.rejected_by_rule == {"quote": 1, "too_few_fields": 1}
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        assert [row["line"] for row in csv.DictReader(file)] == ["3", "4"]


def test_a_record_of_empty_cells_stays_a_record(tmp_path: Path) -> None:
    path, out = tmp_path / "in.csv", tmp_path / "out.csv"
    path.write_text('a,b\n"",""\n1,2\n')
    assert convert(path, plan_of(2), out, staging=tmp_path, limits=Limits()).accepted == 2
    assert out.read_text() == 'h0,h1\n,""\n1,2\n'


def test_json_and_progress(tmp_path: Path) -> None:
    path, out = tmp_path / "in.json", tmp_path / "out.csv"
    path.write_text(json.dumps([{"h0": 1, "h1": "x\ny"}, {"h1": None, "h0": 2}]))
    seen: list[tuple[str, int, int | None]] = []
    convert(path, plan_of(2, format="json"), out, staging=tmp_path, limits=Limits(), progress=lambda *a: seen.append(a))
    assert read(out) == [["h0", "h1"], ["1", "x\ny"], ["2", ""]]
    assert seen
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.json", "out.csv"]


def test_nothing_is_left_of_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(UserError):
        convert(path, plan_of(2, packed=True), tmp_path / "out.csv", staging=tmp_path, limits=Limits())
    assert [p.name for p in tmp_path.iterdir()] == ["in.csv"]
