"""What a person asks when they look for the moment from which people stay."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from dashboard.errors import UserError
from dashboard.insights import options
from dashboard.insights.selector import Selector

MAX_MOST, MAX_DAYS, MAX_OUTCOME = 50, 365, 3_650
FIRST_SEEN_WEEK, ACTIVITY = "first_week", "activity"  # strata that are no column
WINDOWS = ((30, 37), (14, 21), (7, 14), (2, 7))  # outcome windows tried in this order when none is asked for


@dataclass(frozen=True)
class AhaQuery:
    """Which behaviours, in which first days, against which coming back.

    outcome: what counts as coming back (None = any activity). from_day, to_day: it must happen in [from, to) days of
    24 hours after a person was first seen; 0, 0 = the longest of WINDOWS that most people have been observed for. days:
    exposure windows, days of 24 hours from first seen. most: "at least 1" to "at least ``most``" times. events: names,
    () = the most frequent. distinct: columns whose different values are counted, () = all that could be. strata: what
    the effect is adjusted for: columns of the users, ``first_week``, ``activity``; () = platform where there is one.
    """

    outcome: Selector | None = None
    from_day: int = 0
    to_day: int = 0
    days: tuple[int, ...] = (1, 3)
    most: int = 10
    events: tuple[str, ...] = ()
    distinct: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: dict[str, Any]) -> AhaQuery:
        """From options as a URL or a terminal gives them. Raises UserError (``windows_overlap``, ``bad_option``)."""
        query = cls(
            outcome=options.selector(given["outcome"]),
            from_day=options.whole(given["from_day"], "from_day", 0, MAX_OUTCOME),
            to_day=options.whole(given["to_day"], "to_day", 0, MAX_OUTCOME),
            days=options.wholes(given["days"], "days", 1, MAX_DAYS),
            most=options.whole(given["most"], "most", 1, MAX_MOST),
            events=options.texts(given["events"], "events"),
            distinct=options.texts(given["distinct"], "distinct"),
            strata=options.texts(given["strata"], "strata"),
        )
        if (query.from_day or query.to_day) and query.from_day >= query.to_day:
            raise UserError(
                "empty_window",
                "The days in which people must come back end before they begin.",
                "Choose a last day after the first one, for example 30 to 37.",
            )
        if query.to_day and max(query.days) > query.from_day:
            raise UserError(
                "windows_overlap",
                f"People must come back after the first {max(query.days)} days are over: otherwise doing something "
                "and coming back would be the same events.",
                f"Let coming back begin on day {max(query.days)} or later.",
            )
        return query

    def to_json(self) -> dict[str, Any]:
        """The options that give this query."""
        found = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}
        return found | {"outcome": self.outcome.to_json() if self.outcome else None}
