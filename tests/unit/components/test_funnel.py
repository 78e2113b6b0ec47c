from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.components.funnel_builder import ATTEMPTS, IMMATURE, ORDERS, builder, href, window_of, window_text
from dashboard.components.funnel_builder import ATTRIBUTIONS as SHOWN_ATTRIBUTIONS
from dashboard.components.funnel_chart import funnel_card
from dashboard.components.funnel_detail import drivers_card, time_card, trace, trend_card
from dashboard.components.funnel_groups import group_card
from dashboard.components.funnel_pickers import filtered, picked
from dashboard.components.funnel_state import ExclusionState, FunnelState, StepState, of_events, read
from dashboard.filters import Filters, parse
from dashboard.insights import funnel_query
from dashboard.insights.funnel_query import FunnelQuery
from dashboard.result import Dimension, Result
from tests.unit.components.tree import find, prop, text, walk

NAMES = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), min_size=1, max_size=12)
CONDITIONS = st.dictionaries(NAMES, st.lists(NAMES, min_size=1, max_size=3, unique=True).map(tuple), max_size=2)
STEPS = st.builds(
    StepState, st.none() | NAMES, CONDITIONS.map(lambda found: tuple(sorted(found.items()))), st.booleans()
)


@st.composite
def states(draw: Any) -> FunnelState:
    steps = draw(st.lists(STEPS, min_size=2, max_size=6))
    steps[0] = StepState(steps[0].event, steps[0].where)
    exclusions = []
    for _ in range(draw(st.integers(0, 2))):
        first = draw(st.integers(0, len(steps) - 2))
        last = draw(st.integers(first + 1, len(steps) - 1))
        exclusions.append(ExclusionState(draw(STEPS), first, last))
    return FunnelState(
        steps=tuple(steps),
        order=draw(st.sampled_from(["ordered", "strict"])),
        window=draw(st.sampled_from(["7 days", "none", "14 days", "36 hours"])),
        attempt=draw(st.sampled_from(list(ATTEMPTS))),
        exclusions=tuple(exclusions),
        hold=tuple(draw(st.lists(NAMES, max_size=3, unique=True))),
        grace=draw(st.integers(0, 60)),
        immature=draw(st.sampled_from(list(IMMATURE))),
        breakdown=draw(st.just("") | NAMES),
        attribution=draw(st.sampled_from(list(SHOWN_ATTRIBUTIONS))),
        at=draw(st.integers(0, len(steps) - 1)),
    )


@given(states())
def test_a_funnel_survives_the_link(state: FunnelState) -> None:
    assert read(state.to_text()) == state
    link = href(Filters(dataset="abc"), state)
    assert read(parse(link).option("funnel")) == state


@given(states())
def test_every_funnel_of_the_form_is_one_the_engine_accepts(state: FunnelState) -> None:
    query = FunnelQuery.from_options(state.query())
    assert [step.optional for step in query.steps] == [step.optional for step in state.steps]
    assert len(query.exclusions) == len(state.exclusions)
    assert list(query.same_property) == list(state.hold)
    assert query.grace_seconds == state.grace and query.immature == state.immature


def test_the_form_offers_what_the_engine_knows() -> None:
    assert set(ORDERS) == set(funnel_query.ORDERS)
    assert set(ATTEMPTS) == set(funnel_query.ATTEMPTS)
    assert set(IMMATURE) == set(funnel_query.IMMATURE)
    assert set(SHOWN_ATTRIBUTIONS) == set(funnel_query.ATTRIBUTIONS)


@pytest.mark.parametrize(
    "broken",
    ["", "nonsense", "[]", "{}", '{"s":[]}', '{"s":"a"}', '{"s":[3]}', '{"s":[["a",[]]]}', "[" * 5_000, '{"s":[""]}'],
)
def test_a_broken_link_is_no_funnel(broken: str) -> None:
    assert read(broken) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | NAMES, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner)
    )
)
def test_any_json_is_read_without_an_error(data: Any) -> None:
    read(json.dumps({"s": ["a", "b"], "o": data, "x": [data], "h": data, "g": data, "n": data, "b": data}))
    read(json.dumps({"s": [data, data]}))
    read(json.dumps(data))


@given(states(), st.data())
def test_steps_can_be_removed_and_moved_and_stay_a_funnel(state: FunnelState, data: Any) -> None:
    index = data.draw(st.integers(0, state.end))
    moved = state.moved(index, 1)
    assert sorted(step.label for step in moved.steps) == sorted(step.label for step in state.steps)
    assert not moved.steps[0].optional
    fewer = state.without_step(index)
    assert len(fewer.steps) == len(state.steps) - 1
    assert not fewer.steps[0].optional
    assert all(0 <= item.first < item.last <= fewer.end for item in fewer.exclusions)
    more = state.with_step(len(state.steps), StepState("new"))
    assert more.steps[:-1] == state.steps and more.steps[-1].event == "new"


def test_an_exclusion_up_to_the_last_step_stays_so_when_steps_come_and_go() -> None:
    state = FunnelState(of_events(["a", "b", "c"]).steps, exclusions=(ExclusionState(StepState("x"), 0, 2),))
    assert state.with_step(3, StepState("d")).exclusions[0].last == 3
    assert state.without_step(1).exclusions[0].last == 1
    assert state.without_step(0).exclusions == (ExclusionState(StepState("x"), 0, 1),)


def links(node: Any) -> dict[str, FunnelState]:
    """Accessible name -> the funnel that the link leads to."""
    found = {}
    for item in walk(node):
        if type(item).__name__ == "A":
            state = read(parse(urlsplit(item.href).query).option("funnel"))
            assert state is not None
            found[prop(item, "aria-label") or text(item)] = state
    return found


def test_every_choice_of_the_form_is_a_link() -> None:
    state = FunnelState(of_events(["a", "b", "c"]).steps, exclusions=(ExclusionState(StepState("x"), 0, 2),))
    made = links(builder(Filters(), state))
    assert [step.event for step in made["Move step 1 down"].steps] == ["b", "a", "c"]
    assert [step.event for step in made["Remove step 2"].steps] == ["a", "c"]
    assert made["Step 2 is required: make it optional"].steps[1].optional
    assert made["Remove exclusion of x"].exclusions == ()
    assert made["7 days"].window == "7 days"
    any_order = next(found for name, found in made.items() if name.startswith("In any order"))
    assert any_order.order == "any" and not any(step.optional for step in any_order.steps)
    assert "Move step 1 up" not in made and "Move step 3 down" not in made


def test_ticked_values_become_conditions_and_unlisted_ones_stay() -> None:
    state = FunnelState((StepState("a", (("far", ("1",)), ("plan", ("Basic",)))), StepState("b")))
    changed = filtered(state, 0, ["plan", "city"], [["Pro", "Basic"], []])
    assert changed.steps[0].where == (("far", ("1",)), ("plan", ("Pro", "Basic")))
    assert filtered(state, 0, ["plan"], [[]]).steps[0].where == (("far", ("1",)),)


def test_pickers_list_events_with_their_numbers() -> None:
    state = of_events(["a", "b"])
    made = picked(Filters(), state, "event.1", [("a", 1_200), ("c", None)], [])
    assert text(made[0]) == "a 1,200 c any event"
    assert [found.steps[1].event for found in links(made).values()] == ["a", "c", None]
    added = links(picked(Filters(), state, "event.2", [("c", 3)], []))["c 3"]
    assert [step.event for step in added.steps] == ["a", "b", "c"]
    excluded = links(picked(Filters(), state, "exclude", [("x", 3)], []))["x 3"]
    assert excluded.exclusions == (ExclusionState(StepState("x"), 0, 1),)
    plan = Dimension("plan", "Plan", ("events",), (("Pro", 2), ("", 1)), "rows", 2)
    split = links(picked(Filters(), state, "split", [], [plan]))
    assert next(iter(split.values())).breakdown == "plan"
    ticks = next(node for node in walk(picked(Filters(), state, "where.0", [], [plan])) if hasattr(node, "options"))
    assert [option["value"] for option in ticks.options] == ["Pro"]
    assert picked(Filters(), state, "nonsense", [], []) == []


def test_windows_in_words() -> None:
    assert [window_text(text) for text in ("7 days", "1 hours", "none")] == ["7 days", "1 hour", "No limit"]
    state = of_events(["a", "b"])
    assert window_of(state) == ("14", "days")
    assert window_of(state.with_(window="none")) == ("", "days")


RATES = ("rate_of_first", "rate_of_previous", "rate_of_all_users")


def funnel_rows(group: str, users: list[int], *, total: bool) -> list[dict[str, Any]]:
    rows = []
    for step, number in enumerate(users):
        before = users[max(0, step - 1)]
        row: dict[str, Any] = {
            "group": group,
            "is_total": total,
            "step": step,
            "name": f"<b>{'abc'[step]}</b>",
            "optional": False,
            "users": number,
            "dropped": before - number if step else np.nan,
        }
        for name, of in zip(RATES, (users[0], before, users[0] * 2), strict=True):
            share = number / of if of else 0.0
            row |= {name: share, f"{name}_low": share * 0.9, f"{name}_high": min(1.0, share * 1.1)}
        row |= {f"{name}_seconds": 60.0 * step if step else np.nan for name in ("mean", "median", "p75", "p90")}
        row |= dict.fromkeys(("money_lost", "money_lost_low", "money_lost_high"), np.nan)
        rows.append(row)
    return rows


def funnel_result(**changes: Any) -> Result:
    frame = pd.DataFrame(
        [
            *funnel_rows("", [100, 60, 30], total=True),
            *funnel_rows("x", [70, 50, 20], total=False),
            *funnel_rows("y", [30, 10, 10], total=False),
        ]
    )
    difference = {"group": "y", "reference": "x", "difference": 0.05, "low": -0.1, "high": 0.2, "p_value": 0.4}
    summary = {
        "labels": ["a", "b", "c"],
        **{"entered": 100, "converted": 30, "rate": 0.3, "rate_low": 0.2, "rate_high": 0.4},
        **{"open": 3, "survival_rate": 0.31, "survival_rate_low": 0.2, "survival_rate_high": 0.4},
        "differences": [{**difference, "q_value": 0.4, "significant": False}],
        **changes,
    }
    return Result("funnel", frame, summary=summary)


def link(state: str, step: int, group: str) -> str:
    return f"?list={state}.{step}.{group}"


def test_bars_add_up_and_lead_to_their_people() -> None:
    made = funnel_card(funnel_result(), link, subtitle="", window="within 7 days")
    fills = [node.style["width"] for node in find(made, "funnel-fill")]
    drops = [node.style["width"] for node in find(made, "funnel-drop")]
    assert (fills, drops) == (["100.00%", "60.00%", "30.00%"], ["40.00%", "30.00%"])
    assert [parse_qs(urlsplit(node.href).query)["list"][0] for node in find(made, "funnel-lost")] == [
        "dropped.1.",
        "dropped.2.",
    ]
    assert [text(node) for node in find(made, "funnel-lost")] == ["40 dropped", "30 dropped"]
    second = text(find(made, "funnel-row")[2])
    assert "30.0 % (27.0–33.0) of the first" in re.sub(r"\s+", " ", second)
    assert "50.0 % (45.0–55.0) of the step before" in re.sub(r"\s+", " ", second)
    assert "Kaplan–Meier" in text(made)
    assert "Money lost" not in text(made)


def test_money_is_shown_where_there_is_some() -> None:
    found = funnel_result()
    found.frame.loc[1, ["money_lost", "money_lost_low", "money_lost_high"]] = (1234.5, 1000.0, 1500.0)
    made = text(funnel_card(found, link, subtitle="", window="", currency="EUR"))
    assert "€ 1.2k lost" in made and "Money lost" in made


def test_groups_show_their_difference_and_whether_it_may_be_chance() -> None:
    made = group_card(funnel_result(), link, label="plan", attribution="First value")
    groups = find(made, "funnel-group")
    assert [text(find(group, "funnel-note")) for group in groups] == [
        "The largest group",
        "+5.0 pp (−10.0 to +20.0) · may be chance, q = .40",
    ]
    hrefs = [node.href for node in find(groups[1], "mini-row")]
    assert hrefs == ["?list=reached.0.y", "?list=reached.1.y", "?list=reached.2.y"]


def test_times_without_conversions_say_so() -> None:
    nothing: dict[str, Any] = dict.fromkeys(("mean_seconds", "median_seconds", "p75_seconds", "p90_seconds"))
    frame = pd.DataFrame({"start": [], "end": [], "users": []})
    made = time_card(Result("funnel_time", frame, summary={"n": 0, **nothing, "groups": []}), "a to b")
    assert "Nobody converted." in text(made)
    spread = {"mean_seconds": 70.0, "median_seconds": 60.0, "p75_seconds": 80.0, "p90_seconds": 90.0}
    frame = pd.DataFrame({"start": [0.0, 60.0], "end": [60.0, 120.0], "users": [1, 2]})
    groups = [{"group": "<i>x</i>", "n": 3, **spread}, {"group": "y", "n": 0, **nothing}]
    made = time_card(Result("funnel_time", frame, summary={"n": 3, **spread, "groups": groups}), "a to b")
    assert "median 1 min" in text(made) and "<i>x</i>" in text(made)


def test_the_trend_marks_what_is_not_final() -> None:
    frame = pd.DataFrame(
        {
            "period": ["2026-01-01", "2026-01-02"],
            "entered": [10, 4],
            "converted": [5, 1],
            "rate": [0.5, 0.25],
            "rate_low": [0.2, 0.0],
            "rate_high": [0.8, 0.7],
            "not_final": [False, True],
        }
    )
    made = trend_card(Result("funnel_trend", frame, summary={"rate": 0.5}), "day")
    rows = [text(node) for node in walk(made) if type(node).__name__ == "Tr"]
    assert rows[1].endswith("final") and not rows[1].endswith("not final") and rows[2].endswith("not final")


def test_drivers_show_shares_of_both_sides() -> None:
    columns = ["event", "converted_with", "dropped_with", "odds_ratio", "phi", "p_value", "q_value", "significant"]
    frame = pd.DataFrame([["like", 8, 5, 6.5, 0.4, 0.001, 0.004, True]], columns=columns)
    found = Result("funnel_drivers", frame, summary={"converted": 10, "dropped": 50})
    made = drivers_card(found, lambda side, event: f"?{side}.{event}")
    shown = " ".join(text(made).split())
    assert "like 8 80.0 % 5 10.0 % ▲ more ×6.50 0.40 q = .004" in shown
    assert [node.href for node in walk(made) if type(node).__name__ == "A"] == ["?converted.like", "?dropped.like"]
    nothing = drivers_card(Result("funnel_drivers", frame[:0], summary={"converted": 0, "dropped": 0}), lambda a, b: "")
    assert "No other event to compare." in text(nothing)


def test_a_trace_says_which_step_is_missing() -> None:
    frame = pd.DataFrame(
        {
            "step": [0, 1],
            "name": ["a", "b"],
            "reached": [True, False],
            "time": ["2026-01-01T10:00:00+01:00", ""],
            "seconds": [np.nan, np.nan],
        }
    )
    made = trace(Result("funnel_trace", frame, summary={"sentence": "Never did b.", "state": "dropped"}))
    assert text(made) == "Never did b. ✓ a 2026-01-01 10:00:00 – b not reached"
