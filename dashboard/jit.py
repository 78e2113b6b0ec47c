"""The one way to compile a kernel: machine code, cached in the private data directory, without the GIL.

A kernel is a plain loop; parallelism comes from running it on several partitions in threads. The compile cache is
trusted code, so it lives in the private data directory (0700) and nowhere else. Two things that Numba's cache leaves to
luck are settled here, because a wrong piece of machine code is a wrong number or a crash:

* It knows a kernel by its own file only. Ours also knows what the kernel uses from elsewhere: helper kernels, constants
  and intrinsics. When one of them changes, the kernel is compiled again.
* Two processes that compile different forms of one kernel at the same moment may take the same file. Ours take turns.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba.core import caching, event
from numba.core import config as numba_config

from dashboard import settings

F = TypeVar("F", bound=Callable[..., Any])

_cache_dir = settings.current().data_dir / "compiled"
_cache_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
numba_config.CACHE_DIR = str(_cache_dir)  # type: ignore[attr-defined]
_files: dict[str, str] = {}
_made: list[Any] = []  # every kernel, in the order of definition


def kernel(function: F) -> F:
    """Compile on first call, nopython, nogil, cached on disk; integer division and bounds are the caller's care.

    Bounds are checked when ``NUMBA_BOUNDSCHECK=1``, which the tests set.
    """
    made: Any = numba.njit(cache=True, nogil=True)(function)
    made.digest = _digest(function)
    file = made._cache._cache_file
    _made.append(made)
    file._source_stamp = (*file._source_stamp, made.digest, numba_config.BOUNDSCHECK)  # type: ignore[attr-defined]
    return cast(F, made)


def load_compiled() -> None:
    """Load every form of the imported kernels that the cache has, and compile none."""
    for made in _made:
        cache = made._cache
        for key in cache._cache_file._load_index():
            signature = key[0]
            if signature not in made.overloads and key == cache._index_key(signature, made.targetctx.codegen()):
                made.compile(signature)


def note_complete(part: str) -> None:
    """Keep in mind that everything the part needs has been compiled."""
    (_cache_dir / f"complete-{part}").write_text(_everything(), encoding="utf-8")


def is_complete(part: str) -> bool:
    """Whether :func:`note_complete` was called for the part, with the code, libraries and processor of now."""
    try:
        return (_cache_dir / f"complete-{part}").read_text(encoding="utf-8") == _everything()
    except OSError:
        return False


def _everything() -> str:
    """Digest of whatever machine code may depend on."""
    found = hashlib.sha256(f"{sys.version} {numba.__version__} {numba_config.BOUNDSCHECK}".encode())  # type: ignore[attr-defined]
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        found.update("".join(sorted({line for line in lines if line.startswith(("model name", "flags"))})).encode())
    for path in sorted((settings.ROOT / "dashboard").rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()


def on_compile(said: Callable[[], None]) -> None:
    """Call ``said`` whenever this process begins to compile something, which takes a moment and happens once: what lies
    in the cache is loaded without a word."""

    class Listener(event.Listener):
        def on_start(self, event: Any) -> None:
            said()

        def on_end(self, event: Any) -> None:
            pass

    event.register("numba:compile", Listener())  # type: ignore[no-untyped-call]


def _save(self: Any, key: Any, data: Any) -> None:
    """In place of ``IndexDataCacheFile.save``: one process at a time, and the code before the index that names it."""
    with (_cache_dir / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        named = self._load_index()
        if key not in named:
            taken = set(named.values())
            named[key] = next(name for i in range(1, 10_000) if (name := self._data_name(i)) not in taken)
        self._save_data(named[key], data)
        self._save_index(named)


caching.IndexDataCacheFile.save = _save  # type: ignore[method-assign]


def _digest(function: Any) -> str:
    """Of everything outside its own file that the kernel's machine code depends on."""
    found = hashlib.sha256()
    for name, value in sorted(_globals_used(function.__code__, function.__globals__), key=lambda pair: pair[0]):
        if hasattr(value, "digest") and hasattr(value, "py_func"):  # another kernel
            text = value.digest + _file_hash(value.py_func.__code__.co_filename)
        elif isinstance(value, np.ndarray):
            text = hashlib.sha256(value.tobytes()).hexdigest()
        elif value is None or isinstance(value, int | float | str | tuple | np.generic):
            text = repr(value)
        else:
            defined = getattr(value, "_defn", value)  # an intrinsic
            text = _file_hash(defined.__code__.co_filename) if hasattr(defined, "__code__") else ""
        found.update(f"{name}={text}\n".encode())
    return found.hexdigest()


def _globals_used(code: CodeType, names: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """(name, value) of the globals that the code may read, and of attributes of modules among them."""
    modules = [names[name] for name in code.co_names if isinstance(names.get(name), ModuleType)]
    for name in code.co_names:
        if name in names and not isinstance(names[name], ModuleType):
            yield name, names[name]
        for module in modules:
            if module is not np and hasattr(module, name):
                yield f"{module.__name__}.{name}", getattr(module, name)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _globals_used(inner, names)


def _file_hash(path: str) -> str:
    if path not in _files:
        _files[path] = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return _files[path]
