"""The customer table, RFM, K-Means with the number of groups chosen, and BG/NBD of N customers of a stored shop.

    python -m benchmarks.customers --customers 1000000 --runs 3

Every customer is one of four planted kinds, with one to some dozen orders. The product answers from its stored
dataset, without memory of earlier answers; pandas answers from a frame of the same orders that is already in memory,
scikit-learn from the same features. The answers are compared in the same run: table and segments must be equal, groups
agree (ARI at least 0.9). BG/NBD is compared with ``lifetimes`` on a sample, where that package can be installed. Times
are medians, memory is the highest of the process; making and loading the data is nobody's.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import secrets
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.dataset import directory

PEER_CUSTOMERS = 23_570  # as many as CDNOW has: lifetimes takes seconds
LAST_DAY, DAYS = "2025-12-31", 730
# mean orders, mean money per order, mean days since the last one, share of people
KINDS = ((14.0, 90.0, 6.0, 0.15), (4.0, 40.0, 40.0, 0.35), (7.0, 60.0, 220.0, 0.2), (1.2, 25.0, 330.0, 0.3))


def orders(customers: int, seed: int = 1) -> pd.DataFrame:
    """One row per order: user_id, order_time (seconds), order_id, amount, country."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(len(KINDS), customers, p=[share for *_, share in KINDS])
    count, money, silent = (np.array([item[k] for item in KINDS])[kind] for k in range(3))
    number = 1 + rng.poisson(count - 0.2 * (count <= 2))
    last = np.minimum((silent * rng.lognormal(0, 0.4, customers)).astype(np.int64), DAYS - 60)
    person = np.repeat(np.arange(customers), number)
    first_of = np.r_[True, person[1:] != person[:-1]]
    back = last[person] + np.where(first_of, 0, (rng.random(len(person)) * (DAYS - last[person])).astype(np.int64))
    amount = rng.gamma(4.0, money[person] / 4).round(2) + 0.01
    end = np.datetime64(LAST_DAY, "s")
    return pd.DataFrame(
        {
            "user_id": pd.Series(person).map("c{:07d}".format),
            "order_time": end
            - back.astype("timedelta64[D]")
            + rng.integers(0, 86_400, len(person)).astype("timedelta64[s]"),
            "order_id": np.arange(len(person)),
            "amount": amount,
            "country": pd.Categorical.from_codes(person % 3, ["DE", "FR", "UK"]),
        }
    )


def prepare(customers: int) -> tuple[str, pd.DataFrame]:
    """(id of the imported dataset, the same orders in memory)."""
    place = directory() / f"customers-{customers}"
    os.environ["DASHBOARD_DATA_DIR"] = str(place / "data")
    (place / "data").mkdir(parents=True, exist_ok=True, mode=0o700)
    frame = orders(customers)
    done = place / "dataset.json"
    if not done.exists():
        path = place / "orders.csv"
        frame.to_csv(path, index=False)
        done.write_text(json.dumps(_imported(path)), encoding="utf-8")
        path.unlink()
    return str(json.loads(done.read_text(encoding="utf-8"))), frame


def _imported(path: Path) -> str:
    from dashboard.ingest import publish
    from dashboard.ingest.inspect import inspect_file
    from dashboard.ingest.layout import Source
    from dashboard.ingest.plan import ImportOptions

    source = Source(secrets.token_hex(16), path, path.name, inspect_file(path, file_name=path.name).plan)
    result = publish.import_sources([source], ImportOptions(currency="EUR"), name="Customers", owner="local")
    return str(result["dataset"])


def pandas_table(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per customer as one writes it in pandas."""
    day = frame["order_time"].dt.normalize()
    table = (
        frame.assign(day=day)
        .groupby("user_id", sort=True)
        .agg(
            first_seen=("day", "min"),
            last_seen=("day", "max"),
            orders=("order_id", "nunique"),
            active_days=("day", "nunique"),
            revenue=("amount", "sum"),
        )
    )
    table["recency_days"] = (day.max() - table["last_seen"]).dt.days
    table["average_order_value"] = table["revenue"] / table["orders"]
    return table


def pandas_rfm(table: pd.DataFrame) -> pd.Series:
    """The default rule in pandas: quantile cuts, a dictionary of names per pair of scores. Customers per segment."""
    from dashboard.customers.rfm_map import SCORES, SegmentMap

    names = {f"{r}{f}": SegmentMap().name_of(r, f) for r in SCORES for f in SCORES}
    score = {}
    for letter, column in (("R", "recency_days"), ("F", "orders")):
        limits = table[column].quantile([0.2, 0.4, 0.6, 0.8]).tolist()
        score[letter] = 1 + sum((table[column] > limit).astype(int) for limit in limits)
    code = (6 - score["R"]).astype(str) + score["F"].astype(str)
    return code.map(names).value_counts()


def sklearn_groups(values: np.ndarray) -> tuple[int, np.ndarray]:
    """The plain way: log, scale, K-Means of everybody for k = 2 to 6, the best silhouette of a sample of 5,000."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score
    from sklearn.preprocessing import StandardScaler

    points = StandardScaler().fit_transform(np.log1p(values))
    labels = {k: KMeans(k, n_init=10, random_state=0).fit_predict(points) for k in range(2, 7)}
    height = {k: silhouette_score(points, found, sample_size=5_000, random_state=0) for k, found in labels.items()}
    best = max(height, key=lambda k: height[k])
    return best, labels[best]


def timed(work: Callable[[], Any], runs: int) -> tuple[float, Any]:
    """(median seconds, last answer)."""
    times, answer = [], None
    for _ in range(runs):
        started = time.perf_counter()
        answer = work()
        times.append(time.perf_counter() - started)
    return statistics.median(times), answer


def measure(customers: int, runs: int) -> tuple[dict[str, float], list[str]]:
    """(seconds by what was measured, what differs between product and peers)."""
    dataset, frame = prepare(customers)

    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score

    from dashboard.customers import rfm_orders
    from dashboard.customers.cluster_model import Scaling
    from dashboard.customers.clusters import cluster
    from dashboard.customers.features import features_of
    from dashboard.customers.rfm_map import SegmentMap
    from dashboard.customers.rfm_read import rfm_table
    from dashboard.customers.rfm_rule import RfmRule
    from dashboard.customers.table import people_table
    from dashboard.filters import Filters
    from dashboard.insights.view import view_of
    from dashboard.store.dataset import open_dataset

    view = view_of(open_dataset(dataset), Filters(range="all"))

    def product_rfm() -> pd.Series:
        rfm_orders.forget()
        scored = rfm_table(view, RfmRule(), SegmentMap()).scored
        return pd.Series(np.bincount(scored.segment, minlength=len(scored.names)), index=scored.names)

    product_rfm()  # compiles
    found: dict[str, float] = {}
    found["customer table"], people = timed(lambda: people_table(view.dataset, view.as_of), runs)
    found["customer table, pandas"], table = timed(lambda: pandas_table(frame), 1)
    found["RFM"], ours = timed(product_rfm, runs)
    found["RFM, pandas"], theirs = timed(lambda: pandas_rfm(pandas_table(frame)), 1)
    wrong = [
        f"the table differs in {name}"
        for name in ("recency_days", "orders", "active_days", "revenue")
        if not np.allclose(people.values(name), table[name].to_numpy(dtype=float), rtol=1e-9)
    ]
    if not (ours == theirs.reindex(ours.index).fillna(0)).all():
        wrong.append("the RFM segments differ")

    values, features = features_of(people)
    found["K-Means, k chosen with null test"], groups = timed(lambda: cluster(values, features), runs)
    raw = values[["recency_days", "orders", "revenue"]].to_numpy(dtype=np.float64)
    found["K-Means, scikit-learn on everybody"], _ = timed(lambda: sklearn_groups(raw), 1)
    whole = KMeans(groups.k, n_init=10, random_state=0).fit_predict(Scaling.of(raw).apply(raw))
    agreement = adjusted_rand_score(whole, groups.labels)
    if agreement < 0.9:
        wrong.append(f"the groups of a sample are not those of everybody: ARI {agreement:.3f}")
    return {**found, **_bgnbd(customers, runs, wrong)}, wrong


def _bgnbd(customers: int, runs: int, wrong: list[str]) -> dict[str, float]:
    from benchmarks.value import process
    from dashboard.customers.clv import bgnbd

    many, sample = process(customers, 1), process(PEER_CUSTOMERS, 2)
    bgnbd.fit(sample)
    found = {"BG/NBD fit": timed(lambda: bgnbd.fit(many), runs)[0]}
    found[f"BG/NBD fit of {PEER_CUSTOMERS:,}"], own = timed(lambda: bgnbd.fit(sample), runs)
    try:
        from lifetimes import BetaGeoFitter
    except ImportError:
        print("lifetimes is not installed (it does not run with this pandas): its column is left out")
        return found
    peer = BetaGeoFitter()
    found[f"BG/NBD fit of {PEER_CUSTOMERS:,}, lifetimes"] = timed(lambda: peer.fit(sample.x, sample.t_x, sample.T), 1)[
        0
    ]
    if not np.allclose(own.parameters, tuple(peer.params_[name] for name in bgnbd.NAMES), rtol=0.02):
        wrong.append("the BG/NBD parameters differ from those of lifetimes")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found, wrong = measure(args.customers, args.runs)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for line in wrong:
        sys.stderr.write(line + "\n")
    if args.json:
        print(json.dumps({"customers": args.customers, "seconds": found, "peak_mb": memory, "wrong": wrong}))
    else:
        print(f"{args.customers:,} customers; peak of this process, peers included: {memory:,.0f} MB")
        for name, seconds in found.items():
            print(f"{name:44} {seconds:9.3f} s")
        for own, peer in (
            ("customer table", "customer table, pandas"),
            ("RFM", "RFM, pandas"),
            ("K-Means, k chosen with null test", "K-Means, scikit-learn on everybody"),
            (f"BG/NBD fit of {PEER_CUSTOMERS:,}", f"BG/NBD fit of {PEER_CUSTOMERS:,}, lifetimes"),
        ):
            if peer in found:
                print(f"ratio, {peer}: {found[peer] / found[own]:.1f}")
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
