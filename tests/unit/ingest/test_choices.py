"""Changing a plan: every change is a function of the plan, and a plan stays consistent under any of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.errors import UserError
from dashboard.ingest import choices, joins
from dashboard.ingest.plan import ROW_NUMBER, ColumnPlan, Question, SourcePlan, TimeFormat
from dashboard.schema import FIELDS

PLAN = SourcePlan(
    "users",
    columns=(
        ColumnPlan(0, "id", "user_id", "field", "id"),
        ColumnPlan(1, "Level", "plan", "field"),
        ColumnPlan(2, "seen", "last_active_time", "field", "time", time=TimeFormat(order="dmy")),
        ColumnPlan(3, "genre", "genre"),
        ColumnPlan(4, "Genre ", "genre_2"),
    ),
)
DATES = Question("date_order", "Which?", (("dmy", "a"), ("mdy", "b")), column=2)


def test_a_field_has_one_column() -> None:
    changed = choices.use_column(PLAN, 3, "field:plan")
    assert [c.index for c in changed.columns if c.use == "field" and c.name == "plan"] == [3]
    assert changed.columns[1].use == "property" and changed.columns[1].name == "level"


EDITS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from([*(f"field:{f.name}" for f in FIELDS["users"]), "property", "ignored"]),
    ),
    max_size=12,
)


@given(EDITS)
def test_names_stay_unique_whatever_is_chosen(edits: list[tuple[int, str]]) -> None:
    plan = PLAN
    for index, use in edits:
        plan = choices.use_column(plan, index, use)
        now = plan.columns[index]
        assert (f"field:{now.name}" if now.use == "field" else now.use) == use
        assert (now.time is not None) or now.type != "time" or now.use != "field"
    used = [c.name for c in plan.columns if c.use != "ignored"]
    assert len(set(used)) == len(used)
    assert [(c.index, c.header) for c in plan.columns] == [(c.index, c.header) for c in PLAN.columns]


def test_missing_names_what_to_choose() -> None:
    assert choices.missing(PLAN) == ()
    assert choices.missing(choices.use_column(PLAN, 0, "ignored")) == ("Choose the column that holds the user id.",)
    orders = SourcePlan(
        "transactions",
        columns=(
            ColumnPlan(0, "c", "user_id", "field", "id"),
            ColumnPlan(1, "t", "order_time", "field", "time"),
            ColumnPlan(2, "q", "quantity", "field", "number"),
            ColumnPlan(3, "p", "p", "property", "number"),
        ),
    )
    assert len(choices.missing(orders)) == 1 and "line amount" in choices.missing(orders)[0]
    assert choices.missing(choices.use_column(orders, 3, "field:unit_price")) == ()
    assert choices.missing(choices.use_column(orders, 3, "field:amount")) == ()


def test_answers_change_the_column() -> None:
    plan = replace(PLAN, questions=(DATES,))
    answered = choices.answer(plan, "date_order", "mdy", 2)
    assert answered.open_questions == ()
    assert answered.columns[2].time == TimeFormat(order="mdy")
    assert choices.set_order(plan, 2, "mdy").open_questions == ()
    assert choices.use_column(plan, 2, "ignored").open_questions == ()  # dates nobody reads need no order


def test_choosing_a_column_answers_which_column_it_is() -> None:
    plan = replace(
        choices.use_column(PLAN, 0, "property"),
        questions=(Question("user_id", "Which column is the id?", (("0", "id"), ("3", "genre"))),),
    )
    assert choices.use_column(plan, 3, "field:user_id").questions[0].answer == "3"
    assert choices.answer(plan, "user_id", "0").column("user_id").index == 0  # type: ignore[union-attr]


def test_types_of_fields_are_fixed_and_of_properties_free() -> None:
    assert choices.set_type(PLAN, 0, "number") == PLAN
    changed = choices.set_type(PLAN, 3, "time")
    assert changed.columns[3].type == "time" and changed.columns[3].time == TimeFormat()
    assert choices.set_type(changed, 3, "text").columns[3].time is None


@pytest.mark.parametrize(
    "change",
    [
        lambda: choices.use_column(PLAN, 0, "field:amount"),
        lambda: choices.use_column(PLAN, 9, "ignored"),
        lambda: choices.use_column(PLAN, 0, "nonsense"),
        lambda: choices.set_type(PLAN, 3, "colour"),
        lambda: choices.set_order(PLAN, 2, "ydm"),
        lambda: choices.answer(PLAN, "date_order", "mdy"),
        lambda: choices.answer(replace(PLAN, questions=(DATES,)), "date_order", "ymd"),
        lambda: choices.find_column(PLAN, "nothing"),
        lambda: choices.kind_of("people"),
    ],
)
def test_what_is_not_possible_is_refused(change: object) -> None:
    with pytest.raises(UserError) as refused:
        change()  # type: ignore[operator]
    assert refused.value.message


def test_columns_are_found_exactly_first() -> None:
    assert choices.find_column(PLAN, "Genre ") == 4
    assert choices.find_column(PLAN, "GENRE") == 3


def table(path: Path, kind: str, ids: list[str]) -> tuple[Path, SourcePlan]:
    path.write_text("who,x\n" + "".join(f"{one},1\n" for one in ids), encoding="utf-8")
    columns = (ColumnPlan(0, "who", "user_id", "field", "id"), ColumnPlan(1, "x", "x"))
    return path, SourcePlan(kind, columns=columns)  # type: ignore[arg-type]


def test_joins_count_distinct_people(data_dir: Path, tmp_path: Path) -> None:
    users = table(tmp_path / "u", "users", ["1", "2", "3", "3"])
    events = table(tmp_path / "e", "events", ["1", "1", "9", "NA"])
    more = table(tmp_path / "e2", "events", ["2", "9"])
    assert joins.compare([users, events, more], staging=tmp_path) == [joins.Join("events", "users", 4, 2)]
    assert joins.compare([events, more], staging=tmp_path) == []
    numbered = (users[0], replace(users[1], columns=(replace(users[1].columns[0], index=ROW_NUMBER),)))
    assert joins.compare([numbered, events], staging=tmp_path) == []
