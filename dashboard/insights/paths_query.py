"""What a person asks when they ask for paths."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from dashboard.errors import UserError
from dashboard.insights import options

EVENT = "event"
OTHER = "(other)"
MAX_STEPS, MAX_NODES, MAX_EDGES = 50, 200, 1_000
_YEAR = 366 * 86_400


@dataclass(frozen=True)
class PathsQuery:
    """Which nodes, which stretch of a path, how much of it.

    node: "event" (the event's name) or a column of the events with texts. start, end: a node; the path is shown from
    the first one of it, or up to the last one of it ("" = from its beginning). include, exclude: event names; () = all,
    none. gap_seconds: a pause longer than this begins a new path. steps: nodes of a path that are shown. collapse: the
    same node again directly after itself is one node, at the time of the first. top: the most frequent nodes keep their
    name, the rest is "(other)". edges: so many edges are listed, the most frequent first. patterns: ``/product/*``;
    nodes that match one are one node of that name. compare: what splits people into groups (as for
    ``groups.groups_of``: a column of the users, ``segment:<id>``, ``class`` ...); the paths of the two groups named in
    ``values`` are shown side by side, () = the first two.
    """

    node: str = EVENT
    start: str = ""
    end: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    gap_seconds: int = 1_800
    steps: int = 5
    collapse: bool = True
    top: int = 20
    edges: int = 50
    patterns: tuple[str, ...] = ()
    compare: str = ""
    values: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: dict[str, Any]) -> PathsQuery:
        """From options as a URL or a terminal gives them. Raises UserError for a value or combination that is wrong."""
        query = cls(
            node=options.text(given["node"], "node") or EVENT,
            start=options.text(given["start"], "start"),
            end=options.text(given["end"], "end"),
            include=options.texts(given["include"], "include"),
            exclude=options.texts(given["exclude"], "exclude"),
            gap_seconds=options.whole(given["gap_seconds"], "gap_seconds", 0, _YEAR),
            steps=options.whole(given["steps"], "steps", 2, MAX_STEPS),
            collapse=options.flag(given["collapse"], "collapse"),
            top=options.whole(given["top"], "top", 1, MAX_NODES),
            edges=options.whole(given["edges"], "edges", 1, MAX_EDGES),
            patterns=options.texts(given["patterns"], "patterns"),
            compare=options.text(given["compare"], "compare"),
            values=options.texts(given["values"], "values"),
        )
        if query.start and query.end:
            raise UserError(
                "two_ends",
                "A path is shown either from a start or up to an end, not both.",
                "Choose one of them; a funnel shows how people get from one event to another.",
            )
        if len(query.values) not in (0, 2) or (query.values and not query.compare):
            raise UserError(
                "two_groups",
                "Paths can be shown for two groups of people side by side.",
                "Name what splits people and two of its groups, or only what splits them.",
            )
        return query

    def to_json(self) -> dict[str, Any]:
        """The options that give this query."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}
