"""Resumable uploads: slices of one file, kept on disk and in the catalogue. Knows nothing of HTTP.

A file arrives in slices of :data:`SLICE` bytes (the last one shorter), in order. The catalogue's ``received`` is the
truth about how much has arrived; bytes behind it are leftovers of a cut and are overwritten. Each slice comes with the
sender's SHA-256 and counts only when it matches. At the end the sender tells one more digest, over its list of slice
digests, which it computed from the file it has: a resumed upload whose beginning came from another file is noticed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import secrets
import shutil
import sqlite3
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from dashboard import settings
from dashboard.errors import NotFound, UserError
from dashboard.ingest.staging import free_bytes
from dashboard.store import catalogue

SLICE: Final = 16 << 20
PIECE: Final = 256 << 10  # read and written at a time: this times the number of threads is what an upload costs
PARTIAL_HOURS: Final = 48  # an upload that does not go on is removed after this
UNUSED_HOURS: Final = 7 * 24  # a complete one that is never imported after this
MAX_NAME: Final = 255
_ID: Final = re.compile(r"[0-9a-f]{32}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class WrongOffset(UserError):
    """The slice does not begin where the file on the server ends; ``offset`` is where to go on."""

    def __init__(self, offset: int) -> None:
        super().__init__("offset", f"Go on at byte {offset}.", "")
        self.offset = offset


@dataclass(frozen=True)
class Upload:
    """One row of the uploads table. size, received: bytes. sha256: of the whole file, when complete."""

    id: str
    owner: str
    file_name: str
    size: int
    received: int
    fingerprint: str
    sha256: str | None = None

    @property
    def complete(self) -> bool:
        return self.sha256 is not None


_locks: dict[str, threading.Lock] = {}
_locks_guard = threading.Lock()


def blob_path(upload_id: str) -> Path:
    """Where the bytes are. Raises NotFound for anything that is not an id made here."""
    if not _ID.fullmatch(upload_id):
        raise NotFound("upload")
    return settings.current().data_dir / "incoming" / upload_id / "blob"


def _digests_path(upload_id: str) -> Path:
    return blob_path(upload_id).with_name("slices")


def create(owner: str, file_name: str, size: int, fingerprint: str) -> Upload:
    """Announce a file; returns a new upload or the owner's unfinished one of the same file (to resume).

    fingerprint: name, size and time of change as the sender sees them. Raises UserError ``empty_file``,
    ``file_too_large``, ``quota``, ``disk_full`` or ``file_name`` before a byte is sent.
    """
    name = clean_name(file_name)
    limit = settings.current().max_file_bytes
    if size <= 0:
        raise UserError("empty_file", "The file is empty.", "Choose a file with rows in it.")
    if size > limit:
        raise UserError(
            "file_too_large",
            f"The file has {_size(size)}; the limit is {_size(limit)}.",
            "Split the file, or raise DASHBOARD_MAX_FILE_BYTES.",
        )
    mark = hashlib.sha256(f"{name}\0{size}\0{fingerprint}".encode()).hexdigest()
    with catalogue.transaction() as db:
        row = db.execute(
            "SELECT * FROM uploads WHERE owner=? AND fingerprint=? AND size=? AND sha256 IS NULL "
            "ORDER BY created_at DESC LIMIT 1",
            (owner, mark, size),
        ).fetchone()
        if row is not None:
            return _upload(row)
        _check_room(db, size)
        upload_id = secrets.token_hex(16)
        folder = blob_path(upload_id).parent
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.mkdir(mode=0o700)
        os.close(os.open(blob_path(upload_id), os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
        db.execute(
            "INSERT INTO uploads (id, owner, file_name, size, fingerprint, created_at) VALUES (?, ?, ?, ?, ?, ?)",
            (upload_id, owner, name, size, mark, _now()),
        )
    return get(owner, upload_id)


def get(owner: str, upload_id: str) -> Upload:
    """The owner's upload; raises NotFound for an unknown or a foreign one."""
    blob_path(upload_id)
    with catalogue.reading() as db:
        row = db.execute("SELECT * FROM uploads WHERE id=? AND owner=?", (upload_id, owner)).fetchone()
    if row is None:
        raise NotFound("upload")
    return _upload(row)


def unfinished(owner: str) -> list[Upload]:
    """The owner's uploads that can be resumed, newest first."""
    with catalogue.reading() as db:
        rows = db.execute(
            "SELECT * FROM uploads WHERE owner=? AND sha256 IS NULL ORDER BY created_at DESC LIMIT 50", (owner,)
        ).fetchall()
    return [_upload(row) for row in rows]


def append(owner: str, upload_id: str, offset: int, stream: BinaryIO, length: int, digest: str) -> int:
    """Write the slice that begins at ``offset``; returns the bytes received so far.

    length: announced bytes of the slice. digest: the slice's SHA-256 in hex. Raises WrongOffset when the server is at
    another offset, UserError ``slice`` for a wrong length or digest (nothing is kept), ``disk_full``.
    """
    upload = get(owner, upload_id)
    if not _DIGEST.fullmatch(digest):
        raise UserError("slice", "A part of the file came without its checksum.", "Try again.")
    with _lock(upload_id):
        upload = get(owner, upload_id)
        here = _trusted(upload)
        if offset != here:
            raise WrongOffset(here)
        if upload.complete or length != min(SLICE, upload.size - offset) or length <= 0:
            raise UserError("slice", "A part of the file has the wrong length.", "Try again.")
        if free_bytes() < length:
            raise _disk_full(length)
        try:
            got = _write(blob_path(upload_id), offset, stream, length)
        except OSError as error:
            raise _disk_full(length) from error
        if got != digest:
            raise UserError("slice", "A part of the file was damaged on the way.", "It is sent again.")
        with _digests_path(upload_id).open("r+" if offset else "w", encoding="ascii") as file:
            file.seek(offset // SLICE * 65)
            file.write(got + "\n")
            file.truncate()
        received = offset + length
        with catalogue.transaction() as db:
            db.execute("UPDATE uploads SET received=? WHERE id=?", (received, upload_id))
        return received


def complete(owner: str, upload_id: str, digest: str) -> Upload:
    """The last word of the sender: SHA-256 (hex) over the concatenated hex digests of its slices.

    Compares length and digest, makes the bytes durable and stores the SHA-256 of the whole file. Raises WrongOffset
    when bytes are missing, UserError ``checksum`` when the file differs from the sender's (the upload is removed).
    """
    with _lock(upload_id):
        upload = get(owner, upload_id)
        if upload.complete:
            return upload
        here = _trusted(upload)
        if here != upload.size:
            raise WrongOffset(here)
        lines = _digests_path(upload_id).read_text(encoding="ascii").split()
        if hashlib.sha256("".join(lines).encode()).hexdigest() != digest:
            _remove(upload_id)
            raise UserError(
                "checksum", "The file changed while it was uploaded, so the copy is not complete.", "Upload it again."
            )
        whole = _hash_and_sync(blob_path(upload_id), upload.size)
        with catalogue.transaction() as db:
            db.execute("UPDATE uploads SET sha256=?, completed_at=? WHERE id=?", (whole, _now(), upload_id))
        return get(owner, upload_id)


def discard(owner: str, upload_id: str) -> None:
    """Remove an upload and its bytes (cancel, or not needed any more)."""
    get(owner, upload_id)
    with _lock(upload_id):
        _remove(upload_id)


def expire(now: dt.datetime | None = None) -> int:
    """Remove partial uploads that stopped and complete ones nobody imported; returns how many. Also removes folders
    without a row. Uploads that a waiting or running job names stay."""
    moment = now or dt.datetime.now(dt.UTC)
    partial = (moment - dt.timedelta(hours=PARTIAL_HOURS)).isoformat(timespec="milliseconds")
    unused = (moment - dt.timedelta(hours=UNUSED_HOURS)).isoformat(timespec="milliseconds")
    with catalogue.reading() as db:
        rows = db.execute("SELECT id, sha256, created_at, completed_at FROM uploads").fetchall()
        busy = " ".join(
            row["params"] for row in db.execute("SELECT params FROM jobs WHERE state IN ('queued', 'running')")
        )
    known = {row["id"] for row in rows}
    old = []
    for row in rows:
        if row["sha256"] is None:
            blob = blob_path(row["id"])
            last = _modified(blob) or row["created_at"]
            if last < partial:
                old.append(row["id"])
        elif row["completed_at"] < unused and row["id"] not in busy:
            old.append(row["id"])
    for upload_id in old:
        _remove(upload_id)
    incoming = settings.current().data_dir / "incoming"
    for folder in incoming.iterdir() if incoming.is_dir() else ():
        if folder.name not in known and (_modified(folder) or "") < partial:
            shutil.rmtree(folder, ignore_errors=True)
    return len(old)


def clean_name(file_name: str) -> str:
    """A file name as data: without folders and control characters, at most 255 characters. Raises UserError."""
    name = re.split(r"[\\/]", file_name)[-1]
    name = "".join(c for c in name if c.isprintable()).strip()[:MAX_NAME]
    if name in ("", ".", ".."):
        raise UserError("file_name", "The file has no usable name.", "Rename the file and try again.")
    return name


def _check_room(db: sqlite3.Connection, size: int) -> None:
    now = settings.current()
    row = db.execute(
        "SELECT (SELECT coalesce(sum(size), 0) FROM uploads) + (SELECT coalesce(sum(bytes), 0) FROM versions) AS used, "
        "(SELECT coalesce(sum(size - received), 0) FROM uploads WHERE sha256 IS NULL) AS coming"
    ).fetchone()
    if row["used"] + size > now.quota_bytes:
        raise UserError(
            "quota",
            f"{_size(row['used'])} of {_size(now.quota_bytes)} are in use; this file needs {_size(size)}.",
            "Delete a dataset you no longer need.",
        )
    free = free_bytes() - row["coming"]
    if size > free:
        raise UserError(
            "disk_full",
            f"Not enough space: {_size(size)} needed, {_size(max(0, free))} free. Nothing was changed.",
            "Free some disk space and try again.",
        )


def _disk_full(needed: int) -> UserError:
    return UserError(
        "disk_full",
        f"Not enough space: {_size(needed)} needed, {_size(max(0, free_bytes()))} free. What has arrived is kept.",
        "Free some disk space; the upload goes on where it stopped.",
    )


def _write(path: Path, offset: int, stream: BinaryIO, length: int) -> str:
    hasher = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_RDWR | os.O_NOFOLLOW), "r+b") as file:
        file.seek(offset)
        left = length
        while left:
            piece = stream.read(min(PIECE, left))
            if not piece:
                break
            file.write(piece)
            hasher.update(piece)
            left -= len(piece)
        file.truncate()
    return hasher.hexdigest() if left == 0 else ""


def _hash_and_sync(path: Path, size: int) -> str:
    with path.open("rb+") as file:
        file.truncate(size)
        os.fsync(file.fileno())
        whole = hashlib.file_digest(file, "sha256").hexdigest()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return whole


def _trusted(upload: Upload) -> int:
    """How far the file on disk really is: after a power cut it may be shorter than the catalogue says."""
    try:
        on_disk = blob_path(upload.id).stat().st_size
        slices = _digests_path(upload.id).stat().st_size // 65 if upload.received else 0
    except OSError:
        return 0
    if on_disk >= upload.received and slices * SLICE >= upload.received:
        return upload.received
    return min(on_disk // SLICE, slices) * SLICE


def _remove(upload_id: str) -> None:
    with catalogue.transaction() as db:
        db.execute("DELETE FROM uploads WHERE id=?", (upload_id,))
    shutil.rmtree(blob_path(upload_id).parent, ignore_errors=True)
    with _locks_guard, suppress(KeyError):
        del _locks[upload_id]


def _lock(upload_id: str) -> threading.Lock:
    blob_path(upload_id)
    with _locks_guard:
        return _locks.setdefault(upload_id, threading.Lock())


def _modified(path: Path) -> str | None:
    try:
        return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC).isoformat(timespec="milliseconds")
    except OSError:
        return None


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")


def _size(count: int) -> str:
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= scale:
            return f"{count / scale:.1f} {unit}"
    return f"{count} bytes"


def _upload(row: sqlite3.Row) -> Upload:
    return Upload(
        row["id"], row["owner"], row["file_name"], row["size"], row["received"], row["fingerprint"], row["sha256"]
    )
