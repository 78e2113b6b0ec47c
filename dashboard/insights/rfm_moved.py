"""Who moved from one RFM segment to another: the people behind a cell of the migration table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dashboard.customers import rfm_map, rfm_rule
from dashboard.customers.rfm import ABSENT
from dashboard.insights import periods, where
from dashboard.insights.registry import insight
from dashboard.insights.rfm import NEED, earlier, ids_of, people_frame, segment_index, table_of
from dashboard.insights.users import chosen, rows_read
from dashboard.insights.view import View
from dashboard.result import Result


@insight(
    "rfm_moved",
    "Who moved between RFM segments",
    definition="The customers who moved from one segment to another: exactly those that the migration counts.",
    needs=(NEED,),
)
def rfm_moved(
    view: View,
    *,
    was: str = "",
    now: str = "",
    before: str = "",
    version: Any = None,
    segments: Any = None,
    **switches: Any,
) -> Result:
    """One row per customer with a score now, sorted by id. Columns: those of rfm_people, and was (the earlier segment,
    or not yet a customer). Options: was, now (segments; "" = any), before, version and the others as for rfm_migration.
    summary: customers, before_day."""
    rule, names = rfm_rule.from_json(switches), rfm_map.from_json(segments)
    after = table_of(view, rule, names)
    old, position, day = earlier(view, rule, names, before, version, after)
    known = np.append(old.scored.segment, -1)[position]  # the last entry answers for -1
    mask = chosen(view)[after.row]
    if was:
        mask = mask & (known == (-1 if was == ABSENT else segment_index(old.scored.names, was)))
    if now:
        mask = mask & (after.scored.segment == segment_index(after.scored.names, now))
    index = np.flatnonzero(mask)
    frame = people_frame(view, after, index)
    texts = np.array([*old.scored.names, ABSENT], dtype=object)
    moved = pd.Series(texts[known[index]], index=ids_of(view, after.row[index]))
    frame["was"] = moved.reindex(frame["user_id"].to_numpy(dtype=object)).to_numpy()
    return Result(
        "rfm_moved",
        frame.astype({"was": "str"}),
        summary={"customers": len(frame), "before_day": periods.iso(day)},
        notes=where.ignored(view, None),
        **rows_read(view),
    )
