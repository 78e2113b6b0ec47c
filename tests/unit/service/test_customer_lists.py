"""Every number of the segments page opens a list of exactly that length, and stays the same people when saved."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from dashboard import service
from dashboard.errors import CannotAnswer, NotFound, UserError
from dashboard.filters import Filters
from dashboard.ingest import publish
from dashboard.ingest.inspect import inspect_file
from dashboard.ingest.layout import Source
from dashboard.ingest.plan import ImportOptions
from dashboard.service import customers, insight_people, segments
from dashboard.store import preferences
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset

UK = Filters().with_where("country", ["UK"])
FIRST = dt.date(2024, 1, 1)
# orders in the year, money per order, days since the last one
KINDS = ((24, 90.0, 8), (3, 25.0, 20), (10, 60.0, 170), (2, 20.0, 260))


def shop_orders(people: int = 240, extra: int = 0) -> list[dict[str, Any]]:
    """Four kinds of customers that are easy to tell apart."""
    rng = np.random.default_rng(5)
    rows = []
    for user in range(people + extra):
        count, money, silent = KINDS[user % 4]
        last = 364 - max(0, int(rng.normal(silent, 4)))
        days = sorted({*rng.integers(0, last + 1, max(1, int(rng.poisson(count)))).tolist(), last})
        for k, day in enumerate(days):
            rows.append(
                {
                    "user_id": f"u{user:03d}",
                    "order_time": f"{FIRST + dt.timedelta(days=int(day))} 12:00",
                    "amount": float(np.round(rng.gamma(20, money / 20), 2)),
                    "order_id": f"{user}-{k}",
                    "country": ("UK", "DE", "FR")[user % 3],
                }
            )
    return rows


@pytest.fixture
def shop(data_dir: Path) -> Dataset:
    return build_dataset(data_dir, transactions=shop_orders())


def asked(**switches: Any) -> customers.Asked:
    return customers.Asked(customers.RuleSet(), switches, {"before": "2024-09-01"})


def people_of(dataset: str, filters: Filters, token: str, **switches: Any) -> set[str]:
    """The ids behind a token: those of the insight, of the grid and of the saved condition, which must be the same."""
    found = customers.listed(dataset, filters, token, asked(**switches))
    ids = list(service.insight(found.insight, dataset, filters, **found.options).frame["user_id"])
    assert len(ids) == len(set(ids))
    assert insight_people.page(dataset, filters, found.insight, found.options, end=1).total == len(ids)
    kept = segments.within_view(dataset, filters, found.rule)
    assert segments.segment_people(dataset, Filters(), kept) == sorted(ids)
    return set(ids)


def test_rules_rfm_and_groups_open_as_many_people_as_they_say(shop: Dataset) -> None:
    for filters in (Filters(), UK):
        rules = customers.segmentation(shop.id, filters, customers.RuleSet())
        for row in rules.distribution.frame.itertuples():
            assert len(people_of(shop.id, filters, f"class.{row.segment}")) == row.people
        for row in rules.grid.frame.itertuples():
            assert len(people_of(shop.id, filters, f"cell.{row.level}.{row.band}")) == row.people
        found, grid = customers.rfm(shop.id, filters, {})
        for row in found.frame.itertuples():
            assert len(people_of(shop.id, filters, f"rfm.{row.segment}")) == row.customers
        for row in grid.frame[grid.frame["customers"] > 0].head(6).itertuples():
            assert len(people_of(shop.id, filters, f"rfmcell.{row.R}.{row.column}")) == row.customers
        groups = customers.clusters(shop.id, filters, customers.RuleSet())
        assert groups.structure
        everyone = [people_of(shop.id, filters, f"group.{row.group}") for row in groups.groups.frame.itertuples()]
        assert [len(part) for part in everyone] == list(groups.groups.frame["people"])
        assert len(set.union(*everyone)) == groups.groups.frame["people"].sum() == (240 if filters.where == () else 80)


def test_moves_open_as_many_people_as_they_say(shop: Dataset) -> None:
    found = customers.migration(shop.id, UK, {"before": "2024-09-01"})
    assert found.frame["customers"].sum() == 80 and len(found.frame) > 4
    for row in found.frame.itertuples():
        token = "moved." + json.dumps([row.before, row.after])
        assert len(people_of(shop.id, UK, token)) == row.customers


def test_every_cell_of_two_divisions_opens_its_people(shop: Dataset) -> None:
    for first, second in (("rules", "rfm"), ("groups", "rfm"), ("rules", "groups")):
        found = customers.sides(shop.id, UK, customers.RuleSet(), {}, first, second)
        assert (found.table.summary["first"], found.table.summary["second"]) == (first, second)
        cells = found.table.frame
        assert cells["people"].sum() == 80
        for row in cells[cells["people"] > 0].itertuples():
            token = "both." + json.dumps([first, row.first, second, row.second])
            assert len(people_of(shop.id, UK, token)) == row.people


def test_the_work_list_holds_contradictions_only_and_opens_them(shop: Dataset) -> None:
    found = customers.sides(shop.id, Filters(), customers.RuleSet(recent_days=5, dormant_days=10), {})
    work = found.worklist.frame
    assert len(work) and (work["people"] > 0).all()
    assert work["worth"].is_monotonic_decreasing
    rules_of = customers.Asked(customers.RuleSet(recent_days=5, dormant_days=10), {}, {})
    for row in work.itertuples():
        token = "both." + json.dumps([row.here, row.here_name, row.away, row.away_name])
        made = customers.listed(shop.id, Filters(), token, rules_of)
        assert len(service.insight(made.insight, shop.id, Filters(), **made.options).frame) == row.people
    named = set(zip(work["here_name"], work["away_name"], strict=True))
    assert any(here in ("Champions", "Loyal", "Promising") and away == "Dormant" for here, away in named)


def test_pairs_agree_as_the_definitions_say(shop: Dataset) -> None:
    found = customers.sides(shop.id, Filters(), customers.RuleSet(), {}, "rules", "rfm")
    cells = found.table.frame
    first = np.repeat(cells["first"].to_numpy(dtype=object), cells["people"])
    second = np.repeat(cells["second"].to_numpy(dtype=object), cells["people"])
    row = found.agreement.frame.iloc[0]
    assert (row["first"], row["second"], row["people"]) == ("rules", "rfm", 240)
    assert row["ari"] == pytest.approx(adjusted_rand_score(first, second))
    assert row["ami"] == pytest.approx(adjusted_mutual_info_score(first, second))


@pytest.mark.parametrize(
    "token",
    (
        *("", "nothing", "cell.High", "cell.High.9", "group.x", "group.99", "rfm.", "rfm.No such", "rfmcell.9.9"),
        *("rfmcell.1", "moved.[1]", "moved.", "both.[]", "churn.", "churn.hot", "targets", "all"),
        *('both.["rules","Loyal","stars","Aries"]', 'both.["groups","No","rfm","Lost"]'),
    ),
)
def test_a_forged_list_is_refused_in_words(shop: Dataset, token: str) -> None:
    with pytest.raises(UserError) as refused:
        found = customers.listed(shop.id, Filters(), token, asked())
        service.insight(found.insight, shop.id, Filters(), **found.options)
    assert refused.value.message


def test_the_map_of_names_is_kept_used_and_reset(shop: Dataset) -> None:
    plain = customers.get_map(shop.id)
    grid = [list(row) for row in plain.grid]
    grid[0][3] = grid[0][4] = "  Stars "
    customers.save_map(shop.id, grid, {"Stars": "Send a card.", "Champions": "not on the grid any more"})
    kept = customers.get_map(shop.id)
    assert kept.name_of(5, 5) == "Stars" and kept.action("Stars") == "Send a card."
    assert "Champions" not in kept.actions
    before = service.insight("rfm", shop.id, Filters()).frame
    found, cells = customers.rfm(shop.id, Filters(), {})
    stars = found.frame.set_index("segment").loc["Stars"]
    assert stars["customers"] == before.set_index("segment").loc["Champions", "customers"]
    assert stars["action"] == "Send a card."
    assert "Champions" not in set(found.frame["segment"]) | set(cells.frame["segment"])
    assert len(people_of(shop.id, Filters(), "rfm.Stars")) == stars["customers"]
    grid[2][2] = " "
    with pytest.raises(UserError, match="name of 1 to 40 characters"):
        customers.save_map(shop.id, grid, {})
    assert customers.get_map(shop.id) == kept
    customers.reset_map(shop.id)
    assert customers.get_map(shop.id) == plain and "rfm_map" not in preferences.read(shop.id)


def test_a_damaged_map_is_the_default_one(shop: Dataset) -> None:
    preferences.write(shop.id, "rfm_map", {"grid": [["A"]]})
    assert customers.get_map(shop.id).name_of(5, 5) == "Champions"


def test_kept_groups_take_later_people_in_instead_of_forming_anew(shop: Dataset, data_dir: Path) -> None:
    rules = customers.RuleSet()
    first = customers.clusters(shop.id, Filters(), rules)
    assert first.kept == ""
    customers.keep_groups(shop.id, Filters(), rules)
    kept = customers.clusters(shop.id, Filters(), rules)
    assert kept.kept == "2024-12-30" and kept.model == first.model
    assert list(kept.groups.frame["people"]) == list(first.groups.frame["people"])
    early = Filters(as_of=dt.date(2024, 6, 30))
    assert customers.clusters(shop.id, early, rules).model == first.model
    assert list(customers.clusters(shop.id, early, rules).groups.frame["name"]) == list(first.groups.frame["name"])
    customers.forget_groups(shop.id)
    assert customers.clusters(shop.id, early, rules).model != first.model
    # groups of a shop do not fit users without orders: they are formed anew rather than refused
    other = build_dataset(
        data_dir,
        users=[
            {"user_id": f"p{n}", "usage": float(n * n % 97), "last_active_time": f"2025-01-{n % 28 + 1:02d}"}
            for n in range(90)
        ],
    )
    preferences.write(other.id, "groups", {"about": {"model": first.model, "features": []}, "as_of": "2024-12-30"})
    assert customers.clusters(other.id, Filters(), rules).kept == ""


def test_a_saved_group_stays_that_group(shop: Dataset) -> None:
    found = customers.listed(shop.id, Filters(), "group.0", asked())
    before = segments.segment_people(shop.id, Filters(), found.rule)
    preferences.write(shop.id, "groups", None)
    saved = segments.save_segment(shop.id, "Best", found.rule)
    kept = Filters(segment=saved.id)
    assert service.insight("users_by", shop.id, kept, dimension="country").summary["users"] == len(before) > 0
    assert "Best" not in saved.words and saved.words


def test_earlier_states_are_read_tolerantly(shop: Dataset) -> None:
    for text, wanted in (
        ("30", {"before": "2024-11-30"}),
        ("v1", {"version": 1}),
        ("2024-05-01", {"before": "2024-05-01"}),
        ("2031-01-01", {"before": "2024-10-01"}),
        ("nonsense", {"before": "2024-10-01"}),
        ("-4", {"before": "2024-10-01"}),
    ):
        assert customers.earlier_option(shop.id, Filters(), text) == wanted


def test_the_state_before_the_last_file_can_be_compared_with(data_dir: Path, tmp_path: Path) -> None:
    frame = pd.DataFrame(shop_orders(60))
    early = frame["order_time"] < "2024-10"
    sources = []
    for name, part in (("one.csv", frame[early]), ("two.csv", frame[~early])):
        path = tmp_path / name
        part.to_csv(path, index=False)
        sources.append(Source(secrets.token_hex(16), path, name, inspect_file(path, file_name=name).plan))
    dataset = publish.import_sources(sources, ImportOptions(), name="Two", owner="local")["dataset"]
    values = [value for value, _ in customers.earlier_choices(dataset, Filters())]
    assert values == [frame.loc[early, "order_time"].max()[:10]]
    found = customers.migration(dataset, Filters(), customers.earlier_option(dataset, Filters(), values[0]))
    assert found.summary["before_day"] == values[0]


def test_other_people_cannot_change_anything(shop: Dataset) -> None:
    with service.acting_as("somebody else"):
        for forbidden in (
            lambda: customers.get_map(shop.id),
            lambda: customers.save_map(shop.id, [], {}),
            lambda: customers.reset_map(shop.id),
            lambda: customers.forget_groups(shop.id),
            lambda: customers.keep_groups(shop.id, Filters(), customers.RuleSet()),
            lambda: customers.sides(shop.id, Filters(), customers.RuleSet(), {}),
            lambda: customers.listed(shop.id, Filters(), "group.0", asked()),
        ):
            with pytest.raises(NotFound):
                forbidden()


def test_people_without_a_history_cannot_be_said_to_move(data_dir: Path) -> None:
    rows = [
        {"user_id": f"p{n:02d}", "usage": float(n * 7 % 50), "last_active_time": f"2025-01-{n % 28 + 1:02d}"}
        for n in range(60)
    ]
    dataset = build_dataset(data_dir, users=rows)
    with pytest.raises(CannotAnswer, match="over time") as refused:
        customers.migration(dataset.id, Filters(), {"before": "2025-01-10"})
    assert refused.value.missing == ("events",)
