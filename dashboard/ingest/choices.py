"""What a person may change in a plan, and what still keeps a plan from being imported.

Pure functions from plan to plan: the wizard and the command line make the same changes through the same code.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

from dashboard.errors import UserError
from dashboard.ingest.plan import ColumnPlan, DateOrder, Question, SourcePlan, TimeFormat
from dashboard.schema import FIELDS, KIND_LABEL, TableName, Type, field

TYPES: tuple[Type, ...] = get_args(Type)
ORDERS: tuple[DateOrder, ...] = get_args(DateOrder)
REREAD = (
    "header",
    "encoding",
    "kind",
    "sheet",
    "delimiter",
    "skip_lines",
    "short_rows",
)  # answers that change how the bytes are read


def use_column(plan: SourcePlan, index: int, use: str) -> SourcePlan:
    """Decide what column ``index`` is: ``field:<canonical name>``, ``property`` or ``ignored``.

    A canonical field has one column: the column that had it before becomes a property. Raises UserError when the kind
    of table has no such field or the file has no such column.
    """
    column = _column(plan, index)
    if use.startswith("field:"):
        name = use.removeprefix("field:")
        canonical = field(plan.kind, name)
        if canonical is None:
            raise UserError(
                "unknown_field",
                f"{KIND_LABEL[plan.kind]}s have no field called {name}.",
                "Possible: " + ", ".join(f.name for f in FIELDS[plan.kind]) + ".",
            )
        time = (column.time or TimeFormat()) if canonical.type == "time" else None
        taken = [c for c in plan.columns if c.name == name and c.use == "field" and c.index != index]
        for other in taken:
            plan = _put(plan, _as_property(plan, other))
        changed = replace(
            column, use="field", name=name, type=canonical.type, time=time, confidence=1.0, reason="Chosen by you."
        )
        plan = _put(plan, changed)
    elif use == "property":
        plan = _put(plan, replace(_as_property(plan, column), confidence=1.0, reason="Chosen by you."))
    elif use == "ignored":
        plan = _put(plan, replace(column, use="ignored", confidence=1.0, reason="Chosen by you."))
    else:
        raise UserError("unknown_use", "A column is a field, a property or ignored.")
    return settle(plan)


def set_type(plan: SourcePlan, index: int, type_: str) -> SourcePlan:
    """Read column ``index`` as ``type_`` (a schema type); the type of a canonical field is fixed."""
    column = _column(plan, index)
    if type_ not in TYPES:
        raise UserError("unknown_type", "This is not a type of column.", "Possible: " + ", ".join(TYPES) + ".")
    if column.use == "field":
        return plan
    time = (column.time or TimeFormat()) if type_ == "time" else None
    return _put(plan, replace(column, type=type_, time=time, reason="Chosen by you."))


def set_order(plan: SourcePlan, index: int, order: str) -> SourcePlan:
    """Read the dates of column ``index`` as ``ymd``, ``dmy``, ``mdy`` or ``epoch`` (numbers since 1970)."""
    column = _column(plan, index)
    before = column.time or TimeFormat()
    if order == "epoch":
        time = replace(before, kind="epoch")
    elif order in ORDERS:
        time = replace(before, kind="text", order=order)
    else:
        raise UserError("unknown_order", "Dates are read as ymd, dmy, mdy or epoch.")
    changed = _put(plan, replace(column, time=time))
    questions = tuple(
        replace(q, answer=order) if q.code == "date_order" and q.column == index else q for q in changed.questions
    )
    return replace(changed, questions=questions)


def answer(plan: SourcePlan, code: str, value: str, column: int | None = None) -> SourcePlan:
    """Answer the question ``code`` (of ``column``; with None every open one of that code).

    Raises UserError when nothing like that is asked or the value is not among the choices. Answers named in
    ``REREAD`` are only recorded here: the file has to be inspected again with them.
    """
    asked = [q for q in plan.questions if q.code == code and column in (None, q.column)]
    if not asked:
        raise UserError("no_such_question", f"This file raises no question called {code}.")
    for question in asked:
        allowed = [choice for choice, _ in question.choices]
        if allowed and value not in allowed:
            raise UserError(
                "wrong_answer", f"The answer to {code} must be one of these.", "Possible: " + ", ".join(allowed) + "."
            )
        plan = replace(plan, questions=tuple(replace(q, answer=value) if q == question else q for q in plan.questions))
        if code == "date_order" and question.column is not None:
            plan = set_order(plan, question.column, value)
        elif field(plan.kind, code) is not None and value.isdigit():
            plan = use_column(plan, int(value), f"field:{code}")
    return plan


def answer_again(plan: SourcePlan, before: SourcePlan) -> SourcePlan:
    """Questions about columns that were there before get the answers they had, where those are still among the choices.

    plan: of a new inspection; before: what was decided about the same file.
    """
    header_of = {c.index: c.header for c in plan.columns}
    for asked in before.questions:
        same = any(c.index == asked.column and header_of.get(c.index) == c.header for c in before.columns)
        open_now = any(
            (q.code, q.column) == (asked.code, asked.column) and asked.answer in [value for value, _ in q.choices]
            for q in plan.open_questions
        )
        if same and open_now and asked.answer is not None:
            plan = answer(plan, asked.code, asked.answer, asked.column)
    return plan


def settle(plan: SourcePlan) -> SourcePlan:
    """Answer the questions that the mapping already decides: "which column is the user id?" is no question any more
    once a column has been chosen for it, and dates of an ignored column do not matter."""

    def settled(question: Question) -> Question:
        canonical = field(plan.kind, question.code)
        if canonical is not None:
            column = plan.column(canonical.name)
            return replace(question, answer=str(column.index) if column else None)
        if question.code == "date_order" and question.column is not None and question.answer is None:
            used = next((c for c in plan.columns if c.index == question.column), None)
            if used is None or used.use == "ignored" or used.type != "time":
                return replace(question, answer="unused")
        return question

    return replace(plan, questions=tuple(settled(q) for q in plan.questions))


def missing(plan: SourcePlan) -> tuple[str, ...]:
    """Sentences about required fields that no column has; empty when the table is complete."""
    sentences = [
        f"Choose the column that holds the {f.label.lower()}."
        for f in FIELDS[plan.kind]
        if f.required and plan.column(f.name) is None
    ]
    if plan.kind == "transactions" and plan.column("amount") is None:
        lacking = [name for name in ("quantity", "unit_price") if plan.column(name) is None]
        if lacking:
            sentences.append(
                "Choose the column that holds the line amount, or one for quantity and one for unit price."
            )
    return tuple(sentences)


def find_column(plan: SourcePlan, header: str) -> int:
    """The position of the column called ``header`` (exactly, else without regard to case). Raises UserError."""
    folded = header.strip().casefold()
    exact = [c.index for c in plan.columns if c.header == header]
    found = exact or [c.index for c in plan.columns if c.header.strip().casefold() == folded]
    if found:
        return found[0]
    raise UserError(
        "unknown_column",
        "The file has no column of that name.",
        "Columns: " + ", ".join(c.header for c in plan.columns[:30]) + ".",
    )


def property_name(header: str, index: int, taken: set[str]) -> str:
    """A name for a property: the header in lower case with underscores, made unique."""
    base = re.sub(r"\W+", "_", header.strip().lower()).strip("_")[:60] or f"column_{index + 1}"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    return name


def _as_property(plan: SourcePlan, column: ColumnPlan) -> ColumnPlan:
    if column.use == "property":
        return column
    canonical = {f.name for table in FIELDS.values() for f in table}
    taken = canonical | {c.name for c in plan.columns if c.index != column.index and c.use != "ignored"}
    type_: Type = "category" if column.type == "id" else column.type
    return replace(column, use="property", type=type_, name=property_name(column.header, column.index, taken))


def _column(plan: SourcePlan, index: int) -> ColumnPlan:
    for column in plan.columns:
        if column.index == index:
            return column
    raise UserError("unknown_column", f"The file has no column number {index + 1}.")


def _put(plan: SourcePlan, column: ColumnPlan) -> SourcePlan:
    return replace(plan, columns=tuple(column if c.index == column.index else c for c in plan.columns))


def kind_of(text: str) -> TableName:
    """Check a table kind that came from outside. Raises UserError."""
    if text not in KIND_LABEL:
        raise UserError("unknown_kind", "This is not a kind of table.", "Possible: " + ", ".join(KIND_LABEL) + ".")
    return text
