"""Value as pages ask for it: whole lists in pages, groups by rhythm, spread, concentration, subscribers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dashboard import service
from dashboard.customers.clv import sbg
from dashboard.customers.clv.subscriptions import fit_plan
from dashboard.customers.clv.value_rule import ValueRule
from dashboard.errors import CannotAnswer, UserError
from dashboard.insights.clv_spread import MAX_BARS, band_edges
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset
from tests.unit.customers.test_rfm_insights import ALL, orders


@pytest.fixture
def shop(data_dir: Path) -> Dataset:
    users = [{"user_id": f"u{user:03d}", "country": ("UK", "DE")[user % 2]} for user in range(125)]
    return build_dataset(data_dir, transactions=orders(), users=users)


def test_pages_of_a_list_are_the_whole_list(shop: Dataset) -> None:
    whole = service.insight("clv_people", shop.id, ALL)
    assert len(whole.frame) == whole.summary["total"] == 120
    assert "low" not in whole.frame  # simulated per customer: for pages only
    parts = [service.insight("clv_people", shop.id, ALL, start=start, rows=50) for start in (0, 50, 100)]
    assert [len(part.frame) for part in parts] == [50, 50, 20]
    together = [user for part in parts for user in part.frame["user_id"]]
    assert together == whole.frame["user_id"].tolist()
    assert all((part.frame["low"] <= part.frame["high"]).all() for part in parts)
    for wrong in ({"rows": 1_001}, {"start": -1}, {"sort": "colour"}):
        with pytest.raises(UserError):
            service.insight("clv_people", shop.id, ALL, **wrong)


def test_a_range_does_not_depend_on_who_else_is_asked_for(shop: Dataset) -> None:
    page = service.insight("clv_people", shop.id, ALL, rows=50).frame.set_index("user_id")
    for user in page.index[:3]:
        one = service.insight("clv_people", shop.id, ALL, user_id=user).frame.iloc[0]
        expected = page.loc[user, ["low", "high"]].to_numpy(dtype=float)
        assert [one["low"], one["high"]] == pytest.approx(expected, rel=1e-9)


def test_everybody_is_in_rhythm_or_overdue(shop: Dataset) -> None:
    groups = service.insight("clv", shop.id, ALL, by="rhythm").frame.set_index("group")
    assert groups["customers"].sum() == 120
    for name, row in groups.iterrows():
        people = service.insight("clv_people", shop.id, ALL, by="rhythm", group=name).frame
        assert len(people) == row["customers"]
        assert ((people["overdue_days"] > 0) == (name == "Overdue")).all()
        assert people["clv"].sum() == pytest.approx(row["clv"])


def test_bands_hold_everybody_once(shop: Dataset) -> None:
    for filters, expected in ((ALL, 120), (ALL.with_where("country", ["UK"]), 60)):
        found = service.insight("clv_distribution", shop.id, filters)
        assert found.frame["customers"].sum() == found.summary["customers"] == expected
        people = service.insight("clv_people", shop.id, filters).frame["clv"]
        assert found.frame["clv"].sum() == pytest.approx(people.sum())
        assert found.summary["median"] == pytest.approx(people.median())
        for row in found.frame.itertuples():
            assert row.customers == ((people >= row.low) & (people < row.high)).sum()


@pytest.mark.parametrize("values", [[1.0], [0.0], [0.0, 3.0], [1e-9, 1e9], [99.9, 100.0, 0.0]])
def test_band_edges_enclose_the_values(values: list[float]) -> None:
    edges = band_edges(np.array(values))
    assert (np.diff(edges) > 0).all() and len(edges) <= MAX_BARS + 2
    assert edges[0] <= min(values) and edges[-1] > max(values)


def test_the_top_tenth_holds_what_the_deciles_say(shop: Dataset) -> None:
    found = service.insight("clv_concentration", shop.id, ALL)
    top = service.insight("clv", shop.id, ALL).frame.iloc[0]
    assert found.summary["top_decile"] == pytest.approx(top["clv_share"])
    assert found.frame["clv_share"].iloc[-1] == pytest.approx(1)
    assert 0 < found.summary["gini"] < 1
    half = found.frame.loc[found.frame["clv_share"] <= 0.5, "customers_share"].max()
    assert found.summary["half"] == pytest.approx(half, abs=0.02)


def test_the_last_part_can_have_a_length_of_its_own(shop: Dataset) -> None:
    found = service.insight("clv_backtest", shop.id, ALL, days=60)
    assert found.summary["days"] == 60
    assert found.summary == service.insight("clv_backtest", shop.id, ALL, split=found.summary["split_day"]).summary
    with pytest.raises(UserError):
        service.insight("clv_backtest", shop.id, ALL, days=3_000)


def subscribers(n: int = 600) -> list[dict[str, Any]]:
    rng = np.random.default_rng(4)
    rows: list[dict[str, Any]] = []
    for i in range(n):
        loyal = i % 2
        leaves, age = rng.geometric(0.05 if loyal else 0.15), rng.integers(1, 24)
        rows.append(
            {
                "user_id": f"u{i:03d}",
                "plan": ("Basic", "Premium")[loyal],
                "churned": bool(leaves <= age),
                "tenure": float(min(leaves, age)),
                "monthly_fee": (8.0, 12.0)[loyal],
            }
        )
    return rows


def test_subscribers_add_up_to_their_plan(data_dir: Path) -> None:
    dataset = build_dataset(data_dir, users=subscribers())
    plans = service.insight("clv_subscriptions", dataset.id, ALL, margin=0.5).frame.set_index("group")
    for name in ("Basic", "Premium"):
        people = service.insight("clv_subscribers", dataset.id, ALL, group=name, margin=0.5).frame
        assert len(people) == plans.loc[name, "customers"] - plans.loc[name, "left"]
        assert people["clv"].sum() == pytest.approx(plans.loc[name, "clv"])
        gone = service.insight("clv_subscribers", dataset.id, ALL, group=name, status="left").frame
        assert len(gone) == plans.loc[name, "left"]
        assert gone["clv"].isna().all()
    assert len(service.insight("clv_subscribers", dataset.id, ALL, status="all").frame) == 600
    for wrong in ({"group": "Gold"}, {"status": "happy"}):
        with pytest.raises(UserError):
            service.insight("clv_subscribers", dataset.id, ALL, **wrong)


def test_curves_begin_with_everybody_and_follow_what_was_seen(data_dir: Path) -> None:
    rows = subscribers()
    found = service.insight("clv_subscription_curves", build_dataset(data_dir, users=rows).id, ALL, months=30)
    basic = found.frame[found.frame["group"] == "Basic"].set_index("month")
    assert (basic.loc[0, "observed"], basic.loc[0, "model"]) == (1.0, 1.0)
    assert basic.index.max() == 30  # the horizon lies beyond what was seen
    assert basic["observed"].dropna().is_monotonic_decreasing
    at = [row for row in rows if row["plan"] == "Basic" and row["tenure"] >= 6]
    assert basic.loc[6, "at_risk"] == len(at)
    assert np.nanmax(np.abs(basic["observed"] - basic["model"]).loc[:12]) < 0.06
    banded = basic[basic["low"].notna()]
    assert (banded["at_risk"] >= 10).all() and (banded["low"] <= banded["observed"]).all()


def test_a_small_plan_borrows_the_model_of_all(data_dir: Path) -> None:
    rows = subscribers()
    for row in rows[:20]:
        row["plan"] = "Trial"
    frame = service.insight("clv_subscribers", build_dataset(data_dir, users=rows).id, ALL, group="Trial").frame
    fit = fit_plan([row["tenure"] for row in rows], [row["churned"] for row in rows])
    assert fit is not None
    one = frame.iloc[0]
    rule = ValueRule()
    paid = sbg.payments(fit.parameters, one["months"], rule.months, rule.per_month)[0]
    assert one["payments"] == pytest.approx(paid)


def test_too_few_who_left_have_no_value(data_dir: Path) -> None:
    rows = [{**row, "churned": False} for row in subscribers(60)]
    dataset = build_dataset(data_dir, users=rows)
    frame = service.insight("clv_subscribers", dataset.id, ALL).frame
    assert frame["clv"].isna().all() and len(frame) == 60
    curves = service.insight("clv_subscription_curves", dataset.id, ALL).frame
    assert curves["model"].isna().all()
    assert set(curves["observed"].dropna()) == {1.0}


def test_what_cannot_be_answered_names_the_column(data_dir: Path) -> None:
    people = build_dataset(data_dir, users=[{"user_id": "a", "country": "UK"}, {"user_id": "b", "country": "DE"}])
    for name in ("clv_people", "clv_distribution", "clv_concentration", "clv_subscribers", "clv_subscription_curves"):
        with pytest.raises(CannotAnswer) as refused:
            service.insight(name, people.id, ALL)
        assert refused.value.missing
