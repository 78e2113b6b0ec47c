"""Which kind of table a file is and which column is which canonical field, from header names and values.

Every column is scored for every field of every kind; a column gets at most one field and a field one column, the best
scores first. The kind whose fields fit best wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from dashboard.ingest.columns import Profile
from dashboard.ingest.synonyms import score as name_score
from dashboard.ingest.synonyms import words
from dashboard.ingest.vocabulary import KIND_WORDS
from dashboard.schema import FIELDS, TABLES, TIME_FIELD, Field, TableName

ACCEPT = 0.45  # a column is proposed for a field from this score on
_CERTAIN_KIND = 0.6
# From these scores on, a header is one of the names that a time or another field has first of all.
_PLAIN_TIME, _PLAIN_NAME = 0.98, 0.958


@dataclass(frozen=True)
class Match:
    """A column for a field: score 0..1 and the reason in words."""

    index: int
    field: str
    score: float
    reason: str


@dataclass(frozen=True)
class Mapping:
    """The kind with its matches by column; confidence 0..1; number_rows: people have no id, so rows are numbered."""

    kind: TableName
    confidence: float
    matches: dict[int, Match]
    number_rows: bool = False

    def column(self, field: str) -> int | None:
        return next((m.index for m in self.matches.values() if m.field == field), None)


def propose(profiles: Sequence[Profile], kind: TableName | None = None) -> Mapping:
    """The best reading of a table's columns. kind: fixed by a person, else all four are weighed."""
    found = {table: _assign(profiles, table) for table in ((kind,) if kind else TABLES)}
    weights = {table: _weigh(profiles, table, matches) for table, matches in found.items()}
    best = max(weights, key=lambda table: weights[table])
    matches = found[best]
    numbered = best == "users" and not any(m.field == "user_id" for m in matches.values())
    return Mapping(best, 1.0 if kind else _confidence(weights, best), matches, numbered and _is_people(profiles))


def _confidence(weights: dict[TableName, float], best: TableName) -> float:
    second = max((w for table, w in weights.items() if table != best), default=0.0)
    lead = weights[best] - max(second, 0.0)
    return round(min(0.99, max(0.2, 0.45 + 0.2 * lead)), 2)


def is_certain(mapping: Mapping) -> bool:
    return mapping.confidence >= _CERTAIN_KIND


@dataclass(frozen=True)
class _Table:
    """What a column's score needs to know of the others. named: the file has names; first: index of the first column;
    times: how many columns hold times."""

    kind: TableName
    named: bool
    first: int
    times: int


def _assign(profiles: Sequence[Profile], table: TableName) -> dict[int, Match]:
    options: list[Match] = []
    about = _Table(
        table,
        _has_names(profiles),
        min((p.index for p in profiles), default=0),
        sum(p.type == "time" for p in profiles),
    )
    for column in profiles:
        for field in FIELDS[table]:
            value, reason = _score(column, about, field)
            if value >= ACCEPT:
                options.append(Match(column.index, field.name, round(min(value, 1.0), 3), reason))
    options.sort(key=lambda m: (-m.score, m.index))
    taken: dict[int, Match] = {}
    used: set[str] = set()
    required = {f.name for f in FIELDS[table] if f.required}
    for position, match in enumerate(options):
        if match.index in taken or match.field in used:
            continue
        tied = match.score < 0.75 and any(
            m.field == match.field and m.index not in taken
            for m in takewhile(lambda m, score=match.score: m.score == score, options[position + 1 : position + 50])  # type: ignore[misc]
        )
        if tied and match.field not in required and match.field not in ("amount", "quantity"):
            used.add(match.field)  # several columns fit equally well: none is proposed
            continue
        taken[match.index] = match
        used.add(match.field)
    return _without_contradictions(taken, table)


def _without_contradictions(taken: dict[int, Match], table: TableName) -> dict[int, Match]:
    fields = {m.field: m.index for m in taken.values()}
    if table == "transactions" and "quantity" not in fields and "unit_price" in fields and "amount" not in fields:
        index = fields["unit_price"]  # a price without a quantity is what was paid
        match = taken[index]
        taken[index] = Match(index, "amount", match.score * 0.9, "A price and no quantity: the amount of the line.")
    return taken


def _score(column: Profile, about: _Table, field: Field) -> tuple[float, str]:
    """Score and reason of one column for one field; 0 when the values cannot be such a field."""
    named = name_score(column.header, about.kind, field.name)
    fits = _fits(column, field)
    if fits <= 0:
        return 0.0, ""
    reason = f"The name “{column.header}” is a usual one for {field.label.lower()}."
    by_value, why = _by_value(column, about, field)
    if named >= 0.85:
        return named * fits, reason
    if named > 0 and field.name in ("country", "plan", "platform") and column.look(field.name) < 0.3:
        return 0.0, ""  # half a name needs values that agree
    if named > 0:
        together = min(0.84, named + 0.25 * by_value) * fits
        return together, f"The name “{column.header}” resembles {field.label.lower()}{'; ' + why if why else '.'}"
    return by_value * fits, why[:1].upper() + why[1:]


def _fits(column: Profile, field: Field) -> float:
    """Whether the values can be this field at all: 0 no, 1 yes, between: doubtful."""
    if not column.filled:
        return 0.8
    if field.type == "time":
        return 1.0 if column.type == "time" else 0.0
    if column.type == "time" and field.type != "text":
        return 0.0
    if field.type == "number":
        if column.type == "number" or (column.type == "boolean" and column.look("number") > 0.9):
            return 1.0 if field.name != "age" or _is_age(column) else 0.3
        return 0.9 if field.name != "age" and _mostly_numbers(column) else 0.0
    if field.type == "boolean":
        return 1.0 if column.type == "boolean" or column.distinct == 2 else 0.0
    if field.type == "id":
        return _fits_id(column, field)
    if field.type == "category":
        if field.name == "country":
            return _fits_country(column)
        if field.name == "gender":
            return 1.0 if column.look("gender") > 0.5 and column.distinct <= 12 else 0.0
        if field.name == "plan":
            return 0.0 if column.type == "number" and column.distinct > 20 else 1.0 if column.distinct <= 100 else 0.3
        if field.name == "platform":
            return 1.0 if column.distinct <= 200 and column.type != "number" else 0.2
        if field.name == "event_name":
            return 0.0 if column.type == "number" and column.distinct > 60 else 1.0 if column.unique < 0.9 else 0.5
        return 0.5 if column.type == "number" else 1.0
    if field.name == "name":
        return 1.0 if column.look("number") < 0.2 and column.type in ("text", "category", "id") else 0.0
    if field.name == "email":
        return 1.0 if column.look("email") > 0.5 else 0.2
    return 1.0


def _mostly_numbers(column: Profile) -> bool:
    """Numbers with more than a few bad cells: enough for a field whose name the header says, not for a property."""
    numbers = column.numbers
    coded = any(len(v) > 1 and v[0] == "0" and v.isdigit() for v in column.top)
    return column.type in ("category", "text", "id") and numbers is not None and numbers.share >= 0.8 and not coded


def _fits_id(column: Profile, field: Field) -> float:
    if column.type == "boolean" and column.distinct <= 2 and column.values > 4:
        return 0.0
    numbers = column.numbers
    if (
        numbers is not None
        and numbers.share > 0.9
        and not numbers.whole
        and not numbers.point_zero
        and not column.damaged
    ):
        return 0.0
    if field.name == "user_id" and column.mean_length > 80:
        return 0.0
    return 1.0


def _fits_country(column: Profile) -> float:
    if column.type == "number":
        return 0.0
    return 1.0 if column.look("country") > 0.3 or column.distinct <= 300 else 0.4


def _is_age(column: Profile) -> bool:
    numbers = [float(v) for v in column.top if v.replace(".", "", 1).isdecimal()]
    return bool(numbers) and all(0 <= n <= 120 for n in numbers)


def _by_value(column: Profile, about: _Table, field: Field) -> tuple[float, str]:
    """What the values alone say: at most .8, so that a good name always wins."""
    name = field.name
    if name == "email" and column.look("email") > 0.8:
        return 0.8, "the values are e-mail addresses."
    if name == "country" and column.look("country") > 0.7 and column.distinct > 1:
        return 0.72, "the values are names or codes of countries."
    if name == "platform" and column.look("platform") > 0.8 and column.distinct > 1:
        return 0.7, "the values are kinds of devices."
    if name == "plan" and column.look("plan") > 0.8 and 1 < column.distinct <= 12:
        return 0.68, "the values are names of plans."
    if name == "gender" and column.look("gender") > 0.9 and 1 < column.distinct <= 6 and column.look("number") < 0.1:
        return 0.6, "the values are genders."
    if name == TIME_FIELD.get(about.kind) and column.type == "time":
        return (0.5 if about.times > 1 else 0.6), "it holds times."
    if name == "user_id":
        return _user_by_value(column, about)
    if name == "event_name" and column.type == "category" and 2 <= column.distinct <= 80 and column.unique < 0.2:
        programmed = all(" " not in v for v in column.top) and any("_" in v for v in column.top)
        return (0.5 if programmed and not about.named else 0.2), "few different words that repeat."
    if name == "amount" and about.kind == "transactions" and column.numbers is not None and column.type == "number":
        return (0.5 if not column.numbers.whole else 0.2), "it holds numbers with a fraction."
    if name == "quantity" and column.numbers is not None and column.type == "number" and column.numbers.whole:
        small = all(v.lstrip("-").isdecimal() and len(v) <= 3 for v in column.top)
        return (0.46 if small and not about.named else 0.1), "it holds small whole numbers."
    return 0.0, ""


def _has_names(profiles: Sequence[Profile]) -> bool:
    return any(not p.header.startswith("column ") for p in profiles)


def _user_by_value(column: Profile, about: _Table) -> tuple[float, str]:
    if column.type in ("time", "boolean") or column.mean_length > 60 or column.filled < 0.5 * max(column.rows, 1):
        return 0.0, ""
    if about.kind == "users":
        compact = column.look("code") + column.look("number") + column.look("email") > 0.95
        if column.unique > 0.995 and column.values >= 3 and compact and column.empty == 0:
            first = column.index == about.first
            whole = column.numbers is None or column.numbers.share < 0.9 or column.numbers.whole
            if whole and (first or column.type == "id"):
                return 0.62 if column.growing or first else 0.5, "every row has another value."
        return 0.0, ""
    if 0.0005 < column.unique < 0.9 and column.distinct > 2 and column.look("code") + column.look("number") > 0.95:
        first = column.index == about.first
        return (0.55 if first else 0.3), "ids that repeat."
    return 0.0, ""


def _weigh(profiles: Sequence[Profile], table: TableName, matches: dict[int, Match]) -> float:
    """How much speaks for this kind of table."""
    by_field = {m.field: m for m in matches.values()}
    columns = {p.index: p for p in profiles}
    own = {word for p in profiles for word in words(p.header)}
    said = _kind_said(profiles)
    total = 0.25 * len(own & KIND_WORDS[table])
    total += sum(_WEIGHT[table].get(field, 0.0) * m.score for field, m in by_field.items())
    user = columns[by_field["user_id"].index] if "user_id" in by_field else None
    unique = user is not None and user.unique >= 0.98 and user.values >= 3
    if table == "users":
        if said is not None:
            return total - 1.5
        if user is None:
            total += -1.5 if any(p.type == "time" for p in profiles) else 0.6
        elif user.values >= 3:
            total += 1.6 if unique else -3.0 * (1 - user.unique) - 0.5
        return total
    total += 0.5 if said == table else 0.0
    if TIME_FIELD[table] not in by_field:
        total -= 2.2
    if user is None:
        total -= 1.0
    elif unique and user.values >= 8 and said != table:
        total -= 1.2  # somebody who occurs once is a row of a list of people, where the header does not say otherwise
    elif user.unique < 0.9:
        total += 0.5
    if table == "sessions":
        total -= 0.0 if own & KIND_WORDS["sessions"] else 1.5
        session = columns[by_field["session_id"].index] if "session_id" in by_field else None
        if session is not None:
            total += 1.0 if session.unique > 0.98 else -2.0
    if table == "transactions":
        priced = "amount" in by_field or {"quantity", "unit_price"} <= set(by_field)
        total -= 0.0 if priced else 1.5
        total -= 0.0 if own & KIND_WORDS["transactions"] or not _has_names(profiles) else 0.5
    return total


_SAID: dict[TableName, tuple[str, ...]] = {  # beside the time, any of these makes a header plain
    "events": ("event_name",),
    "sessions": ("end_time", "session_id", "duration_seconds"),
    "transactions": ("order_id", "amount", "quantity"),
}


def _kind_said(profiles: Sequence[Profile]) -> TableName | None:
    """The kind of timed table that the header alone names: a column of times under a plain name of its time field and
    one more of its own fields. None also where a column is plainly named as a time that only people have."""
    times = [p.header for p in profiles if p.type == "time"]
    if any(name_score(header, "users", name) >= _PLAIN_TIME for header in times for name in _PEOPLE_TIMES):
        return None
    for table, names in _SAID.items():
        timed = {p for p in times if name_score(p, table, TIME_FIELD[table]) >= _PLAIN_TIME}
        others = {p.header for p in profiles} - timed
        if timed and any(name_score(header, table, name) >= _PLAIN_NAME for header in others for name in names):
            return table
    return None


_PEOPLE_TIMES = ("signup_time", "last_active_time")

_WEIGHT: dict[TableName, dict[str, float]] = {
    "users": {
        "user_id": 0.6, "signup_time": 0.6, "last_active_time": 0.8, "country": 0.2, "plan": 0.3, "age": 0.5,
        "gender": 0.4, "usage": 0.5, "churned": 0.5, "name": 0.4, "email": 0.4,
    },
    "events": {
        "user_id": 0.6, "event_time": 1.0, "event_name": 1.5, "session_id": 0.5, "feature": 0.8,
        "duration_seconds": 0.3, "amount": 0.2, "platform": 0.2,
    },
    "sessions": {"user_id": 0.6, "start_time": 1.0, "end_time": 0.8, "duration_seconds": 0.6, "session_id": 0.6},
    "transactions": {
        "user_id": 0.6, "order_time": 1.0, "amount": 1.0, "quantity": 0.7, "unit_price": 0.6, "order_id": 0.7,
        "product_id": 0.5, "description": 0.2, "discount": 0.2, "currency": 0.2,
    },
}  # fmt: skip


def _is_people(profiles: Sequence[Profile]) -> bool:
    return len(profiles) > 1
