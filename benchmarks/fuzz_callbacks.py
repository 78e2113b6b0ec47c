"""Mutated callback requests against the whole product: no 5xx, no stack in a log.

Run with ``python -m benchmarks.fuzz_callbacks``.

Starts from an honest body for every declared callback and damages it: values of other types, huge and deep ones,
missing, doubled and foreign fields, wildcard ids, cut and spliced bytes. Seeded.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dash import Dash

PATH = "/_dash-update-component"
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**63, -(2**70), 1e308, -0.5, "", "x", "\x00", "\ud83d", "../../etc/passwd",
    "a" * 5000,
    "<script>alert(1)</script>", "=HYPERLINK(1)", "?dataset=../x&range=9..1", "?" + "a=1&" * 2000, "NaN", "0" * 32,
    "aaaaaaaaaaaa", [], [[]], [None] * 50, {}, {"a": {"b": [1]}}, {"__proto__": 1}, {"id": "x", "property": "y"},
)  # fmt: skip


def valid_bodies(app: Dash) -> list[dict[str, Any]]:
    """One well-formed request per server-side callback of the app, as a page would send it."""
    return [
        made
        for name, declared in app.callback_map.items()
        if "callback" in declared and "_pages_" not in name and (made := _body(name, declared))
    ]


def _body(name: str, declared: dict[str, Any]) -> dict[str, Any]:
    inputs = [_item(item["id"], item["property"]) for item in declared["inputs"]]
    output = declared["output"]
    several = isinstance(output, list | tuple)
    outputs = [_item(o.component_id_str(), o.component_property) for o in (output if several else [output])]
    first = inputs[0][0] if inputs and isinstance(inputs[0], list) else (inputs[0] if inputs else None)
    return {
        "output": name,
        "outputs": [] if declared.get("no_output") else (outputs if several else outputs[0]),
        "inputs": inputs,
        "state": [_item(item["id"], item["property"]) for item in declared["state"]],
        "changedPropIds": [f"{_text(first['id'])}.{first['property']}"] if first else [],
    }


def _item(component_id: str, prop: str) -> Any:
    if not component_id.startswith("{"):
        return {"id": component_id, "property": prop, "value": None}
    pattern = json.loads(component_id)
    one = {"id": {k: "x" if isinstance(v, list) else v for k, v in pattern.items()}, "property": prop, "value": None}
    return [one] if any(v in (["ALL"], ["ALLSMALLER"]) for v in pattern.values()) else one


def _text(component_id: Any) -> str:
    return (
        component_id
        if isinstance(component_id, str)
        else json.dumps(component_id, sort_keys=True, separators=(",", ":"))
    )


def mutated(body: dict[str, Any], chance: random.Random, values: Sequence[Any] = VALUES) -> bytes:
    """The request with one to three damages, as bytes."""
    made: Any = copy.deepcopy(body)
    for _ in range(chance.randint(1, 3)):
        kind = chance.random()
        if kind < 0.45:
            _set_value(made, chance, values)
        elif kind < 0.9:
            made = _damage(made, chance)
    data = json.dumps(made).encode()
    if chance.random() < 0.1:
        cut = chance.randrange(len(data))
        data = chance.choice(
            (data[:cut], data[:cut] + data, data[cut:], b"[" * 5000 + data, data.replace(b":", b"", 1))
        )
    return data


def _set_value(made: Any, chance: random.Random, values: Sequence[Any]) -> None:
    """A value that a client may send: the shape stays right, so it reaches the callback."""
    lists = [made.get(field) for field in ("inputs", "state")] if isinstance(made, dict) else []
    found = [item for part in lists if isinstance(part, list) for item in part]
    items = [one for item in found for one in (item if isinstance(item, list) else [item]) if isinstance(one, dict)]
    if items:
        chance.choice(items)["value"] = copy.deepcopy(chance.choice(values))


def _damage(made: Any, chance: random.Random) -> Any:
    """Replace, remove or double something anywhere in the body."""
    spots: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            spots.extend((node, key) for key in node)
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            spots.extend((node, index) for index in range(len(node)))
            for value in node:
                walk(value)

    walk(made)
    if not spots:
        return copy.deepcopy(chance.choice(VALUES))
    node, key = chance.choice(spots)
    action = chance.random()
    if action < 0.6:
        node[key] = copy.deepcopy(chance.choice(VALUES))
    elif action < 0.8:
        del node[key]
    elif isinstance(node, list):
        node.append(copy.deepcopy(node[key]))
    else:
        node[str(key) + "x"] = copy.deepcopy(node[key])
    return made


def sample_dataset() -> str:
    """A small dataset, so that callbacks get past "no data yet"; returns its id."""
    from dashboard import jobs, tasks
    from dashboard.store import catalogue

    job = jobs.start("sample", {"kind": "streaming", "events": 1_000, "seed": 1, "name": "Fuzz"})
    with catalogue.reading() as db:
        jobs.claim(db, light=False)
    made = tasks.make_sample(job.params, jobs.Progress(job.id))
    jobs.finish(job.id, made)
    return str(made["dataset"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=42)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DASHBOARD_DATA_DIR"] = folder
        from dashboard import logs
        from dashboard.web.app import create_app

        app = create_app()
        logs.set_up("web", stderr=False)
        dataset = sample_dataset()
        values = (
            *VALUES,
            dataset,
            f"?dataset={dataset}",
            f"?dataset={dataset}&range=7d&where.country=DE",
            "/",
            "/data",
        )
        client = app.server.test_client()
        chance = random.Random(chosen.seed)
        bodies = valid_bodies(app)
        codes: Counter[int] = Counter()
        errors: Counter[str] = Counter()
        began = time.perf_counter()
        for _ in range(chosen.runs):
            body = chance.choice(bodies)
            answer = client.post(PATH, data=mutated(body, chance, values), content_type="application/json",
                                 headers={"Host": "127.0.0.1"})  # fmt: skip
            codes[answer.status_code] += 1
            if answer.status_code >= 500:
                errors[body["output"]] += 1
        seconds = time.perf_counter() - began
        text = "".join(path.read_text() for path in (Path(folder) / "logs").iterdir())
        lines = [json.loads(line) for line in text.splitlines()]
        failed = [f"{line['type']} at {line['stack'][-1]}" for line in lines if line["event"] == "callback failed"]
    report = {
        "bodies": chosen.runs,
        "callbacks": len(bodies),
        "status": dict(sorted(codes.items())),
        "server_errors": sum(errors.values()),
        "where": dict(errors.most_common(10)),
        "tracebacks": text.count("Traceback"),
        "caught_in_callbacks": len(failed),
        "caught_where": dict(Counter(failed).most_common(20)),
        "log_bytes_per_request": round(len(text) / chosen.runs),
        "seconds": round(seconds, 1),
    }
    print(json.dumps(report, indent=2))
    return 1 if report["server_errors"] or report["tracebacks"] else 0


if __name__ == "__main__":
    sys.exit(main())
