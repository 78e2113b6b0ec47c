"""The filter bar: dates, comparison, values of dimensions, as-of day. It shows the state of the URL and changes nothing
else: every choice is a link to the view it leads to, so Back works, a link can be copied, and no state hides anywhere.

Only two things cannot be links because they are typed or ticked first: custom dates and lists of values. They have an
Apply button whose clientside function (``assets/filters.js``) rewrites ``url.search``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dash_bootstrap_components as dbc
from dash import ALL, ClientsideFunction, Input, Output, State, clientside_callback, html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import ids
from dashboard.components.attributes import data
from dashboard.components.filter_values import more_filters, value_filter
from dashboard.components.labelled import aria
from dashboard.components.links import view_link
from dashboard.components.popup import popup
from dashboard.components.states import skeleton
from dashboard.filters import COMPARE, DEFAULT_COMPARE, DEFAULT_RANGE, PRESETS, Filters, Period, day_date
from dashboard.result import Dimension
from dashboard.schema import FILTER_DIMENSIONS

DATE = "filter-date"  # names "first", "last", "as_of"
APPLY_DATES = "filter-apply-dates"  # names "range", "as_of"

clientside_callback(
    ClientsideFunction("filters", "applyDates"),
    Output(ids.URL, "search", allow_duplicate=True),
    Input({"type": APPLY_DATES, "name": ALL}, "n_clicks"),
    State({"type": DATE, "name": ALL}, "value"),
    State({"type": DATE, "name": ALL}, "id"),
    prevent_initial_call=True,
)


@dataclass(frozen=True)
class Span:
    """What the view's dates mean for this dataset.

    first_day, last_day: the data's first day and last complete day (day numbers), None for data without time. period:
    the days in force, None when there is no time series. compared: the days of the comparison or None. as_of: the day
    in force, None without any date. data_as_of: the data's own. saved: (id, name) of the segments to choose from.
    segment: name of the one in force, "" without any. problem: why the link's segment is not in force, "" if it is.
    """

    as_of: dt.date | None = None
    data_as_of: dt.date | None = None
    first_day: int | None = None
    last_day: int | None = None
    period: Period | None = None
    compared: Period | None = None
    saved: tuple[tuple[str, str], ...] = ()
    segment: str = ""
    problem: str = ""

    @property
    def data_days(self) -> str:
        """First to last complete day of the data in words, "" without time."""
        if self.first_day is None or self.last_day is None:
            return ""
        return fmt.days(day_date(self.first_day), day_date(self.last_day))

    @property
    def shown_days(self) -> str:
        """The days in force in words, "" without a time series."""
        return fmt.days(day_date(self.period.first), day_date(self.period.last)) if self.period else ""

    @classmethod
    def of(cls, view: Any) -> Span:
        """From the service's view: attributes period, previous, as_of, dated, last_complete, saved, segment and
        dataset.manifest."""
        manifest = view.dataset.manifest
        applied = view.segment
        chosen: dict[str, Any] = {
            "saved": view.saved,
            "segment": applied.name if applied is not None and not applied.problem else "",
            "problem": applied.problem if applied is not None else "",
        }
        if not view.dated:
            return cls(**chosen)
        return cls(
            **chosen,
            as_of=day_date(view.as_of),
            data_as_of=day_date(manifest.last_day if manifest.last_day is not None else view.as_of),
            first_day=manifest.first_day,
            last_day=view.last_complete,
            period=view.period if "events" in manifest.tables else None,
            compared=view.previous,
        )


def placeholder(identifier: str) -> Component:
    """The empty bar of a layout; a page's callback fills its children with :func:`bar`."""
    return html.Div(
        skeleton(44, label="Loading filters"),
        id=identifier,
        className="filter-bar live no-print",
        role="search",
        **aria(label="Filters"),
    )


def bar(filters: Filters, dimensions: Sequence[Dimension], span: Span, *, dates: bool = True) -> list[Component]:
    """Children of the bar. dates False: the page or the data has no time series, so only the as-of day is offered."""
    first_class = [item for name in FILTER_DIMENSIONS for item in dimensions if item.name == name]
    others = [item for item in dimensions if item.name not in FILTER_DIMENSIONS]
    controls: list[Component] = []
    if dates and span.period is not None:
        controls += [_step(filters, span.period, -1), _range(filters, span), _step(filters, span.period, 1)]
        controls.append(_compare(filters, span))
    controls += [value_filter(filters, item) for item in first_class]
    controls += [value_filter(filters, item) for item in others if filters.values(item.name)]
    if span.saved or filters.segment is not None:
        controls.append(_segment(filters, span))
    hidden = [item for item in others if not filters.values(item.name)]
    if hidden:
        controls.append(more_filters(filters, hidden))
    controls.append(html.Span(className="filter-space"))
    if span.as_of is not None:
        controls.append(_as_of(filters, span))
    chips = _chips(filters, dimensions, span)
    problem = [html.P(span.problem, className="notice notice-warn", role="status")] if span.problem else []
    return [html.Div(controls, className="filter-row"), *([chips] if chips is not None else []), *problem]


def active(filters: Filters, dimensions: Sequence[Dimension]) -> str:
    """The value filters in words ("Country: UK, India · Plan: Premium"), "" without any; for print and titles."""
    labels = {item.name: item.label for item in dimensions}
    return " · ".join(
        f"{labels.get(name, name)}: {', '.join(value or 'missing' for value in values)}"
        for name, values in filters.where
    )


def _choice(text: str, href: str, *, on: bool, note: str = "") -> Component:
    attributes = aria(current="true") if on else {}
    return html.Li(
        html.A(
            [html.Span(text), *([html.Span(note, className="choice-note")] if note else [])],
            href=href,
            className="choice state-link" + (" is-on" if on else ""),
            **attributes,
        )
    )


def _date(name: str, label: str, value: dt.date | None, low: int | None = None, high: int | None = None) -> Component:
    limits: dict[str, Any] = {}
    if low is not None and high is not None:
        limits = {"min": day_date(low).isoformat(), "max": day_date(high).isoformat()}
    return html.Label(
        [
            html.Span(label, className="field-label"),
            dbc.Input(
                id={"type": DATE, "name": name},
                type="date",
                value=value.isoformat() if value else "",
                size="sm",
                **limits,
            ),
        ],
        className="filter-date",
    )


def _range(filters: Filters, span: Span) -> Component:
    period = span.period
    assert period is not None
    custom = filters.range not in PRESETS
    name = "Custom dates" if custom else PRESETS[filters.range]
    choices = [
        _choice(text, view_link(filters.with_(range=token)), on=filters.range == token)
        for token, text in PRESETS.items()
    ]
    ends = fmt.day(day_date(span.last_day)) if span.last_day is not None else ""
    return popup(
        "range",
        [html.Span(name), html.Span(fmt.days(day_date(period.first), day_date(period.last)), className="face-note")],
        [
            html.Ul(choices, className="choices"),
            html.Div(
                [
                    html.Div(
                        [
                            _date("first", "From", day_date(period.first), span.first_day, span.last_day),
                            _date("last", "To", day_date(period.last), span.first_day, span.last_day),
                        ],
                        className="filter-dates",
                    ),
                    html.Button(
                        "Apply dates",
                        id={"type": APPLY_DATES, "name": "range"},
                        type="button",
                        className="btn btn-primary btn-sm",
                    ),
                    html.P(f"Ranges end on the last complete day of the data, {ends}.", className="filter-hint"),
                ],
                className="filter-custom",
            ),
        ],
        on=filters.range != DEFAULT_RANGE,
        wide=True,
    )


def _step(filters: Filters, period: Period, direction: int) -> Component:
    """A link to the period before or after, of the same length; also behind the keys ``[`` and ``]``."""
    first, last = (day_date(day + direction * period.days).isoformat() for day in (period.first, period.last))
    text = "Earlier period" if direction < 0 else "Later period"
    return html.A(
        html.Span("‹" if direction < 0 else "›", **aria(hidden="true")),
        href=view_link(filters.with_(range=f"{first}..{last}")),
        className="filter-step state-link",
        title=text,
        **aria(label=text),
        **data(period="earlier" if direction < 0 else "later"),
    )


def _compare(filters: Filters, span: Span) -> Component:
    note = fmt.days(day_date(span.compared.first), day_date(span.compared.last)) if span.compared else ""
    choices = [
        _choice(text, view_link(filters.with_(compare=key)), on=filters.compare == key) for key, text in COMPARE.items()
    ]
    face = [html.Span("Compare", className="face-note"), html.Span(COMPARE[filters.compare])]
    if filters.range == "all":
        note = "All data has no earlier period to compare with."
    return popup(
        "compare",
        face,
        [html.Ul(choices, className="choices"), *([html.P(note, className="filter-hint")] if note else [])],
        on=filters.compare != DEFAULT_COMPARE,
    )


def _segment(filters: Filters, span: Span) -> Component:
    """The saved segments to filter by; the page where they are made is linked below."""
    choices = [_choice("Everybody", view_link(filters.with_(segment=None)), on=filters.segment is None)]
    choices += [
        _choice(name, view_link(filters.with_(segment=identifier)), on=filters.segment == identifier)
        for identifier, name in span.saved
    ]
    pages = "/audiences" + filters.with_(extra=()).to_search()
    return popup(
        "segment",
        [html.Span("Segment", className="face-note"), html.Span(span.segment or "Everybody")],
        [
            html.Ul(choices, className="choices"),
            html.P(html.A("Saved segments", href=pages, className="state-link"), className="filter-hint"),
        ],
        on=filters.segment is not None,
    )


def _as_of(filters: Filters, span: Span) -> Component:
    assert span.as_of is not None and span.data_as_of is not None
    kept = filters.as_of is None and span.as_of != span.data_as_of
    changed = filters.as_of is not None and span.as_of != span.data_as_of
    face = [html.Span("As of", className="face-note"), html.Span(fmt.day(span.as_of))]
    return popup(
        "as_of",
        face,
        [
            html.P(
                "Recency and “last days” are counted back from this day. "
                + (
                    "It is kept with the dataset; the last day in the data is "
                    if kept
                    else "By default it is the last day in the data, "
                )
                + f"{fmt.day(span.data_as_of)}.",
                className="filter-hint",
            ),
            _date("as_of", "As of", span.as_of),
            html.Div(
                [
                    html.Button(
                        "Apply day",
                        id={"type": APPLY_DATES, "name": "as_of"},
                        type="button",
                        className="btn btn-primary btn-sm",
                    ),
                    html.A(
                        "Use the data's day",
                        href=view_link(filters.with_(as_of=span.data_as_of if kept else None)),
                        className="btn btn-ghost btn-sm state-link",
                    ),
                ],
                className="filter-buttons",
            ),
        ],
        on=changed,
    )


def _chip(text: str, href: str) -> Component:
    return html.Li(
        html.A(
            [html.Span(text), html.Span("×", className="chip-x", **aria(hidden="true"))],
            href=href,
            className="chip state-link",
            **aria(label=f"Remove filter {text}"),
        )
    )


def _chips(filters: Filters, dimensions: Sequence[Dimension], span: Span) -> Component | None:
    labels = {item.name: item.label for item in dimensions}
    chips = [
        _chip(
            f"{labels.get(name, name)}: {value or 'missing'}",
            view_link(filters.with_where(name, [kept for kept in values if kept != value])),
        )
        for name, values in filters.where
        for value in values
    ]
    if filters.segment is not None:
        chips.append(_chip(f"Segment: {span.segment or 'not in force'}", view_link(filters.with_(segment=None))))
    if filters.as_of is not None and span.as_of is not None and span.as_of != span.data_as_of:
        chips.append(_chip(f"As of {fmt.day(span.as_of)}", view_link(filters.with_(as_of=None))))
    if not chips:
        return None
    reset = Filters(dataset=filters.dataset)
    return html.Div(
        [
            html.Ul(chips, className="chips", **aria(label="Active filters")),
            html.A("Reset all", href=view_link(reset), className="filter-reset state-link"),
        ],
        className="filter-chips",
    )
