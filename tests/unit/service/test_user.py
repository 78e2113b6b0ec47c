"""One person's story: the lists' own answers, every row of the timeline, and nothing personal outside the page."""

from __future__ import annotations

import csv
import io
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dashboard.customers import selection
from dashboard.customers.rules import RuleSet
from dashboard.errors import NotFound, UserError
from dashboard.filters import Filters, parse
from dashboard.service import customers, data, insight, insight_people, user, user_story, user_timeline
from dashboard.service.core import acting_as
from dashboard.store.dataset import Dataset
from tests.dump import table
from tests.store_builder import build_dataset

SECRET = "Ada=1+1 Lovelace"


def world(data_dir: Path, **more: Any) -> Dataset:
    draw = np.random.default_rng(7)
    people = [f"p{n:02d}" for n in range(40)]
    users = [
        {
            "user_id": p,
            "name": f"{SECRET} {p}",
            "email": f"{p}@example.com",
            "plan": ["Free", "Pro"][n % 2],
            "vip": n > 3,
        }
        for n, p in enumerate(people)
    ]
    events = [
        {
            "user_id": people[int(draw.integers(40))],
            "event_time": f"2024-{1 + int(draw.integers(4)):02d}-{1 + int(draw.integers(28)):02d} 10:00",
            "event_name": ["open", "play", "order", "cancel"][int(draw.integers(4))],
            "feature": ["a", "b", None][int(draw.integers(3))],
        }
        for _ in range(400)
    ]
    lines = [
        {
            "user_id": people[int(draw.integers(40))],
            "order_time": f"2024-{1 + n % 4:02d}-{1 + n % 28:02d} 12:00",
            "order_id": f"o{n // 2}",
            "quantity": -1 if n % 9 == 0 else 2,
            "unit_price": float(n % 7),
            "description": f"thing {n % 5}",
        }
        for n in range(120)
    ]
    visits = [
        {"user_id": people[n], "start_time": f"2024-04-{1 + n % 28:02d} 09:00", "duration_seconds": 60.0 * n}
        for n in range(30)
    ]
    return build_dataset(
        data_dir, users=users, events=events, transactions=lines, sessions=visits, currency="EUR", **more
    )


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One dataset for the tests that only read."""
    from dashboard import settings

    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("user") / "data"
        folder.mkdir(mode=0o700)
        patch.setenv("DASHBOARD_DATA_DIR", str(folder))
        settings.current.cache_clear()
        yield world(folder)
    settings.current.cache_clear()


def story(dataset: Dataset, person: str, **filters: Any) -> dict[str, Any]:
    asked = Filters(dataset=dataset.id).with_(**filters)
    return user_story.to_json(dataset.id, asked, user.handle_of(dataset.id, person))


def test_facts_and_groups_are_those_of_the_lists(shared: Dataset) -> None:
    rows = customers.people_page(shared.id, Filters(), RuleSet(), selection.ALL, end=40).rows
    rfm = insight("rfm_people", shared.id, Filters()).frame.set_index("user_id")
    for row in rows:
        told = story(shared, row["user_id"])
        facts = {fact["key"]: fact["value"] for fact in told["facts"]}
        assert facts["recency_days"] == row["recency_days"]
        assert facts["plan"] == row["plan"]
        assert facts["orders"] == row["orders"]
        assert facts["revenue"] == row["revenue"]
        standing = {item["key"]: item for item in told["standing"]}
        assert standing["class"]["value"] == row["segment"]
        if row["user_id"] in rfm.index:
            assert standing["rfm"]["value"] == rfm.loc[row["user_id"], "segment"]
        else:
            assert standing["rfm"]["missing"]


def test_people_are_in_the_states_that_the_lifecycle_counts(shared: Dataset) -> None:
    as_of = story(shared, "p00")["as_of"]
    counted = insight("daily_states", shared.id, Filters(range=f"2024-01-01..{as_of}")).frame.iloc[-1]
    assert counted["day"] == as_of
    told = [fact["value"] for n in range(40) for fact in story(shared, f"p{n:02d}")["facts"] if fact["key"] == "state"]
    for state, (name, _) in user_story.STATES.items():
        assert told.count(name) == counted[state], state


def test_filters_other_than_the_as_of_day_change_nothing(shared: Dataset) -> None:
    plain = story(shared, "p05")
    assert story(shared, "p05", range="7d", where=(("plan", ("Nobody",)),), segment="gone", compare="none") == plain
    earlier = story(shared, "p05", as_of=pd.Timestamp("2024-02-10").date())
    assert earlier["as_of"] == "2024-02-10" and earlier["facts"] != plain["facts"]


def test_the_timeline_holds_every_row_once(shared: Dataset) -> None:
    kept = {name: [r for r in table(shared, name) if r["user_id"] is not None] for name in ("events", "transactions")}
    derived = {"order", "refund", "session"}
    for person in ("p00", "p07", "p21", "p39"):
        handle = user.handle_of(shared.id, person)
        rows = user_timeline.page(shared.id, Filters(), handle, end=1_000).rows
        own = {name: [row for row in items if row["user_id"] == person] for name, items in kept.items()}
        orders = {row["order_id"] for row in own["transactions"]}
        assert {row["what"] for row in rows if row["kind"] in ("Order", "Refund")} == orders
        total = sum(row["amount"] or 0 for row in rows if row["kind"] in ("Order", "Refund"))
        assert total == pytest.approx(sum(row["amount"] or 0 for row in own["transactions"]))
        shown = sorted(row["what"] for row in rows if row["kind"] == "Event" and row["what"] not in derived)
        assert shown == sorted(row["event_name"] for row in own["events"] if row["event_name"] not in derived)
        # the log's own events called "order" stay; those made from order lines are not shown twice
        logged = [
            row
            for row in own["events"]
            if row["event_name"] == "order" and row["time"] % 86_400_000_000 == 36_000_000_000
        ]
        assert sum(row["kind"] == "Event" and row["what"] == "order" for row in rows) == len(logged)
        times = [row["time"] for row in rows]
        assert times == sorted(times, reverse=True)


def test_zoom_chooses_rows_marks_and_file_alike(shared: Dataset) -> None:
    handle, zoom = user.handle_of(shared.id, "p07"), "2024-02-01..2024-03-15"
    whole = user_timeline.page(shared.id, Filters(), handle, end=1_000)
    inside = [row for row in whole.rows if "2024-02-01" <= row["time"][:10] <= "2024-03-15"]
    assert 0 < len(inside) < whole.total
    assert user_timeline.page(shared.id, Filters(), handle, zoom, end=1_000).rows == inside
    drawn = user_timeline.timeline(shared.id, Filters(), handle, zoom)
    assert (drawn.entries, drawn.total) == (len(inside), whole.total)
    assert drawn.result.frame["count"].sum() == len(inside)
    made = user_timeline.download(shared.id, Filters(), handle, zoom)
    read = list(csv.DictReader(io.StringIO(b"".join(made.chunks).decode("utf-8-sig"))))
    assert [row["time"] for row in read] == [row["time"] for row in inside]
    assert made.people == len(inside)
    for wrong in ("", "x", "2024-02-01", "2024-03-01..2024-02-01", "..", "2024-02-30..2024-03-01"):
        assert user_timeline.page(shared.id, Filters(), handle, wrong, end=1).total == whole.total


def test_many_entries_are_drawn_as_few_marks_that_add_up(shared: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_timeline, "MAX_MARKS", 4)
    handle = user.handle_of(shared.id, "p07")
    drawn = user_timeline.timeline(shared.id, Filters(), handle)
    assert drawn.step != "moment" and drawn.result.frame["count"].sum() == drawn.total
    money = drawn.result.frame.loc[drawn.result.frame["lane"].isin(["Order", "Refund"]), "amount"].sum()
    rows = user_timeline.page(shared.id, Filters(), handle, end=1_000).rows
    assert money == pytest.approx(sum(row["amount"] or 0 for row in rows if row["kind"] in ("Order", "Refund")))


def test_rows_sort_and_filter_like_every_grid(shared: Dataset) -> None:
    handle = user.handle_of(shared.id, "p07")
    model = {"kind": {"filterType": "text", "type": "equals", "filter": "Order"}}
    sort = [{"colId": "amount", "sort": "desc"}]
    rows = user_timeline.page(shared.id, Filters(), handle, end=100, sort_model=sort, filter_model=model).rows
    amounts = [row["amount"] for row in rows]
    assert amounts and amounts == sorted(amounts, reverse=True) and {row["kind"] for row in rows} == {"Order"}
    with pytest.raises(UserError):
        user_timeline.page(shared.id, Filters(), handle, filter_model={"details": {"type": "equals", "filter": "x"}})


def test_the_way_through_a_list_meets_everybody_in_its_order(shared: Dataset) -> None:
    sort = [{"colId": "revenue", "sort": "desc"}]
    model = {"plan": {"filterType": "text", "type": "equals", "filter": "Pro"}}
    listed = customers.people_page(
        shared.id, Filters(), RuleSet(), selection.ALL, end=100, sort_model=sort, filter_model=model
    )
    at, met = listed.rows[0]["_person"].split(".")[1], []
    for number in range(1, listed.total + 1):
        found = customers.people_page(
            shared.id, Filters(), RuleSet(), selection.ALL, sort_model=sort, filter_model=model, near=at
        )
        places = {row["_number"]: row["_person"].split(".")[1] for row in found.rows}
        assert places[number] == at and set(places) <= {number - 1, number, number + 1}
        met.append(user.who(shared.id, at).user_id)
        at = places.get(number + 1, at)
    assert met == [row["user_id"] for row in listed.rows]
    outside = user.handle_of(shared.id, "p00")  # a Free one
    found = customers.people_page(
        shared.id, Filters(), RuleSet(), selection.ALL, sort_model=sort, filter_model=model, near=outside
    )
    assert [row["_number"] for row in found.rows] == [1] and found.total == listed.total


def test_an_insights_list_has_the_same_way(shared: Dataset) -> None:
    rows = insight_people.page(shared.id, Filters(), "rfm_people", {}, end=100).rows
    middle = rows[5]["_person"].split(".")[1]
    near = insight_people.page(shared.id, Filters(), "rfm_people", {}, near=middle).rows
    assert [row["_person"] for row in near] == [row["_person"] for row in rows[4:7]]


def test_what_a_dataset_lacks_is_named(data_dir: Path) -> None:
    bare = build_dataset(data_dir, users=[{"user_id": "a", "country": "DE"}, {"user_id": "b", "country": "FR"}])
    told = story(bare, "a")
    assert told["verdict"] == "No activity on record up to this day."
    assert "last_active_time" in told["health"]["missing"] and told["churn"] is None
    assert all(item["missing"] for item in [*told["standing"], *told["value"]])
    assert told["profile"]["Country"] == "DE"
    log = build_dataset(data_dir, events=[{"user_id": "a", "event_time": "2024-01-01", "event_name": "x"}])
    value = story(log, "a")["value"]
    assert len(value) == 1 and "transactions" in value[0]["missing"]


def test_nobody_sees_a_person_of_somebody_elses_dataset(data_dir: Path) -> None:
    dataset = build_dataset(data_dir, users=[{"user_id": "a", "last_active_time": "2024-01-01"}])
    handle = user.handle_of(dataset.id, "a")
    with acting_as("another"):
        for call in (
            lambda: user.search(dataset.id, "a"),
            lambda: user.prepare(dataset.id),
            lambda: user.who(dataset.id, handle),
            lambda: user.handle_of(dataset.id, "a"),
            lambda: user_story.to_json(dataset.id, Filters(), handle),
            lambda: user_timeline.page(dataset.id, Filters(), handle),
            lambda: data.export("user", f"dataset={dataset.id}&user={handle}"),
        ):
            with pytest.raises(NotFound):
                call()
    for wrong in ("", "0" * 32, "a", "../a"):
        with pytest.raises(NotFound):
            user.who(dataset.id, wrong)


def test_links_files_errors_and_logs_say_nothing_personal(shared: Dataset, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    person = user.search(shared.id, SECRET.lower() + " P05").items[0]
    assert person.user_id == "p05" and person.name == f"{SECRET} p05"
    search = f"dataset={shared.id}&user={person.handle}"
    made = data.export("user", search)
    b"".join(made.chunks)
    with pytest.raises(NotFound) as refused:
        user.handle_of(shared.id, "p05 Lovelace")
    said = [search, made.file_name, str(refused.value), json.dumps(refused.value.to_json()), caplog.text]
    assert not any(word in text for text in said for word in ("p05", "Lovelace", "example.com"))
    assert parse(search).to_search() == "?" + search
