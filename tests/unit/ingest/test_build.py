"""What a built version holds: derived rows, merging, dates, and that nothing depends on order, files or partitions."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dashboard.filters import day_date
from dashboard.ingest import build
from dashboard.schema import NULL_TIME
from tests.dump import everything, table
from tests.store_builder import build_dataset

Row = dict[str, Any]


def micro(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()) * 1_000_000


def event(user: str | None, time: str | None, name: str = "visit", **more: Any) -> Row:
    return {"user_id": user, "event_time": time, "event_name": name, **more}


def test_rows_are_sorted_by_person_and_time_and_people_by_bytes(data_dir: Path) -> None:
    rows = [event("é", "2024-01-02 10:00"), event("b", "2024-01-03 10:00"), event("b", "2024-01-01 10:00", "a")]
    dataset = build_dataset(data_dir, events=[*rows, event("Z", None), event("Z", "2024-01-01 00:00")], partitions=1)
    partition = dataset.partitions[0]
    assert partition.user_ids.to_pylist() == ["Z", "b", "é"]
    events = partition.table("events")
    assert events is not None
    assert events.offsets.tolist() == [0, 2, 4, 5]
    assert events.time[0] == NULL_TIME
    assert [row["event_name"] for row in table(dataset, "events")] == ["visit", "visit", "a", "visit", "visit"]
    assert not events.time.flags.writeable


def test_orders_refunds_sessions_become_events_and_shops_are_active_by_order(data_dir: Path) -> None:
    lines = [
        {"user_id": "a", "order_time": "2024-01-01 10:00", "order_id": "1", "quantity": 2, "unit_price": 3.0},
        {"user_id": "a", "order_time": "2024-01-01 10:00", "order_id": "1", "quantity": 1, "unit_price": 1.0},
        {"user_id": "a", "order_time": "2024-01-05 10:00", "order_id": "C2", "quantity": -1, "unit_price": 3.0},
        {"user_id": "b", "order_time": "2024-01-06 10:00", "order_id": "C3", "quantity": -1, "unit_price": 3.0},
        {"user_id": None, "order_time": "2024-01-07 10:00", "order_id": "4", "quantity": 1, "unit_price": 9.0},
    ]
    dataset = build_dataset(data_dir, transactions=[{**line, "country": "DE"} for line in lines])
    events = sorted((r["user_id"] or "", r["event_name"], r["amount"], r["country"]) for r in table(dataset, "events"))
    assert events == [
        ("", "order", 9.0, "DE"),
        ("a", "order", 7.0, "DE"),
        ("a", "refund", -3.0, "DE"),
        ("b", "refund", -3.0, "DE"),
    ]
    m = dataset.manifest
    assert (m.given, m.tables, m.activity) == (("transactions",), ("users", "events", "transactions"), ("order",))
    assert (m.rows["transactions"], m.guests["transactions"], m.users) == (5, 1, 2)
    assert [(r["user_id"], r["day"]) for r in table(dataset, "days")] == [("a", 19_723)]
    people = {r["user_id"]: r for r in table(dataset, "users")}
    assert people["a"]["first_time"] == people["a"]["last_time"] == micro("2024-01-01 10:00")
    assert people["b"]["first_time"] is None  # a returned parcel is no sign of life
    assert people["b"]["country"] == "DE"


def test_lines_without_order_id_form_one_order_per_person_and_time(data_dir: Path) -> None:
    lines = [
        {"user_id": user, "order_time": f"2024-01-0{day} 10:00", "amount": 1.0}
        for user, day in (("a", 1), ("a", 1), ("a", 2), ("b", 1), (None, 1))
    ]
    dataset = build_dataset(data_dir, transactions=lines)
    assert sorted(r["order_id"] for r in table(dataset, "transactions")) == [
        " 2024-01-01 10:00:00",
        "a 2024-01-01 10:00:00",
        "a 2024-01-01 10:00:00",
        "a 2024-01-02 10:00:00",
        "b 2024-01-01 10:00:00",
    ]
    assert sorted(r["amount"] for r in table(dataset, "events")) == [1.0, 1.0, 1.0, 2.0]


def test_amount_is_given_or_quantity_times_price(data_dir: Path) -> None:
    at = {"user_id": "a", "order_time": "2024-01-01 10:00"}
    lines = [
        {**at, "order_id": "1", "amount": 5.0, "quantity": 2.0, "unit_price": 9.0},
        {**at, "order_id": "2", "amount": None, "quantity": 2.0, "unit_price": 9.0},
        {**at, "order_id": "3", "amount": None, "quantity": None, "unit_price": 9.0},
    ]
    dataset = build_dataset(data_dir, transactions=lines)
    assert [r["amount"] for r in table(dataset, "transactions")] == [5.0, 18.0, None]


def test_sessions_get_a_duration_and_an_event(data_dir: Path) -> None:
    sessions = [
        {"user_id": "a", "start_time": "2024-01-01 10:00", "end_time": "2024-01-01 10:05", "platform": "ios"},
        {"user_id": "a", "start_time": "2024-01-02 10:00", "end_time": "2024-01-02 09:00", "platform": None},
    ]
    dataset = build_dataset(data_dir, sessions=sessions)
    assert [r["duration_seconds"] for r in table(dataset, "sessions")] == [300.0, None]
    assert [(r["event_name"], r["duration_seconds"], r["platform"]) for r in table(dataset, "events")] == [
        ("session", 300.0, "ios"),
        ("session", None, None),
    ]
    assert dataset.manifest.activity == ("session",)
    assert table(dataset, "users")[0]["platform"] == "ios"  # the latest that is known


def test_an_event_log_without_names_is_called_event(data_dir: Path) -> None:
    dataset = build_dataset(data_dir, events=[{"user_id": "a", "event_time": "2024-01-01 10:00"}])
    assert [r["event_name"] for r in table(dataset, "events")] == ["event"]
    assert dataset.dictionary("event_name").tolist() == ["event"]


def test_latest_values_come_from_rows_unless_the_user_table_has_the_column(data_dir: Path) -> None:
    rows = [
        event("a", "2024-01-01 10:00", country="DE", plan="Free"),
        event("a", "2024-01-02 10:00", country="FR", plan=None),
        event("b", "2024-01-02 10:00", country="FR", plan="Pro"),
    ]
    dataset = build_dataset(data_dir, events=rows, users=[{"user_id": "a", "plan": "Gold"}])
    people = {r["user_id"]: (r["country"], r["plan"]) for r in table(dataset, "users")}
    assert people == {"a": ("FR", "Gold"), "b": ("FR", None)}


@pytest.mark.parametrize(("choice", "kept"), [("drop", 2), ("keep", 3)])
def test_equal_rows_of_a_file_are_dropped_or_kept_but_always_counted(data_dir: Path, choice: str, kept: int) -> None:
    rows = [event("a", "2024-01-01 10:00"), event("a", "2024-01-01 10:00"), event("a", "2024-01-01 10:00", "other")]
    dataset = build_dataset(data_dir, events=rows, duplicates=(("events", choice),))
    assert dataset.manifest.rows["events"] == kept
    merge = dataset.manifest.sources[0]["merge"]
    assert merge == {"duplicate": 1, "duplicate_dropped": 3 - kept, "already_present": 0}
    assert dataset.manifest.sources[0]["report"]["counters"]["duplicate"] == 1


def test_equal_rows_without_a_time_of_day_are_no_duplicates(data_dir: Path) -> None:
    dataset = build_dataset(data_dir, events=[event("a", "2024-01-01"), event("a", "2024-01-01")])
    assert dataset.manifest.rows["events"] == 2
    undated = build_dataset(data_dir, events=[event("a", None), event("a", None), event("a", "2024-01-01 10:00")])
    assert undated.manifest.rows["events"] == 3


def test_rows_shared_by_files_count_as_often_as_in_the_file_that_has_most(data_dir: Path) -> None:
    line = {"user_id": "a", "order_time": "2024-01-01 10:00", "order_id": "1", "amount": 2.0}
    other = {**line, "order_id": "2"}
    files = [[line], [line, line, line, other], [line, line]]
    dataset = build_dataset(data_dir, transactions=[pd.DataFrame(f) for f in files])
    assert [r["order_id"] for r in table(dataset, "transactions")] == ["1", "1", "1", "2"]
    assert [s["merge"]["already_present"] for s in dataset.manifest.sources] == [0, 1, 2]
    assert [s["merge"]["duplicate"] for s in dataset.manifest.sources] == [0, 2, 1]


def test_guests_are_merged_too(data_dir: Path) -> None:
    rows = [event(None, "2024-01-01 10:00"), event(None, "2024-01-01 10:00"), event("a", "2024-01-01 10:00")]
    dataset = build_dataset(data_dir, events=rows, partitions=2)
    assert (dataset.manifest.rows["events"], dataset.manifest.guests["events"]) == (2, 1)


def test_user_rows_are_merged_latest_value_first(data_dir: Path) -> None:
    first = [
        {"user_id": "a", "last_active_time": "2024-01-02", "plan": "Old", "age": 30, "vip": True},
        {"user_id": "a", "last_active_time": "2024-01-03", "plan": "New", "age": None, "vip": False},
        {"user_id": "b", "last_active_time": None, "plan": "X", "age": 1, "vip": None},
    ]
    second = [{"user_id": "b", "last_active_time": None, "plan": None, "age": 2, "vip": True}]
    dataset = build_dataset(data_dir, users=[pd.DataFrame(first), pd.DataFrame(second)])
    people = {r["user_id"]: (r["plan"], r["age"], r["vip"]) for r in table(dataset, "users")}
    assert people == {"a": ("New", 30.0, False), "b": ("X", 2.0, True)}
    assert [s["merge"] for s in dataset.manifest.sources] == [
        {"duplicate": 1, "duplicate_dropped": 1, "already_present": 0},
        {"duplicate": 0, "duplicate_dropped": 0, "already_present": 1},
    ]
    assert {note["code"] for note in dataset.manifest.notes} >= {"merged_users", "updated_users"}


def test_a_user_table_without_ids_keeps_every_row(data_dir: Path) -> None:
    rows = [{"plan": "A"}, {"plan": "A"}, {"plan": "B"}]
    dataset = build_dataset(data_dir, users=rows)
    assert sorted((r["user_id"], r["plan"]) for r in table(dataset, "users")) == [
        ("1-000000001", "A"),
        ("1-000000002", "A"),
        ("1-000000003", "B"),
    ]


def test_dates_follow_the_last_stamp_and_the_zone(data_dir: Path) -> None:
    rows = [event("a", "2024-01-01 23:30"), event("a", "2024-02-10 12:00")]
    m = build_dataset(data_dir, events=rows, time_zone="Asia/Tokyo").manifest
    assert m.as_of == micro("2024-02-10 03:00")
    days = [day_date(d).isoformat() for d in (m.first_day or 0, m.last_day or 0, m.last_complete_day or 0)]
    assert days == ["2024-01-01", "2024-02-10", "2024-02-09"]


def test_the_last_day_of_a_column_of_days_is_complete(data_dir: Path) -> None:
    m = build_dataset(data_dir, events=[event("a", "2024-01-01"), event("a", "2024-02-10")]).manifest
    assert m.last_complete_day == m.last_day
    lines = [{"user_id": "a", "order_time": "2024-02-10 09:00", "order_id": "1", "amount": 1.0}]
    m = build_dataset(data_dir, events=[event("a", "2024-02-10")], transactions=lines).manifest
    assert m.last_complete_day == (m.last_day or 0) - 1


def test_a_user_table_alone_dates_by_last_activity_and_events_outrank_it(data_dir: Path) -> None:
    users = [{"user_id": "a", "signup_time": "2030-01-01", "last_active_time": "2024-03-01"}]
    m = build_dataset(data_dir, users=users).manifest
    assert (m.as_of, m.last_complete_day) == (micro("2024-03-01 00:00"), m.last_day)
    assert build_dataset(data_dir, users=users, events=[event("a", "2024-01-01 10:00")]).manifest.as_of == micro(
        "2024-01-01 10:00"
    )
    assert build_dataset(data_dir, users=[{"user_id": "a", "plan": "x"}]).manifest.as_of is None


def test_join_check_counts_orphans_and_asks_when_ids_hardly_meet(data_dir: Path) -> None:
    users = [{"user_id": "u0", "plan": "x"}]
    rows = [event(f"u{i}", "2024-01-01 10:00") for i in range(100)]
    m = build_dataset(data_dir, users=users, events=rows).manifest
    assert m.joins == {"events": {"rows": 100, "known_rows": 1, "users": 100, "known_users": 1}}
    assert m.notes[0]["text"] == "Only 1 % of the events belong to a known user: are these the same ids?"
    assert m.users == 100


def test_a_property_read_differently_in_two_files_is_text(data_dir: Path) -> None:
    files = [pd.DataFrame([event("a", "2024-01-01 10:00", score=s)]) for s in (1.5, "high")]
    dataset = build_dataset(data_dir, events=files)
    assert sorted(r["score"] for r in table(dataset, "events")) == ["1.5", "high"]


def test_properties_may_not_hide_physical_columns(data_dir: Path) -> None:
    dataset = build_dataset(data_dir, events=[{**event("a", "2024-01-01 10:00"), "day": "Monday", "time": "noon"}])
    row = table(dataset, "events")[0]
    assert (row["day_"], row["time_"], row["day"]) == ("Monday", "noon", 19_723)


def test_columns_of_one_name_share_a_dictionary(data_dir: Path) -> None:
    users = [{"user_id": "a", "country": "FR"}]
    dataset = build_dataset(data_dir, users=users, events=[event("a", "2024-01-01 10:00", country="DE")])
    assert dataset.dictionary("country").tolist() == ["DE", "FR"]
    assert (dataset.code("country", "FR"), dataset.code("country", "XX"), dataset.code("age", "1")) == (1, -1, -1)


def test_an_empty_file_makes_an_empty_table(data_dir: Path) -> None:
    frame = pd.DataFrame({"user_id": [], "event_time": [], "event_name": []})
    m = build_dataset(data_dir, events=frame).manifest
    assert (m.rows, m.users, m.as_of) == ({"users": 0, "events": 0}, 0, None)


def test_partitions_grow_with_the_files(tmp_path: Path) -> None:
    def count(size: int, packed: bool = False) -> int:
        path = tmp_path / "file"
        with path.open("wb") as file:
            file.truncate(size)
        plan = build.Source("1" * 32, path, "file", build.plan.SourcePlan("events", packed=packed))
        return build.partition_count([plan])

    assert [count(n) for n in (0, 8 << 20, 9 << 20, 700 << 20, 1 << 40)] == [1, 1, 4, 16, 256]
    assert count(4 << 20, packed=True) == 4


NAMES = st.sampled_from(["visit", "buy", "leave"])
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", "00", None]),
        st.one_of(st.none(), st.integers(0, 40)),
        NAMES,
        st.one_of(st.none(), st.sampled_from([0.0, 1.5, -2.0])),
        st.one_of(st.none(), st.sampled_from(["DE", "FR"])),
    ),
    min_size=1,
    max_size=60,
)
SLOW = settings(  # every example stores whole datasets: shrinking would take minutes
    max_examples=12,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def frames(rows: list[tuple[Any, ...]]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The same random rows as an event log, as order lines and as a user table."""
    start = dt.datetime(2024, 3, 30, 22)
    times = [None if t is None else start + dt.timedelta(hours=t) for _, t, *_ in rows]
    events = [event(u, t, n, amount=a, country=c) for (u, _, n, a, c), t in zip(rows, times, strict=True)]
    lines = [
        {
            "user_id": u,
            "order_time": t,
            "order_id": n if c else None,
            "quantity": a,
            "unit_price": 2.0,
            "country": c,
            "product_id": n,
        }
        for (u, _, n, a, c), t in zip(rows, times, strict=True)
    ]
    users = [
        {"user_id": u or "nobody", "last_active_time": t, "plan": n, "age": a, "genre": c}
        for (u, _, n, a, c), t in zip(rows, times, strict=True)
    ]
    columns = [
        ["user_id", "event_time", "event_name", "amount", "country"],
        ["user_id", "order_time", "order_id", "quantity", "unit_price", "country", "product_id"],
        ["user_id", "last_active_time", "plan", "age", "genre"],
    ]
    data = zip((events, lines, users), columns, strict=True)
    return tuple(pd.DataFrame(rows_, columns=c, dtype=object) for rows_, c in data)  # type: ignore[return-value]


def build_all(data_dir: Path, parts: tuple[Any, Any, Any], **options: Any) -> Any:
    events, lines, users = parts
    return build_dataset(data_dir, events=events, transactions=lines, users=users, time_zone="Europe/Berlin", **options)


@given(rows=ROWS, seed=st.integers(0, 99))
@SLOW
def test_order_partitions_and_batches_change_nothing(data_dir: Path, rows: list[tuple[Any, ...]], seed: int) -> None:
    one = build_all(data_dir, frames(rows), partitions=1)
    shuffled = rows.copy()
    random.Random(seed).shuffle(shuffled)
    two = build_all(data_dir, frames(shuffled), partitions=1, batch_rows=7)
    three = build_all(data_dir, frames(shuffled), partitions=5, batch_rows=11)
    for file in sorted(one.path.rglob("*.arrow")):
        assert file.read_bytes() == (two.path / file.relative_to(one.path)).read_bytes(), file.name
    assert one.manifest.content_hash == two.manifest.content_hash == three.manifest.content_hash
    assert everything(one) == everything(three)
    assert len(three.partitions) == 5


@given(rows=ROWS, cuts=st.lists(st.integers(0, 59), min_size=1, max_size=3), overlap=st.booleans())
@SLOW
def test_splitting_a_file_changes_nothing(
    data_dir: Path, rows: list[tuple[Any, ...]], cuts: list[int], overlap: bool
) -> None:
    distinct = list(dict.fromkeys(rows))  # equal rows of one file and of two files are different things
    edges = sorted({0, len(distinct), *(c % len(distinct) for c in cuts)})
    pieces = [distinct[a - (1 if overlap and a else 0) : b] for a, b in itertools.pairwise(edges)]
    whole = build_all(data_dir, frames(distinct))
    split = [frames(piece) for piece in pieces]
    parts = build_all(data_dir, tuple(list(kind) for kind in zip(*split, strict=True)))
    kept = ("events", "transactions", "days")
    assert {t: everything(whole)[t] for t in kept} == {t: everything(parts)[t] for t in kept}
    assert whole.manifest.users == parts.manifest.users


@given(rows=ROWS)
@SLOW
def test_renaming_people_changes_only_their_names(data_dir: Path, rows: list[tuple[Any, ...]]) -> None:
    new = {"a": "zz", "b": "ü", "c": "A", "00": "0", None: None}
    one = build_all(data_dir, frames(rows))
    two = build_all(data_dir, frames([(new[u], *rest) for u, *rest in rows]))
    for name in ("events", "transactions", "users"):
        renamed = []
        for row in table(one, name):
            row["user_id"] = new.get(row["user_id"], row["user_id"])
            row.pop("order_id", None)  # an order id made from person and time names the person
            renamed.append(row)
        other = [{k: v for k, v in row.items() if k != "order_id"} for row in table(two, name)]
        assert sorted(map(repr, renamed)) == sorted(map(repr, other)), name
    assert one.manifest.rows == two.manifest.rows
    assert one.manifest.joins == two.manifest.joins


def test_the_build_is_bounded_when_rows_spill(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    rows = [event(f"u{u}", f"2024-01-{d:02d} 10:00", amount=float(u)) for u, d in rng.integers(1, 28, (500, 2))]
    kept = build_dataset(data_dir, events=rows, batch_rows=50)
    monkeypatch.setattr(build, "SPILL_BYTES", 5_000)
    spilled = build_dataset(data_dir, events=rows, batch_rows=50)
    assert spilled.manifest.content_hash == kept.manifest.content_hash
    assert everything(spilled) == everything(kept)


def test_orders_beside_an_event_log_are_no_activity(data_dir: Path) -> None:
    """A renewal that is charged by itself does not make a person active."""
    dataset = build_dataset(
        data_dir,
        events=[{"user_id": "a", "event_time": "2024-01-01T10:00:00", "event_name": "play"}],
        transactions=[
            {"user_id": "a", "order_time": "2024-02-01T00:00:00", "amount": 9.0, "order_id": "1"},
            {"user_id": "b", "order_time": "2024-02-01T00:00:00", "amount": 9.0, "order_id": "2"},
        ],
    )
    assert dataset.manifest.activity == ("play",)
    days = [partition.table("days") for partition in dataset.partitions]
    assert sum(len(rows.day) for rows in days if rows is not None) == 1
