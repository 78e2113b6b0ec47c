"""What was planted is found again by plain analyses, within the tolerances of the answer key."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import betaln
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, roc_auc_score

from dashboard.ingest.sample import generate
from tests.unit.ingest.sample_analysis import Campaign, Saas, Shop, Streaming, truth


@pytest.fixture(scope="module", params=[0, 1])
def streaming(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Streaming, dict]:
    folder = tmp_path_factory.mktemp("streaming")
    generate("streaming", 1_000_000, request.param, folder)  # 20,000 people
    return Streaming(folder), truth(folder)


def test_streaming_aha(streaming: tuple[Streaming, dict]) -> None:
    found, key = streaming
    assert found.risk_ratio() == pytest.approx(key["aha"]["risk_ratio"], abs=key["aha"]["tolerance"])
    assert found.aha()["hi"].mean() == pytest.approx(key["aha"]["share_above"], abs=0.015)


def test_streaming_early_sign(streaming: tuple[Streaming, dict]) -> None:
    found, key = streaming
    accuracy, base = found.early_sign()
    assert accuracy == pytest.approx(0.851, abs=key["early_sign"]["tolerance"])
    assert (key["early_sign"]["accuracy"], key["early_sign"]["base_rate"]) == (0.851, 0.545)
    assert base == pytest.approx(0.545, abs=0.015)


def test_streaming_decoy_and_nulls(streaming: tuple[Streaming, dict]) -> None:
    found, key = streaming
    crude, within = found.decoy()
    assert crude > 1.2  # looks like a cause
    assert within == pytest.approx(1.0, abs=key["decoy"]["tolerance"])
    assert found.null_findings(key["nulls"]["events"]) == key["nulls"]["findings"] == 0


def test_streaming_value(streaming: tuple[Streaming, dict]) -> None:
    found, key = streaming
    ratio, naive = found.value_ratio()
    assert key["value"]["ratio_smarttv_to_web"] == pytest.approx(2.5, abs=1e-3)
    assert ratio == pytest.approx(2.5, abs=key["value"]["tolerance"])
    assert naive < key["value"]["naive_ratio_below"]


def test_streaming_weekly_index(streaming: tuple[Streaming, dict]) -> None:
    found, key = streaming
    expected = np.array(key["weekly_index"]["monday_to_sunday"])
    np.testing.assert_allclose(found.weekly_index() / expected, 1, atol=key["weekly_index"]["tolerance"])


@pytest.fixture(scope="module", params=[0, 1])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, dict]:
    folder = tmp_path_factory.mktemp("shop")
    generate("shop", 300_000, request.param, folder)  # a cohort of 8,000 customers
    return Shop(folder), truth(folder)


def test_shop_buying_process(shop: tuple[Shop, dict]) -> None:
    found, key = shop
    rate, stop, hold_out = found.bg_nbd()
    planted = key["bg_nbd"]
    assert rate == pytest.approx(planted["r_over_alpha"], abs=planted["r_over_alpha_tolerance"])
    assert stop == pytest.approx(planted["a_over_a_plus_b"], abs=0.03)
    assert hold_out == pytest.approx(planted["hold_out_ratio"], abs=planted["hold_out_tolerance"])


def test_shop_orders_returns_and_guests(shop: tuple[Shop, dict]) -> None:
    found, key = shop
    assert len(found.orders) == key["orders"]
    assert found.orders["customer_id"].isna().sum() == key["guest_orders"]
    assert len(found.returns) == key["returns"]["lines"] > 0
    assert (found.returns["quantity"] < 0).all()
    mean = found.orders.dropna().groupby("customer_id")["value"].mean().mean()
    assert mean == pytest.approx(key["gamma_gamma"]["mean_order_value"], abs=key["gamma_gamma"]["tolerance"])
    per_day = found.orders["time"].dt.day_of_week.value_counts().sort_index()
    np.testing.assert_allclose(per_day / per_day.mean() / key["weekly_index"]["monday_to_sunday"], 1, atol=0.03)


@pytest.fixture(scope="module", params=[0, 1])
def saas(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Saas, dict]:
    folder = tmp_path_factory.mktemp("saas")
    generate("saas", 1_000_000, request.param, folder)  # 16,666 people
    return Saas(folder), truth(folder)


def test_saas_archetypes(saas: tuple[Saas, dict]) -> None:
    found, key = saas
    features, kind = found.features()
    logged = np.log1p(features)
    scaled = (logged - logged.mean()) / logged.std()
    labels = KMeans(len(key["archetypes"]["shares"]), n_init=5, random_state=0).fit_predict(scaled)
    assert adjusted_rand_score(kind, labels) >= key["archetypes"]["agreement_at_least"]


def test_saas_survival(saas: tuple[Saas, dict]) -> None:
    found, key = saas
    months = np.arange(1, 7)
    for plan, planted in key["survival"]["per_plan"].items():
        curves = [
            np.exp(betaln(a, b + months) - betaln(a, b))
            for a, b in (found.survival(plan), (planted["a"], planted["b"]))
        ]
        np.testing.assert_allclose(curves[0] / curves[1], 1, atol=key["survival"]["tolerance"])


def test_saas_funnel_falls_while_every_part_rises(saas: tuple[Saas, dict]) -> None:
    found, key = saas
    rates = found.funnel()
    for platform, planted in key["mix_shift"]["per_platform"].items():
        np.testing.assert_allclose(rates.loc[platform], planted, atol=0.04)
        assert rates.loc[platform, 1] > rates.loc[platform, 0]
    np.testing.assert_allclose(rates.loc["total"], key["mix_shift"]["total"], atol=0.03)
    assert rates.loc["total", 1] < rates.loc["total", 0] - 0.05


def test_saas_lives_in_its_own_time_zone(saas: tuple[Saas, dict]) -> None:
    found, key = saas
    index, busiest = found.local_weekdays()
    np.testing.assert_allclose(index, key["weekly_index"]["monday_to_sunday"], atol=key["weekly_index"]["tolerance"])
    first, last = key["time_zone"]["busiest_local_hours"]
    assert first <= busiest <= last


def test_saas_leak_gives_itself_away(saas: tuple[Saas, dict]) -> None:
    found, key = saas
    assert roc_auc_score(found.users["churned"] == "yes", found.users[key["leak"]["column"]]) > 0.98


@pytest.mark.parametrize("seed", range(3))
def test_campaign(seed: int, tmp_path: Path) -> None:
    generate("campaign", 20_000, seed, tmp_path)
    found, key = Campaign(tmp_path), truth(tmp_path)
    effect, low, high = found.effect()
    assert low <= key["average_effect"] == 0.035 <= high
    assert effect > 0
    by_effect, by_risk = found.top_fifth()
    assert by_effect > 0.15
    assert abs(by_risk) < 0.05
