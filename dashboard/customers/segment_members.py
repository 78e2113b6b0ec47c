"""Who is in a segment: a rule asked of a dataset as of a day, one byte per person.

Every answer is complete for the whole dataset before anything is counted with it, and kept in memory under the data,
the as-of day and the rule, so that the numbers of one page and the next click find it ready.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dashboard import schema
from dashboard.customers import segment_kernels as kernels
from dashboard.customers.rules import CLASSES, LEVELS, RuleSet
from dashboard.customers.segment_json import key_of
from dashboard.customers.segment_rules import (
    AllOf,
    AnyOf,
    Did,
    FromInsight,
    InClass,
    Listed,
    Not,
    Property,
    Rule,
    Seen,
    day_of,
    nodes,
    number_of,
)
from dashboard.customers.segments import classify, no_dates
from dashboard.customers.table import local_days
from dashboard.engine.run import run
from dashboard.errors import CannotAnswer, UserError
from dashboard.filters import day_date, day_number, parse
from dashboard.insights import where
from dashboard.insights.memo import Memo
from dashboard.insights.selector import TABLE
from dashboard.insights.view import View, plain_view
from dashboard.insights.where import Mask
from dashboard.store import segments as stored
from dashboard.store.dataset import Dataset
from dashboard.store.manifest import ColumnInfo
from dashboard.store.partition import Partition

Members = tuple[Mask, ...]  # uint8[n_users] per partition

_memo: Memo[Members] = Memo(128 << 20, lambda parts: sum(part.nbytes for part in parts) + 1)
_FOREVER = (-(2**31), 2**31 - 1)
_OWN = ("user_id", "first_time", "last_time")  # columns of ours that "first seen" and "last seen" speak for


def members(view: View, rule: Rule) -> Members:
    """uint8[n_users] per partition: 1 for the persons in the segment, as of the view's day; the view's range and
    filters play no part. Raises CannotAnswer and UserError where the data lack what the rule asks for."""
    key = (view.scope, view.as_of, view.last_complete, key_of(rule))
    return _memo.get(key, lambda: _frozen(_members(view, rule)))


def _frozen(parts: Members) -> Members:
    for part in parts:
        part.flags.writeable = False
    return parts


def _members(view: View, rule: Rule) -> Members:
    match rule:
        case AllOf(rules):
            return _joined(view, rules, np.bitwise_and)
        case AnyOf(rules):
            return _joined(view, rules, np.bitwise_or)
        case Not(inner):
            return tuple(np.subtract(np.uint8(1), part) for part in members(view, inner))
        case Property():
            return _property(view, rule)
        case Did():
            return _did(view, rule)
        case Seen():
            return _seen(view, rule)
        case InClass():
            return _in_class(view, rule)
        case FromInsight():
            return _of_ids(view, _listed_by(view, rule))
        case Listed(list_id):
            return _of_ids(view, stored.read_list(view.dataset.id, list_id))


def _joined(view: View, rules: tuple[Rule, ...], join: Callable[[Mask, Mask], Mask]) -> Members:
    found = [members(view, rule) for rule in rules]
    return tuple(reduce(join, parts, parts[0].copy()) for parts in zip(*found, strict=True))


def check(dataset: Dataset, rule: Rule) -> None:
    """Raise UserError for events and properties that the data do not have at all, before a rule is saved."""
    for node in nodes(rule):
        if isinstance(node, Did):
            if TABLE not in dataset.manifest.tables:
                raise CannotAnswer("This data has no events.", (TABLE,), "Add an event log, or use other conditions.")
            node.event.check(dataset)
        if isinstance(node, Property):
            column(dataset, node.name)


def properties(dataset: Dataset) -> dict[str, ColumnInfo]:
    """The columns of persons that a rule can ask: none that names a person."""
    found = {}
    for name, info in dataset.manifest.columns.get("users", {}).items():
        known = schema.field("users", name)
        if name not in _OWN and not (known and known.personal):
            found[name] = info
    return found


def column(dataset: Dataset, name: str) -> ColumnInfo:
    """What a property of persons is. Raises CannotAnswer when a rule cannot ask it."""
    info = properties(dataset).get(name)
    if info is None:
        raise CannotAnswer(
            f"The people of this data have no property “{name}” that a segment can use.",
            (f"users.{name}",),
            "Choose another property, or map the column when importing.",
        )
    return info


def _property(view: View, rule: Property) -> Members:
    kind = column(view.dataset, rule.name).type
    text = rule.name in view.dataset.manifest.dictionaries
    fits = {
        **dict.fromkeys(("at_least", "at_most"), kind == "number"),
        **dict.fromkeys(("before", "after"), kind == "time"),
        **dict.fromkeys(("is", "is_not"), kind != "time"),
        "contains": text,
        "missing": True,
    }
    if not fits[rule.test]:
        what = "text" if text else {"number": "numbers", "time": "dates", "boolean": "yes or no"}.get(kind, kind)
        raise UserError("bad_segment", f"“{rule.name}” holds {what}: this comparison does not fit.", "Choose another.")

    def test(partition: Partition) -> Mask:
        values = partition.users.column(rule.name)
        if rule.test == "missing":
            return _missing(values)
        if rule.test in ("at_least", "at_most"):
            limit = number_of(rule.values[0])
            assert limit is not None  # the rule has checked it
            return (values >= limit if rule.test == "at_least" else values <= limit).astype(np.uint8)
        if rule.test in ("before", "after"):
            date = day_of(rule.values[0])
            assert date is not None
            days = local_days(values, view.dataset.manifest.time_zone)
            number = day_number(date)
            return (days < number if rule.test == "before" else days > number).astype(np.uint8)
        if rule.test == "contains":
            mask = np.ones(partition.n_users, np.uint8)
            where.keep_codes(values, _containing(view.dataset, rule.name, rule.values[0]), mask)
            return mask
        mask = where.persons_with(view, partition, (rule.name, rule.values))
        return mask if rule.test == "is" else np.subtract(np.uint8(1), mask)

    return run(view.dataset, test, tuple)


def _missing(values: npt.NDArray[Any]) -> Mask:
    if values.dtype == np.float64:
        return np.asarray(np.isnan(values), np.uint8)
    return np.asarray(values == schema.NULL_TIME if values.dtype == np.int64 else values < 0, np.uint8)


def _containing(dataset: Dataset, name: str, part: str) -> Mask:
    """uint8[texts + 1]: which codes of a text column hold a part, without regard to case; position code + 1."""
    wanted = part.casefold()
    hits = [wanted in str(text).casefold() for text in dataset.dictionary(name)]
    return np.array([False, *hits], np.uint8)


def _did(view: View, rule: Did) -> Members:
    first, last = _window(view, rule)

    def test(partition: Partition) -> Mask:
        out = np.zeros(partition.n_users, np.int32)
        rows = partition.table(TABLE)
        if rows is not None and not rule.event.where and rows.has("event_name"):
            allowed = rule.event.codes(view.dataset)
            kernels.count_codes(rows.offsets, rows.day, rows.column("event_name"), allowed, first, last, out)
        elif rows is not None:
            keep = rule.event.mask(partition, view.dataset).view(np.uint8)
            kernels.count_kept(rows.offsets, rows.day, keep, first, last, out)
        if rule.compare == "at_least":
            return (out >= rule.times).astype(np.uint8)
        return (out <= rule.times if rule.compare == "at_most" else out == rule.times).astype(np.uint8)

    return run(view.dataset, test, tuple)


def _window(view: View, rule: Did) -> tuple[int, int]:
    """First and last day number in which events count."""
    window = rule.window
    if window.kind == "ever":
        return _FOREVER[0], view.as_of if view.cut else _FOREVER[1]
    if window.kind == "last":
        return view.as_of - window.days + 1, view.as_of
    first, last = day_of(window.first), day_of(window.last)
    assert first is not None and last is not None  # the rule has checked both
    return day_number(first), min(day_number(last), view.as_of)


def _seen(view: View, rule: Seen) -> Members:
    from dashboard.insights.users import everybody  # which takes filters apart and so imports the view

    if not view.dated:
        raise no_dates()
    people = everybody(view)
    ago = people.values("recency_days") if rule.which == "last" else people.as_of - people.values("first_day")
    ago = np.where(ago < 0, np.nan, ago)  # first seen after the as-of day: not yet
    hits = ago >= rule.days if rule.compare == "at_least" else ago <= rule.days
    return _by_partition(view, people.frame["row"].to_numpy(), hits)


def _in_class(view: View, rule: InClass) -> Members:
    from dashboard.insights.users import everybody

    if not view.dated:
        raise no_dates()
    people, rules = everybody(view), RuleSet.from_text(rule.rules)
    found = classify(people.values(people.measure(rules.measure)), people.values("recency_days"), rules)
    codes, names = {
        "segment": (found.segment, CLASSES),
        "level": (found.level, LEVELS),
        "band": (found.band, ("0", "1", "2")),
    }[rule.what]
    wanted = np.array([name in rule.values for name in names])
    return _by_partition(view, people.frame["row"].to_numpy(), wanted[codes])


def _by_partition(view: View, row: npt.NDArray[np.int64], hits: npt.NDArray[np.bool_]) -> Members:
    """Answers per person cut into partitions; the i-th answer belongs to position row[i] in partition order."""
    everyone = np.zeros(len(row), np.uint8)
    everyone[row] = hits
    ends = np.cumsum([partition.n_users for partition in view.dataset.partitions])
    return tuple(part.copy() for part in np.split(everyone, ends[:-1]))


def _listed_by(view: View, rule: FromInsight) -> tuple[str, ...]:
    """The user ids an insight lists, as of the view's day."""
    from dashboard.insights.answer import require
    from dashboard.insights.registry import INSIGHTS

    item = INSIGHTS.get(rule.insight)
    if item is None:
        raise UserError("bad_segment", "A condition asks for an analysis that does not exist.", "Remove the condition.")
    manifest = view.dataset.manifest
    require(manifest, item.label, item.needs)
    own = (view.as_of, view.last_complete) == (manifest.last_day, manifest.last_complete_day) or not view.dated
    seen = plain_view(view.dataset, parse(rule.search).with_(as_of=None if own else day_date(view.as_of)))
    options = json.loads(rule.options)
    try:
        inspect.signature(item.compute).bind(seen, **options)
        frame = item.compute(seen, **options).frame
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise UserError(
            "bad_segment", f"The options of “{item.label}” in this segment do not fit.", "Save the segment again."
        ) from error
    if "user_id" not in frame:
        raise UserError("bad_segment", f"“{item.label}” does not list people.", "Choose a list of people.")
    return tuple(str(user) for user in frame["user_id"])


def _of_ids(view: View, ids: tuple[str, ...]) -> Members:
    wanted = pa.array(ids, pa.large_string())
    return run(
        view.dataset,
        lambda partition: (
            pc.is_in(partition.user_ids, value_set=wanted).to_numpy(zero_copy_only=False).astype(np.uint8)
        ),
        tuple,
    )


def forget() -> None:
    """Drop what is kept in memory (for measurements)."""
    _memo.clear()
