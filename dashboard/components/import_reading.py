"""How the bytes of a file become a table, as selects: kind, sheet, encoding, separator, header, short lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard.components.import_mapping import WIZARD
from dashboard.components.labelled import labelled
from dashboard.ingest.plan import SourcePlan
from dashboard.schema import KIND_LABEL, TABLES

ENCODINGS: dict[str, str] = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": "Western European (Windows-1252)",
    "latin-1": "Western European (Latin-1)",
    "cp1250": "Central European (Windows-1250)",
    "cp1251": "Cyrillic (Windows-1251)",
    "iso8859-7": "Greek (ISO 8859-7)",
    "gb18030": "Chinese (GB 18030)",
    "big5": "Chinese, traditional (Big5)",
    "shift_jis": "Japanese (Shift JIS)",
    "cp949": "Korean (CP949)",
    "cp437": "DOS (CP437)",
}
DELIMITERS: dict[str, str] = {
    ",": "comma",
    ";": "semicolon",
    "\t": "tab",
    "|": "pipe",
    " ": "space",
    " +": "spaces",
    ":": "colon",
}
HEADERS: dict[str, str] = {
    "0": "none: the first line is data",
    "1": "first line",
    "2": "first two lines",
    "3": "first three lines",
}
SKIPPED: dict[str, str] = {str(n): "none" if not n else f"skip {n}" for n in range(21)}
SHORT: dict[str, str] = {"reject": "reject them", "pad": "fill them with empty cells"}


def reading_id(scope: str, source: Any, part: Any) -> dict[str, Any]:
    """Pattern id of a select that changes how the bytes of one file are read; part names which."""
    return {"type": f"{scope}-reading", "source": source, "part": part}


def reading_controls(source: str, plan: SourcePlan, sheets: Sequence[str], *, scope: str = WIZARD) -> Component:
    """The selects; changing one reads the file again. sheets: of a workbook."""

    def select(part: str, label: str, choices: Mapping[str, str], value: str) -> Component:
        options = [{"value": key, "label": text} for key, text in choices.items()]
        if value not in choices:
            options.append({"value": value, "label": value or "–"})
        return labelled(label, dbc.Select(id=reading_id(scope, source, part), options=options, value=value))

    controls = [select("kind", "Kind of table", {table: KIND_LABEL[table] for table in TABLES}, plan.kind)]
    if len(sheets) > 1:
        controls.append(select("sheet", "Sheet", {name: name for name in sheets}, plan.sheet))
    dialect = plan.dialect
    if plan.format == "csv":
        controls += [
            select("encoding", "Encoding", ENCODINGS, dialect.encoding),
            select("delimiter", "Separator", DELIMITERS, dialect.delimiter),
        ]
    if plan.format in ("csv", "xlsx"):
        controls += [
            select("header", "Header", HEADERS, str(dialect.header_rows)),
            select("skip_lines", "Lines before the header", SKIPPED, str(dialect.skip_lines)),
        ]
    if plan.format == "csv":
        controls.append(select("short_rows", "Lines with too few cells", SHORT, dialect.short_rows))
    return html.Div(controls, className="field-grid")
