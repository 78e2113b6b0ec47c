"""The end of the wizard: options of the dataset, whether the tables join, and the bar with the import button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard.components.import_file import FileView
from dashboard.components.import_options import WIZARD, options_fields
from dashboard.components.labelled import aria, labelled
from dashboard.ingest.plan import ImportOptions
from dashboard.schema import KIND_LABEL, TableName

NAME = "wizard-name"
TARGET = "wizard-target"
MODE = "wizard-mode"
IMPORT = "wizard-import"
BAR = "wizard-bar"

NEW = "new"  # value of the target select that stands for a new dataset


@dataclass(frozen=True)
class Join:
    """How well the people of one table are known to another. left, right: tables, right also "dataset"; people, known:
    distinct people of the left table, and those of them the right table (or the dataset) knows."""

    left: TableName
    right: TableName | Literal["dataset"]
    people: int
    known: int

    @property
    def share(self) -> float:
        return self.known / self.people if self.people else 1.0

    @property
    def weak(self) -> bool:
        """Hardly anybody is known: a wrong column of ids? A new month may well bring many new people."""
        return self.share < (0.1 if self.right == "dataset" else 0.5)


def options_form(
    *,
    name: str,
    kinds: Sequence[TableName],
    options: ImportOptions,
    datasets: Sequence[tuple[str, str]],
    target: str,
    mode: str,
    key: str,
    fixed: bool = False,
) -> Component:
    """Fold with the decisions that concern the whole dataset.

    kinds: tables among the files. datasets: (id, name) that may be extended. target, mode: dataset ("" = new) and
    "append" or "replace". key: what the browser remembers the typed values under. fixed: the dataset is given and
    cannot be chosen.
    """
    remembered: dict[str, Any] = {"persistence": key, "persistence_type": "session"}
    where: list[Component] = [
        labelled(
            "Put it into",
            dbc.Select(
                id=TARGET,
                options=[{"value": NEW, "label": "a new dataset"}, *({"value": i, "label": n} for i, n in datasets)],
                value=target or NEW,
                disabled=fixed,
            ),
        ),
        html.Div(
            labelled(
                "What happens to its data",
                dbc.Select(
                    id=MODE,
                    options=[
                        {"value": "append", "label": "keep it and add these files"},
                        {"value": "replace", "label": "replace it with these files"},
                    ],
                    value=mode if mode in ("append", "replace") else "append",
                    disabled=fixed,
                ),
            ),
            id="wizard-mode-box",
            hidden=not target or fixed,
        ),
    ]
    return html.Details(
        [
            html.Summary(
                options_summary(options.time_zone, options.currency, dict(datasets).get(target, ""), mode),
                id="wizard-options-summary",
            ),
            html.Div(
                [
                    labelled(
                        "Name of the dataset", dbc.Input(id=NAME, value=name, maxlength=80, debounce=True, **remembered)
                    ),
                    *where,
                    *options_fields(options, kinds, scope=WIZARD),
                ],
                className="field-grid",
            ),
        ],
        className="fold panel",
    )


def options_summary(zone: str, currency: str, into: str = "", mode: str = "append") -> str:
    """The folded options in one line. into: name of the dataset that takes the files, "" = a new one."""
    target = f"{'takes the place of' if mode == 'replace' else 'added to'} “{into}”" if into else ""
    said = (target, f"times in {zone or 'UTC'}", f"money in {currency}" if currency else "")
    return "Options: " + ", ".join(text for text in said if text)


def join_box(found: Sequence[Mapping[str, Any]], running: bool = False) -> Component | list[Component]:
    """Whether the files speak of the same people; a warning where they hardly do. found: the fields of a :class:`Join`
    each. running: still being compared."""
    if running:
        return html.P("Checking whether the files speak of the same people …", className="hint", role="status")
    joins = [Join(**item) for item in found]
    if not joins:
        return []
    items = []
    for join in joins:
        percent = f"{join.share * 100:.0f} %" if join.share >= 0.01 or not join.known else "less than 1 %"
        text = (
            f"{percent} of the people in {KIND_LABEL[join.left].lower()} "
            f"({join.known:,} of {join.people:,}) are known to "
            + ("this dataset." if join.right == "dataset" else f"{KIND_LABEL[join.right].lower()}.")
        )
        weak = join.weak
        items.append(html.Li(text + (" Are these the same ids?" if weak else ""), className="is-warn" if weak else ""))
    weak_any = any(join.weak for join in joins)
    return html.Div(
        [html.H2("Do the files belong together?"), html.Ul(items, className="notes")],
        className="panel panel-body" + (" callout-warn" if weak_any else ""),
        role="status",
    )


def blocking(files: Sequence[FileView]) -> str:
    """Why the import cannot start yet, in one sentence; empty when it can."""
    if not files:
        return "Choose a file first."
    if any(f.state in ("uploading", "inspecting") for f in files):
        return "Still reading the files …"
    refused = [f for f in files if f.state == "failed"]
    if refused:
        return f"{refused[0].name} cannot be read. Remove it to go on."
    lacking = [f for f in files if f.missing]
    if lacking:
        return f"{lacking[0].name}: {lacking[0].missing[0]}"
    asked = [q for f in files for q in f.open_questions]
    if asked:
        return (
            "Answer the question above first." if len(asked) == 1 else f"Answer the {len(asked)} questions above first."
        )
    return ""


def import_bar(files: Sequence[FileView], *, verb: str = "Import") -> Component:
    """The bar with the one button that writes something."""
    reason = blocking(files)
    rows = sum(f.rows or 0 for f in files)
    what = f"{rows:,} rows" if rows else "the rows"
    counted = f"{what} of {len(files)} files" if len(files) > 1 else what
    said = reason or f"Ready: {counted}. Nothing is written before you press the button."
    return html.Div(
        [
            html.P(said, id="wizard-reason", className="bar-text tabular", role="status"),
            html.Button(
                verb,
                id=IMPORT,
                n_clicks=0,
                type="button",
                disabled=bool(reason),
                className="btn btn-primary btn-lg",
                **aria(describedby="wizard-reason"),
            ),
        ],
        className="import-bar panel",
    )
