"""Threads that carry pieces of a file along stations: each serves them in order, all at once."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Generic, TypeVar

from dashboard.ingest.tokenize_chunks import Stretch

Result = TypeVar("Result")
Station = Callable[[int], contextlib.AbstractContextManager[None]]


class Stopped(Exception):
    """The reading was stopped or failed elsewhere."""


class Line(Generic[Result]):
    """Stations that serve numbered pieces strictly in order, and threads that carry the pieces along them."""

    def __init__(self, stations: int) -> None:
        self._turn = [0] * (stations + 1)
        self._changed = threading.Condition()
        self._stopped = False
        self._error: BaseException | None = None
        self._feeding = threading.Lock()
        self._free = threading.Semaphore(0)
        self._made: queue.SimpleQueue[Result | None] = queue.SimpleQueue()
        self._workers: list[threading.Thread] = []

    def run(
        self,
        threads: int,
        feed: Callable[[], Stretch | None],
        process: Callable[[Stretch, Station], Result],
    ) -> Iterator[Result]:
        """Yield the results in order. At most ``threads + 2`` pieces are under way or waiting to be taken."""
        self._free = threading.Semaphore(threads + 2)
        alive = threads
        last = len(self._turn) - 1

        def work() -> None:
            try:
                while not self._stopped:
                    self._free.acquire()
                    with self._feeding:
                        piece = None if self._stopped else feed()
                    if piece is None:
                        return
                    index = piece.index
                    result = process(piece, partial(self._station, index))
                    with self._station(index, last):
                        self._made.put(result)
            except Stopped:
                pass
            except BaseException as error:
                self._fail(error)
            finally:
                self._free.release()
                self._made.put(None)

        self._workers = [threading.Thread(target=work, daemon=True, name=f"read-{k}") for k in range(threads)]
        for worker in self._workers:
            worker.start()
        while alive:
            result = self._made.get()
            if result is None:
                alive -= 1
            else:
                self._free.release()
                yield result
        if self._error is not None:
            raise self._error

    @contextlib.contextmanager
    def _station(self, index: int, station: int) -> Iterator[None]:
        with self._changed:
            while self._turn[station] != index:
                if self._stopped:
                    raise Stopped
                self._changed.wait()
            if self._stopped:
                raise Stopped
        yield
        with self._changed:
            self._turn[station] += 1
            self._changed.notify_all()

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            if self._error is None:
                self._error = error
            self._stopped = True
            self._changed.notify_all()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for _ in self._workers:
            self._free.release()
        for worker in self._workers:
            worker.join()
