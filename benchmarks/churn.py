"""Churn of N people from M events: the product against the same model in pandas and scikit-learn.

    python -m benchmarks.churn --people 100000 --events 10000000

People come at an own rhythm and stop at an own time; the log is written and imported once and kept. Timed: the whole
answer (cut-offs, features of five days, both kinds of models, calibration, test, people at risk), and what
one more question costs. The peer does what notebooks do: group-bys for one cut-off and one logistic regression, no
folds, no trees, no calibration, no list. Both must find the same people who left before anything is compared.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

DAYS = 365
WINDOW = 30
NAMES = ("visit", "search", "play", "share", "rate")


def events(people: int, rows: int, seed: int) -> pd.DataFrame:
    """user_id, event_time, event_name: at most ``rows`` of them, in no order."""
    rng = np.random.default_rng(seed)
    begin = rng.integers(0, DAYS * 2 // 3, people)
    length = np.minimum(rng.exponential(150, people) + 7, DAYS - begin)
    weight = length * rng.gamma(2, 0.5, people)
    who = np.repeat(np.arange(people), rng.multinomial(rows, weight / weight.sum()))
    part = rng.random(len(who)) ** 1.15  # visits thin out before the end
    second = ((begin[who] + part * length[who]) * 86_400).astype(np.int64)
    stamp = (np.datetime64("2024-01-01T00:00:00") + second.astype("timedelta64[s]")).astype("datetime64[s]")
    name = np.array(NAMES, dtype=object)[rng.choice(len(NAMES), len(who), p=[0.5, 0.2, 0.2, 0.05, 0.05])]
    return pd.DataFrame({"user_id": who + 1_000_000, "event_time": stamp, "event_name": name})


def prepared(people: int, rows: int, seed: int) -> str:
    """The id of the imported dataset; made where it is not there yet."""
    from benchmarks.dataset import directory

    place = directory() / f"churn-{people}-{rows}-{seed}"
    os.environ["DASHBOARD_DATA_DIR"] = str(place / "data")
    (place / "data").mkdir(parents=True, exist_ok=True, mode=0o700)
    done = place / "dataset.json"
    if not done.exists():
        import pyarrow as pa
        import pyarrow.csv

        from benchmarks.dataset import _imported

        file = place / "events.csv"
        pyarrow.csv.write_csv(pa.Table.from_pandas(events(people, rows, seed), preserve_index=False), file)
        done.write_text(json.dumps({"dataset": _imported([file])}), encoding="utf-8")
    return str(json.loads(done.read_text(encoding="utf-8"))["dataset"])


def notebook(file: Path, train_day: int, test_day: int) -> tuple[dict[str, float], int, int]:
    """(seconds per step, people at the test cut-off, how many of them left) of the usual pandas way."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    started = time.perf_counter()
    log = pd.read_csv(file, parse_dates=["event_time"], dtype={"user_id": str, "event_name": "category"})
    day = (log["event_time"].to_numpy().astype("datetime64[D]").astype(np.int64)).astype(np.int32)
    log = pd.DataFrame({"user": log["user_id"], "day": day, "name": log["event_name"]})
    read = time.perf_counter() - started

    def at(cut: int) -> tuple[pd.DataFrame, np.ndarray]:
        early = log[log["day"] < cut]
        by = early.groupby("user", sort=True)
        found = pd.DataFrame({"silence": cut - 1 - by["day"].max(), "known": cut - by["day"].min()})
        for days in (WINDOW, 4 * WINDOW):
            some = early[early["day"] >= cut - days].groupby("user")
            found[f"days_{days}"] = some["day"].nunique().reindex(found.index).fillna(0)
            found[f"events_{days}"] = some.size().reindex(found.index).fillna(0)
        found = found[found["silence"] < 2 * WINDOW]
        later = log.loc[(log["day"] >= cut) & (log["day"] < cut + WINDOW), "user"].unique()
        return found, ~found.index.isin(later)

    started = time.perf_counter()
    (X, y), (test, left) = at(train_day), at(test_day)
    features = time.perf_counter() - started
    started = time.perf_counter()
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000)).fit(np.log1p(X), y)
    roc = roc_auc_score(left, model.predict_proba(np.log1p(test))[:, 1])
    seconds = {"read": read, "features of two cut-offs": features, "one fit": time.perf_counter() - started}
    return {**seconds, "roc": float(roc)}, len(test), int(left.sum())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-peer", action="store_true", help="skip the pandas way (it needs several GB)")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    dataset = prepared(args.people, args.events, 1)

    from dashboard import service
    from dashboard.customers.churn import learn
    from dashboard.customers.churn.rule import ChurnRule
    from dashboard.filters import Filters
    from dashboard.insights.active_days import forget
    from dashboard.insights.view import view_of
    from dashboard.store.dataset import open_dataset

    view = view_of(open_dataset(dataset), Filters(range="all"))
    rule = ChurnRule(window=WINDOW)
    found: dict[str, Any] = {}
    wall, cpu = [], []
    for _ in range(args.runs + 1):
        learn.forget()
        forget()
        started, spent = time.perf_counter(), time.process_time()
        made = learn.learned(view, rule)
        wall.append(time.perf_counter() - started)
        cpu.append(time.process_time() - spent)
    found["model, first time"], found["model"], found["model, CPU"] = wall[0], min(wall[1:]), min(cpu[1:])
    for name, options in (("churn_people", {"rows": 1_000}), ("churn_people", {"rows": 1_000_000}), ("churn", {})):
        started = time.perf_counter()
        result = service.insight(name, dataset, Filters(range="all"), window=WINDOW, **options)
        found[f"{name} {options.get('rows', '')}".strip()] = time.perf_counter() - started
    found["peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert made.quality is not None and made.cuts is not None
    found["roc"] = made.quality.roc
    said = (
        f"{made.train_rows:,} rows to train on, {made.quality.people:,} people in the test, {len(made.now):,} at risk"
    )
    peer: dict[str, float] = {}
    if not args.no_peer:
        file = Path(os.environ["DASHBOARD_DATA_DIR"]).parent / "events.csv"
        peer, people, left = notebook(file, made.cuts.train[-1], made.cuts.test)
        if (people, left) != (made.quality.people, made.quality.left):
            print(f"the people differ: {people} and {made.quality.people}, left {left} and {made.quality.left}")
            return 1
    if args.json:
        print(json.dumps({"people": args.people, "events": args.events, "product": found, "pandas": peer}))
        return 0
    print(f"{args.people:,} people, {args.events:,} events; {said}; model: {result.summary['model']}")
    for title, figures in (("product", found), ("pandas and scikit-learn, one cut-off, one fit", peer)):
        print(title)
        for name, value in figures.items():
            print(f"  {name:32} {value:10.3f}")
    if peer:
        theirs = peer["features of two cut-offs"] + peer["one fit"]
        print(f"pandas, two cut-offs and one fit, over the whole answer: {theirs / found['model']:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
