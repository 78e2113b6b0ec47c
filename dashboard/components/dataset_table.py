"""The list of datasets, and the small dialogs that rename and delete one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.labelled import aria, labelled

RENAME = "dataset-rename"
DELETE = "dataset-delete"
RENAME_MODAL = "dataset-rename-modal"
RENAME_NAME = "dataset-rename-name"
RENAME_SAVE = "dataset-rename-save"
DELETE_MODAL = "dataset-delete-modal"
DELETE_TYPED = "dataset-delete-typed"
DELETE_YES = "dataset-delete-yes"
CHOSEN = "dataset-chosen"  # dcc.Store: {"id", "name"} of the dataset a dialog speaks of


@dataclass(frozen=True)
class DatasetView:
    """One line of the list. tables: kind label and rows; span: first and last day; updated: when, in words."""

    id: str
    name: str
    tables: tuple[tuple[str, int], ...]
    people: int
    span: str
    size: int
    owner: str
    updated: str
    version: int


def action_id(kind: str, dataset: str) -> dict[str, str]:
    return {"type": kind, "dataset": dataset}


def dataset_table(datasets: Sequence[DatasetView]) -> Component:
    """Table of datasets with the actions of each."""
    heads = ("Dataset", "Rows", "People", "Days covered", "Size", "Updated", "Actions")
    numeric = {"Rows", "People", "Size"}
    head = html.Tr([html.Th(text, scope="col", className="num" if text in numeric else "") for text in heads])
    return html.Div(
        html.Table(
            [
                html.Caption("Datasets", className="visually-hidden"),
                html.Thead(head),
                html.Tbody([_row(d) for d in datasets]),
            ],
            className="plain-table datasets",
        ),
        className="panel table-scroll",
        tabIndex=0,
        role="region",
        **aria(label="Datasets; scrolls sideways"),
    )


def _row(dataset: DatasetView) -> Component:
    rows = sum(n for _, n in dataset.tables)
    detail = " · ".join(f"{label}: {n:,}" for label, n in dataset.tables)
    return html.Tr(
        [
            html.Th(
                [
                    dcc.Link(dataset.name, href=f"/dataset?dataset={dataset.id}", className="dataset-name"),
                    html.Span(detail, className="hint"),
                ],
                scope="row",
            ),
            html.Td(f"{rows:,}", className="num"),
            html.Td(f"{dataset.people:,}", className="num"),
            html.Td(dataset.span or "–"),
            html.Td(fmt.file_size(dataset.size), className="num"),
            html.Td(
                [dataset.updated, html.Span(f"version {dataset.version}, owned by {dataset.owner}", className="hint")]
            ),
            html.Td(
                html.Div(
                    [
                        dcc.Link("Open", href=f"/?dataset={dataset.id}", className="btn btn-outline-secondary btn-sm"),
                        dcc.Link("Add files", href=f"/import?into={dataset.id}", className="btn btn-ghost btn-sm"),
                        _button("Rename", RENAME, dataset),
                        _button("Delete", DELETE, dataset),
                    ],
                    className="row-actions",
                )
            ),
        ]
    )


def _button(text: str, kind: str, dataset: DatasetView) -> Component:
    return html.Button(
        text,
        id=action_id(kind, dataset.id),
        n_clicks=0,
        type="button",
        className="btn btn-ghost btn-sm",
        **aria(label=f"{text} {dataset.name}"),
    )


def dialogs() -> list[Component]:
    """The dialogs of the page, closed."""
    return [
        dcc.Store(id=CHOSEN),
        dbc.Modal(
            [
                dbc.ModalHeader(dbc.ModalTitle("Rename the dataset", id="dataset-rename-title")),
                dbc.ModalBody(
                    [
                        labelled("New name", dbc.Input(id=RENAME_NAME, maxlength=80, autocomplete="off")),
                        html.Div(id="dataset-rename-message", role="alert", className="form-message"),
                    ]
                ),
                dbc.ModalFooter(
                    html.Button("Rename", id=RENAME_SAVE, n_clicks=0, type="button", className="btn btn-primary")
                ),
            ],
            id=RENAME_MODAL,
            labelledBy="dataset-rename-title",
            is_open=False,
            centered=True,
        ),
        dbc.Modal(
            [
                dbc.ModalHeader(dbc.ModalTitle("Delete the dataset", id="dataset-delete-title")),
                dbc.ModalBody(
                    [
                        html.P(id="dataset-delete-text"),
                        labelled(
                            "Type the name of the dataset to confirm",
                            dbc.Input(id=DELETE_TYPED, autocomplete="off", value=""),
                        ),
                        html.Div(id="dataset-delete-message", role="alert", className="form-message"),
                    ]
                ),
                dbc.ModalFooter(
                    html.Button(
                        "Delete for ever",
                        id=DELETE_YES,
                        n_clicks=0,
                        type="button",
                        disabled=True,
                        className="btn btn-danger",
                    )
                ),
            ],
            id=DELETE_MODAL,
            labelledBy="dataset-delete-title",
            is_open=False,
            centered=True,
        ),
    ]


def delete_warning(name: str) -> str:
    """What deleting means, before it is done."""
    return (
        f"“{name}” will be removed with all its versions, the uploaded files, rejected rows and saved results. "
        "This cannot be undone."
    )
