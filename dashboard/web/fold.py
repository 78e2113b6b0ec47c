"""Pieces of a page that nothing listens to travel as one component each, not as hundreds.

Every Dash component costs the browser time at every change of the page, whatever it is: a table of 500 cells is 500
components that each look for news. So when a layout or the answer of a callback is written out, a tree of plain HTML
components that no callback listens to or changes becomes one component, ``Html`` of ``assets/fold.js``, that carries
its inside as text. The resulting page is the same, element for element. Pages and components need not know
(docs/decisions/0011).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from html import escape
from typing import Any

from dash.development.base_component import Component

NAMESPACE, TYPE = "holdfast", "Html"
PLAIN, LINK = "dash_html_components", ("dash_core_components", "Link")
# they hold what a person types, run code, or show another document
NOT_PLAIN = frozenset(
    ("Form", "Input", "Textarea", "Select", "Dialog", "Script", "Style", "Iframe", "ObjectEl", "Embed", "Base", "Link")
)
VOID = frozenset(("img", "br", "hr", "wbr", "col"))
LISTENED = frozenset(("n_clicks", "n_clicks_timestamp", "refresh"))  # a link that reloads is Dash's own
UNWRITTEN = frozenset(("children", "key", "disable_n_clicks"))
RENAMED = {"className": "class", "htmlFor": "for"}
ADDRESS = frozenset(("href", "src", "action", "formAction", "srcSet", "poster", "cite"))
SAFE_ADDRESS = re.compile(r"(https?:|mailto:|data:image/(png|svg\+xml|jpeg)[;,]|[/?#.]|[^:]*$)")
UNITLESS = frozenset(("opacity", "zIndex", "flex", "flexGrow", "flexShrink", "fontWeight", "lineHeight", "order"))

_written: Callable[[Component], dict[str, Any]] = Component.to_plotly_json
_alive: frozenset[str] = frozenset()


def install(dependencies: Iterable[dict[str, Any]], changed_elsewhere: Iterable[str]) -> None:
    """From now on every component of this process is written out folded.

    dependencies: of all callbacks, as the browser gets them; what they name stays a component. changed_elsewhere: ids
    of components that are changed without an output (``set_props``).
    """
    global _alive
    _alive = frozenset(changed_elsewhere).union(*map(_named, dependencies))
    Component.to_plotly_json = folded


def _named(callback: dict[str, Any]) -> set[str]:
    """The ids in a callback, those of patterns left out: components with such ids are never folded."""
    outputs = [name.rpartition(".")[0] for name in str(callback["output"]).strip(".").split("...")]
    return {*outputs, *(str(item["id"]) for part in ("inputs", "state") for item in callback[part])}


def folded(component: Component) -> dict[str, Any]:
    """What Dash sends for a component: namespace, type, props; of ``Html`` where the tree is plain and of more than
    one component."""
    if not (_is_plain(component) and any(isinstance(child, Component) for child in _children(component))):
        return _written(component)
    inside = "".join(map(_text, _children(component)))
    own = {"tag": _tag(component), "attributes": _attributes(component), "html": inside}
    return {"props": own, "type": TYPE, "namespace": NAMESPACE}


def _is_link(component: Component) -> bool:
    return (component._namespace, component._type) == LINK


def _is_plain(component: Component) -> bool:
    """Whether no callback can hear of anything in the tree and all of it can be written as text."""
    if not _is_link(component) and (component._namespace != PLAIN or component._type in NOT_PLAIN):
        return False
    own_id = getattr(component, "id", None)
    if isinstance(own_id, dict) or own_id in _alive:
        return False
    for name, value in component.__dict__.items():
        if name in LISTENED and value is not None:
            return False
        if name in ADDRESS and not SAFE_ADDRESS.match(str(value)):
            return False  # Dash's own components make such an address harmless
        if isinstance(value, dict | Component) and name not in ("style", "children"):
            return False
    return all(
        _is_plain(child) if isinstance(child, Component) else isinstance(child, str | int | float)
        for child in _children(component)
    )


def _children(component: Component) -> Iterator[Any]:
    children = getattr(component, "children", None)
    for child in children if isinstance(children, list | tuple) else (children,):
        if child is not None:
            yield child


def _tag(component: Component) -> str:
    return "a" if _is_link(component) else str(component._type).lower()


def _attributes(component: Component) -> dict[str, Any]:
    """The props that become attributes; a link says that a click stays in the app."""
    props = {name: value for name, value in _written(component)["props"].items() if name not in UNWRITTEN}
    return {**props, "data-go": "1"} if _is_link(component) else props


def _text(child: Any) -> str:
    """HTML of a child. Numbers read as in the browser, where 1.0 is 1; yes and no show nothing."""
    if isinstance(child, bool):
        return ""
    if not isinstance(child, Component):
        return escape(str(int(child)) if isinstance(child, float) and child.is_integer() else str(child), quote=False)
    tag = _tag(child)
    head = f"<{tag}{''.join(_attribute(name, value) for name, value in _attributes(child).items())}>"
    return head if tag in VOID else f"{head}{''.join(map(_text, _children(child)))}</{tag}>"


def _attribute(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "style":
        value = _css(value)
    elif isinstance(value, bool):
        if name.startswith(("data-", "aria-")):
            value = "true" if value else "false"
        else:
            return f" {name.lower()}" if value else ""
    return f' {RENAMED.get(name, name.lower())}="{escape(str(value))}"'


def _css(style: dict[str, Any]) -> str:
    return ";".join(
        f"{_css_name(name)}:{_css_value(name, value)}" for name, value in style.items() if value is not None
    )


def _css_name(name: str) -> str:
    return name if name.startswith("--") else re.sub("[A-Z]", lambda letter: "-" + letter[0].lower(), name)


def _css_value(name: str, value: Any) -> str:
    bare = isinstance(value, int | float) and value and not name.startswith("--") and name not in UNITLESS
    return f"{value}px" if bare else str(value)
