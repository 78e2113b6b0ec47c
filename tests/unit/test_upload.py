from __future__ import annotations

import datetime as dt
import hashlib
import io
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from dashboard import jobs, settings
from dashboard.errors import NotFound, UserError
from dashboard.ingest import upload
from dashboard.store import catalogue

SMALL = 1000  # bytes of a slice in these tests


@pytest.fixture(autouse=True)
def _small_slices(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "SLICE", SMALL)


def content(size: int) -> bytes:
    return bytes(i * 7 % 251 for i in range(size))


def put(found: upload.Upload, data: bytes, offset: int, **changes: Any) -> int:
    piece = data[offset : offset + SMALL]
    arguments = {"length": len(piece), "digest": hashlib.sha256(piece).hexdigest(), **changes}
    return upload.append(found.owner, found.id, offset, io.BytesIO(piece), arguments["length"], arguments["digest"])


def whole_digest(data: bytes) -> str:
    pieces = [data[at : at + SMALL] for at in range(0, len(data), SMALL)]
    return hashlib.sha256("".join(hashlib.sha256(p).hexdigest() for p in pieces).encode()).hexdigest()


def send(data: bytes, owner: str = "local", name: str = "events.csv") -> upload.Upload:
    found = upload.create(owner, name, len(data), "1")
    offset = found.received
    while offset < len(data):
        offset = put(found, data, offset)
    return upload.complete(owner, found.id, whole_digest(data))


@pytest.mark.parametrize("size", [1, 999, 1000, 1001, 5000, 5001])
def test_a_file_arrives_whole(size: int) -> None:
    data = content(size)
    found = send(data)
    assert found.complete
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    assert upload.blob_path(found.id).read_bytes() == data
    assert oct(upload.blob_path(found.id).stat().st_mode & 0o777) == "0o600"
    assert oct(upload.blob_path(found.id).parent.stat().st_mode & 0o777) == "0o700"


def test_a_resumed_upload_goes_on_where_it_stopped_even_after_a_reload() -> None:
    data = content(3500)
    first = upload.create("local", "a.csv", len(data), "mtime")
    put(first, data, 0)
    put(first, data, SMALL)
    again = upload.create("local", "a.csv", len(data), "mtime")
    assert (again.id, again.received) == (first.id, 2 * SMALL)
    assert upload.create("local", "a.csv", len(data), "other time").id != first.id
    assert upload.create("other", "a.csv", len(data), "mtime").id != first.id


@pytest.mark.parametrize("offset", [SMALL, 500, 10**9])
def test_a_wrong_offset_is_answered_with_the_right_one(offset: int) -> None:
    data = content(3500)
    found = upload.create("local", "a.csv", len(data), "")
    with pytest.raises(upload.WrongOffset) as told:
        upload.append(
            "local", found.id, offset, io.BytesIO(data[:SMALL]), SMALL, hashlib.sha256(data[:SMALL]).hexdigest()
        )
    assert told.value.offset == 0


def test_a_damaged_or_short_slice_leaves_no_trace() -> None:
    data = content(2500)
    found = upload.create("local", "a.csv", len(data), "")
    put(found, data, 0)
    for wrong in ({"digest": "0" * 64}, {"digest": "nonsense"}, {"length": 999}, {"length": 1001}, {"length": 0}):
        with pytest.raises(UserError) as refused:
            put(found, data, SMALL, **wrong)
        assert refused.value.code == "slice"
        assert upload.get("local", found.id).received == SMALL
    short = upload.append  # the announced length never arrives
    with pytest.raises(UserError):
        short("local", found.id, SMALL, io.BytesIO(b"x"), SMALL, hashlib.sha256(b"x").hexdigest())
    put(found, data, SMALL)
    put(found, data, 2 * SMALL)
    assert upload.complete("local", found.id, whole_digest(data)).sha256 == hashlib.sha256(data).hexdigest()


def test_another_file_under_the_same_name_is_noticed_at_the_end() -> None:
    before, after = content(3000), content(3000)[::-1]
    found = upload.create("local", "a.csv", 3000, "")
    put(found, before, 0)
    put(found, after, SMALL)
    put(found, after, 2 * SMALL)
    with pytest.raises(UserError) as refused:
        upload.complete("local", found.id, whole_digest(after))
    assert refused.value.code == "checksum"
    with pytest.raises(NotFound):
        upload.get("local", found.id)
    assert not upload.blob_path(found.id).parent.exists()


def test_complete_before_the_end_says_where_to_go_on() -> None:
    data = content(2000)
    found = upload.create("local", "a.csv", len(data), "")
    put(found, data, 0)
    with pytest.raises(upload.WrongOffset) as told:
        upload.complete("local", found.id, whole_digest(data))
    assert told.value.offset == SMALL


def test_bytes_lost_in_a_crash_are_asked_for_again() -> None:
    """The row says 3000, the disk has 1700: a power cut before the blocks were written."""
    data = content(4000)
    found = upload.create("local", "a.csv", len(data), "")
    for offset in (0, SMALL, 2 * SMALL):
        put(found, data, offset)
    os.truncate(upload.blob_path(found.id), 1700)
    with pytest.raises(upload.WrongOffset) as told:
        put(found, data, 3 * SMALL)
    assert told.value.offset == SMALL
    offset = told.value.offset
    while offset < len(data):
        offset = put(found, data, offset)
    assert upload.complete("local", found.id, whole_digest(data)).sha256 == hashlib.sha256(data).hexdigest()


def test_bytes_behind_the_row_are_overwritten() -> None:
    data = content(2000)
    found = upload.create("local", "a.csv", len(data), "")
    upload.blob_path(found.id).write_bytes(b"left over from a cut" * 500)
    put(found, data, 0)
    put(found, data, SMALL)
    upload.complete("local", found.id, whole_digest(data))
    assert upload.blob_path(found.id).read_bytes() == data


def test_somebody_elses_upload_does_not_exist() -> None:
    found = send(content(10), owner="anna")
    for action in (
        lambda: upload.get("bert", found.id),
        lambda: upload.append("bert", found.id, 0, io.BytesIO(b"x"), 1, "0" * 64),
        lambda: upload.complete("bert", found.id, "0" * 64),
        lambda: upload.discard("bert", found.id),
    ):
        with pytest.raises(NotFound):
            action()
    assert upload.get("anna", found.id).complete


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "x" * 32, "CON", "a/b", "A" * 32, "0" * 31, "0" * 33, "\0" * 32, "０" * 32, ""]
)
def test_only_ids_made_here_become_paths(name: str) -> None:
    with pytest.raises(NotFound):
        upload.blob_path(name)


@given(name=st.text(min_size=1, max_size=400))
def test_file_names_are_kept_as_harmless_text(name: str) -> None:
    try:
        clean = upload.clean_name(name)
    except UserError as refused:
        assert refused.code == "file_name"
        return
    assert clean and len(clean) <= 255 and clean.isprintable()
    assert "/" not in clean and "\\" not in clean and clean not in (".", "..")


@pytest.mark.parametrize(
    ("size", "variable", "value", "code"),
    [
        (0, "DASHBOARD_MAX_FILE_BYTES", "100", "empty_file"),
        (-5, "DASHBOARD_MAX_FILE_BYTES", "100", "empty_file"),
        (101, "DASHBOARD_MAX_FILE_BYTES", "100", "file_too_large"),
        (101, "DASHBOARD_QUOTA_BYTES", "100", "quota"),
        (101, "DASHBOARD_RESERVE_BYTES", str(1 << 60), "disk_full"),
    ],
)
def test_room_is_checked_before_a_byte_is_sent(
    size: int, variable: str, value: str, code: str, monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    monkeypatch.setenv(variable, value)
    settings.current.cache_clear()
    with pytest.raises(UserError) as refused:
        upload.create("local", "a.csv", size, "")
    assert refused.value.code == code
    assert not (data_dir / "incoming").exists() or not any((data_dir / "incoming").iterdir())


def test_announced_files_count_against_the_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHBOARD_QUOTA_BYTES", "5000")
    settings.current.cache_clear()
    upload.create("local", "a.csv", 3000, "")
    with pytest.raises(UserError) as refused:
        upload.create("local", "b.csv", 3000, "")
    assert refused.value.code == "quota"


def test_disk_that_fills_up_meanwhile_keeps_what_arrived(monkeypatch: pytest.MonkeyPatch) -> None:
    data = content(2000)
    found = upload.create("local", "a.csv", len(data), "")
    put(found, data, 0)
    monkeypatch.setenv("DASHBOARD_RESERVE_BYTES", str(1 << 60))
    settings.current.cache_clear()
    with pytest.raises(UserError) as refused:
        put(found, data, SMALL)
    assert refused.value.code == "disk_full"
    assert upload.get("local", found.id).received == SMALL


def test_expiry_removes_what_stopped_and_what_nobody_imported() -> None:
    partial = upload.create("local", "partial.csv", 5000, "")
    complete = send(content(100), name="complete.csv")
    named = send(content(200), name="waiting.csv")
    jobs.start("import", {"uploads": [named.id]})
    assert upload.expire() == 0
    now = dt.datetime.now(dt.UTC)
    assert upload.expire(now + dt.timedelta(hours=upload.PARTIAL_HOURS + 1)) == 1
    with pytest.raises(NotFound):
        upload.get("local", partial.id)
    assert upload.expire(now + dt.timedelta(hours=upload.UNUSED_HOURS + 1)) == 1
    with pytest.raises(NotFound):
        upload.get("local", complete.id)
    assert upload.get("local", named.id).complete


def test_expiry_removes_folders_without_a_row(data_dir: Path) -> None:
    found = upload.create("local", "a.csv", 5000, "")
    with catalogue.transaction() as db:
        db.execute("DELETE FROM uploads")
    upload.expire()
    assert upload.blob_path(found.id).exists()  # young: its row may be about to be written
    upload.expire(dt.datetime.now(dt.UTC) + dt.timedelta(hours=upload.PARTIAL_HOURS + 1))
    assert not upload.blob_path(found.id).parent.exists()


@hypothesis_settings(max_examples=40, deadline=None)
@given(size=st.integers(1, 6000), cuts=st.lists(st.integers(0, 6000), max_size=8))
def test_cut_anywhere_and_resumed_is_the_same_file(size: int, cuts: list[int]) -> None:
    """A cut loses the slice on its way, or leaves bytes that no row counts."""
    data = content(size)
    found = upload.create("local", "cut.csv", size, f"{size}{cuts}")
    offset = found.received
    for cut in cuts:
        if offset < size and cut % 2:
            offset = put(found, data, offset)
        with upload.blob_path(found.id).open("ab") as file:
            file.write(b"#" * (cut % 50))
    offset = upload.create("local", "cut.csv", size, f"{size}{cuts}").received
    while offset < size:
        offset = put(found, data, offset)
    done = upload.complete("local", found.id, whole_digest(data))
    assert done.sha256 == hashlib.sha256(data).hexdigest()
    assert upload.blob_path(found.id).read_bytes() == data
    upload.discard("local", found.id)
