"""What a new version changed, for people."""

from __future__ import annotations

from typing import Any

from dashboard.store.manifest import Manifest


def compare(before: Manifest | None, after: Manifest) -> dict[str, Any]:
    """The differences between two versions of a dataset, JSON-ready. before: None for a new dataset.

    Returns {"new_users", "updated_users", "rows" {table: {"before", "after", "new"}}, "already_present", "duplicates",
    "duplicates_dropped", "sources" {"added", "removed"}: file names, "as_of" {"before", "after"}, "same_content"}.
    Users and rows "new" may be negative when a file was removed. Counts of duplicates are of the added files.
    """
    old = {str(source["id"]) for source in before.sources} if before else set()
    now = {str(source["id"]) for source in after.sources}
    added = [source for source in after.sources if str(source["id"]) not in old]
    removed = [source for source in before.sources if str(source["id"]) not in now] if before else []
    tables = [t for t in after.tables if t != "users" and t in after.given]
    rows = {
        table: {
            "before": before.rows.get(table, 0) if before else 0,
            "after": after.rows[table],
            "new": after.rows[table] - (before.rows.get(table, 0) if before else 0),
        }
        for table in tables
    }
    return {
        "new_users": after.users - (before.users if before else 0),
        "updated_users": sum(s["merge"]["already_present"] for s in added if s["kind"] == "users"),
        "rows": rows,
        "already_present": sum(s["merge"]["already_present"] for s in added if s["kind"] != "users"),
        "duplicates": sum(s["merge"]["duplicate"] for s in added),
        "duplicates_dropped": sum(s["merge"]["duplicate_dropped"] for s in added),
        "sources": {"added": [s["file_name"] for s in added], "removed": [s["file_name"] for s in removed]},
        "as_of": {"before": before.as_of if before else None, "after": after.as_of},
        "same_content": before is not None and before.content_hash == after.content_hash,
    }
