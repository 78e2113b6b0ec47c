"""Health against plain Python, and what must never be called healthy."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dashboard.customers import health
from dashboard.errors import CannotAnswer
from dashboard.filters import Filters
from dashboard.insights.view import View, view_of
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset

LAST = dt.date(2024, 12, 31)


def seen(dataset: Dataset, as_of: dt.date | None = None) -> View:
    return view_of(dataset, Filters(as_of=as_of))


def position(dataset: Dataset, person: str) -> int:
    found = dataset.find(person)
    assert found is not None
    return sum(part.n_users for part in dataset.partitions[: found[0]]) + found[1]


def log(seed: int = 1, people: int = 60) -> list[dict[str, Any]]:
    draw = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        back = int(draw.integers(1, 400))
        for _ in range(int(draw.integers(1, 25))):
            day = LAST - dt.timedelta(days=int(draw.integers(0, back)))
            name = ["open", "play", "cancel_plan"][int(draw.choice(3, p=[0.5, 0.4, 0.1]))]
            rows.append(
                {
                    "user_id": f"u{person:02d}",
                    "event_time": f"{day.isoformat()} 10:{int(draw.integers(60)):02d}",
                    "event_name": name,
                    "feature": ["a", "b", "c", None][int(draw.integers(4))],
                    "duration_seconds": float(draw.integers(1, 500)),
                }
            )
    rows.append({**rows[0], "user_id": "last", "event_time": f"{LAST.isoformat()} 12:00"})
    return rows


def signs_of(rows: list[dict[str, Any]], as_of: dt.date) -> dict[str, dict[str, float]]:
    """The definitions of the module, person by person."""
    people: dict[str, dict[str, Any]] = {}
    for row in rows:
        day = dt.date.fromisoformat(row["event_time"][:10])
        if day > as_of:
            continue
        own = people.setdefault(row["user_id"], {"days": set(), "rows": []})
        own["days"].add(day)
        if (as_of - day).days < health.RECENT:
            own["rows"].append(row)
    spans = sum((max(p["days"]) - min(p["days"])).days for p in people.values())
    steps = sum(len(p["days"]) - 1 for p in people.values())
    made = {}
    for person, own in people.items():
        days = own["days"]
        gap = ((max(days) - min(days)).days + spans / steps) / len(days)
        back = [(as_of - day).days for day in days]
        made[person] = {
            "recency": min(back) / max(gap, 1),
            "trend": sum(b < 28 for b in back) - sum(28 <= b < 56 for b in back),
            "breadth": len({row["feature"] for row in own["rows"]} - {None}),
            "depth": sum(row["duration_seconds"] for row in own["rows"]),
            "friction": sum("cancel" in row["event_name"] for row in own["rows"]),
            "tenure": max(back),
        }
    return made


@pytest.mark.parametrize("as_of", [LAST, LAST - dt.timedelta(days=100)])
def test_score_and_signs_agree_with_plain_python(data_dir: Path, as_of: dt.date) -> None:
    rows = log()
    dataset = build_dataset(data_dir, events=rows)
    made = signs_of(rows, as_of)
    weights = {"recency": 35, "trend": 25, "breadth": 15, "depth": 15, "friction": 10}
    limits = [limit for limit, _ in health.TENURE]
    for person, own in made.items():
        band = sum(own["tenure"] > limit for limit in limits)
        peers = [p for p in made.values() if sum(p["tenure"] > limit for limit in limits) == band]
        peers = peers if len(peers) >= health.MIN_PEERS else list(made.values())
        told = health.health_of(seen(dataset, as_of), position(dataset, person))
        assert told.peers == len(peers)
        score = 0.0
        for sign in told.signs:
            values = [p[sign.key] for p in peers]
            worse = sum(v > own[sign.key] if sign.key in ("recency", "friction") else v < own[sign.key] for v in values)
            share = (worse + values.count(own[sign.key]) / 2) / len(values)
            assert sign.value == pytest.approx(own[sign.key])
            assert sign.percentile == pytest.approx(share)
            assert sign.peer == pytest.approx(float(np.median(values)))
            score += weights[sign.key] * share
        assert told.score == pytest.approx(score)
        assert sum(sign.weight for sign in told.signs) == 100 and not told.missing


def test_more_than_five_events_ever_is_no_health(data_dir: Path) -> None:
    """The trap: whoever did much once and has been gone for a year."""
    start = LAST - dt.timedelta(days=500)
    rows = [
        {"user_id": "gone", "event_time": (start + dt.timedelta(days=n)).isoformat(), "event_name": "x"}
        for n in range(90)
    ]
    for person in range(40):
        rows += [
            {"user_id": f"u{person}", "event_time": (start + dt.timedelta(days=n)).isoformat(), "event_name": "x"}
            for n in range(person % 7, 501, 7)
        ]
    dataset = build_dataset(data_dir, events=rows)
    told = health.health_of(seen(dataset), position(dataset, "gone"))
    assert told.band == health.AT_RISK and told.overdue is not None and told.overdue > 100
    assert health.health_of(seen(dataset), position(dataset, "u6")).band != health.AT_RISK


def test_own_rhythm_counts_not_plain_silence(data_dir: Path) -> None:
    """A weekly buyer silent for 30 days is worse off than a yearly buyer silent for 90."""

    def orders(person: str, every: int, silent: int) -> list[dict[str, Any]]:
        last = LAST - dt.timedelta(days=silent)
        days = [last - dt.timedelta(days=every * n) for n in range(1000 // every + 1)]
        return [
            {"user_id": person, "order_time": d.isoformat(), "amount": 10.0, "order_id": f"{person}{d}"} for d in days
        ]

    rows = orders("weekly", 7, 30) + orders("yearly", 365, 90)
    for n in range(30):
        rows += orders(f"p{n}", 20 + n, n)
    dataset = build_dataset(data_dir, transactions=rows)
    found = {name: health.health_of(seen(dataset), position(dataset, name)) for name in ("weekly", "yearly")}
    assert found["weekly"].overdue is not None and found["yearly"].overdue is not None
    assert found["weekly"].overdue > found["yearly"].overdue
    first = {name: told.signs[0].percentile for name, told in found.items()}
    assert first["weekly"] is not None and first["yearly"] is not None and first["weekly"] < first["yearly"]


def test_silence_caps_the_score_where_nobody_has_a_rhythm(data_dir: Path) -> None:
    users = [
        {"user_id": f"u{n:02d}", "last_active_time": (LAST - dt.timedelta(days=91 + n)).isoformat()} for n in range(40)
    ]
    users.append({"user_id": "new", "last_active_time": LAST.isoformat()})
    dataset = build_dataset(data_dir, users=users)
    told = health.health_of(seen(dataset), position(dataset, "u00"))
    assert told.score > health.GOOD and told.capped and told.band == health.WATCH
    assert [name for name, _ in told.missing] == ["Trend", "Breadth", "Depth", "Friction"]


def test_who_was_never_active_has_no_health(data_dir: Path) -> None:
    dataset = build_dataset(
        data_dir, users=[{"user_id": "a", "last_active_time": None}, {"user_id": "b", "last_active_time": "2024-01-01"}]
    )
    with pytest.raises(CannotAnswer):
        health.health_of(seen(dataset), position(dataset, "a"))
    bare = build_dataset(data_dir, users=[{"user_id": "a", "country": "DE"}])
    with pytest.raises(CannotAnswer) as refused:
        health.health_of(seen(bare), 0)
    assert refused.value.missing == ("last_active_time", "events")


def test_partitions_change_nothing(data_dir: Path) -> None:
    rows = log(3, 25)
    one, many = (build_dataset(data_dir, events=rows, partitions=n) for n in (1, 5))
    for person in sorted({row["user_id"] for row in rows}):
        told = [health.health_of(seen(d), position(d, person)) for d in (one, many)]
        assert told[0] == told[1]
