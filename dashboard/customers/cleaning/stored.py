"""The cleaning rules kept with a dataset, and the ones before them, so that a change can be undone."""

from __future__ import annotations

from typing import Any

from dashboard.customers.cleaning.rules import DEFAULT, Cleaning
from dashboard.errors import UserError
from dashboard.store import preferences

NAME, EARLIER = "cleaning", "cleaning_earlier"
STEPS = 20  # changes that can be undone


def cleaning_of(dataset_id: str) -> Cleaning:
    """The rules of a dataset; the defaults when none are kept or they can no longer be read."""
    return _read(preferences.read(dataset_id).get(NAME))


def keep(dataset_id: str, cleaning: Cleaning) -> None:
    """Keep other rules with a dataset; those before them can be brought back. Raises NotFound."""
    kept = preferences.read(dataset_id)
    now = _read(kept.get(NAME))
    if cleaning == now:
        return
    _write(dataset_id, cleaning, [*_earlier(kept), now.to_json()][-STEPS:])


def undo(dataset_id: str) -> Cleaning:
    """Bring back the rules before the last change, if there was one, and return those in force. Raises NotFound."""
    kept = preferences.read(dataset_id)
    earlier = _earlier(kept)
    if not earlier:
        return _read(kept.get(NAME))
    before = _read(earlier[-1])
    _write(dataset_id, before, earlier[:-1])
    return before


def changes(dataset_id: str) -> int:
    """How many changes can be undone."""
    return len(_earlier(preferences.read(dataset_id)))


def _write(dataset_id: str, cleaning: Cleaning, earlier: list[Any]) -> None:
    preferences.write(dataset_id, NAME, None if cleaning == DEFAULT else cleaning.to_json())
    preferences.write(dataset_id, EARLIER, earlier or None)


def _earlier(kept: dict[str, Any]) -> list[Any]:
    found = kept.get(EARLIER)
    return found if isinstance(found, list) else []


def _read(data: Any) -> Cleaning:
    try:
        return Cleaning.from_json(data) if data is not None else DEFAULT
    except UserError:
        return DEFAULT
