"""Paths against the definition in plain Python, and what must not change them."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.errors import UserError
from dashboard.insights.paths import path_people, paths
from dashboard.insights.paths_query import OTHER, PathsQuery
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset
from tests.unit.insights import oracle, stored
from tests.unit.insights.stored import Log, Row

GAP = 1_800
OPTIONS = st.fixed_dictionaries(
    {"steps": st.integers(2, 6), "collapse": st.booleans(), "gap_seconds": st.sampled_from((0, 600, GAP, 7_200))},
    optional={
        "start": st.sampled_from(stored.NAMES),
        "end": st.sampled_from(stored.NAMES),
        "include": st.sets(st.sampled_from(stored.NAMES), min_size=1).map(sorted),
        "exclude": st.sets(st.sampled_from(stored.NAMES), max_size=2).map(sorted),
        "top": st.integers(1, 3),
    },
)


def brute(
    rows: dict[str, list[Row]], view: Any, options: dict[str, Any], keep: set[str], chosen: set[str]
) -> dict[tuple[int, str, str], tuple[int, set[str], float]]:
    """Edges: (step, source, target) -> paths, people, seconds. chosen: people that count. keep: named nodes."""
    found: dict[tuple[int, str, str], list[Any]] = defaultdict(lambda: [0, set(), 0.0])
    include, exclude = options.get("include") or stored.NAMES, options.get("exclude", ())
    start, end, steps = options.get("start", ""), options.get("end", ""), options["steps"]
    for user in chosen:
        events = [
            (row.time, row.name)
            for row in rows[user]
            if row.time is not None and view.period.first <= (row.day or 0) <= min(view.period.last, view.as_of)
            if row.name in include and row.name not in exclude and row_passes(row, view)
        ]
        pieces: list[list[tuple[float, str]]] = []
        for event in events:
            if not pieces or event[0] - pieces[-1][-1][0] > options["gap_seconds"]:
                pieces.append([])
            pieces[-1].append(event)
        for piece in pieces:
            path = [e for i, e in enumerate(piece) if not options["collapse"] or i == 0 or piece[i - 1][1] != e[1]]
            names = [name for _, name in path]
            column = 1
            if start:
                path = path[names.index(start) :] if start in names else []
            if end:
                last = max((i for i, name in enumerate(names) if name == end), default=-1)
                path = path[: last + 1][-steps:]
                column = steps - len(path) + 1
            path = path[:steps]
            for step, (a, b) in enumerate(itertools.pairwise(path), column):
                source, target = (name if name in keep else OTHER for name in (a[1], b[1]))
                edge = found[step, source, target]
                edge[0] += 1
                edge[1].add(user)
                edge[2] += b[0] - a[0]
    return {key: (count, users, seconds) for key, (count, users, seconds) in found.items()}


def row_passes(row: Row, view: Any) -> bool:
    return row.platform in dict(view.where).get("platform", (row.platform,))


def edges(view: Any, **options: Any) -> dict[tuple[int, str, str], tuple[int, int, float]]:
    frame = paths(view, edges=1_000, **options).frame
    keys = zip(frame["step"], frame["source"], frame["target"], strict=True)
    return dict(zip(keys, zip(frame["count"], frame["users"], frame["mean_seconds"], strict=True), strict=True))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stored.logs(), OPTIONS, st.integers(1, 4), st.data())
def test_paths_are_what_the_definition_says(
    log: Log, options: dict[str, Any], partitions: int, data: st.DataObject
) -> None:
    with stored.private_directory() as folder:
        dataset = log.build(folder, partitions)
        if dataset.manifest.last_day is None:
            return
        rows = stored.people(dataset)
        names = {str(text) for text in dataset.dictionary("event_name")}
        for key in ("include", "exclude"):
            options[key] = [name for name in options.get(key, ()) if name in names]
        if options.get("end"):
            options.pop("start", None)
        reachable = (set(options["include"]) or names) - set(options["exclude"])
        for key in ("start", "end"):
            if options.get(key, "") not in reachable:
                options.pop(key, None)
        first = data.draw(st.integers(dataset.manifest.first_day or 0, dataset.manifest.last_day), label="first")
        last = data.draw(st.integers(first, dataset.manifest.last_day + 1), label="last")
        until = data.draw(st.integers(first, dataset.manifest.last_day), label="as of")
        where: dict[str, tuple[str, ...]] = {}
        if data.draw(st.booleans(), label="filter") and stored.has(dataset, "platform"):
            where["platform"] = ("web", "")
        countries = dict(log.countries)
        if any(countries.values()) and data.draw(st.booleans(), label="country filter"):
            where["country"] = ("UK",)
        view = oracle.view(dataset, first, last, where=where, as_of=until)
        chosen = {user for user in rows if "country" not in where or countries.get(user, "") == "UK"}
        named = named_nodes(rows, chosen, view, options, reachable)
        expected = brute(rows, view, options, named, chosen)
        found = edges(view, **options)
        assert {key: value[:2] for key, value in found.items()} == {
            key: (count, len(users)) for key, (count, users, _) in expected.items()
        }
        for key, (count, users, seconds) in expected.items():
            assert found[key][2] == pytest.approx(seconds / count, abs=1e-5)
            step, source, target = key
            listed = path_people(view, step=step, source=source, target=target, **options).frame["user_id"]
            assert list(listed) == sorted(users)


def named_nodes(
    rows: dict[str, list[Row]], chosen: set[str], view: Any, options: dict[str, Any], reachable: set[str]
) -> set[str]:
    counts = dict.fromkeys(reachable, 0)
    for user in chosen:
        for row in rows[user]:
            inside = row.day is not None and view.period.first <= row.day <= min(view.period.last, view.as_of)
            if inside and row.name in counts and row_passes(row, view):
                counts[row.name] += 1
    top = sorted(counts, key=lambda name: (-counts[name], name))[: options.get("top", 20)]
    return {*top, options.get("start", ""), options.get("end", "")}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stored.logs(ties=False), st.integers(0, 2**31))
def test_order_of_rows_partitions_and_names_of_users_change_nothing(log: Log, seed: int) -> None:
    with stored.private_directory() as folder:
        dataset = log.build(folder)
        if dataset.manifest.last_day is None:
            return
        events = list(log.events)
        random.Random(seed).shuffle(events)
        renamed = [(f"x{hash(user) % 97}-{user}", *rest) for user, *rest in events]
        before = edges(_whole(dataset))
        for changed in (
            Log(log.start, tuple(events), log.countries, log.zone).build(folder, 3),
            Log(log.start, tuple(renamed), (), log.zone).build(folder, 1),  # type: ignore[arg-type]
        ):
            assert edges(_whole(changed)) == before


def _whole(dataset: Dataset) -> Any:
    assert dataset.manifest.first_day is not None and dataset.manifest.last_day is not None
    return oracle.view(dataset, dataset.manifest.first_day, dataset.manifest.last_day)


@pytest.fixture
def shop(data_dir: Path) -> Dataset:
    pages = {"a": "/ /product/1 /cart /pay", "b": "/ /product/2 /product/1 /", "c": "/product/2 /cart"}
    events = [
        {"user_id": user, "event_time": f"2024-01-01 10:{minute:02d}", "event_name": "view", "url": url}
        for user, walk in pages.items()
        for minute, url in enumerate(walk.split())
    ]
    users = [{"user_id": user, "plan": "Pro" if user == "a" else "Free"} for user in pages]
    return build_dataset(data_dir, events=events, users=users)


def test_patterns_group_pages_into_one_node(shop: Dataset) -> None:
    frame = paths(_whole(shop), node="url", patterns="/product/*").frame
    first = frame[frame["step"] == 1]
    assert dict(zip(zip(first["source"], first["target"], strict=True), first["count"], strict=True)) == {
        ("/", "/product/*"): 2,
        ("/product/*", "/cart"): 1,
    }


def test_two_groups_side_by_side_are_the_filtered_paths(shop: Dataset) -> None:
    view = _whole(shop)
    frame = paths(view, node="url", compare="plan", values=["Free", "Pro"]).frame
    for plan in ("Free", "Pro"):
        alone = oracle.view(shop, view.period.first, view.period.last, where={"plan": (plan,)})
        single = paths(alone, node="url").frame
        both = frame[frame["group"] == plan].drop(columns="group").reset_index(drop=True)
        assert both.equals(single.drop(columns="group"))
        for row in single.itertuples():
            people = path_people(
                view, step=row.step, source=row.source, target=row.target, group=plan, node="url", compare="plan",
                values=["Free", "Pro"],
            )  # fmt: skip
            assert len(people.frame) == row.users


def test_nodes_say_how_many_come_through_and_end(shop: Dataset) -> None:
    result = paths(_whole(shop), node="url", steps=4)
    nodes = {(item["column"], item["node"]): item for item in result.summary["nodes"]}
    assert (nodes[1, "/"]["paths"], nodes[1, "/"]["users"], nodes[1, "/"]["ended"]) == (2, 2, 0)
    assert nodes[4, "/pay"]["ended"] == 1 and nodes[2, "/cart"]["ended"] == 1
    assert sum(item["ended"] for item in nodes.values()) == result.summary["groups"][0]["paths"] == 3
    assert list(path_people(_whole(shop), node="url", source="/", step=1).frame["user_id"]) == ["a", "b"]


def test_up_to_an_end_the_last_column_is_the_end(shop: Dataset) -> None:
    frame = paths(_whole(shop), node="url", end="/cart", steps=3).frame
    assert set(frame[frame["step"] == 2]["target"]) == {"/cart"}
    result = paths(_whole(shop), node="url", end="/cart", steps=3)
    assert [item.count for item in result.left_out if item.code == "not_reached"] == [1]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"start": "/", "end": "/cart", "node": "url"}, "two_ends"),
        ({"start": "/nowhere", "node": "url"}, "unknown_node"),
        ({"node": "nothing"}, "unknown_column"),
        ({"include": ["dance"]}, "unknown_event"),
        ({"steps": 1}, "bad_option"),
        ({"steps": "many"}, "bad_option"),
        ({"gap_seconds": -1}, "bad_option"),
        ({"values": ["Free", "Pro"]}, "two_groups"),
        ({"compare": "plan", "values": ["Free", "Gold"]}, "unknown_group"),
    ],
)
def test_what_cannot_be_meant_is_refused(shop: Dataset, options: dict[str, Any], code: str) -> None:
    with pytest.raises(UserError) as refused:
        paths(_whole(shop), **options)
    assert refused.value.code == code and refused.value.hint


def test_a_query_survives_json_and_text(shop: Dataset) -> None:
    query = PathsQuery.of(PathsQuery(node="url", include=("view",), steps=3).to_json())
    assert PathsQuery.of(query.to_json()) == query
    as_text = {**query.to_json(), "steps": "3", "collapse": "yes", "gap_seconds": "1800", "top": "20", "edges": "50"}
    assert PathsQuery.of(as_text) == query
    result = paths(_whole(shop), steps=2)
    assert result.to_bytes()
