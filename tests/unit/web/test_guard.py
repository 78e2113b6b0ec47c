from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from dash import ALL, MATCH, Dash, Input, Output, State, dcc, html
from flask.testing import FlaskClient

from benchmarks.fuzz_callbacks import mutated, valid_bodies
from dashboard.components import ids
from dashboard.web.guard import PATH, wrong_field


@pytest.fixture(scope="module")
def callbacks() -> dict[str, Any]:
    """The callback map of a small app that has every kind of callback."""
    app = Dash("guard_test", add_log_handler=False)
    app.layout = html.Div([dcc.Input(id="a"), html.Div(id="b"), html.Div(id="c")])

    @app.callback(Output("b", "children"), Input("a", "value"), State("c", "children"))
    def plain(value: Any, _state: Any) -> Any:
        return value

    @app.callback(Output("b", "title"), Output("c", "title"), Input("a", "value"))
    def several(value: Any) -> Any:
        return value, value

    @app.callback(Output("b", "children", allow_duplicate=True), Input("a", "n_submit"), prevent_initial_call=True)
    def duplicate(value: Any) -> Any:
        return value

    @app.callback(Output({"type": "out", "n": MATCH}, "children"), Input({"type": "in", "n": MATCH}, "value"))
    def match(value: Any) -> Any:
        return value

    @app.callback(Output("c", "children"), Input({"type": "in", "n": ALL}, "value"))
    def every(value: Any) -> Any:
        return len(value)

    @app.callback(
        Output({"type": "out", "n": ALL}, "hidden"), Input("a", "value"), State({"type": "in", "n": ALL}, "id")
    )
    def to_all(value: Any, _ids: Any) -> Any:
        return [value]

    @app.callback(
        Output({"type": "out", "n": ALL}, "lang", allow_duplicate=True),
        Output("b", "lang", allow_duplicate=True),
        Input("a", "n_blur"),
        prevent_initial_call=True,
    )
    def duplicate_to_all(value: Any) -> Any:
        return [value], value

    @app.callback(Input("a", "value"))
    def without_output(_value: Any) -> None:
        return None

    app.clientside_callback("function(x) {return x}", Output("c", "hidden"), Input("a", "value"))
    app.server.test_client().get("/")
    return app.callback_map  # type: ignore[no-any-return]


def body(callbacks: dict[str, Any], prop: str, **changes: Any) -> dict[str, Any]:
    """A request as the browser sends it for the callback whose output contains ``prop``."""
    name = next(key for key in callbacks if prop in key)
    made: dict[str, Any] = {
        "output": name,
        "outputs": {"id": "b", "property": "children"},
        "inputs": [{"id": "a", "property": "value", "value": 1}],
        "state": [],
        "changedPropIds": ["a.value"],
    }
    return {**made, **changes}


IN = {"type": "in", "n": 3}
OUT = {"type": "out", "n": 3}


def honest(callbacks: dict[str, Any]) -> dict[str, dict[str, Any]]:
    duplicate = next(key for key in callbacks if "@" in key)
    of_all = next(key for key in callbacks if ".lang@" in key)
    mark = of_all.rsplit("@", 1)[1].rstrip(".")
    return {
        "plain": body(callbacks, "b.children", state=[{"id": "c", "property": "children"}]),
        "several": body(
            callbacks,
            "b.title",
            outputs=[{"id": "b", "property": "title"}, {"id": "c", "property": "title"}],
        ),
        "duplicate": {
            "output": duplicate,
            "outputs": {"id": "b", "property": duplicate.split(".", 1)[1]},
            "inputs": [{"id": "a", "property": "n_submit", "value": 1}],
            "changedPropIds": ["a.n_submit"],
        },
        "match": body(
            callbacks,
            '"type":"out"}.children',
            outputs={"id": OUT, "property": "children"},
            inputs=[{"id": IN, "property": "value", "value": "x"}],
            changedPropIds=['{"n":3,"type":"in"}.value'],
        ),
        "all": body(
            callbacks,
            "c.children",
            outputs={"id": "c", "property": "children"},
            inputs=[
                [{"id": IN, "property": "value", "value": "x"}, {"id": {"type": "in", "n": "é"}, "property": "value"}]
            ],
            changedPropIds=['{"n":3,"type":"in"}.value'],
        ),
        "all, none there": body(
            callbacks, "c.children", outputs={"id": "c", "property": "children"}, inputs=[[]], changedPropIds=[]
        ),
        "to all": body(
            callbacks,
            '"type":"out"}.hidden',
            outputs=[{"id": OUT, "property": "hidden"}],
            state=[[{"id": IN, "property": "id", "value": IN}]],
        ),
        "duplicate to all": {
            "output": of_all,
            "outputs": [[{"id": OUT, "property": f"lang@{mark}"}], {"id": "b", "property": f"lang@{mark}"}],
            "inputs": [{"id": "a", "property": "n_blur", "value": 1}],
            "changedPropIds": ["a.n_blur"],
        },
        "no output": {
            "output": next(key for key in callbacks if callbacks[key].get("no_output")),
            "outputs": [],
            "inputs": [{"id": "a", "property": "value", "value": 1}],
            "changedPropIds": ["a.value"],
        },
    }


@pytest.mark.parametrize(
    "kind",
    ["plain", "several", "duplicate", "match", "all", "all, none there", "to all", "duplicate to all", "no output"],
)
def test_honest_requests_pass(callbacks: dict[str, Any], kind: str) -> None:
    assert wrong_field(callbacks, honest(callbacks)[kind]) is None


FORGED: list[tuple[str, str, Any, str]] = [
    ("plain", "output", "app.secret", "output"),
    ("plain", "output", None, "output"),
    ("plain", "output", ["b.children"], "output"),
    ("plain", "output", "_pages_content.children", "output"),
    ("plain", "inputs", [], "inputs"),
    ("plain", "inputs", {}, "inputs"),
    ("plain", "inputs", None, "inputs"),
    ("plain", "inputs", [{"id": "z", "property": "value"}], "inputs"),
    ("plain", "inputs", [{"id": "a", "property": "id"}], "inputs"),
    ("plain", "inputs", [{"id": {"a": 1}, "property": "value"}], "inputs"),
    ("plain", "inputs", [[{"id": "a", "property": "value"}]], "inputs"),
    ("plain", "inputs", ["a.value"], "inputs"),
    ("plain", "state", [], "state"),
    ("plain", "state", [{"id": "c"}], "state"),
    ("plain", "outputs", {"id": "c", "property": "children"}, "outputs"),
    ("plain", "outputs", [{"id": "b", "property": "children"}], "outputs"),
    ("plain", "outputs", None, "outputs"),
    ("plain", "changedPropIds", ["x.value"], "changedPropIds"),
    ("plain", "changedPropIds", "a.value", "changedPropIds"),
    ("plain", "changedPropIds", [1], "changedPropIds"),
    ("plain", "extra", 1, "body"),
    ("several", "outputs", [{"id": "b", "property": "title"}], "outputs"),
    ("duplicate", "outputs", {"id": "c", "property": "children"}, "outputs"),
    ("match", "inputs", [[{"id": IN, "property": "value"}]], "inputs"),
    ("match", "inputs", [{"id": {"type": "other", "n": 3}, "property": "value"}], "inputs"),
    ("match", "inputs", [{"id": {"type": "in"}, "property": "value"}], "inputs"),
    ("match", "inputs", [{"id": {"type": "in", "n": 3, "x": 1}, "property": "value"}], "inputs"),
    ("match", "inputs", [{"id": {"type": "in", "n": {"deep": 1}}, "property": "value"}], "inputs"),
    ("match", "outputs", {"id": {"type": "in", "n": 3}, "property": "children"}, "outputs"),
    ("match", "changedPropIds", ['{"n":3,"type":"out"}.value'], "changedPropIds"),
    ("match", "changedPropIds", ["{broken.value"], "changedPropIds"),
    ("all", "inputs", [{"id": IN, "property": "value"}], "inputs"),
    ("all", "inputs", [[{"id": IN, "property": "id"}]], "inputs"),
    ("to all", "outputs", {"id": OUT, "property": "hidden"}, "outputs"),
    ("to all", "state", [[{"id": "a", "property": "id"}]], "state"),
    ("duplicate to all", "outputs", [[{"id": IN, "property": "lang"}], {"id": "b", "property": "lang"}], "outputs"),
    ("duplicate to all", "outputs", [["x"], {"id": "b", "property": "lang"}], "outputs"),
    ("no output", "outputs", [{"id": "b", "property": "children"}], "outputs"),
]


@pytest.mark.parametrize(("kind", "field", "value", "named"), FORGED)
def test_forged_requests_are_named(callbacks: dict[str, Any], kind: str, field: str, value: Any, named: str) -> None:
    forged = copy.deepcopy(honest(callbacks)[kind])
    forged[field] = value
    assert wrong_field(callbacks, forged) == named


def test_browser_side_and_background_callbacks_have_no_server_side(callbacks: dict[str, Any]) -> None:
    assert wrong_field(callbacks, body(callbacks, "c.hidden", outputs={"id": "c", "property": "hidden"})) == "output"
    changed = {key: {**value, "background": {"interval": 1}} for key, value in callbacks.items()}
    assert wrong_field(changed, honest(callbacks)["plain"]) == "output"


@pytest.mark.parametrize("thing", [None, 1, "x", [], [1], True, {"output": 1}])
def test_anything_else_is_no_request(callbacks: dict[str, Any], thing: Any) -> None:
    assert wrong_field(callbacks, thing) in ("body", "output")


def test_a_page_request_reaches_its_callback(client: FlaskClient) -> None:
    answer = client.post(
        PATH + "?endId=x",
        json={
            "output": f"..{ids.PAGE}.children...{ids.PAGE_TITLE}.data..",
            "outputs": [{"id": ids.PAGE, "property": "children"}, {"id": ids.PAGE_TITLE, "property": "data"}],
            "inputs": [{"id": ids.URL, "property": "pathname", "value": "/data"}],
            "changedPropIds": [f"{ids.URL}.pathname"],
            "state": [],
        },
    )
    assert answer.status_code == 200
    assert "Holdfast" in answer.json["response"][ids.PAGE_TITLE]["data"]
    assert client.post(PATH + "?cacheKey=1&job=7", json={}).status_code == 400


def test_mutated_requests_are_never_errors(app: Dash, client: FlaskClient, capfd: pytest.CaptureFixture[str]) -> None:
    """A subset of ``benchmarks/fuzz_callbacks.py``: every answer is below 500, no stack reaches a log."""
    chance = random.Random(7)
    honest_bodies = valid_bodies(app)
    assert len(honest_bodies) > 10
    for number in range(400):
        data = mutated(chance.choice(honest_bodies), chance)
        answer = client.post(PATH, data=data, content_type="application/json")
        assert answer.status_code < 500, (number, data[:500])
    captured = capfd.readouterr()
    assert "Traceback" not in captured.out + captured.err


def test_valid_bodies_are_valid(app: Dash) -> None:
    wrong = [(made["output"], found) for made in valid_bodies(app) if (found := wrong_field(app.callback_map, made))]
    assert wrong == []
    assert json.dumps(valid_bodies(app))
