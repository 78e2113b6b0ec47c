"""Who may ask, what is kept, and what every answer says about itself."""

from __future__ import annotations

import gc
import inspect
from pathlib import Path

import pytest

from dashboard import cache, settings
from dashboard.errors import CannotAnswer, NotFound, UserError
from dashboard.filters import Filters
from dashboard.insights.registry import INSIGHTS
from dashboard.result import Result
from dashboard.service import core
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset

VISITS = [
    {"user_id": f"u{i % 3}", "event_time": f"2024-01-{i + 1:02d} 10:00", "event_name": "visit"} for i in range(20)
]


@pytest.fixture
def visits(data_dir: Path) -> Dataset:
    return build_dataset(data_dir, events=VISITS, owner="ann")


def test_nobody_else_gets_anything(visits: Dataset) -> None:
    with core.acting_as("bob"):
        for action in core.ACTIONS:
            with pytest.raises(NotFound):
                core.authorise(visits.id, action)
        with pytest.raises(NotFound):
            core.run("active_users", visits.id, Filters(), {})
    with core.acting_as("ann"):
        core.authorise(visits.id, "read")


def test_an_answer_that_is_kept_is_not_for_everybody(visits: Dataset) -> None:
    """The check comes before the cache."""
    with core.acting_as("ann"):
        core.run("active_users", visits.id, Filters(), {})
    with core.acting_as("bob"), pytest.raises(NotFound):
        core.run("active_users", visits.id, Filters(), {})


@pytest.mark.parametrize("action", ["", "write", "READ", "admin"])
def test_an_unknown_action_is_refused(visits: Dataset, action: str) -> None:
    with core.acting_as("ann"), pytest.raises(NotFound):
        core.authorise(visits.id, action)


@pytest.mark.parametrize("dataset", ["", "nothing12345", "../../etc", "abcdefghijkl", "' OR 1=1 --"])
def test_an_unknown_dataset_is_the_same_answer(data_dir: Path, dataset: str) -> None:
    with pytest.raises(NotFound):
        core.open_for("read", dataset)


def test_with_sign_in_a_call_in_nobodys_name_is_refused(visits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    assert core.current_owner() == core.LOCAL
    monkeypatch.setenv("DASHBOARD_SECRET", "s" * 32)
    settings.current.cache_clear()
    with pytest.raises(NotFound):
        core.current_owner()
    with core.acting_as("ann"):
        assert core.current_owner() == "ann"
    with pytest.raises(NotFound):
        core.authorise(visits.id, "read")


def test_acting_ends_with_an_error() -> None:
    with pytest.raises(RuntimeError), core.acting_as("ann"):
        raise RuntimeError
    assert core.current_owner() == core.LOCAL


def test_an_answer_says_where_it_comes_from(visits: Dataset) -> None:
    with core.acting_as("ann"):
        result = core.run("active_users", visits.id, Filters(range="7d"), {"activity": ["visit"]})
    assert (result.dataset, result.version, result.time_zone, result.as_of) == (visits.id, "1", "UTC", "2024-01-20")
    assert (result.rows_read, result.users_read) == (20, 3)
    assert result.query["range"] == "7d" and result.query["options"] == {"activity": ["visit"]}
    assert result.computed_at.endswith("+00:00") and result.seconds > 0


def test_a_second_question_is_not_computed(visits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    with core.acting_as("ann"):
        first = core.run("active_users", visits.id, Filters(), {})
        monkeypatch.setattr(core, "_compute", lambda *_: pytest.fail("computed although it was kept"))
        again = core.run("active_users", visits.id, Filters(), {})
        assert again == first.__class__(**{**again.__dict__})
        assert again.computed_at == first.computed_at
        assert again.frame.equals(first.frame)


def test_filters_options_and_owner_are_different_questions(visits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(cache.ResultCache, "get", lambda _, key, tag, compute: seen.append(key) or compute())
    with core.acting_as("ann"):
        core.run("active_users", visits.id, Filters(), {})
        core.run("active_users", visits.id, Filters(range="7d"), {})
        core.run("active_users", visits.id, Filters().with_where("event_name", ["visit"]), {})
        core.run("active_users", visits.id, Filters(compare="none"), {})
        core.run("unique_users", visits.id, Filters(), {})
        core.run("unique_users", visits.id, Filters(), {"by": "day"})
    dataset = build_dataset(settings.current().data_dir, events=VISITS, owner="bob")
    with core.acting_as("bob"):
        core.run("active_users", dataset.id, Filters(), {})
    assert len(set(seen)) == len(seen) == 7


def test_an_error_is_raised_again_and_not_kept(visits: Dataset) -> None:
    with core.acting_as("ann"):
        for _ in range(2):
            with pytest.raises(CannotAnswer) as refusal:
                core.run("revenue", visits.id, Filters(), {})
            assert refusal.value.missing == ("transactions",)


def test_an_unknown_option_is_named(visits: Dataset) -> None:
    with core.acting_as("ann"), pytest.raises(UserError) as refusal:
        core.run("active_users", visits.id, Filters(), {"colour": "red"})
    assert "colour" in refusal.value.message and "activity" in refusal.value.hint


def test_every_insight_runs_or_says_what_is_missing(visits: Dataset) -> None:
    with core.acting_as("ann"):
        for name, item in INSIGHTS.items():
            given = list(inspect.signature(item.compute).parameters.values())[1:]
            needed = [
                option.name
                for option in given
                if option.default is option.empty and option.kind is not option.VAR_KEYWORD
            ]
            try:
                assert isinstance(core.run(name, visits.id, Filters(), {}), Result)
            except CannotAnswer as refusal:
                assert refusal.missing or "too few" in refusal.message, name
            except UserError as refusal:
                assert needed and all(option in refusal.hint for option in needed)


def test_forgetting_a_dataset_empties_its_cache(visits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    with core.acting_as("ann"):
        core.run("active_users", visits.id, Filters(), {})
        cache.forget(visits.id)
        computed: list[int] = []
        original = core._compute
        monkeypatch.setattr(core, "_compute", lambda *a: computed.append(1) or original(*a))
        core.run("active_users", visits.id, Filters(), {})
    assert computed == [1]


def test_what_is_loaded_at_the_start_is_left_alone_by_the_garbage_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.insights.warm_up.compile_kernels", lambda: None)
    before = gc.get_freeze_count()
    try:
        core.warm()
        assert gc.get_freeze_count() > max(before, 10_000)
    finally:
        gc.unfreeze()
