"""What people set on a dataset and may change at any time (rules, as-of day): JSON beside its row in the catalogue."""

from __future__ import annotations

import json
from typing import Any

from dashboard.errors import NotFound
from dashboard.store import catalogue


def read(dataset_id: str) -> dict[str, Any]:
    """Everything that is set; {} for an unknown dataset and for what cannot be read."""
    with catalogue.reading() as connection:
        row = connection.execute("SELECT settings FROM datasets WHERE id = ?", (dataset_id,)).fetchone()
    try:
        found = json.loads(row["settings"]) if row is not None else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def write(dataset_id: str, name: str, value: Any) -> None:
    """Set one preference (JSON-ready), or with None take it away; the others stay. Raises NotFound."""
    with catalogue.transaction() as connection:
        row = connection.execute("SELECT settings FROM datasets WHERE id = ?", (dataset_id,)).fetchone()
        if row is None:
            raise NotFound("dataset")
        kept = {key: old for key, old in json.loads(row["settings"]).items() if key != name}
        if value is not None:
            kept[name] = value
        connection.execute("UPDATE datasets SET settings = ? WHERE id = ?", (json.dumps(kept), dataset_id))
