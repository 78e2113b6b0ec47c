"""Features: who uses what, how broadly and deeply, who comes back to it, and whether users of it stay.

Formula source: definitions section 6. A feature is a value of the events' ``feature`` column where there is one, else
the event's name, or any other text column of the events. Only events that count as activity are looked at, so the users
of a feature are active users.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.engine.run import run
from dashboard.errors import UserError
from dashboard.insights import features_kernels as kernels
from dashboard.insights import options, periods, where
from dashboard.insights.activity import buckets_of
from dashboard.insights.aha_exposure import outcome_codes
from dashboard.insights.dimensions import value_counts
from dashboard.insights.groups import groups_of
from dashboard.insights.memo import Memo
from dashboard.insights.registry import TIMED, insight
from dashboard.insights.totals import add, ratio
from dashboard.insights.view import View
from dashboard.result import LeftOut, Result
from dashboard.statistics.intervals import difference, wilson
from dashboard.statistics.multiple import benjamini_hochberg
from dashboard.store.partition import Partition

TABLE = "events"
MAX_FEATURES, MAX_BREADTH = 200, 50
LEVEL, MIN_GROUP = 0.05, 10
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Features:
    """column: of the events. names: the most frequent values, sorted. feature_of: int32[texts + 1], position in names,
    position code + 1, -1 = none of them. others: how many values are left out."""

    column: str
    names: tuple[str, ...]
    feature_of: Int32
    others: int


@dataclass(frozen=True)
class Usage:
    """The sums of :func:`features_kernels.usage`; shared between questions and read-only."""

    users: Int64
    events: Int64
    days: Int64
    active: Int64
    breadth: Int64
    used: Int64
    returned: Int64
    active_in: Int64


def features_of(view: View, column: str, top: int) -> Features:
    """The features a view can show. Raises UserError for a column that the events do not have."""
    rows = view.dataset.partitions[0].table(TABLE) if view.dataset.partitions else None
    if not column:
        column = "feature" if rows is not None and rows.has("feature") else "event_name"
    if rows is None or not rows.has(column) or rows.column(column).dtype != np.int32 or column == "day":
        raise UserError(
            "unknown_column",
            f"The events have no column “{column}” with names of features.",
            "Choose a column of the event log with texts, or leave it empty for the names of events.",
        )
    counts, active = value_counts(view.dataset, column, TABLE)[1:], outcome_codes(view, None)
    texts = [str(text) for text in view.dataset.dictionary(column)]
    usable = [code for code in range(len(texts)) if column != "event_name" or active[code + 1]]
    kept = sorted(usable, key=lambda code: (-int(counts[code]), texts[code]))[:top]
    kept.sort(key=lambda code: texts[code])
    feature_of = np.full(len(texts) + 1, -1, np.int32)
    for position, code in enumerate(kept):
        feature_of[code + 1] = position
    return Features(column, tuple(texts[code] for code in kept), feature_of, len(usable) - len(kept))


@dataclass(frozen=True)
class Split:
    """breakdown: where the groups come from. labels: of the groups. codes: int32[n_users] per partition, -1 = not
    counted."""

    breakdown: str
    labels: tuple[str, ...]
    codes: tuple[Int32, ...]


def split_of(view: View, breakdown: str) -> Split:
    """Everybody under the view as one group, or the groups of a breakdown."""
    people = [where.persons(view, partition, TABLE).astype(bool) for partition in view.dataset.partitions]
    if not breakdown:
        return Split("", ("",), tuple(np.where(chosen, 0, -1).astype(np.int32) for chosen in people))
    groups = groups_of(view, breakdown)
    pairs = zip(people, groups.codes, strict=True)
    return Split(
        breakdown, groups.labels, tuple(np.where(chosen, codes, -1).astype(np.int32) for chosen, codes in pairs)
    )


_memo: Memo[Usage] = Memo(64 << 20, lambda found: sum(item.nbytes for item in vars(found).values()))


def forget() -> None:
    """Drop what is kept in memory (for measurements)."""
    _memo.clear()


def usage(view: View, features: Features, split: Split, parts: periods.Buckets) -> Usage:
    """Count the days of the buckets, up to the as-of day."""
    key = (view.key, features.column, features.names, split.breakdown, tuple(parts.spans))
    return _memo.get(key, lambda: _usage(view, features, split, parts))


def _usage(view: View, features: Features, split: Split, parts: periods.Buckets) -> Usage:
    first, table = periods.bucket_of_day(parts.spans)
    table = np.where(np.arange(first, first + len(table)) <= view.as_of, table, -1).astype(np.int32)
    g, f, b = len(split.labels), len(features.names), len(parts.spans)
    active_codes = outcome_codes(view, None)

    def kernel(partition: Partition) -> Usage:
        out = Usage(
            users=np.zeros((g, f), np.int64),
            events=np.zeros((g, f), np.int64),
            days=np.zeros((g, f), np.int64),
            active=np.zeros(g, np.int64),
            breadth=np.zeros((g, MAX_BREADTH + 1), np.int64),
            used=np.zeros((f, b), np.int64),
            returned=np.zeros((f, b), np.int64),
            active_in=np.zeros(b, np.int64),
        )
        rows = partition.table(TABLE)
        if rows is not None:
            kernels.usage(
                rows.offsets,
                rows.day,
                rows.column("event_name"),
                rows.column(features.column),
                features.feature_of,
                active_codes,
                where.rows(view, partition, TABLE),
                split.codes[partition.index],
                first,
                table,
                out.users,
                out.events,
                out.days,
                out.active,
                out.breadth,
                out.used,
                out.returned,
                out.active_in,
            )
        return out

    names = tuple(Usage.__dataclass_fields__)
    partials = run(view.dataset, kernel, list)
    found = {name: add(getattr(partial, name) for partial in partials) for name in names}
    for total in found.values():
        total.flags.writeable = False
    return Usage(**found)


def kept(view: View, features: Features, split: Split, first: int, middle: int, last: int) -> tuple[Int64, Int64]:
    """(per feature, total): persons active on [first, middle) and of those on [middle, last]; int64[f, 2], int64[2]."""
    active_codes = outcome_codes(view, None)

    def kernel(partition: Partition) -> Int64:
        out = np.zeros((len(features.names) + 1, 2), np.int64)
        rows = partition.table(TABLE)
        if rows is not None:
            kernels.kept(
                rows.offsets,
                rows.day,
                rows.column("event_name"),
                rows.column(features.column),
                features.feature_of,
                active_codes,
                where.rows(view, partition, TABLE),
                split.codes[partition.index],
                first,
                middle,
                last,
                out[:-1],
                out[-1],
            )
        return out

    both: Int64 = run(view.dataset, kernel, add)
    return both[:-1], both[-1]


@insight(
    "features",
    "Features",
    definition="Adoption, depth, return and retention of features: users of a feature over active users.",
    needs=(TIMED,),
)
def features(view: View, *, column: str = "", by: str = "week", breakdown: str = "", top: Any = 30) -> Result:
    """One row per feature and group, most users first. Columns: feature, group ("" without breakdown), users (distinct,
    in the range), active (active users of the group), adoption (users / active), low, high (Wilson 95 %), events, depth
    (events per user), days_per_user; previous_users, previous_adoption (of the compared period; NaN without). Without
    breakdown also: could_return (user-periods of ``by`` with the feature whose next period is over), returned (of
    those, used it again in the next period), return_rate, return_low, return_high; stay_with, stay_without (share
    active in the last complete period among people who used / did not use it in the one before), stay_difference,
    stay_low, stay_high (Newcombe 95 %), stay_p, stay_q (Benjamini-Hochberg over the features), stay_significant; NaN
    where a group has fewer than 10 people.

    Options: column (of the events; default ``feature``, else the event's name), by (day, week, month), breakdown (a
    users' column, ``segment:<id>``, ``class`` ...), top (features, up to 200). summary: active, features, column,
    breadth_mean, breadth (list of {features, users}: active users by number of different features; the last entry
    holds all above), stay_period (first ISO day of the period whose users are followed, or "").
    """
    parts, known = buckets_of(view, by), features_of(view, column, options.whole(top, "top", 1, MAX_FEATURES))
    split = split_of(view, breakdown)
    found = usage(view, known, split, parts)
    frame = _adoption(known, split, found)
    _add_previous(frame, view, by, known, split)
    stay = ""
    if not breakdown:
        _add_return(frame, known, found, parts)
        stay = _add_stay(frame, view, known, split, parts)
    frame = frame.sort_values(["users", "feature", "group"], ascending=[False, True, True], ignore_index=True)
    breadth = found.breadth.sum(axis=0)
    active = int(found.active.sum())
    counts = ("users", "active", "events", "previous_users", "could_return", "returned")
    rates = ("adoption", "low", "high", "previous_adoption", "return_rate", "return_low", "return_high")
    stays = ("stay_with", "stay_without", "stay_difference", "stay_low", "stay_high")
    units = {**dict.fromkeys(counts, "count"), **dict.fromkeys((*rates, *stays), "rate"), "depth": "number"}
    left = (LeftOut("features", known.others, f"rarer values of “{known.column}”"),) if known.others else ()
    return Result(
        "features",
        frame,
        units={name: unit for name, unit in units.items() if name in frame},
        summary={
            "active": active,
            "features": len(known.names),
            "column": known.column,
            "breadth_mean": float((breadth * np.arange(len(breadth))).sum() / active) if active else None,
            "breadth": [{"features": n, "users": int(count)} for n, count in enumerate(breadth) if count],
            "stay_period": stay,
        },
        left_out=left,
        notes=where.ignored(view, TABLE),
        **rows_read(view),
    )


def _adoption(known: Features, split: Split, found: Usage) -> pd.DataFrame:
    g, f = (axis.ravel() for axis in np.indices(found.users.shape))
    users, active = found.users.ravel(), found.active[g]
    low, high = wilson(users, active)
    return pd.DataFrame(
        {
            "feature": np.array(known.names, dtype=object)[f],
            "group": np.array(split.labels, dtype=object)[g],
            "users": users,
            "active": active,
            "adoption": ratio(users, active),
            "low": low,
            "high": high,
            "events": found.events.ravel(),
            "depth": ratio(found.events.ravel(), users),
            "days_per_user": ratio(found.days.ravel(), users),
        }
    )


def _add_previous(frame: pd.DataFrame, view: View, by: str, known: Features, split: Split) -> None:
    frame["previous_users"], frame["previous_adoption"] = np.nan, np.nan
    if view.previous is not None and view.comparable():
        before = usage(view, known, split, view.buckets(by, view.previous))
        frame["previous_users"] = before.users.ravel().astype(np.float64)
        frame["previous_adoption"] = ratio(before.users, before.active[:, None]).ravel()


def _add_return(frame: pd.DataFrame, known: Features, found: Usage, parts: periods.Buckets) -> None:
    pair = np.zeros(len(parts.complete), bool)
    pair[:-1] = parts.complete[:-1] & parts.complete[1:]
    could, did = found.used[:, pair].sum(axis=1), found.returned[:, pair].sum(axis=1)
    frame["could_return"], frame["returned"] = could, did
    frame["return_rate"] = ratio(did, could)
    frame["return_low"], frame["return_high"] = wilson(did, could)


def _add_stay(frame: pd.DataFrame, view: View, known: Features, split: Split, parts: periods.Buckets) -> str:
    """Retention of users and non-users over the last two complete periods; returns the first day of the earlier."""
    names = ("stay_with", "stay_without", "stay_difference", "stay_low", "stay_high", "stay_p")
    frame[list(names)] = np.nan
    frame["stay_q"], frame["stay_significant"] = np.nan, False
    complete = np.flatnonzero(parts.complete)
    if len(complete) < 2:
        return ""
    earlier, later = int(complete[-2]), int(complete[-1])
    first, middle, last = int(parts.starts[earlier]), int(parts.starts[later]), int(parts.ends[later])
    per_feature, total = kept(view, known, split, first, middle, last)
    found = np.full((len(frame), len(names)), np.nan)
    for row, (users, stayed) in enumerate(per_feature):
        others, others_stayed = total[0] - users, total[1] - stayed
        if min(users, others) < MIN_GROUP:
            continue
        gap = difference(int(stayed), int(users), int(others_stayed), int(others))
        shares = (stayed / users, others_stayed / others)
        found[row] = (*shares, gap.difference, gap.low, gap.high, gap.p_value)
    frame[list(names)] = found
    frame["stay_q"] = benjamini_hochberg(frame["stay_p"])
    frame["stay_significant"] = frame["stay_q"] <= LEVEL
    return parts.labels[earlier]


def rows_read(view: View) -> dict[str, Any]:
    """rows_read and users_read of a number about features."""
    return {"rows_read": view.dataset.manifest.rows.get(TABLE, 0), "users_read": view.dataset.manifest.users}
