"""Reading: what each kind of row and cell becomes, and that every record is accounted for."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.errors import UserError
from dashboard.ingest import tokenize_chunks
from dashboard.ingest.limits import Limits
from dashboard.ingest.plan import ROW_NUMBER, ColumnPlan, Dialect, ImportOptions, SourcePlan, TimeFormat
from dashboard.ingest.read import read_source
from dashboard.ingest.report import SourceReport, report_from_json

NOW = int(dt.datetime(2025, 6, 1, tzinfo=dt.UTC).timestamp()) * 1_000_000
EVENTS = (("user_id", "id"), ("event_time", "time"), ("event_name", "category"), ("amount", "number"))


def plan_of(columns: tuple[tuple[str, str], ...], kind: str = "events", **more: Any) -> SourcePlan:
    """Every column under its own name; canonical where the table knows it."""
    made = tuple(
        ColumnPlan(i, name, name, "field", type_, TimeFormat() if type_ == "time" else None)  # type: ignore[arg-type]
        for i, (name, type_) in enumerate(columns)
    )
    return SourcePlan(kind, columns=made, **more)  # type: ignore[arg-type]


def read(
    tmp_path: Path,
    content: str | bytes,
    plan: SourcePlan,
    *,
    options: ImportOptions | None = None,
    limits: Limits | None = None,
    threads: int = 1,
) -> tuple[list[dict[str, Any]], SourceReport, list[dict[str, str]]]:
    """(rows, report, rejected rows)."""
    path, rejects = tmp_path / "file.csv", tmp_path / "rejects.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    rejects.unlink(missing_ok=True)
    with read_source(
        path, plan, options or ImportOptions(), staging=tmp_path, rejects=rejects, limits=limits or Limits(),
        now=NOW, threads=threads,
    ) as reader:  # fmt: skip
        batches = list(reader)
        for batch in batches:
            batch.validate(full=True)
        rows = pa.Table.from_batches(batches, reader.schema).to_pylist()
        report = reader.report
    assert report.accepted == len(rows)
    assert report.accepted + report.rejected == report.records
    found: list[dict[str, str]] = []
    if rejects.exists():
        with rejects.open(encoding="utf-8-sig", newline="") as file:
            found = list(csv.DictReader(file))
    assert len(found) == report.rejected
    return rows, report, found


def column(rows: list[dict[str, Any]], name: str) -> list[Any]:
    return [row[name] for row in rows]


def test_a_plain_file(tmp_path: Path) -> None:
    rows, report, _ = read(
        tmp_path,
        "user_id,event_time,event_name,amount\nu1,2025-03-08 12:30:00,buy,9.5\n\nu2,2025-03-09,,\n",
        plan_of(EVENTS),
    )
    assert [{k: v for k, v in row.items() if k != "_hash"} for row in rows[:1]] == [
        {
            "_record": 1,
            "user_id": "u1",
            "event_time": dt.datetime(2025, 3, 8, 12, 30, tzinfo=dt.UTC),
            "event_name": "buy",
            "amount": 9.5,
        }
    ]
    assert rows[1]["event_name"] is None
    assert rows[1]["amount"] != rows[1]["amount"]
    assert (report.records, report.accepted, report.counters) == (2, 2, {"blank": 1})
    assert [(c.name, c.missing, c.distinct) for c in report.columns] == [
        ("user_id", 0, 2), ("event_time", 0, 0), ("event_name", 1, 1), ("amount", 1, 0)
    ]  # fmt: skip
    assert report.first_time == int(dt.datetime(2025, 3, 8, 12, 30, tzinfo=dt.UTC).timestamp()) * 1_000_000
    assert report_from_json(report.to_json()) == report


def test_every_row_rule(tmp_path: Path) -> None:
    content = (
        "user_id,event_time,event_name,amount\n"
        "u1,2025-03-08,a,1\n"
        "u2,2025-03-08,a,1,surplus\n"
        "u3,2025-03-08\n"
        'u4,2025-03-08,"a"b,1\n'
        "u5,not a time,a,1\n"
        "u6,,a,1\n"
        "u7,NULL,a,1\n"
        "user_id,event_time,event_name,amount\n"
        "Total,,,5\n"
        ",2025-03-08,guest,1\n"
        f"u9,2025-03-08,{'x' * 300},1\n"
    )
    rows, report, rejects = read(tmp_path, content, plan_of(EVENTS), limits=Limits(field_bytes=200))
    assert column(rows, "user_id") == ["u1", None]
    assert column(rows, "_record") == [1, 10]
    assert report.rejected_by_rule == {
        "no_time": 2, "bad_time": 1, "quote": 1, "repeated_header": 1, "too_few_fields": 1, "too_long": 1,
        "too_many_fields": 1, "total_row": 1,
    }  # fmt: skip
    assert report.count("guest") == 1
    assert [(int(r["line"]), int(r["record"]), r["rule"]) for r in rejects] == [
        (3, 2, "too_many_fields"), (4, 3, "too_few_fields"), (5, 4, "quote"), (6, 5, "bad_time"), (7, 6, "no_time"),
        (8, 7, "no_time"), (9, 8, "repeated_header"), (10, 9, "total_row"), (12, 11, "too_long"),
    ]  # fmt: skip
    bad = rejects[3]
    assert (bad["column"], bad["value"], bad["source"]) == ("event_time", "not a time", "file.csv")
    assert bad["what is wrong"] and bad["hint"]
    # a rejected record leaves no trace in a dictionary
    assert next(c.distinct for c in report.columns if c.name == "event_name") == 2


def test_countless_rejects_are_counted_and_the_first_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.ingest.clean.MOST_LISTED", 3)
    path, rejects = tmp_path / "file.csv", tmp_path / "rejects.csv"
    path.write_text("u,t,n,a\n" + "u,never,a,1\nshort\n" * 5 + "u,2025-03-08,a,1\n")
    with read_source(path, plan_of(EVENTS), ImportOptions(), staging=tmp_path, rejects=rejects) as reader:
        assert sum(batch.num_rows for batch in reader) == 1
    assert reader.report.rejected_by_rule == {"bad_time": 5, "too_few_fields": 5}
    assert reader.report.notes == ("The file of rejected rows lists the first 3 of them.",)
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        assert [row["line"] for row in csv.DictReader(file)] == ["2", "3", "4"]


def test_users_without_an_id_are_rejected_and_totals_too(tmp_path: Path) -> None:
    plan = plan_of((("user_id", "id"), ("country", "category"), ("usage", "number")), "users")
    rows, report, _ = read(tmp_path, "id,c,u\n1,DE,5\n,FR,6\nGrand total,,11\nTotila,IT,1\n", plan)
    assert column(rows, "user_id") == ["1", "Totila"]
    assert report.rejected_by_rule == {"no_user": 1, "total_row": 1}


def test_rejected_values_cannot_become_formulas(tmp_path: Path) -> None:
    _, _, rejects = read(tmp_path, 'u,t,n,a\nu1,"=HYPERLINK(1)",a,1\n', plan_of(EVENTS))
    assert rejects[0]["value"] == "'=HYPERLINK(1)"


@pytest.mark.parametrize(
    ("cells", "ids", "counter"),
    [
        (("00123", "4.90E+12", "12345678901234567890"), None, ("placeholder_id", 0)),
        (("NA", "NULL", "nan", "None", "0000-0000", "Nadia"), None, ("placeholder_id", 5)),
        (('" a "', "\u00a0b"), ("a", "b"), ("trimmed_id", 2)),
        (('"say ""hi"""',), ('say "hi"',), ("trimmed_id", 0)),
        (("e\u0301", "\u00e9"), None, ("cleaned_cell", 0)),
    ],
)
def test_ids_stay_as_typed(
    tmp_path: Path, cells: tuple[str, ...], ids: tuple[str, ...] | None, counter: tuple[str, int]
) -> None:
    ids = ids or cells
    content = "u,t,n,a\n" + "".join(f"{cell},2025-03-08,a,1\n" for cell in cells)
    rows, report, _ = read(tmp_path, content, plan_of(EVENTS))
    assert column(rows, "user_id") == list(ids)
    assert report.count(counter[0]) == counter[1]
    if counter[0] == "placeholder_id" and counter[1]:
        assert dict(report.columns[0].placeholders) == dict.fromkeys(ids[:5], 1)


def test_whole_number_ids_lose_their_decimal_zero(tmp_path: Path) -> None:
    user = ColumnPlan(0, "u", "user_id", "field", "id", strip_decimal_zero=True)
    when = ColumnPlan(1, "t", "event_time", "field", "time", TimeFormat())
    rows, report, _ = read(
        tmp_path,
        "u,t\n17850.0,2025-03-08\n17850,2025-03-08\na.0,2025-03-08\n",
        SourcePlan("events", columns=(user, when)),
    )
    assert column(rows, "user_id") == ["17850", "17850", "a.0"]
    assert report.count("stripped_id") == 1


def test_texts_are_cleaned_and_null_words_are_null(tmp_path: Path) -> None:
    cells = ["N/A", "nan", "-", "Norway", "e\u0301", "\u00e9", '"a\nb"', "x\u202ey", "a\ufffd", '"q""q"']
    content = "u,t,n,a\n" + "".join(f"u,2025-03-08,{cell},1\n" for cell in cells)
    rows, report, _ = read(tmp_path, content, plan_of(EVENTS))
    assert column(rows, "event_name") == [None, None, None, "Norway", "\u00e9", "\u00e9", "a b", "xy", "a\ufffd", 'q"q']
    assert report.columns[2].missing == 3
    assert report.columns[2].distinct == 6
    assert report.count("cleaned_cell") == 3


def test_unreadable_optional_cells_are_empty_and_counted(tmp_path: Path) -> None:
    rows, report, _ = read(
        tmp_path, "u,t,n,a\nu,2025-03-08,a,N/A\nu,2025-03-08,a,twelve\nu,2025-03-08,a,12\n", plan_of(EVENTS)
    )
    assert [a == a for a in column(rows, "amount")] == [False, False, True]
    assert (report.count("bad_cell"), report.columns[3].missing, report.columns[3].bad) == (1, 1, 1)
    assert report.rejected == 0


def test_future_and_placeholder_times_leave_the_row_without_a_time(tmp_path: Path) -> None:
    stamps = [
        "2999-01-01",
        "2025-06-01 23:00",
        "2025-06-02 00:00:01",
        "1900-01-01",
        "0000-00-00 00:00:00",
        "1970-01-01",
    ]
    content = "u,t,n,a\n" + "".join(f"u,{stamp},a,1\n" for stamp in stamps)
    rows, report, _ = read(tmp_path, content, plan_of(EVENTS))
    assert [value is None for value in column(rows, "event_time")] == [True, False, True, True, True, True]
    assert (report.count("future_time"), report.count("impossible_time"), report.rejected) == (2, 3, 0)


def test_naive_times_are_in_the_dataset_zone(tmp_path: Path) -> None:
    content = (
        "u,t,n,a\nu,2025-03-30 02:30,a,1\nu,2024-10-27 02:30,a,1\nu,2025-01-15 12:00,a,1\nu,2025-01-15 12:00Z,a,1\n"
    )
    rows, report, _ = read(tmp_path, content, plan_of(EVENTS), options=ImportOptions(time_zone="Europe/Berlin"))
    assert [t.strftime("%d %H:%M") for t in column(rows, "event_time")] == [
        "30 01:30",
        "27 00:30",
        "15 11:00",
        "15 12:00",
    ]
    assert (report.count("dst_gap"), report.count("dst_fold")) == (1, 1)


def test_booleans(tmp_path: Path) -> None:
    plan = plan_of((("user_id", "id"), ("churned", "boolean")), "users")
    rows, report, _ = read(tmp_path, "u,c\n1,Yes\n2,false\n3,1\n4,\n5,NA\n6,perhaps\n", plan)
    assert column(rows, "churned") == [1, 0, 1, -1, -1, -1]
    assert (report.columns[1].missing, report.columns[1].bad) == (2, 1)


def test_short_rows_can_be_padded_and_surplus_empty_cells_do_no_harm(tmp_path: Path) -> None:
    plan = plan_of(EVENTS, dialect=Dialect(short_rows="pad"))
    rows, report, _ = read(tmp_path, "u,t,n,a\nu,2025-03-08\nu,2025-03-08,b,1,,\n", plan)
    assert column(rows, "event_name") == [None, "b"]
    assert (report.count("padded"), report.count("trimmed_rows")) == (1, 1)


def test_footer_comments_and_preamble(tmp_path: Path) -> None:
    plan = plan_of(EVENTS, dialect=Dialect(skip_lines=2, comment="#", footer_rows=1))
    rows, report, _ = read(tmp_path, 'x\n"y\nu,t,n,a\n#no\nu,2025-03-08,b,1\nTotal,,,\n', plan)
    assert column(rows, "_record") == [1]
    assert (report.records, report.count("comment"), report.count("footer")) == (1, 1, 1)


def test_bytes_that_do_not_fit_are_replaced_and_counted(tmp_path: Path) -> None:
    rows, report, _ = read(tmp_path, b"u,t,n,a\nu,2025-03-08,caf\xe9,1\nu,2025-03-08,a\0b,1\n", plan_of(EVENTS))
    assert column(rows, "event_name") == ["caf\ufffd", "a\ufffdb"]
    assert (report.count("undecodable"), report.count("nul")) == (1, 1)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "gb18030", "latin-1"]
)
@pytest.mark.parametrize("packed", [False, True])
def test_encodings_and_packing_change_nothing(tmp_path: Path, encoding: str, packed: bool) -> None:
    content = "u,t,n,a\nJosé,2025-03-08,é,1\nJo,2025-03-09,ü,2\n"
    plan = plan_of(EVENTS, dialect=Dialect(encoding=encoding), packed=packed)
    data = content.encode(encoding)
    rows, report, _ = read(tmp_path, gzip.compress(data) if packed else data, plan)
    plain, _, _ = read(tmp_path, content, plan_of(EVENTS))
    assert rows == plain
    assert column(rows, "user_id") == ["José", "Jo"]
    assert report.counters == {}


def test_fingerprints(tmp_path: Path) -> None:
    plan = plan_of(EVENTS)
    rows, _, _ = read(
        tmp_path, 'u,t,n,a\na,2025-03-08,x,1\n"a" ,2025-03-08,"x",1\na,2025-03-08,x,2\nx,2025-03-08,a,1\n', plan
    )
    same, again, other, swapped = column(rows, "_hash")
    assert same == again
    assert len({same, other, swapped}) == 3
    turned = tuple(reversed(EVENTS))
    rows, _, _ = read(tmp_path, "a,n,t,u\n1,x,2025-03-08,a\n", plan_of(turned))
    assert column(rows, "_hash") == [same]
    ignored = SourcePlan("events", columns=(*plan.columns[:3], ColumnPlan(3, "a", "a", "ignored")))
    rows, _, _ = read(tmp_path, "u,t,n,a\na,2025-03-08,x,1\na,2025-03-08,x,2\n", ignored)
    assert len(set(column(rows, "_hash"))) == 2
    assert "a" not in rows[0]


def test_people_without_ids_are_numbered(tmp_path: Path) -> None:
    number = ColumnPlan(ROW_NUMBER, "", "user_id", "field", "id")
    plan = SourcePlan("users", columns=(ColumnPlan(0, "c", "country", "field", "category"), number))
    rows, report, _ = read(tmp_path, "c\nDE\nFR\nDE\n", plan)
    assert [(row["country"], row["user_id"]) for row in rows] == [("DE", "1"), ("FR", "2"), ("DE", "3")]
    assert rows[0]["_hash"] == rows[2]["_hash"]
    assert report.rejected == 0


def big(rows: int) -> str:
    rng = random.Random(7)
    lines = ["u,t,n,a"]
    for i in range(rows):
        lines.append(
            f"u{rng.randrange(500)},2025-03-{rng.randrange(1, 29):02d} 10:00:00,e{rng.randrange(9)}é,{rng.random():.3f}"
        )
        if i % 97 == 0:
            lines.append("broken," + '"x"y' * rng.randrange(2))
        if i % 501 == 0:
            lines.append(f"u1,{'never' * rng.randrange(3)},a,1")
    return "\n".join(lines)


def test_threads_give_the_same_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.ingest.read.CHUNK_BYTES", 1 << 16)
    monkeypatch.setattr(tokenize_chunks.Tokenizer.__init__, "__defaults__", (1 << 15,))
    content = big(20_000)
    alone, report, rejects = read(tmp_path, content, plan_of(EVENTS))
    for threads in (2, 5):
        together, other, found = read(tmp_path, content, plan_of(EVENTS), threads=threads)
        assert together == alone
        assert found == rejects
        assert (other.counters, other.columns, other.rejected_by_rule) == (
            report.counters,
            report.columns,
            report.rejected_by_rule,
        )
    assert report.rejected > 200


def test_dictionaries_only_grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenize_chunks.Tokenizer.__init__, "__defaults__", (1 << 12,))
    path = tmp_path / "file.csv"
    path.write_text("u,t,n,a\n" + "".join(f"user {i},2025-03-08,e,1\n" for i in range(3000)))
    reader = read_source(path, plan_of(EVENTS), ImportOptions(), staging=tmp_path, limits=Limits())
    batches = list(reader)
    assert len(batches) > 5
    last = batches[-1].column("user_id").dictionary.to_pylist()
    for batch in batches:
        texts = batch.column("user_id").dictionary.to_pylist()
        assert texts == last[: len(texts)]
    assert last == [f"user {i}" for i in range(3000)]


def test_stopping_early_and_failing_release_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.ingest.read.CHUNK_BYTES", 1 << 12)
    monkeypatch.setattr(tokenize_chunks.Tokenizer.__init__, "__defaults__", (1 << 12,))
    path = tmp_path / "file.csv"
    path.write_text(big(5000))
    with read_source(path, plan_of(EVENTS), ImportOptions(), staging=tmp_path, limits=Limits(), threads=2) as reader:
        assert next(iter(reader)).num_rows
        with pytest.raises(RuntimeError, match="not been read"):
            _ = reader.report
    with pytest.raises(UserError, match="more than 100 rows"):
        list(read_source(path, plan_of(EVENTS), ImportOptions(), staging=tmp_path, limits=Limits(rows=100), threads=2))


def test_progress_ends_at_the_size_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text(big(100))
    seen: list[tuple[str, int, int | None]] = []
    list(read_source(path, plan_of(EVENTS), ImportOptions(), staging=tmp_path, progress=lambda *a: seen.append(a)))
    assert seen[-1] == ("read", path.stat().st_size, path.stat().st_size)


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Two columns"):
        read(tmp_path, "a,b\n1,2\n", plan_of((("user_id", "id"), ("user_id", "id")), "users"))


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=20))
def test_any_text_survives_as_an_id(tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str]]) -> None:
    from dashboard.ingest.records import trim

    tmp_path = tmp_path_factory.mktemp("ids")
    file = io.StringIO()
    csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(
        [("key", "a", "b"), *((f"k{i}", *c) for i, c in enumerate(cells))]
    )
    plan = plan_of((("key", "id"), ("a", "id"), ("b", "id")), "users")
    rows, report, _ = read(tmp_path, file.getvalue(), plan)
    wanted = [tuple(trim(c.encode()).decode() or None for c in pair) for pair in cells]
    assert [(row["a"], row["b"]) for row in rows] == wanted
    assert report.rejected == 0
