"""The builder of a saved segment: one row per condition, joined by all or any, each of which may be turned around.

The rows only collect: :func:`rows_of_rule` turns a rule (JSON form) into rows, :func:`rule_of_form` turns what the form
holds back into a rule, which the service checks and counts. What has no row of its own (groups inside groups, the
people of an insight, lists of ids) is carried as it is and can be turned around or removed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.attributes import data
from dashboard.components.labelled import aria, labelled

FIELD = "segment-field"  # type of the pattern id of every control of a row; "name" is "<row>.<field>"
SHAPE = "segment-shape"  # the same for controls whose value decides which other controls a row has
REMOVE = "segment-remove"  # "name" is the row
JOIN = "join"  # a FIELD without a row
FIRST_VALUES = 200

KINDS = (
    ("property", "Property of the person"),
    ("did", "Did an event"),
    ("seen", "First or last seen"),
    ("class", "Segment, engagement or recency"),
)
_TESTS: dict[str, tuple[tuple[str, str], ...]] = {
    "text": (("is", "is"), ("is_not", "is not"), ("contains", "contains"), ("missing", "is missing")),
    "number": (("at_least", "is at least"), ("at_most", "is at most"), ("is", "is"), ("missing", "is missing")),
    "time": (("before", "is before"), ("after", "is after"), ("missing", "is missing")),
    "boolean": (("is", "is"), ("missing", "is missing")),
}
_COMPARE = (("at_least", "at least"), ("at_most", "at most"), ("exactly", "exactly"))
_WINDOW = (("ever", "ever"), ("last", "in the last … days"), ("between", "between two days"))
_CLASSES = {
    "segment": ("Segment class", ("Loyal", "Regular", "Dormant", "Risky")),
    "level": ("Engagement level", ("Low", "Medium", "High")),
    "band": ("Recency", ("0", "1", "2")),
}
_HOLDS = (("holds", "holds"), ("not", "does not hold"))
_BANDS = {"0": "recent", "1": "cooling", "2": "gone"}
ANY = "\u2063"  # stands for any event or no property in lists of names, which may hold every other text


def rows_of_rule(rule: Mapping[str, Any], words: Mapping[str, str] | None = None) -> tuple[str, list[dict[str, Any]]]:
    """(join, rows) of a rule in JSON form; a row is the flat condition with ``negate``. words: JSON text of a condition
    without a row of its own -> its words."""
    join = rule["kind"] if rule.get("kind") in ("all", "any") else "all"
    parts = rule["rules"] if rule.get("kind") in ("all", "any") else [rule] if rule else []
    return join, [_row_of(part, words or {}) for part in parts]


def _row_of(part: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    negate = part["kind"] == "not" and part["rule"]["kind"] != "not"
    inner = part["rule"] if negate else part
    row: dict[str, Any] = {"kind": inner["kind"], "negate": negate}
    if inner["kind"] == "property":
        return row | {"property": inner["name"], "test": inner["test"], "values": list(inner["values"])}
    if inner["kind"] == "did":
        event, window = inner["event"], inner["window"]
        if len(event["where"]) <= 1:
            conditions = list(event["where"].items())
            return row | {
                "event": event["event"] or ANY,
                "where": conditions[0][0] if conditions else ANY,
                "where_values": ", ".join(conditions[0][1]) if conditions else "",
                "compare": inner["compare"],
                "times": inner["times"],
                "window": window["kind"],
                "days": window.get("days", 30),
                "first": window.get("first", ""),
                "last": window.get("last", ""),
            }
    if inner["kind"] == "seen":
        return row | {"which": inner["which"], "compare": inner["compare"], "days": inner["days"]}
    if inner["kind"] == "class":
        return row | {"what": inner["what"], "values": list(inner["values"]), "rules": inner["rules"]}
    text = json.dumps(inner, sort_keys=True)
    return row | {"kind": "kept", "rule": text, "words": words.get(text, "a combined condition")}


def new_row(kind: str, *, properties: Sequence[Any], rules: str = "") -> dict[str, Any]:
    """A row of that kind with the values it starts from. properties: as the service lists them."""
    row: dict[str, Any] = {"kind": kind, "negate": False}
    if kind == "property":
        name = properties[0].name if properties else ""
        return row | {"property": name, "test": "", "values": []}
    if kind == "did":
        return (
            row
            | {"event": ANY, "where": ANY, "where_values": "", "compare": "at_least", "times": 1}
            | {
                "window": "last",
                "days": 30,
                "first": "",
                "last": "",
            }
        )
    if kind == "seen":
        return row | {"which": "last", "compare": "at_most", "days": 30}
    return row | {"kind": "class", "what": "segment", "values": ["Dormant"], "rules": rules}


def complete(row: Mapping[str, Any], properties: Sequence[Any]) -> dict[str, Any]:
    """The row with the values that its shape controls will show, which decide what other controls it has."""
    full = dict(row)
    if full["kind"] == "property":
        known = {item.name: item for item in properties}
        full["property"] = full.get("property") or next(iter(known), "")
        item = known.get(full["property"])
        tests = dict(_TESTS[item.type if item is not None else "text"])
        full["test"] = full["test"] if full.get("test") in tests else next(iter(tests))
    if full["kind"] == "did":
        full["where"] = full.get("where") or ANY
        full["window"] = full["window"] if full.get("window") in dict(_WINDOW) else "last"
    if full["kind"] == "class":
        full["what"] = full["what"] if full.get("what") in _CLASSES else "segment"
    return full


def shapes_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Names and values of the shape controls of complete rows: what the browser sends back when nobody touched them."""
    names = {"property": ("property", "test"), "did": ("where", "window"), "class": ("what",)}
    return {f"{i}.{name}": str(row[name]) for i, row in enumerate(rows) for name in names.get(str(row["kind"]), ())}


def reshaped(rows: Sequence[dict[str, Any]], before: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """Whether a shape control was changed; values that belonged to the old choice are taken out of the rows."""
    changed = [name for name, value in now.items() if before.get(name, value) != value]
    for number, _, name in (item.partition(".") for item in changed):
        if name in ("property", "what") and int(number) < len(rows):
            rows[int(number)]["values"] = []
    return bool(changed)


def form_rows(ids: Iterable[Mapping[str, Any]], values: Iterable[Any]) -> tuple[str, list[dict[str, Any]]]:
    """(join, rows in order) of what the form holds: pattern ids and values of its FIELD and SHAPE controls."""
    join, rows = "all", dict[int, dict[str, Any]]()
    for item, value in zip(ids, values, strict=True):
        row, dot, name = str(item.get("name", "")).partition(".")
        if not dot:
            join = value if value in ("all", "any") else "all"
        elif row.isdigit():
            rows.setdefault(int(row), {})[name] = value
    for row_ in rows.values():
        row_["negate"] = row_.get("negate") == "not"
    return join, [rows[number] for number in sorted(rows)]


def rule_of_form(join: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The rule (JSON form) of rows; the service says what is wrong with it."""
    parts = [_condition(row) for row in rows]
    turned = [
        {"kind": "not", "rule": part} if row.get("negate") else part for row, part in zip(rows, parts, strict=True)
    ]
    return {"kind": join if join in ("all", "any") else "all", "rules": turned}


def _condition(row: Mapping[str, Any]) -> dict[str, Any]:
    kind = row.get("kind")
    if kind == "property":
        given = row.get("values")
        values = given if isinstance(given, list) else [given]
        texts = [str(value) for value in values if value is not None]
        return {"kind": kind, "name": row.get("property") or "", "test": row.get("test") or "is", "values": texts}
    if kind == "did":
        event = row.get("event")
        name, typed = row.get("where") or "", str(row.get("where_values") or "")
        where = {name: [text.strip() for text in typed.split(",") if text.strip()]} if name not in ("", ANY) else {}
        window = {"ever": ("kind",), "last": ("kind", "days"), "between": ("kind", "first", "last")}
        shape = {"kind": row.get("window") or "ever", **{key: row.get(key) for key in ("days", "first", "last")}}
        return {
            "kind": kind,
            "event": {"event": None if event == ANY else event, "where": where},
            "compare": row.get("compare") or "at_least",
            "times": row.get("times"),
            "window": {key: shape[key] for key in window.get(str(shape["kind"]), ("kind",))},
        }
    if kind == "seen":
        return {"kind": kind, "which": row.get("which"), "compare": row.get("compare"), "days": row.get("days")}
    if kind == "class":
        return {
            "kind": kind,
            "what": row.get("what"),
            "values": list(row.get("values") or []),
            "rules": row.get("rules") or "",
        }
    try:
        kept = json.loads(str(row.get("rule") or "{}"))
    except (ValueError, RecursionError):
        kept = {}
    return kept if isinstance(kept, dict) else {}


def builder_rows(
    join: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    properties: Sequence[Any],
    events: Sequence[str],
    event_properties: Sequence[str],
) -> list[Component]:
    """The form of complete rows. properties: of persons, with name, label, type and values; events: names;
    event_properties: columns of events that a condition may ask."""
    if not rows:
        return [html.P("No condition yet. Add one below.", className="hint")]
    joined = labelled(
        "People who meet",
        dbc.Select(
            id={"type": FIELD, "name": JOIN},
            value=join,
            options=_options((("all", "all of these conditions"), ("any", "at least one of these conditions"))),
        ),
        style={"maxWidth": "22rem"},
    )
    return [
        joined,
        html.Ol(
            [
                html.Li(
                    [
                        html.Div(
                            _controls(number, row, properties, events, event_properties), className="condition-fields"
                        ),
                        html.Button(
                            "Remove",
                            id={"type": REMOVE, "name": str(number)},
                            type="button",
                            className="btn btn-ghost btn-sm",
                            **aria(label=f"Remove condition {number + 1}"),
                        ),
                    ],
                    className="condition",
                )
                for number, row in enumerate(rows)
            ],
            className="conditions",
        ),
    ]


def _controls(
    number: int,
    row: Mapping[str, Any],
    properties: Sequence[Any],
    events: Sequence[str],
    event_properties: Sequence[str],
) -> list[Component]:
    kind = str(row["kind"])
    parts: list[Component] = [_select(number, "negate", "This", "not" if row.get("negate") else "holds", _HOLDS)]
    keep = _hidden(number, "kind", kind)
    if kind == "property":
        parts += _property(number, row, properties)
    elif kind == "did":
        parts += _did(number, row, events, event_properties)
    elif kind == "seen":
        which = (("last", "last seen"), ("first", "first seen"))
        parts += [
            _select(number, "which", "Seen", row.get("which"), which),
            _select(number, "compare", "How long ago", row.get("compare"), _COMPARE[:2]),
            _number(number, "days", "Days ago", row.get("days")),
        ]
    elif kind == "class":
        what = str(row["what"])
        names = _CLASSES[what][1]
        parts += [
            _select(number, "what", "By", what, tuple((key, text) for key, (text, _) in _CLASSES.items()), shape=True),
            _many(number, "values", "Is", row.get("values"), [(name, _BANDS.get(name, name)) for name in names]),
            _hidden(number, "rules", row.get("rules") or ""),
        ]
    else:
        parts += [
            html.P(str(row.get("words") or "a combined condition"), className="condition-kept"),
            _hidden(number, "rule", row.get("rule") or ""),
            _hidden(number, "words", row.get("words") or ""),
        ]
    return [*parts, keep]


def _property(number: int, row: Mapping[str, Any], properties: Sequence[Any]) -> list[Component]:
    known = {item.name: item for item in properties}
    name = str(row.get("property") or "")
    item = known.get(name)
    kind = item.type if item is not None else "text"
    tests, test = _TESTS[kind], str(row["test"])
    names = tuple((entry.name, entry.label) for entry in properties)
    if name and item is None:
        names = ((name, name), *names)
    given = row.get("values")
    values = given if isinstance(given, list) else [given] if given not in (None, "") else []
    parts = [
        _select(number, "property", "Property", name, names, shape=True),
        _select(number, "test", "Comparison", test, tests, shape=True),
    ]
    if test == "missing":
        return parts
    if test in ("is", "is_not") and (kind == "boolean" or (item is not None and item.values)):
        texts = ("true", "false") if kind == "boolean" or item is None else item.values
        options = [(str(text), str(text)) for text in dict.fromkeys((*values, *texts)) if text]
        return [*parts, _many(number, "values", "Values", values, options)]
    types = {"at_least": "number", "at_most": "number", "before": "date", "after": "date"}
    control = dbc.Input(
        id=_id(FIELD, number, "values"),
        type=types.get(test, "text"),
        value=str(values[0]) if values else "",
        debounce=0.4,
        step="any" if types.get(test) == "number" else None,
    )
    return [*parts, labelled("Value", control)]


def _did(
    number: int, row: Mapping[str, Any], events: Sequence[str], event_properties: Sequence[str]
) -> list[Component]:
    window = str(row["window"])
    names = tuple((name, name) for name in dict.fromkeys((*events, row.get("event") or ANY)) if name != ANY)
    where = str(row["where"])
    asked = tuple((name, name) for name in dict.fromkeys((*event_properties, where)) if name != ANY)
    parts = [
        _select(number, "event", "Did", row.get("event"), ((ANY, "any event"), *names)),
        _select(number, "where", "Where", where, ((ANY, "anything"), *asked), shape=True),
    ]
    if where != ANY:
        control = dbc.Input(
            id=_id(FIELD, number, "where_values"), value=row.get("where_values") or "", debounce=0.4, type="text"
        )
        parts.append(labelled("Is one of (comma between)", control))
    parts += [
        _select(number, "compare", "How often", row.get("compare"), _COMPARE),
        _number(number, "times", "Times", row.get("times")),
        _select(number, "window", "When", window, _WINDOW, shape=True),
    ]
    if window == "last":
        parts.append(_number(number, "days", "Last days", row.get("days") or 30))
    if window == "between":
        for name, label in (("first", "From"), ("last", "To")):
            control = dbc.Input(id=_id(FIELD, number, name), type="date", value=row.get(name) or "")
            parts.append(labelled(label, control))
    return parts


def _id(type_: str, number: int, name: str) -> dict[str, str]:
    return {"type": type_, "name": f"{number}.{name}"}


def _options(pairs: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"value": value, "label": label} for value, label in pairs]


def _select(
    number: int, name: str, label: str, value: Any, pairs: Sequence[tuple[str, str]], *, shape: bool = False
) -> Component:
    chosen = value if value in dict(pairs) else (pairs[0][0] if pairs else "")
    control = dbc.Select(id=_id(SHAPE if shape else FIELD, number, name), value=chosen, options=_options(pairs))
    return labelled(label, control)


def _many(number: int, name: str, label: str, value: Any, pairs: Sequence[tuple[str, str]]) -> Component:
    chosen = [item for item in value if item in dict(pairs)] if isinstance(value, list) else []
    boxes = dbc.Checklist(id=_id(FIELD, number, name), value=chosen, options=_options(pairs))
    return html.Fieldset(
        [html.Legend(label, className="field-label"), html.Div(boxes, className="condition-many")], className="field"
    )


def _number(number: int, name: str, label: str, value: Any) -> Component:
    control = dbc.Input(id=_id(FIELD, number, name), type="number", value=value, min=0, step=1, debounce=0.4)
    return labelled(label, control, **data(size="small"))


def _hidden(number: int, name: str, value: str) -> Component:
    return dcc.Input(id=_id(FIELD, number, name), type="hidden", value=value)
