"""Scores, the grid and moves, on plain numbers."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.customers import rfm, rfm_map, rfm_rule, rfm_scores
from dashboard.customers.rfm_map import ACTIONS, SegmentMap
from dashboard.customers.rfm_rule import RfmRule
from dashboard.errors import UserError

DEFAULT = SegmentMap()
people = st.lists(st.tuples(st.integers(0, 400), st.integers(1, 12), st.integers(-50, 900)), min_size=1, max_size=80)


def scored(rows: list[tuple[int, int, int]], rule: RfmRule | None = None) -> rfm.Scored:
    r, f, m = (np.array(column, float) for column in zip(*rows, strict=True))
    return rfm.score(r, f, m, rule or RfmRule(scoring="quantile"), DEFAULT)


def quantile_of(values: list[float], q: float) -> float:
    """Linear interpolation, by hand."""
    ordered = sorted(values)
    place = q * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


@given(people, st.sampled_from([3, 4, 5]))
def test_quantile_scores_are_the_definition(rows: list[tuple[int, int, int]], bins: int) -> None:
    for values in zip(*rows, strict=True):
        array = np.array(values, float)
        cuts = [quantile_of(list(map(float, values)), k / bins) for k in range(1, bins)]
        near = [any(abs(v - cut) < 1e-9 and v != cut for cut in cuts) for v in array]
        wanted = [1 + sum(v > cut for cut in cuts) for v in array]
        for low_is_best, expected in ((False, wanted), (True, [bins + 1 - w for w in wanted])):
            found = rfm_scores.quantile(array, bins, low_is_best=low_is_best)
            assert [a == b or n for a, b, n in zip(found, expected, near, strict=True)] == [True] * len(array)


@given(people, st.sampled_from([3, 4, 5]))
def test_rank_scores_are_the_definition(rows: list[tuple[int, int, int]], bins: int) -> None:
    for values in zip(*rows, strict=True):
        wanted = [1 + math.floor(bins * sum(w < v for w in values) / len(values)) for v in values]
        assert rfm_scores.rank(np.array(values, float), bins).tolist() == wanted
        mirrored = [1 + math.floor(bins * sum(w > v for w in values) / len(values)) for v in values]
        assert rfm_scores.rank(np.array(values, float), bins, low_is_best=True).tolist() == mirrored


@given(people, st.sampled_from(["auto", "quantile", "rank", "fixed"]), st.booleans(), st.randoms())
def test_ties_are_equal_and_the_order_of_rows_changes_nothing(
    rows: list[tuple[int, int, int]], scoring: str, value_aware: bool, random: object
) -> None:
    rule = RfmRule(scoring=scoring, value_aware=value_aware)  # type: ignore[arg-type]
    found = scored(rows, rule)
    for i, j in itertools.combinations(range(len(rows)), 2):
        for letter, k in (("R", 0), ("F", 1), ("M", 2)):
            a, b = getattr(found, letter)[i], getattr(found, letter)[j]
            assert a == b or rows[i][k] != rows[j][k]
            better = rows[i][k] < rows[j][k] if k == 0 else rows[i][k] > rows[j][k]
            assert not better or a >= b  # recency falls, the others rise
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[attr-defined]
    again = scored([rows[i] for i in order], rule)
    assert again.code.tolist() == found.code[order].tolist()
    assert again.segment.tolist() == found.segment[order].tolist()


def test_five_is_best_and_the_most_silent_is_never_a_champion() -> None:
    rows = [(303 - 5 * i, 1 + (i == 0) * 4, 10 + (i == 0) * 990) for i in range(60)]
    found = scored(rows, RfmRule())
    assert (found.R[0], found.F[0], found.M[0]) == (1, 5, 5)
    assert found.names[found.segment[0]] == "Can't Lose Them"
    assert found.R[-1] == 5


def test_row_order_exists_only_to_reproduce_published_figures() -> None:
    rows = [(i, 1, i) for i in range(100)]
    assert set(scored(rows).F.tolist()) == {1}
    cut = scored(rows, RfmRule(scoring="row_order")).F
    assert np.bincount(cut).tolist() == [0, 20, 20, 20, 20, 20]


def test_few_people_or_values_are_scored_in_thirds_and_it_is_said() -> None:
    few = scored([(i, i + 1, i) for i in range(30)], RfmRule())
    assert set(few.R.tolist()) == {1, 3, 5}
    assert "30 people are too few" in few.notes[0]
    same = scored([(i, 1 + i % 3, i) for i in range(100)], RfmRule())
    assert len(set(same.R.tolist())) == 5
    assert set(same.F.tolist()) <= {1, 3, 5}
    assert any("different values of frequency" in note for note in same.notes)


def test_fixed_limits_and_weights() -> None:
    rule = RfmRule(scoring="fixed", recency_cuts=(7, 30, 90, 180), weights=(1, 1, 2))
    found = scored([(7, 1, 50), (8, 2, 51), (181, 100, 5_000)], rule)
    assert found.R.tolist() == [5, 4, 1]
    assert found.F.tolist() == [1, 2, 5]
    assert found.M.tolist() == [1, 2, 5]
    assert found.weighted.tolist() == [(5 + 1 + 2) / 4, (4 + 2 + 4) / 4, (1 + 5 + 10) / 4]
    assert found.cuts["R"] == (7, 30, 90, 180)


def test_money_can_lift_the_column_of_the_grid() -> None:
    rows = [(i, 1 + i % 9, 5 * (i % 17)) for i in range(60)] + [(100, 1, 10**6)]
    aware = scored(rows, RfmRule(value_aware=True))
    assert aware.column.tolist() == [math.floor((f + m) / 2 + 0.5) for f, m in zip(aware.F, aware.M, strict=True)]
    assert aware.column[-1] == 3
    assert scored(rows, RfmRule()).column[-1] == 1


def test_every_code_has_one_name_in_published_numbers() -> None:
    counts: dict[str, int] = {}
    for r, f, _m in itertools.product(range(1, 6), repeat=3):
        name = DEFAULT.name_of(r, f)
        counts[name] = counts.get(name, 0) + 1
    assert counts == {
        "Lost": 10,
        "Hibernating": 10,
        "At Risk": 20,
        "Can't Lose Them": 10,
        "About To Sleep": 10,
        "Need Attention": 5,
        "Loyal": 20,
        "Promising": 5,
        "Potential Loyalists": 20,
        "New Customers": 5,
        "Champions": 10,
    }
    assert set(DEFAULT.names) == set(counts) == set(ACTIONS)
    assert all(DEFAULT.action(name) for name in DEFAULT.names)
    r, f = np.repeat(np.arange(1, 6), 5).astype(np.int8), np.tile(np.arange(1, 6), 5).astype(np.int8)
    named = [DEFAULT.names[i] for i in DEFAULT.classify(r, f)]
    assert named == [DEFAULT.name_of(int(a), int(b)) for a, b in zip(r, f, strict=True)]


def test_a_map_must_stay_complete() -> None:
    grid = [list(row) for row in rfm_map.DEFAULT_GRID]
    for breaking in (
        lambda g: g.pop(),
        lambda g: g[2].pop(),
        lambda g: g[0].__setitem__(3, ""),
        lambda g: g[0].__setitem__(3, "x" * 41),
        lambda g: g[0].__setitem__(3, None),
    ):
        broken = [list(row) for row in grid]
        breaking(broken)
        with pytest.raises(UserError) as refused:
            rfm_map.from_json(broken)
        assert refused.value.code == "incomplete_map"
    with pytest.raises(UserError):
        rfm_map.from_json({"grid": grid, "actions": {"Nobody": "Do."}})
    with pytest.raises(UserError):
        rfm_map.from_json("grid")  # type: ignore[arg-type]
    with pytest.raises(IndexError):
        DEFAULT.classify(np.array([0], np.int8), np.array([3], np.int8))


def test_a_map_is_data() -> None:
    grid = [list(row) for row in rfm_map.DEFAULT_GRID]
    grid[0][4] = "Stars"
    own = rfm_map.from_json({"grid": grid, "actions": {"Stars": "Send flowers."}})
    assert own.name_of(5, 5) == "Stars"
    assert own.action("Stars") == "Send flowers."
    assert own.names[-1] == "Stars"
    assert rfm_map.from_json(own.to_json()) == own
    assert rfm_map.from_json(None) == DEFAULT
    ten = DEFAULT.merged("Lost", "Hibernating")
    assert len(ten.names) == 10
    assert ten.name_of(1, 1) == "Hibernating"


@pytest.mark.parametrize(
    "wrong",
    [
        {"scoring": "ntile"},
        {"bins": 6},
        {"bins": "many"},
        {"recency_cuts": [1, 2, 3]},
        {"money_cuts": [4, 3, 2, 1]},
        {"weights": [0, 0, 0]},
        {"weights": [1, -1, 1]},
        {"value_aware": "perhaps"},
        {"basis": 3},
        {"nothing": 1},
        {"frequency_cuts": "a,b,c,d"},
    ],
)
def test_wrong_switches_are_refused_in_words(wrong: dict[str, object]) -> None:
    with pytest.raises(UserError) as refused:
        rfm_rule.from_json(wrong)
    assert refused.value.message


def test_a_rule_travels() -> None:
    rule = RfmRule(scoring="rank", bins=4, weights=(1.0, 2.0, 0.0), order_events=("purchase",), value_aware=True)
    assert rfm_rule.from_json(rule.to_json()) == rule
    assert rfm_rule.from_json({"recency_cuts": "1,2,3,4", "value_aware": "yes"}).recency_cuts == (1, 2, 3, 4)
    assert rfm_rule.from_json(None) == RfmRule()


@given(people, people, st.data())
def test_moves_add_up_on_both_sides(
    before: list[tuple[int, int, int]], after: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    old, new = scored(before), scored(after)
    places = data.draw(st.permutations(range(len(before))))
    position = np.array(
        [places[i] if i < len(places) and data.draw(st.booleans()) else -1 for i in range(len(after))], np.int64
    )
    frame = rfm.migration(old, new, position)
    assert (frame["customers"] > 0).all()
    by_after = frame.groupby("after")["customers"].sum().to_dict()
    gone = by_after.pop(rfm.GONE, 0)
    counts = np.bincount(new.segment, minlength=len(new.names))
    assert by_after == {name: int(n) for name, n in zip(new.names, counts, strict=True) if n}
    by_before = frame.groupby("before")["customers"].sum().to_dict()
    joined = by_before.pop(rfm.ABSENT, 0)
    counts = np.bincount(old.segment, minlength=len(old.names))
    assert by_before == {name: int(n) for name, n in zip(old.names, counts, strict=True) if n}
    assert (joined, gone) == (int((position < 0).sum()), len(before) - int((position >= 0).sum()))


@given(people)
def test_cells_and_segments_count_everybody_once(rows: list[tuple[int, int, int]]) -> None:
    found = scored(rows)
    cells, segments = rfm.by_cell(found, DEFAULT), rfm.by_segment(found, DEFAULT)
    assert len(cells) == 25
    assert cells["customers"].sum() == segments["customers"].sum() == len(rows)
    sums = cells.groupby("segment")["customers"].sum()
    assert all(sums[name] == n for name, n in zip(segments["segment"], segments["customers"], strict=True))
    assert cells["money"].sum() == pytest.approx(sum(m for _, _, m in rows))
    nobody = rfm.by_segment(found, DEFAULT, np.zeros(len(rows), bool))
    assert nobody["customers"].sum() == 0
    assert nobody["share"].isna().all()
