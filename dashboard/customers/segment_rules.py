"""What a saved segment is: a tree of conditions on a person, as data.

All of, any of and not join conditions: a property of the person, an event done so often in a window of days, first or
last seen so many days ago, the class, level or recency band of the segment rules, the people of an insight, or a list
of ids. A rule is live: it is asked anew for every version of the data and every as-of day. Nothing here reads data
(``customers.segment_members`` does); ``customers.segment_json`` writes and reads rules.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from dataclasses import dataclass
from typing import Final, Literal, NoReturn, TypeAlias, get_args

from dashboard.customers.rules import CLASSES, LEVELS, RuleSet
from dashboard.errors import UserError
from dashboard.filters import parse
from dashboard.insights.selector import Selector

Test = Literal["is", "is_not", "contains", "at_least", "at_most", "before", "after", "missing"]
Compare = Literal["at_least", "at_most", "exactly"]
WindowKind = Literal["ever", "last", "between"]

TESTS: Final[tuple[Test, ...]] = get_args(Test)
COMPARES: Final[tuple[Compare, ...]] = get_args(Compare)
WINDOWS: Final[tuple[WindowKind, ...]] = get_args(WindowKind)
MAX_NODES, MAX_DEPTH, MAX_VALUES, MAX_TEXT = 60, 6, 200, 500
MAX_DAYS, MAX_TIMES = 36_500, 1_000_000

_TEST_WORDS = {
    **{"is": "is", "is_not": "is not", "contains": "contains", "at_least": "is at least", "at_most": "is at most"},
    **{"before": "is before", "after": "is after", "missing": "is missing"},
}
_COMPARE_WORDS = {"at_least": "at least", "at_most": "at most", "exactly": "exactly"}


def need(holds: bool, message: str, hint: str) -> None:
    """:func:`refuse` unless it holds."""
    if not holds:
        refuse(message, hint)


def refuse(message: str, hint: str) -> NoReturn:
    """Raise UserError ("bad_segment")."""
    raise UserError("bad_segment", message, hint)


@dataclass(frozen=True)
class AllOf:
    """Everybody who meets all of the rules."""

    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        need(bool(self.rules), "A segment needs at least one condition.", "Add a condition.")


@dataclass(frozen=True)
class AnyOf:
    """Everybody who meets at least one of the rules."""

    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        need(bool(self.rules), "“Any of” needs at least one condition.", "Add a condition.")


@dataclass(frozen=True)
class Not:
    """Everybody who does not meet the rule; nobody is in both or in neither."""

    rule: Rule


@dataclass(frozen=True)
class Property:
    """A column of the person.

    values: texts, alternatives for "is" and "is_not" ("" is missing); one for the other tests, none for "missing".
    "is_not" is the opposite of "is", so a missing value is not "DE". "contains" ignores case. "at_least" and "at_most"
    include the number; "before" and "after" leave out the day (ISO, in the dataset's zone). A missing value meets no
    test but "missing", "is_not" and an "is" that names "".
    """

    name: str
    test: Test
    values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        need(bool(self.name), "A condition on a property does not say which.", "Choose a property.")
        need(self.test in TESTS, "This comparison is not known.", f"There are: {', '.join(_TEST_WORDS.values())}.")
        many = self.test in ("is", "is_not")
        if self.test == "missing":
            object.__setattr__(self, "values", ())
        elif many:
            object.__setattr__(self, "values", tuple(sorted(set(self.values))))
            need(
                0 < len(self.values) <= MAX_VALUES,
                f"“{self.name}” needs 1 to {MAX_VALUES} values to compare with.",
                "Type or choose a value.",
            )
        else:
            need(
                len(self.values) == 1 and self.values[0] != "",
                f"“{self.name}” needs one value to compare with.",
                "Type a value.",
            )
        if self.test in ("at_least", "at_most"):
            need(
                number_of(self.values[0]) is not None,
                f"“{self.name}” {_TEST_WORDS[self.test]} needs a number.",
                "Write it as 12 or 12.5.",
            )
        if self.test in ("before", "after"):
            need(
                day_of(self.values[0]) is not None,
                f"“{self.name}” {_TEST_WORDS[self.test]} needs a day.",
                "Write it as 2026-01-31.",
            )


@dataclass(frozen=True)
class Window:
    """ever: every event up to the as-of day. last: the ``days`` calendar days that end on the as-of day. between: the
    days ``first`` to ``last`` (ISO), both included, up to the as-of day."""

    kind: WindowKind = "ever"
    days: int = 0
    first: str = ""
    last: str = ""

    def __post_init__(self) -> None:
        need(self.kind in WINDOWS, "This window of time is not known.", "Choose ever, the last days, or two dates.")
        if self.kind == "last":
            need(
                whole(self.days) and 1 <= self.days <= MAX_DAYS,
                f"A window has 1 to {MAX_DAYS:,} days.",
                "For example the last 30 days.",
            )
        if self.kind == "between":
            first, last = day_of(self.first), day_of(self.last)
            need(
                first is not None and last is not None and first <= last,
                "A window between two dates needs both, the earlier one first.",
                "Write them as 2026-01-31.",
            )

    @property
    def words(self) -> str:
        if self.kind == "last":
            return f"in the last {'day' if self.days == 1 else f'{self.days} days'}"
        return f"from {self.first} to {self.last}" if self.kind == "between" else "ever"


@dataclass(frozen=True)
class Did:
    """How often a person did an event in a window. Nobody's "at most" and "exactly 0" include those who never did.
    Events without a time count for "ever" only."""

    event: Selector
    compare: Compare = "at_least"
    times: int = 1
    window: Window = Window()

    def __post_init__(self) -> None:
        need(self.compare in COMPARES, "This comparison is not known.", "Choose at least, at most or exactly.")
        need(
            whole(self.times) and 0 <= self.times <= MAX_TIMES,
            f"How often is a whole number from 0 to {MAX_TIMES:,}.",
            "For example at least 3 times.",
        )


@dataclass(frozen=True)
class Seen:
    """which: "first" or "last" seen. compare: "at_least" or "at_most" so many days before the as-of day. Who was never
    seen meets neither."""

    which: Literal["first", "last"]
    compare: Literal["at_least", "at_most"]
    days: int

    def __post_init__(self) -> None:
        need(
            self.which in ("first", "last") and self.compare in ("at_least", "at_most"),
            "First and last seen are compared as at least or at most so many days ago.",
            "For example last seen at most 30 days ago.",
        )
        need(
            whole(self.days) and 0 <= self.days <= MAX_DAYS,
            f"Days ago is a whole number from 0 to {MAX_DAYS:,}.",
            "For example 30.",
        )


@dataclass(frozen=True)
class InClass:
    """The person's place in the segment rules. what: "segment" (a class), "level" (of engagement) or "band" (recency:
    "0" recent, "1" cooling, "2" gone). rules: RuleSet.to_text of the rules meant, which the segment keeps."""

    what: Literal["segment", "level", "band"]
    values: tuple[str, ...]
    rules: str = ""

    def __post_init__(self) -> None:
        known: dict[str, tuple[str, ...]] = {"segment": CLASSES, "level": LEVELS, "band": ("0", "1", "2")}
        need(self.what in known, "People are compared by class, engagement level or recency band.", "Choose one.")
        names = known[self.what]
        object.__setattr__(self, "values", tuple(name for name in names if name in self.values))
        need(bool(self.values), f"Choose at least one {self.what}.", f"There are: {', '.join(names)}.")
        RuleSet.from_text(self.rules)


@dataclass(frozen=True)
class FromInsight:
    """The people of an insight's list, asked anew each time. insight: registered name of one that lists people (column
    ``user_id``). options: its options as canonical JSON text. search: range and filters as a link has them; without a
    range the one that links have by default. Its as-of day is always that of the view."""

    insight: str
    options: str = "{}"
    search: str = ""
    label: str = ""

    def __post_init__(self) -> None:
        need(
            bool(re.fullmatch(r"[a-z0-9_]{1,60}", self.insight)),
            "This condition does not say which insight it means.",
            "Save the segment again from the page that shows the people.",
        )
        try:
            options = json.loads(self.options)
        except ValueError:
            options = None
        need(isinstance(options, dict), "The options of this insight cannot be read.", "Save the segment again.")
        object.__setattr__(self, "options", json.dumps(options, sort_keys=True, ensure_ascii=False))
        kept = parse(self.search).with_(dataset=None, segment=None, as_of=None, compare="none", extra=())
        object.__setattr__(self, "search", kept.to_search())
        object.__setattr__(self, "label", self.label[:MAX_TEXT])


@dataclass(frozen=True)
class Listed:
    """A fixed list of user ids, kept with the dataset. list_id: hash of its content. count: ids in it."""

    list_id: str
    count: int = 0

    def __post_init__(self) -> None:
        need(bool(re.fullmatch(r"[0-9a-f]{64}", self.list_id)), "This list of people is not known.", "Paste it again.")


Rule: TypeAlias = AllOf | AnyOf | Not | Property | Did | Seen | InClass | FromInsight | Listed


def nodes(rule: Rule) -> list[Rule]:
    """The rule and everything below it."""
    below = rule.rules if isinstance(rule, AllOf | AnyOf) else (rule.rule,) if isinstance(rule, Not) else ()
    return [rule, *(node for item in below for node in nodes(item))]


def in_words(rule: Rule) -> str:
    """The rule as a sentence without a full stop: “country is DE, and did purchase at least 3 times ever”."""
    match rule:
        case AllOf(rules):
            return ", and ".join(_inner(item) for item in rules)
        case AnyOf(rules):
            return ", or ".join(_inner(item) for item in rules)
        case Not(inner):
            return f"not ({in_words(inner)})"
        case Property(name, test, values):
            texts = " or ".join(value or "missing" for value in values)
            return f"{name} {_TEST_WORDS[test]}" + (f" {texts}" if texts else "")
        case Did(event, compare, times, window):
            often = "once" if times == 1 else f"{times:,} times"
            return f"did {event.label} {_COMPARE_WORDS[compare]} {often} {window.words}"
        case Seen(which, compare, days):
            return f"{which} seen {_COMPARE_WORDS[compare]} {'1 day' if days == 1 else f'{days:,} days'} ago"
        case InClass(what, values, text):
            names = values if what != "band" else tuple(RuleSet.from_text(text).bands()[int(v)] for v in values)
            label = {"segment": "segment", "level": "engagement", "band": "last active"}[what]
            return f"{label} is {' or '.join(names)}" + (" ago" if what == "band" else "")
        case FromInsight(insight, _, _, label):
            return label or f"people of {insight.replace('_', ' ')}"
        case Listed(_, count):
            return f"in a list of {count:,} ids"


def day_of(text: str) -> dt.date | None:
    """The ISO day, None for anything else."""
    try:
        return dt.date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def number_of(text: str) -> float | None:
    """The finite number a text says, None for anything else."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _inner(rule: Rule) -> str:
    return f"({in_words(rule)})" if isinstance(rule, AllOf | AnyOf) and len(rule.rules) > 1 else in_words(rule)
