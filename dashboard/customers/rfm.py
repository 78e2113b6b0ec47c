"""RFM: recency, frequency and money per person, their scores, and the segment they mean.

Formula source: definitions section 8. Works on plain arrays; :mod:`dashboard.customers.rfm_orders` reads them from a
dataset.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.customers import rfm_scores as scores
from dashboard.customers.rfm_map import SegmentMap
from dashboard.customers.rfm_rule import RfmRule

Floats = npt.NDArray[np.float64]
Scores = npt.NDArray[np.int8]
MIN_PEOPLE = 50
MIN_VALUES = 5
LETTERS = ("R", "F", "M")


@dataclass(frozen=True)
class Scored:
    """One entry per person, in the order of the input.

    recency_days, frequency, monetary: the measures. R, F, M: scores 1 to 5, 5 best. column: the score that chooses the
    grid's column (F, or F and M together). segment: index into ``names``. weighted: mean score by the rule's weights.
    cuts: per letter the limits of its scores (to be stored with the snapshot; empty for ranks). notes: sentences about
    what the rule had to do.
    """

    recency_days: Floats
    frequency: Floats
    monetary: Floats
    R: Scores
    F: Scores
    M: Scores
    column: Scores
    segment: Scores
    weighted: Floats
    names: tuple[str, ...]
    cuts: dict[str, tuple[float, ...]]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.R)

    @property
    def code(self) -> npt.NDArray[np.int16]:
        """R, F, M as one number 111 to 555."""
        return self.R.astype(np.int16) * 100 + self.F.astype(np.int16) * 10 + self.M

    @property
    def cell(self) -> Scores:
        """Position on the grid, row by row from (5, 1): 0 to 24."""
        return (5 - self.R) * 5 + self.column - 1


def score(recency_days: Floats, frequency: Floats, monetary: Floats, rule: RfmRule, segments: SegmentMap) -> Scored:
    """Scores and segments of everybody. Arrays of one length without NaN; the order of persons changes nothing (unless
    the rule asks for ``row_order``)."""
    given = {"R": recency_days, "F": frequency, "M": monetary}
    found: dict[str, Scores] = {}
    cuts: dict[str, tuple[float, ...]] = {}
    notes: list[str] = []
    for letter, values in given.items():
        bins, method = _method(letter, values, rule, notes)
        found[letter], cuts[letter] = _score(letter, values, method, bins, rule)
    r, f, m = (found[letter] for letter in LETTERS)
    column = ((f + m + 1) // 2).astype(np.int8) if rule.value_aware else f
    weights = np.asarray(rule.weights) / sum(rule.weights)
    weighted = r * weights[0] + f * weights[1] + m * weights[2]
    segment = segments.classify(r, column)
    return Scored(
        recency_days, frequency, monetary, r, f, m, column, segment, weighted, segments.names, cuts, tuple(notes)
    )


def _method(letter: str, values: Floats, rule: RfmRule, notes: list[str]) -> tuple[int, str]:
    if rule.scoring != "auto":
        return rule.bins, rule.scoring
    what = {"R": "recency", "F": "frequency", "M": "money"}[letter]
    if len(values) < MIN_PEOPLE:
        if letter == "R":
            notes.append(f"{len(values)} people are too few for {rule.bins} classes: scores are 1, 3 and 5 by thirds.")
        return 3, "quantile"
    if _distinct_below(values, MIN_VALUES):
        notes.append(f"There are fewer than {MIN_VALUES} different values of {what}: its scores are 1, 3 and 5.")
        return 3, "quantile"
    return rule.bins, "quantile"


def _distinct_below(values: Floats, limit: int) -> bool:
    """Whether there are fewer different values than that, without sorting them all."""
    rest = values
    for _ in range(limit):
        if not len(rest):
            return True
        rest = rest[rest != rest[0]]
    return False


def _score(letter: str, values: Floats, method: str, bins: int, rule: RfmRule) -> tuple[Scores, tuple[float, ...]]:
    low = letter == "R"
    if method == "fixed":
        cuts = {"R": rule.recency_cuts, "F": rule.frequency_cuts, "M": rule.money_cuts}[letter]
        return scores.by_cuts(values, cuts, low_is_best=low), tuple(cuts)
    if method == "rank":
        return scores.spread(scores.rank(values, bins, low_is_best=low), bins), ()
    if method == "row_order" and letter == "F":  # as published: only frequency has too many ties for equal fifths
        return scores.spread(scores.row_order(values, bins), bins), ()
    limits = scores.quantile_cuts(values, bins)
    return scores.spread(scores.by_cuts(values, limits, low_is_best=low), bins), tuple(float(c) for c in limits)


def by_segment(found: Scored, segments: SegmentMap, chosen: npt.NDArray[np.bool_] | None = None) -> pd.DataFrame:
    """One row per segment of the map, best first, also empty ones.

    Columns: segment, customers, share, money, money_share (NaN when the total is not positive), recency_days,
    frequency, monetary (means, NaN when empty), action. chosen: whom to count; the scores are those of everybody.
    """
    frame = _groups(found, found.segment, len(found.names), chosen)
    frame.insert(0, "segment", list(found.names))
    frame["action"] = [segments.action(name) for name in found.names]
    return frame


def by_cell(found: Scored, segments: SegmentMap, chosen: npt.NDArray[np.bool_] | None = None) -> pd.DataFrame:
    """The 25 cells of the grid, recency 5 first: R, column (score 1 to 5), segment and the numbers of
    :func:`by_segment`."""
    frame = _groups(found, found.cell, 25, chosen)
    frame.insert(0, "R", np.repeat([5, 4, 3, 2, 1], 5))
    frame.insert(1, "column", np.tile([1, 2, 3, 4, 5], 5))
    frame.insert(2, "segment", [name for row in segments.grid for name in row])
    return frame


def _groups(found: Scored, group: Scores, n: int, chosen: npt.NDArray[np.bool_] | None) -> pd.DataFrame:
    keep = slice(None) if chosen is None else chosen
    codes = group[keep].astype(np.int64)
    people = np.bincount(codes, minlength=n)
    sums = {
        name: np.bincount(codes, weights=getattr(found, name)[keep], minlength=n)
        for name in ("recency_days", "frequency", "monetary")
    }
    total, money = people.sum(), sums["monetary"].sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        means = {name: np.where(people > 0, values / people, np.nan) for name, values in sums.items()}
    return pd.DataFrame(
        {
            "customers": people,
            "share": people / total if total else np.full(n, np.nan),
            "money": sums["monetary"],
            "money_share": sums["monetary"] / money if money > 0 else np.full(n, np.nan),
            **means,
        }
    )


ABSENT = "(not yet a customer)"
GONE = "(no longer in the data)"


def migration(before: Scored, after: Scored, row_before: npt.NDArray[np.int64]) -> pd.DataFrame:
    """How persons moved between segments from one date (or file) to another.

    row_before: per person of ``after`` the position in ``before``, -1 = was not there. Columns: before, after,
    customers, money (of ``after``; of ``before`` for those who are gone); pairs that nobody made are left out. Sums
    over ``after`` give that date's segments, over ``before`` those of the earlier one.
    """
    old_names, new_names = (ABSENT, *before.names), (*after.names, GONE)
    old = np.where(row_before >= 0, before.segment[row_before] + 1 if len(before) else 0, 0)
    gone = np.ones(len(before), bool)
    gone[row_before[row_before >= 0]] = False
    width = len(new_names)
    pair = np.concatenate(
        [old.astype(np.int64) * width + after.segment, (before.segment[gone].astype(np.int64) + 2) * width - 1]
    )
    money = np.concatenate([after.monetary, before.monetary[gone]])
    people = np.bincount(pair, minlength=len(old_names) * width)
    sums = np.bincount(pair, weights=money, minlength=len(old_names) * width)
    used = np.flatnonzero(people)
    return pd.DataFrame(
        {
            "before": [old_names[i // width] for i in used],
            "after": [new_names[i % width] for i in used],
            "customers": people[used],
            "money": sums[used],
        }
    )
