"""How good the model is: what was predicted, on whom it was tested, and how well it did, in plain words first."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.chart_card import card, chart_card, twin_card
from dashboard.components.help import Fact, tip
from dashboard.components.linked_table import linked_table
from dashboard.components.provenance import facts_of, remarks
from dashboard.components.states import notice
from dashboard.components.table import Column, rows_of
from dashboard.figures import churn as figures
from dashboard.result import Result

RATES = {"base_rate", "no_information_rate", "accuracy", "ppv", "sensitivity", "specificity"}
CALIBRATED = {"sigmoid": "sigmoid, on scores of people it was not fitted on", "isotonic": "isotonic, on such scores"}
AHEAD = 0.01  # area by which a model must be ahead to be called better
MAX_POINTS = 50  # of a curve in its table; the picture has all of them
ALARM = 0.2  # |intercept| from which probabilities are off in the large


def measure(result: Result, name: str) -> dict[str, Any]:
    """value, low, high of a figure; NaN as None."""
    row = result.frame[result.frame["measure"] == name]
    if not len(row):
        return {"value": None, "low": None, "high": None}
    found = row.iloc[0]
    return {key: None if found[key] != found[key] else float(found[key]) for key in ("value", "low", "high")}


def cards(result: Result, curves: Result, link_shift: str) -> list[Component]:
    """Everything about a tested model. link_shift: the view with probabilities shifted to the latest period."""
    if not len(result.frame):
        return [_untested(result)]
    alarm = _alarm(result, link_shift)
    return [
        _words(result),
        *([alarm] if alarm is not None else []),
        html.Div([_reliability(result, curves), _lift(result, curves)], className="halves"),
        html.Div([_roc(result, curves), _precision(result, curves)], className="halves"),
        _figures(result),
    ]


def _untested(result: Result) -> Component:
    tiers = result.summary["tiers"]
    inside: list[Component] = [html.P(result.summary["why"])]
    if tiers:
        columns = [
            *(Column("Tier"), Column("Means"), Column("People", "count"), Column("Left", "count")),
            *(Column("Rate", "rate"), Column("From", "rate"), Column("To", "rate")),
        ]
        rows = [[tier[name] for name in ("name", "meaning", "people", "left", "rate", "low", "high")] for tier in tiers]
        inside.append(linked_table(columns, rows, caption="What became of such people"))
    return card("No model, but rules", inside, foot=remarks(result))


def verdict(result: Result) -> str:
    """Whether the model is worth more than a simple rule, in a sentence."""
    roc = measure(result, "roc_auc")["value"] or 0.5
    rivals = [(item["name"], item["roc"]) for item in result.summary["compared"] if item["roc"] is not None]
    name, best = max(rivals, key=lambda item: item[1], default=("guessing", 0.5))
    if roc > best + AHEAD:
        return f"Better than {name.lower()} (AUC {roc:.3f} against {best:.3f})."
    return f"No better than {name.lower()} (AUC {roc:.3f} against {best:.3f})."


def tested_on(result: Result) -> str:
    """On whom and on which days, in a sentence."""
    found = result.summary
    people, left = fmt.count(found["test_people"]), fmt.count(found["test_left"])
    if found["test_day"]:
        learnt = ", ".join(fmt.day_iso(day) for day in found["train_days"])
        until = fmt.days_iso(found["test_day"], found["test_until"])
        return (
            f"Learnt from {fmt.count(found['train_people'])} people as they were on {learnt}; tested on {people} "
            f"people and a period it had not seen ({until}): {left} of them left."
        )
    return (
        f"Tested on {people} people, each by a model that had not seen them: {left} of them have left. The file does "
        "not say when, so there is no later period to test on."
    )


def _words(result: Result) -> Component:
    lift = measure(result, "lift_10")["value"]
    ppv, found = measure(result, "ppv")["value"], measure(result, "sensitivity")["value"]
    limit = result.summary["threshold"]
    lines = [
        ("What was predicted", result.summary["definition"]),
        ("On whom it was tested", tested_on(result)),
        (
            "How good it is",
            f"The tenth with the highest risk left {fmt.number(lift)} times as often as everybody. Of those at "
            f"{fmt.percent(limit)} or more, {fmt.percent(ppv)} left; they are {fmt.percent(found)} of all who left.",
        ),
        ("Is it worth having", verdict(result)),
        ("Which model", result.summary["why"]),
    ]
    items = [part for name, text in lines for part in (html.Dt(name), html.Dd(text))]
    return card(
        "The model in plain words",
        html.Dl(items, className="plain-words"),
        about=tip(
            "churn-words",
            "The model in plain words",
            "All figures come from people and, where the data have dates, from a period that the model had not seen.",
            [
                Fact("Features", fmt.count(result.summary["features"])),
                Fact("Calibration", CALIBRATED.get(result.summary["calibration"], "")),
                *facts_of(result),
            ],
        ),
    )


def _alarm(result: Result, link_shift: str) -> Component | None:
    intercept = measure(result, "calibration_intercept")["value"]
    if intercept is None or abs(intercept) <= ALARM:
        return None
    word = "too many" if intercept < 0 else "too few"
    return notice(
        [
            f"Probabilities are off in the large: the model expected {word} to leave in the test, as it does when a "
            "season changes. ",
            html.A("Shift them to the latest period", href=link_shift, className="state-link"),
        ],
        kind="warn",
    )


def _points(
    curves: Result, curve: str, columns: list[Column], names: list[str]
) -> tuple[list[Column], list[list[object]]]:
    """The points of a curve as rows of a table; of very many every so many, the last one included."""
    part = curves.frame[curves.frame["curve"] == curve]
    rows = [list(row) for row in part[names].to_numpy(dtype=object)]
    step = -(-len(rows) // MAX_POINTS) or 1
    return columns, rows[::-1][::step][::-1]


def _reliability(result: Result, curves: Result) -> Component:
    slope, intercept = measure(result, "calibration_slope")["value"], measure(result, "calibration_intercept")["value"]
    brier = measure(result, "brier")["value"]
    words = f"Brier {fmt.number(brier)}, slope {fmt.number(slope)}, intercept {fmt.number(intercept)}"
    columns, rows = _points(
        curves,
        "reliability",
        [
            Column("Predicted", "rate"),
            Column("Left", "rate"),
            Column("From", "rate"),
            Column("To", "rate"),
            Column("People", "count"),
        ],
        ["x", "y", "low", "high", "people"],
    )
    return chart_card(
        "churn-reliability",
        "Can the probabilities be believed?",
        figures.reliability(curves),
        summary=f"Predicted against observed share of leavers: {words}.",
        columns=columns,
        rows=rows,
        about=tip(
            "churn-reliability",
            "Reliability",
            "People in groups of similar probability: the share who left should be what was predicted, on the straight "
            "line. Bars are 95 % intervals.",
            facts_of(result),
        ),
        subtitle=words,
        height=330,
    )


def _lift(result: Result, curves: Result) -> Component:
    lift = measure(result, "lift_10")["value"]
    words = f"The top tenth left {fmt.number(lift)} times as often as everybody"
    columns, rows = _points(
        curves,
        "lift",
        [
            Column("Tenth"),
            Column("Lift", "number"),
            Column("From", "number"),
            Column("To", "number"),
            Column("People", "count"),
            Column("Left", "count"),
        ],
        ["x", "y", "low", "high", "people", "left"],
    )
    return chart_card(
        "churn-lift",
        "Does it find the right people?",
        figures.lift(curves),
        summary=f"{words}.",
        columns=columns,
        rows=[[str(int(float(str(row[0])))), *row[1:]] for row in rows],
        about=tip(
            "churn-lift",
            "Lift",
            "People in tenths by predicted risk: how often each tenth left, in times of everybody. Bars are 95 % "
            "intervals.",
            facts_of(result),
        ),
        subtitle=words,
        height=330,
    )


def interval(found: dict[str, Any]) -> str:
    """A figure with its interval: ``0.845 (0.836–0.855)``."""
    if found["value"] is None:
        return fmt.MISSING
    ends = f" ({fmt.decimals(found['low'])}–{fmt.decimals(found['high'])})" if found["low"] is not None else ""
    return f"{fmt.decimals(found['value'])}{ends}"


def _roc(result: Result, curves: Result) -> Component:
    words = f"AUC {interval(measure(result, 'roc_auc'))}; 0.5 is guessing"
    columns, rows = _points(
        curves, "roc", [Column("Stayers flagged", "rate"), Column("Leavers flagged", "rate")], ["x", "y"]
    )
    return chart_card(
        "churn-roc",
        "ROC curve",
        figures.roc(curves),
        summary=f"{words}.",
        columns=columns,
        rows=rows,
        about=tip(
            "churn-roc",
            "ROC curve",
            "For every limit of the probability: which share of those who left and of those who stayed lies above it.",
            [Fact("Interval", "95 %, bootstrap"), *facts_of(result)],
        ),
        subtitle=words,
        height=320,
    )


def _precision(result: Result, curves: Result) -> Component:
    base = measure(result, "base_rate")["value"]
    words = f"AUC {interval(measure(result, 'pr_auc'))}; guessing gives {fmt.percent(base)}"
    columns, rows = _points(
        curves, "pr", [Column("Leavers found", "rate"), Column("Leavers among the flagged", "rate")], ["x", "y"]
    )
    return chart_card(
        "churn-pr",
        "Precision and recall",
        figures.precision(curves, base),
        summary=f"{words}.",
        columns=columns,
        rows=rows,
        about=tip(
            "churn-pr",
            "Precision and recall",
            "For every limit of the probability: how many of those above it left, and which part of all who left they "
            "are.",
            [Fact("Interval", "95 %, bootstrap"), *facts_of(result)],
        ),
        subtitle=words,
        height=320,
    )


def _figures(result: Result) -> Component:
    columns = [Column("Figure"), Column("Value", "number"), Column("From", "number"), Column("To", "number"),
               Column("What it means")]  # fmt: skip
    shown = []
    for row in rows_of(result, ["measure", "label", "value", "low", "high", "meaning"]):
        name, label, *numbers, meaning = row
        texts = [_text(str(name), number) for number in numbers]
        shown.append([label, *texts, meaning])
    return twin_card(
        "churn-figures",
        "All figures of the test",
        linked_table(
            [Column(c.title, "number" if c.unit else "") for c in columns], shown, caption="Figures of the test"
        ),
        columns=columns,
        rows=rows_of(result, ["label", "value", "low", "high", "meaning"]),
        about=tip(
            "churn-figures",
            "All figures of the test",
            "Accuracy means little by itself: saying the same of everybody is right at the no-information rate.",
            facts_of(result),
        ),
        foot=remarks(result),
    )


def _text(name: str, value: object) -> str:
    number = float(str(value))
    if number != number:
        return ""
    return fmt.percent(number) if name in RATES else fmt.decimals(number)
