"""Derived arrays that several questions of one view share, kept in memory for a while.

A page asks five questions about the same filtered rows at the same moment. What they share (the active days of the
filtered rows, the order number of every line) is computed once, by whoever comes first; the others wait for it.
Entries are immutable and belong to an immutable dataset version, so they are never wrong, only dropped.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Concurrent calls with an equal key run the function once and share its result or its exception."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[Hashable, Future[T]] = {}

    def do(self, key: Hashable, function: Callable[[], T]) -> T:
        with self._lock:
            future = self._running.get(key)
            mine = future is None
            if future is None:
                future = self._running[key] = Future()
        if not mine:
            return future.result()
        try:
            value = function()
        except BaseException as error:
            future.set_exception(error)
            raise
        else:
            future.set_result(value)
            return value
        finally:
            with self._lock:
                del self._running[key]


class Memo(Generic[T]):
    """A thread-safe least-recently-used store with a budget in bytes; ``size`` says how big a value is."""

    def __init__(self, budget: int, size: Callable[[T], int]) -> None:
        self._budget = budget
        self._size = size
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._used = 0
        self._flight: SingleFlight[T] = SingleFlight()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The kept value of that key, or a new one (made once, also when many ask at the same time)."""
        found = self.peek(key)
        return found if found is not None else self._flight.do(key, lambda: self._make(key, make))

    def peek(self, key: Hashable) -> T | None:
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def _make(self, key: Hashable, make: Callable[[], T]) -> T:
        found = self.peek(key)  # somebody may have finished between the look and the flight
        if found is not None:
            return found
        value = make()
        self.put(key, value)
        return value

    def put(self, key: Hashable, value: T) -> None:
        size = self._size(value)
        with self._lock:
            if key in self._kept:
                self._used -= self._kept.pop(key)[1]
            if size > self._budget:
                return
            self._kept[key] = (value, size)
            self._used += size
            while self._used > self._budget:
                self._used -= self._kept.popitem(last=False)[1][1]

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
            self._used = 0
