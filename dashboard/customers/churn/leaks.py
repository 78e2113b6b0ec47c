"""Features that know the answer: they make a model look perfect and useless at once.

A feature that alone tells who leaves (area under the ROC curve above .98) is almost always a consequence of leaving. It
is named and left out unless somebody insists.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboard.customers.churn.quality import single_auc
from dashboard.customers.churn.table import Column

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

TOO_GOOD = 0.98
PRIOR = 10.0  # people that the base rate counts for in the rate of a value
# Words of columns that often stop counting when somebody leaves
_STOPS = re.compile(r"(tenure|months|lifetime|total|cumulative|last|recency|since|inactive|days|duration)", re.I)


@dataclass(frozen=True)
class Warning:
    """Something to know before believing a model. code: stable name. text: for people. column: which, "" = none."""

    code: str
    text: str
    column: str = ""

    def to_json(self) -> dict[str, str]:
        return {"code": self.code, "text": self.text, "column": self.column}


def single_aucs(columns: Sequence[Column], X: Floats, left: Mask) -> dict[str, tuple[str, float]]:
    """What each feature alone can tell: name (of the user column, or of the feature) -> (label, area under the ROC
    curve). The values of one text column are judged together, by the share who left among each."""
    found: dict[str, tuple[str, float]] = {}
    texts: dict[str, list[int]] = {}
    for j, column in enumerate(columns):
        if column.kind == "level":
            texts.setdefault(column.source, []).append(j)
        else:
            found[column.source or column.name] = (column.label, single_auc(X[:, j], left))
    base = float(left.mean())
    for name, places in texts.items():
        value = (X[:, places] @ np.arange(1, len(places) + 1)).astype(np.int64)
        people = np.bincount(value, minlength=len(places) + 1)
        gone = np.bincount(value, weights=left, minlength=len(places) + 1)
        rate = (gone + PRIOR * base) / (people + PRIOR)
        found[name] = (columns[places[0]].group, single_auc(rate[value], left))
    return found


def leaking(columns: Sequence[Column], X: Floats, left: Mask) -> tuple[tuple[str, str, float], ...]:
    """(name, label, area) of every feature that alone knows the answer."""
    aucs = single_aucs(columns, X, left)
    return tuple((name, label, auc) for name, (label, auc) in aucs.items() if auc > TOO_GOOD)


def leak_warning(label: str, name: str, auc: float, kept: bool) -> Warning:
    """The sentence about one of them."""
    what = "It is used because you asked for it." if kept else "It is left out of the model."
    text = (
        f"“{label}” alone tells who leaves (AUC {auc:.3f}): it is probably recorded when, or because, somebody leaves. "
        f"{what}"
    )
    return Warning("leak", text, name)


def window_warnings(columns: Sequence[Column]) -> tuple[Warning, ...]:
    """Columns that may stop counting when somebody leaves, judged by their names: only a person can know."""
    names = list(dict.fromkeys((c.source, c.label) for c in columns if c.kind in ("number", "tenure") and c.source))
    suspects = [(name, label) for name, label in names if _STOPS.search(name) or name == "signup_time"]
    if not suspects:
        return ()
    listed = ", ".join(f"“{label}”" for _, label in suspects)
    text = (
        f"{listed} may stop counting when somebody leaves, or go on after it. The file does not say as of which day "
        "its columns hold, so the probability describes who has left, not who will next month."
    )
    return (Warning("window_depends_on_outcome", text, suspects[0][0]),)
