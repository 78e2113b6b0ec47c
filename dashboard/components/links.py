"""Links from numbers to views: the URL is the state, so every choice and every list of people is an address."""

from __future__ import annotations

from dashboard.filters import Filters

LIST = "list"  # option of the URL: which people the table of the discount page shows


def view_link(filters: Filters) -> str:
    """The current page with these filters; "?" for the default view, because an empty address would mean no change."""
    return filters.to_search() or "?"


def people_link(filters: Filters, token: str) -> str:
    """The list of exactly these people; token as the service names them ("class.Risky", "cell.Medium.1")."""
    return f"/discounts{filters.with_option(LIST, token).to_search()}#people"


def toggle_link(filters: Filters, name: str, value: str) -> str:
    """The view with the value added to the filter on a dimension, or taken out of it."""
    values = filters.values(name)
    kept = tuple(item for item in values if item != value) if value in values else (*values, value)
    return view_link(filters.with_where(name, kept))
