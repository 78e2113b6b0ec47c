"""Map a kernel over the partitions of a dataset and merge what it returns.

Every person lives in one partition, so partials of different partitions never share a person and add up exactly. Any
``concurrent.futures.Executor`` will do: threads here, Dask's ``Client.get_executor()`` on many machines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from typing import Protocol, TypeVar

from dashboard.engine import executors

P = TypeVar("P")
C = TypeVar("C", covariant=True)
T = TypeVar("T")
R = TypeVar("R")


class Partitioned(Protocol[C]):
    """What can be computed on: anything with partitions."""

    @property
    def partitions(self) -> Sequence[C]: ...


def run(
    dataset: Partitioned[P],
    kernel: Callable[[P], T],
    merge: Callable[[Iterable[T]], R],
    executor: Executor | None = None,
) -> R:
    """``merge([kernel(partition), ...])`` with the partials in partition order, whatever finished first.

    executor: default the shared threads, the calling one among them. An error in a kernel is raised here.
    """
    return merge(list((executor or executors.threads()).map(kernel, dataset.partitions)))
