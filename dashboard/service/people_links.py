"""Rows of people's lists with what a link to the person's page needs: never the id, only its handle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from dashboard.service.customer_results import PeoplePage
from dashboard.service.user import who
from dashboard.store.handles import Maker

PERSON, NUMBER = "_person", "_number"  # keys of a row, no columns: "<dataset>.<handle>"; its place in the list, from 1


def linked(dataset_id: str, page: PeoplePage) -> PeoplePage:
    """The page with :data:`PERSON` in every row that has a ``user_id``."""
    maker = Maker(dataset_id)
    rows = [
        {**row, PERSON: f"{dataset_id}.{maker.handle(str(row['user_id']))}"} if row.get("user_id") else row
        for row in page.rows
    ]
    return replace(page, rows=rows)


def around(dataset_id: str, ids: pd.Series, near: str) -> PeoplePage:
    """The person with the handle ``near`` and who stands before and after them in a list of ids, as rows of only
    :data:`PERSON` and :data:`NUMBER`; the list's first person where they are not in it. Raises NotFound."""
    maker, at = Maker(dataset_id), np.flatnonzero((ids == who(dataset_id, near).user_id).to_numpy())
    shown = range(max(0, int(at[0]) - 1), min(len(ids), int(at[0]) + 2)) if len(at) else range(min(1, len(ids)))
    rows = [{PERSON: f"{dataset_id}.{maker.handle(str(ids.iloc[i]))}", NUMBER: i + 1} for i in shown]
    return PeoplePage(rows, len(ids))
