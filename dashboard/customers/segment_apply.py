"""A saved segment in a view: found by its id, asked of the data, or everybody with a sentence that says why."""

from __future__ import annotations

from dashboard.customers.segment_json import from_text, key_of
from dashboard.customers.segment_members import members
from dashboard.errors import NotFound, UserError
from dashboard.insights.view import Applied, View
from dashboard.store import segments

UNKNOWN = "The saved segment of this link does not exist or was deleted: everybody is shown."


def applied(view: View, segment_id: str) -> Applied:
    """The segment of that id on the view's dataset; never raises for what a link or the data may hold."""
    try:
        stored = segments.get(view.dataset.id, segment_id)
    except NotFound:
        return Applied(segment_id, "", "", problem=UNKNOWN)
    try:
        rule = from_text(stored.rule)
        return Applied(stored.id, stored.name, key_of(rule), members(view, rule))
    except UserError as refusal:
        return Applied(
            stored.id,
            stored.name,
            "",
            problem=f"The segment “{stored.name}” is not in force: {refusal.message} Everybody is shown.",
        )
