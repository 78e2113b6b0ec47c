from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.customers.grid_query import choose
from dashboard.errors import UserError

TYPES = {"id": "text", "plan": "text", "spend": "number", "last": "date"}
FRAME = pd.DataFrame(
    {
        "id": pd.Series(["a1", "b2", "a.3", "C4", "d5"], dtype="str"),
        "plan": pd.Categorical(["Basic", None, "Premium", "basic", "Premium"]),
        "spend": [5.0, np.nan, -1.0, 5.0, 20.0],
        "last": [20_000.0, 20_001.0, np.nan, 19_999.0, 20_000.0],
        "secret": [1.0] * 5,
    }
)


def rows(filter_model: Any = None, sort_model: Any = None) -> list[str]:
    return FRAME["id"].iloc[choose(FRAME, TYPES, sort_model, filter_model)].tolist()


@pytest.mark.parametrize(
    ("column", "condition", "expected"),
    [
        ("id", {"type": "contains", "filter": "A"}, ["a1", "a.3"]),
        ("id", {"type": "contains", "filter": "."}, ["a.3"]),  # a dot is a dot, no pattern
        ("id", {"type": "notContains", "filter": "a"}, ["b2", "C4", "d5"]),
        ("id", {"type": "equals", "filter": "c4"}, ["C4"]),
        ("id", {"type": "notEqual", "filter": "c4"}, ["a1", "b2", "a.3", "d5"]),
        ("id", {"type": "startsWith", "filter": "A"}, ["a1", "a.3"]),
        ("id", {"type": "endsWith", "filter": "5"}, ["d5"]),
        ("plan", {"type": "equals", "filter": "basic"}, ["a1", "C4"]),
        ("plan", {"type": "notEqual", "filter": "basic"}, ["b2", "a.3", "d5"]),
        ("plan", {"type": "contains", "filter": ""}, ["a1", "a.3", "C4", "d5"]),
        ("plan", {"type": "notContains", "filter": "prem"}, ["a1", "b2", "C4"]),
        ("plan", {"type": "blank"}, ["b2"]),
        ("plan", {"type": "notBlank"}, ["a1", "a.3", "C4", "d5"]),
        ("spend", {"type": "equals", "filter": 5}, ["a1", "C4"]),
        ("spend", {"type": "notEqual", "filter": 5}, ["a.3", "d5"]),
        ("spend", {"type": "lessThan", "filter": 5}, ["a.3"]),
        ("spend", {"type": "lessThanOrEqual", "filter": 5}, ["a1", "a.3", "C4"]),
        ("spend", {"type": "greaterThan", "filter": 5}, ["d5"]),
        ("spend", {"type": "greaterThanOrEqual", "filter": 5}, ["a1", "C4", "d5"]),
        ("spend", {"type": "inRange", "filter": -1, "filterTo": 5}, ["a1", "a.3", "C4"]),
        ("spend", {"type": "blank"}, ["b2"]),
        ("last", {"type": "equals", "dateFrom": "2024-10-04 00:00:00"}, ["a1", "d5"]),
        ("last", {"type": "inRange", "dateFrom": "2024-10-03", "dateTo": "2024-10-04"}, ["a1", "C4", "d5"]),
        ("last", {"type": "blank"}, ["a.3"]),
    ],
)
def test_each_operator(column: str, condition: dict[str, Any], expected: list[str]) -> None:
    assert rows({column: condition}) == expected


def test_conditions_combine() -> None:
    low, high = {"type": "lessThan", "filter": 0}, {"type": "greaterThan", "filter": 10}
    assert rows({"spend": {"operator": "OR", "conditions": [low, high]}}) == ["a.3", "d5"]
    assert rows({"spend": {"operator": "AND", "conditions": [low, high]}}) == []
    assert rows({"spend": high, "plan": {"type": "equals", "filter": "Premium"}}) == ["d5"]


def test_sorting_is_stable_and_puts_missing_values_last() -> None:
    assert rows(sort_model=[{"colId": "spend", "sort": "asc"}]) == ["a.3", "a1", "C4", "d5", "b2"]
    assert rows(sort_model=[{"colId": "spend", "sort": "desc"}]) == ["d5", "a1", "C4", "a.3", "b2"]
    assert rows(sort_model=[{"colId": "plan", "sort": "desc"}])[-1] == "b2"
    assert rows(sort_model=[{"colId": "spend", "sort": "desc"}, {"colId": "id", "sort": "asc"}]) == [
        *("d5", "C4", "a1", "a.3", "b2"),
    ]
    assert rows(sort_model=[{"colId": "id", "sort": "desc"}]) == ["d5", "b2", "a1", "a.3", "C4"]


@pytest.mark.parametrize(
    ("filter_model", "sort_model"),
    [
        ({"secret": {"type": "equals", "filter": 1}}, None),
        ({"spend": {"type": "drop", "filter": 1}}, None),
        ({"spend": {"type": "equals", "filter": "1"}}, None),
        ({"spend": {"type": "equals", "filter": float("nan")}}, None),
        ({"spend": {"type": "inRange", "filter": 1}}, None),
        ({"id": {"type": "equals", "filter": 3}}, None),
        ({"id": {"type": ["equals"], "filter": "a"}}, None),
        ({"id": {"type": "str.contains", "filter": "a"}}, None),
        ({"last": {"type": "equals", "dateFrom": "yesterday"}}, None),
        ({"id": "a"}, None),
        ({"id": {"operator": "XOR", "conditions": [{"type": "blank"}]}}, None),
        ({"id": {"operator": "AND", "conditions": []}}, None),
        ({"id": {"operator": "AND", "conditions": [{"type": "blank"}] * 11}}, None),
        (None, [{"colId": "secret", "sort": "asc"}]),
        (None, [{"colId": "id", "sort": "up"}]),
        (None, [{"colId": "id", "sort": "asc"}] * 6),
        (None, ["id"]),
    ],
)
def test_anything_else_is_refused(filter_model: Any, sort_model: Any) -> None:
    with pytest.raises(UserError) as refused:
        choose(FRAME, TYPES, sort_model, filter_model)
    assert refused.value.code == "bad_filter"


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "filter", "filterTo", "operator", "conditions", "dateFrom", "dateTo", "colId", "sort"]
            ),
            inner,
        )
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from([*TYPES, "secret"]), anything), st.lists(anything, max_size=3))
def test_forged_requests_raise_nothing_else(filter_model: Any, sort_model: Any) -> None:
    try:
        chosen = choose(FRAME, TYPES, sort_model, filter_model)
    except UserError:
        return
    assert len(set(chosen.tolist())) == len(chosen) <= len(FRAME)
