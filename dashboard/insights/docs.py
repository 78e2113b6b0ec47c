"""``docs/metrics.md`` from the registry: ``python -m dashboard.insights.docs`` writes it, ``--check`` fails when it is
stale."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

from dashboard.insights import metrics  # noqa: F401 - fills the registry
from dashboard.insights.registry import INSIGHTS, METRICS, Need

FILE = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
UNIT = {"count": "count", "rate": "rate (0–1)", "money": "money", "days": "days", "number": "number"}
DIRECTION = {True: "up", False: "down", None: "neither"}


def _needs(needs: tuple[Need, ...]) -> str:
    return ", ".join(need.text for need in needs) or "nothing"


def page() -> str:
    """The text of ``docs/metrics.md``."""
    lines = [
        "# Metrics and insights",
        "",
        "What every number means. Generated from the registry by `make docs`.",
        "",
        "Days, weeks and months are calendar periods in the dataset's time zone. A period is complete when it has",
        "ended; incomplete ones are marked and left out of means. A number without meaning (a rate of nothing) is",
        "missing, not 0.",
        "",
        "## Metrics",
        "",
        "| key | name | definition | formula | unit | good is | needs |",
        "|---|---|---|---|---|---|---|",
    ]
    for key, item in METRICS.items():
        cells = (f"`{key}`", item.label, item.definition, item.formula, UNIT[item.unit])
        lines.append(f"| {' | '.join(cells)} | {DIRECTION[item.higher_is_better]} | {_needs(item.needs)} |")
    lines += ["", "## Insights", ""]
    for name, entry in sorted(INSIGHTS.items()):
        text = " ".join(inspect.cleandoc(entry.compute.__doc__ or "").split())
        lines += [f"### `{name}`: {entry.label}", "", f"{entry.definition} Needs {_needs(entry.needs)}.", "", text, ""]
    return "\n".join(lines)


def main() -> int:
    text = page()
    current = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    if "--check" in sys.argv:
        if current != text:
            sys.stderr.write("docs/metrics.md is not up to date: run make docs\n")
        return int(current != text)
    FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
