"""A discount campaign that was measured properly: people split by hash, outcome known for both arms.

Planted: persuadable people whom the offer wins, sure and lost ones whom it does not change, and some whom it drives
away; an average effect of 3.5 points; features from which the persuadable ones can be told, so that ranking by effect
beats ranking by risk.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa

from dashboard.ingest import sample_parts as parts
from dashboard.ingest.sample_parts import DAY, Floats, Sample

EXPERIMENT = "spring-offer"
OUTCOME_DAYS = 30
# share, chance to renew without the offer, what the offer changes
KINDS = {
    "persuadable": (0.20, 0.45, 0.25),
    "sure": (0.40, 0.85, 0.0),
    "lost": (0.30, 0.08, 0.0),
    "sleeping dog": (0.10, 0.60, -0.15),
}
# What a kind is like: days since last active, usage hours a month, orders on discount, months known
LOOKS = np.array([[35.0, 18.0, 6.0, 10.0], [6.0, 42.0, 2.0, 26.0], [110.0, 4.0, 1.5, 8.0], [30.0, 22.0, 0.4, 30.0]])
SPREAD = 0.45  # standard deviation of the logarithm


def make(rows: int, seed: int) -> Sample:
    """``rows`` people of users.csv, one row each."""
    rng = np.random.default_rng([seed, 4])
    kind = rng.choice(len(KINDS), rows, p=[share for share, _, _ in KINDS.values()])
    looks = LOOKS[kind] * rng.lognormal(0, SPREAD, (rows, 4))
    user_ids = parts.ids("m", rows)
    offered = buckets(user_ids.to_pylist()) < 0.5
    base, change = (np.array([row[column] for row in KINDS.values()])[kind] for column in (1, 2))
    renewed = rng.random(rows) < base + change * offered
    spend = np.where(renewed, np.round(rng.gamma(4.0, 6.0, rows), 2), 0.0)
    last = (parts.END - parts.START) // DAY - OUTCOME_DAYS - np.minimum(looks[:, 0], 300).astype(np.int64)
    users_table = {
        "user_id": user_ids,
        "last_active": parts.stamps(last * DAY),
        "country": parts.pick(rng, parts.COUNTRIES, parts.COUNTRY_SHARE, rows),
        "plan": parts.pick(rng, ("Standard", "Premium"), (0.7, 0.3), rows),
        "usage_hours": pa.array(np.round(looks[:, 1], 1)),
        "discounted_orders": pa.array(np.round(looks[:, 2]).astype(np.int64)),
        "months_known": pa.array(np.maximum(1, np.round(looks[:, 3])).astype(np.int64)),
        "arm": parts.choose(("control", "offer"), offered),
        "renewed": parts.choose(("no", "yes"), renewed),
        "spend": pa.array(spend),
    }
    people = pa.table({"user_id": user_ids, "kind": parts.choose(tuple(KINDS), kind)})
    return Sample(
        tables=(("users.csv", rows, parts.one_batch(users_table)),),
        truths=_truths(rows),
        people={"answer_people.csv": people},
    )


def buckets(user_ids: list[str]) -> Floats:
    """0 ≤ bucket < 1 per person: the first 8 bytes of SHA-256 of ``experiment:user``, so that anybody can repeat it."""
    prefix = f"{EXPERIMENT}:".encode()
    digests = b"".join(hashlib.sha256(prefix + user.encode()).digest()[:8] for user in user_ids)
    return np.frombuffer(digests, dtype=">u8").astype(np.float64) / 2.0**64


def _truths(rows: int) -> dict[str, Any]:
    effect = sum(share * change for share, _, change in KINDS.values())
    return {
        "rows": {"users.csv": rows},
        "duplicate_rows": {"users.csv": 0},
        "assignment": {
            "experiment": EXPERIMENT,
            "rule": 'arm is offer when the first 8 bytes of sha256("experiment:user_id"), big endian, / 2^64 < 0.5',
        },
        "average_effect": round(effect, 4),
        "kinds": {
            name: {"share": share, "renews_without_offer": base, "effect": change}
            for name, (share, base, change) in KINDS.items()
        },
        "qini_above": 0.03,
        "reading": "offering to the riskiest first gains about nothing; to the persuadable ones it gains most",
    }
