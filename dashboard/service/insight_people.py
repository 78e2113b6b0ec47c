"""The people of an insight (of a funnel step, a path, a cell) as a grid and as a file: exactly the ids it lists.

Every insight that lists people has a column ``user_id``; the number on a chart, the rows here and the lines of the file
come from that one answer. The page's filters have chosen whom the insight counts and are not applied a second time: a
filter on events says nothing about the person's own columns. Lists of :mod:`dashboard.service.value_lists` have columns
of their own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.customers import lists
from dashboard.customers.lists import Column
from dashboard.errors import UserError
from dashboard.filters import Filters
from dashboard.offers import targeting
from dashboard.service import core, insights, value_lists
from dashboard.service.customer_results import Download, PeoplePage
from dashboard.service.customers import rules_of
from dashboard.service.people import PeopleView, view
from dashboard.service.people_links import around, linked
from dashboard.service.people_lists import file_of, narrowed, page_of

INSIGHT, OPTIONS = "insight", "options"  # names in the link of a download


def columns(
    dataset_id: str, filters: Filters, name: str = "", options: Mapping[str, Any] | None = None
) -> tuple[Column, ...]:
    """The columns of a people list of this dataset, in order; name, options: of an insight whose list has its own."""
    if name in value_lists.LISTS:
        return value_lists.rows_of(dataset_id, filters, name, options or {}).columns
    seen = _everybody(dataset_id, filters)
    return lists.columns(seen.people, seen.measure)


def page(
    dataset_id: str,
    filters: Filters,
    name: str,
    options: Mapping[str, Any],
    *,
    start: int = 0,
    end: int = 100,
    sort_model: Sequence[Mapping[str, Any]] | None = None,
    filter_model: Mapping[str, Any] | None = None,
    near: str = "",
) -> PeoplePage:
    """Rows ``start`` (inclusive) to ``end`` (exclusive, at most 1,000) of the people of an insight.

    name, options: a registered insight whose frame has ``user_id``, and its options. sort_model, filter_model: as AG
    Grid's infinite row model sends them. near: a person's handle; only this one and the two beside them are returned
    (:func:`dashboard.service.people_links.around`). Raises UserError, NotFound and CannotAnswer.
    """
    if near:
        ids = ordered_ids(dataset_id, filters, name, options, sort_model=sort_model, filter_model=filter_model)
        return around(dataset_id, ids, near)
    if name in value_lists.LISTS:
        whole = value_lists.rows_of(dataset_id, filters, name, options)
        found = value_lists.page(whole, start=start, end=end, sort_model=sort_model, filter_model=filter_model)
    else:
        seen = _everybody(dataset_id, filters)
        listed = _listed(seen, dataset_id, filters, name, options)
        found = page_of(seen, narrowed(seen, listed, sort_model, filter_model), start, end)
    return linked(dataset_id, found)


def ordered_ids(
    dataset_id: str,
    filters: Filters,
    name: str,
    options: Mapping[str, Any],
    *,
    sort_model: Sequence[Mapping[str, Any]] | None = None,
    filter_model: Mapping[str, Any] | None = None,
) -> pd.Series:
    """The user ids of the whole list of :func:`page`, in its order."""
    if name in value_lists.LISTS:
        whole = value_lists.rows_of(dataset_id, filters, name, options)
        return whole.frame["user_id"].iloc[value_lists.narrowed(whole, sort_model, filter_model)]
    seen = _everybody(dataset_id, filters)
    listed = _listed(seen, dataset_id, filters, name, options)
    return seen.frame["user_id"].iloc[narrowed(seen, listed, sort_model, filter_model)]


def download(
    dataset_id: str,
    filters: Filters,
    name: str,
    options: Mapping[str, Any],
    *,
    filter_model: Mapping[str, Any] | None = None,
) -> Download:
    """The same list as :func:`page`, all of it, as a CSV file to stream."""
    if name in value_lists.LISTS:
        whole, viewed = value_lists.rows_of(dataset_id, filters, name, options), core.view_of(dataset_id, filters)
        as_of = viewed.as_of if viewed.dated else None
        return value_lists.download(whole, name, filters, as_of, filter_model=filter_model)
    seen = _everybody(dataset_id, filters)
    positions = narrowed(seen, _listed(seen, dataset_id, filters, name, options), None, filter_model)
    what = targeting.slug(name) + ("_narrowed" if filter_model else "")
    return file_of(seen, positions, targeting.file_name(what, filters.where, len(positions), seen.as_of.isoformat()))


def export_link(filters: Filters, name: str, options: Mapping[str, Any], *, grid: str = "") -> str:
    """The address of :func:`download`; ``filters`` names the dataset. grid: the grid's filters as JSON."""
    text = json.dumps(options, sort_keys=True, separators=(",", ":"))
    kept = filters.with_(extra=()).with_option(INSIGHT, name).with_option(OPTIONS, text).with_option("grid", grid)
    return f"/export/insight-people.csv{kept.to_search()}"


def asked(filters: Filters) -> tuple[str, dict[str, Any]]:
    """Insight and options of a link made by :func:`export_link`. Raises UserError for one that cannot be read."""
    try:
        options = json.loads(filters.option(OPTIONS, "{}"))
    except (ValueError, RecursionError):
        options = None
    if not isinstance(options, dict):
        raise UserError("bad_link", "The list in this link cannot be read.", "Open the list again from its number.")
    return filters.option(INSIGHT), options


def _everybody(dataset_id: str, filters: Filters) -> PeopleView:
    return view(dataset_id, filters.with_(where=(), segment=None), rules_of(dataset_id, filters))


def _listed(
    seen: PeopleView, dataset_id: str, filters: Filters, name: str, options: Mapping[str, Any]
) -> npt.NDArray[np.int64]:
    """Positions of the insight's people in ``seen.frame``, in the order of user ids."""
    found = insights.insight(name, dataset_id, filters.with_(extra=()), **options).frame
    if "user_id" not in found:
        raise UserError("unknown_list", "This list of people does not exist.", "Open it again from its number.")
    members = seen.frame["user_id"].astype("str").isin(found["user_id"].astype("str"))
    return np.flatnonzero(members.to_numpy())
