"""CSV files to download, streamed: discount targets, rejected rows, tables, templates. Never a formula or a path."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dashboard import settings
from dashboard.customers import selection
from dashboard.errors import NotFound, UserError
from dashboard.escape import safe_cell
from dashboard.filters import Filters, parse
from dashboard.offers.targeting import slug
from dashboard.schema import FIELDS, TABLES, TableName
from dashboard.service import cleaning, core, customers, insight_people, segments, user_timeline
from dashboard.service.tables import table_chunks
from dashboard.store.dataset import open_dataset

_PIECE = 1 << 16
# Two rows that show how each type is written.
_EXAMPLES: dict[str, tuple[str, str]] = {
    "user_id": ("u1001", "u1002"),
    "event_name": ("login", "play"),
    "order_id": ("o501", "o502"),
    "session_id": ("s1", "s2"),
    "product_id": ("p1", "p2"),
    "country": ("DE", "UK"),
    "plan": ("Basic", "Premium"),
    "platform": ("web", "android"),
    "name": ("Ada", "Grace"),
    "email": ("ada@example.com", "grace@example.com"),
    "gender": ("female", "male"),
    "currency": ("EUR", "EUR"),
}
_BY_TYPE: dict[str, tuple[str, str]] = {
    "id": ("1", "2"),
    "category": ("a", "b"),
    "text": ("some text", "more text"),
    "number": ("12.5", "3"),
    "time": ("2026-01-31 08:15:00", "2026-02-01 19:40:00"),
    "boolean": ("true", "false"),
}


@dataclass(frozen=True)
class Download:
    """A file to stream: name and UTF-8 bytes."""

    file_name: str
    chunks: Iterator[bytes] = field(repr=False)


def export(what: str, search: str) -> Download:
    """The download called ``what`` (a key of :data:`EXPORTS`); ``search`` is the link's query string, read tolerantly
    like a page's. Raises NotFound, CannotAnswer."""
    made = EXPORTS.get(what)
    if made is None:
        raise NotFound("file")
    return made(parse(search))


def csv_chunks(header: Sequence[str], rows: Iterator[Sequence[object]]) -> Iterator[bytes]:
    """CSV text in pieces of about 64 kB: everything quoted, texts and headers safe for spreadsheets, None empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([safe_cell(name) for name in header])
    for row in rows:
        writer.writerow([safe_cell(cell) if isinstance(cell, str) else ("" if cell is None else cell) for cell in row])
        if buffer.tell() > _PIECE:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _dataset(filters: Filters) -> str:
    if filters.dataset is None:
        raise NotFound("dataset")
    core.authorise(filters.dataset, "read")
    return filters.dataset


def _targets(filters: Filters) -> Download:
    dataset_id = _dataset(filters)
    made = customers.targets_csv(dataset_id, filters, customers.rules_of(dataset_id, filters))
    return Download(made.file_name, made.chunks)


def _people(filters: Filters) -> Download:
    dataset_id = _dataset(filters)
    rules = customers.rules_of(dataset_id, filters)
    chosen = filters.option("list", selection.ALL)
    made = customers.people_csv(dataset_id, filters, rules, chosen, filter_model=_grid_filter(filters.option("grid")))
    return Download(made.file_name, made.chunks)


def _segment(filters: Filters) -> Download:
    dataset_id = _dataset(filters)
    if filters.segment is None:
        raise NotFound("segment")
    kept = segments.get_segment(dataset_id, filters.segment)
    people = segments.segment_people(dataset_id, filters, kept.rule)
    name = f"segment_{slug(kept.name) or kept.id}_{len(people)}-people.csv"
    return Download(name, csv_chunks(["user_id"], ([user] for user in people)))


def _insight_people(filters: Filters) -> Download:
    dataset_id = _dataset(filters)
    name, options = insight_people.asked(filters)
    narrowed = _grid_filter(filters.option("grid"))
    made = insight_people.download(dataset_id, filters, name, options, filter_model=narrowed)
    return Download(made.file_name, made.chunks)


def _user(filters: Filters) -> Download:
    """The rows of one person's timeline; the link names the person by the handle."""
    made = user_timeline.download(_dataset(filters), filters, filters.option("user"), filters.option("user.zoom"))
    return Download(made.file_name, made.chunks)


def _grid_filter(text: str) -> dict[str, Any] | None:
    """The column filters that the list on the page was narrowed with, as its link carries them. Raises UserError for a
    link that cannot be read: without them the file would hold other people than the list."""
    if not text:
        return None
    try:
        model = json.loads(text)
    except ValueError:
        model = None
    if not isinstance(model, dict):
        raise UserError("bad_filter", "The filters of the table in this link cannot be read.", "Shorten or clear them.")
    return model


def _rejected(filters: Filters) -> Download:
    dataset = open_dataset(_dataset(filters))
    wanted = filters.option("source")
    sources = {str(source["id"]): str(source["file_name"]) for source in dataset.manifest.sources}
    if wanted not in sources:
        raise NotFound("file")
    path = dataset.path / "rejects" / f"{wanted}.csv"
    if not path.is_file() or not path.resolve().is_relative_to(settings.current().data_dir.resolve()):
        raise NotFound("file")
    return Download(f"rejected_{file_stem(sources[wanted])}.csv", _file(path))


def _table(filters: Filters) -> Download:
    dataset_id = _dataset(filters)
    name = filters.option("table")
    if name not in TABLES:
        raise NotFound("file")
    return Download(f"{name}_{dataset_id}.csv", table_chunks(dataset_id, name))


def _cleaning(filters: Filters) -> Download:
    dataset_id = _dataset(filters)
    rule, which = filters.option("rule"), filters.option("which", "taken")
    asked = filters.with_(extra=())
    pieces = cleaning.row_chunks(dataset_id, asked, rule, which)
    header = next(pieces)
    rows = itertools.chain(header[1:], itertools.chain.from_iterable(pieces))
    return Download(f"lines_{slug(rule)}_{which}.csv", csv_chunks([str(name) for name in header[0]], rows))


def _prices(filters: Filters) -> Download:
    dataset_id = _dataset(filters)
    header, rows = cleaning.price_rows(dataset_id, filters.with_(extra=()), filters.option("price"))
    return Download("prices.csv", csv_chunks(header, iter(rows)))


def _template(filters: Filters) -> Download:
    kind = filters.option("kind")
    if kind not in FIELDS:
        raise NotFound("file")
    return Download(f"template_{kind}.csv", iter([template(kind)]))


def template(kind: TableName) -> bytes:
    """An example file of a kind of table: every canonical column, two rows."""
    fields = FIELDS[kind]
    rows = [[_EXAMPLES.get(f.name, _BY_TYPE[f.type])[row] for f in fields] for row in (0, 1)]
    return b"".join(csv_chunks([f.name for f in fields], iter(rows))).replace(b'"', b"")


def file_stem(file_name: str) -> str:
    """A file name without its endings, in letters that every system accepts."""
    stem = file_name.removesuffix(".gz").rsplit(".", 1)[0]
    return re.sub(r"[^\w-]+", "_", stem, flags=re.ASCII).strip("_")[:80] or "file"


def _file(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            yield piece


EXPORTS: dict[str, Callable[[Filters], Download]] = {
    "targets": _targets,
    "people": _people,
    "insight-people": _insight_people,
    "segment": _segment,
    "rejected": _rejected,
    "table": _table,
    "template": _template,
    "user": _user,
    "cleaning": _cleaning,
    "prices": _prices,
}
