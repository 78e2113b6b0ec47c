"""How well a header names a canonical field."""

from __future__ import annotations

import re
from functools import lru_cache

from dashboard.ingest.cells import plain
from dashboard.ingest.vocabulary import COMMON, FIELDS
from dashboard.schema import FIELDS as SCHEMA
from dashboard.schema import TABLES, TableName

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_GLUE = {
    "the",
    "of",
    "in",
    "on",
    "de",
    "du",
    "la",
    "le",
    "der",
    "die",
    "das",
    "des",
    "del",
    "di",
    "da",
    "do",
    "d",
    "l",
    "s",
}
_UNITS = {"usd", "eur", "gbp", "utc", "gmt", "iso", "hours", "h", "min", "minutes", "mins"}
_WEAK = {
    "date",
    "time",
    "value",
    "total",
    "id",
    "data",
    "name",
    "price",
    "number",
    "type",
    "level",
    "left",
    "length",
    "page",
}


@lru_cache(maxsize=8192)
def words(header: str) -> tuple[str, ...]:
    """A header as plain words: ``User_ID``, ``userId`` and ``USER-ID`` become ("user", "id")."""
    text = _CAMEL.sub(" ", header)
    return tuple(re.findall(r"[^\W_]+", plain(text)))


Key = tuple[TableName, str]


@lru_cache(maxsize=1)
def _index() -> tuple[dict[str, dict[Key, float]], dict[str, list[tuple[tuple[str, ...], Key, float]]]]:
    """Whole names (their words run together) and phrases by their first word, each with field and rank."""
    whole: dict[str, dict[Key, float]] = {}
    parts: dict[str, list[tuple[tuple[str, ...], Key, float]]] = {}
    for table in TABLES:
        for field in SCHEMA[table]:
            found = FIELDS[table].get(field.name) or COMMON.get(field.name, ())
            for position, text in enumerate(dict.fromkeys(found)):
                phrase = tuple(text.split())
                rank = 1.0 - 0.12 * min(position / 60, 1.0)
                for name in {"".join(phrase), "".join(w for w in phrase if w not in _GLUE)} - {""}:
                    keys = whole.setdefault(name, {})
                    keys[table, field.name] = max(rank, keys.get((table, field.name), 0.0))
                parts.setdefault(phrase[0], []).append((phrase, (table, field.name), rank))
    return whole, parts


@lru_cache(maxsize=4096)
def scores(header: str) -> dict[Key, float]:
    """How well ``header`` names each field of each table, 0..1; fields it does not name at all are absent.

    1 is the best known name; from .85 on it is a usual name; below, only a part of the header is one.
    """
    own = words(header)
    if not own or len(own) > 8:
        return {}
    whole, parts = _index()
    core = tuple(w for w in own if w not in _GLUE)
    best: dict[Key, float] = {}
    for name in {"".join(own), "".join(core)}:
        for key, rank in whole.get(name, {}).items():
            best[key] = max(rank, best.get(key, 0.0))
    for word in dict.fromkeys(core):
        for phrase, key, rank in parts.get(word, ()):
            if best.get(key, 0.0) >= 0.85 or len(core) <= len(phrase) or not set(phrase) <= set(core):
                continue
            extra = len(set(core) - set(phrase) - _UNITS)
            weak = len(phrase) == 1 and word in _WEAK
            value = (rank - 0.3 - 0.08 * extra) * (0.75 if weak else 1.0)
            if value > best.get(key, 0.0):
                best[key] = value
    return best


def score(header: str, table: TableName, field: str) -> float:
    """How well ``header`` names ``field`` of ``table``; see :func:`scores`."""
    return scores(header).get((table, field), 0.0)


def is_name(text: str) -> bool:
    """Whether a text is a usual name of a column in any table."""
    return len(text) <= 80 and any(value >= 0.85 for value in scores(text).values())
