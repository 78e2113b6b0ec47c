"""The shared threads that compute. Kernels release the GIL, so threads are real parallelism."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import lru_cache
from typing import Any, TypeVar

from dashboard import settings

T = TypeVar("T")


class SharedThreads(Executor):
    """A pool whose :meth:`map` also computes in the calling thread.

    To hand a kernel to another thread and to be told of its end takes a tenth of a millisecond, often longer than the
    kernel: whoever asks begins at once, and the others join as soon as they are awake. Work that nobody has joined is
    not waited for, so a kernel may itself use the pool, and a busy pool makes nobody wait.
    """

    def __init__(self, count: int) -> None:
        self._helpers = count - 1
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="compute")

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        return self._pool.submit(fn, *args, **kwargs)

    def map(
        self, fn: Callable[..., T], *iterables: Iterable[Any], timeout: float | None = None, chunksize: int = 1
    ) -> Iterator[T]:
        """As of every executor, but all is done when it returns; timeout and chunksize have no meaning here. The first
        error that a call raises is raised when the calls that have begun are over; no further ones begin."""
        calls = list(zip(*iterables, strict=False))
        results: list[Any] = [None] * len(calls)
        turn = itertools.count()
        failed: list[BaseException] = []

        def work() -> None:
            while not failed and (i := next(turn)) < len(calls):
                try:
                    results[i] = fn(*calls[i])
                except BaseException as error:
                    failed.append(error)

        helpers = [self._pool.submit(work) for _ in range(min(self._helpers, len(calls) - 1))]
        work()
        for helper in helpers:
            if not helper.cancel():
                helper.result()
        if failed:
            raise failed[0]
        return iter(results)


@lru_cache(maxsize=1)
def threads() -> Executor:
    """One pool per process with ``settings.threads`` threads."""
    return SharedThreads(max(1, settings.current().threads))
