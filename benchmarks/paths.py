"""How long the paths of everybody take: edges with paths, people and time, up to five nodes, 30-minute gaps.

Everybody answers the same question over the same log (categories of what people watch; the same category again is one
node; equal times are ordered by category): the product over its store, ClickHouse over a MergeTree table sorted by
(user, time, node) with array functions, DuckDB over Parquet with window functions. Answers are compared before anything
is timed; times are medians of several runs after a warm-up.

    python -m benchmarks.paths [--events 10000000] [--runs 5]

Exits with 1 when the answers differ or the product is less than 15 times as fast as ClickHouse.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.dataset import prepare
from benchmarks.figures import peak_memory_mb, report, timed

GOAL_RATIO = 15.0
STEPS, GAP_SECONDS = 5, 1_800
Answer = list[tuple[int, str, str, int, int, int]]  # step, source, target, paths, people, seconds in all


def product(dataset_id: str) -> Callable[[], Answer]:
    """The engine function behind the page, without the result cache or any memory of earlier answers."""
    import numpy as np

    from dashboard.filters import Filters, Period
    from dashboard.insights import totals
    from dashboard.insights.paths_flow import flow, nodes_of, sides_of
    from dashboard.insights.paths_query import PathsQuery
    from dashboard.insights.view import view_of
    from dashboard.store.dataset import open_dataset

    view = view_of(open_dataset(dataset_id), Filters(range="all"))
    view = replace(view, period=Period(view.first_day, view.as_of))  # "all" ends with the last day that is over
    query = PathsQuery(node="category", steps=STEPS, gap_seconds=GAP_SECONDS)

    def run() -> Answer:
        totals.forget()
        sides = sides_of(view, query)
        nodes = nodes_of(view, query, sides)
        found = flow(view, query, nodes, sides)
        return [
            (
                int(step) + 1,
                nodes.names[source],
                nodes.names[target],
                int(found.count[g, step, source, target]),
                int(found.users[g, step, source, target]),
                round(float(found.micros[g, step, source, target]) / 1e6),
            )
            for g, step, source, target in zip(*np.nonzero(found.count), strict=True)
        ]

    return run


def clickhouse(parquet: Path, folder: Path) -> Callable[[], Answer]:
    from chdb import session

    engine = session.Session(str(folder / "clickhouse"))
    engine.query("CREATE DATABASE bench")
    engine.query(
        "CREATE TABLE bench.events ENGINE = MergeTree ORDER BY (user, time, node) AS "
        "SELECT sipHash64(assumeNotNull(user_id)) AS user, toUnixTimestamp(assumeNotNull(event_time)) AS time, "
        "toLowCardinality(assumeNotNull(category)) AS node "
        f"FROM file('{parquet}', 'Parquet') WHERE category IS NOT NULL"
    )
    engine.query("OPTIMIZE TABLE bench.events FINAL")
    query = f"""
        WITH people AS (
            SELECT user, groupArray(time) AS t, groupArray(node) AS n FROM bench.events GROUP BY user
        ),
        pieces AS (
            SELECT user, arrayJoin(
                arraySplit((p, d) -> d > {GAP_SECONDS}, arrayZip(t, n), arrayDifference(t))
            ) AS piece FROM people
        ),
        paths AS (
            SELECT user, arraySlice(arrayFilter(
                (p, i) -> i = 1 OR p.2 != piece[i - 1].2, piece, arrayEnumerate(piece)
            ), 1, {STEPS}) AS path FROM pieces
        )
        SELECT step, path[step].2 AS source, path[step + 1].2 AS target, count(), uniqExact(user),
            sum(path[step + 1].1 - path[step].1)
        FROM paths ARRAY JOIN arrayEnumerate(arrayPopFront(path)) AS step
        GROUP BY step, source, target ORDER BY step, source, target
        SETTINGS optimize_aggregation_in_order = 1
    """

    def run() -> Answer:
        rows = json.loads(engine.query(query, "JSONCompact").bytes())["data"]
        return [(int(a), str(b), str(c), int(d), int(e), int(f)) for a, b, c, d, e, f in rows]

    return run


def duckdb(parquet: Path) -> Callable[[], Answer]:
    import duckdb as engine

    connection = engine.connect()
    connection.read_parquet(str(parquet)).create_view("events")
    query = """
        WITH events AS (
            SELECT user_id, epoch(event_time) AS t, category AS node FROM events WHERE category IS NOT NULL
        ),
        gaps AS (
            SELECT *, t - lag(t) OVER person > ? OR lag(t) OVER person IS NULL AS begins FROM events
            WINDOW person AS (PARTITION BY user_id ORDER BY t, node)
        ),
        pieces AS (
            SELECT *, sum(begins::INT) OVER (PARTITION BY user_id ORDER BY t, node ROWS UNBOUNDED PRECEDING) AS path
            FROM gaps
        ),
        changes AS (
            SELECT *, lag(node) OVER (PARTITION BY user_id, path ORDER BY t, node) IS DISTINCT FROM node AS changed
            FROM pieces
        ),
        nodes AS (
            SELECT user_id, t, node, row_number() OVER w AS step, lead(node) OVER w AS target, lead(t) OVER w AS next
            FROM changes WHERE changed WINDOW w AS (PARTITION BY user_id, path ORDER BY t, node)
        )
        SELECT step, node, target, count(*), count(DISTINCT user_id), sum(next - t) FROM nodes
        WHERE step < ? AND target IS NOT NULL GROUP BY ALL ORDER BY ALL
    """

    def run() -> Answer:
        rows = connection.execute(query, [GAP_SECONDS, STEPS]).fetchall()
        return [(int(a), str(b), str(c), int(d), int(e), round(f)) for a, b, c, d, e, f in rows]

    return run


def measure(events: int, runs: int) -> dict[str, Any]:
    """JSON-ready: median seconds per engine, and how many times the product is faster."""
    prepared = prepare(events, files=("events.csv",))
    import duckdb as engine

    ours = product(prepared.dataset)
    with tempfile.TemporaryDirectory(prefix="paths-") as folder:
        parquet = Path(folder) / "events.parquet"
        # the import drops rows that are equal in every column; so do the others
        lines = engine.connect().read_csv(str(prepared.csv / "events.csv")).distinct()
        lines.write_parquet(str(parquet), compression="zstd")
        engines = {
            "product": ours,
            "clickhouse": clickhouse(parquet, Path(folder)),
            "duckdb": duckdb(parquet),
        }
        expected = ours()
        for name, run in engines.items():
            if sorted(run()) != sorted(expected):
                raise AssertionError(f"{name} answers differently")
        times = {name: timed(run, runs) for name, run in engines.items()}
        seconds, processor = ({name: pair[i] for name, pair in times.items()} for i in (0, 1))
    return {
        "events": events,
        "edges": len(expected),
        "paths": sum(edge[3] for edge in expected if edge[0] == 1),
        "seconds": seconds,
        "times_faster": {name: value / seconds["product"] for name, value in seconds.items() if name != "product"},
        "processor_seconds": processor,
        "peak_memory_mb_of_all_engines": peak_memory_mb(),
        "cores": os.cpu_count(),
        "versions": {name: version(name) for name in ("chdb", "duckdb", "numba")}
        | {"python": platform.python_version()},
    }


def main(arguments: list[str] | None = None) -> int:
    """Print what was measured; 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args(arguments)
    found = measure(chosen.events, chosen.runs)
    print(json.dumps(found, indent=2))
    ratio = found["times_faster"]["clickhouse"]
    used = found["processor_seconds"]
    report("paths, the same by processor time", used["clickhouse"] / used["product"], "x")
    return int(report("paths, times as fast as ClickHouse", ratio, "x", at_least=GOAL_RATIO))


if __name__ == "__main__":
    raise SystemExit(main())
