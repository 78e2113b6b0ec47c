"""RFM scores and lifetime value of N customers: the product against pandas and lifetimes.

    python -m benchmarks.value --customers 1000000 --runs 3

Histories follow the BG/NBD process in whole days. The product's scores are compared with the same rule written in
pandas, its fit with ``lifetimes`` (on a sample: it needs minutes for a million), where that package is installed; the
parameters must agree before anything is timed. Times are medians; making the data is nobody's.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.figures import report

PEER_CUSTOMERS = 23_570  # as many as CDNOW has: lifetimes takes seconds
GOAL_RFM_SECONDS, GOAL_FIT_SECONDS = 1.0, 10.0


def process(n: int, seed: int) -> Any:
    """Order days of n customers of a BG/NBD process, one to two years old, and the money of their repeat orders."""
    from dashboard.customers.clv.history import history

    rng = np.random.default_rng(seed)
    rate, leave = rng.gamma(0.6, 1 / 42, n), rng.beta(0.8, 2.5, n)
    age = rng.integers(365, 731, n).astype(float)
    x, t_x, now = np.zeros(n), np.zeros(n), np.zeros(n)
    alive = np.ones(n, bool)
    while alive.any():
        now[alive] += np.maximum(1.0, np.ceil(rng.exponential(1 / rate[alive])))
        alive &= now <= age
        x[alive] += 1
        t_x[alive] = now[alive]
        alive &= rng.random(n) >= leave
    zbar = np.where(x > 0, rng.gamma(np.maximum(6.25 * x, 1e-9)) / rng.gamma(3.74, 1 / 15.44, n) / np.maximum(x, 1), 0)
    return history(x, t_x, age, zbar)


def median(work: Callable[[], Any], runs: int) -> float:
    work()
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def pandas_rfm(frame: pd.DataFrame) -> pd.DataFrame:
    """The product's default rule as one writes it in pandas: quantile cuts, a dictionary of names per pair."""
    from dashboard.customers.rfm_map import SCORES, SegmentMap

    names = {f"{r}{f}": SegmentMap().name_of(r, f) for r in SCORES for f in SCORES}
    out = pd.DataFrame(index=frame.index)
    for letter, column in (("R", "recency"), ("F", "frequency"), ("M", "money")):
        limits = frame[column].quantile([0.2, 0.4, 0.6, 0.8]).tolist()
        score = 1 + sum((frame[column] > limit).astype(int) for limit in limits)
        out[letter] = 6 - score if letter == "R" else score
    out["segment"] = (out["R"].astype(str) + out["F"].astype(str)).map(names)
    return out.join(frame).groupby("segment").agg(customers=("money", "size"), money=("money", "sum"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    os.environ.setdefault("DASHBOARD_DATA_DIR", tempfile.mkdtemp(prefix="bench-value-"))

    from dashboard.customers import rfm
    from dashboard.customers.clv import bgnbd, gamma_gamma, value
    from dashboard.customers.clv.history import pooled
    from dashboard.customers.clv.model import fit_model
    from dashboard.customers.clv.value_rule import ValueRule
    from dashboard.customers.rfm_map import SegmentMap
    from dashboard.customers.rfm_rule import RfmRule

    customers = process(args.customers, 1)
    columns = (customers.T - customers.t_x, customers.x + 1, (customers.x + 1) * (customers.zbar + 20))
    frame = pd.DataFrame(dict(zip(("recency", "frequency", "money"), columns, strict=True)))

    def product_rfm() -> pd.DataFrame:
        return rfm.by_segment(rfm.score(*columns, RfmRule(), SegmentMap()), SegmentMap())

    ours = product_rfm().set_index("segment")["customers"]
    theirs = pandas_rfm(frame)["customers"].reindex(ours.index).fillna(0).astype(int)
    if not (ours == theirs).all():
        print("the RFM segments differ")
        return 1
    found: dict[str, float] = {
        "rfm": median(product_rfm, args.runs),
        "rfm in pandas": median(lambda: pandas_rfm(frame), 1),
        "bgnbd fit": median(lambda: bgnbd.fit(customers), args.runs),
        "gamma_gamma fit": median(lambda: gamma_gamma.fit(customers), args.runs),
    }
    model, rows = fit_model(customers), pooled(customers)
    found["predict 12 months"] = median(lambda: value.predict(model, customers, ValueRule(), rows), args.runs)
    sample = process(PEER_CUSTOMERS, 2)
    found[f"bgnbd fit of {PEER_CUSTOMERS:,}"] = median(lambda: bgnbd.fit(sample), args.runs)
    try:
        from lifetimes import BetaGeoFitter
    except ImportError:
        print("lifetimes is not installed: its column is left out")
    else:
        peer = BetaGeoFitter()
        found[f"lifetimes fit of {PEER_CUSTOMERS:,}"] = median(lambda: peer.fit(sample.x, sample.t_x, sample.T), 1)
        own, other = bgnbd.fit(sample).parameters, tuple(peer.params_[name] for name in bgnbd.NAMES)
        if not np.allclose(own, other, rtol=0.02):
            print(f"the fits differ: {own} and {other}")
            return 1
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if args.json:
        print(json.dumps({"customers": args.customers, "seconds": found, "peak_mb": memory}))
    else:
        print(f"{args.customers:,} customers, {len(rows.x):,} distinct histories, peak {memory:,.0f} MB")
        for name, seconds in found.items():
            print(f"{name:32} {seconds:8.3f} s")
    report("RFM scores", found["rfm"], "s", at_most=GOAL_RFM_SECONDS)
    report("RFM scores, times as fast as pandas", found["rfm in pandas"] / found["rfm"], "x")
    report("purchase model, fit", found["bgnbd fit"], "s", at_most=GOAL_FIT_SECONDS)
    return int(found["rfm"] > GOAL_RFM_SECONDS or found["bgnbd fit"] > GOAL_FIT_SECONDS)


if __name__ == "__main__":
    raise SystemExit(main())
