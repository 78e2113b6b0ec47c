"""A four-step funnel with a 7-day window by platform over N events: the product against DuckDB and embedded ClickHouse.

    python -m benchmarks.funnel --events 10000000 --runs 5

Each engine works warm on its own storage: the product on its stored dataset, DuckDB on Parquet with SQL that finds the
earliest next step of every entry, ClickHouse (chdb) on a MergeTree in the order of (user, time) with ``windowFunnel``.
Who takes the four steps how far is compared before anything is timed. The steps are different events, so ClickHouse's
rule for simultaneous events (the order of the steps) is the product's, and users have one platform here, so whose
platform counts makes no difference. Times are medians, loading is nobody's.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.dataset import prepare
from benchmarks.figures import peak_memory_mb, report, timed

GOALS = {"clickhouse": 8.0, "duckdb": 30.0}
STEPS = ("play", "search", "rate_title", "subscribe")
WINDOW_DAYS = 7
Answer = dict[str, list[int]]  # platform -> users who reached step 1, 2, 3, 4


def product(dataset_id: str) -> Callable[[], Answer]:
    """The engine functions behind the page, without the result cache or any memory of earlier answers."""
    from dashboard.filters import Filters
    from dashboard.insights import funnel_attempts, funnel_prepare
    from dashboard.insights.funnel_frame import users_per_step
    from dashboard.insights.funnel_groups import groups_of
    from dashboard.insights.funnel_query import Breakdown, FunnelQuery
    from dashboard.insights.view import view_of
    from dashboard.store.dataset import open_dataset

    dataset = open_dataset(dataset_id)
    view = view_of(dataset, Filters(range=f"1970-01-02..{_day(dataset.manifest.last_day)}"))
    query = FunnelQuery.from_options({"steps": list(STEPS), "window": f"{WINDOW_DAYS} days", "immature": "count"})
    split = Breakdown("platform")

    def run() -> Answer:
        funnel_attempts.forget()
        funnel_prepare.forget()
        found = funnel_attempts.counted(view, query, funnel_attempts.span_of(view, query))
        groups = groups_of(view, found, split)
        counts = users_per_step(found, groups.codes, len(groups.values)).sum(axis=0)
        return {value: [int(n) for n in counts[code]] for code, value in enumerate(groups.values)}

    return run


def _day(number: int | None) -> str:
    from dashboard.filters import day_date

    return day_date(number or 0).isoformat()


def duckdb(parquet: Path) -> Callable[[], Answer]:
    import duckdb as engine

    connection = engine.connect()
    connection.read_parquet(str(parquet)).create_view("events")
    # for every row the earliest later (or simultaneous) row of each step; chains stay within the window of their entry
    query = f"""
        WITH marked AS (
            SELECT user_id, event_time AS t, platform, CASE event_name
                WHEN '{STEPS[0]}' THEN 1 WHEN '{STEPS[1]}' THEN 2 WHEN '{STEPS[2]}' THEN 3 ELSE 4 END AS step
            FROM events WHERE event_name IN {STEPS}
        ),
        ahead AS (
            SELECT user_id, t, step, platform,
                min(CASE WHEN step = 2 THEN t END) OVER w AS t2,
                min(CASE WHEN step = 3 THEN t END) OVER w AS t3,
                min(CASE WHEN step = 4 THEN t END) OVER w AS t4
            FROM marked
            WINDOW w AS (PARTITION BY user_id ORDER BY t RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
        ),
        first AS (SELECT user_id, t AS t1, platform, t2 FROM ahead WHERE step = 1),
        second AS (SELECT user_id, t, min(t3) AS t3 FROM ahead WHERE step = 2 GROUP BY ALL),
        third AS (SELECT user_id, t, min(t4) AS t4 FROM ahead WHERE step = 3 GROUP BY ALL),
        chains AS (
            SELECT first.user_id, platform,
                CASE WHEN t2 <= t1 + INTERVAL {WINDOW_DAYS} DAY THEN
                    CASE WHEN t3 <= t1 + INTERVAL {WINDOW_DAYS} DAY THEN
                        CASE WHEN t4 <= t1 + INTERVAL {WINDOW_DAYS} DAY THEN 4 ELSE 3 END ELSE 2 END ELSE 1 END AS level
            FROM first
            LEFT JOIN second ON second.user_id = first.user_id AND second.t = first.t2
            LEFT JOIN third ON third.user_id = first.user_id AND third.t = second.t3
        ),
        users AS (SELECT user_id, any_value(platform) AS platform, max(level) AS level FROM chains GROUP BY user_id)
        SELECT platform, count(*), count(*) FILTER (level >= 2), count(*) FILTER (level >= 3),
            count(*) FILTER (level >= 4)
        FROM users GROUP BY platform
    """
    return lambda: {name: list(counts) for name, *counts in connection.execute(query).fetchall()}


def clickhouse(parquet: Path, folder: Path) -> Callable[[], Answer]:
    from chdb import session

    engine = session.Session(str(folder / "clickhouse"))
    engine.query("CREATE DATABASE bench")
    engine.query(
        "CREATE TABLE bench.events ENGINE = MergeTree ORDER BY (user, time) AS "
        "SELECT sipHash64(assumeNotNull(user_id)) AS user, toDateTime(assumeNotNull(event_time)) AS time, "
        "toLowCardinality(assumeNotNull(event_name)) AS event, toLowCardinality(assumeNotNull(platform)) AS platform "
        f"FROM file('{parquet}', 'Parquet')"
    )
    engine.query("OPTIMIZE TABLE bench.events FINAL")
    conditions = ", ".join(f"event = '{step}'" for step in STEPS)
    query = f"""
        SELECT platform, countIf(level >= 1), countIf(level >= 2), countIf(level >= 3), countIf(level >= 4)
        FROM (
            SELECT user, any(platform) AS platform, windowFunnel({WINDOW_DAYS * 86_400})(time, {conditions}) AS level
            FROM bench.events WHERE event IN {STEPS} GROUP BY user
        )
        WHERE level >= 1 GROUP BY platform SETTINGS optimize_aggregation_in_order = %d
    """

    def run(in_order: int) -> Answer:
        rows = json.loads(engine.query(query % in_order, "JSONCompact").bytes())["data"]
        return {name: [int(n) for n in counts] for name, *counts in rows}

    seconds = {in_order: timed(lambda chosen=in_order: run(chosen), 2)[0] for in_order in (0, 1)}  # type: ignore[misc]
    fastest = min(seconds, key=lambda in_order: seconds[in_order])
    return lambda: run(fastest)


def measure(events: int, runs: int) -> dict[str, Any]:
    """JSON-ready: median seconds per engine, and how many times the product is faster."""
    prepared = prepare(events, files=("events.csv",))
    import duckdb as engine

    ours = product(prepared.dataset)
    expected = ours()
    with tempfile.TemporaryDirectory(prefix="funnel-") as folder:
        parquet = Path(folder) / "events.parquet"
        engine.connect().read_csv(str(prepared.csv / "events.csv")).write_parquet(str(parquet), compression="zstd")
        engines = {"product": ours, "clickhouse": clickhouse(parquet, Path(folder)), "duckdb": duckdb(parquet)}
        for name, run in engines.items():
            answer = run()
            if answer != expected:
                raise AssertionError(f"{name} answers {answer}, the product {expected}")
        times = {name: timed(run, runs) for name, run in engines.items()}
        seconds, processor = ({name: pair[i] for name, pair in times.items()} for i in (0, 1))
    return {
        "events": events,
        "users_per_step": expected,
        "seconds": seconds,
        "times_faster": {name: value / seconds["product"] for name, value in seconds.items() if name != "product"},
        "processor_seconds": processor,
        "times_faster_by_processor": {
            name: value / processor["product"] for name, value in processor.items() if name != "product"
        },
        "peak_memory_mb_of_all_engines": peak_memory_mb(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "versions": {name: _version(name) for name in ("chdb", "duckdb", "numba")}
        | {"python": platform.python_version()},
    }


def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package)


def main(arguments: list[str] | None = None) -> int:
    """Print what was measured; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args(arguments)
    found = measure(chosen.events, chosen.runs)
    print(json.dumps(found, indent=2))
    missed = 0
    for name, goal in GOALS.items():
        ratio = found["times_faster"][name]
        missed += report(f"funnel, times as fast as {name}", ratio, "x", at_least=goal)
        report(f"funnel, the same by processor time, {name}", found["times_faster_by_processor"][name], "x")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
