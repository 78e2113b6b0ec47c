"""Finding the dataset a person means."""

from __future__ import annotations

from typing import Any

from dashboard.errors import UserError


def dataset_named(text: str) -> Any:
    """The dataset with this id, else the only one with this name. Raises UserError when there is none or several."""
    from dashboard.service import data

    known = data.datasets()
    by_id = [d for d in known if d.id == text]
    found = by_id or [d for d in known if d.name.casefold() == text.strip().casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(
            "ambiguous_dataset",
            f"{len(found)} datasets are called that.",
            "Use the id: " + ", ".join(d.id for d in found) + ".",
        )
    hint = "See: python -m dashboard datasets" if known else "Import one first: python -m dashboard import FILE"
    raise UserError("unknown_dataset", "There is no such dataset.", hint)
