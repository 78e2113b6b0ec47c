"""The moment from which people stay: which behaviours of the first days go with coming back later.

An association, never a cause. Formula source: definitions section 6, methods section 6, cases section 9.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dashboard.errors import UserError
from dashboard.insights import aha_cells, aha_kernels, options, periods, where
from dashboard.insights.aha_exposure import (
    TABLE,
    Exposure,
    Question,
    exposures,
    one_behaviour,
    question_of,
)
from dashboard.insights.aha_query import AhaQuery
from dashboard.insights.registry import TIMED, insight
from dashboard.insights.selector import Selector
from dashboard.insights.totals import json_number
from dashboard.insights.view import View
from dashboard.result import LeftOut, Result
from dashboard.schema import NULL_TIME
from dashboard.statistics.tables import Table, e_value

CELLS = ("tp", "fp", "fn", "tn")
NOT_CAUSE = "People who do this come back more often. That does not show that doing it makes them come back."


@insight(
    "aha",
    "Turning points",
    definition="Which behaviours of the first days go with coming back later: reach, risk ratio with interval, phi.",
    needs=(TIMED,),
)
def aha(
    view: View,
    *,
    outcome: Any = None,
    from_day: Any = 0,
    to_day: Any = 0,
    days: Any = (1, 3),
    most: Any = 10,
    events: Any = (),
    distinct: Any = (),
    strata: Any = (),
) -> Result:
    """One row per cell (behaviour, at least n times, within d days) that somebody does, over everybody who has been
    observed until ``to_day``, whatever the range; sorted by kind, behaviour, days, at_least.

    Columns: kind ("event": how often; "distinct": how many different values of a column), behaviour (event or
    column), at_least, days; tp (did it and came back), fp (did it only), fn (came back only), tn (neither); reach
    (share who did it), ppv, npv, sensitivity, specificity, phi, lift (ppv / base rate), risk_ratio, low, high (came
    back with over without it; 95 % interval) of everybody; p_value, q_value (of the choosing half; Benjamini-
    Hochberg over all tested cells; NaN = not tested), held_risk_ratio, held_low, held_high, held_p (of the other
    half); significant; label ("" = may be a turning point, outcome, everyone, nobody, common, rare, few, chance,
    explained, leaving) and why (the label in a sentence); recommended; best (the cell of its behaviour that the
    choosing half likes most); rank (1 = strongest, of best and recommended cells, else 0); for best and significant
    cells odds_ratio, adjusted_odds_ratio, adjusted_low, adjusted_high (within ``strata``), within_best_odds_ratio,
    within_best_low, within_best_high (within those who do and do not do the first-ranked behaviour); else NaN.

    Options: outcome (event or selector; default any activity), from_day, to_day (came back in [from, to) days of 24
    hours from first seen; 0, 0 = chosen from the data), days (exposure windows), most (largest n), events (names, none
    = the 40 most frequent), distinct (columns), strata (users' columns, ``first_week``, ``activity``; default
    platform). summary: observed, retained, base_rate, from_day, to_day, tested (cells), split, strata, best (the first
    in rank: kind, behaviour, at_least, days, reach, phi, risk_ratio, low, high (of the reporting half), versus_average
    (lift), e_value) or None.
    """
    query = AhaQuery.of({name: value for name, value in locals().items() if name != "view"})
    question = question_of(view, query)
    parts = exposures(view, question)
    found = aha_cells.cells(question, parts, query.most)
    frame = aha_cells.frame_of(found)
    names = query.strata or (("platform",) if view.dataset.manifest.has_column("users", "platform") else ())
    frame = _with_strata(view, question, parts, frame, names)
    observed, young = (sum(int((part.state == state).sum()) for part in parts) for state in (1, 2))
    retained = sum(int(((part.state == aha_kernels.OBSERVED) & (part.retained == 1)).sum()) for part in parts)
    leader = frame[frame["rank"] == 1]
    return Result(
        "aha",
        frame,
        units=_units(),
        summary={
            "query": query.to_json(),
            "observed": observed,
            "retained": retained,
            "base_rate": retained / observed if observed else None,
            "from_day": question.from_day,
            "to_day": question.to_day,
            "tested": int(frame["p_value"].notna().sum()),
            "split": found.split,
            "strata": list(names),
            "best": _best(leader.iloc[0], found.split) if len(leader) else None,
        },
        left_out=_young(young, question),
        notes=(NOT_CAUSE, *_notes(found, observed), *where.ignored(view, TABLE)),
        **_read(view),
    )


def _with_strata(
    view: View, question: Question, parts: tuple[Exposure, ...], frame: pd.DataFrame, names: tuple[str, ...]
) -> pd.DataFrame:
    best = frame[frame["best"] | frame["recommended"]]
    crude = [Table(*(int(row[cell]) for cell in CELLS)).odds_ratio() for _, row in best.iterrows()]
    frame["odds_ratio"] = pd.Series(crude, index=best.index, dtype=np.float64).reindex(frame.index)
    leader = frame[frame["rank"] == 1]
    groups: dict[str, Any] = {}
    if names:
        groups["adjusted"] = aha_cells.strata_of(view, question, parts, names)
    if len(leader):
        groups["within_best"] = aha_cells.did(question, parts, leader.iloc[0])
    for prefix in ("adjusted", "within_best"):
        columns = [f"{prefix}_{name}" for name in ("odds_ratio", "low", "high")]
        if prefix in groups and len(best):
            pooled = aha_cells.adjusted(question, parts, best, groups[prefix])
            frame[columns] = pooled.reindex(frame.index).to_numpy()
        else:
            frame[columns] = np.nan
    return (aha_cells.explained(frame) if len(leader) else frame).drop(columns="strength")


def _best(row: pd.Series, split: bool) -> dict[str, Any]:
    prefix = "held_" if split else ""
    ratio = json_number(float(row[f"{prefix}risk_ratio"]))
    return {
        **{name: row[name] for name in ("kind", "behaviour")},
        **{name: int(row[name]) for name in ("at_least", "days")},
        **{name: json_number(float(row[name])) for name in ("reach", "phi")},
        "risk_ratio": ratio,
        "low": json_number(float(row[f"{prefix}low"])),
        "high": json_number(float(row[f"{prefix}high"])),
        "versus_average": json_number(float(row["lift"])),
        "e_value": e_value(ratio) if ratio else None,
    }


def _units() -> dict[str, str]:
    rates = ("reach", "ppv", "npv", "sensitivity", "specificity")
    numbers = ("phi", "lift", "risk_ratio", "low", "high", "held_risk_ratio", "held_low", "held_high", "odds_ratio")
    return {
        **dict.fromkeys(CELLS, "count"),
        **dict.fromkeys(rates, "rate"),
        **dict.fromkeys((*numbers, "adjusted_odds_ratio", "within_best_odds_ratio"), "number"),
    }


def _young(young: int, question: Question) -> tuple[LeftOut, ...]:
    text = f"people seen for the first time less than {question.to_day} days before the end of the data"
    return (LeftOut("too_young", young, text),) if young else ()


def _notes(found: aha_cells.Cells, observed: int) -> tuple[str, ...]:
    question = found.question
    notes = [f"Came back: active from day {question.from_day} up to day {question.to_day} after first seen."]
    if found.split:
        notes.append("One half of the people chose what is listed first, the other half reports how strong it is.")
    elif observed:
        notes.append(
            f"Only {observed:,} people have been observed long enough; the same people choose and report, so the "
            "numbers flatter."
        )
    return tuple(notes)


def _cell(view: View, query: AhaQuery, kind: Any, behaviour: Any, window: Any) -> tuple[Question, int, int]:
    """The question, and the positions of window and behaviour in it."""
    question = question_of(view, query)
    wanted = (options.text(kind, "kind"), options.text(behaviour, "behaviour"))
    known = [(item.kind, item.name) for item in question.behaviours]
    if wanted not in known:
        raise UserError("unknown_behaviour", f"“{wanted[1]}” is not among the behaviours here.", "Choose a listed one.")
    days = options.whole(window, "within", 1, 365)
    if days not in question.days:
        raise UserError("unknown_window", f"{days} days is not among the windows here.", "Choose a listed one.")
    return question, question.days.index(days), known.index(wanted)


@insight(
    "aha_below",
    "One step below the turning point",
    definition="The users who did a behaviour once less than the turning point asks for.",
    needs=(TIMED,),
)
def aha_below(
    view: View,
    *,
    kind: str = "event",
    behaviour: str = "",
    at_least: Any = 1,
    within: Any = 0,
    outcome: Any = None,
    from_day: Any = 0,
    to_day: Any = 0,
    days: Any = (1, 3),
    most: Any = 10,
    events: Any = (),
    distinct: Any = (),
    strata: Any = (),
) -> Result:
    """One row per person who did the behaviour exactly ``at_least`` − 1 times in the first ``within`` days, observed
    long enough or not. Columns: user_id (sorted), first_day (ISO, local), open (the window is not over: they can still
    get there). Without ``behaviour`` it is the first-ranked one of ``aha``. Options: kind, behaviour, at_least, within
    (as kind, behaviour, at_least, days of a row of ``aha``), and the options of ``aha``. summary: users, open, kind,
    behaviour, at_least, within (behaviour "" when there is no turning point; then nobody is listed)."""
    given = {name: value for name, value in locals().items() if name in AhaQuery.__dataclass_fields__}
    if not behaviour:
        best = aha(view, **given).summary["best"]
        if best is None:
            return _people("aha_below", view, [], {"open": 0, "behaviour": ""})
        kind, behaviour, at_least, within = (best[name] for name in ("kind", "behaviour", "at_least", "days"))
    question, k, b = _cell(view, AhaQuery.of(given), kind, behaviour, within or AhaQuery.of(given).days[0])
    wanted = options.whole(at_least, "at_least", 1, 255) - 1
    zone = view.dataset.manifest.time_zone
    length = question.days[k] * 86_400_000_000
    rows: list[tuple[str, str, bool]] = []
    for partition, part in zip(view.dataset.partitions, exposures(view, question), strict=True):
        chosen = np.flatnonzero((part.first != NULL_TIME) & (part.counts[k, b] == wanted))
        first = part.first[chosen]
        ids = partition.user_ids.take(chosen).to_pylist()
        local = periods.local_days(first, zone)
        rows += [
            (str(person), periods.iso(int(day)), bool(moment + length > question.until))
            for person, day, moment in zip(ids, local, first, strict=True)
        ]
    about = {"open": sum(row[2] for row in rows), "kind": kind, "behaviour": behaviour, "at_least": wanted + 1}
    return _people("aha_below", view, rows, {**about, "within": question.days[k]})


@insight(
    "aha_people",
    "Who is in a cell of the turning point",
    definition="The users behind one of the four counts of a behaviour: exactly those that it counts.",
    needs=(TIMED,),
)
def aha_people(
    view: View,
    *,
    cell: str = "tp",
    kind: str = "event",
    behaviour: str = "",
    at_least: Any = 1,
    within: Any = 0,
    outcome: Any = None,
    from_day: Any = 0,
    to_day: Any = 0,
    days: Any = (1, 3),
    most: Any = 10,
    events: Any = (),
    distinct: Any = (),
    strata: Any = (),
) -> Result:
    """Columns and options as in ``aha_below``, and cell: tp, fp, fn, tn. Only people observed long enough are in a
    cell, so none of them is open."""
    given = {name: value for name, value in locals().items() if name in AhaQuery.__dataclass_fields__}
    if cell not in CELLS:
        raise options.bad("cell", "one of tp, fp, fn, tn")
    query = AhaQuery.of(given)
    if not behaviour:
        question = question_of(view, query)
        if not question.behaviours:
            return _people("aha_people", view, [], {"open": 0})
        kind, behaviour = question.behaviours[0].kind, question.behaviours[0].name
    question, k, b = _cell(view, query, kind, behaviour, within or query.days[0])
    wanted = options.whole(at_least, "at_least", 1, 255)
    rows: list[tuple[str, str, bool]] = []
    for partition, part in zip(view.dataset.partitions, exposures(view, question), strict=True):
        did, came_back = part.counts[k, b] >= wanted, part.retained == 1
        inside = (did == (cell in ("tp", "fp"))) & (came_back == (cell in ("tp", "fn")))
        chosen = np.flatnonzero(inside & (part.state == aha_kernels.OBSERVED))
        local = periods.local_days(part.first[chosen], view.dataset.manifest.time_zone)
        ids = partition.user_ids.take(chosen).to_pylist()
        rows += [(str(person), periods.iso(int(day)), False) for person, day in zip(ids, local, strict=True)]
    return _people("aha_people", view, rows, {"open": 0})


def _people(name: str, view: View, rows: list[tuple[str, str, bool]], about: dict[str, Any]) -> Result:
    frame = pd.DataFrame(sorted(rows), columns=["user_id", "first_day", "open"])
    frame["open"] = frame["open"].astype(bool)
    notes = where.ignored(view, TABLE)
    return Result(name, frame, summary={"users": len(frame), **about}, notes=notes, **_read(view))


def table_of(
    view: View,
    behaviour: Selector,
    *,
    at_least: int,
    first_days: int,
    from_day: int,
    to_day: int,
    until: int,
    outcome: Selector | None = None,
) -> Table:
    """The two-by-two table of one behaviour with conditions, over the people observed until ``to_day`` (24-hour days
    from first seen; until: µs UTC). A person without the behaviour is in the table."""
    windows = {"first_days": first_days, "from_day": from_day, "to_day": to_day, "until": until}
    cells = np.zeros(4, np.int64)
    for part in one_behaviour(view, behaviour, outcome, **windows):
        observed = part.state == aha_kernels.OBSERVED
        did, came_back = part.counts[0, 0] >= at_least, part.retained == 1
        groups = (did & came_back, did & ~came_back, ~did & came_back, ~did & ~came_back)
        cells += [int((observed & group).sum()) for group in groups]
    return Table(*(int(n) for n in cells))


def _read(view: View) -> dict[str, Any]:
    return {"rows_read": view.dataset.manifest.rows.get(TABLE, 0), "users_read": view.dataset.manifest.users}
