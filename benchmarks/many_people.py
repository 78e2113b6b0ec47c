"""Several people at once on one dataset: what each of them waits for a page, and whether all get the right numbers.

    python -m benchmarks.many_people --events 10000000 --people 8 32

Every person clicks without pause: a random page under a view that nobody else has, its questions one after the other,
with the cache of results left out. The same clicks are made by one person first: every answer must be the same, and the
wait may grow with the people who share the cores, but not faster.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.dataset import prepare
from benchmarks.figures import peak_memory_mb, report
from benchmarks.filter_click import clicks
from benchmarks.page_questions import Question, pages

GOAL_TIMES = 2.0  # of the p95 of one person, times people per core
Click = tuple[str, Any]  # page, view


def digest(answer: Any) -> str:
    """Of the numbers of an answer; "" for one that is no table."""
    frame = getattr(answer, "frame", None)
    if frame is None:
        return ""
    said = json.dumps(answer.summary, sort_keys=True, default=str)
    return hashlib.sha256(f"{frame.to_csv()}{said}".encode()).hexdigest()


def click(asked: dict[str, dict[str, Question]], made: Click) -> tuple[float, list[str]]:
    """Seconds and the digests of the answers."""
    from dashboard.errors import UserError

    page, view = made
    began, answers = time.perf_counter(), []
    for ask in asked[page].values():
        try:
            answers.append(ask(view))
        except UserError as error:
            answers.append(error.code)
    seconds = time.perf_counter() - began
    return seconds, [digest(answer) for answer in answers]


def together(
    asked: dict[str, dict[str, Question]], lists: list[list[Click]]
) -> tuple[list[float], list[list[list[str]]]]:
    """Each list is clicked by a person of its own, all at once."""
    ready = threading.Barrier(len(lists))

    def person(own: list[Click]) -> list[tuple[float, list[str]]]:
        ready.wait()
        return [click(asked, made) for made in own]

    with ThreadPoolExecutor(len(lists)) as pool:
        found = list(pool.map(person, lists))
    return [seconds for own in found for seconds, _ in own], [[answers for _, answers in own] for own in found]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--people", type=int, nargs="+", default=[8, 32])
    parser.add_argument("--clicks", type=int, default=6, help="of each person")
    chosen = parser.parse_args(arguments)
    prepared = prepare(chosen.events)
    from dashboard import cache, service

    asked = pages(prepared.dataset)
    cache.ResultCache.get = lambda self, key, tag, compute: compute()  # type: ignore[method-assign]
    service.warm()
    cores, missed = os.cpu_count() or 1, False
    for people in chosen.people:
        views = clicks(prepared.dataset, people * chosen.clicks, seed=people)
        chance = random.Random(people)
        made = [(chance.choice(sorted(asked)), view) for view in views]
        lists = [made[k::people] for k in range(people)]
        for page in asked:  # what a dataset keeps for good is made now
            click(asked, (page, views[0]))
        one, expected = [], []
        for own in lists:
            seconds, answers = together(asked, [own])
            one += seconds
            expected += answers
        many, found = together(asked, lists)
        if found != expected:
            raise SystemExit(f"{people} people got other numbers than one")
        alone, shared = (statistics.quantiles(waits, n=20, method="inclusive")[-1] for waits in (one, many))
        report(f"one person, {len(one)} clicks, p95", alone * 1000, "ms")
        limit = GOAL_TIMES * alone * max(people / cores, 1) * 1000
        missed |= report(f"{people} people at once, p95", shared * 1000, "ms", at_most=round(limit))
    report("many people, peak memory", peak_memory_mb(), "MB")
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
