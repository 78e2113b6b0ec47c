"""Health of a person: where five signs of life stand among people who have been there about as long.

Formula source: definitions section 11. The score is the weighted mean of percentiles (0 to 100) among peers of the same
tenure band: recency against the own gap 35, trend of active days 25, breadth 15, depth 15, friction 10. A sign that the
data do not have is left out, its weight goes to the others, and that is said. A percentile is the share of peers who
are worse off, those who are equal counting half.

Having been very active once is no health: every sign but the own gap looks at the last weeks only, and whoever has been
silent for three times the own gap (for 90 days where no gap is known) is never called healthy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboard.customers import health_kernels as kernels
from dashboard.customers.table import local_days
from dashboard.errors import CannotAnswer
from dashboard.insights.memo import Memo
from dashboard.insights.view import View
from dashboard.store.dataset import Dataset
from dashboard.store.partition import Partition, Rows

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HEALTHY, WATCH, AT_RISK = "Healthy", "Watch", "At risk"
GOOD, FAIR = 50.0, 30.0  # scores from which somebody is healthy, and from which to watch
OVERDUE = 3.0  # own gaps of silence after which nobody is healthy
TREND, RECENT = 28, 90  # days
TENURE = ((30, "up to 30 days"), (90, "31 to 90 days"), (365, "91 to 365 days"), (2**31, "more than a year"))
MIN_PEERS = 20  # a smaller band is compared with everybody
FRICTION_WORDS = ("cancel", "refund", "paywall", "error", "complain")


@dataclass(frozen=True)
class Sign:
    """A component. values: by person in partition order, larger = better unless ``less`` (NaN = unknown). unit: as in
    Result."""

    key: str
    label: str
    weight: int
    unit: str
    values: Floats
    less: bool = False


@dataclass(frozen=True)
class Health:
    """Everybody's signs. band: index in TENURE, -1 = no activity. silence: days since the last activity; gap: the usual
    own gap (NaN where nothing is known of gaps). missing: (component, what the data would need)."""

    signs: tuple[Sign, ...]
    band: npt.NDArray[np.int8]
    silence: Floats
    gap: Floats
    missing: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class SignOf:
    """One sign of one person. percentile: 0 to 1, among peers; peer: their median; None = unknown for this person."""

    key: str
    label: str
    weight: int
    unit: str
    value: float | None
    percentile: float | None
    peer: float | None


@dataclass(frozen=True)
class HealthOf:
    """Health of one person. peers: how many; among: who they are, in words. gap: usual days between active days;
    overdue: silence in such gaps (None = not known). capped: the score says healthy, the silence does not. missing:
    (component, what the data would need)."""

    band: str
    score: float
    signs: tuple[SignOf, ...]
    peers: int
    among: str
    gap: float | None
    overdue: float | None
    capped: bool
    missing: tuple[tuple[str, str], ...]


_memo: Memo[Health] = Memo(256 << 20, lambda found: sum(s.values.nbytes for s in found.signs) + 20 * len(found.band))


def health_of(view: View, person: int) -> HealthOf:
    """The health of the person at a position in partition order, as of the view's day; filters play no part. Raises
    CannotAnswer when the data have no activity, or none of this person."""
    found = _memo.get((view.scope, view.as_of), lambda: measure(view.dataset, view.as_of))
    band = int(found.band[person])
    if band < 0:
        raise CannotAnswer("This person has no activity on record up to this day.", hint="Choose a later as-of day.")
    peers = found.band == band
    among = f"people who have been here {TENURE[band][1]}"
    if peers.sum() < MIN_PEERS:
        peers, among = found.band >= 0, "everybody, since too few have been here for as long"
    signs = tuple(_place(sign, person, peers) for sign in found.signs)
    known = [(sign.weight, sign.percentile) for sign in signs if sign.percentile is not None]
    score = 100 * sum(w * p for w, p in known) / sum(w for w, _ in known) if known else 0.0
    gap = float(found.gap[person])
    overdue = float(found.silence[person]) / max(gap, 1.0) if gap == gap else None
    name = HEALTHY if score >= GOOD else WATCH if score >= FAIR else AT_RISK
    silent = found.silence[person] > RECENT if overdue is None else overdue >= OVERDUE
    capped = name == HEALTHY and bool(silent)
    usual = gap if gap == gap else None
    return HealthOf(
        WATCH if capped else name, score, signs, int(peers.sum()), among, usual, overdue, capped, found.missing
    )


def _place(sign: Sign, person: int, peers: npt.NDArray[np.bool_]) -> SignOf:
    value, others = float(sign.values[person]), sign.values[peers]
    others = others[~np.isnan(others)]
    if np.isnan(value) or not len(others):
        return SignOf(sign.key, sign.label, sign.weight, sign.unit, None, None, None)
    worse = int((others > value).sum() if sign.less else (others < value).sum())
    share = (worse + int((others == value).sum()) / 2) / len(others)
    return SignOf(sign.key, sign.label, sign.weight, sign.unit, value, share, float(np.median(others)))


def measure(dataset: Dataset, as_of: int) -> Health:
    """The signs of everybody as of the end of a day. Raises CannotAnswer without any date of activity."""
    timed = "events" in dataset.manifest.tables
    stated = dataset.manifest.has_column("users", "last_active_time")
    if not timed and not stated:
        raise CannotAnswer(
            "Health needs to know when people were active; this data has no such date.",
            ("last_active_time", "events"),
            "Map the column with the last login or last order, or add an event log.",
        )
    parts = [_partition(dataset, partition, as_of) for partition in dataset.partitions]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    first, last, days = joined["first"], joined["last"], joined["days"]
    silence = np.maximum(as_of - last, 0)
    gap = np.full(len(last), np.nan)
    spans = np.where(days > 1, joined["last_day"] - joined["first_day"], 0.0)
    steps = np.maximum(days - 1, 0)
    if steps.sum():  # one average gap counts like one own gap
        gap = (spans + spans.sum() / steps.sum()) / (steps + 1)
    tenure = np.where(np.isnan(first), silence, as_of - first)
    limits = np.array([limit for limit, _ in TENURE])
    band = np.where(np.isnan(last), -1, np.searchsorted(limits, np.nan_to_num(tenure))).astype(np.int8)
    alone = np.isnan(gap)
    signs = [
        Sign("recency", "Days since last active", 35, "days", silence, less=True)
        if alone.all()
        else Sign("recency", "Silence in own gaps", 35, "number", silence / np.maximum(gap, 1.0), less=True)
    ]
    missing: list[tuple[str, str]] = []
    begins = dataset.manifest.first_day
    if timed and begins is not None and as_of - begins + 1 >= 2 * TREND:
        change = joined["recent"] - joined["before"]
        signs.append(Sign("trend", f"Active days, last {TREND} days against the {TREND} before", 25, "number", change))
    else:
        missing.append(("Trend", f"an event log or orders over at least {2 * TREND} days"))
    for key, weight, less in (("breadth", 15, False), ("depth", 15, False), ("friction", 10, True)):
        label, unit, needs = _what(dataset, key)
        if label:
            signs.append(Sign(key, label, weight, unit, joined[key], less))
        else:
            missing.append((key.capitalize(), needs))
    return Health(tuple(signs), band, silence, gap, tuple(missing))


def _what(dataset: Dataset, key: str) -> tuple[str, str, str]:
    """(label, unit, what is needed) of breadth, depth or friction; no label when the data do not have it."""
    manifest, lately = dataset.manifest, f"in the last {RECENT} days"
    if key == "breadth":
        column = _breadth(dataset)
        names = {"product_id": "Different products", "feature": "Different features", "event_name": "Different events"}
        return (
            (f"{names[column[1]]} {lately}", "count", "") if column else ("", "", "features, products or event names")
        )
    if key == "depth":
        column = _depth(dataset)
        if column is not None:
            money = column[0] == "transactions"
            return f"{'Net spend' if money else 'Time'} {lately}", "money" if money else "seconds", ""
        return (
            ("Usage", "number", "") if manifest.has_column("users", "usage") else ("", "", "durations, orders or usage")
        )
    marked = _friction(dataset)
    return (f"Cancellations, refunds and blocked steps {lately}", "count", "") if marked.any() else (
        "", "", "events that tell of cancellations, refunds or paywalls"
    )  # fmt: skip


def _breadth(dataset: Dataset) -> tuple[str, str] | None:
    manifest = dataset.manifest
    for table, column in (("transactions", "product_id"), ("events", "feature"), ("events", "event_name")):
        if table in manifest.given and manifest.has_column(table, column):
            return table, column
    return None


def _depth(dataset: Dataset) -> tuple[str, str] | None:
    manifest = dataset.manifest
    if "transactions" in manifest.given:
        return "transactions", "amount"
    for table in ("events", "sessions"):
        if table in manifest.given and manifest.has_column(table, "duration_seconds"):
            return table, "duration_seconds"
    return None


def _friction(dataset: Dataset) -> npt.NDArray[np.uint8]:
    """Which event names tell of friction, by code."""
    if "event_name" not in dataset.manifest.dictionaries:
        return np.zeros(0, np.uint8)
    names = dataset.dictionary("event_name")
    return np.array([any(word in name.casefold() for word in FRICTION_WORDS) for name in names], np.uint8)


def _partition(dataset: Dataset, partition: Partition, as_of: int) -> dict[str, Floats]:
    n = partition.n_users
    days = np.zeros((n, 5), np.int32)
    stored = partition.table("days")
    if stored is not None:
        kernels.rhythm(stored.offsets, stored.day, as_of, TREND, days)
    active = days[:, 2] > 0
    first_day, last_day = (np.where(active, days[:, i], np.nan) for i in (0, 1))
    first, last = first_day, last_day
    users, zone = partition.users, dataset.manifest.time_zone
    if users.has("last_active_time"):
        stated = local_days(users.column("last_active_time"), zone)
        last = np.fmax(last, np.where(stated > as_of, as_of, stated))
    if users.has("signup_time"):
        first = np.fmin(first, local_days(users.column("signup_time"), zone))
    depth = _summed(partition, _depth(dataset), as_of)
    if depth is None:
        depth = users.column("usage").astype(np.float64) if users.has("usage") else np.full(n, np.nan)
    return {
        "first": first,
        "last": last,
        "first_day": first_day,
        "last_day": last_day,
        "days": days[:, 2].astype(np.float64),
        "recent": days[:, 3].astype(np.float64),
        "before": days[:, 4].astype(np.float64),
        "breadth": _distinct(dataset, partition, _breadth(dataset), as_of),
        "depth": depth,
        "friction": _marked(partition, _friction(dataset), as_of),
    }


def _rows(partition: Partition, column: tuple[str, str] | None) -> Rows | None:
    rows = partition.table(column[0]) if column is not None else None
    return rows if rows is not None and column is not None and rows.has(column[1]) else None


def _distinct(dataset: Dataset, partition: Partition, column: tuple[str, str] | None, as_of: int) -> Floats:
    out = np.zeros(partition.n_users)
    rows = _rows(partition, column)
    if rows is not None and column is not None:
        seen = np.full(dataset.manifest.dictionaries[column[1]], -1, np.int32)
        kernels.distinct(rows.offsets, rows.day, rows.column(column[1]), as_of - RECENT + 1, as_of, seen, out)
    return out


def _summed(partition: Partition, column: tuple[str, str] | None, as_of: int) -> Floats | None:
    rows = _rows(partition, column)
    if rows is None or column is None:
        return None
    out = np.zeros(partition.n_users)
    kernels.total(rows.offsets, rows.day, rows.column(column[1]), as_of - RECENT + 1, as_of, out)
    return out


def _marked(partition: Partition, mark: npt.NDArray[np.uint8], as_of: int) -> Floats:
    out = np.zeros(partition.n_users)
    events = partition.table("events")
    if events is not None and mark.any():
        names = events.column("event_name")
        kernels.marked(events.offsets, events.day, names, mark, as_of - RECENT + 1, as_of, out)
    return out
