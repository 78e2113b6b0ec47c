"""A dataset seen through filters: which days, compared with which, whose rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from dashboard import filters as state
from dashboard.customers.cleaning.rules import DEFAULT, Cleaning
from dashboard.customers.cleaning.stored import cleaning_of
from dashboard.filters import Filters, Period
from dashboard.insights import periods
from dashboard.store.dataset import Dataset

SEGMENT = "@segment"  # name of the clause in ``View.where`` that stands for the saved segment; no column is called so


@dataclass(frozen=True)
class Applied:
    """The saved segment of a view.

    id: as in the link. name: for people, "" when it is not known. key: of the rule (equal rules, equal keys), so that
    an edited segment never gets the old numbers. members: uint8[n_users] per partition; None when the segment cannot
    be used, and ``problem`` then says why in a sentence: the view shows everybody.
    """

    id: str
    name: str
    key: str
    members: tuple[npt.NDArray[np.uint8], ...] | None = field(default=None, compare=False, repr=False)
    problem: str = ""


@dataclass(frozen=True)
class View:
    """What every metric and insight gets.

    period, previous: inclusive local days; previous is None without comparison. where: ((column, (value, ...)), ...).
    as_of: the day "now" means: the data's last day or the day a person chose; nothing after it exists. last_complete:
    the last day that is over. fixed: a person typed the range in, so days with a window that is not full stay in.
    segment: the saved segment or None; where it is in force, ``where`` has a clause SEGMENT that names its rule and
    days. saved: (id, name) of the segments a page may offer. cleaning: the rules that order lines go through, those
    kept with the dataset.
    """

    dataset: Dataset
    period: Period
    previous: Period | None
    where: tuple[tuple[str, tuple[str, ...]], ...]
    as_of: int
    last_complete: int
    fixed: bool = False
    dated: bool = True
    segment: Applied | None = None
    saved: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    cleaning: Cleaning = DEFAULT

    @property
    def segment_key(self) -> str | None:
        """What stands for the segment in a cache key: the rule, not its id; differs also where it cannot be used."""
        return None if self.segment is None else self.segment.key or f"not in force: {self.segment.problem}"

    @property
    def first_day(self) -> int:
        first = self.dataset.manifest.first_day
        return self.as_of if first is None else min(first, self.as_of)

    @property
    def week_start(self) -> str:
        return self.dataset.manifest.week_start

    @property
    def cut(self) -> bool:
        """Whether there are rows after ``as_of`` that must not be seen."""
        last = self.dataset.manifest.last_day
        return last is not None and self.as_of < last

    @property
    def data(self) -> tuple[str, int, str]:
        """Identity of the immutable data behind the view."""
        return (self.dataset.id, self.dataset.version, self.dataset.manifest.content_hash)

    @property
    def scope(self) -> tuple[str, int, str, str]:
        """Identity of the data as the view sees them: cleaned by these rules."""
        return (*self.data, self.cleaning.key)

    @property
    def key(self) -> tuple[object, ...]:
        """What a number under the view depends on besides its own question; without the compared period."""
        return (self.scope, self.where, self.period, self.as_of, self.last_complete)

    def buckets(self, by: str, period: Period | None = None) -> periods.Buckets:
        period = period or self.period
        return periods.buckets(
            period.first, period.last, by, last_complete=self.last_complete, week_start=self.week_start
        )

    def comparable(self) -> bool:
        """Whether the data cover the whole previous period; a half-empty one would show growth that is none."""
        return self.previous is not None and self.previous.first >= self.first_day


def view_of(dataset: Dataset, filters: Filters) -> View:
    """The view that filters mean on a dataset. A range is anchored on the last complete day, or on the chosen as-of day
    (which then counts as complete: who sets it says that the day is over). The people of a saved segment are found
    here, before anything is counted."""
    plain = plain_view(dataset, filters)
    if filters.segment is None:
        return plain
    from dashboard.customers.segment_apply import applied  # whose conditions ask insights, which take a view

    segment = applied(plain, filters.segment)
    if segment.members is None:
        return replace(plain, segment=segment)
    # who meets the rule depends on these days, and what is kept in memory is kept under ``where``
    clause = (SEGMENT, (segment.key, str(plain.as_of), str(plain.last_complete)))
    return replace(plain, segment=segment, where=(*plain.where, clause))


def plain_view(dataset: Dataset, filters: Filters) -> View:
    """:func:`view_of` without the saved segment."""
    chosen_where = tuple(clause for clause in filters.where if clause[0] != SEGMENT)
    manifest = dataset.manifest
    chosen = state.day_number(filters.as_of) if filters.as_of else None
    cleaning = cleaning_of(dataset.id)
    if manifest.first_day is None or manifest.last_day is None or manifest.last_complete_day is None:
        day = chosen or 0
        return View(dataset, Period(day, day), None, chosen_where, day, day, dated=False, cleaning=cleaning)
    as_of = manifest.last_day if chosen is None else chosen
    last_complete = manifest.last_complete_day if chosen is None else chosen
    period = state.resolve(filters.range, first_day=manifest.first_day, last_day=last_complete)
    return View(
        dataset=dataset,
        period=period,
        previous=state.comparison(filters.range, period, filters.compare),
        where=chosen_where,
        as_of=as_of,
        last_complete=last_complete,
        fixed=filters.range not in state.PRESETS,
        cleaning=cleaning,
    )
