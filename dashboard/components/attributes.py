"""``data-*`` attributes as keyword arguments, whose names Python cannot spell."""

from __future__ import annotations

from typing import Any


def data(**values: str) -> dict[str, Any]:
    """``data(pop="range")`` -> ``{"data-pop": "range"}``; an underscore becomes a hyphen."""
    return {f"data-{name.replace('_', '-')}": value for name, value in values.items()}
