"""The churn page: any link is a question, bands open their people, warnings can be acted on, the model in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import service
from dashboard.components import churn_model, churn_risk, churn_window
from dashboard.components import churn_options as names
from dashboard.components.churn_controls import question
from dashboard.customers.churn import rule
from dashboard.filters import Filters
from dashboard.result import Result
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset
from tests.unit.components.tree import find, prop, text, walk
from tests.unit.customers.test_rfm_insights import ALL, orders

OPTIONS = [names.TAB, names.LABEL, names.WINDOW, names.MODEL, names.RISK, names.SHIFT, names.MARGIN, names.MONTHS]


def marked(n: int = 400) -> list[dict[str, Any]]:
    """People who leave the more often the more they complain; one column knows the answer."""
    rng = np.random.default_rng(11)
    rows: list[dict[str, Any]] = []
    for i in range(n):
        complaints = int(rng.integers(0, 8))
        left = bool(rng.random() < 0.05 + 0.09 * complaints)
        rows.append(
            {
                "user_id": f"u{i:04d}",
                "complaints": float(complaints),
                "age": float(rng.integers(18, 80)),
                "farewell": float(left) + rng.normal(0, 0.01),
                "churned": left,
            }
        )
    return rows


@pytest.fixture
def people(data_dir: Path) -> Dataset:
    return build_dataset(data_dir, users=marked())


def asked_of(dataset: Dataset, name: str, **options: Any) -> Result:
    return service.insight(name, dataset.id, ALL, model="logistic", **options)


def link(token: str) -> str:
    return f"?list={token}"


@given(st.dictionaries(st.sampled_from(OPTIONS), st.text(max_size=8) | st.sampled_from(["nan", "-1", "1e999", "30"])))
def test_any_link_is_a_question(extra: dict[str, str]) -> None:
    found = names.asked(Filters(extra=tuple(sorted(extra.items()))))
    rule.from_json(found.settings())
    assert found.tab in {item.value for item in names.TABS}


def test_every_choice_is_one_of_the_model() -> None:
    assert {item.value for item in names.LABELS} == set(rule.LABELS)
    assert {item.value for item in names.MODELS} == set(rule.MODELS)
    for option, values in ((names.LABEL, names.LABELS), (names.MODEL, names.MODELS), (names.RISK, names.RISKS)):
        for item in values:
            rule.from_json(names.asked(ALL.with_option(option, item.value)).settings())


def test_columns_are_left_out_and_taken_again() -> None:
    one = names.with_column(ALL, names.DROP, "tenure", on=True)
    two = names.with_column(one, names.DROP, "age", on=True)
    assert names.asked(two).drop == ("tenure", "age")
    assert names.with_column(names.with_column(two, names.DROP, "age", on=False), names.DROP, "tenure", on=False) == ALL


def test_tokens_of_bands() -> None:
    for band in (*names.BANDS, ""):
        assert names.read_band(names.band_token(band)) == band
    assert names.read_band("band~dead") is None
    assert names.read_band("") is None


def test_windows_are_offered_where_there_is_time() -> None:
    asked = names.asked(ALL)
    assert "Window" in text(question(ALL, asked, timed=True, money=True))
    assert "Window" not in text(question(ALL, asked, timed=False, money=False))
    assert "Value of" not in text(question(ALL, asked, timed=True, money=False))


def test_the_answer_counts_the_people_of_its_list(people: Dataset) -> None:
    result, risky = asked_of(people, "churn"), asked_of(people, "churn_people", band="at risk", rows=1)
    hero = churn_risk.hero(result, risky, currency="EUR", link=link, export="/export")
    number = int(text(find(hero, "hero-number")[0]).replace(",", ""))
    assert number == len(asked_of(people, "churn_members", band="at risk").frame) > 0
    still = sum(not row["churned"] for row in marked())
    assert f"of {still} people at risk of leaving" in text(hero)
    card = churn_risk.bands_card(result, link=link, current=names.band_token("watch"))
    rows = [row for row in walk(find(card, "linked-table")[0]) if type(row).__name__ == "Tr"][1:]
    counts = [int(text(next(c for c in walk(row) if type(c).__name__ == "Td"))) for row in rows]
    assert sum(counts) == still and counts[0] == number
    assert len(find(card, "is-current")) == 1
    values = [text(item) for item in find(churn_risk.cards(result, currency="EUR", link=link), "kpi-value")]
    assert values[:3] == [str(n) for n in counts]


def test_a_column_that_knows_the_answer_is_named_and_can_be_kept(people: Dataset) -> None:
    result = asked_of(people, "churn")
    leak = next(w for w in result.summary["warnings"] if w["code"] == "leak")
    assert leak["column"] == "farewell"
    asked = names.asked(ALL)
    said = churn_risk.warnings(ALL, result, asked)
    assert "alone tells who leaves" in text(said) and "Use it anyway" in text(said)
    (opened,) = [prop(item, "href") for item in walk(said) if text(item) == "Use it anyway" and prop(item, "href")]
    assert "keep=farewell" in opened
    kept = names.with_column(ALL, names.KEEP, "farewell", on=True)
    again = asked_of(people, "churn", keep=["farewell"])
    assert "Leave it out" in text(churn_risk.warnings(kept, again, names.asked(kept)))
    dropped = names.with_column(ALL, names.DROP, "age", on=True)
    assert "does without “age”" in text(churn_risk.warnings(dropped, result, names.asked(dropped)))


def test_the_model_in_plain_words(people: Dataset) -> None:
    result, curves = asked_of(people, "churn"), asked_of(people, "churn_curves")
    told = text(churn_model.cards(result, curves, "/churn?shift=1"))
    assert "times as often as everybody" in told and "each by a model that had not seen them" in told
    assert churn_model.verdict(result).startswith("Better than guessing")
    roc = churn_model.measure(result, "roc_auc")
    assert churn_model.interval(roc) in told
    for rival, word in ((0.4, "Better than"), (0.99, "No better than")):
        compared = replace(result, summary={**result.summary, "compared": [{"name": "Silence", "roc": rival}]})
        assert churn_model.verdict(compared).startswith(f"{word} silence")


def test_probabilities_that_are_off_raise_an_alarm(people: Dataset) -> None:
    result, curves = asked_of(people, "churn"), asked_of(people, "churn_curves")
    frame = result.frame.copy()
    frame.loc[frame["measure"] == "calibration_intercept", "value"] = -0.41
    told = churn_model.cards(replace(result, frame=frame), curves, "?shift=1")
    assert "expected too many to leave" in text(told)
    assert any(prop(item, "href") == "?shift=1" for item in walk(told))


def test_tables_of_curves_stay_small(people: Dataset) -> None:
    result, curves = asked_of(people, "churn"), asked_of(people, "churn_curves")
    for card in find(churn_model.cards(result, curves, ""), "chart-card"):
        rows = (
            [item for item in walk(find(card, "plain-table")[0]) if type(item).__name__ == "Tr"]
            if find(card, "plain-table")
            else []
        )
        assert len(rows) <= churn_model.MAX_POINTS + 1


def test_drivers_in_words(people: Dataset) -> None:
    card = churn_risk.drivers_card(asked_of(people, "churn_drivers"))
    assert "Associations, not causes" in text(card)
    assert "complaints" in text(card)


def test_too_few_who_left_are_rules_and_said_so(data_dir: Path) -> None:
    rows = [{**row, "churned": i < 5, "farewell": 0.0} for i, row in enumerate(marked(120))]
    dataset = build_dataset(data_dir, users=rows)
    result, curves = (service.insight(name, dataset.id, ALL) for name in ("churn", "churn_curves"))
    assert result.summary["model"] == "rules"
    asked = names.asked(ALL)
    assert text(churn_risk.warnings(ALL, result, asked)).startswith("No model")
    assert "No model, but rules" in text(churn_model.cards(result, curves, ""))
    assert "Rules give no probabilities." in text(churn_risk.spread_card(curves, result))
    assert "no drivers" in text(churn_risk.drivers_card(service.insight("churn_drivers", dataset.id, ALL)))
    assert "–" in text(churn_risk.cards(result, currency="", link=link))


def test_a_window_is_one_click_away(data_dir: Path) -> None:
    result = service.insight("churn_window", build_dataset(data_dir, transactions=orders()).id, ALL)
    used = int(result.summary["used"] or result.summary["proposed"])
    cards = churn_window.cards(ALL, result, used)
    opened = [str(prop(item, "href")) for item in walk(cards) if "window=" in str(prop(item, "href"))]
    testable = [int(n) for n in result.frame.loc[result.frame["testable"], "days"]]
    assert [int(href.split("window=")[1].split("&")[0]) for href in opened] == testable
    assert result.summary["sentence"] in text(cards)
