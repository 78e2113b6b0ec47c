from __future__ import annotations

import hashlib
from typing import Any

import pytest
from flask.testing import FlaskClient

from dashboard.ingest import upload

OURS = {"X-Holdfast": "1", "Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "SLICE", 1000)


def announce(client: FlaskClient, size: int = 2500, **headers: str) -> Any:
    body = {"file_name": "a.csv", "size": size, "fingerprint": "1"}
    return client.post("/upload", json=body, headers={**OURS, **headers})


def put(client: FlaskClient, upload_id: str, offset: int, piece: bytes, **headers: str) -> Any:
    digest = hashlib.sha256(piece).hexdigest()
    own = {**OURS, "Upload-Offset": str(offset), "Upload-Digest": digest, **headers}
    return client.put(f"/upload/{upload_id}", data=piece, headers=own)


def test_a_file_in_slices_with_a_cut(client: FlaskClient) -> None:
    data = bytes(range(250)) * 10
    told = announce(client).json
    assert (told["offset"], told["size"], told["complete"]) == (0, 2500, False)
    upload_id = told["id"]
    assert put(client, upload_id, 0, data[:1000]).json == {"offset": 1000}
    wrong = put(client, upload_id, 0, data[:1000])  # the answer was lost, the page sends it again
    assert (wrong.status_code, wrong.json["offset"]) == (409, 1000)
    assert announce(client).json["offset"] == 1000  # after a reload
    assert client.get(f"/upload/{upload_id}", headers=OURS).json["offset"] == 1000
    put(client, upload_id, 1000, data[1000:2000])
    put(client, upload_id, 2000, data[2000:])
    digests = "".join(hashlib.sha256(data[at : at + 1000]).hexdigest() for at in (0, 1000, 2000))
    body = {"digest": hashlib.sha256(digests.encode()).hexdigest()}
    done = client.post(f"/upload/{upload_id}/complete", json=body, headers=OURS)
    assert (done.status_code, done.json["complete"]) == (200, True)
    assert upload.blob_path(upload_id).read_bytes() == data
    assert client.delete(f"/upload/{upload_id}", headers=OURS).status_code == 204
    assert client.get(f"/upload/{upload_id}", headers=OURS).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"X-Holdfast": "0"},
        {"X-Holdfast": ""},
    ],
)
def test_foreign_pages_are_refused(client: FlaskClient, headers: dict[str, str]) -> None:
    upload_id = announce(client).json["id"]
    assert announce(client, **headers).status_code == 403
    assert put(client, upload_id, 0, b"x" * 1000, **headers).status_code == 403
    assert client.delete(f"/upload/{upload_id}", headers={**OURS, **headers}).status_code == 403
    if "X-Holdfast" not in headers:
        assert client.get("/export/template.csv?kind=users", headers={**OURS, **headers}).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"file_name": "a", "size": "1", "fingerprint": ""},
        {"file_name": "a", "size": True, "fingerprint": ""},
        {"file_name": 1, "size": 1, "fingerprint": ""},
        {"file_name": "a", "size": 1},
    ],
)
def test_malformed_announcements(client: FlaskClient, body: Any) -> None:
    assert client.post("/upload", json=body, headers=OURS).status_code == 400


@pytest.mark.parametrize(
    ("size", "code", "status"),
    [(0, "empty_file", 400), (10**15, "file_too_large", 413), (-1, "empty_file", 400), (10**30, "file_too_large", 413)],
)
def test_refusals_come_as_sentences(client: FlaskClient, size: int, code: str, status: int) -> None:
    answer = announce(client, size)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert answer.json["message"].endswith(".")


@pytest.mark.parametrize("offset", ["", "x", "-1", "1e3", "9" * 400])
def test_malformed_slices(client: FlaskClient, offset: str) -> None:
    upload_id = announce(client).json["id"]
    answer = put(client, upload_id, 0, b"x" * 1000, **{"Upload-Offset": offset})
    assert answer.status_code in (400, 409)
    assert put(client, upload_id, 0, b"x" * 1000, **{"Upload-Digest": "x"}).status_code == 400
    assert put(client, "../" + upload_id, 0, b"x").status_code in (404, 405)
    assert put(client, "0" * 32, 0, b"x").status_code == 404


def test_a_slice_is_bound_in_size(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboard.web import security

    monkeypatch.setattr(security, "SLICE", 1000)
    upload_id = announce(client, 5000).json["id"]
    assert put(client, upload_id, 0, b"x" * 1001).status_code == 413
    assert client.get(f"/upload/{upload_id}", headers=OURS).json["offset"] == 0


def test_templates_are_what_our_importer_reads(client: FlaskClient) -> None:
    for kind in ("users", "events", "sessions", "transactions"):
        answer = client.get(f"/export/template.csv?kind={kind}", headers=OURS)
        lines = answer.get_data(as_text=True).splitlines()
        assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="template_{kind}.csv"')
        assert answer.content_type == "text/csv; charset=utf-8"
        assert len(lines) == 3 and {line.count(",") for line in lines} == {lines[0].count(",")}
        assert "user_id" in lines[0]


@pytest.mark.parametrize(
    "path",
    [
        "targets.csv",
        "targets.csv?dataset=aaaaaaaaaaaa",
        "rejected.csv?dataset=../../etc&source=passwd",
        "rejected.csv?dataset=aaaaaaaaaaaa&source=../../catalogue",
        "table.csv?dataset=aaaaaaaaaaaa&table=users",
        "people.csv?dataset=%00",
        "template.csv?kind=../users",
        "template.csv",
        "nothing.csv",
        "..%2f..%2fapp.csv",
    ],
)
def test_exports_of_nothing_are_not_found(client: FlaskClient, path: str) -> None:
    assert client.get("/export/" + path, headers=OURS).status_code == 404
