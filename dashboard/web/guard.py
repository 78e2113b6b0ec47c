"""The callback guard: a callback's request must have the shape that the page declared, or Dash never sees it.

Dash takes ids, properties, inputs and outputs from the client as they come. Here a body is compared with the declared
callback field by field. Values are the callbacks' own care.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from dash import Dash
from flask import Response, make_response, request

PATH: Final = "/_dash-update-component"
_HIDDEN: Final = "_pages_"  # Dash's own router: its callbacks are registered, but the frame routes by itself
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_WILDCARDS: Final = (["ALL"], ["MATCH"], ["ALLSMALLER"])
_SCALAR: Final = (str, int, float, bool)
_FIELDS: Final = frozenset({"output", "outputs", "inputs", "state", "changedPropIds", "parsedChangedPropsIds"})


def install(app: Dash) -> None:
    """Check every callback request after the sign-in gate and before Dash."""

    def check() -> Response | None:
        if request.path != PATH or request.method != "POST":
            return None
        wrong = "query" if set(request.args) - {"endId"} else _wrong_in_request(app.callback_map)
        if wrong is None:
            return None
        return make_response({"code": "callback", "message": f"Not a request of this page: {wrong}.", "hint": ""}, 400)

    server_hooks = app.server.before_request_funcs.setdefault(None, [])
    server_hooks.insert(1, check)  # 0 is security.install's own


def _wrong_in_request(callbacks: Mapping[str, Any]) -> str | None:
    if not request.is_json:
        return "content type"
    data = request.get_data(cache=True)
    try:
        body = json.loads(data)
        if _SURROGATE.search(data):
            json.dumps(body, ensure_ascii=False).encode()  # half a character cannot be sent back
    except (ValueError, RecursionError):
        return "body"
    return wrong_field(callbacks, body)


def wrong_field(callbacks: Mapping[str, Any], body: Any) -> str | None:
    """The first field of a body that does not match the declared callback, or None.

    callbacks: ``Dash.callback_map``. body: the parsed JSON of the request.
    """
    if not isinstance(body, dict) or not set(body) <= _FIELDS:
        return "body"
    output = body.get("output")
    if not isinstance(output, str) or _HIDDEN in output:
        return "output"
    declared = callbacks.get(output)
    if declared is None or "callback" not in declared or declared.get("background"):
        return "output"  # unknown, or one that runs in the browser only
    for name, wanted in (("inputs", declared["inputs"]), ("state", declared["state"])):
        if not _matches_all(wanted, body.get(name, [])):
            return name
    if not _outputs_match(declared, body.get("outputs")):
        return "outputs"
    changed = body.get("changedPropIds", [])
    if not isinstance(changed, list) or not all(_is_changed(item, declared["inputs"]) for item in changed):
        return "changedPropIds"
    parsed = body.get("parsedChangedPropsIds", [])
    return None if isinstance(parsed, list) else "parsedChangedPropsIds"


def _matches_all(wanted: list[dict[str, Any]], got: Any) -> bool:
    if not isinstance(got, list) or len(got) != len(wanted):
        return False
    return all(_matches(want, item) for want, item in zip(wanted, got, strict=True))


def _matches(want: Mapping[str, Any], item: Any) -> bool:
    pattern = _pattern(want["id"])
    if isinstance(item, list):
        return _many(pattern) and all(_is_property(one) and _same(want, pattern, one) for one in item)
    return not _many(pattern) and _is_property(item) and _same(want, pattern, item)


def _is_property(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("id"), str | dict) and isinstance(item.get("property"), str)


def _same(want: Mapping[str, Any], pattern: dict[str, Any] | None, item: Mapping[str, Any]) -> bool:
    if want["property"] != item["property"]:
        return False
    if pattern is None:
        return bool(want["id"] == item["id"])
    return _fits(pattern, item["id"])


def _fits(pattern: Mapping[str, Any], got: Any) -> bool:
    if not isinstance(got, dict) or set(got) != set(pattern):
        return False
    return all(
        isinstance(got[key], _SCALAR) if value in _WILDCARDS else got[key] == value for key, value in pattern.items()
    )


def _outputs_match(declared: Mapping[str, Any], got: Any) -> bool:
    if declared.get("no_output"):
        return got in (None, [])
    output = declared["output"]
    several = isinstance(output, list | tuple)
    wanted = list(output) if several else [output]
    items = got if several else [got]
    if not isinstance(items, list) or len(items) != len(wanted):
        return False
    return all(
        _matches({"id": want.component_id_str(), "property": want.component_property}, _plain(item, want))
        for want, item in zip(wanted, items, strict=True)
    )


def _plain(item: Any, want: Any) -> Any:
    """An output as sent: with ``allow_duplicate`` its property carries a mark, which is compared as part of the
    callback's id already. A pattern stands for a list of them."""
    if isinstance(item, list):
        return [_plain(one, want) if isinstance(one, dict) else one for one in item]
    if want.allow_duplicate and isinstance(item, dict) and isinstance(item.get("property"), str):
        return {**item, "property": item["property"].split("@", 1)[0]}
    return item


def _is_changed(item: Any, inputs: list[dict[str, Any]]) -> bool:
    if not isinstance(item, str):
        return False
    name, dot, prop = item.rpartition(".")
    if not dot:
        return False
    for want in inputs:
        if want["property"] != prop:
            continue
        pattern = _pattern(want["id"])
        if pattern is None:
            if want["id"] == name:
                return True
        elif _fits(pattern, _json(name)):
            return True
    return False


def _pattern(component_id: str) -> dict[str, Any] | None:
    """The keys of a pattern-matching id, None for a plain one."""
    if not component_id.startswith("{"):
        return None
    parsed = _json(component_id)
    return parsed if isinstance(parsed, dict) else None


def _many(pattern: Mapping[str, Any] | None) -> bool:
    return pattern is not None and any(value in (["ALL"], ["ALLSMALLER"]) for value in pattern.values())


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
