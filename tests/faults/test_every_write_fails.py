"""Every single write, flush and rename of an import fails in turn: the old data stay intact, nothing is left behind."""

from __future__ import annotations

import errno
import resource
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dashboard.errors import UserError
from dashboard.ingest import publish
from dashboard.ingest.plan import ImportOptions
from dashboard.store import files
from dashboard.store.dataset import open_dataset
from tests.dump import everything
from tests.store_builder import FrameReader

pytestmark = pytest.mark.faults


class Counted:
    """Wraps a function of ``files``; the call number ``fail_at`` raises ``OSError(code)``."""

    def __init__(self, real: Callable[..., Any], code: int) -> None:
        self.real, self.code, self.calls, self.fail_at = real, code, 0, 0

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        self.calls += 1
        if self.calls == self.fail_at:
            raise OSError(self.code, "injected")
        return self.real(*arguments, **options)


@pytest.fixture
def shop(data_dir: Path) -> tuple[FrameReader, str]:
    """A reader and a published dataset with every kind of table."""
    reader = FrameReader()
    return reader, publish.import_sources(sources(reader, data_dir), ImportOptions(), name="Shop", owner="me",
                                          reader=reader, partitions=2)["dataset"]  # fmt: skip


def sources(reader: FrameReader, folder: Path) -> list[publish.Source]:
    at = {"user_id": "a", "order_time": "2024-01-01 10:00", "amount": 2.0}
    lines = [at, {**at, "user_id": "b"}, {**at, "user_id": None}]
    return [
        reader.source(folder, "transactions", pd.DataFrame(lines)),
        reader.source(folder, "users", pd.DataFrame([{"user_id": "a", "plan": "x"}])),
    ]


def append(reader: FrameReader, dataset_id: str, folder: Path) -> dict[str, Any]:
    return publish.import_sources(
        sources(reader, folder), ImportOptions(), mode="append", dataset_id=dataset_id, reader=reader, partitions=2
    )


@pytest.mark.parametrize(("name", "code", "full"), [
    ("write_all", errno.ENOSPC, True),
    ("fsync", errno.EIO, False),
    ("fsync", errno.EDQUOT, True),
    ("rename", errno.EIO, False),
    ("link_or_copy", errno.ENOSPC, True),
])  # fmt: skip
def test_the_nth_call_fails(
    data_dir: Path, shop: tuple[FrameReader, str], monkeypatch: pytest.MonkeyPatch, name: str, code: int, full: bool
) -> None:
    reader, dataset_id = shop
    before = everything(open_dataset(dataset_id))
    counted = Counted(getattr(files, name), code)
    monkeypatch.setattr(files, name, counted)
    number = 0
    while True:
        number += 1
        counted.calls, counted.fail_at = 0, number
        try:
            result = append(reader, dataset_id, data_dir)
        except UserError as error:
            assert full and error.code == "disk_full"
            assert "needs about" in error.message and "free" in error.message
        except OSError as error:
            assert not full and error.errno == code
        else:
            assert counted.calls < number  # it was not called that often: every call has failed once
            assert result["version"] == 2
            break
        dataset = open_dataset(dataset_id)
        assert dataset.version == 1
        assert everything(dataset) == before
        assert list((data_dir / "staging").iterdir()) == []
        assert {p.name for p in (data_dir / "datasets" / dataset_id).iterdir()} == {"sources", "v1"}
        assert len(list((data_dir / "datasets" / dataset_id / "sources").iterdir())) == 2
    assert number > (1 if name == "rename" else 2)


def test_a_failing_commit_leaves_the_old_version(
    data_dir: Path, shop: tuple[FrameReader, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, dataset_id = shop
    before = everything(open_dataset(dataset_id))

    def broken(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "injected")

    monkeypatch.setattr(publish, "_commit", broken)
    with pytest.raises(UserError, match="not enough disk space"):
        append(reader, dataset_id, data_dir)
    assert everything(open_dataset(dataset_id)) == before
    assert {p.name for p in (data_dir / "datasets" / dataset_id).iterdir()} == {"sources", "v1"}


def test_a_limit_of_the_operating_system_is_one_clear_error(data_dir: Path, shop: tuple[FrameReader, str]) -> None:
    """RLIMIT_FSIZE makes the kernel itself refuse a write in the middle of a file."""
    reader, dataset_id = shop
    rows = [{"user_id": f"u{i}", "event_time": "2024-01-01 10:00", "event_name": "x"} for i in range(20_000)]
    source = reader.source(data_dir, "events", pd.DataFrame(rows))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    try:
        with pytest.raises(UserError) as caught:
            publish.import_sources([source], ImportOptions(), name="Large", owner="me", reader=reader, partitions=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert caught.value.code == "disk_full"
    assert list((data_dir / "staging").iterdir()) == []
    assert {p.name for p in (data_dir / "datasets").iterdir()} == {dataset_id}
    assert publish.import_sources([source], ImportOptions(), name="Large", owner="me", reader=reader)["users"] == 20_000
