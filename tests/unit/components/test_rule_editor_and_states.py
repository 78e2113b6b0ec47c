from __future__ import annotations

import logging

import pytest
from dash import html
from dash.exceptions import PreventUpdate

from dashboard.components.rule_editor import effect, form_values, rule_form
from dashboard.components.states import guarded
from dashboard.customers.rules import CLASSES, LEVELS, RuleSet
from dashboard.errors import CannotAnswer, NotFound, UserError
from tests.unit.components.tree import find, text, walk


def controls(rules: RuleSet) -> dict[str, object]:
    """Name -> value of every control of the form, as a browser would send them."""
    form = rule_form(
        rules.to_json(),
        classes=CLASSES,
        levels=LEVELS,
        bands=rules.bands(),
        measures=[("auto", "Auto"), ("usage", "Usage")],
        limits=("1", "2"),
    )
    return {node.id["name"]: node.value for node in walk(form) if isinstance(getattr(node, "id", None), dict)}


def read(values: dict[str, object]) -> RuleSet:
    return RuleSet.from_json(form_values([{"type": "rule", "name": name} for name in values], list(values.values())))


@pytest.mark.parametrize(
    "rules",
    [
        RuleSet(),
        RuleSet(q_low=0.25, q_high=0.745, recent_days=30, dormant_days=90),
        RuleSet(cut_low=300, cut_high=600.5, targets=(("Loyal", "High"),)),
        RuleSet(measure="usage", classes=("Loyal",) * 9, targets=()),
    ],
)
def test_the_form_gives_back_the_rules_it_shows(rules: RuleSet) -> None:
    assert read(controls(rules)) == rules


@pytest.mark.parametrize(
    ("name", "value"),
    [("recent_days", None), ("recent_days", "abc"), ("q_low", 70), ("cell.4", "Nobody"), ("recent_days", 1.5)],
)
def test_nonsense_is_refused_in_words(name: str, value: object) -> None:
    values = {**controls(RuleSet()), name: value}
    with pytest.raises(UserError) as refused:
        read(values)
    assert refused.value.code == "bad_rules"


def test_effect_offers_apply_only_for_a_change() -> None:
    rows = [("Loyal", 10, 12), ("Discount targets", 5, 4)]
    changed = effect(rows, apply="?rules=x", reset="?", changed=True, saved=True)
    assert "Loyal 10 12 +2" in " ".join(text(changed).split())
    assert "Discount targets 5 4 −1" in text(changed)
    assert find(changed, "btn-primary")[0].href == "?rules=x"
    same = effect(rows, apply="?rules=x", reset="?", changed=False, saved=False)
    assert not hasattr(find(same, "btn-primary")[0], "href")
    assert "this link only" in text(same)


def fail(error: Exception) -> str:
    @guarded(100)
    def callback() -> object:
        raise error

    return text(callback())


def test_a_defect_becomes_a_reference_and_its_text_stays_out(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("holdfast").propagate = True
    with caplog.at_level(logging.ERROR, logger="holdfast"):
        shown = fail(ValueError("secret row ada@example.com"))
    assert "Something went wrong while drawing this part." in shown
    reference = shown.split("Reference ")[1].rstrip(".")
    assert len(reference) == 8
    assert {record.about["reference"] for record in caplog.records} == {reference}
    assert "ada@example.com" not in shown + str([vars(record) for record in caplog.records])


def test_refusals_speak_for_themselves() -> None:
    shown = fail(CannotAnswer("Revenue needs an order table.", ("transactions",), "Add one."))
    assert shown == "Revenue needs an order table. Missing: transactions. Add one."
    assert fail(NotFound("dataset")).startswith("This dataset does not exist or is not yours.")
    assert fail(UserError("bad", "Not so.", "Do this.")) == "Not so. Do this."


def test_no_update_passes_and_results_stay() -> None:
    @guarded()
    def nothing() -> object:
        raise PreventUpdate

    with pytest.raises(PreventUpdate):
        nothing()
    assert text(guarded()(lambda: html.P("fine"))()) == "fine"
