"""Routes that are not pages: uploads in slices, streamed downloads, the way to the first page."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final, cast
from urllib.parse import quote

from dash import Dash
from flask import Flask, Response, jsonify, make_response, redirect, request
from werkzeug.exceptions import BadRequest, Forbidden

from dashboard import service
from dashboard.errors import NotFound, UserError
from dashboard.service import data
from dashboard.web.security import same_origin

HEADER: Final = "X-Holdfast"  # a header of our own: a form or an image of another site cannot send it


def register(app: Dash) -> None:
    """Attach the routes to the app's server."""
    server: Flask = app.server
    for rule, methods, view in (
        ("/upload", ["POST"], announce),
        ("/upload/<upload_id>", ["GET"], status),
        ("/upload/<upload_id>", ["PUT"], put_slice),
        ("/upload/<upload_id>", ["DELETE"], discard),
        ("/upload/<upload_id>/complete", ["POST"], complete),
        ("/export/<what>.csv", ["GET"], export),
    ):
        server.add_url_rule(rule, f"holdfast.{view.__name__}", _own(view), methods=methods)

    def home() -> Any:
        if request.path == "/" and request.method == "GET" and not data.datasets():
            return redirect("/data")
        return None

    server.before_request(home)


def _own(view: Callable[..., Response]) -> Callable[..., Response]:
    """Only our own pages may call: same origin and, for changes, our own header."""

    @functools.wraps(view)
    def checked(**arguments: str) -> Response:
        if not same_origin():
            raise Forbidden
        if request.method not in ("GET", "HEAD") and request.headers.get(HEADER) != "1":
            raise Forbidden
        return view(**arguments)

    return checked


def _answer(upload: Any) -> Response:
    return jsonify(
        id=upload.id,
        file_name=upload.file_name,
        size=upload.size,
        offset=upload.received,
        complete=upload.complete,
        slice=data.SLICE,
    )


def announce() -> Response:
    """POST {file_name, size, fingerprint}: a new upload, or the unfinished one of the same file."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise BadRequest
    name, size, mark = body.get("file_name"), body.get("size"), body.get("fingerprint")
    if not isinstance(name, str) or not isinstance(mark, str) or not isinstance(size, int) or isinstance(size, bool):
        raise BadRequest
    return _answer(data.create_upload(name, size, mark[:500]))


def status(upload_id: str) -> Response:
    """GET: how much has arrived."""
    return _answer(data.upload(upload_id))


def put_slice(upload_id: str) -> Response:
    """PUT with Upload-Offset, Upload-Digest and the slice as body: 200 or 409, both with the offset to go on at."""
    try:
        offset = int(request.headers.get("Upload-Offset", ""))
    except ValueError:
        raise BadRequest from None
    length = request.content_length
    if length is None or length < 0 or offset < 0:
        raise BadRequest
    received = data.append_upload(
        upload_id, offset, cast(BinaryIO, request.stream), length, request.headers.get("Upload-Digest", "").lower()
    )
    return jsonify(offset=received)


def complete(upload_id: str) -> Response:
    """POST {digest}: the sender has sent everything; the answer says whether it is the same file."""
    body = request.get_json(silent=True)
    digest = body.get("digest") if isinstance(body, dict) else None
    if not isinstance(digest, str):
        raise BadRequest
    return _answer(data.complete_upload(upload_id, digest))


def discard(upload_id: str) -> Response:
    """DELETE: forget the upload and its bytes."""
    data.discard_upload(upload_id)
    return make_response("", 204)


def export(what: str) -> Response:
    """GET /export/<what>.csv?dataset=…: a table as CSV, streamed."""
    try:
        download = data.export(what, request.query_string.decode("ascii", "replace"))
    except UserError as error:
        if isinstance(error, NotFound):
            raise
        return make_response(f"{error.message} {error.hint}\n", 400, {"Content-Type": "text/plain; charset=utf-8"})
    return stream_csv(download.file_name, download.chunks)


def stream_csv(file_name: str, chunks: Iterator[bytes]) -> Response:
    """A download that is sent while it is made. The first chunk is made now, so that an error still gets its page."""
    first = next(chunks, b"")
    owner = service.current_owner()

    def body() -> Iterator[bytes]:
        yield first
        while True:
            with service.acting_as(owner):  # the request is over while its answer is still being made
                chunk = next(chunks, None)
            if chunk is None:
                return
            yield chunk

    response = Response(body(), content_type="text/csv; charset=utf-8")
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in file_name)
    response.headers["Content-Disposition"] = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name)}"
    return response
