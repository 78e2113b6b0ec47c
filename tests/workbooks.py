"""Excel workbooks for tests, written by hand: the product reads them and never writes one."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path
from typing import Any


def workbook(path: Path, *tables: tuple[str, list[list[Any]]]) -> Path:
    """A minimal xlsx: inline strings, numbers, and dates as styled serial numbers."""
    names = "".join(f'<sheet name="{name}" sheetId="{i}" r:id="r{i}"/>' for i, (name, _) in enumerate(tables, 1))
    space = "http://schemas.openxmlformats.org"
    kind = f"{space}/officeDocument/2006/relationships"
    links = "".join(
        f'<Relationship Id="r{i}" Type="{kind}/worksheet" Target="worksheets/s{i}.xml"/>'
        for i in range(1, len(tables) + 1)
    )
    styles = '<numFmts/><fonts/><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs>'
    main = f'xmlns="{space}/spreadsheetml/2006/main"'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{space}/package/2006/relationships"><Relationship Id="r" Target="xl/workbook.xml" '
            f'Type="{space}/officeDocument/2006/relationships/officeDocument"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook {main} xmlns:r="{space}/officeDocument/2006/relationships"><sheets>{names}</sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{space}/package/2006/relationships">{links}'
            f'<Relationship Id="rs" Type="{kind}/styles" Target="styles.xml"/></Relationships>',
        )  # fmt: skip
        archive.writestr("xl/styles.xml", f"<styleSheet {main}>{styles}</styleSheet>")
        for i, (_, rows) in enumerate(tables, 1):
            body = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
            archive.writestr(f"xl/worksheets/s{i}.xml", f"<worksheet {main}><sheetData>{body}</sheetData></worksheet>")
    return path


def _cell(value: Any) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, dt.datetime):
        days = (value - dt.datetime(1899, 12, 30)).total_seconds() / 86400
        return f'<c s="1"><v>{days!r}</v></c>'
    if isinstance(value, int | float):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
