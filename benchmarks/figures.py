"""How a benchmark says what it measured: one line per figure, which ``python -m benchmarks`` gathers into a table."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

MARK = "figure: "


def report(name: str, value: float, unit: str, *, at_least: float | None = None, at_most: float | None = None) -> bool:
    """Print the figure with its goal, if it has one; True when the goal is missed."""
    missed = (at_least is not None and value < at_least) or (at_most is not None and value > at_most)
    goal = f">= {at_least:g}" if at_least is not None else f"<= {at_most:g}" if at_most is not None else ""
    print(MARK + "\t".join((name, f"{value:,.1f} {unit}", goal, "" if not goal else "missed" if missed else "met")))
    return missed


def timed(run: Callable[[], Any], runs: int) -> tuple[float, float]:
    """(median seconds by the clock, least seconds of the processor) of several runs; everything that runs in this
    process counts, so the second compares engines also where the machine is not quiet."""
    clock, processor = [], []
    for _ in range(runs):
        began, used = time.perf_counter(), time.process_time()
        run()
        clock.append(time.perf_counter() - began)
        processor.append(time.process_time() - used)
    return statistics.median(clock), min(processor)


def peak_memory_mb() -> float:
    """Of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def table(lines: list[str]) -> str:
    """The figures among the lines of a benchmark's output as a table: name, figure, goal, met or not."""
    rows = [line.removeprefix(MARK).split("\t") for line in lines if line.startswith(MARK)]
    if not rows:
        return ""
    rows.insert(0, ["figure", "measured", "goal", ""])
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return "\n".join(
        f"{name:{widths[0]}}  {value:>{widths[1]}}  {goal:>{widths[2]}}  {state}".rstrip()
        for name, value, goal, state in rows
    )
