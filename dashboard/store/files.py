"""Every byte that must survive a crash is written here: created, flushed to the disk, renamed.

One module, so that a test can make each single write, flush and rename fail in turn.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from dashboard.errors import UserError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class _Sink:
    """What pyarrow writes into; an own class so that a failed write keeps its error number."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.closed = False

    def write(self, data: object) -> int:
        view = memoryview(data).cast("B")  # type: ignore[arg-type]
        write_all(self._descriptor, view)
        return len(view)

    def flush(self) -> None:
        """Nothing is buffered; the file is flushed to disk once, at its end."""

    def close(self) -> None:
        self.closed = True


def write_all(descriptor: int, view: memoryview) -> None:
    """Write every byte; a write may take only a part of a large buffer."""
    while len(view):
        view = view[os.write(descriptor, view) :]


def write_bytes(path: Path, data: bytes) -> None:
    """Create a file (0600) with that content, on the disk when this returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        write_all(descriptor, memoryview(data))
        fsync(descriptor)
    finally:
        os.close(descriptor)


def write_columns(path: Path, columns: Mapping[str, np.ndarray | pa.Array]) -> int:
    """Create an uncompressed Arrow IPC file (one record batch) of equally long columns, flushed to the disk.

    Returns its size in bytes.
    """
    names = list(columns)
    arrays = [value if isinstance(value, pa.Array) else pa.array(value) for value in columns.values()]
    batch = pa.RecordBatch.from_arrays(arrays, names=names)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with pa.ipc.new_file(pa.PythonFile(_Sink(descriptor), mode="w"), batch.schema) as writer:
            writer.write_batch(batch)
        fsync(descriptor)
        return os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)


def make_directory(path: Path) -> None:
    """Create a private directory (0700) and its parents, which ``Path.mkdir`` would leave open to others."""
    if not path.is_dir():
        make_directory(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def fsync(descriptor: int) -> None:
    os.fsync(descriptor)


def fsync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fsync(descriptor)
    finally:
        os.close(descriptor)


def rename(source: Path, target: Path) -> None:
    """Give a finished file or directory its final name; the target's directory is flushed. Same file system only."""
    source.rename(target)
    fsync_directory(target.parent)


def link_or_copy(source: Path, target: Path, *, link: bool) -> None:
    """A second name for the same bytes where that is possible and wanted, else a flushed copy (0600)."""
    if link:
        try:
            os.link(source, target, follow_symlinks=False)
            return
        except OSError as error:
            if error.errno in _FULL:
                raise
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with source.open("rb") as stream:
            while block := stream.read(8 << 20):
                write_all(descriptor, memoryview(block))
        fsync(descriptor)
    finally:
        os.close(descriptor)


def tree_bytes(path: Path) -> int:
    """Bytes of all files below a directory; 0 when there is none."""
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                total += (Path(folder) / name).lstat().st_size
            except FileNotFoundError:
                continue  # a running import tidies its own directory
    return total


def remove_tree(path: Path) -> None:
    """Remove a directory with everything in it; nothing happens when it does not exist."""
    shutil.rmtree(path, ignore_errors=True)
    if path.exists():
        shutil.rmtree(path)


def is_full(error: BaseException) -> bool:
    """Whether an error means that the disk, or what this process may write, is full."""
    return isinstance(error, OSError) and error.errno in _FULL


def size_text(size: int) -> str:
    """Bytes for people: "512 MB", "3.4 GB"."""
    if size < 1_000_000:
        return f"{max(1, round(size / 1_000))} kB"
    if size < 1_000_000_000:
        return f"{size / 1_000_000:.0f} MB"
    return f"{size / 1_000_000_000:.1f} GB"


def disk_full(needed: int, free: int) -> UserError:
    """The one error of a full disk."""
    return UserError(
        "disk_full",
        f"There is not enough disk space: this needs about {size_text(needed)}, {size_text(max(free, 0))} are free.",
        "Delete a dataset that is no longer needed or ask for more space, then try again. Nothing was changed.",
    )
