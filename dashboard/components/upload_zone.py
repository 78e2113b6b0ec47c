"""Where files are dropped or chosen. ``assets/upload.js`` does the work and writes finished uploads to a store."""

from __future__ import annotations

from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components import ids
from dashboard.components.labelled import aria

HINT = "csv, tsv, txt, JSON, JSON lines, xlsx or Parquet, also as .gz, up to 4 GB each"


def upload_zone(label: str = "Drop files here", hint: str = HINT) -> Component:
    """The drop zone with its file picker, a list of running uploads and a status line for screen readers.

    Finished files appear in the store ``ids.UPLOADS`` as ``[{"id", "file_name", "size"}, …]``, newest last. The file
    input is made by the script: Dash has no plain one.
    """
    marks: dict[str, Any] = {"data-upload": "zone", "data-store": ids.UPLOADS}
    return html.Div(
        [
            html.Div(
                [
                    html.Span(className="icon icon-upload upload-icon", **aria(hidden="true")),
                    html.P(label, className="upload-title"),
                    html.P(hint, className="upload-hint", id="upload-hint"),
                    html.Button(
                        "Choose files",
                        id="upload-choose",
                        type="button",
                        className="btn btn-primary",
                        **aria(describedby="upload-hint"),
                    ),
                ],
                className="upload-drop",
            ),
            html.Ul(id="upload-list", className="upload-list", **aria(label="Uploads")),
            html.Div(id="upload-status", role="status", className="visually-hidden"),
        ],
        id=ids.UPLOAD_ZONE,
        className="upload",
        **marks,
    )


def upload_store() -> Component:
    """The store of finished uploads; the frame has one, so that a finished upload is not lost by leaving the page."""
    return dcc.Store(id=ids.UPLOADS, data=[])
