"""The people behind a number: pages of a grid, and the same list as a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.customers import grid_query, lists, selection
from dashboard.customers.lists import Column
from dashboard.customers.rules import RuleSet
from dashboard.customers.table import MEASURE_LABEL
from dashboard.filters import Filters
from dashboard.offers import targeting
from dashboard.service.customer_results import Download, PeoplePage
from dashboard.service.people import PeopleView, grouping, view
from dashboard.service.people_links import around, linked


def people_columns(dataset_id: str, filters: Filters, rules: RuleSet) -> tuple[Column, ...]:
    """The columns of a people list of this dataset, in order; ``Column.name`` is the key in rows, sorts and filters."""
    seen = view(dataset_id, filters, rules)
    return lists.columns(seen.people, seen.measure)


def people_page(
    dataset_id: str,
    filters: Filters,
    rules: RuleSet,
    chosen: str = selection.ALL,
    *,
    start: int = 0,
    end: int = 100,
    sort_model: Sequence[Mapping[str, Any]] | None = None,
    filter_model: Mapping[str, Any] | None = None,
    near: str = "",
) -> PeoplePage:
    """Rows ``start`` (inclusive) to ``end`` (exclusive, at most 1,000 rows) of the people behind a number.

    chosen: a token of ``customers.selection`` ("targets", "class.Risky", "cell.Medium.1", "group.0" …). sort_model,
    filter_model: as AG Grid's infinite row model sends them; without a sort the list is in the order of user ids.
    near: a person's handle; only this one and the two beside them are returned (people_links.around). Raises UserError
    ("unknown_list", "bad_filter").
    """
    if near:
        ids = ordered_ids(dataset_id, filters, rules, chosen, sort_model=sort_model, filter_model=filter_model)
        return around(dataset_id, ids, near)
    seen = view(dataset_id, filters, rules)
    positions = _positions(seen, chosen, sort_model, filter_model)
    return linked(dataset_id, page_of(seen, positions, start, end))


def ordered_ids(
    dataset_id: str,
    filters: Filters,
    rules: RuleSet,
    chosen: str = selection.ALL,
    *,
    sort_model: Sequence[Mapping[str, Any]] | None = None,
    filter_model: Mapping[str, Any] | None = None,
) -> pd.Series:
    """The user ids of the whole list of :func:`people_page`, in its order."""
    seen = view(dataset_id, filters, rules)
    return seen.frame["user_id"].iloc[_positions(seen, chosen, sort_model, filter_model)]


def people_csv(
    dataset_id: str,
    filters: Filters,
    rules: RuleSet,
    chosen: str = selection.ALL,
    *,
    sort_model: Sequence[Mapping[str, Any]] | None = None,
    filter_model: Mapping[str, Any] | None = None,
) -> Download:
    """The same list as :func:`people_page`, all of it, as a CSV file to stream; the name says what it holds."""
    seen = view(dataset_id, filters, rules)
    positions = _positions(seen, chosen, sort_model, filter_model)
    return file_of(seen, positions, file_name(seen, chosen, len(positions), narrowed=bool(filter_model)))


def targets_page(
    dataset_id: str,
    filters: Filters,
    rules: RuleSet,
    start: int,
    end: int,
    sort_model: Sequence[Mapping[str, Any]] | None = None,
    filter_model: Mapping[str, Any] | None = None,
) -> PeoplePage:
    """:func:`people_page` of the discount targets."""
    return people_page(
        dataset_id,
        filters,
        rules,
        selection.TARGETS,
        start=start,
        end=end,
        sort_model=sort_model,
        filter_model=filter_model,
    )


def targets_csv(dataset_id: str, filters: Filters, rules: RuleSet) -> Download:
    """The discount list: every target, one row each."""
    return people_csv(dataset_id, filters, rules, selection.TARGETS)


def describe_list(chosen: str, rules: RuleSet) -> str:
    """A selection token in words, for the heading of a list. Raises UserError ("unknown_list")."""
    return selection.describe(chosen, rules)


def _positions(
    seen: PeopleView,
    chosen: str,
    sort_model: Sequence[Mapping[str, Any]] | None,
    filter_model: Mapping[str, Any] | None,
) -> npt.NDArray[np.int64]:
    groups = grouping(seen).labels if chosen.startswith(selection.GROUP) else None
    listed = np.flatnonzero(seen.chosen & selection.mask(chosen, seen.found, groups))
    return narrowed(seen, listed, sort_model, filter_model)


def narrowed(
    seen: PeopleView,
    listed: npt.NDArray[np.int64],
    sort_model: Sequence[Mapping[str, Any]] | None,
    filter_model: Mapping[str, Any] | None,
) -> npt.NDArray[np.int64]:
    """The listed people (positions in ``seen.frame``) that pass the grid's filters, in its order. Raises UserError."""
    if not sort_model and not filter_model:
        return listed
    types = {c.name: c.type for c in lists.columns(seen.people, seen.measure) if c.sortable}
    return listed[grid_query.choose(seen.frame.iloc[listed], types, sort_model, filter_model)]


def page_of(seen: PeopleView, positions: npt.NDArray[np.int64], start: int, end: int) -> PeoplePage:
    """Rows ``start`` to ``end`` (at most 1,000) of a list of positions in ``seen.frame``."""
    start = max(0, int(start))
    page = positions[start : min(max(start, int(end)), start + 1_000)]
    return PeoplePage(lists.json_rows(_rows(seen, page)), len(positions))


def file_of(seen: PeopleView, positions: npt.NDArray[np.int64], name: str) -> Download:
    """All rows of a list of positions in ``seen.frame`` as a CSV file to stream."""
    asked = lists.columns(seen.people, seen.measure)
    pieces = (
        _rows(seen, positions[at : at + targeting.ROWS_PER_CHUNK])
        for at in range(0, len(positions), targeting.ROWS_PER_CHUNK)
    )
    return Download(name, len(positions), targeting.csv_chunks([column.name for column in asked], pieces))


def _rows(seen: PeopleView, positions: npt.NDArray[np.int64]) -> pd.DataFrame:
    sentences = targeting.reasons(
        seen.found, positions, seen.engagement, seen.recency, seen.rules, MEASURE_LABEL[seen.measure]
    )
    return lists.rows(seen.frame.iloc[positions], lists.columns(seen.people, seen.measure), sentences)


def file_name(seen: PeopleView, chosen: str, people: int, narrowed: bool = False) -> str:
    what = f"discount-targets_{targeting.rule_slug(seen.rules)}" if chosen == selection.TARGETS else "people"
    if chosen not in (selection.TARGETS, selection.ALL):
        what += f"_{targeting.slug(selection.describe(chosen, seen.rules))}"
    if seen.seen.segment is not None and seen.seen.segment.members is not None:
        what += f"_{targeting.slug(seen.seen.segment.name) or seen.seen.segment.id}"
    if narrowed:
        what += "_narrowed"
    return targeting.file_name(what, seen.filters.where, people, seen.as_of.isoformat())
