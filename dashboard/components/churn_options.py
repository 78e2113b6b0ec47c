"""The question of the churn page as the URL has it: read tolerantly, written as options of the insights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dashboard.components.choice import Option
from dashboard.components.value_options import (
    DEFAULT_MARGIN,
    DEFAULT_MONTHS,
    HORIZONS,
    MARGIN,
    MARGINS,
    MONTHS,
    percent_text,
    read_number,
)
from dashboard.filters import Filters

__all__ = ["HORIZONS", "MARGIN", "MARGINS", "MONTHS", "percent_text"]

TAB, LABEL, WINDOW, MODEL, RISK, SHIFT, DROP, KEEP = (
    *("tab", "label", "window", "model", "risk", "shift", "drop", "keep"),
)
TABS = (
    Option("risk", "People at risk"),
    Option("model", "How good the model is"),
    Option("window", "When people are gone"),
)
LABELS = (
    Option("auto", "From the data"),
    Option("activity", "No activity for a while", "needs events or orders"),
    Option("ended", "An end date", "needs a date per user"),
    Option("churned", "Marked as left", "needs a column that says who left"),
)
WINDOWS = (7, 14, 30, 45, 60, 90, 120, 180)
MODELS = (
    Option("auto", "The better one"),
    Option("logistic", "Logistic regression", "plain reasons"),
    Option("boosted", "Boosted trees", "finds bends and interplay"),
    Option("rules", "Rules", "silence against the own rhythm"),
)
RISKS = (Option("0", "Three times the odds of all"), *(Option(str(n), f"{n} %") for n in (20, 30, 40, 50, 60, 70, 80)))
SHIFTS = (Option("", "As learnt"), Option("1", "To the latest period"))
BANDS = ("at risk", "watch", "healthy")
BAND_NAMES = {"at risk": "At risk", "watch": "Watch", "healthy": "Healthy", "": "Everybody"}


@dataclass(frozen=True)
class Asked:
    """The choices in force; unknown ones are the default. window: days, 0 = from the data. risk: percent from which
    people are at risk, 0 = from the data. drop, keep: columns left out, and used in spite of a warning."""

    tab: str
    label: str
    window: int
    model: str
    risk: float
    shift: bool
    margin: float
    months: int
    drop: tuple[str, ...]
    keep: tuple[str, ...]

    def settings(self) -> dict[str, Any]:
        """Options of the churn insights, without defaults."""
        found: dict[str, Any] = {}
        if self.label != "auto":
            found["label"] = self.label
        if self.window:
            found["window"] = self.window
        if self.model != "auto":
            found["model"] = self.model
        if self.risk:
            found["risk"] = self.risk / 100
        if self.shift:
            found["recalibrate"] = True
        if self.margin != DEFAULT_MARGIN:
            found["margin"] = self.margin / 100
        if self.months != DEFAULT_MONTHS:
            found["months"] = self.months
        if self.drop:
            found["exclude"] = list(self.drop)
        if self.keep:
            found["keep"] = list(self.keep)
        return found


def asked(filters: Filters) -> Asked:
    """Read the options of a view."""

    def one(name: str, options: tuple[Option, ...]) -> str:
        value = filters.option(name)
        return value if value in {item.value for item in options} else options[0].value

    return Asked(
        tab=one(TAB, TABS),
        label=one(LABEL, LABELS),
        window=int(read_number(filters.option(WINDOW), 1, 365, 0)),
        model=one(MODEL, MODELS),
        risk=read_number(filters.option(RISK), 1, 99, 0),
        shift=one(SHIFT, SHIFTS) == "1",
        margin=read_number(filters.option(MARGIN), 0.1, 100, DEFAULT_MARGIN),
        months=int(read_number(filters.option(MONTHS), 1, 36, DEFAULT_MONTHS)),
        drop=columns(filters.option(DROP)),
        keep=columns(filters.option(KEEP)),
    )


def columns(text: str) -> tuple[str, ...]:
    """Names of columns in an option, divided by ``~``."""
    return tuple(dict.fromkeys(name for name in text.split("~") if name))


def with_column(filters: Filters, name: str, column: str, *, on: bool) -> Filters:
    """The view with a column added to an option of columns, or taken out of it."""
    kept = [item for item in columns(filters.option(name)) if item != column]
    return filters.with_option(name, "~".join([*kept, column] if on else kept) or None)


def band_token(band: str) -> str:
    """The option ``list`` for the people of a band."""
    return f"band~{band}"


def read_band(token: str) -> str | None:
    """The band of a token, None for anything else; "" is everybody."""
    kind, _, band = token.partition("~")
    return band if kind == "band" and band in BAND_NAMES else None
