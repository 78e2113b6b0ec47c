from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

from dashboard.errors import UserError
from dashboard.ingest.sample import ANSWER_KEY, KINDS, LABELS, generate
from dashboard.ingest.sample_campaign import buckets

MAIN_FILE = {"streaming": "events.csv", "saas": "events.csv", "shop": "orders.csv", "campaign": "users.csv"}
PEOPLE_FILE = {"streaming": "users.csv", "saas": "users.csv", "shop": "customers.csv", "campaign": "users.csv"}


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(kind: str, tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("two", 3), ("other", 4)):
        generate(kind, 3_000, seed, tmp_path / name)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    one, other = digests(tmp_path / "one"), digests(tmp_path / "other")
    assert not [name for name in one if one[name] == other[name]]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("events", [1_000, 1_001, 20_011])
def test_a_sample_has_exactly_the_rows_asked_for(kind: str, events: int, tmp_path: Path) -> None:
    calls: list[tuple[str, int, int | None]] = []
    paths = generate(kind, events, 0, tmp_path, lambda *call: calls.append(call))
    key = json.loads((tmp_path / ANSWER_KEY).read_text(encoding="utf-8"))
    assert (key["kind"], key["label"], key["events"], key["seed"]) == (kind, LABELS[kind], events, 0)
    assert [path.name for path in paths] == list(key["rows"])
    tables = {path.name: pd.read_csv(path, dtype=str, keep_default_na=False) for path in paths}
    assert {name: len(table) for name, table in tables.items()} == key["rows"]
    assert len(tables[MAIN_FILE[kind]]) == events
    for name, planted in key["duplicate_rows"].items():
        assert tables[name].duplicated().sum() == planted
        assert planted == (0 if kind == "campaign" else int(events * 0.01 / 1.01))
    total = sum(key["rows"].values())
    assert calls[-1] == ("Writing files", total, total)
    assert [done for _, done, _ in calls] == sorted(done for _, done, _ in calls)


@pytest.mark.parametrize("kind", ["streaming", "saas", "shop"])
def test_people_and_rows_belong_together(kind: str, tmp_path: Path) -> None:
    generate(kind, 5_000, 1, tmp_path)
    people = pd.read_csv(tmp_path / PEOPLE_FILE[kind], dtype=str)
    main = pd.read_csv(tmp_path / MAIN_FILE[kind], dtype=str)
    own = people.columns[0]
    assert people[own].is_unique
    assert set(main[own].dropna()) <= set(people[own])
    assert {"country", "platform"} <= set(people.columns)
    time = "order_time" if kind == "shop" else "event_time"
    assert main[time].is_monotonic_increasing
    assert main[time].str.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d").all()


@pytest.mark.parametrize("kind", ["streaming", "saas", "shop"])
def test_the_last_day_is_cut_off_and_people_grow_in_number(kind: str, tmp_path: Path) -> None:
    generate(kind, 100_000, 0, tmp_path)
    time = "order_time" if kind == "shop" else "event_time"
    main = pd.read_csv(tmp_path / MAIN_FILE[kind], parse_dates=[time])
    per_day = main[time].dt.floor("D").value_counts().sort_index()
    assert main[time].max().hour < 16
    assert per_day.iloc[-1] < per_day.iloc[-8]  # the same weekday, whole
    assert per_day.iloc[-60:-30].mean() > 1.5 * per_day.iloc[:30].mean()
    signup = pd.read_csv(tmp_path / PEOPLE_FILE[kind], parse_dates=["signup_time"])["signup_time"]
    quarters = signup.dt.floor("D").sub(signup.min()).dt.days // 91
    assert quarters.value_counts()[3] > 1.2 * quarters.value_counts()[0]


@pytest.mark.parametrize(("kind", "events"), [("bank", 5_000), ("shop", 999), ("shop", 10_000_001)])
def test_what_cannot_be_made_is_refused(kind: str, events: int, tmp_path: Path) -> None:
    with pytest.raises(UserError) as refused:
        generate(kind, events, 0, tmp_path)
    assert refused.value.code == "bad_sample"
    assert list(tmp_path.iterdir()) == []


def test_campaign_arms_can_be_repeated_by_anybody(tmp_path: Path) -> None:
    generate("campaign", 1_000, 0, tmp_path)
    users = pd.read_csv(tmp_path / "users.csv")
    for user, arm in users[["user_id", "arm"]].head(50).itertuples(index=False):
        first = hashlib.sha256(f"spring-offer:{user}".encode()).digest()[:8]
        assert arm == ("offer" if int.from_bytes(first, "big") / 2**64 < 0.5 else "control")
    assert buckets(["a"])[0] == int.from_bytes(hashlib.sha256(b"spring-offer:a").digest()[:8], "big") / 2**64
