"""What a person sees when something failed: a sentence or a reference id, never a stack."""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
from dash import html, set_props
from dash.exceptions import DashException
from flask import Response, make_response, request
from werkzeug.exceptions import HTTPException

from dashboard import logs
from dashboard.components import ids
from dashboard.errors import NotFound, UserError
from dashboard.ingest.upload import WrongOffset
from dashboard.web import guard

STATUS: dict[str, int] = {"busy": 429, "offset": 409, "quota": 507, "disk_full": 507, "file_too_large": 413}


def on_callback_error(error: Exception) -> None:
    """Dash calls this for an exception in a callback: outputs stay as they are, a note appears."""
    if isinstance(error, UserError):
        text = " ".join(part for part in (error.message, error.hint) if part)
    else:
        reference = logs.defect("callback failed", error)
        text = f"Something went wrong. The rest of the page is fine. Reference {reference}."
    set_props(
        ids.ERRORS,
        {
            "children": dbc.Toast(
                html.P(text), header="That did not work", icon="danger", dismissable=True, is_open=True
            )
        },
    )


def json_error(error: UserError) -> Response:
    """A refusal as JSON with the status code that belongs to it."""
    body: dict[str, Any] = dict(error.to_json())
    if isinstance(error, WrongOffset):
        body["offset"] = error.offset
    response = make_response(body, 404 if isinstance(error, NotFound) else STATUS.get(error.code, 400))
    if response.status_code == 429:
        response.headers["Retry-After"] = "10"
    return response


def on_server_error(error: Exception) -> Response | HTTPException:
    """Everything that reached Flask: refusals as JSON, protocol errors with their status, defects as a reference."""
    if isinstance(error, UserError):
        return json_error(error)
    if isinstance(error, HTTPException):
        text = f"{error.name}."
        return make_response({"code": str(error.code), "message": text, "hint": ""}, error.code or 500)
    if request.path == guard.PATH and isinstance(error, DashException):
        reference = logs.defect("callback answer does not fit", error)
        text = f"The page and the server do not agree. Reload the page. Reference {reference}."
        return make_response({"code": "callback", "message": text, "hint": ""}, 400)
    reference = logs.defect("request failed", error)
    return make_response(
        {"code": "unexpected", "message": f"Something went wrong. Reference {reference}.", "hint": ""}, 500
    )
