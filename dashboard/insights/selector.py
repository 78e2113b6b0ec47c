"""Which events a step, a start, a return or an exclusion means: a name and conditions on properties.

JSON form ``{"event": name or null, "where": {property: value or [value, ...]}}``: ``null`` is any event, all properties
must hold, the values of one property are alternatives. Values are compared as text: ``1`` equals ``"1"``, a missing
property equals nothing. A property that the events do not have is looked up on the user.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.errors import UserError
from dashboard.insights import where as masks
from dashboard.store.dataset import Dataset
from dashboard.store.partition import Columns, Partition

TABLE = "events"
MAX_CONDITIONS = 10
_USABLE = (np.int32, np.float64, np.int8)
_TRUE, _FALSE = {"true", "1", "yes"}, {"false", "0", "no"}


@dataclass(frozen=True)
class Selector:
    """event: name, None = any event. where: ((property, (value, ...)), ...), sorted by property."""

    event: str | None = None
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __post_init__(self) -> None:
        if len(self.where) > MAX_CONDITIONS:
            raise UserError("bad_selector", f"An event can have at most {MAX_CONDITIONS} conditions.", "Remove some.")
        object.__setattr__(self, "where", tuple(sorted((name, tuple(values)) for name, values in self.where)))

    @classmethod
    def from_json(cls, data: Any) -> Selector:
        """From the JSON form; a plain text is the name of an event. Raises UserError for anything else."""
        if isinstance(data, Selector):
            return data
        if isinstance(data, str):
            return cls(data)
        if not isinstance(data, Mapping):
            raise _bad("It is not an object with “event” and “where”")
        event, conditions = data.get("event"), data.get("where") or {}
        if event is not None and not isinstance(event, str):
            raise _bad("“event” is not a name")
        if not isinstance(conditions, Mapping):
            raise _bad("“where” is not an object of properties and values")
        return cls(event, tuple((str(name), _values(given)) for name, given in conditions.items()))

    def to_json(self) -> dict[str, Any]:
        """The JSON form; equal selectors give equal objects."""
        return {"event": self.event, "where": {name: list(values) for name, values in self.where}}

    @property
    def label(self) -> str:
        """For people: ``purchase (plan: Pro or Basic)``."""
        name = "any event" if self.event is None else self.event
        conditions = ", ".join(f"{key}: {' or '.join(values)}" for key, values in self.where)
        return f"{name} ({conditions})" if conditions else name

    def check(self, dataset: Dataset) -> None:
        """Raise UserError ``unknown_event`` or ``unknown_property`` for what never occurs in the dataset."""
        if self.event is not None and dataset.code("event_name", self.event) < 0:
            raise UserError(
                "unknown_event",
                f"There is no event named “{self.event}” in this data.",
                "Choose one of the event names on the data page.",
            )
        partition = dataset.partitions[0] if dataset.partitions else None
        for name, _ in self.where:
            if partition is not None and property_of(partition, name) is None:
                raise UserError(
                    "unknown_property",
                    f"The events and the users have no property “{name}” that can be compared.",
                    "Choose one of the columns on the data page.",
                )

    def codes(self, dataset: Dataset) -> npt.NDArray[np.uint8]:
        """uint8[event names + 1]: which codes of ``event_name`` match, position code + 1 (0 = no name); conditions are
        not looked at."""
        names = dataset.manifest.dictionaries.get("event_name", 0)
        allowed = np.zeros(names + 1, np.uint8)
        if self.event is None:
            allowed[:] = 1
        elif (code := dataset.code("event_name", self.event)) >= 0:
            allowed[code + 1] = 1
        return allowed

    def mask(self, partition: Partition, dataset: Dataset) -> npt.NDArray[np.bool_]:
        """bool[rows of ``events``]: the rows that match, those of nobody included. An event or property that does not
        occur matches nothing (:meth:`check` is the place to refuse it)."""
        rows = partition.table(TABLE)
        if rows is None:
            return np.zeros(0, np.bool_)
        keep = np.ones(rows.n_rows, np.uint8)
        if self.event is not None:
            if not rows.has("event_name"):
                keep[:] = 0
            else:
                masks.keep_codes(rows.column("event_name"), self.codes(dataset), keep)
        for name, values in self.where:
            found = property_of(partition, name)
            if found is None:
                keep[:] = 0
            elif found is rows:
                _keep(dataset, rows.column(name), name, values, keep)
            else:
                persons = np.ones(partition.n_users, np.uint8)
                _keep(dataset, found.column(name), name, values, persons)
                known = rows.n_known
                keep[:known] &= np.repeat(persons, np.diff(rows.offsets))
                keep[known:] = 0
        return keep.view(np.bool_)

    def holds_at(self, partition: Partition, dataset: Dataset, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
        """bool[len(rows)]: which of these rows of known persons have the properties; the name is not looked at."""
        keep = np.ones(len(rows), np.uint8)
        for name, values in self.where:
            found = property_of(partition, name)
            if found is None:
                keep[:] = 0
                continue
            at: npt.NDArray[Any] = rows
            if found is partition.users:
                at = np.searchsorted(partition.table(TABLE).offsets, rows, side="right") - 1  # type: ignore[union-attr]
            column = found.column(name)[at]
            column.flags.writeable = False  # as stored columns are: kernels are compiled for read-only input
            _keep(dataset, column, name, values, keep)
        return keep.view(np.bool_)


def property_of(partition: Partition, name: str) -> Columns | None:
    """The columns that hold a property of events: the events' own, else the users'; None when neither has one whose
    values can be compared."""
    for columns in (partition.table(TABLE), partition.users):
        if columns is not None and name != "day" and columns.has(name) and columns.column(name).dtype in _USABLE:
            return columns
    return None


def _keep(
    dataset: Dataset, column: npt.NDArray[Any], name: str, values: tuple[str, ...], mask: npt.NDArray[np.uint8]
) -> None:
    if column.dtype == np.int32:
        allowed = np.zeros(dataset.manifest.dictionaries[name] + 1, np.uint8)
        for value in values:
            if (code := dataset.code(name, value)) >= 0:
                allowed[code + 1] = 1
        masks.keep_codes(column, allowed, mask)
    elif column.dtype == np.int8:
        texts = {value.lower() for value in values}
        masks.keep_codes(
            column.astype(np.int32), np.array([0, bool(texts & _FALSE), bool(texts & _TRUE)], np.uint8), mask
        )
    else:
        masks.keep_numbers(column, np.array(_numbers(values), np.float64), 0, mask)


def _numbers(values: tuple[str, ...]) -> list[float]:
    found = []
    for value in values:
        try:
            found.append(float(value))
        except ValueError:
            continue
    return found


def _values(given: Any) -> tuple[str, ...]:
    items = given if isinstance(given, list | tuple) else [given]
    if not items or not all(isinstance(item, str | int | float | bool) for item in items):
        raise _bad("A condition needs a value or a list of values")
    return tuple(dict.fromkeys(text(item) for item in items))


def text(value: str | float | bool) -> str:
    """A value as it is compared: 1 and 1.0 equal "1", true equals "true"."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _bad(why: str) -> UserError:
    return UserError("bad_selector", f"This is not an event to look for: {why}.", "Name an event, or choose one.")
