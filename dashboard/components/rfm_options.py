"""The choices of the segments page as the URL has them: read tolerantly, written as options of the insights."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.components.choice import Option, choice
from dashboard.components.labelled import aria
from dashboard.filters import Filters

TAB, BASIS, SCORE, OFTEN, MONEY, AWARE = "part", "basis", "score", "often", "money", "aware"
BEFORE, FIRST, SECOND = "before", "first", "second"
LIMITS = {"R": "limits_r", "F": "limits_f", "M": "limits_m"}  # four ascending numbers each, for fixed scores
RULES, RFM, MOVES, GROUPS, SIDES = "rules", "rfm", "moves", "groups", "sides"

TABS = (
    Option(RULES, "Rules"),
    Option(RFM, "RFM"),
    Option(MOVES, "Migration"),
    Option(GROUPS, "Clusters"),
    Option(SIDES, "Side by side"),
)
BASES = (
    Option("auto", "Orders, else use"),
    Option("orders", "Orders"),
    Option("usage", "Use", "recency of use, active days, fee"),
)
SCORES = (
    Option("auto", "Equal fifths, ties together"),
    Option("rank", "By rank, ties together"),
    Option("fixed", "Fixed limits"),
    Option("row_order", "Rank first", "as often published: ties by row order"),
)
OFTEN_OF = (Option("orders", "Orders"), Option("days", "Days with an order"))
MONEY_OF = (Option("net", "Net of returns"), Option("gross", "Gross"))
COLUMNS = (Option("0", "Frequency"), Option("1", "Frequency and money"))
EARLIER = tuple(Option(str(days), f"{days} days earlier") for days in (90, 30, 180, 365))


@dataclass(frozen=True)
class Asked:
    """The choices in force; unknown ones are the default. switches: options of the RFM insights that differ from their
    default. before: days earlier, ``v3`` (a version) or an ISO day, as in the URL."""

    tab: str
    basis: str
    score: str
    often: str
    money: str
    aware: bool
    limits: dict[str, str]
    before: str
    first: str
    second: str

    @property
    def switches(self) -> dict[str, Any]:
        given = {
            "basis": (self.basis, "auto"),
            "scoring": (self.score, "auto"),
            "frequency": (self.often, "orders"),
            "money": (self.money, "net"),
            "value_aware": (self.aware, False),
        }
        found: dict[str, Any] = {name: value for name, (value, plain) in given.items() if value != plain}
        if self.score == "fixed":
            names = {"R": "recency_cuts", "F": "frequency_cuts", "M": "money_cuts"}
            found |= {names[letter]: text for letter, text in self.limits.items() if text}
        return found


def asked(filters: Filters) -> Asked:
    """The choices of a link."""

    def one_of(name: str, options: Sequence[Option]) -> str:
        given = filters.option(name)
        return given if any(item.value == given for item in options) else options[0].value

    return Asked(
        tab=one_of(TAB, TABS),
        basis=one_of(BASIS, BASES),
        score=one_of(SCORE, SCORES),
        often=one_of(OFTEN, OFTEN_OF),
        money=one_of(MONEY, MONEY_OF),
        aware=one_of(AWARE, COLUMNS) == "1",
        limits={letter: filters.option(name) for letter, name in LIMITS.items()},
        before=filters.option(BEFORE, EARLIER[0].value),
        first=filters.option(FIRST, "rules"),
        second=filters.option(SECOND, "rfm"),
    )


def switches_row(filters: Filters, chosen: Asked, *, orders: bool, more: Sequence[Component] = ()) -> Component:
    """The switches of RFM. orders: the data have orders, so that there is something to choose between."""
    shown = [
        choice(
            filters,
            SCORE,
            "Scores",
            SCORES,
            chosen.score,
            default="auto",
            hint="Rank first cuts equal values by the order of the rows, so that shuffling a file changes segments. It "
            "is here to reproduce published figures.",
        ),
        choice(filters, AWARE, "Columns", COLUMNS, "1" if chosen.aware else "0", default="0"),
    ]
    if orders:
        shown = [
            choice(filters, BASIS, "From", BASES, chosen.basis, default="auto"),
            *shown,
            choice(filters, OFTEN, "Frequency", OFTEN_OF, chosen.often, default="orders"),
            choice(filters, MONEY, "Money", MONEY_OF, chosen.money, default="net"),
        ]
    return html.Div([*shown, *more], className="asked-row no-print", role="group", **aria(label="How RFM is scored"))


def cell_token(recency: int, column: int) -> str:
    return f"rfmcell.{recency}.{column}"


def segment_token(name: str) -> str:
    return f"rfm.{name}"


def moved_token(was: str, now: str) -> str:
    return "moved." + json.dumps([was, now], ensure_ascii=False, separators=(",", ":"))


def both_token(first: str, first_name: str, second: str, second_name: str) -> str:
    parts = [first, first_name, second, second_name]
    return "both." + json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def clicked(click: Any) -> str:
    """The token of a clicked part of a chart of this page, "" for anything else; the click comes from a browser."""
    try:
        token = click["points"][0]["customdata"]
    except (TypeError, KeyError, IndexError):
        return ""
    last = token[-1] if isinstance(token, list) and token else token
    return last if isinstance(last, str) and last.startswith(("rfm.", "moved.")) else ""
