"""The published cases that are shipped with the product, run live through its own store and engine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dashboard import conform
from dashboard.conform.case import read_file
from dashboard.conform.runner import Outcome, run_files
from dashboard.errors import NotFound

CASES = Path(conform.__file__).parent / "cases"
TITLES = {
    "active_users": "Active people and stickiness",
    "clv": "Customer value",
    "correlation": "Drivers and turning points",
    "funnel_breakdown": "Funnels by group",
    "funnel_time_to_convert": "Time to convert",
    "funnel_trends": "Funnels over time",
    "funnels": "Funnels",
    "intervals": "Intervals",
    "lifecycle": "Lifecycle",
    "paths": "Paths",
    "retention": "Retention",
    "rfm": "RFM",
    "stickiness": "Days active",
    "uplift": "Effect of an offer",
}


@dataclass(frozen=True)
class Topic:
    """One file of cases. name: of the file without its ending. sources: where its facts were published."""

    name: str
    title: str
    cases: int
    sources: tuple[str, ...]


@cache
def topics() -> tuple[Topic, ...]:
    """What can be checked, in the order of the files."""
    found = []
    for path in sorted(CASES.glob("*.json")):
        cases = list(read_file(path))
        sources = tuple(dict.fromkeys(case.source for case in cases if case.source))
        found.append(
            Topic(path.stem, TITLES.get(path.stem, path.stem.replace("_", " ").capitalize()), len(cases), sources)
        )
    return tuple(found)


def total() -> int:
    """Cases of all topics."""
    return sum(topic.cases for topic in topics())


@cache
def check(name: str) -> tuple[Outcome, ...]:
    """Run every case of a topic; the answer is kept, for neither cases nor code change while the product runs. Raises
    NotFound."""
    if all(topic.name != name for topic in topics()):
        raise NotFound("cases")
    return tuple(run_files([CASES / f"{name}.json"]))
