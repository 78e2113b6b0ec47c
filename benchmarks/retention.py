"""Weekly retention and lifecycle of a log of N events: the product against embedded ClickHouse and DuckDB.

    python -m benchmarks.retention --events 10000000 --runs 5

Each engine works warm on its own storage: the product on its stored dataset, ClickHouse (chdb) on a MergeTree of
(user, day) in that order, DuckDB on Parquet. Retention: people by the week of their first event, and how many came back
in each of the next twelve weeks; ClickHouse uses arrays of active weeks per user, its quickest way to the whole matrix,
and its ``retention`` function is timed for one cohort besides. Lifecycle: new, returning, resurrecting, dormant users
per week. The answers are compared before anything is timed; times are medians, loading is nobody's.
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

GOAL_RATIO = 15.0
COLUMNS = 13
MONDAY = 4  # 1970-01-05, day 4, was a Monday
Answer = dict[tuple[int, int], int]  # (week, column) -> users, without zeros


def product(dataset_id: str) -> dict[str, Callable[[], Answer]]:
    """The engine functions behind the pages, without the result cache or any memory of earlier answers."""
    from dashboard.filters import Filters
    from dashboard.insights import active_days, lifecycle, retention_matrix, totals
    from dashboard.insights.retention_query import RetentionQuery
    from dashboard.insights.selector import Selector
    from dashboard.insights.view import view_of
    from dashboard.store.dataset import open_dataset

    view = view_of(open_dataset(dataset_id), Filters(range="all"))
    query = RetentionQuery(kind="first_time", period="week", columns=COLUMNS)

    def forget() -> None:
        totals.forget()
        active_days.forget()

    def retention() -> Answer:
        forget()
        found = retention_matrix.matrix(view, query)
        first = (int(found.plan.calendar.edges[0]) - MONDAY) // 7
        rows, columns = found.cells[0].nonzero()
        return {(first + int(row), int(k)): int(found.cells[0, row, k]) for row, k in zip(rows, columns, strict=True)}

    def lifecycles() -> Answer:
        forget()
        calendar = lifecycle.periods_of(view, "week")
        found = lifecycle.counts(view, calendar, (Selector(),))
        first = (int(calendar.edges[1]) - MONDAY) // 7
        return {
            (first + p, state): int(found[state, p])
            for state in range(4)
            for p in range(found.shape[1])
            if found[state, p]
        }

    return {"retention": retention, "lifecycle": lifecycles}


def clickhouse(parquet: Path, folder: Path, last_week: int) -> dict[str, Callable[[], Answer]]:
    from chdb import session

    engine = session.Session(str(folder / "clickhouse"))
    engine.query("CREATE DATABASE bench")
    engine.query(
        "CREATE TABLE bench.events ENGINE = MergeTree ORDER BY (user, day) AS "
        "SELECT sipHash64(assumeNotNull(user_id)) AS user, toInt32(toDate(assumeNotNull(event_time))) AS day "
        f"FROM file('{parquet}', 'Parquet')"
    )
    engine.query("OPTIMIZE TABLE bench.events FINAL")
    weeks = f"arraySort(groupUniqArray(intDiv(day - {MONDAY}, 7)))"
    settings = "SETTINGS optimize_aggregation_in_order = 1"
    retention = f"""
        SELECT first, week - first AS k, count() FROM (
            SELECT {weeks} AS weeks, weeks[1] AS first FROM bench.events GROUP BY user
        ) ARRAY JOIN weeks AS week WHERE k < {COLUMNS} GROUP BY first, k {settings}
    """
    lifecycle = f"""
        WITH users AS (SELECT {weeks} AS w FROM bench.events GROUP BY user)
        SELECT cell.1 AS week, cell.2 AS state, count() FROM users
        ARRAY JOIN arrayConcat(
            arrayMap((x, before) -> (x, multiIf(before < -1000000, 0, before = x - 1, 1, 2)), w,
                arrayPushFront(arrayPopBack(w), toInt32(-2000000))),
            arrayMap(x -> (x + 1, 3), arrayFilter((x, following) -> following != x + 1, w,
                arrayPushBack(arrayPopFront(w), toInt32(2000000))))
        ) AS cell
        WHERE week <= {last_week} GROUP BY week, state {settings}
    """

    def ask(query: str) -> Callable[[], Answer]:
        def run() -> Answer:
            rows = json.loads(engine.query(query, "JSONCompact").bytes())["data"]
            return {(int(a), int(b)): int(n) for a, b, n in rows}

        return run

    return {"retention": ask(retention), "lifecycle": ask(lifecycle)}


def clickhouse_aggregate(folder: Path, first_week: int) -> Callable[[], list[int]]:
    """ClickHouse's own ``retention`` function for one cohort: users first seen up to that week and back in each of the
    next weeks; the shape it was made for, a thirteenth of the matrix."""
    from chdb import session

    engine = session.Session(str(folder / "clickhouse"))
    begins = [first_week * 7 + MONDAY + 7 * k for k in range(COLUMNS)]
    conditions = ", ".join(f"day >= {day} AND day < {day + 7}" for day in begins)
    query = f"""
        SELECT sumForEach(r) FROM (SELECT retention({conditions}) AS r FROM bench.events GROUP BY user)
        SETTINGS optimize_aggregation_in_order = 1
    """
    return lambda: [int(n) for n in json.loads(engine.query(query, "JSONCompact").bytes())["data"][0][0]]


def duckdb(parquet: Path, last_week: int) -> dict[str, Callable[[], Answer]]:
    import duckdb as engine

    connection = engine.connect()
    connection.read_parquet(str(parquet)).create_view("events")
    weeks = """
        WITH weeks AS (
            SELECT DISTINCT user_id, (date_diff('day', DATE '1970-01-01', CAST(event_time AS DATE)) - 4) // 7 AS week
            FROM events
        )
    """
    retention = f"""
        {weeks}, first AS (SELECT user_id, week, MIN(week) OVER (PARTITION BY user_id) AS first FROM weeks)
        SELECT first, week - first, COUNT(*) FROM first WHERE week - first < {COLUMNS} GROUP BY ALL
    """
    lifecycle = f"""
        {weeks}, ends AS (
            SELECT week, LAG(week) OVER mine AS before, LEAD(week) OVER mine AS following
            FROM weeks WINDOW mine AS (PARTITION BY user_id ORDER BY week)
        )
        SELECT week, CASE WHEN before IS NULL THEN 0 WHEN before = week - 1 THEN 1 ELSE 2 END, COUNT(*)
        FROM ends GROUP BY ALL
        UNION ALL
        SELECT week + 1, 3, COUNT(*) FROM ends
        WHERE (following IS NULL OR following > week + 1) AND week < {last_week} GROUP BY ALL
    """

    def ask(query: str) -> Callable[[], Answer]:
        return lambda: {(int(a), int(b)): int(n) for a, b, n in connection.execute(query).fetchall()}

    return {"retention": ask(retention), "lifecycle": ask(lifecycle)}


def measure(events: int, runs: int) -> dict[str, Any]:
    """JSON-ready: median seconds per question and engine, and how many times the product is faster."""
    prepared = prepare(events, files=("events.csv",))
    import duckdb as engine

    ours = product(prepared.dataset)
    answers = {name: run() for name, run in ours.items()}
    last_week = max(week for week, _ in answers["lifecycle"])
    with tempfile.TemporaryDirectory(prefix="retention-") as folder:
        parquet = Path(folder) / "events.parquet"
        engine.connect().read_csv(str(prepared.csv / "events.csv")).write_parquet(str(parquet), compression="zstd")
        peers = {
            "clickhouse": clickhouse(parquet, Path(folder), last_week),
            "duckdb": duckdb(parquet, last_week),
        }
        seconds: dict[str, dict[str, float]] = {}
        processor: dict[str, dict[str, float]] = {}
        for question, expected in answers.items():
            for name, queries in peers.items():
                if queries[question]() != expected:
                    raise AssertionError(f"{name} answers {question} differently")
            engines = {"product": ours, **peers}
            times = {name: timed(queries[question], runs) for name, queries in engines.items()}
            seconds[question] = {name: pair[0] for name, pair in times.items()}
            processor[question] = {name: pair[1] for name, pair in times.items()}
        first = min(week for week, _ in answers["retention"])
        aggregate = clickhouse_aggregate(Path(folder), first)
        cohort = [answers["retention"].get((first, k), 0) for k in range(COLUMNS)]
        if aggregate() != cohort:
            raise AssertionError("ClickHouse's retention function answers differently")
        seconds["retention"]["clickhouse_retention_function_one_cohort"] = timed(aggregate, runs)[0]
    return {
        "events": events,
        "users": sum(n for (_, k), n in answers["retention"].items() if k == 0),
        "seconds": seconds,
        "times_faster": {
            question: {name: value / found["product"] for name, value in found.items() if name != "product"}
            for question, found in seconds.items()
        },
        "processor_seconds": processor,
        "peak_memory_mb_of_all_engines": peak_memory_mb(),
        "cores": os.cpu_count(),
        "versions": {name: _version(name) for name in ("chdb", "duckdb", "numba")}
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
    ratios = {question: item["clickhouse"] for question, item in found["times_faster"].items()}
    missed = 0
    for question, ratio in ratios.items():
        missed += report(f"{question}, times as fast as ClickHouse", ratio, "x", at_least=GOAL_RATIO)
        used = found["processor_seconds"][question]
        report(f"{question}, the same by processor time", used["clickhouse"] / used["product"], "x")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
