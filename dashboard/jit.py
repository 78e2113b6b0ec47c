"""The one way to compile a kernel: machine code, cached in the private data directory, without the GIL.

A kernel is a plain loop; parallelism comes from running it on several partitions in threads. The compile cache is
trusted code, so it lives in the private data directory (0700) and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.core import config as numba_config

from dashboard import settings

F = TypeVar("F", bound=Callable[..., Any])

_cache_dir = settings.current().data_dir / "compiled"
_cache_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
numba_config.CACHE_DIR = str(_cache_dir)  # type: ignore[attr-defined]


def kernel(function: F) -> F:
    """Compile on first call, nopython, nogil, cached on disk; integer division and bounds are the caller's care."""
    return cast(F, numba.njit(cache=True, nogil=True)(function))
