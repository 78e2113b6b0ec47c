"""The shared threads that compute. Kernels release the GIL, so threads are real parallelism."""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from functools import lru_cache

from dashboard import settings


@lru_cache(maxsize=1)
def threads() -> Executor:
    """One pool per process with ``settings.threads`` threads. Do not submit work from inside its own tasks and wait
    for it: the pool would wait for itself."""
    return ThreadPoolExecutor(max(1, settings.current().threads), thread_name_prefix="compute")
