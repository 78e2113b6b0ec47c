"""From who did what to a table of behaviours: how well each one goes with coming back, and whether that is chance.

Formula source: methods section 6. One half of the people (by hash) chooses, the other half reports.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.engine import executors
from dashboard.insights import aha_kernels as kernels
from dashboard.insights.aha_exposure import Exposure, Question
from dashboard.insights.aha_query import ACTIVITY, FIRST_SEEN_WEEK
from dashboard.insights.groups import groups_of
from dashboard.insights.view import View
from dashboard.schema import MICROSECONDS_PER_DAY
from dashboard.statistics.multiple import benjamini_hochberg
from dashboard.statistics.table_arrays import Tables
from dashboard.statistics.tables import COMMON, MAX_REACH, MIN_CELL, MIN_REACH, RARE, Table, mantel_haenszel

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MIN_SPLIT = 400  # people observed; below, halves are too small and the same people choose and report
LEVEL = 0.05
SELF_SHARE = 0.5  # an event that is more than this share of all comings back is the outcome itself

WHY = {
    "": "Goes with coming back, in the half that chose it and in the other half.",
    "outcome": "This is mostly what coming back consists of, so it cannot be what leads to it.",
    "everyone": "Everybody already does this: it cannot be a turning point.",
    "nobody": "Almost nobody does this.",
    "common": "Nearly everybody does this, so the few who do not say little.",
    "rare": "Too few people do this to build on it.",
    "few": "Too few people to tell.",
    "chance": "Not distinguishable from chance.",
    "explained": "Only goes with coming back because the same people also do the first-ranked behaviour.",
    "leaving": "People who do this come back less often.",
}


@dataclass(frozen=True)
class Cells:
    """Every (window, behaviour, at least n): the tables of all people, of the choosing and of the reporting half.

    Arrays are [windows, behaviours, most]. self_: behaviours that are the outcome itself. split: whether there are two
    halves (else both are everybody).
    """

    question: Question
    everybody: Tables
    choose: Tables
    report: Tables
    self_: Bools
    split: bool


def cells(question: Question, parts: tuple[Exposure, ...], most: int) -> Cells:
    """Count the cells of all partitions."""
    shape = (len(question.days), len(question.behaviours), 2, 2, most + 1)

    def tally(part: Exposure) -> Int64:
        out = np.zeros(shape, np.int64)
        kernels.tally(part.counts, part.state, part.retained, part.half, most, out)
        return out

    total = sum(executors.threads().map(tally, parts), np.zeros(shape, np.int64))
    came_back = np.sum([part.outcome_by for part in parts], axis=0) if parts else np.zeros(shape[1], np.int64)
    split = int(total[0, 0].sum()) >= MIN_SPLIT if shape[1] else False
    everybody = _tables(total.sum(axis=2))
    return Cells(
        question,
        everybody,
        _tables(total[:, :, 0]) if split else everybody,
        _tables(total[:, :, 1]) if split else everybody,
        came_back > SELF_SHARE * max(1, int(came_back.sum())),
        split,
    )


def _tables(counts: Int64) -> Tables:
    """counts: [windows, behaviours, retained, times] -> tables of at least 1 .. most times."""
    at_least = np.cumsum(counts[..., ::-1], axis=-1)[..., ::-1].astype(np.float64)
    did, everyone = at_least[..., 1:], at_least[..., :1]
    return Tables(
        did[..., 1, :], did[..., 0, :], everyone[..., 1, :] - did[..., 1, :], everyone[..., 0, :] - did[..., 0, :]
    )


def frame_of(found: Cells) -> pd.DataFrame:
    """One row per cell that somebody does; the columns of the insight without the adjusted odds ratios."""
    everybody, choose, report = found.everybody, found.choose, found.report
    window, behaviour, times = (axis.ravel() for axis in np.indices(everybody.tp.shape))
    reach, chosen_reach = everybody.reach, choose.reach
    usable = (chosen_reach >= MIN_REACH) & (chosen_reach <= MAX_REACH) & ~found.self_[None, :, None]
    p = np.where(usable, choose.p_value, np.nan)
    q = benjamini_hochberg(p.ravel()).reshape(p.shape)
    risk, low, high = everybody.risk_ratio()
    held, held_low, held_high = report.risk_ratio()
    held_p = report.p_value
    agrees = np.sign(report.phi) == np.sign(choose.phi)
    significant = (q <= LEVEL) & agrees & ((held_p <= LEVEL) | (not found.split))
    label = _labels(found, reach, significant)
    behaviours = found.question.behaviours
    frame = pd.DataFrame(
        {
            "kind": [behaviours[b].kind for b in behaviour],
            "behaviour": [behaviours[b].name for b in behaviour],
            "at_least": times + 1,
            "days": np.array(found.question.days, np.int64)[window],
        }
    )
    for name in ("tp", "fp", "fn", "tn"):
        frame[name] = getattr(everybody, name).ravel().astype(np.int64)
    for name in ("reach", "ppv", "npv", "sensitivity", "specificity", "phi", "lift"):
        frame[name] = getattr(everybody, name).ravel()
    columns = {
        "risk_ratio": risk, "low": low, "high": high,
        "held_risk_ratio": held, "held_low": held_low, "held_high": held_high, "held_p": held_p,
        "p_value": p, "q_value": q, "chosen_phi": choose.phi,
    }  # fmt: skip
    for name, values in columns.items():
        frame[name] = values.ravel()
    if not found.split:
        frame[["held_risk_ratio", "held_low", "held_high", "held_p"]] = np.nan
    frame["significant"] = significant.ravel()
    frame["label"] = label.ravel()
    return ranked(_liked(frame))


def _labels(found: Cells, reach: npt.NDArray[np.float64], significant: Bools) -> npt.NDArray[np.object_]:
    label = np.full(reach.shape, "", dtype=object)
    rules = (
        (~significant, "chance"),
        (significant & (found.everybody.phi < 0), "leaving"),
        (np.minimum(found.everybody.smallest, found.choose.smallest) < MIN_CELL, "few"),
        (reach < MIN_REACH, "rare"),
        (reach > MAX_REACH, "common"),
        (reach < RARE, "nobody"),
        (reach > COMMON, "everyone"),
        (np.broadcast_to(found.self_[None, :, None], reach.shape), "outcome"),
    )
    for applies, code in rules:  # a later rule is the stronger reason
        label[applies] = code
    return label


def _liked(frame: pd.DataFrame) -> pd.DataFrame:
    """Cells that somebody does, sorted; best: the cell of each behaviour that the choosing half likes most (largest
    |phi|, then the shorter window, then fewer times). strength: |phi| there, -1 where it is not tested."""
    frame = frame[(frame["tp"] + frame["fp"] > 0)].copy()
    frame["strength"] = frame["chosen_phi"].abs().where(frame["p_value"].notna(), -1.0).fillna(-1.0).round(12)
    order = frame.sort_values(["strength", "days", "at_least"], ascending=[False, True, True])
    frame["best"] = False
    frame.loc[order.drop_duplicates(["kind", "behaviour"]).index, "best"] = True
    return frame.drop(columns="chosen_phi").sort_values(["kind", "behaviour", "days", "at_least"], ignore_index=True)


def ranked(frame: pd.DataFrame) -> pd.DataFrame:
    """Why and recommended from the labels; rank: 1, 2, ... of the best recommended cells by strength, 0 for others."""
    frame["why"] = [WHY[code] for code in frame["label"]]
    frame["recommended"] = frame["label"] == ""
    leading = frame[frame["best"] & frame["recommended"]].sort_values(
        ["strength", "days", "kind", "behaviour"], ascending=[False, True, True, True]
    )
    frame["rank"] = 0
    frame.loc[leading.index, "rank"] = np.arange(1, len(leading) + 1)
    return frame


def explained(frame: pd.DataFrame) -> pd.DataFrame:
    """Label the recommended cells whose odds ratio within those who do and do not do the first-ranked behaviour cannot
    be told from 1, and rank again."""
    covers = (frame["within_best_low"] <= 1) & (frame["within_best_high"] >= 1)
    uninformed = frame["within_best_odds_ratio"].isna()
    frame.loc[frame["recommended"] & (frame["rank"] != 1) & (covers | uninformed), "label"] = "explained"
    return ranked(frame)


def adjusted(
    question: Question, parts: tuple[Exposure, ...], chosen: pd.DataFrame, strata: tuple[npt.NDArray[np.int32], ...]
) -> pd.DataFrame:
    """Mantel-Haenszel odds ratios of the cells in ``chosen`` (kind, behaviour, at_least, days): odds_ratio, low, high,
    NaN where no stratum informs. strata: per partition, the stratum of each person (-1 = left out)."""
    place = {(b.kind, b.name): at for at, b in enumerate(question.behaviours)}
    window = np.array([question.days.index(day) for day in chosen["days"]], np.int64)
    behaviour = np.array([place[pair] for pair in zip(chosen["kind"], chosen["behaviour"], strict=True)], np.int64)
    at_least = np.array(chosen["at_least"], np.int64)
    size = 1 + max((int(codes.max(initial=-1)) for codes in strata), default=-1)
    shape = (len(chosen), max(size, 1), 2, 2)

    def tally(part: Exposure, codes: npt.NDArray[np.int32]) -> Int64:
        out = np.zeros(shape, np.int64)
        kernels.stratified(part.counts, part.state, part.retained, codes, window, behaviour, at_least, out)
        return out

    out = sum(executors.threads().map(tally, parts, strata), np.zeros(shape, np.int64))
    pooled = [
        mantel_haenszel(Table(int(t[1, 1]), int(t[1, 0]), int(t[0, 1]), int(t[0, 0])) for t in cell) for cell in out
    ]
    rows = [item if item is not None else (np.nan,) * 3 for item in pooled]
    return pd.DataFrame(rows, columns=["odds_ratio", "low", "high"], index=chosen.index, dtype=np.float64)


def did(question: Question, parts: tuple[Exposure, ...], row: pd.Series) -> tuple[npt.NDArray[np.int32], ...]:
    """Strata by one cell: 1 = does it, 0 = does not."""
    k = question.days.index(int(row["days"]))
    b = [(item.kind, item.name) for item in question.behaviours].index((row["kind"], row["behaviour"]))
    return tuple((part.counts[k, b] >= row["at_least"]).astype(np.int32) for part in parts)


def strata_of(
    view: View, question: Question, parts: tuple[Exposure, ...], names: tuple[str, ...]
) -> tuple[npt.NDArray[np.int32], ...]:
    """The combination of all ``names`` that each person belongs to, numbered 0, 1, ..."""
    keys = [np.zeros(len(part.first), np.int64) for part in parts]
    for name in names:
        if name == FIRST_SEEN_WEEK:
            codes = [part.first // (7 * MICROSECONDS_PER_DAY) for part in parts]
        elif name == ACTIVITY:
            codes = _activity_thirds(question, parts)
        else:
            codes = [np.asarray(part, np.int64) for part in groups_of(view, name, top=50).codes]
        both = np.unique(np.concatenate(codes), return_inverse=True)[1] if codes else np.zeros(0, np.int64)
        joined = np.concatenate(keys) * (int(both.max(initial=0)) + 1) + both
        joined = np.unique(joined, return_inverse=True)[1].astype(np.int64)
        keys = np.split(joined, np.cumsum([len(part.first) for part in parts])[:-1])
    return tuple(key.astype(np.int32) for key in keys)


def _activity_thirds(question: Question, parts: tuple[Exposure, ...]) -> list[Int64]:
    """Thirds of the observed people by the number of events in the longest first window."""
    events = [b.kind == "event" for b in question.behaviours]
    totals = [part.counts[-1][events].sum(axis=0, dtype=np.int64) for part in parts]
    seen = np.concatenate([total[part.state == kernels.OBSERVED] for total, part in zip(totals, parts, strict=True)])
    cuts = np.quantile(seen, [1 / 3, 2 / 3]) if len(seen) else np.zeros(2)
    return [np.searchsorted(cuts, total, side="left").astype(np.int64) for total in totals]
