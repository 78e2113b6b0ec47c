"""A streaming service: people who sign up, watch, subscribe, cool off and leave.

Planted: three or more categories on the first day go with 1.7 times the day-30 retention; fewer than five plays in the
first 72 hours announce that somebody will not be there on day 7; a decoy event that only looks like a cause; fifteen
events that mean nothing; subscriptions whose 12-month value differs 2.5-fold between platforms; a weekly pattern.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dashboard.ingest import sample_parts as parts
from dashboard.ingest.sample_parts import DAY, HOUR, Ints, Sample

EVENTS_PER_USER = 50
CATEGORIES = ("Drama", "Comedy", "Documentary", "Crime", "Kids", "Sport", "Sci-Fi", "Music")
NULL_EVENTS = (
    *("open_settings", "change_avatar", "search", "share", "add_to_list", "view_trailer", "read_review"),
    *("change_language", "toggle_subtitles", "pause", "skip_intro", "open_help", "view_profile", "open_notification"),
    "scroll_home",
)
DECOY = "rate_title"
NAMES = ("play", "signup", "subscribe", DECOY, *NULL_EVENTS)
PLATFORMS, PLATFORM_SHARE = ("SmartTV", "Mobile", "Web"), (0.3, 0.4, 0.3)
PRICE = np.array([12.0, 8.0, 8.0])  # per platform
MONTHLY_CHURN = np.array([0.08374, 0.15, 0.20])
HI_SHARE, PAYING_SHARE = 0.30, 0.35
FEW_IF_HI, FEW_IF_NOT = 0.2, 0.7  # P(fewer than 5 plays in 72 h)
DAY7_IF_FEW, DAY7_IF_NOT = 0.14, 0.84  # P(plays on day 7)
DAY30, DAY30_RATIO = 0.26, 1.70  # P(plays on days 30-36), times this for hi
NULL_MEAN = 1.2
# Codes of an event: 0 .. 7 a play by category, then the other names.
_CODES = len(CATEGORIES) + len(NAMES) - 1
_PAID_DAYS = 30


def make(rows: int, seed: int) -> Sample:
    """``rows`` lines of events.csv, with the users and payments that belong to them."""
    rng = np.random.default_rng([seed, 1])
    count = max(10, rows // EVENTS_PER_USER)
    signup = parts.signup_seconds(rng, count)
    platform = rng.choice(3, count, p=PLATFORM_SHARE)
    hi = rng.random(count) < HI_SHARE
    few = rng.random(count) < np.where(hi, FEW_IF_HI, FEW_IF_NOT)
    day7 = rng.random(count) < np.where(few, DAY7_IF_FEW, DAY7_IF_NOT)
    thinned = np.where(hi, DAY30 * DAY30_RATIO / _day7(hi=True), DAY30 / _day7(hi=False))
    day30 = day7 & (rng.random(count) < thinned)
    pays = rng.random(count) < PAYING_SHARE

    who, when, code = _first_days(rng, signup, hi, few, pays)
    later = _later(rng, day7, day30)
    who, when, code = (np.concatenate(pair) for pair in zip((who, when, code), later, strict=True))
    instant = signup[who] + when
    inside = instant < parts.END - parts.START
    keys = _key(instant[inside], who[inside], code[inside], count)
    unique = parts.unique_rows(rows)
    if len(keys) > unique:  # only with a handful of people: signups come first, the rest is cut at random
        keys = rng.permutation(keys)[:unique]
    alive = _alive_until(rng, day7, day30)
    keys = parts.apart(np.concatenate([keys, _fill(rng, unique - len(keys), signup, alive, count)]), count * _CODES)
    keys = keys[:unique]
    lines = parts.with_duplicates(rng, unique, rows)
    minutes = rng.lognormal(3.4, 0.7, unique)

    user_ids, names, categories = parts.ids("u", count), pa.array(NAMES), pa.array(CATEGORIES)
    platforms = pa.array(PLATFORMS)

    def columns(piece: slice) -> dict[str, pa.Array]:
        chosen = lines[piece]
        rest, codes = np.divmod(keys[chosen], _CODES)
        seconds, users = np.divmod(rest, count)
        is_play = codes < len(CATEGORIES)
        name = np.where(is_play, 0, codes - len(CATEGORIES) + 1)
        duration = np.maximum(60, (minutes[chosen] * 60)).astype(np.int64)
        return {
            "user_id": user_ids.take(pa.array(users)),
            "event_time": parts.stamps(seconds),
            "event_name": names.take(pa.array(name)),
            "category": categories.take(pa.array(codes, mask=~is_play)),
            "platform": platforms.take(pa.array(platform[users])),
            "duration_seconds": pa.array(duration, mask=~is_play),
        }

    plan = np.where(pays, np.where(platform == 0, 2, 1), 0)
    users_table = {
        "user_id": user_ids,
        "signup_time": parts.stamps(signup),
        "country": parts.pick(rng, parts.COUNTRIES, parts.COUNTRY_SHARE, count),
        "plan": pa.array(("Free", "Standard", "Premium")).take(pa.array(plan)),
        "platform": platforms.take(pa.array(platform)),
        "age": pa.array(np.clip(rng.normal(38, 13, count), 16, 90).astype(np.int64)),
    }
    payments, payment_rows = _payments(rng, user_ids, signup, platform, pays)
    return Sample(
        tables=(
            ("users.csv", count, parts.one_batch(users_table)),
            ("events.csv", rows, parts.batches(columns, rows)),
            ("payments.csv", payment_rows, parts.one_batch(payments)),
        ),
        truths=_truths(rows, unique, count, payment_rows),
    )


def _day7(*, hi: bool) -> float:
    few = FEW_IF_HI if hi else FEW_IF_NOT
    return few * DAY7_IF_FEW + (1 - few) * DAY7_IF_NOT


def _key(instant: Ints, who: Ints, code: Ints, count: int) -> Ints:
    """One number per event that sorts by time, then person, then kind: ten million fit into 80 MB."""
    return (instant * count + who) * _CODES + code


def _first_days(
    rng: np.random.Generator,
    signup: Ints,
    hi: npt.NDArray[np.bool_],
    few: npt.NDArray[np.bool_],
    pays: npt.NDArray[np.bool_],
) -> tuple[Ints, Ints, Ints]:
    """Person, seconds after signup, code: signup, plays of 72 hours, decoy, meaningless events, subscription."""
    count, everybody = len(signup), np.arange(len(signup))
    first_code = len(CATEGORIES) - 1  # + position in NAMES
    kinds = np.where(hi, 3 + rng.poisson(1, count), 1 + (rng.random(count) < 0.45))
    kinds = np.minimum(kinds, np.where(few, 4, len(CATEGORIES)))
    plays = np.where(few, kinds + (rng.random(count) * (5 - kinds)).astype(np.int64), np.maximum(5, kinds))
    plays = plays + np.where(few, 0, rng.poisson(2, count))
    who = np.repeat(everybody, plays)
    number = np.arange(len(who)) - np.repeat(np.cumsum(plays) - plays, plays)
    opening = number < kinds[who]  # one play of each category on the first evening, the rest within 72 hours
    start, stride = rng.integers(0, 8, count), rng.choice([1, 3, 5, 7], count)
    which = np.where(opening, number, (rng.random(len(who)) * kinds[who]).astype(np.int64))
    category = (start[who] + which * stride[who]) % 8
    evening = rng.integers(60, 4 * HOUR, len(who))
    day = rng.integers(0, 3, len(who)) * DAY
    when = np.where(opening, evening, np.minimum(day + evening, 3 * DAY - 1))

    decoy = np.flatnonzero(rng.random(count) < 1 / (1 + np.exp(1 - 1.6 * hi)))
    nulls = rng.poisson(NULL_MEAN, (len(NULL_EVENTS), count))
    null_who = np.concatenate([np.repeat(everybody, times) for times in nulls])
    null_code = np.repeat(np.arange(len(NULL_EVENTS)) + NAMES.index(NULL_EVENTS[0]) + first_code, nulls.sum(axis=1))
    null_when = rng.integers(0, 3, len(null_who)) * DAY + rng.integers(60, 4 * HOUR, len(null_who))
    subscribed = np.flatnonzero(pays)
    groups = (
        (who, when, category),
        (everybody, np.zeros(count, dtype=np.int64), np.full(count, NAMES.index("signup") + first_code)),
        (decoy, rng.integers(60, 4 * HOUR, len(decoy)), np.full(len(decoy), NAMES.index(DECOY) + first_code)),
        (null_who, null_when, null_code),
        (
            subscribed,
            rng.integers(60, DAY, len(subscribed)),
            np.full(len(subscribed), NAMES.index("subscribe") + first_code),
        ),
    )
    person, seconds, codes = (np.concatenate(column) for column in zip(*groups, strict=True))
    return person, seconds, codes


def _later(
    rng: np.random.Generator, day7: npt.NDArray[np.bool_], day30: npt.NDArray[np.bool_]
) -> tuple[Ints, Ints, Ints]:
    """The plays that decide who counts as retained, and a few people who come back after a long time."""
    seventh = np.repeat(np.flatnonzero(day7), 1 + rng.poisson(0.5, int(day7.sum())))
    thirtieth = np.repeat(np.flatnonzero(day30), 1 + rng.poisson(1.0, int(day30.sum())))
    back = np.flatnonzero(~day30 & (rng.random(len(day30)) < 0.08))
    start = rng.integers(60, 150, len(back)) * DAY
    plays = 1 + rng.poisson(4, len(back))
    who = np.concatenate([seventh, thirtieth, np.repeat(back, plays)])
    when = np.concatenate(
        [
            7 * DAY + rng.integers(0, DAY, len(seventh)),
            30 * DAY + rng.integers(0, 7 * DAY, len(thirtieth)),
            np.repeat(start, plays) + rng.integers(0, 20 * DAY, int(plays.sum())),
        ]
    )
    return who, when, rng.integers(0, len(CATEGORIES), len(who))


def _alive_until(rng: np.random.Generator, day7: npt.NDArray[np.bool_], day30: npt.NDArray[np.bool_]) -> Ints:
    """Seconds after signup until which a person keeps watching: before day 7, before day 30, or long after."""
    count = len(day7)
    early = rng.uniform(3.2 * DAY, 7 * DAY, count)
    middle = rng.uniform(8 * DAY, 30 * DAY, count)
    late = 37 * DAY + rng.exponential(150 * DAY, count)
    return np.where(day30, late, np.where(day7, middle, early)).astype(np.int64)


def _fill(rng: np.random.Generator, wanted: int, signup: Ints, alive: Ints, count: int) -> Ints:
    """Keys of ``wanted`` more plays between 72 hours after signup and the end of each person's interest, in season."""
    last = np.minimum(signup + alive, parts.END - parts.START)
    length = np.maximum(last - (signup + 3 * DAY), 0)
    weights = length * rng.lognormal(0, 0.8, count)
    if not weights.sum():
        weights = length = np.full(count, 1.0)
    bounds = np.cumsum(weights / weights.sum())
    found: list[Ints] = []
    missing = wanted
    while missing > 0:
        who = np.minimum(np.searchsorted(bounds, np.sort(rng.random(int(missing * 2.6) + 100))), count - 1)
        instant = signup[who] + 3 * DAY + (rng.random(len(who)) * length[who]).astype(np.int64)
        kept = np.flatnonzero(parts.in_season(rng, instant))
        if len(kept) > missing:
            kept = rng.choice(kept, missing, replace=False)
        codes = rng.integers(0, len(CATEGORIES), len(kept))
        found.append(_key(np.minimum(instant[kept], parts.END - parts.START - 1), who[kept], codes, count))
        missing -= len(kept)
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def _payments(
    rng: np.random.Generator, user_ids: pa.StringArray, signup: Ints, platform: Ints, pays: npt.NDArray[np.bool_]
) -> tuple[dict[str, pa.Array], int]:
    """A payment every 30 days until the subscription ends or the data do."""
    buyer = np.flatnonzero(pays)
    months = rng.geometric(MONTHLY_CHURN[platform[buyer]])
    seen = (parts.END - parts.START - DAY - signup[buyer]) // (_PAID_DAYS * DAY) + 1
    months = np.clip(np.minimum(months, seen), 0, None)
    who = np.repeat(buyer, months)
    number = np.arange(len(who)) - np.repeat(np.cumsum(months) - months, months)
    when = signup[who] + DAY + number * _PAID_DAYS * DAY
    order = np.lexsort((who, when))
    who, when, number = who[order], when[order], number[order]
    digits = pa.array([f"{u:07d}-{n:02d}" for u, n in zip((who + 1).tolist(), (number + 1).tolist(), strict=True)])
    columns = {
        "order_id": digits,
        "user_id": user_ids.take(pa.array(who)),
        "order_time": parts.stamps(when),
        "amount": pa.array(PRICE[platform[who]]),
    }
    return columns, len(who)


def _truths(rows: int, unique: int, count: int, payments: int) -> dict[str, Any]:
    lifetime = (1 - (1 - MONTHLY_CHURN) ** 12) / MONTHLY_CHURN
    value = PRICE * lifetime
    few = HI_SHARE * FEW_IF_HI + (1 - HI_SHARE) * FEW_IF_NOT
    accuracy = few * (1 - DAY7_IF_FEW) + (1 - few) * DAY7_IF_NOT
    not_day7 = 1 - HI_SHARE * _day7(hi=True) - (1 - HI_SHARE) * _day7(hi=False)
    return {
        "rows": {"users.csv": count, "events.csv": rows, "payments.csv": payments},
        "duplicate_rows": {"events.csv": rows - unique},
        "activity_event": "play",
        "aha": {
            "rule": "at least 3 different categories of play within 24 hours after signup",
            "outcome": "a play between 30 and 37 days after signup",
            "observed": "people who signed up at least 37 days before the end",
            "risk_ratio": DAY30_RATIO,
            "tolerance": 0.12,
            "share_above": HI_SHARE,
        },
        "early_sign": {
            "rule": "fewer than 5 plays within 72 hours after signup predicts no play on day 7",
            "accuracy": round(accuracy, 4),
            "base_rate": round(not_day7, 4),
            "tolerance": 0.01,
        },
        "decoy": {"event": DECOY, "within_hours": 24, "odds_ratio_within_aha_groups": 1.0, "tolerance": 0.12},
        "nulls": {"events": list(NULL_EVENTS), "within_days": 3, "findings": 0},
        "value": {
            "unit": "12-month revenue per subscriber, one payment every 30 days, before discounting",
            "per_platform": {name: round(float(v), 2) for name, v in zip(PLATFORMS, value, strict=True)},
            "monthly_churn": {name: float(c) for name, c in zip(PLATFORMS, MONTHLY_CHURN, strict=True)},
            "ratio_smarttv_to_web": round(float(value[0] / value[2]), 3),
            "tolerance": 0.25,
            "naive_ratio_below": 2.3,
        },
        "weekly_index": {"monday_to_sunday": list(map(float, parts.WEEKDAY)), "tolerance": 0.03},
    }
