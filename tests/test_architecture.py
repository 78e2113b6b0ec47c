"""The house rules that a machine can check: who imports whom, and what must not appear anywhere."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    path
    for folder in ("dashboard", "pages", "benchmarks", "tools")
    for path in (ROOT / folder).rglob("*.py")
    if "__pycache__" not in path.parts
) + [path for path in (ROOT / "app.py",) if path.exists()]

BASE = ("settings", "schema", "filters", "format", "errors", "result", "jit", "process", "escape", "logs")
DECISIONS = ("dashboard.ingest.plan", "dashboard.ingest.report")  # plain dataclasses that every layer may speak
LOOKS = ("dash", "plotly", "flask", "dash_bootstrap_components", "dash_ag_grid", "werkzeug", "waitress")
# layer -> modules of this project it may import, by prefix (its own folder always)
ALLOWED: dict[str, tuple[str, ...]] = {
    **{f"dashboard/{name}.py": tuple(f"dashboard.{base}" for base in BASE) for name in BASE},
    "dashboard/statistics/": (),
    "dashboard/engine/": tuple(f"dashboard.{base}" for base in BASE),
    "dashboard/store/": (*(f"dashboard.{base}" for base in BASE), "dashboard.engine"),
    "dashboard/ingest/": (*(f"dashboard.{base}" for base in BASE), "dashboard.engine", "dashboard.store"),
    **{
        f"dashboard/{name}/": (
            *(f"dashboard.{base}" for base in BASE),
            "dashboard.engine",
            "dashboard.store",
            "dashboard.statistics",
            "dashboard.insights",
            "dashboard.customers",
        )
        for name in ("insights", "customers", "offers")
    },
    "dashboard/figures/": tuple(f"dashboard.{base}" for base in BASE),
    "dashboard/components/": (*(f"dashboard.{base}" for base in BASE), "dashboard.figures", *DECISIONS),
    "pages/": (
        "dashboard.service",
        "dashboard.figures",
        "dashboard.components",
        "dashboard.filters",
        "dashboard.format",
        "dashboard.errors",
        "dashboard.schema",
    ),
}
WITHOUT_LOOKS = (
    "engine/",
    "store/",
    "ingest/",
    "insights/",
    "customers/",
    "offers/",
    "statistics/",
    "service/",
    "jobs.",
    "cache.",
)


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "dashboard":
                yield from (f"dashboard.{alias.name}" for alias in node.names)
            else:
                yield node.module


def starts(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(prefix + ".")


def test_imports_point_one_way() -> None:
    wrong = []
    for path in SOURCES:
        place = path.relative_to(ROOT).as_posix()
        for layer, allowed in ALLOWED.items():
            if place != layer and not (layer.endswith("/") and place.startswith(layer)):
                continue
            own = layer.removesuffix(".py").rstrip("/").replace("/", ".")
            for name in imports(path):
                if starts(name, "pages") or starts(name, "app"):
                    wrong.append(f"{place} imports {name}")
                if name == "dashboard.__version__" or not starts(name, "dashboard") or name == "dashboard":
                    continue
                if not any(starts(name, prefix) for prefix in (*allowed, own)):
                    wrong.append(f"{place} imports {name}")
    assert wrong == []


def test_computation_knows_no_looks() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in SOURCES
        if path.relative_to(ROOT).as_posix().removeprefix("dashboard/").startswith(WITHOUT_LOOKS)
        for name in imports(path)
        if any(starts(name, look) for look in LOOKS)
    ]
    assert wrong == []


def test_pages_have_no_data_access() -> None:
    banned = ("duckdb", "diskcache", "pyarrow", "numpy", "pandas", "sqlite3", "sklearn", "numba", "dashboard.web")
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in SOURCES
        if path.is_relative_to(ROOT / "pages")
        for name in imports(path)
        if any(starts(name, ban) for ban in banned)
    ]
    assert wrong == []


BANNED_IMPORTS = ("pickle", "cPickle", "shelve", "marshal", "joblib", "dill", "dash_auth", "dash.long_callback")
BANNED_NAMES = {"eval", "exec", "compile"}
BANNED_ATTRIBUTES = {"read_pickle", "to_pickle", "system", "popen"}
BANNED_KEYWORDS = {"dangerously_allow_code", "dangerously_allow_html", "srcDoc", "allow_pickle"}
BANNED_TEXT = ("DiskcacheManager", "dcc.Upload", "dbc.themes", "cdn.")


def dangers(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    for name in imports(path):
        if any(starts(name, ban) for ban in BANNED_IMPORTS):
            yield f"imports {name}"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in BANNED_NAMES:
                yield f"line {node.lineno}: {called.id}()"
            if isinstance(called, ast.Attribute):
                owner = called.value.id if isinstance(called.value, ast.Name) else ""
                frame_code = called.attr in ("query", "eval") and owner != "self" and (node.args or node.keywords)
                if called.attr in BANNED_ATTRIBUTES or frame_code:
                    yield f"line {node.lineno}: .{called.attr}()"
                if called.attr in ("execute", "executemany", "sql") and node.args:
                    statement = node.args[0]
                    if isinstance(statement, ast.JoinedStr) and "dashboard/store" not in path.as_posix():
                        yield f"line {node.lineno}: SQL built from an f-string"
            for keyword in node.keywords:
                if keyword.arg in BANNED_KEYWORDS and not (
                    isinstance(keyword.value, ast.Constant) and keyword.value.value is False
                ):
                    yield f"line {node.lineno}: {keyword.arg}="
                if keyword.arg == "shell" and isinstance(keyword.value, ast.Constant) and keyword.value.value is True:
                    yield f"line {node.lineno}: shell=True"
    for ban in BANNED_TEXT:
        if ban in text:
            yield f"mentions {ban}"


def test_no_dangerous_calls() -> None:
    # benchmarks talk to other engines in the engines' own words and are no part of the product
    product = [path for path in SOURCES if not path.is_relative_to(ROOT / "benchmarks")]
    assert [f"{path.relative_to(ROOT)}: {what}" for path in product for what in dangers(path)] == []


def test_graphs_are_built_in_one_place() -> None:
    users = [
        path.relative_to(ROOT).as_posix() for path in SOURCES if re.search(r"dcc\.Graph\(", path.read_text("utf-8"))
    ]
    assert users == ["dashboard/components/graph.py"]


def test_kernels_are_compiled_in_one_place() -> None:
    users = [
        path.relative_to(ROOT).as_posix()
        for path in SOURCES
        if any(starts(name, "numba") for name in imports(path)) and not path.is_relative_to(ROOT / "benchmarks")
    ]
    # tokenize_words defines an instruction-level intrinsic, which the decorator cannot express
    assert set(users) <= {"dashboard/jit.py", "dashboard/ingest/tokenize_words.py"}


def test_every_module_says_what_it_owns() -> None:
    silent = [
        path.relative_to(ROOT).as_posix()
        for path in SOURCES
        if path.name != "__init__.py" and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []


def test_modules_have_one_purpose() -> None:
    long = {
        path.relative_to(ROOT).as_posix(): count
        for path in SOURCES
        if (count := len(path.read_text("utf-8").splitlines())) > 400
    }
    assert long == {}


def tracked() -> list[Path]:
    try:
        listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listing.decode().split("\0") if name and (ROOT / name).is_file()]


def test_no_data_in_the_repository() -> None:
    suspicious = (".csv", ".gz", ".parquet", ".arrow", ".xlsx", ".db", ".sqlite", ".jsonl")
    wrong = [path.relative_to(ROOT).as_posix() for path in tracked() if path.suffix in suspicious]
    assert wrong == []
    large = [path.relative_to(ROOT).as_posix() for path in tracked() if path.stat().st_size > 1_000_000]
    assert large == []


def test_nothing_is_left_unfinished() -> None:
    pattern = re.compile(r"\b(TODO|FIXME|XXX|raise NotImplementedError)\b")
    wrong = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in SOURCES
        if (match := pattern.search(path.read_text("utf-8")))
    ]
    assert wrong == []
