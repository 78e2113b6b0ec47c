"""Rows of people's lists with what a link to the person's page needs: never the id, only its handle."""

from __future__ import annotations

from dataclasses import replace

from dashboard.service.customer_results import PeoplePage
from dashboard.store.handles import Maker

PERSON = "_person"  # key of a row, no column: "<dataset>.<handle>"


def linked(dataset_id: str, page: PeoplePage) -> PeoplePage:
    """The page with :data:`PERSON` in every row that has a ``user_id``."""
    maker = Maker(dataset_id)
    rows = [
        {**row, PERSON: f"{dataset_id}.{maker.handle(str(row['user_id']))}"} if row.get("user_id") else row
        for row in page.rows
    ]
    return replace(page, rows=rows)
