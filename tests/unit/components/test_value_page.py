"""The value page: any link is a question, every count opens its people, warnings are said once, tests in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import service
from dashboard.components import value_cohorts, value_subscribers, value_test, value_worth
from dashboard.components import value_options as names
from dashboard.components.linked_table import Cell, linked_table
from dashboard.components.table import Column
from dashboard.components.value_controls import question
from dashboard.customers.clv import value_rule
from dashboard.filters import Filters
from dashboard.result import Result
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset
from tests.unit.components.tree import find, prop, text, walk
from tests.unit.customers.test_clv_insights import subscribers
from tests.unit.customers.test_rfm_insights import ALL, orders

TABS = (names.WORTH, names.TEST, names.COHORTS, names.SUBSCRIBERS)
OPTIONS = [names.TAB, names.MONTHS, names.MARGIN, names.DISCOUNT, names.BY, names.LAST]


@pytest.fixture
def shop(data_dir: Path) -> Dataset:
    return build_dataset(data_dir, transactions=orders(), currency="EUR")


def link(token: str) -> str:
    return f"?list={token}"


@given(st.dictionaries(st.sampled_from(OPTIONS), st.text(max_size=8) | st.sampled_from(["nan", "-1", "1e999", "24"])))
def test_any_link_is_a_question(extra: dict[str, str]) -> None:
    found = names.asked(Filters(extra=tuple(sorted(extra.items()))), TABS)
    value_rule.from_json(found.rule())
    assert found.tab in TABS
    assert found.last in (0, 90, 180)


def test_settings_without_change_are_no_options() -> None:
    asked = names.asked(ALL, TABS)
    assert asked.settings() == asked.test() == {}
    given = ALL.with_option(names.MONTHS, "24").with_option(names.MARGIN, "30").with_option(names.DISCOUNT, "0")
    assert names.asked(given, TABS).settings() == {"months": 24, "margin": 0.3, "discount": 0.0}


def test_the_first_tab_is_what_the_data_can_answer() -> None:
    assert names.asked(ALL, (names.SUBSCRIBERS, names.WORTH)).tab == names.SUBSCRIBERS
    assert names.asked(ALL.with_option(names.TAB, "nothing"), TABS).tab == names.WORTH


def test_controls_fit_the_tab() -> None:
    def shown(tab: str, *, events: bool = False) -> str:
        asked = names.asked(ALL.with_option(names.TAB, tab), TABS)
        return text(question(ALL, asked, [], orders_in_events=events) or "")

    assert "Horizon" in shown(names.WORTH) and "Kept for the test" not in shown(names.WORTH)
    assert "Kept for the test" in shown(names.TEST)
    assert shown(names.COHORTS) == ""
    assert "Well-known names" in shown(names.WORTH, events=True)


def test_the_answer_and_its_groups(shop: Dataset) -> None:
    asked = names.asked(ALL, TABS)
    result = service.insight("clv", shop.id, ALL)
    hero = value_worth.hero(result, asked, currency="EUR", everybody="?list=everybody", export="/export")
    assert "from 120 customers in the next 12 months" in text(hero)
    assert text(find(hero, "hero-number")[0]).startswith("€")
    assert "95 %" in text(find(hero, "hero-share")[0])
    card = value_worth.groups_card(ALL, result, asked, currency="EUR", link=link, current="group~decile~1")
    opened = [prop(item, "href") for item in walk(card) if str(prop(item, "href")).startswith("?list=group")]
    assert opened == [f"?list=group~decile~{n}" for n in range(1, 11)]
    assert len(find(card, "is-current")) == 1


def test_shares_of_the_cards_are_those_of_the_table(shop: Dataset) -> None:
    result, rhythm = (service.insight("clv", shop.id, ALL, by=by) for by in ("decile", "rhythm"))
    concentration = service.insight("clv_concentration", shop.id, ALL)
    asked = names.asked(ALL, TABS)
    cards = value_worth.cards(result, rhythm, concentration, asked, currency="EUR", link=link)
    values = [text(item) for item in find(cards, "kpi-value")]
    frame = rhythm.frame.set_index("group")
    assert values[2] == f"{frame.loc['In rhythm', 'clv_share'] * 100:.1f} %"
    assert values[3] == f"{result.frame['clv_share'].iloc[0] * 100:.1f} %"
    assert "?list=group~rhythm~In rhythm" in [prop(item, "href") for item in find(cards, "kpi-value")]


def test_a_warning_is_said_once(shop: Dataset) -> None:
    result = service.insight("clv", shop.id, ALL, months=3)
    bad = [guard["text"] for guard in result.summary["guards"] if not guard["ok"]]
    assert any("seasons cannot be told" in sentence for sentence in bad)
    assert [text(item) for item in value_worth.warnings(result)] == bad
    assert not set(value_worth.unwarned(result).notes) & set(bad)


def test_the_test_in_words(shop: Dataset) -> None:
    result = service.insight("clv_backtest", shop.id, ALL)
    for error, word, kind in ((0.05, "met", "notice-good"), (-0.3, "missed", "notice-warn")):
        told = value_test.verdict(replace(result, summary={**result.summary, "error": error}))
        assert f"The prediction {word} the orders" in text(told)
        assert kind in str(prop(told, "className"))
        banner = value_test.banner(replace(result, summary={**result.summary, "error": error}), "/value?tab=test")
        assert (banner is None) == (kind == "notice-good")
    nobody = replace(result, summary={**result.summary, "error": None})
    assert "could not be tested" in text(value_test.verdict(nobody))
    assert value_test.banner(nobody, "") is None
    for top, past, word in ((0.5, 0.4, "better than"), (0.5, 0.5, "no better than"), (0.4, 0.5, "worse than")):
        ranked = replace(result, summary={**result.summary, "error": 0.05, "top_decile": top, "top_decile_past": past})
        assert f"it is {word} past spend" in text(value_test.verdict(ranked))


def test_every_check_has_a_name_for_people(shop: Dataset) -> None:
    tested, valued = service.insight("clv_backtest", shop.id, ALL), service.insight("clv", shop.id, ALL)
    card = value_test.checks_card(valued, tested)
    codes = {guard["code"] for guard in (*tested.summary["guards"], *valued.summary["guards"])}
    assert codes <= set(value_test.CHECKS)
    assert len(find(card, "check-mark")) == len(codes)
    assert "BG/NBD" in text(value_test.models_card(tested)) or "Averages" in text(value_test.models_card(tested))
    assert "predicted" in text(value_test.cards(tested, currency="EUR"))


def test_cohorts_add_up_to_everybody(shop: Dataset) -> None:
    result = service.insight(
        "retention",
        shop.id,
        ALL,
        value="revenue",
        period="month",
        kind="first_time",
        start="order",
        **{"return": "order"},
    )
    card = value_cohorts.table_card(result, currency="EUR", link=link, current="")
    rows = [
        [text(cell) for cell in walk(row) if type(cell).__name__ == "Td"]
        for row in walk(find(card, "linked-table")[0])
        if type(row).__name__ == "Tr"
    ]
    assert sum(int(row[0].replace(",", "")) for row in rows if row) == 120
    assert "All cohorts:" in text(value_cohorts.curve_card(result, currency="EUR"))


def test_subscribers_in_a_sentence(data_dir: Path) -> None:
    dataset = build_dataset(data_dir, users=subscribers(), currency="EUR")
    result = service.insight("clv_subscriptions", dataset.id, ALL)
    asked = names.asked(ALL, (names.SUBSCRIBERS,))
    staying = int(result.frame.iloc[-1]["customers"] - result.frame.iloc[-1]["left"])
    hero = value_subscribers.hero(result, asked, currency="EUR", link=link, export="/export")
    assert f"from {staying} subscribers in the next 12 months" in text(hero)
    plans = value_subscribers.plans_card(result, currency="EUR", link=link, current="")
    tokens = [str(prop(item, "href")) for item in walk(plans) if str(prop(item, "href")).startswith("?list=plan")]
    assert tokens == [
        f"?list=plan~{status}~{plan}" for plan in ("Basic", "Premium", "All") for status in ("staying", "left")
    ]
    curves = service.insight("clv_subscription_curves", dataset.id, ALL)
    assert "After 12 months: seen" in text(value_subscribers.curve_card(ALL, curves, asked))


def test_too_few_who_left_are_said_so(data_dir: Path) -> None:
    rows = [{**row, "churned": False} for row in subscribers(60)]
    result = service.insight("clv_subscriptions", build_dataset(data_dir, users=rows).id, ALL)
    asked = names.asked(ALL, (names.SUBSCRIBERS,))
    told = text(value_subscribers.hero(result, asked, currency="", link=link, export=""))
    assert "60 subscribers are still there" in " ".join(told.split()) and "too few" in told


def test_a_cell_opens_its_people_and_keeps_its_exact_value() -> None:
    made = linked_table([Column("A"), Column("N", "count")], [["x", Cell(1234, href="?l", label="x")]], caption="T")
    (opened,) = [item for item in walk(made) if prop(item, "href")]
    assert (text(opened), prop(opened, "aria-label")) == ("1,234", "1,234: x")
    assert [prop(item, "data-value") for item in walk(made) if type(item).__name__ == "Td"] == ["1234"]


def test_titles_of_lists_are_words() -> None:
    assert names.list_title("group", ("decile", "1")) == "Top tenth, most valuable first"
    assert names.list_title("group", ("orders", "1")) == "1 order day, most valuable first"
    assert names.list_title("cohort", ("2024-03-01",)) == "First order in Mar 2024"
    assert names.list_title("plan", ("left", "Basic")) == "Basic: left"
    assert names.list_title("", ()) == "All customers, most valuable first"


def test_a_result_without_value_is_shown_without_error() -> None:
    import pandas as pd

    frame = pd.DataFrame({"customers_share": [0.0, 1.0], "clv_share": [None, None], "historic_share": [None, None]})
    nothing = dict.fromkeys(("gini", "gini_historic", "top_decile", "top_decile_historic", "half"))
    empty = Result("clv_concentration", frame.astype(float), summary={"customers": 0, **nothing})
    assert "No value yet" in text(value_worth.concentration_card(empty))
