"""From a table's structure and evidence to the plan of its columns, with a reason for every decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dashboard.ingest import dates, mapping, numbers
from dashboard.ingest.cells import shape
from dashboard.ingest.choices import property_name
from dashboard.ingest.columns import Profile, profile
from dashboard.ingest.plan import ROW_NUMBER, ColumnPlan, DateOrder, Note, Question, SourcePlan, TimeFormat
from dashboard.ingest.scan import Scan
from dashboard.ingest.structure import Structure, empty_columns
from dashboard.ingest.synonyms import score, words
from dashboard.ingest.vocabulary import TIME_WORDS
from dashboard.schema import FIELDS, KIND_LABEL, TABLES, TIME_FIELD, TableName, Type
from dashboard.schema import field as schema_field

_MOST_SHAPED, _MOST_DISTINCT, _MOST_NUMBER_NOTES = 2_000, 24, 20


@dataclass(frozen=True)
class Proposal:
    """kind with confidence, the columns' plans, and what was decided or is open."""

    kind: TableName
    confidence: float
    columns: tuple[ColumnPlan, ...]
    notes: tuple[Note, ...]
    questions: tuple[Question, ...]
    profiles: tuple[Profile, ...]


def worth_shapes(structure: Structure) -> list[int]:
    """Columns whose whole content is looked at: those that hold numbers, dates or ids in the sample."""
    found = []
    for index in range(min(structure.width, _MOST_SHAPED)):
        cells = [cells[index] for _, cells in structure.rows[:400]]
        shapes = [shape(c) for c in cells]
        filled = [s for s in shapes if s != "empty"]
        typed = sum(s in ("number", "date", "clock", "null", "code") for s in filled)
        if not filled or typed >= 0.25 * len(filled) or _may_be_id(structure.names[index]):
            found.append(index)
    return found


def worth_distinct(structure: Structure) -> list[int]:
    """Columns that may be ids: their different values are counted over the whole file."""
    ranked = []
    for index in range(structure.width):
        cells = [cells[index] for _, cells in structure.rows[:1000] if cells[index]]
        different = len(set(cells)) / len(cells) if cells else 0.0
        coded = sum(shape(c) in ("number", "code", "email") for c in cells[:200]) > 0.8 * min(len(cells), 200)
        rank = _may_be_id(structure.names[index]) * 2 + (different if coded else 0.0)
        if rank > 0.3:
            ranked.append((-rank, index))
    return sorted(index for _, index in sorted(ranked)[:_MOST_DISTINCT])


def _may_be_id(name: str) -> bool:
    return any(score(name, table, "user_id") > 0.3 for table in TABLES) or "id" in words(name)


def propose(
    structure: Structure,
    scan: Scan,
    *,
    chosen: Mapping[str, str],
    remembered: SourcePlan | None,
    now: datetime,
) -> Proposal:
    """Decide kind, fields and types. chosen: a person's answers ("kind"). remembered: a plan of a file with the same
    header; its mapping is used where the columns still hold what they held."""
    notes: list[Note] = []
    questions: list[Question] = []
    empty = empty_columns(structure)
    profiles = _profiles(structure, scan, now, notes, questions)
    kind = chosen.get("kind") or (remembered.kind if remembered else None)
    usable = [p for p in profiles if p.index not in empty]
    found = mapping.propose(usable, _kind(kind))
    if not kind and not mapping.is_certain(found):
        choices = tuple((table, KIND_LABEL[table]) for table in TABLES)
        questions.append(Question("kind", "What does one row of this file stand for?", choices))
    elif chosen.get("kind"):
        choices = tuple((table, KIND_LABEL[table]) for table in TABLES)
        questions.append(Question("kind", "What does one row of this file stand for?", choices, answer=chosen["kind"]))
    columns = _columns(structure, profiles, found, empty)
    if remembered is not None:
        columns = _reuse(found.kind, columns, remembered, notes)
    if found.number_rows and not any(c.name == "user_id" for c in columns):
        columns = (*columns, _row_number(notes))
    columns = _settle_ids(columns, profiles, notes, questions)
    questions = [q for q in questions if _concerns(q, columns)]
    questions += _missing(found.kind, columns, profiles)
    if empty:
        notes.append(Note("empty_columns", f"{len(empty)} columns without a name and without values are left out."))
    return Proposal(found.kind, found.confidence, columns, tuple(notes), tuple(questions), tuple(profiles))


def _kind(text: str | None) -> TableName | None:
    return next((table for table in TABLES if table == text), None)


def _profiles(
    structure: Structure, scan: Scan, now: datetime, notes: list[Note], questions: list[Question]
) -> list[Profile]:
    found: dict[int, dates.DateColumn | None] = {}
    signs: dict[int, numbers.NumberColumn | None] = {}
    for index, name in enumerate(structure.names):
        evidence = scan.evidence.get(index)
        if evidence is None:
            found[index] = signs[index] = None
            continue
        cells = [(number, row[index]) for number, row in structure.rows if row[index]]
        time_like = _time_like(name)
        found[index] = dates.examine(evidence, cells, name, index, time_like=time_like, now=now)
        signs[index] = numbers.examine(evidence) if found[index] is None else None
    _adopt_order(structure, found)
    _adopt_signs(signs)
    for date in found.values():
        if date is not None and date.note:
            notes.append(date.note)
        if date is not None and date.question:
            questions.append(date.question)
    profiles, said = [], 0
    for index, name in enumerate(structure.names):
        column = profile(
            index,
            name,
            [row[index] for _, row in structure.rows],
            evidence=scan.evidence.get(index),
            distinct=scan.distinct.get(index),
            dates=found[index],
            numbers=signs[index],
        )
        sign = signs[index]
        if column.type == "number" and sign is not None and not sign.point_zero:
            note = numbers.note(name, sign)
            if note is not None and (said := said + 1) <= _MOST_NUMBER_NOTES:
                notes.append(note)
        profiles.append(column)
    return profiles


def _time_like(name: str) -> bool:
    own = words(name)
    return bool(TIME_WORDS & set(own)) or any(score(name, t, f) > 0.5 for t, f in TIME_FIELD.items())


def _adopt_order(structure: Structure, found: dict[int, dates.DateColumn | None]) -> None:
    """A date column that nothing decides follows one that a row proves, in the same file."""
    proven: dict[DateOrder, int] = {}
    for index, date in found.items():
        if date is not None and date.numeric and date.question is None and date.time.order != "ymd":
            proven.setdefault(date.time.order, index)
    if len(proven) != 1:
        return
    ((order, other),) = proven.items()
    for index, date in found.items():
        if date is not None and date.question is not None:
            found[index] = dates.adopt(date, order, structure.names[index], structure.names[other])


def _adopt_signs(signs: dict[int, numbers.NumberColumn | None]) -> None:
    proven = {s.decimal for s in signs.values() if s is not None and s.share > 0.8 and not s.undecided and not s.whole}
    if len(proven) != 1:
        return
    (decimal,) = proven
    for index, sign in signs.items():
        if sign is not None:
            signs[index] = numbers.settle(sign, decimal)


def _columns(
    structure: Structure, profiles: Sequence[Profile], found: mapping.Mapping, empty: frozenset[int]
) -> tuple[ColumnPlan, ...]:
    taken = {f.name for table in FIELDS.values() for f in table}
    columns = []
    for column in profiles:
        match = found.matches.get(column.index)
        header = structure.names[column.index]
        if column.index in empty:
            plan = ColumnPlan(
                column.index, header, property_name(header, column.index, taken), "ignored", reason="Empty, no name."
            )
        elif match is not None:
            field = schema_field(found.kind, match.field)
            assert field is not None
            plan = ColumnPlan(
                column.index, header, match.field, "field", field.type, confidence=match.score, reason=match.reason
            )
        else:
            name = property_name(header, column.index, taken)
            taken.add(name)
            type_: Type = "category" if column.type == "id" and column.unique < 0.5 else column.type
            plan = ColumnPlan(column.index, header, name, "property", type_, reason="No field; kept as a property.")
        columns.append(_with_format(plan, column))
    return tuple(columns)


def _with_format(plan: ColumnPlan, column: Profile) -> ColumnPlan:
    """How the cells are read, by the type the column has now."""
    if plan.type == "time":
        return replace(plan, time=column.dates.time if column.dates else TimeFormat())
    if plan.type == "number" and column.numbers is not None:
        return replace(plan, decimal=column.numbers.decimal, thousands=column.numbers.thousands)
    if plan.type == "id" and column.numbers is not None and column.numbers.point_zero and column.numbers.share > 0.999:
        return replace(plan, strip_decimal_zero=True)
    return plan


def _row_number(notes: list[Note]) -> ColumnPlan:
    notes.append(
        Note(
            "row_number",
            "The file has no column of ids, so the rows are numbered: row 1 is user 1. Files added later cannot be "
            "joined with these users.",
            "warning",
        )
    )
    reason = "No column has a different value in every row; the number of the row is the id."
    return ColumnPlan(ROW_NUMBER, "", "user_id", "field", "id", confidence=0.5, reason=reason)


def _settle_ids(
    columns: tuple[ColumnPlan, ...], profiles: Sequence[Profile], notes: list[Note], questions: list[Question]
) -> tuple[ColumnPlan, ...]:
    by_index = {p.index: p for p in profiles}
    for plan in columns:
        column = by_index.get(plan.index)
        if column is None or plan.type != "id" or plan.use == "ignored":
            continue
        if plan.strip_decimal_zero:
            text = f"“{plan.header}”: every id is a whole number with “.0”, which is taken off (17850.0 is 17850)."
            notes.append(Note("strip_decimal_zero", text))
        elif column.numbers is not None and column.numbers.some_point_zero and plan.use == "field":
            text = f"“{plan.header}”: some ids end in “.0” and some do not; they are kept as typed, as different ids."
            notes.append(Note("strip_decimal_zero", text, "warning"))
        if plan.use == "field" and plan.name != "user_id" and column.damaged:
            text = f"{column.damaged:,} ids in “{plan.header}” look rewritten by a spreadsheet (4.90E+12)."
            notes.append(Note("damaged_ids", text, "warning"))
        elif plan.use == "field" and column.damaged:
            text = (
                f"{column.damaged:,} ids in “{plan.header}” look rewritten by a spreadsheet (4.90E+12). "
                "Different people may share one id now. Joins by user are off until you confirm."
            )
            choices = (("confirm", "The ids are right: use them as they are"),)
            questions.append(Question("damaged_ids", text, choices, plan.index))
        if plan.use == "field" and plan.name == "user_id" and column.placeholders:
            listed = ", ".join(f"{text} ({count:,})" for text, count in column.placeholders[:6])
            text = f"“{plan.header}” holds ids that look like placeholders; they are kept as typed: {listed}."
            notes.append(Note("placeholder_ids", text, "warning"))
    return columns


def _concerns(question: Question, columns: Sequence[ColumnPlan]) -> bool:
    """Questions about a column only matter while the column is used as such."""
    if question.code != "date_order":
        return True
    return any(c.index == question.column and c.type == "time" and c.use != "ignored" for c in columns)


def _missing(kind: TableName, columns: Sequence[ColumnPlan], profiles: Sequence[Profile]) -> list[Question]:
    """One question per required field that no column has."""
    named = {c.name for c in columns if c.use == "field"}
    questions = []
    for field in FIELDS[kind]:
        if not field.required or field.name in named:
            continue
        free = [p for p in profiles if not any(c.index == p.index and c.use == "field" for c in columns)]
        fitting = [p for p in free if p.type == "time"] if field.type == "time" else free
        choices = tuple((str(p.index), p.header) for p in (fitting or free)[:200])
        text = f"Which column holds the {field.label.lower()}?"
        questions.append(Question(field.name, text, choices))
    if kind == "transactions" and "amount" not in named and not {"quantity", "unit_price"} <= named:
        free = [p for p in profiles if p.type == "number"]
        text = "Which column holds the amount of the line?"
        questions.append(Question("amount", text, tuple((str(p.index), p.header) for p in free[:200])))
    return questions


def _reuse(
    kind: TableName, columns: tuple[ColumnPlan, ...], remembered: SourcePlan, notes: list[Note]
) -> tuple[ColumnPlan, ...]:
    """What a person decided for the last file with this header, where it still fits the values and the kind of
    table."""
    before = {(c.index, c.header): c for c in remembered.columns}
    result = []
    used = 0
    for column in columns:
        old = before.get((column.index, column.header))
        unfit = old is not None and old.type != column.type and old.type in ("time", "number") and old.use != "ignored"
        if old is None or unfit or (old.use == "field" and schema_field(kind, old.name) is None):
            result.append(column)
            continue
        changed = replace(
            column, name=old.name, use=old.use, type=old.type, confidence=old.confidence, reason="As decided before."
        )
        result.append(changed)
        used += 1
    names = [c.name for c in result if c.use == "field"]
    if len(set(names)) < len(names):
        return columns
    if used:
        notes.append(Note("remembered", "The mapping of your last file with these columns is used again."))
    return tuple(result)
