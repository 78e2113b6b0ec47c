"""Features over time, and the people behind their numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dashboard.engine.run import run
from dashboard.errors import UserError
from dashboard.filters import Period
from dashboard.insights import features_kernels as kernels
from dashboard.insights import options, where
from dashboard.insights.activity import buckets_of
from dashboard.insights.aha_exposure import outcome_codes
from dashboard.insights.features import MAX_FEATURES, TABLE, Features, features_of, rows_read, split_of, usage
from dashboard.insights.registry import TIMED, insight
from dashboard.insights.totals import ratio
from dashboard.insights.view import View
from dashboard.result import Result
from dashboard.statistics.intervals import wilson
from dashboard.store.partition import Partition


@insight(
    "feature_trend",
    "Features over time",
    definition="Users of each feature, and their share of the active users, per day, week or month.",
    needs=(TIMED,),
)
def feature_trend(view: View, *, features: Any = (), column: str = "", by: str = "week", top: Any = 6) -> Result:
    """One row per feature and period. Columns: feature, period (first ISO day), users, active (active users of the
    period), adoption, low, high (Wilson 95 %; NaN for nobody), complete. Options: features (names; default the ``top``
    most used of the range), column, by (day, week, month), top. summary: features (names, most used first)."""
    wanted = options.texts(features, "features")
    most = MAX_FEATURES
    parts, known = buckets_of(view, by), features_of(view, column, most)
    found = usage(view, known, split_of(view, ""), parts)
    for name in wanted:
        _position(known, name)
    order = sorted(range(len(known.names)), key=lambda k: (-int(found.users[0, k]), known.names[k]))
    chosen = wanted or tuple(known.names[k] for k in order[: options.whole(top, "top", 1, most)])
    pieces = []
    for name in chosen:
        used = found.used[_position(known, name)]
        low, high = wilson(used, found.active_in)
        pieces.append(
            pd.DataFrame(
                {
                    "feature": name,
                    "period": parts.labels,
                    "users": used,
                    "active": found.active_in,
                    "adoption": ratio(used, found.active_in),
                    "low": low,
                    "high": high,
                    "complete": parts.complete,
                }
            )
        )
    columns = ["feature", "period", "users", "active", "adoption", "low", "high", "complete"]
    frame = pd.concat(pieces, ignore_index=True) if pieces else pd.DataFrame(columns=columns)
    units = {"users": "count", "active": "count", "adoption": "rate", "low": "rate", "high": "rate"}
    summary = {"features": list(chosen), "column": known.column}
    notes = where.ignored(view, TABLE)
    return Result("feature_trend", frame, units=units, summary=summary, notes=notes, **rows_read(view))


@insight(
    "feature_people",
    "Who uses a feature",
    definition="The users of a feature in the range, or the active users who did not use it.",
    needs=(TIMED,),
)
def feature_people(
    view: View,
    *,
    feature: str = "",
    state: str = "users",
    period: str = "",
    column: str = "",
    by: str = "week",
    breakdown: str = "",
    group: str = "",
) -> Result:
    """Column: user_id, sorted. Options: feature (default the most frequent), state (users, or others: active without
    it), period (first ISO day of a period of ``by``, "" = the whole range), column, breakdown and group as in
    ``features``. summary: users."""
    if state not in ("users", "others"):
        raise options.bad("state", "users or others")
    known, split = features_of(view, column, MAX_FEATURES), split_of(view, breakdown)
    if not known.names:
        raise UserError("unknown_feature", "There are no features in this data.", "Choose another column.")
    wanted = _position(known, feature) if feature else 0
    if group not in split.labels:
        raise UserError("unknown_group", f"There is no group “{group}”.", "Choose one of the groups shown.")
    at = split.labels.index(group)
    days = _days(view, by, period)
    active_codes = outcome_codes(view, None)

    def kernel(partition: Partition) -> list[str]:
        out = np.zeros(partition.n_users, np.uint8)
        rows = partition.table(TABLE)
        if rows is not None:
            codes = split.codes[partition.index]
            kernels.users_of(
                rows.offsets,
                rows.day,
                rows.column("event_name"),
                rows.column(known.column),
                known.feature_of,
                active_codes,
                where.rows(view, partition, TABLE),
                np.where(codes == at, 0, -1).astype(np.int32),
                days.first,
                days.last,
                wanted,
                out,
            )
        chosen = np.flatnonzero(out == (2 if state == "users" else 1))
        return [str(item) for item in partition.user_ids.take(chosen).to_pylist()]

    ids = run(view.dataset, kernel, lambda partials: sorted(item for partial in partials for item in partial))
    frame = pd.DataFrame({"user_id": pd.Series(ids, dtype=object)})
    notes = where.ignored(view, TABLE)
    return Result("feature_people", frame, summary={"users": len(ids)}, notes=notes, **rows_read(view))


def _days(view: View, by: str, period: str) -> Period:
    first, last = view.period.first, view.period.last
    if period:
        parts = buckets_of(view, by)
        if period not in parts.labels:
            raise options.bad("period", "the first day of a period that is shown")
        first, last = parts.spans[parts.labels.index(period)]
    return Period(first, min(last, view.as_of))


def _position(known: Features, name: str) -> int:
    if name not in known.names:
        raise UserError("unknown_feature", f"There is no feature “{name}” here.", "Choose one of those listed.")
    return known.names.index(name)
