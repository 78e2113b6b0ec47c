"""What a dataset can answer, before anything is computed: from its manifest alone."""

from __future__ import annotations

from collections.abc import Iterable

from dashboard.errors import CannotAnswer
from dashboard.insights.activity import WINDOWS
from dashboard.insights.registry import INSIGHTS, METRICS, Need
from dashboard.result import Answer
from dashboard.store.manifest import Manifest

FEW_USERS = 50
_TRAILING = {"mau", "stickiness"}  # need a month of data before they mean what they say


def holds(manifest: Manifest, need: Need) -> bool:
    """Whether one of the need's tables or columns is there."""
    tables = manifest.given if need.from_file else manifest.tables
    for name in need.any_of:
        table, _, column = name.partition(".")
        if manifest.has_column(table, column) if column else table in tables:
            return True
    return False


def missing(manifest: Manifest, needs: Iterable[Need]) -> tuple[Need, ...]:
    return tuple(need for need in needs if not holds(manifest, need))


def require(manifest: Manifest, label: str, needs: Iterable[Need]) -> None:
    """Raise CannotAnswer, naming what is missing, unless all needs hold."""
    lacking = missing(manifest, needs)
    if lacking:
        raise CannotAnswer(
            _sentence(label, lacking), tuple(need.any_of[0] for need in lacking), "Map the column or add the file."
        )


def _sentence(label: str, lacking: tuple[Need, ...]) -> str:
    return f"“{label}” needs {' and '.join(need.text for need in lacking)}; this data has none."


def _roughly(manifest: Manifest, key: str) -> str:
    """Why a number is only rough, "" when it is not."""
    if key in _TRAILING and manifest.first_day is not None and manifest.last_day is not None:
        days = manifest.last_day - manifest.first_day + 1
        if days < WINDOWS["mau"]:
            return f"The data cover {days} days; a trailing month needs {WINDOWS['mau']}."
    metric = METRICS.get(key)
    if metric is not None and metric.unit == "rate" and manifest.users < FEW_USERS:
        return f"{manifest.users} users: shares of so few people move a lot by chance."
    return ""


def answerability(manifest: Manifest) -> list[Answer]:
    """One entry per metric and insight, in the order of the registry."""
    entries = [(key, item.label, "metric", item.needs) for key, item in METRICS.items()]
    entries += [(name, item.label, "insight", item.needs) for name, item in INSIGHTS.items()]
    answers = []
    for key, label, kind, needs in entries:
        lacking = missing(manifest, needs)
        if lacking:
            columns = tuple(need.any_of[0] for need in lacking)
            answers.append(Answer(key, label, kind, "cannot", columns, _sentence(label, lacking)))
        else:
            rough = _roughly(manifest, key) if kind == "metric" else ""
            answers.append(Answer(key, label, kind, "roughly" if rough else "can", (), rough))
    return answers
