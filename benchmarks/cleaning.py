"""The cleaning ledger of N order lines: the product against plain pandas, same answers.

    python -m benchmarks.cleaning --lines 10000000 --runs 3

The lines are laid out as the import stores them (by person and time) in one partition; both sides get them in memory.
The ledger's every number (lines, revenue, customers, orders per rule) must agree before anything is timed. Pairing and
price levels have no short pandas form and are timed alone. Times are medians; making the data is nobody's.
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

GOAL_RATIO = 5.0
RULES = 9  # in the order of cleaning.rules.RULES


def lines(n: int, seed: int) -> dict[str, Any]:
    """Order lines of a shop: 2 % returns, 1 % free, 1 % services, 0.5 % repeated, a quarter of guests."""
    rng = np.random.default_rng(seed)
    people = max(1, n // 100)
    known = n - n // 4
    person = np.sort(rng.integers(0, people, known))
    offsets = np.searchsorted(person, np.arange(people + 1)).astype(np.int64)
    quantity = rng.integers(1, 13, n).astype(np.float64)
    quantity[rng.random(n) < 0.02] *= -1
    price = rng.integers(1, 40, n) * 0.25
    price[rng.random(n) < 0.01] = 0.0
    product = rng.integers(0, 4_000, n).astype(np.int32)
    start_of = np.zeros(n, np.int64)
    starts = np.append(offsets[:-1], known)
    start_of[starts[starts < n]] = starts[starts < n]
    position = np.arange(n) - np.maximum.accumulate(start_of)
    order = (np.cumsum(position % 20 == 0) - 1).astype(np.int32)  # twenty lines of a person are an order, on a day
    day = (19_000 + position // 20).astype(np.int32)
    time_ = day.astype(np.int64) * 86_400_000_000
    repeated = np.flatnonzero(rng.random(n - 1) < 0.005) + 1
    repeated = repeated[position[repeated] % 20 > 0]
    for column in (quantity, price, product):
        column[repeated] = column[repeated - 1]
    stored_order = np.lexsort(
        (price, quantity, product, order)
    )  # as the import leaves them: equal lines are neighbours
    quantity, price, product = quantity[stored_order], price[stored_order], product[stored_order]
    columns = {"quantity": quantity, "price": price, "product": product, "order": order, "day": day}
    stored = {**columns, "amount": quantity * price, "offsets": offsets, "time": time_}
    for array in stored.values():
        array.flags.writeable = False
    return {**stored, "known": known}


def product_ledger(shop: dict[str, Any], service: Any, steps: Any) -> dict[str, Any]:
    from dashboard.customers.cleaning import kernels

    n, offsets = len(shop["day"]), shop["offsets"]
    same = np.ones(n, np.uint8)
    for name in ("time", "order", "product", "quantity", "price", "amount"):
        same[1:] &= shop[name][1:] == shop[name][:-1]
    same[0] = 0
    same[offsets[offsets < n]] = 0
    bits = np.empty(n, np.uint16)
    orders = int(shop["order"][-1]) + 1
    kernels.rules_met(
        *(shop["day"], shop["known"], same, shop["amount"], shop["quantity"], shop["price"]),
        *(shop["order"], np.zeros(orders, np.uint8), shop["product"], service, bits),
    )
    bits.flags.writeable = False
    found: dict[str, Any] = {name: np.zeros(RULES + 1, np.int64) for name in ("rows", "customers", "orders")}
    found["revenue"] = np.zeros(RULES + 1)
    kernels.tally(
        *(bits, steps, np.zeros(0, np.uint8), shop["day"], 2**30, offsets, shop["order"].astype(np.int64), orders),
        *(shop["amount"], found["rows"], found["revenue"], found["customers"], found["orders"]),
        *(np.zeros(RULES, np.int64), np.zeros(RULES)),
    )
    return found


def pandas_ledger(frame: pd.DataFrame, codes: set[int]) -> dict[str, Any]:
    """The ledger as one writes it in pandas: masks in the order of the rules, then groups."""
    q, p, a = frame["quantity"], frame["price"], frame["amount"]
    returned = (a < 0) & (q < 0)
    met = [
        pd.Series(False, frame.index),
        frame.duplicated(),
        pd.Series(False, frame.index),
        returned,
        (frame["person"] < 0) & (q < 0) & (p == 0),
        (a == 0) | a.isna(),
        a.notna() & (a != 0) & ~returned & ~((a > 0) & (q > 0) & (p > 0)),
        frame["product"].isin(codes),
        frame["person"] < 0,
    ]
    step = pd.Series(RULES, frame.index)
    for at in reversed(range(RULES)):
        step[met[at]] = at
    places = range(RULES + 1)
    known = frame["person"] >= 0
    return {
        "rows": step.value_counts().reindex(places, fill_value=0).to_numpy(),
        "revenue": a.groupby(step).sum().reindex(places, fill_value=0.0).to_numpy(),
        "customers": step[known].groupby(frame["person"][known]).max().value_counts().reindex(places, fill_value=0),
        "orders": step.groupby(frame["order"]).max().value_counts().reindex(places, fill_value=0).to_numpy(),
    }


def median(work: Callable[[], Any], runs: int) -> float:
    work()
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    os.environ.setdefault("DASHBOARD_DATA_DIR", tempfile.mkdtemp(prefix="bench-cleaning-"))

    from dashboard.customers.cleaning import claims, kernels, price_kernels
    from dashboard.customers.cleaning.rules import Cleaning

    shop = lines(args.lines, 1)
    service = np.zeros(4_000, np.uint8)
    service[:40] = 1
    steps = claims.steps(Cleaning(duplicates="drop", service_codes="drop"), {})
    person = np.full(args.lines, -1)
    person[: shop["known"]] = np.repeat(np.arange(len(shop["offsets"]) - 1), np.diff(shop["offsets"]))
    names = ("time", "order", "product", "quantity", "price", "amount")
    frame = pd.DataFrame({"person": person, **{name: shop[name] for name in names}})

    ours, theirs = product_ledger(shop, service, steps), pandas_ledger(frame, set(range(40)))
    for name in ours:
        if not np.allclose(ours[name], theirs[name], rtol=1e-9):
            print(f"the ledgers differ in {name}: {ours[name]} and {np.asarray(theirs[name])}")
            return 1
    sold = ((shop["quantity"] > 0) & (shop["price"] > 0)).astype(np.uint8)
    match = np.empty(args.lines, np.int64)

    def pairing() -> None:
        columns = (shop["amount"], shop["quantity"], shop["price"], shop["product"])
        kernels.pair_returns(shop["offsets"], shop["day"], sold, *columns, match)

    def levels() -> None:
        size = 1 << 20
        table = (np.full(size, -1, np.int32), np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(size))
        days = (np.zeros(size, np.int32), np.zeros(size, np.int32))
        price = np.rint(shop["price"] * 10_000).astype(np.int64)
        columns = (shop["product"], price, shop["amount"], shop["day"], sold, 2**30)
        if price_kernels.price_levels(*columns, *table, *days) < 0:
            raise RuntimeError("the table of prices is too small")

    found = {
        "ledger": median(lambda: product_ledger(shop, service, steps), args.runs),
        "ledger in pandas": median(lambda: pandas_ledger(frame, set(range(40))), 1),
        "pairing of returns": median(pairing, args.runs),
        "price levels": median(levels, args.runs),
    }
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ratio = found["ledger in pandas"] / found["ledger"]
    if args.json:
        print(json.dumps({"lines": args.lines, "seconds": found, "ratio": ratio, "peak_mb": memory}))
    else:
        print(f"{args.lines:,} lines, {int(ours['rows'][RULES]):,} kept, peak {memory:,.0f} MB, one thread")
        for name, seconds in found.items():
            print(f"{name:24} {seconds:8.3f} s")
        print(f"ratio of pandas to the product: {ratio:.1f}")
    return int(ratio < GOAL_RATIO)


if __name__ == "__main__":
    raise SystemExit(main())
