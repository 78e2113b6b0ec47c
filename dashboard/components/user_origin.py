"""Links to a person's page, and the list from which one came there.

A link carries the whole address of the list (its page's own state) beside the person's handle, so the list is the same
for everybody who opens it. Of the grid's filters, those on who somebody is stay behind: what was typed there may be a
name. ``assets/user.js`` makes the links of grids by the same rule.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from dashboard.filters import Filters

PATH = "/user"
PERSON = "user"  # option of the URL: the handle; the page's other options begin with it and a point
GRID, PAGE, SORT, NARROWED, ZOOM = (f"{PERSON}.{name}" for name in ("from", "at", "sort", "grid", "zoom"))
_PATH = re.compile(r"/[a-z-]{1,40}|/")

# By the grid's id: (search of its page, handle, sort model, filter model) -> (title of the list, the people around the
# handle as service.people_links.around gives them); None when the page shows no list.
ORIGINS: dict[str, Callable[[str, str, list[Any], Mapping[str, Any]], tuple[str, Any] | None]] = {}


class Origin(NamedTuple):
    """grid: key of ORIGINS. path, search: of the page with the list. sort, narrowed: of its grid."""

    grid: str
    path: str
    search: str
    sort: list[Any]
    narrowed: dict[str, Any]

    @property
    def href(self) -> str:
        """Back to the list."""
        return f"{self.path}{self.search}#people"


def origin(filters: Filters) -> Origin | None:
    """The list that a link names; None without one, and for one that does not exist. Never raises."""
    grid, path = filters.option(GRID), filters.option(PAGE)
    if grid not in ORIGINS or not _PATH.fullmatch(path):
        return None
    sort, narrowed = _json(filters.option(SORT, "[]")), _json(filters.option(NARROWED, "{}"))
    return Origin(
        grid,
        path,
        _without_person(filters).to_search(),
        [item for item in sort if isinstance(item, dict)] if isinstance(sort, list) else [],
        {key: item for key, item in narrowed.items() if key != "user_id"} if isinstance(narrowed, dict) else {},
    )


def person_link(filters: Filters, handle: str) -> str:
    """The page of a person; the list that ``filters`` name stays the same, the zoom does not."""
    return f"{PATH}{filters.with_option(ZOOM, None).with_option(PERSON, handle).to_search()}"


def fresh_link(filters: Filters, handle: str) -> str:
    """The page of a person who was searched for: no list."""
    return f"{PATH}{_without_person(filters).with_(extra=()).with_option(PERSON, handle).to_search()}"


def _without_person(filters: Filters) -> Filters:
    kept = tuple((key, item) for key, item in filters.extra if key != PERSON and not key.startswith(f"{PERSON}."))
    return filters.with_(extra=kept)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
