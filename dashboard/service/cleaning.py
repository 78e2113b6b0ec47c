"""Cleaning for pages: the rules kept with a dataset, changing and undoing them, and the lines behind each rule.

The ledger and the prices are the insights ``cleaning`` and ``price_behaviour``. Every function authorises the acting
person and raises ``NotFound`` like the rest of the service.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from dashboard.customers.cleaning import aliases, stored, taken
from dashboard.customers.cleaning.prices import BEHAVIOURS, price_table
from dashboard.customers.cleaning.rules import (
    BY_NAME,
    DEFAULT,
    KEPT,
    RULES,
    SWITCHES,
    Cleaning,
    aliases_of,
    codes_of,
    in_words,
)
from dashboard.errors import NotFound
from dashboard.filters import Filters
from dashboard.insights import periods
from dashboard.insights import view as views
from dashboard.insights.answer import require
from dashboard.insights.registry import ORDERS
from dashboard.insights.view import View
from dashboard.service import core

__all__ = ["BEHAVIOURS", "KEPT", "RULES", "SWITCHES", "Choice", "Rules"]

PIECE = 20_000  # lines of a download that are read at a time


@dataclass(frozen=True)
class Choice:
    """A rule as a page shows it. treatments: (value, words), one entry where there is no choice."""

    name: str
    label: str
    short: str
    text: str
    treatments: tuple[tuple[str, str], ...]
    treatment: str


@dataclass(frozen=True)
class Rules:
    """The rules of a dataset. codes, aliases: as text to edit. changed: they differ from the defaults. undo: changes
    that can be undone. suggested: aliases that occur in the data and are not in the table, as text."""

    choices: tuple[Choice, ...]
    codes: str
    aliases: str
    changed: bool
    undo: int
    suggested: str


def rules(dataset_id: str) -> Rules:
    """The cleaning rules in force."""
    dataset = core.open_for("read", dataset_id)
    found = stored.cleaning_of(dataset_id)
    choices = tuple(
        Choice(
            rule.name,
            rule.label,
            rule.short,
            rule.text,
            tuple((value, in_words(rule.name, value)) for value in rule.treatments),
            found.treatment(rule.name),
        )
        for rule in RULES
    )
    return Rules(
        choices,
        "\n".join(found.codes),
        _lines(found.aliases),
        found != DEFAULT,
        stored.changes(dataset_id),
        _lines(aliases.suggested(dataset, found)),
    )


def _lines(pairs: tuple[tuple[str, str], ...]) -> str:
    return "\n".join(f"{name} = {meant}" for name, meant in pairs)


def treat(dataset_id: str, treatments: dict[str, str]) -> bool:
    """Treat the lines of some rules otherwise; whether that changed anything. Raises UserError ("bad_cleaning")."""
    wanted = {name: value for name, value in treatments.items() if name in SWITCHES}
    return _keep(dataset_id, lambda now: Cleaning.from_json({**now.to_json(), **wanted}))


def keep_codes(dataset_id: str, text: str) -> bool:
    """Keep the list of service codes as a person typed it; whether that changed anything. Raises UserError."""
    return _keep(dataset_id, lambda now: replace(now, codes=codes_of(text)))


def keep_aliases(dataset_id: str, text: str) -> bool:
    """Keep the table of country aliases as a person typed it; whether that changed anything. Raises UserError."""
    return _keep(dataset_id, lambda now: replace(now, aliases=aliases_of(text)))


def reset(dataset_id: str) -> bool:
    """Back to the defaults; this can be undone, too."""
    return _keep(dataset_id, lambda now: DEFAULT)


def undo(dataset_id: str) -> bool:
    """Bring back the rules before the last change; whether there was one."""
    core.authorise(dataset_id, "change")
    if not stored.changes(dataset_id):
        return False
    stored.undo(dataset_id)
    return True


def _keep(dataset_id: str, changed: Any) -> bool:
    core.authorise(dataset_id, "change")
    now = stored.cleaning_of(dataset_id)
    then: Cleaning = changed(now)
    stored.keep(dataset_id, then)
    return then != now


def row_chunks(dataset_id: str, filters: Filters, rule: str, which: str) -> Iterator[list[list[object]]]:
    """The lines behind a rule as rows of a file, some thousands at a time; the first row of the first piece names the
    columns. Raises NotFound for an unknown rule, CannotAnswer without orders."""
    view = _view(dataset_id, filters)
    if (rule not in BY_NAME and rule != KEPT) or which not in ("taken", "met"):
        raise NotFound("file")
    return _pieces(view, rule, which)


def _pieces(view: View, rule: str, which: str) -> Iterator[list[list[object]]]:
    places = taken.places(view, view.cleaning, rule, met=which == "met")
    total = sum(len(rows) for rows in places)
    named = False
    for first in range(0, max(total, 1), PIECE):
        frame = taken.frame_of(view, taken.window(places, first, PIECE), purchases=rule == "cancellations")
        cells = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
        yield cells if named else [list(frame.columns), *cells]
        named = True


def price_rows(dataset_id: str, filters: Filters, behaviour: str = "") -> tuple[list[str], list[list[object]]]:
    """How the price of every product behaves, all of them: names of the columns, and the rows. behaviour: only these
    products. Raises CannotAnswer."""
    view = _view(dataset_id, filters)
    table = price_table(view)
    chosen = table[table["behaviour"] == behaviour] if behaviour else table
    chosen = chosen.assign(changed_on=[periods.iso(day) if day >= 0 else "" for day in chosen["changed_on"]])
    return list(chosen.columns), chosen.astype(object).where(chosen.notna(), None).to_numpy().tolist()


def _view(dataset_id: str, filters: Filters) -> View:
    dataset = core.open_for("read", dataset_id)
    require(dataset.manifest, "Cleaning", (ORDERS,))
    return views.view_of(dataset, core.dated(dataset_id, filters))
