"""The choices of the engagement page as the URL has them, and the lists of people that its numbers open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dashboard import format as fmt
from dashboard.components.choice import Option
from dashboard.figures.rhythm import length_name
from dashboard.filters import Filters

TAB, BY, ACTIVITY, SPLIT, RATIO, MODE, FEATURE = "tab", "by", "activity", "split", "ratio", "mode", "feature"
TABS = (
    Option("active", "Active people"),
    Option("habits", "Habits"),
    Option("lifecycle", "Lifecycle"),
    Option("features", "Features"),
)
PERIODS = (Option("day", "Day"), Option("week", "Week"), Option("month", "Month"))
RATIOS = (
    Option("stickiness", "DAU / MAU"),
    Option("wau_mau", "WAU / MAU"),
    Option("dau", "DAU"),
    Option("wau", "WAU"),
    Option("mau", "MAU"),
)
MODES = (Option("exact", "Exactly"), Option("at_least", "At least"))
STATES = {"new": "New", "returning": "Returning", "resurrecting": "Resurrecting", "dormant": "Dormant"}
SIX = {
    "not_yet": "Not seen yet",
    "new": "New",
    "current": "Current",
    "reactivated": "Reactivated",
    "resurrected": "Resurrected",
    "at_risk_week": "Away up to a week",
    "at_risk_month": "Away up to a month",
    "dormant": "Dormant",
}
LAST_GAP = 60  # days between visits; longer gaps share this class
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Asked:
    """The choices in force. activity: event name, "" = the dataset's. split: column of the users, "" = none. feature:
    the one looked at closely, "" = the most used."""

    tab: str
    by: str
    activity: str
    split: str
    ratio: str
    mode: str
    feature: str

    def active(self) -> dict[str, Any]:
        """Options of every insight about activity."""
        return {"activity": self.activity} if self.activity else {}


def asked(filters: Filters, days: int) -> Asked:
    """Read the options of a view whose range has so many days."""

    def one(name: str, options: tuple[Option, ...], default: str = "") -> str:
        value = filters.option(name)
        return value if value in {item.value for item in options} else default or options[0].value

    return Asked(
        tab=one(TAB, TABS),
        by=one(BY, PERIODS, default_period(days)),
        activity=filters.option(ACTIVITY),
        split=filters.option(SPLIT),
        ratio=one(RATIO, RATIOS),
        mode=one(MODE, MODES),
        feature=filters.option(FEATURE),
    )


def default_period(days: int) -> str:
    """The period of the lifecycle that keeps a drawing readable."""
    return "day" if days <= 14 else "week" if days <= 250 else "month"


@dataclass(frozen=True)
class Listed:
    """An insight that lists people, its options, and the people in words."""

    insight: str
    options: dict[str, Any]
    title: str


def listed(token: str, choice: Asked) -> Listed | None:
    """What a token of the option ``list`` means, None when it is none of this page's."""
    kind, *rest = token.split("~")
    active = choice.active()
    if kind == "active" and len(rest) == 2 and rest[1] in ("1", "7", "30"):
        words = {"1": "on", "7": "in the 7 days up to", "30": "in the 30 days up to"}[rest[1]]
        return Listed(
            "active_people",
            {"day": rest[0], "window": int(rest[1]), **active},
            f"Active {words} {fmt.day_iso(rest[0])}",
        )
    if kind == "days" and len(rest) == 2 and rest[0] in ("exact", "at_least") and _digits(rest[1]):
        many = f"{rest[1]} {choice.by}{'' if rest[1] == '1' else 's'}"
        words = "exactly" if rest[0] == "exact" else "at least"
        options = {"periods": int(rest[1]), "mode": rest[0], "by": choice.by, **active}
        return Listed("days_active_people", options, f"Active on {words} {many}" if choice.by == "day" else
                      f"Active in {words} {many}")  # fmt: skip
    if kind == "hour" and len(rest) == 2 and _digits(rest[0]) and _digits(rest[1]) and int(rest[0]) < 7:
        hours = f"{int(rest[1]):02d}:00–{int(rest[1]):02d}:59"
        options = {"weekday": int(rest[0]), "hour": int(rest[1]), **active}
        return Listed("rhythm_people", options, f"Active on a {WEEKDAYS[int(rest[0])]}, {hours}")
    if kind == "gap" and len(rest) == 1 and _digits(rest[0]):
        many = f"{rest[0]} day{'' if rest[0] == '1' else 's'}{' or more' if int(rest[0]) == LAST_GAP else ''}"
        return Listed("usage_interval_people", {"days": int(rest[0]), **active}, f"Usually {many} between two visits")
    if kind == "session" and len(rest) == 2 and _seconds(rest[0]) and (not rest[1] or _seconds(rest[1])):
        low, high = float(rest[0]), float(rest[1]) if rest[1] else None
        return Listed(
            "session_people", {"low": low, "high": high, **active}, f"Had a session of {length_name(low, high)}"
        )
    if kind == "life" and len(rest) == 2 and rest[0] in STATES:
        options = {"state": rest[0], "period": rest[1], "by": choice.by, **active}
        name = period_name(rest[1], choice.by)
        when = f"week of {name}" if choice.by == "week" else name
        return Listed("lifecycle_people", options, f"{STATES[rest[0]]}, {when}")
    if kind == "move" and len(rest) == 2 and rest[0] in SIX and rest[1] in SIX:
        options = {"before": rest[0], "after": rest[1], **active}
        return Listed("state_people", options, f"{SIX[rest[0]]} at first, {SIX[rest[1]].lower()} at last")
    if kind in ("uses", "lacks") and len(rest) == 1:
        options = {"feature": rest[0], "state": "users" if kind == "uses" else "others", "by": choice.by}
        words = f"Used {rest[0]}" if kind == "uses" else f"Active, but did not use {rest[0]}"
        return Listed("feature_people", options, words)
    return None


def clicked(click: Any) -> str:
    """The token of a clicked point of a chart, "" for a point that opens nothing; the click comes from a browser."""
    try:
        token = click["points"][0]["customdata"]
    except (TypeError, KeyError, IndexError):
        return ""
    last = token[-1] if isinstance(token, list) and token else token
    return last if isinstance(last, str) and "~" in last else ""


def period_name(label: str, by: str) -> str:
    """A period for people: ``5 Jan 2024``, and ``Jan 2024`` for a month."""
    shown = fmt.day_iso(label)
    return shown.split(" ", 1)[1] if by == "month" and " " in shown else shown


def session_token(low: float, high: float | None) -> str:
    """The option ``list`` for people with a session of this class."""
    return f"session~{low:g}~{'' if high is None else f'{high:g}'}"


def gap_token(days: int) -> str:
    """The option ``list`` for people with so many days between two visits."""
    return f"gap~{days}"


def _seconds(text: str) -> bool:
    return text.replace(".", "", 1).isdigit() and text.isascii() and len(text) < 9


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 7
