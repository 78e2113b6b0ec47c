"""Kernels over partitions: any executor, partials in partition order."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from dashboard.engine import executors
from dashboard.engine.executors import SharedThreads
from dashboard.engine.run import run


@dataclass(frozen=True)
class Numbers:
    partitions: tuple[int, ...]


def square(number: int) -> int:
    time.sleep(0.002 * (3 - number % 3))  # later partitions often finish first
    return number * number


def merged(partials: Iterable[int]) -> list[int]:
    return list(partials)


def fails(number: int) -> int:
    raise ValueError("kernel")


class Recorder(Executor):
    """Stands for an executor of another library: runs at once and remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[Any] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.given.append(args)
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@pytest.mark.parametrize("count", [1, 2, 7])
def test_partials_come_in_partition_order(count: int) -> None:
    assert run(Numbers(tuple(range(count))), square, merged) == [n * n for n in range(count)]


def test_another_executor_takes_the_place_of_the_threads() -> None:
    other = Recorder()
    assert run(Numbers((1, 2, 3)), square, sum, other) == 14
    assert other.given == [(1,), (2,), (3,)]


def test_a_process_pool_gives_the_same_answer() -> None:
    with ProcessPoolExecutor(2) as pool:
        assert run(Numbers((1, 2, 3)), square, merged, pool) == [1, 4, 9]


@pytest.mark.parametrize("count", [1, 3])
def test_an_error_of_a_kernel_is_raised(count: int) -> None:
    with pytest.raises(ValueError, match="kernel"):
        run(Numbers(tuple(range(count))), fails, merged)


def test_the_pool_is_shared() -> None:
    assert executors.threads() is executors.threads()


def test_threads_share_the_calls_and_the_calling_one_takes_part() -> None:
    meeting = threading.Barrier(2)  # passed only when two calls are under way at the same time

    def meet(_: int) -> int:
        meeting.wait(10)
        return threading.get_ident()

    where = set(SharedThreads(2).map(meet, range(8)))
    assert len(where) == 2 and threading.get_ident() in where


def test_a_kernel_may_use_the_pool_itself() -> None:
    pool = SharedThreads(2)
    assert list(pool.map(lambda n: sum(pool.map(square, range(n))), range(5))) == [0, 0, 1, 5, 14]


def test_after_an_error_nothing_further_begins() -> None:
    begun: list[int] = []

    def third_fails(number: int) -> None:
        begun.append(number)
        if number == 2:
            raise ValueError("third")

    with pytest.raises(ValueError, match="third"):
        SharedThreads(1).map(third_fails, range(100))
    assert begun == [0, 1, 2]
