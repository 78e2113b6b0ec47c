"""Saved segments in the service: every number, list and file under a segment are the same people."""

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path
from typing import Any

import pytest

from dashboard import service
from dashboard.customers.rules import CLASSES, RuleSet
from dashboard.errors import NotFound, UserError
from dashboard.filters import Filters
from dashboard.ingest import publish
from dashboard.insights.groups import groups_of
from dashboard.insights.view import view_of
from dashboard.service import customers, segments
from dashboard.service.exports import export
from dashboard.store import segments as stored
from dashboard.store.dataset import Dataset, open_dataset
from tests.store_builder import build_dataset

START = dt.date(2024, 1, 1)
UK: dict[str, Any] = {"kind": "property", "name": "country", "test": "is", "values": ["UK"]}
OFTEN: dict[str, Any] = {"kind": "did", "event": {"event": "visit", "where": {}}, "compare": "at_least", "times": 3}


def stamp(day: int) -> str:
    return f"{START + dt.timedelta(days=day)} 10:00"


@pytest.fixture
def stored_data(data_dir: Path) -> Dataset:
    events = [
        {"user_id": f"u{u}", "event_time": stamp(d), "event_name": "visit" if d % 2 else "buy"}
        for d in range(60)
        for u in range(12)
        if d % (u + 1) == 0
    ]
    orders = [
        {"user_id": f"u{d % 5}" if d % 4 else None, "order_id": f"o{d}", "order_time": stamp(d), "amount": 10.0 + d}
        for d in range(60)
    ]
    users = [{"user_id": f"u{u}", "country": ("UK", "DE", None)[u % 3], "usage": float(u)} for u in range(12)]
    return build_dataset(data_dir, events=events, transactions=orders, users=users)


def csv_ids(chunks: Any) -> list[str]:
    text = b"".join(chunks).decode("utf-8-sig")
    return [row.get("user_id") or row["User id"] for row in csv.DictReader(io.StringIO(text))]


def test_number_list_and_file_are_the_same_people(stored_data: Dataset) -> None:
    kept = segments.save_segment(stored_data.id, " Often   here ", {"kind": "all", "rules": [OFTEN]})
    assert (kept.name, kept.words) == ("Often here", "did visit at least 3 times ever")
    seen = Filters(dataset=stored_data.id, segment=kept.id, range="all")
    people = segments.segment_people(stored_data.id, Filters(), kept.rule)
    assert 0 < len(people) < 12 and segments.preview_segment(stored_data.id, Filters(), kept.rule).people == len(people)
    page = customers.people_page(stored_data.id, seen, RuleSet())
    assert page.total == len(people) and [row["user_id"] for row in page.rows] == people
    assert csv_ids(export("people", seen.to_search()).chunks) == people
    download = export("segment", seen.to_search())
    assert csv_ids(download.chunks) == people and download.file_name == f"segment_often-here_{len(people)}-people.csv"
    assert service.insight("users_by", stored_data.id, seen).summary["users"] == len(people)
    assert service.metric("users", stored_data.id, seen).summary["value"] == len(people)
    active = service.insight("active_people", stored_data.id, seen, window=60)
    assert set(active.frame["user_id"]) <= set(people)


@pytest.mark.parametrize("key", ["events", "new_users", "active_users"])
def test_a_segment_and_its_complement_add_up_to_everybody(stored_data: Dataset, key: str) -> None:
    ids = [
        segments.save_segment(stored_data.id, name, rule).id
        for name, rule in (("in", OFTEN), ("out", {"kind": "not", "rule": OFTEN}))
    ]
    values = [
        service.metric(key, stored_data.id, Filters(range="all", segment=item)).summary["value"]
        for item in (*ids, None)
    ]
    assert values[0] + values[1] == values[2] and min(values) > 0


def test_guests_are_in_no_segment_and_that_is_said(stored_data: Dataset) -> None:
    ids = [
        segments.save_segment(stored_data.id, name, rule).id
        for name, rule in (("in", UK), ("out", {"kind": "not", "rule": UK}))
    ]
    parts = [service.metric("orders", stored_data.id, Filters(range="all", segment=item)) for item in ids]
    everybody = service.metric("orders", stored_data.id, Filters(range="all"))
    guests = stored_data.manifest.guests["transactions"]
    assert guests > 0
    last = stored_data.manifest.last_complete_day
    assert last is not None
    counted = [day for day in range(60) if day % 4 == 0 and (START + dt.timedelta(day)).toordinal() - 719163 <= last]
    assert sum(part.summary["value"] for part in parts) == everybody.summary["value"] - len(counted)
    assert [(item.code, item.count) for item in parts[0].left_out if "guests" in item.code] == [
        ("guests_no_segment", guests)
    ]
    assert not [item for item in everybody.left_out if "guests" in item.code]


def test_an_edited_segment_never_serves_old_numbers(stored_data: Dataset) -> None:
    kept = segments.save_segment(stored_data.id, "S", UK)
    seen = Filters(range="all", segment=kept.id)
    before = service.metric("active_users", stored_data.id, seen)
    targets = customers.segmentation(stored_data.id, seen, RuleSet()).people
    everybody = Filters(range="all")
    segments.save_segment(stored_data.id, "S", {"kind": "not", "rule": UK}, segment_id=kept.id)
    after = service.metric("active_users", stored_data.id, seen)
    assert before.query["segment"] != after.query["segment"] and kept.id not in str(before.query)
    assert (before.summary["value"], after.summary["value"]) == (4, 8)
    assert (targets, customers.segmentation(stored_data.id, seen, RuleSet()).people) == (4, 8)
    # an equal rule under another name is the same question
    twin = segments.save_segment(stored_data.id, "T", UK)
    again = service.metric("active_users", stored_data.id, everybody.with_(segment=twin.id))
    assert again.query == before.query and again.computed_at == before.computed_at


def test_the_same_day_as_over_or_not_are_two_questions(stored_data: Dataset) -> None:
    """The last day of the data is not over; chosen as the as-of day it is. Who meets a rule can depend on that."""
    last = stored_data.manifest.last_day
    assert last is not None and stored_data.manifest.last_complete_day == last - 1
    rule = {"kind": "insight", "insight": "active_people", "search": "?range=7d", "options": {"window": 1}}
    kept = segments.save_segment(stored_data.id, "On the last day", rule)
    found = []
    for as_of in (None, dt.date(1970, 1, 1) + dt.timedelta(last)):
        seen = Filters(range="7d", segment=kept.id, as_of=as_of)
        people = service.insight("active_people", stored_data.id, seen.with_(segment=None), window=1).frame["user_id"]
        counted = service.insight("users_by", stored_data.id, seen).summary["users"]
        assert counted == service.insight("active_people", stored_data.id, seen).summary["users"] == len(people)
        found.append(list(people))
    assert found[0] != found[1]


def test_a_segment_is_a_breakdown_of_every_insight_and_never_an_old_one(stored_data: Dataset) -> None:
    kept = segments.save_segment(stored_data.id, "UK", UK)
    name, seen = f"segment:{kept.id}", Filters(dataset=stored_data.id, range="all")
    assert (name, "Saved segment: UK") in segments.breakdowns(stored_data.id)

    def answers() -> dict[str, int]:
        funnel = service.insight(
            "funnel", stored_data.id, seen, steps=["visit", "buy"], breakdown=name, attribution="profile"
        ).frame
        retention = service.insight("retention", stored_data.id, seen, period="week", breakdown=name).frame
        active = service.insight("active_users_by_group", stored_data.id, seen, breakdown=name).frame
        inside = [part[part["group"] == "UK"] for part in (funnel, retention[retention["k"] == 0], active)]
        return {"funnel": inside[0]["users"].iloc[0], "retention": inside[1]["members"].iloc[0],
                "active": inside[2]["mau"].max()}  # fmt: skip

    inside = Filters(dataset=stored_data.id, range="all", segment=kept.id)
    filtered = {
        "funnel": service.insight("funnel", stored_data.id, inside, steps=["visit", "buy"]).frame["users"].iloc[0],
        "retention": service.insight("retention", stored_data.id, inside, period="week").frame["members"].iloc[0],
        "active": service.insight("active_users", stored_data.id, inside).frame["mau"].max(),
    }
    first = answers()
    assert first == filtered and min(first.values()) > 0
    segments.save_segment(stored_data.id, "UK", {**UK, "values": ["DE", "UK"]}, segment_id=kept.id)
    assert answers() != first


@pytest.mark.parametrize("segment", ["abcdefghij012345", "../../x", "0" * 16])
def test_an_unknown_segment_shows_everybody_and_says_so(stored_data: Dataset, segment: str) -> None:
    result = service.metric("active_users", stored_data.id, Filters(range="all", segment=segment))
    assert result.summary["value"] == 12 and "everybody is shown" in result.notes[0]
    assert not service.metric("active_users", stored_data.id, Filters(range="all")).notes
    shown = customers.segmentation(stored_data.id, Filters(segment=segment), RuleSet())
    assert shown.people == 12 and any("everybody is shown" in note for note in shown.distribution.notes)


def test_a_deleted_or_broken_segment_is_said(stored_data: Dataset) -> None:
    kept = segments.save_segment(stored_data.id, "Gone", UK)
    stored.change(stored_data.id, kept.id, name="Gone", rule='{"kind": "property", "name": "shoe", "test": "missing"}')
    broken = service.metric("users", stored_data.id, Filters(segment=kept.id))
    assert broken.summary["value"] == 12 and "“Gone” is not in force" in broken.notes[0]
    stored.change(stored_data.id, kept.id, name="Gone", rule="{")
    assert "cannot be read" in service.metric("users", stored_data.id, Filters(segment=kept.id)).notes[0]
    segments.delete_segment(stored_data.id, kept.id)
    gone = service.metric("users", stored_data.id, Filters(segment=kept.id))
    assert gone.summary["value"] == 12 and "was deleted" in gone.notes[0]
    with pytest.raises(NotFound):
        segments.get_segment(stored_data.id, kept.id)


def test_a_class_is_the_class_of_the_segments_page(stored_data: Dataset) -> None:
    found = customers.segmentation(stored_data.id, Filters(), RuleSet())
    for row in found.distribution.frame.itertuples():
        rule = {"kind": "class", "what": "segment", "values": [row.segment], "rules": ""}
        assert segments.preview_segment(stored_data.id, Filters(), rule).people == row.people
    for row in found.grid.frame.itertuples():
        parts = [
            {"kind": "class", "what": "level", "values": [row.level], "rules": ""},
            {"kind": "class", "what": "band", "values": [str(row.band)], "rules": ""},
        ]
        assert segments.preview_segment(stored_data.id, Filters(), {"kind": "all", "rules": parts}).people == row.people


def test_groups_are_a_partition_of_the_people(stored_data: Dataset) -> None:
    kept = segments.save_segment(stored_data.id, "Brits", UK)
    view = view_of(stored_data, Filters(range="all"))
    expected = {
        "country": {"UK": 4, "DE": 4, "": 4},
        f"segment:{kept.id}": {"Brits": 4, "Not Brits": 8},
    }
    for breakdown in ("country", f"segment:{kept.id}", "class", "engagement", "recency"):
        labels, codes = groups_of(view, breakdown)
        assert [len(part) for part in codes] == [partition.n_users for partition in stored_data.partitions]
        sizes = {label: sum(int((part == i).sum()) for part in codes) for i, label in enumerate(labels)}
        assert sum(sizes.values()) == 12
        if breakdown in expected:
            assert sizes == expected[breakdown]
    classes = customers.segmentation(stored_data.id, Filters(), RuleSet()).distribution.frame
    labels, codes = groups_of(view, "class")
    assert labels == CLASSES
    assert [sum(int((part == i).sum()) for part in codes) for i in range(4)] == classes["people"].tolist()
    labels, codes = groups_of(view, "country", top=1)
    assert len(labels) == 2 and labels[-1] == "Other" and sum(int((part == 1).sum()) for part in codes) == 8
    with pytest.raises(NotFound):
        groups_of(view, "segment:nothing")


def test_names_owners_and_datasets(stored_data: Dataset, data_dir: Path) -> None:
    kept = segments.save_segment(stored_data.id, "Mine", UK)
    assert segments.rename_segment(stored_data.id, kept.id, "Ours").name == "Ours"
    for name in ("", "   ", "x" * 81):
        with pytest.raises(UserError, match="needs a name"):
            segments.save_segment(stored_data.id, name, UK)
    with pytest.raises(UserError, match="called “ours” already"):
        segments.save_segment(stored_data.id, "ours", OFTEN)
    other = build_dataset(data_dir, users=[{"user_id": "a", "country": "UK"}])
    with pytest.raises(NotFound):
        segments.get_segment(other.id, kept.id)
    assert "everybody is shown" in service.metric("users", other.id, Filters(segment=kept.id)).notes[0]
    with service.acting_as("somebody else"):
        for call in (
            lambda: segments.segments(stored_data.id),
            lambda: segments.get_segment(stored_data.id, kept.id),
            lambda: segments.save_segment(stored_data.id, "x", UK),
            lambda: segments.delete_segment(stored_data.id, kept.id),
            lambda: segments.preview_segment(stored_data.id, Filters(), UK),
            lambda: segments.segment_people(stored_data.id, Filters(), UK),
            lambda: segments.keep_ids(stored_data.id, "u1"),
            lambda: segments.choices(stored_data.id),
        ):
            with pytest.raises(NotFound):
                call()  # type: ignore[no-untyped-call]
    publish.delete_dataset(stored_data.id)
    assert stored.of_dataset(stored_data.id) == []


def test_pasted_ids_are_kept_with_the_dataset(stored_data: Dataset, data_dir: Path) -> None:
    condition, found, unknown = segments.keep_ids(stored_data.id, 'user_id\r\n"u1"\nu2, u3;nobody\n\n u1 ')
    assert (found, unknown, condition["count"]) == (3, 1, 4)
    kept = segments.save_segment(stored_data.id, "List", condition)
    assert segments.segment_people(stored_data.id, Filters(), kept.rule) == ["u1", "u2", "u3"]
    file = data_dir / "datasets" / stored_data.id / "lists" / condition["list"]
    assert file.stat().st_mode & 0o777 == 0o600 and "u1" not in kept.words
    twin = segments.save_segment(stored_data.id, "Twin", condition)
    segments.delete_segment(stored_data.id, kept.id)
    assert file.exists()
    segments.delete_segment(stored_data.id, twin.id)
    assert not file.exists()
    with pytest.raises(UserError, match="no user id"):
        segments.keep_ids(stored_data.id, "user_id\n,;\n")


def test_the_people_of_an_insight_stay_live(data_dir: Path, stored_data: Dataset) -> None:
    seen = Filters(range="7d")
    rule = segments.insight_condition("active_people", {"window": 1}, seen, "active on the last day")
    expected = service.insight("active_people", stored_data.id, seen, window=1).frame["user_id"].tolist()
    assert segments.segment_people(stored_data.id, Filters(), rule) == sorted(expected)
    earlier = Filters(range="7d", as_of=START + dt.timedelta(days=20))
    then = service.insight("active_people", stored_data.id, earlier, window=1).frame["user_id"].tolist()
    assert (
        segments.segment_people(stored_data.id, Filters(as_of=earlier.as_of), rule) == sorted(then) != sorted(expected)
    )
    kept = segments.save_segment(stored_data.id, "S", UK)
    inside = segments.within_view(stored_data.id, Filters(segment=kept.id), rule, values=False)
    people = segments.segment_people(stored_data.id, Filters(), inside)
    assert people == [user for user in sorted(expected) if int(user[1:]) % 3 == 0]
    narrowed = segments.within_view(stored_data.id, Filters().with_where("country", ["UK"]), rule)
    assert segments.segment_people(stored_data.id, Filters(), narrowed) == people
    with pytest.raises(UserError):
        segments.insight_condition("nothing", {}, seen)


def test_the_builder_is_offered_what_can_be_asked(stored_data: Dataset) -> None:
    offered = segments.choices(stored_data.id)
    found = {item.name: (item.type, set(item.values)) for item in offered.properties}
    assert found["country"] == ("text", {"UK", "DE"}) and found["usage"] == ("number", set())
    assert not {"user_id", "first_time", "last_time", "email"} & set(found)
    assert {"visit", "buy"} <= set(offered.events) and "amount" in offered.event_properties


def test_numbers_do_not_depend_on_partitions(data_dir: Path) -> None:
    rows = [{"user_id": f"u{n % 17}", "event_time": stamp(n % 40), "event_name": "visit"} for n in range(300)]
    people = []
    for parts in (1, 5):
        dataset = build_dataset(data_dir, events=rows[:: 1 if parts == 1 else -1], partitions=parts)
        people.append(segments.segment_people(open_dataset(dataset.id).id, Filters(), {**OFTEN, "times": 18}))
    assert people[0] == people[1] and 0 < len(people[0]) < 17
