"""What every call of the service goes through: who asks, may they, is it known already, what was read for it."""

from __future__ import annotations

import atexit
import datetime as dt
import difflib
import gc
import inspect
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from dashboard import cache, result, settings
from dashboard.customers.cleaning import claims
from dashboard.engine import heap
from dashboard.errors import NotFound, UserError
from dashboard.filters import Filters, day_number
from dashboard.insights import answer, dimensions, kpis, metrics, periods, warm_up
from dashboard.insights import view as views
from dashboard.insights.groups import SEGMENT
from dashboard.insights.registry import INSIGHTS, METRICS
from dashboard.insights.view import View
from dashboard.result import LeftOut, Result
from dashboard.store import catalogue, preferences, segments
from dashboard.store.dataset import Dataset, open_dataset

LOCAL = "local"  # the owner of everything on an installation without sign-in
ACTIONS = frozenset({"read", "change", "delete"})

_owner: ContextVar[str | None] = ContextVar("owner", default=None)

# What is computed and kept besides the registered insights; reached through service.insights only.
_INTERNAL: dict[str, Callable[..., Result]] = {
    "metric": metrics.metric_result,
    "kpis": kpis.kpis_result,
    "dimensions": dimensions.dimensions_result,
}


@contextmanager
def acting_as(owner: str) -> Iterator[None]:
    """Everything inside happens in the name of ``owner``; the web layer does this once per request."""
    token = _owner.set(owner)
    try:
        yield
    finally:
        _owner.reset(token)


def current_owner() -> str:
    """Who asks. Without sign-in there is one person; with it, a call outside :func:`acting_as` is nobody's and refused.

    Raises NotFound then.
    """
    owner = _owner.get()
    if owner is not None:
        return owner
    if settings.current().secret:
        raise NotFound("dataset")
    return LOCAL


def authorise(dataset_id: str, action: str) -> None:
    """Raise NotFound unless the acting person may do ``action`` (one of ACTIONS) with the dataset. Deny is the default:
    an unknown action, an unknown dataset and somebody else's dataset are the same answer."""
    owner = current_owner()
    if action not in ACTIONS:
        raise NotFound("dataset")
    with catalogue.reading() as connection:
        row = connection.execute("SELECT owner FROM datasets WHERE id = ?", (dataset_id,)).fetchone()
    if row is None or row["owner"] != owner:
        raise NotFound("dataset")


def open_for(action: str, dataset_id: str) -> Dataset:
    """The current version of a dataset the acting person may do ``action`` with. Raises NotFound."""
    authorise(dataset_id, action)
    return open_dataset(dataset_id)


def cached_bytes(function: str, dataset: Dataset, query: dict[str, Any], compute: Callable[[], bytes]) -> bytes:
    """``compute()``, kept under the dataset's content, the function, the query, the acting person and the code.

    query: JSON-ready and canonical (equal questions give equal dictionaries).
    """
    key = cache.key_of(
        dataset=dataset.id,
        version=dataset.version,
        content=dataset.manifest.content_hash,
        function=function,
        query=query,
        scope=current_owner(),
        time_zone=dataset.manifest.time_zone,
    )
    return cache.results().get(key, dataset.id, compute)


def run(name: str, dataset_id: str, filters: Filters, options: dict[str, Any]) -> Result:
    """Authorise, then the kept answer or a new one, with its provenance.

    name: a registered insight. options: keyword arguments of its function, JSON-ready.
    Raises NotFound, CannotAnswer and UserError (unknown option or value).
    """
    dataset = open_for("read", dataset_id)
    filters = dated(dataset_id, filters)
    view = views.view_of(dataset, filters)
    query = {**canonical(view, filters), "options": {key: options[key] for key in sorted(options)}}
    if named := _segments_in(dataset, options):
        query["segments"] = named
    data = cached_bytes(name, dataset, query, lambda: _compute(name, view, options, query).to_bytes())
    return result.from_bytes(data)


def dated(dataset_id: str, filters: Filters) -> Filters:
    """The filters with the as-of day that is kept with the dataset, where the link names none."""
    if filters.as_of is not None:
        return filters
    return filters.with_(as_of=kept_as_of(dataset_id))


def kept_as_of(dataset_id: str) -> dt.date | None:
    """The as-of day that was set on a dataset; None = the data's own last day."""
    try:
        return dt.date.fromisoformat(str(preferences.read(dataset_id).get("as_of")))
    except ValueError:
        return None


def keep_as_of(dataset_id: str, day: dt.date | None) -> None:
    """Set the as-of day of a dataset for every view whose link names none; None = the data's own last day.

    Raises NotFound, UserError ``as_of`` for a day on which there are no data yet.
    """
    manifest = open_for("change", dataset_id).manifest
    if day is not None and (manifest.first_day is None or day_number(day) < manifest.first_day):
        raise UserError("as_of", "There are no data on or before this day.", "Choose a later day.")
    preferences.write(dataset_id, "as_of", day.isoformat() if day else None)


def canonical(view: View, filters: Filters) -> dict[str, Any]:
    """:meth:`Filters.canonical` with the saved segment as what it is, not as it is called, and the cleaning rules: an
    edited segment or rule is another question."""
    return {**filters.canonical(), "segment": view.segment_key, "cleaning": view.cleaning.key}


def _segments_in(dataset: Dataset, options: Any) -> dict[str, str]:
    """Id -> rule of the saved segments that options name (``segment:<id>``): an edited segment is another question."""
    if isinstance(options, str) and options.startswith(SEGMENT):
        wanted = options.removeprefix(SEGMENT)
        return {item.id: item.rule for item in segments.of_dataset(dataset.id) if item.id == wanted}
    parts = options.values() if isinstance(options, dict) else options if isinstance(options, list | tuple) else ()
    return {key: rule for part in parts for key, rule in _segments_in(dataset, part).items()}


def _compute(name: str, view: View, options: dict[str, Any], query: dict[str, Any]) -> Result:
    started = time.perf_counter()
    dataset = view.dataset
    if name in INSIGHTS:
        answer.require(dataset.manifest, INSIGHTS[name].label, INSIGHTS[name].needs)
        function = INSIGHTS[name].compute
    else:
        function = _INTERNAL[name]
    _check_options(function, view, options)
    computed = function(view, **options)
    return replace(
        computed,
        notes=_notes(view, computed),
        left_out=(*computed.left_out, *_guests(view, name, options), *_cleaned(view, name, options)),
        query=query,
        dataset=dataset.id,
        version=str(dataset.version),
        time_zone=dataset.manifest.time_zone,
        as_of=periods.iso(view.as_of) if view.dated else "",
        computed_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        seconds=round(time.perf_counter() - started, 6),
    )


def _notes(view: View, computed: Result) -> tuple[str, ...]:
    """The notes and, where the insight has not said it, that a segment is not in force."""
    problem = view.segment.problem if view.segment is not None else ""
    return (problem, *computed.notes) if problem and problem not in computed.notes else computed.notes


def _guests(view: View, name: str, options: dict[str, Any]) -> tuple[LeftOut, ...]:
    """The rows of nobody that a segment leaves out of a number about rows."""
    if view.segment is None or view.segment.members is None:
        return ()
    item = METRICS.get(str(options.get("key"))) if name == "metric" else INSIGHTS.get(name)
    table = metrics.table_of(item) if item is not None else None
    rows = view.dataset.manifest.guests.get(table, 0) if table is not None else 0
    text = "rows of guests in the whole dataset: guests are in no segment"
    return (LeftOut("guests_no_segment", rows, text),) if rows else ()


def _cleaned(view: View, name: str, options: dict[str, Any]) -> tuple[LeftOut, ...]:
    """The order lines that the dataset's cleaning rules leave out of a number about orders."""
    item = METRICS.get(str(options.get("key"))) if name == "metric" else INSIGHTS.get(name)
    if not view.cleaning.drops or item is None or name in ("cleaning", "cleaning_rows"):
        return ()
    if not any("transactions" in need.any_of for need in item.needs):
        return ()
    lines = claims.dropped(view)
    rules = ", ".join(rule.label.lower() for rule in view.cleaning.drops)
    text = f"order lines in the whole dataset by its cleaning rules ({rules})"
    return (LeftOut("cleaning", lines, text),) if lines else ()


def _check_options(function: Callable[..., Result], view: View, options: dict[str, Any]) -> None:
    try:
        inspect.signature(function).bind(view, **options)
    except TypeError:
        known = [name for name in inspect.signature(function).parameters if name != "view"]
        wrong = sorted(set(options) - set(known))
        hint = f"It has: {', '.join(known)}." if known else "It has no options."
        raise UserError(
            "unknown_option", f"There is no option {', '.join(wrong) or 'of that kind'} here.", hint
        ) from None


def unknown(what: str, name: str, known: list[str]) -> UserError:
    """The error for a name that is not registered, with the nearest ones as a hint."""
    near = difflib.get_close_matches(name, known, n=3)
    hint = f"Did you mean {', '.join(near)}?" if near else f"There are: {', '.join(known)}."
    return UserError(f"unknown_{what}", f"There is no {what} of that name.", hint)


def view_of(dataset_id: str, filters: Filters) -> View:
    """The days, the comparison and the segment that filters mean on a dataset, for texts like "1–30 November, compared
    with …", with the saved segments to choose from."""
    view = views.view_of(open_for("read", dataset_id), dated(dataset_id, filters))
    return replace(view, saved=tuple((item.id, item.name) for item in segments.of_dataset(dataset_id)))


def warm() -> None:
    """Load every kernel of the insights, compiled or from the cache, so that the first click is quick.

    What is in memory then stays, and the garbage collector need not look at it again: to walk through all modules and
    kernels takes an eighth of a second, and every thread waits. What answers use stays too, see
    :mod:`dashboard.engine.heap`.
    """
    heap.keep()
    warm_up.compile_kernels()
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)  # else libraries report at the end what they think has leaked
