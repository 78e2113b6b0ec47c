"""Real files, inspected and read without correction: rows, nulls, ids and duplicates as published."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from dashboard.ingest.inspect import inspect_file
from dashboard.ingest.limits import Limits
from dashboard.ingest.plan import ImportOptions
from dashboard.ingest.read import read_source
from dashboard.ingest.report import SourceReport


def read(path: Path, staging: Path) -> tuple[pa.Table, SourceReport]:
    plan = inspect_file(path, file_name=path.name, limits=Limits()).plan
    with read_source(path, plan, ImportOptions(), staging=staging, limits=Limits(), threads=2) as reader:
        table = pa.Table.from_batches(list(reader), reader.schema)
        assert list(staging.iterdir()) == []
        return table, reader.report


@pytest.mark.parametrize(
    ("file", "kind", "rows"),
    [
        ("cdnow/CDNOW_master.txt", "transactions", 69_659),
        ("cdnow/CDNOW_sample.txt", "transactions", 6_919),
        ("complete_journey/transactions_sample.csv.gz", "transactions", 75_000),
        ("complete_journey/demographics.csv.gz", "users", 801),
        ("ecom_events/ecom_events.csv.gz", "events", 31_106),
        ("sparkify_events/sparkify_events.jsonl.gz", "events", 8_056),
        ("streaming_users/netflix_users.csv", "users", 25_000),
        ("telco_churn/telco_customer_churn.csv", "users", 7_043),
        ("hillstrom/hillstrom.csv.gz", "users", 64_000),
        ("ravenstack/ravenstack_accounts.csv", "users", 500),
        ("ravenstack/ravenstack_feature_usage.csv", "events", 25_000),
    ],
)
def test_every_row_is_accepted(real_data: Path, tmp_path: Path, file: str, kind: str, rows: int) -> None:
    table, report = read(real_data / file, tmp_path)
    assert (report.kind, report.records, report.accepted, table.num_rows) == (kind, rows, rows, rows)


def test_online_retail(real_data: Path, tmp_path: Path) -> None:
    table, report = read(real_data / "online_retail" / "online_retail.csv.gz", tmp_path)
    assert (report.records, report.accepted, report.rejected) == (541_909, 541_909, 0)
    missing = {column.name: column.missing for column in report.columns}
    assert (missing["user_id"], missing["description"], missing["country"]) == (135_080, 1_454, 0)
    assert report.count("guest") == 135_080
    assert report.count("stripped_id") == 406_829
    assert 541_909 - pc.count_distinct(table["_hash"]).as_py() == 5_268
    assert "17850" in table["user_id"].combine_chunks().dictionary.to_pylist()
    distinct = {column.name: column.distinct for column in report.columns}
    assert [distinct[n] for n in ("order_id", "product_id", "user_id", "country")] == [25_900, 4_070, 4_372, 38]
    assert table["order_time"].cast(pa.string())[0].as_py().startswith("2010-12-01 08:26:00")
    assert pc.sum(pc.multiply(table["quantity"], table["unit_price"])).as_py() == pytest.approx(9_747_747.93, abs=0.01)


def test_sparkify(real_data: Path, tmp_path: Path) -> None:
    table, report = read(real_data / "sparkify_events" / "sparkify_events.jsonl.gz", tmp_path)
    assert table.num_rows - table["user_id"].null_count == 7_770
    assert pc.count_distinct(table["user_id"].cast(pa.large_string())).as_py() == 97
    assert report.count("guest") == 286
    assert table["event_time"].null_count == 0


def test_cdnow(real_data: Path, tmp_path: Path) -> None:
    table, _ = read(real_data / "cdnow" / "CDNOW_master.txt", tmp_path)
    assert pc.count_distinct(table["user_id"].cast(pa.large_string())).as_py() == 23_570
    ends = pc.min_max(table["order_time"].cast(pa.string())).as_py()
    assert (ends["min"][:10], ends["max"][:10]) == ("1997-01-01", "1998-06-30")
    assert table.num_rows - pc.count_distinct(table["_hash"]).as_py() == 255


def test_ecom_events(real_data: Path, tmp_path: Path) -> None:
    table, report = read(real_data / "ecom_events" / "ecom_events.csv.gz", tmp_path)
    distinct = {column.name: column.distinct for column in report.columns}
    assert (distinct["user_id"], distinct["session_id"], distinct["event_name"]) == (600, 3_605, 19)
    assert table.num_rows - pc.count_distinct(table["_hash"]).as_py() == 30


def test_streaming_users(real_data: Path, tmp_path: Path) -> None:
    table, report = read(real_data / "streaming_users" / "netflix_users.csv", tmp_path)
    assert [column.missing for column in report.columns] == [0] * len(report.columns)
    assert pc.mean(table["usage"]).as_py() == pytest.approx(500.468858, abs=1e-6)
    countries = {
        row["values"]: row["counts"] for row in pc.value_counts(table["country"].cast(pa.large_string())).to_pylist()
    }
    assert (countries["UK"], countries["Germany"], countries["India"]) == (2_592, 2_547, 2_505)
