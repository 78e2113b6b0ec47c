"""Medians and quantiles of lengths: those of numpy over everything, however the sessions lie in partitions."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.insights.session_lengths import CLASSES, Lengths, class_of, medians, quantiles, shortest

LENGTH = st.one_of(
    st.just(0),
    st.integers(1, 40),
    st.integers(1, 3_600_000_000),
    st.sampled_from((59_999_999, 60_000_000, 60_000_001)),
    st.integers(2**40, 2**60),
)
LEVELS = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)


def stored(sessions: list[tuple[int, int]], periods: int, parts: int) -> tuple[Any, tuple[Lengths, ...], Any]:
    """A view of as many partitions, the lengths above 0 in them, and the number of all lengths in each class."""
    spread = np.zeros((periods, CLASSES), np.int32)
    for length, period in sessions:
        spread[period, class_of(length)] += 1
    lengths = []
    for number in range(parts):
        mine = [s for s in sessions[number::parts] if s[0]]
        lengths.append(Lengths(np.array([s[0] for s in mine], np.int64), np.array([s[1] for s in mine], np.int32)))
    partitions = [SimpleNamespace(index=number) for number in range(parts)]
    return SimpleNamespace(dataset=SimpleNamespace(partitions=partitions)), tuple(lengths), spread


@given(st.lists(st.tuples(LENGTH, st.integers(0, 4)), max_size=60), st.integers(1, 3))
def test_they_are_those_of_numpy(sessions: list[tuple[int, int]], parts: int) -> None:
    view, lengths, spread = stored(sessions, 5, parts)
    for period, median in enumerate(medians(view, lengths, spread)):
        own = [length / 1e6 for length, at in sessions if at == period]
        assert median == pytest.approx(np.median(own)) if own else np.isnan(median)
    everything = [length / 1e6 for length, _ in sessions]
    found = quantiles(view, lengths, spread, LEVELS)
    assert np.isnan(found).all() if not sessions else found == pytest.approx(np.quantile(everything, LEVELS))


def test_classes_ascend_with_lengths_and_hold_all() -> None:
    steps = sorted({0, *(2**k + d for k in range(62) for d in (-1, 0, 1, 2 ** max(k - 2, 0)))})
    classes = [class_of(length) for length in steps]
    assert classes == sorted(classes)
    assert (classes[0], class_of(1)) == (0, 1) and max(classes) == CLASSES - 1
    assert class_of(2**43 - 1) < class_of(2**43) < CLASSES - 1
    for number, length in enumerate(shortest()):
        assert class_of(int(length)) >= number and (length < 64 or class_of(int(length) - 1) < number)
