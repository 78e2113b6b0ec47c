"""Publishing: versions, sources, sweeping, deleting, limits."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import threading
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dashboard import jobs, settings
from dashboard.errors import NotFound, UserError
from dashboard.ingest import publish
from dashboard.ingest.locks import Lock
from dashboard.ingest.plan import ImportOptions
from dashboard.store import catalogue
from dashboard.store.dataset import open_dataset
from tests.dump import everything, table
from tests.store_builder import FrameReader

DAY1 = [{"user_id": "a", "event_time": "2024-01-01 10:00", "event_name": "x"}]
DAY2 = [{"user_id": "b", "event_time": "2024-01-02 10:00", "event_name": "y"}, *DAY1]


class Importer:
    """Imports frames; one reader for all files of a test."""

    def __init__(self, data_dir: Path) -> None:
        self.reader = FrameReader()
        self.folder = data_dir / "incoming"
        self.folder.mkdir(exist_ok=True)

    def source(self, rows: list[dict[str, Any]], kind: str = "events") -> publish.Source:
        return self.reader.source(self.folder, kind, pd.DataFrame(rows))

    def run(self, *sources: publish.Source, options: ImportOptions | None = None, **more: Any) -> dict[str, Any]:
        if "dataset_id" not in more:
            more |= {"name": "Shop", "owner": "me"}
        return publish.import_sources(list(sources), options or ImportOptions(), reader=self.reader, **more)


@pytest.fixture
def importer(data_dir: Path) -> Importer:
    return Importer(data_dir)


def versions(dataset_id: str) -> list[int]:
    with catalogue.reading() as connection:
        rows = connection.execute("SELECT number FROM versions WHERE dataset_id = ? ORDER BY number", (dataset_id,))
        return [row[0] for row in rows]


def folders(path: Path) -> set[str]:
    return {item.name for item in path.iterdir()} if path.exists() else set()


def test_a_new_dataset_has_a_row_files_and_a_private_copy_of_its_sources(data_dir: Path, importer: Importer) -> None:
    phases: list[str] = []
    source = importer.source(DAY1)
    result = importer.run(source, progress=lambda phase, done, total: phases.append(phase))
    dataset = open_dataset(result["dataset"])
    assert (dataset.version, result["version"], result["rows"]) == (1, 1, {"events": 1, "users": 1})
    folder = data_dir / "datasets" / dataset.id
    assert folders(folder) == {"sources", "v1"}
    assert (folder / "sources" / source.id).read_bytes() == source.path.read_bytes()
    assert source.path.exists()  # still an upload: only its owner removes it
    assert json.loads((folder / "v1" / "manifest.json").read_text()) == json.loads(dataset.manifest.to_json())
    assert folders(data_dir / "staging") == set()
    assert list(dict.fromkeys(phases)) == ["read", "sort", "publish"]
    assert not [p for p in (data_dir / "datasets").rglob("*") if p.stat().st_mode & 0o077 and source.id not in p.name]


def test_append_merges_and_reports_what_changed(importer: Importer) -> None:
    first = importer.run(importer.source(DAY1))
    second = importer.run(importer.source(DAY2), mode="append", dataset_id=first["dataset"])
    assert second["version"] == 2
    assert second["changes"] == {
        "new_users": 1,
        "updated_users": 0,
        "rows": {"events": {"before": 1, "after": 2, "new": 1}},
        "already_present": 1,
        "duplicates": 0,
        "duplicates_dropped": 0,
        "sources": {"added": ["events.csv"], "removed": []},
        "as_of": {"before": 1_704_103_200_000_000, "after": 1_704_189_600_000_000},
        "same_content": False,
    }
    again = importer.run(importer.source(DAY2), mode="append", dataset_id=first["dataset"])
    assert again["changes"]["same_content"]
    assert again["changes"]["already_present"] == 2


def test_readers_of_an_old_version_go_on(importer: Importer) -> None:
    first = importer.run(importer.source(DAY1))
    old = open_dataset(first["dataset"])
    importer.run(importer.source(DAY2), mode="append", dataset_id=first["dataset"])
    assert len(table(old, "events")) == 1
    assert len(table(open_dataset(first["dataset"]), "events")) == 2
    assert open_dataset(first["dataset"], 1) is old


def test_replace_takes_other_files_and_redo_other_decisions(importer: Importer) -> None:
    first = importer.run(importer.source(DAY1))
    replaced = importer.run(importer.source([*DAY1, *DAY1]), mode="replace", dataset_id=first["dataset"])
    assert (replaced["version"], replaced["rows"]["events"]) == (2, 1)
    keep = ImportOptions(duplicates=(("events", "keep"),), time_zone="Asia/Tokyo")
    redone = importer.run(options=keep, mode="redo", dataset_id=first["dataset"])
    assert (redone["version"], redone["rows"]["events"]) == (3, 2)
    assert open_dataset(first["dataset"]).manifest.time_zone == "Asia/Tokyo"


def test_redo_can_leave_a_source_out_but_not_all(importer: Importer) -> None:
    one, two = importer.source(DAY1), importer.source(DAY2)
    first = importer.run(one, two)
    less = importer.run(mode="redo", dataset_id=first["dataset"], removed=[two.id])
    assert less["rows"]["events"] == 1
    assert less["changes"]["sources"]["removed"] == ["events.csv"]
    with pytest.raises(UserError, match="at least one file"):
        importer.run(mode="redo", dataset_id=first["dataset"], removed=[one.id])


def test_the_same_source_twice_is_refused(importer: Importer) -> None:
    source = importer.source(DAY1)
    first = importer.run(source)
    with pytest.raises(UserError) as caught:
        importer.run(source, mode="append", dataset_id=first["dataset"])
    assert caught.value.code == "source_twice"
    assert versions(first["dataset"]) == [1]


def test_unknown_and_malformed_ids_do_not_exist(importer: Importer) -> None:
    for dataset_id in ("abcdefghijkl", "../../etc", "", "A" * 12, "abcdefghijkl\n"):
        with pytest.raises(NotFound):
            open_dataset(dataset_id)
        with pytest.raises(NotFound):
            publish.delete_dataset(dataset_id)
        with pytest.raises(NotFound):
            importer.run(importer.source(DAY1), mode="append", dataset_id=dataset_id)


def test_delete_leaves_nothing(data_dir: Path, importer: Importer) -> None:
    marker = "canary-7f3a"
    kept = importer.run(importer.source(DAY1))
    result = importer.run(importer.source([{**DAY1[0], "user_id": marker, "event_name": marker}]))
    forgotten: list[str] = []
    publish.delete_dataset(result["dataset"], forget=forgotten.append)
    assert forgotten == [result["dataset"]]
    assert folders(data_dir / "datasets") == {kept["dataset"]}
    with pytest.raises(NotFound):
        open_dataset(result["dataset"])
    with pytest.raises(NotFound):
        publish.delete_dataset(result["dataset"])
    found = [p for p in data_dir.rglob("*") if p.is_file() and marker.encode() in p.read_bytes()]
    assert [p for p in found if not p.name.startswith("catalogue.db")] == []
    assert len(table(open_dataset(kept["dataset"]), "events")) == 1


def test_sweep_removes_what_no_row_names_and_nothing_else(data_dir: Path, importer: Importer) -> None:
    result = importer.run(importer.source(DAY1))
    before = everything(open_dataset(result["dataset"]))
    folder = data_dir / "datasets" / result["dataset"]
    for left in (
        data_dir / "staging" / "dead" / "version",
        folder / "v2",
        data_dir / "datasets" / "zzzzzzzzzzzz" / "v1",
    ):
        left.mkdir(parents=True)
        (left / "file").write_text("half")
    (folder / "sources" / ("f" * 32)).write_text("never committed")
    publish.sweep()
    assert folders(data_dir / "staging") == set()
    assert folders(data_dir / "datasets") == {result["dataset"]}
    assert folders(folder) == {"sources", "v1"}
    assert len(folders(folder / "sources")) == 1
    assert everything(open_dataset(result["dataset"])) == before


def test_sweep_leaves_running_imports_alone(data_dir: Path) -> None:
    staging = data_dir / "staging" / "alive"
    staging.mkdir(parents=True)
    swept = threading.Thread(target=publish.sweep)
    with Lock(data_dir / "locks" / "alive"):
        swept.start()
        swept.join()
        assert staging.exists()
    publish.sweep()
    assert not staging.exists()


def test_sweep_leaves_running_jobs_alone_that_have_no_lock_yet(data_dir: Path) -> None:
    waiting = jobs.start("sample", {})
    with contextlib.closing(catalogue.connect()) as db:
        assert jobs.claim(db, light=False) is not None
    staging = jobs.staging_path(waiting.id)
    staging.mkdir(parents=True, exist_ok=True)
    publish.sweep()
    assert staging.exists()
    jobs.cancel(waiting.id)
    publish.sweep()
    assert not staging.exists()


def test_superseded_versions_go_after_the_grace_period(
    data_dir: Path, importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = importer.run(importer.source(DAY1))
    importer.run(importer.source(DAY2), mode="replace", dataset_id=first["dataset"])
    publish.sweep()
    assert versions(first["dataset"]) == [1, 2]
    assert len(folders(data_dir / "datasets" / first["dataset"] / "sources")) == 2
    monkeypatch.setattr(publish, "GRACE", dt.timedelta(seconds=-5))
    publish.sweep()
    assert versions(first["dataset"]) == [2]
    assert folders(data_dir / "datasets" / first["dataset"]) == {"sources", "v2"}
    assert len(folders(data_dir / "datasets" / first["dataset"] / "sources")) == 1


def test_two_imports_of_one_dataset_wait_for_each_other(importer: Importer) -> None:
    first = importer.run(importer.source(DAY1))
    rows = [[{"user_id": f"u{i}", "event_time": "2024-01-05 10:00", "event_name": "x"}] for i in range(4)]
    sources = [importer.source(r) for r in rows]
    threads = [
        threading.Thread(target=importer.run, args=(s,), kwargs={"mode": "append", "dataset_id": first["dataset"]})
        for s in sources
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert versions(first["dataset"]) == [1, 2, 3, 4, 5]
    assert len(table(open_dataset(first["dataset"]), "events")) == 5


@pytest.mark.parametrize(("variable", "value", "code"), [
    ("DASHBOARD_RESERVE_BYTES", str(1 << 60), "disk_full"),
    ("DASHBOARD_QUOTA_BYTES", "10", "quota"),
])  # fmt: skip
def test_space_is_checked_before_anything_is_written(
    data_dir: Path, importer: Importer, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, code: str
) -> None:
    monkeypatch.setenv(variable, value)
    settings.current.cache_clear()
    with pytest.raises(UserError) as caught:
        importer.run(importer.source(DAY1))
    assert caught.value.code == code
    assert folders(data_dir / "staging") == folders(data_dir / "datasets") == set()


def test_a_failing_reader_leaves_nothing(data_dir: Path, importer: Importer) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise UserError("damaged", "The file is damaged.")

    with pytest.raises(UserError, match="damaged"):
        publish.import_sources([importer.source(DAY1)], ImportOptions(), name="x", owner="me", reader=broken)
    assert folders(data_dir / "staging") == folders(data_dir / "datasets") == set()


def test_sweep_keeps_what_others_put_beside_the_versions(data_dir: Path, importer: Importer) -> None:
    folder = data_dir / "datasets" / importer.run(importer.source(DAY1))["dataset"]
    (folder / "answers").mkdir()
    publish.sweep()
    assert folders(folder) == {"sources", "v1", "answers"}
