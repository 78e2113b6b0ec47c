"""How long each page waits for the service after a change of a filter, with nothing kept: all its questions.

    python -m benchmarks.filter_click --events 10000000 --clicks 40
    python -m benchmarks.filter_click funnels retention --json

Every click is a view nobody has asked for before (the result cache is left out, and what earlier clicks left in memory
is dropped), asked through the service's own functions, one after the other, by one person. Compiled kernels and the
opened dataset are warm, as they are a minute after start-up.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import time
from typing import Any

from benchmarks.dataset import prepare
from benchmarks.figures import report
from benchmarks.page_questions import Question, pages

GOAL_SECONDS, GOAL_SECONDS_LARGE, SMALL = 0.1, 0.3, 10_000_000  # per page; at more events than SMALL
GOAL_CACHED = 0.01
WARM = 5  # clicks that are not counted
RANGES = ("7d", "28d", "30d", "90d", "365d", "mtd", "qtd", "ytd", "all")


def clicks(dataset_id: str, number: int, seed: int) -> list[Any]:
    """Random views: a range, often a country or a plan, often a platform (which the rows of the log carry)."""
    from dashboard import service
    from dashboard.filters import Filters

    chance = random.Random(seed)
    values = {item.name: [text for text, _ in item.values] for item in service.dimensions(dataset_id)}
    found = []
    for _ in range(number):
        view = Filters(range=chance.choice(RANGES))
        for name in ("country", "plan", "platform"):
            if name in values and chance.random() < 0.5:
                view = view.with_where(name, chance.sample(values[name], k=min(2, len(values[name]))))
        found.append(view)
    return found


def measure(events: int, number: int, seed: int = 1, only: tuple[str, ...] = ()) -> dict[str, Any]:
    """JSON-ready: seconds per click, of the clock and of the processor, for every page (its questions together) and
    every question. only: names of pages, () = all."""
    prepared = prepare(events)
    from dashboard import cache, service

    asked = {name: questions for name, questions in pages(prepared.dataset).items() if not only or name in only}
    cache.ResultCache.get = lambda self, key, tag, compute: compute()  # type: ignore[method-assign]
    service.warm()
    views = clicks(prepared.dataset, number + WARM, seed)
    found = {name: _page(questions, views) for name, questions in asked.items()}
    return {
        "events": events,
        "clicks": number,
        "pages": found,
        "cached": _cached(prepared.dataset, views[-1]),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "cores": os.cpu_count(),
    }


def _page(questions: dict[str, Question], views: list[Any]) -> dict[str, Any]:
    """p50, p95 and the longest of all clicks on one page, and p50 and p95 of each question. What the data cannot answer
    is left out."""
    from dashboard.errors import UserError

    clock: dict[str, list[float]] = {name: [] for name in ("page", *questions)}
    processor: dict[str, list[float]] = {name: [] for name in ("page", *questions)}
    for view in views:
        forget()
        before = began = (time.perf_counter(), time.process_time())
        for name, ask in questions.items():
            try:
                ask(view)
            except UserError:
                clock.pop(name, None)
                continue
            now = (time.perf_counter(), time.process_time())
            if name in clock:
                clock[name].append(now[0] - before[0])
                processor[name].append(now[1] - before[1])
            before = now
        clock["page"].append(time.perf_counter() - began[0])
        processor["page"].append(time.process_time() - began[1])
    # the first ones open files and build what a dataset keeps for good
    return {
        name: {
            "p50": statistics.median(seconds[WARM:]),
            "p95": statistics.quantiles(seconds[WARM:], n=20, method="inclusive")[-1],
            "max": max(seconds[WARM:]),
            "processor_p50": statistics.median(processor[name][WARM:]),
            "processor_p95": statistics.quantiles(processor[name][WARM:], n=20, method="inclusive")[-1],
        }
        for name, seconds in clock.items()
    }


def forget() -> None:
    """Drop what earlier clicks left in the memory of the process; what belongs to the data whatever the filters (opened
    files, the rows of each event name, suggested funnels, everybody's class) stays."""
    from dashboard.insights import (
        active_days,
        aha_exposure,
        event_rows,
        features,
        funnel,
        funnel_attempts,
        funnel_open,
        funnel_prepare,
        totals,
        where,
    )

    keeping = (
        active_days, aha_exposure, features, funnel, funnel_attempts, funnel_open, funnel_prepare, totals, where,
    )  # fmt: skip
    for module in keeping:
        module.forget()
    event_rows.forget_filtered()


def _cached(dataset_id: str, view: Any) -> float:
    """Median seconds of one question whose answer is kept (memory of the process dropped before the first read)."""
    import importlib

    from dashboard import cache, service

    importlib.reload(cache)
    service.insight("active_users", dataset_id, view)
    seconds = []
    for _ in range(20):
        started = time.perf_counter()
        service.insight("active_users", dataset_id, view)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def main(arguments: list[str] | None = None) -> int:
    """Print what was measured; 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", help="names of pages; default: all")
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--clicks", type=int, default=40)
    parser.add_argument("--json", action="store_true", help="every figure of every question")
    chosen = parser.parse_args(arguments)
    found = measure(chosen.events, chosen.clicks, only=tuple(chosen.pages))
    if chosen.json:
        print(json.dumps(found, indent=2))
    goal = GOAL_SECONDS if chosen.events <= SMALL else GOAL_SECONDS_LARGE
    print(f"{'milliseconds per click':34} {'p50':>7} {'p95':>7} {'max':>7}   processor: p50, p95")
    missed = 0
    for page, questions in found["pages"].items():
        for name, item in questions.items():
            shown = page if name == "page" else f"   {name}"
            clock = "".join(f" {item[key] * 1000:7.1f}" for key in ("p50", "p95", "max"))
            print(f"{shown:34}{clock}  {item['processor_p50'] * 1000:7.1f} {item['processor_p95'] * 1000:7.1f}")
        missed += report(f"filter click, {page}, p95", questions["page"]["p95"] * 1000, "ms", at_most=goal * 1000)
    missed += report("filter click, kept answer", found["cached"] * 1000, "ms", at_most=GOAL_CACHED * 1000)
    report("filter click, peak memory", found["peak_memory_mb"], "MB")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
