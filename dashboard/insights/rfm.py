"""RFM as answers: segments, the grid, who is where, and who moved.

Scores are those of everybody as of the view's day; filters only choose whom to count, so they never move a person to
another segment. Switches: those of :class:`dashboard.customers.rfm_rule.RfmRule`, by name.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.customers import rfm as scoring
from dashboard.customers import rfm_map, rfm_rule
from dashboard.customers.rfm_map import CHAMPIONS, LOYAL, SegmentMap
from dashboard.customers.rfm_read import RfmTable, rfm_table, rows_in
from dashboard.customers.rfm_rule import RfmRule
from dashboard.errors import CannotAnswer, UserError
from dashboard.filters import Filters, day_number
from dashboard.insights import options, periods, where
from dashboard.insights.memo import Memo
from dashboard.insights.registry import Need, insight
from dashboard.insights.users import chosen
from dashboard.insights.view import View, plain_view
from dashboard.result import Result
from dashboard.store.dataset import open_dataset

Mask = npt.NDArray[np.bool_]
NEED = Need(
    ("transactions", "events", "users.last_active_time"), "orders, an event log or the last activity of each user"
)
_UNITS = {
    "customers": "count",
    "share": "rate",
    "money": "money",
    "money_share": "rate",
    "recency_days": "days",
    "frequency": "number",
    "monetary": "money",
}
_EARLIER = 90  # days between the two dates of a migration unless a day is chosen

_memo: Memo[RfmTable] = Memo(256 << 20, lambda table: 60 * len(table) + 1_000)


def table_of(view: View, rule: RfmRule, segments: SegmentMap, as_of: int | None = None) -> RfmTable:
    """The scores of everybody, kept in memory for the other questions of the same view."""
    until = view.as_of if as_of is None else min(as_of, view.as_of)
    key = (view.scope, until, rule, segments.grid)
    return _memo.get(key, lambda: rfm_table(view, rule, segments, until))


def ids_of(view: View, row: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
    """User ids of positions in partition order."""
    texts = [partition.user_ids.to_numpy(zero_copy_only=False) for partition in view.dataset.partitions]
    found: npt.NDArray[np.object_] = np.concatenate(texts)[row]
    return found


def _money_unit(table: RfmTable) -> str:
    return "number" if table.labels[2] in ("Usage", "Active days") else "money"


def _result(name: str, view: View, table: RfmTable, frame: pd.DataFrame, **more: Any) -> Result:
    units = {**_UNITS, "money": _money_unit(table), "monetary": _money_unit(table)}
    summary = {
        "basis": table.basis,
        "recency_is": table.labels[0],
        "frequency_is": table.labels[1],
        "money_is": table.labels[2],
        "cuts": {letter: list(cuts) for letter, cuts in table.scored.cuts.items()},
        **more.pop("summary", {}),
    }
    manifest = view.dataset.manifest
    notes = (*more.pop("notes", ()), *table.notes, *where.ignored(view, None))
    return Result(
        name,
        frame,
        units={column: unit for column, unit in units.items() if column in frame},
        summary=summary,
        left_out=table.left_out,
        notes=notes,
        rows_read=manifest.rows.get("transactions" if table.basis == "orders" else "events", manifest.users),
        users_read=manifest.users,
        **more,
    )


def _asked(view: View, segments: Any, switches: dict[str, Any]) -> tuple[RfmTable, SegmentMap, Mask]:
    rule, names = rfm_rule.from_json(switches), rfm_map.from_json(segments)
    table = table_of(view, rule, names)
    return table, names, chosen(view)[table.row]


@insight(
    "rfm",
    "RFM segments",
    definition="Customers by how recently, how often and for how much they bought, in segments with what to do.",
    needs=(NEED,),
)
def rfm(view: View, *, segments: Any = None, **switches: Any) -> Result:
    """One row per segment, best first, also empty ones. Columns: segment, customers, share, money (sum), money_share,
    recency_days, frequency, monetary (means), action. Options: basis (auto, orders, usage), scoring (auto, quantile,
    rank, fixed, row_order), bins (3, 4, 5), frequency (orders, days), money (net, gross), value_aware, recency_cuts,
    frequency_cuts, money_cuts (four limits for fixed scores), weights (of R, F, M), order_events, fee; segments: a grid
    of 5 rows (recency 5 to 1) of 5 names. summary: customers, what the three measures are, the cuts between scores,
    contradictions (people in the best segments whom the file calls churned)."""
    table, names, mask = _asked(view, segments, switches)
    frame = scoring.by_segment(table.scored, names, mask)
    wrong = _contradictions(view, table, mask)
    notes = (f"{wrong:,} people in the best segments are marked as churned in the file.",) if wrong else ()
    summary = {"customers": int(mask.sum()), "contradictions": wrong}
    return _result("rfm", view, table, frame, summary=summary, notes=notes)


def _contradictions(view: View, table: RfmTable, mask: Mask) -> int:
    """People in Champions or Loyal who are marked as churned in the file."""
    if not view.dataset.manifest.has_column("users", "churned"):
        return 0
    best = [index for index, name in enumerate(table.scored.names) if name in (CHAMPIONS, LOYAL)]
    churned = np.concatenate([p.users.column("churned") for p in view.dataset.partitions])[table.row] == 1
    return int((churned & mask & np.isin(table.scored.segment, best)).sum())


@insight(
    "rfm_grid",
    "RFM grid",
    definition="Customers and money in the 25 cells of recency and frequency scores.",
    needs=(NEED,),
)
def rfm_grid(view: View, *, segments: Any = None, **switches: Any) -> Result:
    """25 rows, recency 5 first. Columns: R, column (score of frequency, or of frequency and money together), segment,
    customers, share, money, money_share, recency_days, frequency, monetary. Options and summary as for rfm."""
    table, names, mask = _asked(view, segments, switches)
    frame = scoring.by_cell(table.scored, names, mask)
    return _result("rfm_grid", view, table, frame, summary={"customers": int(mask.sum())})


@insight(
    "rfm_people",
    "Who is in an RFM segment",
    definition="The customers of a segment or of a cell of the grid, with their scores: exactly those counted.",
    needs=(NEED,),
)
def rfm_people(
    view: View, *, segment: str = "", recency: Any = None, column: Any = None, segments: Any = None, **switches: Any
) -> Result:
    """One row per customer, sorted by id. Columns: user_id, R, F, M, code (R, F, M as text), score (weighted mean of
    the three), segment, recency_days, frequency, monetary. Options: segment (its name) or recency and column (scores 1
    to 5 of a cell); without them everybody; the others as for rfm."""
    table, _, mask = _asked(view, segments, switches)
    scored = table.scored
    if segment:
        wanted = segment_index(scored.names, segment)
        mask = mask & (scored.segment == wanted)
    if recency not in (None, ""):
        mask = mask & np.equal(scored.R, options.whole(recency, "recency", 1, 5))
    if column not in (None, ""):
        mask = mask & np.equal(scored.column, options.whole(column, "column", 1, 5))
    frame = people_frame(view, table, np.flatnonzero(mask))
    return _result("rfm_people", view, table, frame, summary={"customers": len(frame)})


def segment_index(names: tuple[str, ...], name: str) -> int:
    """Position of a segment among the names. Raises UserError for one that is not there."""
    if name not in names:
        raise UserError("unknown_segment", "There is no segment of that name.", f"There are: {', '.join(names)}.")
    return names.index(name)


def people_frame(view: View, table: RfmTable, index: npt.NDArray[np.int64]) -> pd.DataFrame:
    """The scored persons at ``index`` as rows, sorted by user id."""
    scored = table.scored
    frame = pd.DataFrame(
        {
            "user_id": pd.Series(ids_of(view, table.row[index]), dtype="str"),
            "R": scored.R[index],
            "F": scored.F[index],
            "M": scored.M[index],
            "code": pd.Series(scored.code[index].astype(str), dtype="str"),
            "score": scored.weighted[index],
            "segment": pd.Series(np.array(scored.names, dtype=object)[scored.segment[index]], dtype="str"),
            "recency_days": scored.recency_days[index],
            "frequency": scored.frequency[index],
            "monetary": scored.monetary[index],
        }
    )
    return frame.sort_values("user_id", ignore_index=True)


@insight(
    "rfm_migration",
    "Moves between RFM segments",
    definition="How customers moved between segments from an earlier date, or an earlier version of the data, to now.",
    needs=(NEED,),
)
def rfm_migration(
    view: View, *, before: str = "", version: Any = None, segments: Any = None, **switches: Any
) -> Result:
    """One row per move that somebody made. Columns: before, after (segments, or not yet a customer, or no longer in the
    data), customers, money. Options: before (ISO day; 90 days earlier unless given), version (an earlier version of the
    dataset, as it was on its last day), the others as for rfm. summary: stayed, up, down (towards the top or the bottom
    of the list of segments), joined, gone, before_day. Filters choose people as they are now."""
    rule, names = rfm_rule.from_json(switches), rfm_map.from_json(segments)
    after = table_of(view, rule, names)
    old, position, day = earlier(view, rule, names, before, version, after)
    frame = scoring.migration(*_narrowed(old, after, position, chosen(view), version is None))
    summary = {"before_day": periods.iso(day), **_moves(frame, names)}
    note = "Scores compare people with each other: somebody can move because others bought more."
    return _result("rfm_migration", view, after, frame, summary=summary, notes=(note,))


def earlier(
    view: View, rule: RfmRule, names: SegmentMap, before: str, version: Any, after: RfmTable
) -> tuple[RfmTable, npt.NDArray[np.int64], int]:
    """(the scores before, position among them of everybody after or -1, their day): as of a day, 90 days before the
    view's unless ``before`` names one, or of an earlier version. Raises CannotAnswer
    and UserError."""
    if version not in (None, ""):
        number = options.whole(version, "version", 1, max(view.dataset.version, 1))
        older = plain_view(open_dataset(view.dataset.id, number), Filters())
        table = table_of(older, rule, names)
        known = pd.Index(ids_of(older, table.row))
        position = known.get_indexer(pd.Index(ids_of(view, after.row))).astype(np.int64)
        return table, position, older.as_of
    if after.basis == "usage" and "events" not in view.dataset.manifest.tables:
        raise CannotAnswer(
            "Migration needs activity over time; these data only know when each person was last active.",
            ("events",),
            "Add an event log or orders, or compare with an earlier version of the data.",
        )
    day = view.as_of - _EARLIER
    if before:
        try:
            day = day_number(dt.date.fromisoformat(before))
        except ValueError:
            raise options.bad("before", "a day such as 2025-03-08") from None
        if day >= view.as_of:
            raise options.bad("before", "a day before the one the numbers are as of")
    table = table_of(view, rule, names, day)
    return table, rows_in(after.row, table.row), day


def _narrowed(
    before: RfmTable, after: RfmTable, position: npt.NDArray[np.int64], keep: Mask, same_rows: bool
) -> tuple[scoring.Scored, scoring.Scored, npt.NDArray[np.int64]]:
    """Both sides with only the people whom the filters choose; those who are gone cannot be filtered and stay unless
    everybody is known by the same rows."""
    left = keep[after.row]
    gone = np.ones(len(before.row), bool)
    gone[position[position >= 0]] = False
    stay = np.zeros(len(before.row), bool)
    stay[position[left & (position >= 0)]] = True
    stay |= gone & keep[before.row] if same_rows else gone
    renumbered = np.append(np.cumsum(stay) - 1, -1)  # the last entry answers for -1
    return _take(before.scored, stay), _take(after.scored, left), renumbered[position[left]]


def _take(scored: scoring.Scored, mask: Mask) -> scoring.Scored:
    cut = {name: value[mask] for name, value in vars(scored).items() if isinstance(value, np.ndarray)}
    return scoring.Scored(**{**vars(scored), **cut})


def _moves(frame: pd.DataFrame, names: SegmentMap) -> dict[str, int]:
    rank = {name: index for index, name in enumerate(names.names)}
    before, after = frame["before"].map(rank), frame["after"].map(rank)
    both = before.notna() & after.notna()
    people = frame["customers"]
    return {
        "stayed": int(people[both & (before == after)].sum()),
        "up": int(people[both & (after < before)].sum()),
        "down": int(people[both & (after > before)].sum()),
        "joined": int(people[before.isna()].sum()),
        "gone": int(people[after.isna()].sum()),
    }
