"""A SaaS product: five kinds of users, three paid plans, a funnel that seems to get worse while every part gets better.

Planted: five usage archetypes; subscriptions whose survival follows a shifted-beta-geometric curve per plan; a Simpson
mix-shift in the activation funnel; office hours in another time zone; a column that leaks who has left.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from dashboard.ingest import sample_parts as parts
from dashboard.ingest.sample_parts import DAY, HOUR, Ints, Sample

EVENTS_PER_USER = 60
TIME_ZONE, OFFSET = "America/Bogota", 5 * HOUR  # no summer time: the shift is five hours all year
LAST = parts.END - parts.START
WEEKDAY = np.array([1.24, 1.30, 1.30, 1.24, 1.12, 0.42, 0.38])
HOUR_OF_DAY = np.array([1, 0, 0, 0, 0, 0, 1, 3, 10, 22, 28, 26, 14, 20, 28, 30, 27, 18, 9, 5, 4, 3, 2, 1]) / 30

# share, active days a week, days before the end when use stops (0 = still active)
ARCHETYPES = {
    "Power": (0.15, 4.5, (0, 0)),
    "Core": (0.25, 1.4, (0, 0)),
    "Casual": (0.25, 0.25, (0, 0)),
    "At-Risk": (0.15, 4.0, (45, 75)),
    "Dormant": (0.20, 0.5, (150, 250)),
}
KNOWN_DAYS = 180  # archetypes can be told apart for people known that long
PLANS, PLAN_SHARE = ("Free", "Starter", "Team", "Business"), (0.40, 0.25, 0.20, 0.15)
PRICE = np.array([0.0, 15.0, 49.0, 199.0])
SBG = {"Starter": (0.704, 1.182), "Team": (0.9, 2.6), "Business": (0.668, 3.806)}
PLATFORMS = ("Web", "Mobile")
MOBILE_SHARE = (0.20, 0.70)  # of sign-ups in the first and the second half of the year
ACTIVATED = {"Web": (0.50, 0.54), "Mobile": (0.20, 0.23)}  # create_project within 14 days, same halves
INVITES = 0.5  # of those who created a project
NAMES = (
    *("login", "view_dashboard", "create_report", "export", "comment", "api_call"),
    *("signup", "create_project", "invite_teammate"),
)
_USE = 6  # the first names are everyday use
_PAID_DAYS = 30


def make(rows: int, seed: int) -> Sample:
    """``rows`` lines of events.csv, with the users and payments that belong to them."""
    rng = np.random.default_rng([seed, 3])
    count = max(10, rows // EVENTS_PER_USER)
    signup = parts.signup_seconds(rng, count)
    half = (signup >= LAST // 2).astype(np.int64)
    mobile = (rng.random(count) < np.array(MOBILE_SHARE)[half]).astype(np.int64)
    kind = rng.choice(len(ARCHETYPES), count, p=[share for share, _, _ in ARCHETYPES.values()])
    plan = rng.choice(len(PLANS), count, p=PLAN_SHARE)
    months = _subscription_months(rng, plan)
    paid_until = signup + months * _PAID_DAYS * DAY
    churned = (plan > 0) & (paid_until < LAST)

    stop = _stops(rng, kind, signup)
    stop = np.minimum(stop, np.where(churned, paid_until, LAST))
    keys = _key(*_activation(rng, signup, half, mobile), count)
    unique = parts.unique_rows(rows)
    use_who, use_when = _active_days(rng, kind, signup, stop)
    keys = np.concatenate([keys, _key(use_who, use_when, rng.integers(0, _USE, len(use_who)), count)])
    if len(keys) > unique:
        keys = rng.permutation(keys)[:unique]
    more = rng.integers(0, max(len(use_who), 1), unique - len(keys))  # further actions on days of use
    when = np.minimum(
        use_when[more] + rng.integers(1, HOUR, len(more)), np.maximum(stop[use_who[more]], use_when[more])
    )
    keys = np.concatenate([keys, _key(use_who[more], when, rng.integers(0, _USE, len(more)), count)])
    keys = parts.apart(keys, count * len(NAMES))
    lines = parts.with_duplicates(rng, unique, rows)
    user_ids, names, platforms = parts.ids("a", count), pa.array(NAMES), pa.array(PLATFORMS)

    def columns(piece: slice) -> dict[str, pa.Array]:
        rest, codes = np.divmod(keys[lines[piece]], len(NAMES))
        seconds, users = np.divmod(rest, count)
        return {
            "user_id": user_ids.take(pa.array(users)),
            "event_time": parts.stamps(seconds),
            "event_name": names.take(pa.array(codes)),
            "platform": platforms.take(pa.array(mobile[users])),
        }

    tickets = np.where(churned, rng.poisson(1.0, count) + 1, rng.random(count) < 0.01).astype(np.int64)
    users_table = {
        "user_id": user_ids,
        "signup_time": parts.stamps(signup),
        "country": parts.pick(rng, parts.COUNTRIES, parts.COUNTRY_SHARE, count),
        "plan": pa.array(PLANS).take(pa.array(plan)),
        "platform": platforms.take(pa.array(mobile)),
        "seats": pa.array(np.where(plan == 0, 1, 1 + rng.poisson(plan * 2.0)).astype(np.int64)),
        "churned": parts.choose(("no", "yes"), churned),
        "offboarding_tickets": pa.array(tickets),
    }
    payments, payment_rows = _payments(user_ids, signup, plan, months)
    counted = ~churned & (signup <= LAST - KNOWN_DAYS * DAY)
    people = pa.table(
        {
            "user_id": user_ids,
            "archetype": pa.array(tuple(ARCHETYPES)).take(pa.array(kind)),
            "counted": pa.array(counted),
        }
    )
    return Sample(
        tables=(
            ("users.csv", count, parts.one_batch(users_table)),
            ("events.csv", rows, parts.batches(columns, rows)),
            ("payments.csv", payment_rows, parts.one_batch(payments)),
        ),
        truths=_truths(rows, unique, count, payment_rows),
        people={"answer_people.csv": people},
    )


def _key(who: Ints, instant: Ints, code: Ints, count: int) -> Ints:
    """One number per event that sorts by time, then person, then kind; instants past the end of the data move there."""
    return (np.minimum(instant, LAST - 1) * count + who) * len(NAMES) + code


def _subscription_months(rng: np.random.Generator, plan: Ints) -> Ints:
    """Payments until the subscription ends: everybody has an own chance to leave, drawn once (Fader & Hardie 2007)."""
    months = np.zeros(len(plan), dtype=np.int64)
    for code, name in enumerate(PLANS):
        if name in SBG:
            chosen = plan == code
            leaves = np.maximum(rng.beta(*SBG[name], int(chosen.sum())), 1e-6)
            months[chosen] = np.minimum(rng.geometric(leaves), 10_000)
    return months


def _stops(rng: np.random.Generator, kind: Ints, signup: Ints) -> Ints:
    low, high = (np.array([stop[side] for _, _, stop in ARCHETYPES.values()])[kind] for side in (0, 1))
    stop = LAST - ((low + rng.random(len(kind)) * (high - low)) * DAY).astype(np.int64)
    latest: Ints = np.minimum(np.maximum(stop, signup + 14 * DAY), LAST)
    return latest


def _activation(rng: np.random.Generator, signup: Ints, half: Ints, mobile: Ints) -> tuple[Ints, Ints, Ints]:
    chance = np.array([ACTIVATED[name] for name in PLATFORMS])[mobile, half]
    created = np.flatnonzero(rng.random(len(signup)) < chance)
    invited = created[rng.random(len(created)) < INVITES]
    created_at = signup + np.minimum(60 + rng.exponential(2 * DAY, len(signup)), 6 * DAY).astype(np.int64)
    invited_at = created_at[invited] + np.minimum(60 + rng.exponential(2 * DAY, len(invited)), 6 * DAY).astype(np.int64)
    everybody = np.arange(len(signup))
    who = np.concatenate([everybody, created, invited])
    when = np.concatenate([signup, created_at[created], invited_at])
    code = np.repeat(
        [NAMES.index(name) for name in ("signup", "create_project", "invite_teammate")],
        [len(everybody), len(created), len(invited)],
    )
    inside = when < LAST
    return who[inside], when[inside], code[inside]


def _active_days(rng: np.random.Generator, kind: Ints, signup: Ints, stop: Ints) -> tuple[Ints, Ints]:
    """Person and instant of one action per day of use, in office hours of the customers' own zone."""
    rate = np.array([days for _, days, _ in ARCHETYPES.values()])[kind] / (7 * DAY)
    kept_share = float((WEEKDAY / WEEKDAY.max()).mean() * (HOUR_OF_DAY / HOUR_OF_DAY.max()).mean())
    length = np.maximum(stop - signup, HOUR)
    who = np.repeat(np.arange(len(signup)), rng.poisson(rate * length / kept_share))
    when = signup[who] + (rng.random(len(who)) * length[who]).astype(np.int64)
    kept = parts.in_season(rng, when - OFFSET, HOUR_OF_DAY, WEEKDAY) & (when < LAST)
    return who[kept], when[kept]


def _payments(user_ids: pa.StringArray, signup: Ints, plan: Ints, months: Ints) -> tuple[dict[str, pa.Array], int]:
    seen = np.where(plan > 0, np.minimum(months, (LAST - 1 - signup) // (_PAID_DAYS * DAY) + 1), 0)
    who = np.repeat(np.arange(len(plan)), seen)
    number = np.arange(len(who)) - np.repeat(np.cumsum(seen) - seen, seen)
    when = signup[who] + number * _PAID_DAYS * DAY
    order = np.lexsort((who, when))
    who, when, number = who[order], when[order], number[order]
    columns = {
        "order_id": pa.array(
            [f"{u:07d}-{n:02d}" for u, n in zip((who + 1).tolist(), (number + 1).tolist(), strict=True)]
        ),
        "user_id": user_ids.take(pa.array(who)),
        "order_time": parts.stamps(when),
        "amount": pa.array(PRICE[plan[who]]),
    }
    return columns, len(who)


def _truths(rows: int, unique: int, count: int, payments: int) -> dict[str, Any]:
    totals = [
        round((1 - share) * ACTIVATED["Web"][part] + share * ACTIVATED["Mobile"][part], 4)
        for part, share in enumerate(MOBILE_SHARE)
    ]
    return {
        "rows": {"users.csv": count, "events.csv": rows, "payments.csv": payments},
        "duplicate_rows": {"events.csv": rows - unique},
        "archetypes": {
            "people": "answer_people.csv, those that are counted: known for 180 days and not churned",
            "shares": {name: share for name, (share, _, _) in ARCHETYPES.items()},
            "agreement_at_least": 0.8,
        },
        "survival": {
            "model": "shifted beta-geometric: S(t) = B(a, b + t) / B(a, b), t = payments renewed, one every 30 days",
            "per_plan": {name: {"a": a, "b": b} for name, (a, b) in SBG.items()},
            "tolerance": 0.1,
            "tolerance_of": "S(1) to S(6); a and b alone wander more",
        },
        "mix_shift": {
            "step": "create_project within 14 days after signup, by half of the year of the sign-up",
            "per_platform": {name: list(rates) for name, rates in ACTIVATED.items()},
            "mobile_share": list(MOBILE_SHARE),
            "total": totals,
            "reading": "both platforms rise, the total falls",
        },
        "time_zone": {"times_are": "UTC", "people_live_in": TIME_ZONE, "busiest_local_hours": [14, 17]},
        "weekly_index": {"zone": TIME_ZONE, "monday_to_sunday": list(map(float, WEEKDAY)), "tolerance": 0.05},
        "leak": {"column": "offboarding_tickets", "reveals": "churned"},
    }
