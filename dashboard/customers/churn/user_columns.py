"""Columns of the user table as features: numbers and lengths of time as they are, texts as one column per value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboard import schema
from dashboard.customers.churn.table import Column
from dashboard.customers.table import local_days
from dashboard.errors import CannotAnswer
from dashboard.insights import users
from dashboard.insights.view import View

Floats = npt.NDArray[np.float64]

PERSONAL = tuple(field.name for field in schema.FIELDS["users"] if field.personal)
ANSWERS = ("user_id", "churned", "last_active_time")  # who leaves stops being active: that would tell the answer
MAX_LEVELS = 20
MIN_LEVEL = 20  # people; rarer values share one column
SKEWED = 1.0


@dataclass(frozen=True)
class Skipped:
    """A column that cannot be a feature, and why, for people."""

    name: str
    reason: str


def given_columns(view: View) -> tuple[str, ...]:
    """The columns of the users that came from a file and are not personal."""
    columns = view.dataset.manifest.columns.get("users", {})
    return tuple(name for name, info in columns.items() if info.header and name not in (*PERSONAL, *ANSWERS))


def header(view: View, name: str) -> str:
    """What the file calls a column."""
    return view.dataset.manifest.columns["users"][name].header or name


def check_names(view: View, names: tuple[str, ...]) -> None:
    """Raise CannotAnswer for a name that the users do not have."""
    for name in names:
        if not view.dataset.manifest.has_column("users", name):
            raise CannotAnswer(f"The users have no column “{name}”.", (name,), "Choose one of their columns.")


def snapshot_columns(
    view: View, wanted: tuple[str, ...] | None = None, exclude: tuple[str, ...] = ()
) -> tuple[Floats, tuple[Column, ...], tuple[Skipped, ...]]:
    """(float64[people, columns] in partition order, its columns, what was left out) of the given columns, default all.

    Numbers keep NaN; yes/no is 1, 0, NaN; a text has one column per value (only one where there are two values).
    """
    available = given_columns(view)
    columns: list[Column] = []
    values: list[Floats] = []
    skipped: list[Skipped] = []
    for name in available:
        if (wanted is not None and name not in wanted) or name in exclude:
            continue
        made, reason = _made(view, name)
        for column, value in made:
            columns.append(column)
            values.append(value)
        if reason:
            skipped.append(Skipped(name, reason))
    people = view.dataset.manifest.users
    matrix = np.column_stack(values) if values else np.zeros((people, 0))
    return matrix, tuple(columns), tuple(skipped)


def _made(view: View, name: str) -> tuple[list[tuple[Column, Floats]], str]:
    kind = view.dataset.manifest.columns["users"][name].type
    label = header(view, name)
    raw = users.column_of(view, name)
    if kind == "number":
        value = raw.astype(np.float64)
        known = value[~np.isnan(value)]
        if not len(known) or np.ptp(known) == 0:
            return [], ""
        log = bool(known.min() >= 0 and _skewness(known) > SKEWED)
        return [(Column(name, label, label, "number", log, name), value)], ""
    if kind == "boolean":
        flags = raw.astype(np.float64)
        flags[raw.astype(np.int64) < 0] = np.nan
        return [(Column(name, label, label, "flag", False, name), flags)], ""
    if kind == "time":
        if name != "signup_time":
            return [], "a date: whether it lies before the leaving is not known"
        start = local_days(raw.astype(np.int64), view.dataset.manifest.time_zone)
        return [(Column(name, "Time known", "Days since sign-up", "tenure", True, name), view.as_of + 1 - start)], ""
    return _levels(view, name, label, raw.astype(np.int64))


def _levels(view: View, name: str, label: str, codes: npt.NDArray[np.int64]) -> tuple[list[tuple[Column, Floats]], str]:
    """One column per frequent value, the rest together."""
    texts = view.dataset.dictionary(name)
    counts = np.bincount(codes[codes >= 0], minlength=len(texts))
    used = np.flatnonzero(counts)
    if len(used) > max(200, MAX_LEVELS) or (len(used) > MAX_LEVELS and len(used) > 0.2 * len(codes)):
        return [], "nearly everybody has another value"
    rank = sorted(used.tolist(), key=lambda code: (-int(counts[code]), str(texts[code])))
    rare = MIN_LEVEL if len(codes) > 10 * MIN_LEVEL else 1
    kept = sorted((code for code in rank[:MAX_LEVELS] if counts[code] >= rare), key=lambda code: str(texts[code]))
    values = [(str(texts[code]), codes == code) for code in kept]
    rest = ~np.isin(codes, kept)
    if rest.any():
        values.append(("other or missing", rest))
    if len(values) < 2:
        return [], ""
    if len(values) == 2:
        values = values[1:]
    return [
        (Column(f"{name}={text}", label, f"{label}: {text}", "level", False, name), mask.astype(np.float64))
        for text, mask in values
    ], ""


def _skewness(values: Floats) -> float:
    spread = float(values.std())
    return float(((values - values.mean()) ** 3).mean() / spread**3) if spread > 0 else 0.0
