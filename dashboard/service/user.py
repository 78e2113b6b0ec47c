"""One person for pages: found by a text, named in links by a handle, placed in the list one came from.

Ids, names and e-mail addresses go into a page and come out of a search field; they never stand in a link, a file name,
a log line or an error. Links carry a handle (:mod:`dashboard.store.handles`). A page's filters choose lists of people;
of one person everything is told, up to the as-of day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dashboard.errors import NotFound
from dashboard.filters import Filters
from dashboard.service import core, insight_people, people_lists
from dashboard.service.customers import rules_of
from dashboard.store import lookup
from dashboard.store.dataset import Dataset
from dashboard.store.handles import Maker

SUGGESTIONS = 8


@dataclass(frozen=True)
class Suggestion:
    """A person who fits what was typed. field: "user_id", "name" or "email", where it was found."""

    handle: str
    user_id: str
    name: str | None
    email: str | None
    field: str


@dataclass(frozen=True)
class Suggestions:
    """items: best first. more: there are others. fields: what is searched."""

    items: tuple[Suggestion, ...]
    more: bool
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Who:
    """A person of a dataset. partition, number: as in ``Dataset.find``; row: position in partition order."""

    dataset: Dataset
    handle: str
    partition: int
    number: int
    row: int
    user_id: str


@dataclass(frozen=True)
class Place:
    """Where a person stands in a list. number: from 1, 0 = not in it. total: people of the list. previous, next:
    handles, "" at its ends; for somebody who is not in it, next is its first person."""

    number: int
    total: int
    previous: str
    next: str


def prepare(dataset_id: str) -> tuple[str, ...]:
    """Make searching ready and say what can be searched (seconds at first for a million people, then nothing)."""
    return lookup.lookup_of(core.open_for("read", dataset_id)).fields


def search(dataset_id: str, text: str, limit: int = SUGGESTIONS) -> Suggestions:
    """People whose id, name or e-mail contains the text, in any case. Raises NotFound for the dataset."""
    dataset = core.open_for("read", dataset_id)
    index, maker = lookup.lookup_of(dataset), Maker(dataset.id)
    found = index.search(text, limit)
    items = tuple(Suggestion(maker.handle(h.user_id), h.user_id, h.name, h.email, h.field) for h in found.hits)
    return Suggestions(items, found.more, index.fields)


def who(dataset_id: str, handle: str) -> Who:
    """The person behind a handle. Raises NotFound: for a dataset of somebody else, for a handle that no person of the
    dataset has, and for one that was made by another installation."""
    dataset = core.open_for("read", dataset_id)
    found = lookup.lookup_of(dataset).resolve(handle)
    if found is None:
        raise NotFound("person")
    partition, number = found
    before = sum(part.n_users for part in dataset.partitions[:partition])
    user_id = str(dataset.partitions[partition].user_ids[number].as_py())
    return Who(dataset, handle, partition, number, before + number, user_id)


def handle_of(dataset_id: str, user_id: str) -> str:
    """The handle of a person, for links. Raises NotFound when there is nobody of that id."""
    dataset = core.open_for("read", dataset_id)
    if dataset.find(user_id) is None:
        raise NotFound("person")
    return Maker(dataset.id).handle(user_id)


def place_in_insight(
    dataset_id: str,
    filters: Filters,
    name: str,
    options: Mapping[str, Any],
    handle: str,
    *,
    sort_model: Sequence[Mapping[str, Any]] | None = None,
    filter_model: Mapping[str, Any] | None = None,
) -> Place:
    """Where a person stands in the people of an insight (service.insight_people), in the grid's order. Raises NotFound,
    UserError and CannotAnswer like the list."""
    ids = insight_people.ordered_ids(
        dataset_id, filters, name, options, sort_model=sort_model, filter_model=filter_model
    )
    return _place(ids, who(dataset_id, handle))


def place_in_list(
    dataset_id: str,
    filters: Filters,
    token: str,
    handle: str,
    *,
    sort_model: Sequence[Mapping[str, Any]] | None = None,
    filter_model: Mapping[str, Any] | None = None,
) -> Place:
    """The same in a list of the rules (service.customers.people_page)."""
    rules = rules_of(dataset_id, filters)
    ids = people_lists.ordered_ids(dataset_id, filters, rules, token, sort_model=sort_model, filter_model=filter_model)
    return _place(ids, who(dataset_id, handle))


def _place(ids: pd.Series, person: Who) -> Place:
    maker, total = Maker(person.dataset.id), len(ids)

    def handle(at: int) -> str:
        return maker.handle(str(ids.iloc[at])) if 0 <= at < total else ""

    found = np.flatnonzero((ids == person.user_id).to_numpy())
    if not len(found):
        return Place(0, total, "", handle(0))
    at = int(found[0])
    return Place(at + 1, total, handle(at - 1), handle(at + 1))
