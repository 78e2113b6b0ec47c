"""The canonical tables: what a column means once it is inside.

A file's own header names never leave ``ingest``; everything behind it speaks these names. A column that is not
canonical is kept as a *property* under a name derived from its header and can be used as filter and breakdown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TableName = Literal["users", "events", "sessions", "transactions"]
Type = Literal["id", "category", "text", "number", "time", "boolean"]

TABLES: tuple[TableName, ...] = ("users", "events", "sessions", "transactions")

NULL_TIME = -(2**63)  # int64 minimum marks "no time"; times are microseconds UTC
NULL_DAY = -(2**31)  # int32 minimum marks "no day"; days count from 1970-01-01 in the dataset's zone
NULL_CODE = -1  # dictionary code of a missing text
MICROSECONDS_PER_DAY = 86_400_000_000


@dataclass(frozen=True)
class Field:
    """A canonical column. ``type``: id and category and text are dictionary-coded text, number is float64, time is
    microseconds UTC, boolean is 0, 1 or -1 for missing."""

    name: str
    type: Type
    required: bool = False
    label: str = ""
    personal: bool = False  # never in a URL, a log or a cache key


FIELDS: dict[TableName, tuple[Field, ...]] = {
    "users": (
        Field("user_id", "id", required=True, label="User id"),
        Field("signup_time", "time", label="Signed up"),
        Field("last_active_time", "time", label="Last active"),
        Field("country", "category", label="Country"),
        Field("plan", "category", label="Plan"),
        Field("platform", "category", label="Platform"),
        Field("age", "number", label="Age"),
        Field("gender", "category", label="Gender"),
        Field("usage", "number", label="Usage"),
        Field("churned", "boolean", label="Churned"),
        Field("name", "text", label="Name", personal=True),
        Field("email", "text", label="E-mail", personal=True),
    ),
    "events": (
        Field("user_id", "id", required=True, label="User id"),
        Field("event_time", "time", required=True, label="Event time"),
        Field("event_name", "category", label="Event name"),
        Field("session_id", "id", label="Session id"),
        Field("feature", "category", label="Feature"),
        Field("category", "category", label="Category"),
        Field("platform", "category", label="Platform"),
        Field("country", "category", label="Country"),
        Field("plan", "category", label="Plan"),
        Field("duration_seconds", "number", label="Duration (s)"),
        Field("amount", "number", label="Amount"),
    ),
    "sessions": (
        Field("user_id", "id", required=True, label="User id"),
        Field("start_time", "time", required=True, label="Start"),
        Field("end_time", "time", label="End"),
        Field("duration_seconds", "number", label="Duration (s)"),
        Field("platform", "category", label="Platform"),
        Field("session_id", "id", label="Session id"),
    ),
    "transactions": (
        Field("user_id", "id", required=True, label="Customer id"),
        Field("order_time", "time", required=True, label="Order time"),
        Field("amount", "number", label="Line amount"),
        Field("quantity", "number", label="Quantity"),
        Field("unit_price", "number", label="Unit price"),
        Field("order_id", "id", label="Order id"),
        Field("product_id", "id", label="Product id"),
        Field("description", "text", label="Description"),
        Field("country", "category", label="Country"),
        Field("currency", "category", label="Currency"),
        Field("discount", "number", label="Discount"),
    ),
}

TIME_FIELD: dict[TableName, str] = {"events": "event_time", "sessions": "start_time", "transactions": "order_time"}

KIND_LABEL: dict[TableName, str] = {
    "users": "User table",
    "events": "Event log",
    "sessions": "Sessions",
    "transactions": "Order lines",
}

FILTER_DIMENSIONS: tuple[str, ...] = ("country", "plan", "platform")  # first-class filters on every page


def field(table: TableName, name: str) -> Field | None:
    """The canonical field of that name in that table, or None for a property."""
    return next((item for item in FIELDS[table] if item.name == name), None)
