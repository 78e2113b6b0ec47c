"""Rules of segments against the same rules in plain Python, on random people and events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.customers import segment_json, segment_kernels
from dashboard.customers.segment_members import check, members
from dashboard.errors import CannotAnswer, UserError
from dashboard.filters import Filters
from dashboard.insights import warm_up
from dashboard.insights.view import plain_view
from dashboard.store import segments as stored
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset
from tests.unit.customers.segment_oracle import START, holds, local_day

NAMES = ("visit", "buy", "share")
ZONES = ("UTC", "America/Los_Angeles", "Asia/Kolkata")


def people_and_events(seed: int, zone: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """30 persons (some only in the user table) and events over 30 days that cross the American switch to summer time,
    with ties and events around local midnight. Times are naive UTC."""
    draw = np.random.default_rng(seed)
    pick = lambda values: values[int(draw.integers(0, len(values)))]  # noqa: E731
    users = [
        {
            "user_id": f"u{n}",
            "country": pick(["DE", "UK", None]),
            "usage": pick([0.0, 2.5, 7.0, None]),
            "team": pick(["Alpha", "alphabet", "beta", None]),
            "paid": pick([True, False, None]),
            "signup_time": dt.datetime(2024, 3, int(draw.integers(1, 29)), int(draw.integers(0, 24))),
        }
        for n in range(30)
    ]
    first = dt.datetime.combine(START, dt.time())
    events = [
        {
            "user_id": f"u{int(draw.integers(5, 35))}",  # 0..4 never came, 30..34 are in no user table
            "event_time": first + dt.timedelta(hours=int(draw.integers(0, 720)), minutes=pick([0, 0, 30, 59])),
            "event_name": pick(NAMES),
            "device": pick(["web", "app", None]),
        }
        for _ in range(250)
    ]
    events.append({"user_id": "u5", "event_time": dt.datetime(2024, 3, 31, 12), "event_name": "visit", "device": "web"})
    return users, events


class World:
    def __init__(self, folder: Path, seed: int, zone: str) -> None:
        users, events = people_and_events(seed, zone)
        aware = lambda row, name: {**row, name: row[name].replace(tzinfo=dt.UTC)}  # noqa: E731
        self.zone = ZoneInfo(zone)
        self.dataset: Dataset = build_dataset(
            folder,
            users=[aware(row, "signup_time") for row in users],
            events=[aware(row, "event_time") for row in events],
            time_zone=zone,
        )
        self.people: dict[str, dict[str, Any]] = {row["user_id"]: row for row in users}
        self.events: dict[str, list[dict[str, Any]]] = {}
        for row in events:
            self.people.setdefault(row["user_id"], {"user_id": row["user_id"]})
            self.events.setdefault(row["user_id"], []).append(row)
        list_id, _ = stored.keep_list(self.dataset.id, ["u1", "u7", "u33", "nobody"])
        self.lists = {list_id: {"u1", "u7", "u33"}}

    def insight(self, rule: dict[str, Any], as_of: dt.date) -> set[str]:
        """Active in the window that ends on a fixed day, the as-of day permitting."""
        last = dt.date.fromisoformat(rule["options"]["day"])
        first = last - dt.timedelta(rule["options"]["window"] - 1)
        return {
            user
            for user, events in self.events.items()
            if any(first <= local_day(e["event_time"], self.zone) <= min(last, as_of) for e in events)
        }

    def expected(self, rule: dict[str, Any], as_of: dt.date) -> list[str]:
        about = {"as_of": as_of, "zone": self.zone, "lists": self.lists}
        ask = lambda found: self.insight(found, as_of)  # noqa: E731
        return sorted(
            user
            for user, person in self.people.items()
            if holds(rule, user, person, self.events.get(user, []), insights=ask, **about)
        )

    def found(self, rule: dict[str, Any], as_of: dt.date | None) -> list[str]:
        view = plain_view(self.dataset, Filters(as_of=as_of))
        masks = members(view, segment_json.from_json(rule))
        return sorted(
            str(user)
            for partition, mask in zip(self.dataset.partitions, masks, strict=True)
            for user in partition.user_ids.take(np.flatnonzero(mask)).to_pylist()
        )


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[World]]:
    from dashboard import settings as product

    folder = tmp_path_factory.mktemp("segments")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DASHBOARD_DATA_DIR", str(folder / "data"))
        (folder / "data").mkdir(mode=0o700)
        product.current.cache_clear()
        yield [World(folder, seed, zone) for seed, zone in enumerate(ZONES)]
    product.current.cache_clear()


DAY = st.integers(-2, 33).map(lambda n: (START + dt.timedelta(n)).isoformat())
SELECTOR = st.fixed_dictionaries(
    {
        "event": st.sampled_from((*NAMES, None)),
        "where": st.sampled_from(({}, {"device": ["web"]}, {"device": ["web", "app"]}, {"country": ["DE"]})),
    }
)
WINDOW = st.one_of(
    st.just({"kind": "ever"}),
    st.integers(1, 35).map(lambda days: {"kind": "last", "days": days}),
    st.tuples(DAY, DAY).map(lambda ends: {"kind": "between", "first": min(ends), "last": max(ends)}),
)
VALUES = {
    "country": st.lists(st.sampled_from(("DE", "UK", "FR", "")), min_size=1, max_size=3),
    "usage": st.lists(st.sampled_from(("0", "2.5", "9", "")), min_size=1, max_size=2),
    "paid": st.lists(st.sampled_from(("true", "false", "")), min_size=1, max_size=2),
}


def leaf() -> st.SearchStrategy[dict[str, Any]]:
    did = st.fixed_dictionaries(
        {
            "kind": st.just("did"),
            "event": SELECTOR,
            "compare": st.sampled_from(("at_least", "at_most", "exactly")),
            "times": st.integers(0, 6),
            "window": WINDOW,
        }
    )
    seen = st.fixed_dictionaries(
        {
            "kind": st.just("seen"),
            "which": st.sampled_from(("first", "last")),
            "compare": st.sampled_from(("at_least", "at_most")),
            "days": st.integers(0, 31),
        }
    )
    same = st.one_of(
        *(
            st.fixed_dictionaries(
                {
                    "kind": st.just("property"),
                    "name": st.just(name),
                    "test": st.sampled_from(("is", "is_not")),
                    "values": values.map(lambda given: sorted(set(given))),
                }
            )
            for name, values in VALUES.items()
        )
    )
    other = st.one_of(
        st.sampled_from(
            [{"kind": "property", "name": n, "test": "missing", "values": []} for n in (*VALUES, "signup_time", "team")]
        ),
        st.sampled_from(["alpha", "bet", "z"]).map(
            lambda part: {"kind": "property", "name": "team", "test": "contains", "values": [part]}
        ),
        st.tuples(st.sampled_from(("at_least", "at_most")), st.sampled_from(("0", "2.5", "3"))).map(
            lambda pair: {"kind": "property", "name": "usage", "test": pair[0], "values": [pair[1]]}
        ),
        st.tuples(st.sampled_from(("before", "after")), DAY).map(
            lambda pair: {"kind": "property", "name": "signup_time", "test": pair[0], "values": [pair[1]]}
        ),
    )
    insight = st.tuples(DAY, st.integers(1, 10)).map(
        lambda pair: {
            "kind": "insight",
            "insight": "active_people",
            "options": {"day": pair[0], "window": pair[1]},
            "search": "",
            "label": "",
        }
    )
    return st.one_of(did, seen, same, other, insight, st.just({"kind": "list", "list": "", "count": 4}))


RULES = st.recursive(
    leaf(),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(("all", "any")), st.lists(inner, min_size=1, max_size=3)).map(
            lambda pair: {"kind": pair[0], "rules": pair[1]}
        ),
        inner.map(lambda rule: {"kind": "not", "rule": rule}),
    ),
    max_leaves=5,
)


def with_list(rule: dict[str, Any], list_id: str) -> dict[str, Any]:
    if rule["kind"] == "list":
        return {**rule, "list": list_id}
    if rule["kind"] == "not":
        return {**rule, "rule": with_list(rule["rule"], list_id)}
    return {**rule, "rules": [with_list(item, list_id) for item in rule["rules"]]} if "rules" in rule else rule


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(rule=RULES, which=st.integers(0, 2), back=st.one_of(st.none(), st.integers(0, 31)))
def test_members_are_those_of_plain_python(
    worlds: list[World], rule: dict[str, Any], which: int, back: int | None
) -> None:
    world = worlds[which]
    rule = with_list(rule, next(iter(world.lists)))
    if _depth(rule) > 6:
        return
    last = START + dt.timedelta(world.dataset.manifest.last_day - (START - dt.date(1970, 1, 1)).days)  # type: ignore[operator]
    as_of = None if back is None else last - dt.timedelta(back)
    found = world.found(rule, as_of)
    assert found == world.expected(rule, as_of or last)
    opposite = world.found({"kind": "not", "rule": rule}, as_of) if _depth(rule) < 6 else None
    if opposite is not None:
        assert sorted([*found, *opposite]) == sorted(world.people)


def _depth(rule: dict[str, Any]) -> int:
    below = rule.get("rules") or ([rule["rule"]] if rule["kind"] == "not" else [])
    return 1 + max((_depth(item) for item in below), default=0)


def test_what_the_data_lack_is_refused_in_words(worlds: list[World]) -> None:
    dataset = worlds[0].dataset
    for rule, code in (
        ({"kind": "did", "event": {"event": "fly"}}, "unknown_event"),
        ({"kind": "property", "name": "shoe", "test": "is", "values": ["1"]}, "cannot_answer"),
        ({"kind": "property", "name": "user_id", "test": "is", "values": ["u1"]}, "cannot_answer"),
    ):
        with pytest.raises(UserError) as refusal:
            check(dataset, segment_json.from_json(rule))
        assert refusal.value.code == code and refusal.value.hint
    view = plain_view(dataset, Filters())
    for name, test, value in (
        ("country", "at_least", "3"),
        ("usage", "contains", "a"),
        ("usage", "before", "2024-01-01"),
    ):
        rule = segment_json.from_json({"kind": "property", "name": name, "test": test, "values": [value]})
        with pytest.raises(UserError, match="does not fit"):
            members(view, rule)
    for insight, options in (("active_people", {"windw": 3}), ("active_people", {"window": "x"}), ("active_users", {})):
        with pytest.raises(UserError):
            members(view, segment_json.from_json({"kind": "insight", "insight": insight, "options": options}))


def test_nothing_is_compiled_by_a_condition(worlds: list[World]) -> None:
    warm_up.compile_kernels()
    kernels = (segment_kernels.count_codes, segment_kernels.count_kept)
    before = [len(kernel.signatures) for kernel in kernels]  # type: ignore[attr-defined]
    for where in ({}, {"device": ["web"]}):
        event = {"event": "buy", "where": where}
        worlds[0].found({"kind": "did", "event": event, "window": {"kind": "last", "days": 12}, "times": 7}, None)
    assert before == [1, 1] == [len(kernel.signatures) for kernel in kernels]  # type: ignore[attr-defined]


def test_days_are_needed_for_days(data_dir: Path) -> None:
    dataset = build_dataset(data_dir, users=[{"user_id": "a", "country": "DE"}])
    view = plain_view(dataset, Filters())
    with pytest.raises(CannotAnswer):
        members(view, segment_json.from_json({"kind": "seen", "which": "last", "compare": "at_most", "days": 3}))
    found = members(
        view, segment_json.from_json({"kind": "property", "name": "country", "test": "is", "values": ["DE"]})
    )
    assert sum(int(part.sum()) for part in found) == 1
