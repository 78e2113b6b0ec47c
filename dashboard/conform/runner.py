"""Runs conformance cases. Each topic's module registers one adapter per kind of case:

    @adapter("retention", features=("period_hour",))
    def retention(case: Case) -> dict[str, Any]: ...

An adapter asks the product (``case.stored``, ``case.view``) and returns the numbers under the names of the vocabulary.
A ``UserError`` it raises is a refusal, which a case may expect.
"""

from __future__ import annotations

import importlib
import pkgutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from dashboard import conform, logs
from dashboard.conform.case import Case, read_file
from dashboard.conform.compare import differences
from dashboard.errors import UserError

Adapter = Callable[[Case], Any]
State = Literal["passed", "failed", "skipped"]

ADAPTERS: dict[str, Adapter] = {}
FEATURES: set[str] = set()  # optional features of the vocabulary that the product has


@dataclass(frozen=True)
class Outcome:
    """What became of a case. differences: sentences, for a failure. reason: why it was skipped. verified: an
    independent reference agrees with the expected numbers. discriminates: options that are known to give another
    result, for people."""

    file: str
    id: str
    title: str
    source: str
    kind: str
    verified: bool
    state: State
    differences: tuple[str, ...] = ()
    reason: str = ""
    seconds: float = 0.0
    discriminates: str = ""


def adapter(*kinds: str, features: Iterable[str] = ()) -> Callable[[Adapter], Adapter]:
    """Register an adapter for kinds of cases and the optional features they cover. Raises ValueError when one is
    taken."""

    def register(function: Adapter) -> Adapter:
        for kind in kinds:
            if kind in ADAPTERS:
                raise ValueError(f"kind {kind} has two adapters")
            ADAPTERS[kind] = function
        FEATURES.update(features)
        return function

    return register


@cache
def load_adapters() -> None:
    """Import every module beside this one: each registers what it knows."""
    for module in pkgutil.iter_modules(conform.__path__):
        importlib.import_module(f"{conform.__name__}.{module.name}")


def run_files(paths: Iterable[Path]) -> Iterator[Outcome]:
    """Outcomes in the order of files and cases. Raises UserError for a file that holds no cases."""
    for path in paths:
        with tempfile.TemporaryDirectory(prefix="conform-") as staging:
            for case in read_file(path, Path(staging)):
                yield run_case(case, path.name)


def run_case(case: Case, file: str = "") -> Outcome:
    """Ask the product and compare. Never raises: a defect of the product is a failure of the case."""
    load_adapters()
    started = time.perf_counter()

    def outcome(state: State, found: Iterable[str] = (), reason: str = "") -> Outcome:
        seconds = time.perf_counter() - started
        return Outcome(
            file, case.id, case.title, case.source, case.kind, case.verified, state, tuple(found), reason, seconds,
            case.discriminates,
        )  # fmt: skip

    if case.kind not in ADAPTERS:
        return outcome("failed", [f"nothing here computes “{case.kind}”"])
    lacking = sorted(case.requires - FEATURES)
    if lacking:
        return outcome("skipped", reason=f"needs {', '.join(lacking)}")
    try:
        found = answer(case)
    except Exception as error:
        reference = logs.defect("conformance case failed", error, kind=case.kind)
        return outcome("failed", [f"the product failed with {type(error).__name__}; reference {reference}"])
    different = tuple(differences(found, case.expected, case.tolerance))
    return outcome("failed" if different else "passed", different)


def answer(case: Case) -> Any:
    """What the product says, under the names of the vocabulary; ``{"error": code}`` when it refuses."""
    load_adapters()
    try:
        return ADAPTERS[case.kind](case)
    except UserError as error:
        return {"error": error.code}
