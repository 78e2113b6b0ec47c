"""The question of the value page as the URL has it: read tolerantly, written as options of the insights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dashboard import format as fmt
from dashboard.components.choice import Option
from dashboard.filters import Filters

TAB, MONTHS, MARGIN, DISCOUNT, BY, LAST, ORDERS, SPLIT, CURVE = (
    *("tab", "months", "margin", "discount", "by", "last", "orders", "split", "curve"),
)
WORTH, TEST, COHORTS, SUBSCRIBERS = "worth", "test", "cohorts", "subscribers"
TAB_NAMES = {
    WORTH: "Customers",
    TEST: "Test of the prediction",
    COHORTS: "Cohorts by revenue",
    SUBSCRIBERS: "Subscribers",
}
HORIZONS = tuple(Option(str(n), f"{n} months") for n in (3, 6, 12, 24))
MARGINS = tuple(
    Option(str(n), "Net revenue" if n == 100 else f"{n} % of it") for n in (100, 80, 70, 60, 50, 40, 30, 20, 10, 5)
)
DISCOUNTS = tuple(Option(str(n), "None" if n == 0 else f"{n} % a year") for n in (0, 5, 8, 10, 12, 15, 20))
GROUPS = (
    Option("decile", "Tenths"),
    Option("tier", "Thirds"),
    Option("orders", "Orders so far"),
    Option("rhythm", "Rhythm"),
)
LASTS = (Option("0", "The last third"), Option("90", "The last 90 days"), Option("180", "The last 180 days"))
DEFAULT_MONTHS, DEFAULT_MARGIN, DEFAULT_DISCOUNT = 12, 100.0, 10.0
STATUS = {"staying": "still there", "left": "left", "all": "in all"}


@dataclass(frozen=True)
class Asked:
    """The choices in force; unknown ones are the default. margin, discount: in percent. by: groups of the table. last:
    days kept for the test, 0 = a third. orders: the event that is an order, "" = known ones. split: text column of
    subscribers. curve: group whose curve is shown."""

    tab: str
    months: int
    margin: float
    discount: float
    by: str
    last: int
    orders: str
    split: str
    curve: str

    def rule(self) -> dict[str, Any]:
        """Settings of a value, without defaults."""
        found: dict[str, Any] = {}
        if self.months != DEFAULT_MONTHS:
            found["months"] = self.months
        if self.margin != DEFAULT_MARGIN:
            found["margin"] = self.margin / 100
        if self.discount != DEFAULT_DISCOUNT:
            found["discount"] = self.discount / 100
        return found

    def settings(self) -> dict[str, Any]:
        """:meth:`rule` of orders."""
        return self.rule() | ({"order_events": self.orders} if self.orders else {})

    def test(self) -> dict[str, Any]:
        """Options of the test."""
        found: dict[str, Any] = {"days": self.last} if self.last else {}
        return found | ({"order_events": self.orders} if self.orders else {})

    def plans(self) -> dict[str, Any]:
        """The column that divides subscribers."""
        return {"by": self.split} if self.split else {}


def asked(filters: Filters, tabs: tuple[str, ...]) -> Asked:
    """Read the options of a view. tabs: those that this dataset has, the first is the default."""

    def one(name: str, options: tuple[Option, ...]) -> str:
        value = filters.option(name)
        return value if value in {item.value for item in options} else options[0].value

    tab = filters.option(TAB)
    return Asked(
        tab=tab if tab in tabs else tabs[0],
        months=int(read_number(filters.option(MONTHS), 1, 36, DEFAULT_MONTHS)),
        margin=read_number(filters.option(MARGIN), 0.1, 100, DEFAULT_MARGIN),
        discount=read_number(filters.option(DISCOUNT), 0, 100, DEFAULT_DISCOUNT),
        by=one(BY, GROUPS),
        last=int(one(LAST, LASTS)),
        orders=filters.option(ORDERS),
        split=filters.option(SPLIT),
        curve=filters.option(CURVE),
    )


def read_number(text: str, low: float, high: float, default: float) -> float:
    """A number of the URL within its limits, else the default."""
    try:
        value = float(text)
    except ValueError:
        return default
    return value if low <= value <= high else default


def percent_text(value: float) -> str:
    """A setting in percent as the URL has it: "30", "12.5"."""
    return f"{value:g}"


def group_name(by: str, group: str) -> str:
    """A group of the value table for people."""
    if by == "decile":
        return "Top tenth" if group == "1" else f"Tenth {group}"
    if by == "tier":
        return f"{group} value"
    if by == "orders":
        return f"{group} order day{'' if group == '1' else 's'}"
    return group


def token(*parts: str) -> str:
    """The option ``list`` of a number: a kind and what is counted."""
    return "~".join(parts)


def list_title(kind: str, parts: tuple[str, ...]) -> str:
    """The heading of a list."""
    if kind == "group":
        return f"{group_name(parts[0], parts[1])}, most valuable first"
    if kind == "cohort":
        day = fmt.day_iso(parts[0])
        return f"First order in {' '.join(day.split()[1:])}"
    if kind == "plan":
        return f"{parts[1]}: {STATUS.get(parts[0], 'in all')}"
    return "All customers, most valuable first"
