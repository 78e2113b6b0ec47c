"""Metrics of activity: who came, how often, who is new."""

from __future__ import annotations

import numpy as np

from dashboard.insights import activity, new_users
from dashboard.insights.registry import EVENT_LOG, SIGNUP, TIMED, Floats, Spans, metric
from dashboard.insights.totals import mean, ratio
from dashboard.insights.view import View


def _whole(spans: Spans) -> tuple[int, int]:
    return spans[0][0], spans[-1][1]


def _daily_means(view: View, spans: Spans, values: Floats, keep: np.ndarray) -> Floats:
    """Mean of daily values over the kept days of each span; values[i] and keep[i] belong to the i-th day."""
    first = spans[0][0]
    chosen = np.where(keep, values, np.nan)
    return np.array([mean(chosen[begin - first : end - first + 1]) for begin, end in spans])


def _days(view: View, spans: Spans) -> np.ndarray:
    first, last = _whole(spans)
    return np.arange(first, last + 1)


def _on_last_complete_day(view: View, spans: Spans, values: Floats) -> Floats:
    """The value on the last day of each span that is over; NaN when no day of the span is."""
    first = spans[0][0]
    last = [min(end, view.last_complete) for _, end in spans]
    return np.array(
        [values[end - first] if end >= begin else np.nan for (begin, _), end in zip(spans, last, strict=True)]
    )


@metric(
    "dau",
    "Daily active users",
    definition="Distinct users active on a day; over several days the mean of the complete days.",
    formula="mean over complete days of distinct users of the day",
    unit="count",
    needs=(TIMED,),
)
def dau(view: View, spans: Spans) -> Floats:
    counts = activity.rolling_counts(view, *_whole(spans))[0].astype(np.float64)
    return _daily_means(view, spans, counts, _days(view, spans) <= view.last_complete)


@metric(
    "wau",
    "Weekly active users",
    definition="Distinct users active in the 7 calendar days that end on the last complete day.",
    formula="distinct users of days d−6 … d",
    unit="count",
    needs=(TIMED,),
)
def wau(view: View, spans: Spans) -> Floats:
    return _on_last_complete_day(view, spans, activity.rolling_counts(view, *_whole(spans))[1].astype(np.float64))


@metric(
    "mau",
    "Monthly active users",
    definition="Distinct users active in the 30 calendar days that end on the last complete day.",
    formula="distinct users of days d−29 … d",
    unit="count",
    needs=(TIMED,),
)
def mau(view: View, spans: Spans) -> Floats:
    return _on_last_complete_day(view, spans, activity.rolling_counts(view, *_whole(spans))[2].astype(np.float64))


@metric(
    "stickiness",
    "Stickiness",
    definition="How much of the monthly audience comes on a day: the mean of DAU/MAU over the complete days.",
    formula="mean over complete days of DAU ÷ MAU; days whose 30 days begin before the data are left out",
    unit="rate",
    needs=(TIMED,),
)
def stickiness(view: View, spans: Spans) -> Floats:
    counts = activity.rolling_counts(view, *_whole(spans))
    days = _days(view, spans)
    keep = days <= view.last_complete
    if not view.fixed:
        keep &= days - activity.WINDOWS["mau"] + 1 >= view.first_day
    return _daily_means(view, spans, ratio(counts[0], counts[2]), keep)


@metric(
    "active_users",
    "Active users",
    definition="Distinct users active at least once in the period.",
    formula="distinct users with activity in the period",
    unit="count",
    needs=(TIMED,),
)
def active_users(view: View, spans: Spans) -> Floats:
    return activity.distinct_counts(view, spans).astype(np.float64)


@metric(
    "new_users",
    "New users",
    definition="Users first seen in the period; the first time is looked up in all data.",
    formula="users whose first activity ever lies in the period",
    unit="count",
    needs=(TIMED,),
)
def first_seen(view: View, spans: Spans) -> Floats:
    return new_users.new_counts(view, spans).astype(np.float64)


@metric(
    "signups",
    "Sign-ups",
    definition="Users whose sign-up date lies in the period.",
    formula="users with sign-up day in the period",
    unit="count",
    needs=(SIGNUP,),
)
def signups(view: View, spans: Spans) -> Floats:
    return new_users.signup_counts(view, spans).astype(np.float64)


@metric(
    "events",
    "Events",
    definition="Events of known users in the period.",
    formula="number of event rows in the period",
    unit="count",
    needs=(EVENT_LOG,),
)
def events(view: View, spans: Spans) -> Floats:
    return activity.event_counts(view, spans).astype(np.float64)


@metric(
    "events_per_user",
    "Events per active user",
    definition="Events of known users in the period, divided by the users active in it.",
    formula="events ÷ active users",
    unit="number",
    needs=(EVENT_LOG,),
)
def events_per_user(view: View, spans: Spans) -> Floats:
    return ratio(activity.event_counts(view, spans), activity.distinct_counts(view, spans))
