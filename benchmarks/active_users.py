"""DAU, WAU and MAU of every day of a log of N events: the product against DuckDB, embedded ClickHouse and pandas.

    python -m benchmarks.active_users --events 10000000 --runs 5

Each engine works warm on its own storage: the product on its stored dataset, DuckDB on Parquet, ClickHouse (chdb) on a
MergeTree of (user, day) in that order, pandas on a frame in memory. The peers are given the same idea as the product
where that is their fastest way: a person's active day lasts until the next one or until the window ends, so windows are
running sums of starts and ends. pandas counts distinct users per window, as it is usually written. The answers are
compared before anything is timed; times are medians, loading is nobody's.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.dataset import prepare
from benchmarks.figures import report

GOAL_RATIO = 30.0
WINDOWS = (1, 7, 30)
Answer = list[tuple[int, ...]]  # (dau, wau, mau) per day, from the first to the last day of the data
EPOCH = dt.date(1970, 1, 1)


def product(dataset_id: str) -> tuple[Callable[[], Answer], int, int]:
    """The engine function behind the page, without the result cache or any memory of earlier answers; first, last
    day."""
    from dashboard.filters import Filters
    from dashboard.insights import active_days, totals
    from dashboard.insights.activity import rolling_counts
    from dashboard.insights.view import view_of
    from dashboard.store.dataset import open_dataset

    view = view_of(open_dataset(dataset_id), Filters(range="all"))

    def run() -> Answer:
        totals.forget()
        active_days.forget()
        return [tuple(day) for day in rolling_counts(view, view.first_day, view.as_of).T.tolist()]

    return run, view.first_day, view.as_of


def _running(changes: list[tuple[int, int, int]], first: int, last: int) -> Answer:
    """(window, day, change) -> the counts of every day."""
    by_day = {(window, day): change for window, day, change in changes}
    counts = dict.fromkeys(WINDOWS, 0)
    answer: Answer = []
    for day in range(first, last + 1):
        for window in WINDOWS:
            counts[window] += by_day.get((window, day), 0)
        answer.append(tuple(counts[window] for window in WINDOWS))
    return answer


def duckdb(parquet: Path, first: int, last: int) -> Callable[[], Answer]:
    import duckdb as engine

    connection = engine.connect()
    connection.read_parquet(str(parquet)).create_view("events")
    query = """
        WITH days AS (
            SELECT DISTINCT user_id, date_diff('day', DATE '1970-01-01', CAST(event_time AS DATE)) AS day FROM events
        ),
        gaps AS (SELECT day, LEAD(day) OVER (PARTITION BY user_id ORDER BY day) AS following FROM days),
        edges AS (
            SELECT w, day AS edge, 1 AS change FROM gaps, (VALUES (1), (7), (30)) windows(w)
            UNION ALL
            SELECT w, LEAST(COALESCE(following, day + w), day + w), -1 FROM gaps, (VALUES (1), (7), (30)) windows(w)
        )
        SELECT w, edge, SUM(change) FROM edges GROUP BY w, edge
    """
    return lambda: _running([(w, at, int(n)) for w, at, n in connection.execute(query).fetchall()], first, last)


def clickhouse(parquet: Path, first: int, last: int, folder: Path) -> Callable[[], Answer]:
    from chdb import session

    engine = session.Session(str(folder / "clickhouse"))
    engine.query("CREATE DATABASE bench")
    engine.query(
        "CREATE TABLE bench.events ENGINE = MergeTree ORDER BY (user, day) AS "
        "SELECT sipHash64(assumeNotNull(user_id)) AS user, toInt32(toDate(assumeNotNull(event_time))) AS day "
        f"FROM file('{parquet}', 'Parquet')"
    )
    engine.query("OPTIMIZE TABLE bench.events FINAL")
    query = """
        WITH days AS (SELECT arraySort(groupUniqArray(day)) AS d FROM bench.events GROUP BY user)
        SELECT w, edge.1 AS at, sum(edge.2) FROM days
        ARRAY JOIN [1, 7, 30] AS w
        ARRAY JOIN arrayConcat(
            arrayMap(x -> (x, 1), d),
            arrayMap((x, y) -> (least(y, x + w), -1), d, arrayPushBack(arrayPopFront(d), 2000000000))
        ) AS edge
        GROUP BY w, at SETTINGS optimize_aggregation_in_order = 1
    """

    def run() -> Answer:
        rows = json.loads(engine.query(query, "JSONCompact").bytes())["data"]
        return _running([(int(w), int(at), int(n)) for w, at, n in rows], first, last)

    return run


def pandas(parquet: Path, first: int, last: int) -> Callable[[], Answer]:
    import pandas as pd

    frame = pd.read_parquet(parquet, columns=["user_id", "event_time"])

    def run() -> Answer:
        day = frame["event_time"].dt.normalize()
        days = pd.DataFrame({"user_id": frame["user_id"], "day": day}).drop_duplicates()
        by_day = dict(list(days.groupby("day")["user_id"]))
        nobody = days["user_id"].iloc[:0]
        shown = [pd.Timestamp(EPOCH + dt.timedelta(days=number)) for number in range(first - 29, last + 1)]
        daily = [by_day.get(date, nobody) for date in shown]
        return [
            tuple(int(pd.concat(daily[i - window + 1 : i + 1]).nunique()) for window in WINDOWS)
            for i in range(29, len(daily))
        ]

    return run


def timed(run: Callable[[], Answer], runs: int) -> float:
    """Median seconds."""
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def measure(events: int, runs: int) -> dict[str, Any]:
    """JSON-ready: median seconds per engine, and how many times the product is faster."""
    prepared = prepare(events, files=("events.csv",))
    import duckdb as engine

    ours, first, last = product(prepared.dataset)
    with tempfile.TemporaryDirectory(prefix="active-users-") as folder:
        parquet = Path(folder) / "events.parquet"
        engine.connect().read_csv(str(prepared.csv / "events.csv")).write_parquet(str(parquet), compression="zstd")
        engines = {
            "product": ours,
            "clickhouse": clickhouse(parquet, first, last, Path(folder)),
            "duckdb": duckdb(parquet, first, last),
            "pandas": pandas(parquet, first, last),
        }
        expected = ours()
        seconds = {}
        for name, run in engines.items():
            started = time.perf_counter()
            if run() != expected:
                raise AssertionError(f"{name} answers differently")
            seconds[name] = time.perf_counter() - started
        for name in ("product", "clickhouse", "duckdb"):  # pandas takes so long that its first answer is enough
            seconds[name] = timed(engines[name], runs)
    return {
        "events": events,
        "days": last - first + 1,
        "last_day": dict(zip(("dau", "wau", "mau"), expected[-1], strict=True)),
        "seconds": seconds,
        "times_faster": {name: value / seconds["product"] for name, value in seconds.items() if name != "product"},
        "cores": os.cpu_count(),
        "versions": {name: _version(name) for name in ("chdb", "duckdb", "pandas", "numba")}
        | {"python": platform.python_version()},
    }


def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package)


def main(arguments: list[str] | None = None) -> int:
    """Print what was measured; 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args(arguments)
    found = measure(chosen.events, chosen.runs)
    print(json.dumps(found, indent=2))
    ratio = found["times_faster"]["clickhouse"]
    return int(report("active users, times as fast as ClickHouse", ratio, "x", at_least=GOAL_RATIO))


if __name__ == "__main__":
    raise SystemExit(main())
