"""The lists that the engagement page opens: a token of a link is one insight with its options, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.components import engagement_options as names
from dashboard.components.funnel_state import FunnelState, StepState
from dashboard.filters import Filters


def asked(**extra: str) -> names.Asked:
    filters = Filters()
    for name, value in extra.items():
        filters = filters.with_option(name, value)
    return names.asked(filters, 90)


@pytest.mark.parametrize(
    ("token", "insight", "options", "title"),
    [
        (names.gap_token(1), "usage_interval_people", {"days": 1}, "Usually 1 day between two visits"),
        (names.gap_token(60), "usage_interval_people", {"days": 60}, "Usually 60 days or more between two visits"),
        (names.session_token(0.0, 0.001), "session_people", {"low": 0.0, "high": 0.001}, "Had a session of one event"),
        (
            names.session_token(10_800.0, None),
            "session_people",
            {"low": 10_800.0, "high": None},
            "Had a session of 3 h and more",
        ),
        ("life~new~2024-02-01", "lifecycle_people", {"state": "new", "period": "2024-02-01", "by": "month"},
         "New, Feb 2024"),
    ],
)  # fmt: skip
def test_a_token_is_a_list(token: str, insight: str, options: dict[str, object], title: str) -> None:
    found = names.listed(token, asked(by="month", activity="play"))
    assert found is not None
    assert (found.insight, found.options, found.title) == (insight, {**options, "activity": "play"}, title)


@given(st.text(max_size=30) | st.builds("~".join, st.lists(st.sampled_from(["gap", "session", "", "1e9", "-1", "x"]))))
def test_any_text_is_a_list_or_nothing(text: str) -> None:
    found = names.listed(text, asked())
    assert found is None or found.insight.endswith("_people")


def test_a_segment_splits_a_funnel_by_people() -> None:
    state = FunnelState((StepState("a"), StepState("b")), breakdown="segment:abc", attribution="first_touch")
    assert state.split() == {"breakdown": "segment:abc", "attribution": "profile"}
    assert state.with_(breakdown="plan").split()["attribution"] == "first_touch"
