"""Turning points against the definition in plain Python; labels, halves, lists of people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.errors import UserError
from dashboard.insights import aha as module
from dashboard.insights import aha_cells
from dashboard.insights.aha import aha, aha_below, aha_people, table_of
from dashboard.insights.aha_exposure import until_of
from dashboard.insights.aha_query import AhaQuery
from dashboard.insights.selector import Selector
from dashboard.statistics.table_arrays import Tables
from dashboard.statistics.tables import Table
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset
from tests.unit.insights import oracle, stored
from tests.unit.insights.stored import Log, Row

DAY = 86_400


def whole(dataset: Dataset, **where: tuple[str, ...]) -> Any:
    assert dataset.manifest.first_day is not None and dataset.manifest.last_day is not None
    return oracle.view(dataset, dataset.manifest.first_day, dataset.manifest.last_day, where=where)


def counted(rows: list[Row], platform: tuple[str, ...] | None, until: float) -> tuple[float, list[Row]] | None:
    """First seen (in all rows, which must pass) and the rows that pass, up to ``until``."""
    known = [row for row in rows if row.time is not None and row.time <= until]
    if not known or known[0].time is None or (platform is not None and known[0].platform not in platform):
        return None
    return known[0].time, [row for row in known if platform is None or row.platform in platform]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    stored.logs(step=DAY // 4, span=60),
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(3, 6),
    st.integers(1, 4),
    st.sampled_from((None, "play", {"event": "play", "where": {"platform": "web"}})),
    st.booleans(),
)
def test_cells_are_what_the_definition_says(
    log: Log, partitions: int, most: int, from_day: int, length: int, outcome: Any, filtered: bool
) -> None:
    with stored.private_directory() as folder:
        dataset = log.build(folder, partitions)
        name = outcome["event"] if isinstance(outcome, dict) else outcome
        if dataset.manifest.last_day is None or (name and dataset.code("event_name", name) < 0):
            return
        if isinstance(outcome, dict) and not stored.has(dataset, "platform"):
            return
        platform = ("web", "") if filtered and stored.has(dataset, "platform") else None
        view = whole(dataset, **({"platform": platform} if platform else {}))
        until, to_day = until_of(view) / 1e6, from_day + length
        options = {"outcome": outcome, "from_day": from_day, "to_day": to_day, "days": (1, 3), "most": most}
        distinct = ["platform"] if stored.has(dataset, "platform") else []
        names = sorted(str(text) for text in dataset.dictionary("event_name"))
        result = aha(view, events=names, distinct=distinct, **options)
        cells: dict[tuple[str, str, int, int], dict[str, set[str]]] = {}
        observed = 0
        for user, rows in stored.people(dataset).items():
            found = counted(rows, platform, until)
            if found is None or found[0] + to_day * DAY > until:
                continue
            first, mine = found
            observed += 1
            back = any(
                from_day * DAY <= row.time - first < to_day * DAY
                and (name is None or row.name == name)
                and (not isinstance(outcome, dict) or row.platform == "web")
                for row in mine
                if row.time is not None
            )
            for days in (1, 3):
                early = [row for row in mine if row.time is not None and row.time - first < days * DAY]
                times = {("event", n): sum(row.name == n for row in early) for n in names}
                times |= {("distinct", n): len({row.platform for row in early} - {""}) for n in distinct}
                for (kind, what), count in times.items():
                    for n in range(1, most + 1):
                        cell = cells.setdefault((kind, what, n, days), {c: set() for c in ("tp", "fp", "fn", "tn")})
                        cell[("tp" if back else "fp") if count >= n else ("fn" if back else "tn")].add(user)
        assert result.summary["observed"] == observed
        shown = result.frame.set_index(["kind", "behaviour", "at_least", "days"])[["tp", "fp", "fn", "tn"]]
        expected = {key: cell for key, cell in cells.items() if cell["tp"] or cell["fp"]}
        assert {key: tuple(row) for key, row in zip(shown.index, shown.to_numpy().tolist(), strict=True)} == {
            key: tuple(len(cell[c]) for c in ("tp", "fp", "fn", "tn")) for key, cell in expected.items()
        }
        for kind, what, n, days in list(expected)[:3]:
            for c in ("tp", "fp", "fn", "tn"):
                listed = aha_people(
                    view, cell=c, kind=kind, behaviour=what, at_least=n, within=days, events=names, distinct=distinct,
                    **options,
                ).frame  # fmt: skip
                assert list(listed["user_id"]) == sorted(expected[kind, what, n, days][c])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stored.logs(step=DAY // 4, span=60), st.integers(1, 3), st.sampled_from(stored.NAMES))
def test_one_behaviour_agrees_with_the_cell_of_the_grid(log: Log, at_least: int, name: str) -> None:
    with stored.private_directory() as folder:
        dataset = log.build(folder)
        if dataset.manifest.last_day is None or dataset.code("event_name", name) < 0:
            return
        view = whole(dataset)
        frame = aha(view, events=[name], from_day=3, to_day=6, days=3).frame
        row = frame[frame["at_least"] == at_least]
        found = table_of(
            view, Selector(name), at_least=at_least, first_days=3, from_day=3, to_day=6, until=until_of(view)
        )
        if len(row):
            assert tuple(row[["tp", "fp", "fn", "tn"]].iloc[0]) == (found.tp, found.fp, found.fn, found.tn)
        else:
            assert found.tp + found.fp == 0


@pytest.fixture
def product(data_dir: Path) -> Dataset:
    """600 people: everybody opens; a third invite and come back twice as often; noise does nothing; one platform."""
    rng = np.random.default_rng(5)
    events: list[dict[str, object]] = []

    def add(user: str, day: float, name: str, kind: str | None = None) -> None:
        minutes = round((5 + day) * 1_440)
        events.append({"user_id": user, "event_time": f"2024-01-{1 + minutes // 1440:02d} "
                       f"{minutes // 60 % 24:02d}:{minutes % 60:02d}", "event_name": name, "kind": kind})  # fmt: skip

    for person in range(600):
        user, invites = f"u{person:03d}", rng.random() < 0.35
        add(user, 0, "open", "a")
        for kind in ("a", "b", "c")[: 3 if invites else 1]:
            add(user, 0.1, "look", kind)
        if invites:
            add(user, 0.2, "invite")
            add(user, 0.3, "invite")
        if rng.random() < 0.5:
            add(user, 0.4, "noise")
        if rng.random() < (0.7 if invites else 0.3):
            add(user, 8, "stay")
    add("late", 14.25, "open", "a")
    add("late", 14.3, "invite")
    return build_dataset(data_dir, events=events, users=[{"user_id": "u000", "plan": "Pro"}])


def test_the_turning_point_is_found_and_named_honestly(product: Dataset) -> None:
    result = aha(whole(product), from_day=7, to_day=10, days=1)
    best, frame = result.summary["best"], result.frame
    assert best["behaviour"] in ("invite", "kind", "look") and best["risk_ratio"] > 1.5 and best["low"] > 1
    assert best["versus_average"] < best["risk_ratio"]
    assert result.summary["split"] and result.summary["observed"] == 600
    labels = {(row.behaviour, row.at_least): row.label for row in frame.itertuples()}
    assert labels["open", 1] == "everyone" and labels["noise", 1] == "chance"
    assert not frame[frame["label"] != ""]["recommended"].any()
    assert sorted(frame["rank"][frame["rank"] > 0]) == list(range(1, int(frame["rank"].max()) + 1))
    # what the same people do adds nothing once the leader is known
    twins = frame[(frame["behaviour"] == "invite") & (frame["at_least"] == 1)]
    assert set(twins["label"]) <= {"", "explained"} and (frame["rank"] == 1).sum() == 1
    assert any("not show that doing it makes" in note for note in result.notes)
    assert [item.count for item in result.left_out if item.code == "too_young"] == [1]


def test_what_coming_back_consists_of_is_not_called_its_cause(product: Dataset) -> None:
    frame = aha(whole(product), from_day=7, to_day=10, days=7, outcome="stay").frame
    assert "stay" not in set(frame[frame["recommended"]]["behaviour"])


def test_people_one_step_below(product: Dataset) -> None:
    view, options = whole(product), {"from_day": 7, "to_day": 10, "days": 1, "events": ["invite"]}
    result = aha_below(view, behaviour="invite", at_least=2, within=1, **options)
    assert list(result.frame["user_id"]) == ["late"] and result.frame["open"].all()
    nobody_invited = aha_below(view, behaviour="invite", at_least=1, within=1, **options)
    frame = aha(view, **options).frame
    cell = frame[frame["at_least"] == 1].iloc[0]
    assert len(nobody_invited.frame) == cell["fn"] + cell["tn"]
    leader = aha_below(view, from_day=7, to_day=10, days=1)
    assert leader.summary["behaviour"] and leader.summary["users"] == len(leader.frame)


def test_few_people_choose_and_report_themselves_and_are_told(data_dir: Path) -> None:
    days = ("01", "02", "09", "20")
    events = [{"user_id": f"u{i}", "event_time": f"2024-01-{day}", "event_name": "x"} for i in range(9) for day in days]
    result = aha(whole(build_dataset(data_dir, events=events)), from_day=7, to_day=14)
    assert not result.summary["split"] and result.frame["held_p"].isna().all() and result.summary["best"] is None
    assert any("flatter" in note for note in result.notes)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"from_day": 2, "to_day": 9, "days": 3}, "windows_overlap"),
        ({"from_day": 9, "to_day": 9}, "empty_window"),
        ({"events": ["dance"]}, "unknown_event"),
        ({"outcome": "dance"}, "unknown_event"),
        ({"distinct": ["user_id"]}, "unknown_column"),
        ({"outcome": "{nonsense"}, "bad_option"),
        ({"days": "soon"}, "bad_option"),
    ],
)
def test_what_cannot_be_meant_is_refused(product: Dataset, options: dict[str, Any], code: str) -> None:
    with pytest.raises(UserError) as refused:
        aha(whole(product), **options)
    assert refused.value.code == code and refused.value.hint


def test_a_query_survives_json_and_text() -> None:
    query = AhaQuery(Selector("play", (("category", ("Crime",)),)), 30, 37, (1, 3), 5, ("a",), ("b",), ("platform",))
    assert AhaQuery.of(query.to_json()) == query
    as_text = {"outcome": '{"event": "play", "where": {"category": "Crime"}}', "days": "1,3", "from_day": "30"}
    assert AhaQuery.of({**query.to_json(), **as_text}) == query


@given(st.lists(st.tuples(*[st.integers(0, 40)] * 4), min_size=1, max_size=20))
def test_many_tables_measure_what_one_table_does(cells: list[tuple[int, int, int, int]]) -> None:
    tables = Tables(*np.array(cells, np.float64).T)
    ratios = np.array(tables.risk_ratio()).T
    for at, cell in enumerate(cells):
        one = Table(*cell)
        for name in ("reach", "base_rate", "ppv", "npv", "sensitivity", "specificity", "lift", "phi"):
            single, many = getattr(one, name), getattr(tables, name)[at]
            assert np.isnan(many) if single is None else many == pytest.approx(single)
        ratio = one.risk_ratio()
        assert np.isnan(ratios[at]).all() if ratio is None else ratios[at] == pytest.approx(ratio)
        tested = tables.p_value[at]
        if min(cell) >= 5 and min(cell[0] + cell[1], cell[2] + cell[3]) * min(
            cell[0] + cell[2], cell[1] + cell[3]
        ) >= 5 * sum(cell):
            assert tested == pytest.approx(one.p_value, rel=1e-6, abs=1e-12)
        elif min(cell) < 5:
            assert np.isnan(tested)


def test_every_label_has_a_sentence(product: Dataset) -> None:
    frame = aha(whole(product), from_day=7, to_day=10, days=1).frame
    assert all(why == aha_cells.WHY[label] for label, why in zip(frame["label"], frame["why"], strict=True))
    assert module.NOT_CAUSE.endswith(".")
