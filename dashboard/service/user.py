"""One person for pages: found by a text, named in links by a handle.

Ids, names and e-mail addresses go into a page and come out of a search field; they never stand in a link, a file name,
a log line or an error. Links carry a handle (:mod:`dashboard.store.handles`). A page's filters choose lists of people;
of one person everything is told, up to the as-of day.
"""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.errors import NotFound
from dashboard.service import core
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
