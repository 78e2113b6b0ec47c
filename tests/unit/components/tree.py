"""Reads components as a screen does: their text, and the parts of a kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dash.development.base_component import Component


def walk(node: Any) -> Iterator[Component]:
    """Every component below and including the node, in reading order."""
    if isinstance(node, list | tuple):
        for item in node:
            yield from walk(item)
    elif isinstance(node, Component):
        yield node
        for name in ("children", "options", "label"):
            inner = getattr(node, name, None)
            if isinstance(inner, list):
                for item in inner:
                    yield from walk(item.get("label") if isinstance(item, dict) else item)
            else:
                yield from walk(inner)


def text(node: Any) -> str:
    """All text of a tree, parts joined by one space."""
    if isinstance(node, str | int | float):
        return str(node)
    if isinstance(node, list | tuple):
        return " ".join(part for part in map(text, node) if part)
    if isinstance(node, Component):
        return text(getattr(node, "children", None))
    return ""


def find(node: Any, css: str) -> list[Component]:
    """The components that have the class."""
    return [item for item in walk(node) if css in str(getattr(item, "className", "") or "").split()]


def prop(node: Component, name: str) -> Any:
    """A property, also an ``aria-`` or ``data-`` one."""
    return node.to_plotly_json()["props"].get(name)
