"""The settings of a churn model, as one value that validates itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.errors import UserError
from dashboard.insights import options

LABELS = ("auto", "activity", "ended", "churned")
MODELS = ("auto", "logistic", "boosted", "rules")
MAX_WINDOW = 365


@dataclass(frozen=True)
class ChurnRule:
    """label: what leaving is. "activity": no activity in the window; "ended": an end date in the window; "churned": the
    file's own label column, whose date nobody knows; "auto": the best of them that the data have. window: days, 0 =
    from the data. end: column of the users with the date of the end, "" = found by its name. model: which to use.
    columns: further columns of the users as features (they are as they are today). exclude: columns to leave out. keep:
    columns to use in spite of a leak warning. recalibrate: shift all probabilities so that they fit the latest window.
    """

    label: str = "auto"
    window: int = 0
    end: str = ""
    model: str = "auto"
    columns: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    recalibrate: bool = False


@dataclass(frozen=True)
class Reading:
    """How probabilities are read; it changes no model. watch, risk: probabilities from which the bands begin, 0 = from
    the base rate. margin, months: of the lifetime value in the value at risk."""

    watch: float = 0.0
    risk: float = 0.0
    margin: float = 1.0
    months: int = 12


def from_json(data: Mapping[str, Any]) -> tuple[ChurnRule, Reading]:
    """Options by name, as people and links write them. Raises UserError for an unknown name or an impossible value."""
    given = dict(data)
    known = (*ChurnRule.__dataclass_fields__, *Reading.__dataclass_fields__)
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise UserError("unknown_option", f"Churn has no setting {unknown[0]}.", f"It has: {', '.join(known)}.")
    rule = ChurnRule(
        label=_one_of(given.get("label", "auto"), "label", LABELS),
        window=options.whole(given.get("window") or 0, "window", 0, MAX_WINDOW),
        end=options.text(given.get("end") or "", "end"),
        model=_one_of(given.get("model", "auto"), "model", MODELS),
        columns=tuple(sorted(options.texts(given.get("columns") or (), "columns"))),
        exclude=tuple(sorted(options.texts(given.get("exclude") or (), "exclude"))),
        keep=tuple(sorted(options.texts(given.get("keep") or (), "keep"))),
        recalibrate=options.flag(given.get("recalibrate", False), "recalibrate"),
    )
    reading = Reading(
        watch=options.decimal(given.get("watch") or 0, "watch", 0, 1),
        risk=options.decimal(given.get("risk") or 0, "risk", 0, 1),
        margin=options.decimal(given.get("margin", 1), "margin", 0.0001, 1),
        months=options.whole(given.get("months", 12), "months", 1, 36),
    )
    if reading.watch and reading.risk and reading.watch > reading.risk:
        raise options.bad("watch", "no more than the limit of those at risk")
    return rule, reading


def _one_of(value: Any, name: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise options.bad(name, f"one of {', '.join(allowed)}")
    return str(value)
