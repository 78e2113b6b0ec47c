"""Published figures of real data sets, from the file through reading, building and publishing to the stored version.

The plans are written by hand here, so that these tests speak about reading and storing, not about recognition.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dashboard.filters import day_date
from dashboard.ingest import publish
from dashboard.ingest.layout import Source
from dashboard.ingest.plan import ColumnPlan, Dialect, ImportOptions, SourcePlan, TimeFormat
from dashboard.schema import TableName, field
from dashboard.store.dataset import Dataset, open_dataset


def source(number: int, path: Path, kind: TableName, columns: dict[str, str], **plan: Any) -> Source:
    """columns: header -> "name" or "name:option"; names that are no fields become properties of type category."""
    plans = []
    for index, (header, text) in enumerate(columns.items()):
        name, _, option = text.partition(":")
        known = field(kind, name)
        type_ = known.type if known else (option if option in ("number", "text") else "category")
        time = None
        if type_ == "time":
            time = (
                TimeFormat(kind="epoch", unit="ms")
                if option == "ms"
                else TimeFormat(
                    order=option.rstrip("*") or "ymd",  # type: ignore[arg-type]
                    has_time=not option.endswith("*"),
                )
            )
        plans.append(
            ColumnPlan(
                index, header, name, "field" if known else "property", type_, time, strip_decimal_zero=option == "strip"
            )
        )  # type: ignore[arg-type]
    return Source(f"{number:032x}", path, path.name, SourcePlan(kind, columns=tuple(plans), **plan))


def store(*sources: Source, **options: Any) -> Dataset:
    result = publish.import_sources(list(sources), ImportOptions(**options), name="Real", owner="me")
    return open_dataset(result["dataset"])


def total(dataset: Dataset, table: str, name: str) -> np.ndarray:
    return np.concatenate([p.table(table).column(name) for p in dataset.partitions])  # type: ignore[union-attr]


def user_column(dataset: Dataset, name: str) -> np.ndarray:
    return np.concatenate([p.users.column(name) for p in dataset.partitions])


def retail(real_data: Path) -> Source:
    columns = {
        "InvoiceNo": "order_id", "StockCode": "product_id", "Description": "description", "Quantity": "quantity",
        "InvoiceDate": "order_time", "UnitPrice": "unit_price", "CustomerID": "user_id:strip", "Country": "country",
    }  # fmt: skip
    return source(1, real_data / "online_retail" / "online_retail.csv.gz", "transactions", columns, packed=True)


def test_online_retail(data_dir: Path, real_data: Path) -> None:
    dataset = store(retail(real_data))
    m = dataset.manifest
    assert m.rows["transactions"] == 541_909
    assert m.guests["transactions"] == 135_080
    assert m.users == 4_372
    assert m.sources[0]["merge"] == {"duplicate": 5_268, "duplicate_dropped": 0, "already_present": 0}
    assert round(float(total(dataset, "transactions", "amount").sum()), 2) == 9_747_747.93
    assert m.dictionaries["order_id"] == 25_900
    assert m.dictionaries["country"] == 38
    assert dataset.find("17850") is not None
    assert (day_date(m.first_day or 0).isoformat(), day_date(m.last_day or 0).isoformat()) == (
        "2010-12-01",
        "2011-12-09",
    )
    assert m.last_complete_day == (m.last_day or 0) - 1
    amount = total(dataset, "transactions", "amount")
    clean = (total(dataset, "transactions", "quantity") > 0) & (total(dataset, "transactions", "unit_price") > 0)
    known = np.concatenate(
        [np.arange(r.n_rows) < r.n_known for r in (p.table("transactions") for p in dataset.partitions) if r]
    )
    assert int((clean & known).sum()) == 397_884
    assert round(float(amount[clean & known].sum()), 3) == 8_911_407.904
    names = total(dataset, "events", "event_name")
    known_events = np.concatenate(
        [np.arange(r.n_rows) < r.n_known for r in (p.table("events") for p in dataset.partitions) if r]
    )
    assert int(((names == dataset.code("event_name", "order")) & known_events).sum()) == 18_532
    active = np.array([np.diff(r.offsets) for p in dataset.partitions for r in [p.table("days")] if r], dtype=object)
    assert sum(int((counts > 0).sum()) for counts in active) == 4_338


def test_every_guest_row_of_an_order_lies_in_one_partition(data_dir: Path, real_data: Path) -> None:
    result = publish.import_sources([retail(real_data)], ImportOptions(), name="Real", owner="me", partitions=4)
    dataset = open_dataset(result["dataset"])
    found: list[set[int]] = []
    for partition in dataset.partitions:
        rows = partition.table("transactions")
        assert rows is not None
        found.append(set(rows.column("order_id")[rows.n_known :].tolist()))
    assert all(len(orders) > 100 for orders in found)
    for i, orders in enumerate(found):
        for others in found[i + 1 :]:
            assert not orders & others


def test_streaming_users(data_dir: Path, real_data: Path) -> None:
    columns = {
        "User_ID": "user_id", "Name": "name", "Age": "age", "Country": "country", "Subscription_Type": "plan",
        "Watch_Time_Hours": "usage", "Favorite_Genre": "genre", "Last_Login": "last_active_time:ymd*",
    }  # fmt: skip
    dataset = store(source(1, real_data / "streaming_users" / "netflix_users.csv", "users", columns))
    m = dataset.manifest
    assert m.rows == {"users": 25_000}
    assert day_date(m.last_day or 0).isoformat() == "2025-03-08"
    assert m.last_complete_day == m.last_day
    usage = user_column(dataset, "usage")
    assert round(float(np.quantile(usage, 0.33)), 4) == 334.2369
    assert round(float(np.quantile(usage, 0.66)), 4) == 657.2076
    counts = dict(zip(dataset.dictionary("country"), np.bincount(user_column(dataset, "country")), strict=True))
    assert counts["UK"] == 2_592 and counts["Germany"] == 2_547
    assert (user_column(dataset, "first_time") == -(2**63)).all()


@pytest.mark.parametrize(("duplicates", "rows"), [("drop", 31_076), ("keep", 31_106)])
def test_ecom_events(data_dir: Path, real_data: Path, duplicates: str, rows: int) -> None:
    columns = {
        "user_id": "user_id", "session_id": "session_id", "event": "event_name", "timestamp": "event_time",
        "platform": "platform", "acquisition_channel": "channel", "user_cohort": "cohort",
        "user_lifecycle": "lifecycle",
    }  # fmt: skip
    path = real_data / "ecom_events" / "ecom_events.csv.gz"
    dataset = store(source(1, path, "events", columns, packed=True), duplicates=(("events", duplicates),))
    m = dataset.manifest
    assert m.rows["events"] == rows
    assert m.users == 600
    assert m.sources[0]["merge"]["duplicate"] == 30
    assert m.dictionaries["event_name"] == 19
    assert m.dictionaries["session_id"] == 3_605
    if duplicates == "keep":
        counts = np.bincount(total(dataset, "events", "platform"))
        assert dict(zip(dataset.dictionary("platform"), counts.tolist(), strict=True)) == {
            "desktop": 16_146, "mobile": 11_353, "tablet": 3_607,
        }  # fmt: skip


def test_ravenstack_joins_three_files(data_dir: Path, real_data: Path) -> None:
    folder = real_data / "ravenstack"
    dialect = Dialect()
    accounts = {
        "account_id": "user_id", "account_name": "name", "industry": "industry", "country": "country",
        "signup_date": "signup_time:dmy*", "referral_source": "referral", "plan_tier": "plan", "seats": "seats:number",
        "is_trial": "trial", "churn_flag": "churned",
    }  # fmt: skip
    subscriptions = {
        "subscription_id": "session_id", "account_id": "user_id", "start_date": "event_time:dmy*", "end_date": "ended",
        "plan_tier": "plan", "seats": "seats:number", "mrr_amount": "amount", "arr_amount": "arr:number",
        "is_trial": "trial", "upgrade_flag": "upgrade", "downgrade_flag": "downgrade", "churn_flag": "churn",
        "billing_frequency": "billing", "auto_renew_flag": "renew",
    }  # fmt: skip
    dataset = store(
        source(1, folder / "ravenstack_accounts.csv", "users", accounts, dialect=dialect),
        source(2, folder / "ravenstack_subscriptions.csv", "events", subscriptions, dialect=dialect),
    )
    m = dataset.manifest
    assert m.users == 500
    assert m.rows["events"] == 5_000
    assert m.joins["events"] == {"rows": 5_000, "known_rows": 5_000, "users": 500, "known_users": 500}
    assert int((user_column(dataset, "churned") == 1).sum()) == 110
    assert round(float(total(dataset, "events", "amount").sum())) == 11_338_747


def test_ids_that_do_not_meet_are_questioned(data_dir: Path, real_data: Path) -> None:
    """Usage rows name subscriptions, the user table names accounts."""
    folder = real_data / "ravenstack"
    usage = {
        "usage_id": "usage_id", "subscription_id": "user_id", "usage_date": "event_time:dmy*",
        "feature_name": "event_name", "usage_count": "count:number", "usage_duration_secs": "duration_seconds",
        "error_count": "errors:number", "is_beta_feature": "beta",
    }  # fmt: skip
    accounts = {
        "account_id": "user_id", "account_name": "name", "industry": "industry", "country": "country",
        "signup_date": "signup_time:dmy*", "referral_source": "referral", "plan_tier": "plan", "seats": "seats:number",
        "is_trial": "trial", "churn_flag": "churned",
    }  # fmt: skip
    m = store(
        source(1, folder / "ravenstack_accounts.csv", "users", accounts),
        source(2, folder / "ravenstack_feature_usage.csv", "events", usage),
    ).manifest
    assert m.rows["events"] == 25_000
    assert m.joins["events"]["known_rows"] == 0
    assert m.notes[0]["text"] == "Only 0 % of the events belong to a known user: are these the same ids?"


def test_appending_a_file_that_overlaps_adds_only_what_is_new(data_dir: Path, real_data: Path, tmp_path: Path) -> None:
    columns = {
        "user_id": "user_id", "session_id": "session_id", "event": "event_name", "timestamp": "event_time",
        "platform": "platform", "acquisition_channel": "channel", "user_cohort": "cohort",
        "user_lifecycle": "lifecycle",
    }  # fmt: skip
    text = gzip.decompress((real_data / "ecom_events" / "ecom_events.csv.gz").read_bytes()).decode().splitlines()
    (tmp_path / "first.csv").write_text("\n".join(text[:20_000]) + "\n", encoding="utf-8")
    (tmp_path / "second.csv").write_text("\n".join([text[0], *text[15_000:]]) + "\n", encoding="utf-8")
    whole = store(source(9, real_data / "ecom_events" / "ecom_events.csv.gz", "events", columns, packed=True))
    first = publish.import_sources(
        [source(1, tmp_path / "first.csv", "events", columns)], ImportOptions(), name="P", owner="me"
    )
    second = publish.import_sources(
        [source(2, tmp_path / "second.csv", "events", columns)],
        ImportOptions(),
        mode="append",
        dataset_id=first["dataset"],
    )
    merged = open_dataset(first["dataset"])
    assert merged.version == second["version"] == 2
    assert merged.manifest.content_hash == whole.manifest.content_hash
    assert second["changes"]["already_present"] >= 4_990
    assert second["changes"]["rows"]["events"]["after"] == 31_076
