from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.metrics import adjusted_rand_score, silhouette_score

from dashboard.customers import clusters
from dashboard.customers.archetypes import ARCHETYPES, ROLES, name_groups
from dashboard.customers.clusters import Clustering, cluster, clustering_from_bytes, prepare
from dashboard.customers.features import ACTIVITY, ORDERS, RECENCY, REVENUE, TENURE, USAGE
from dashboard.customers.silhouette import silhouette
from dashboard.errors import CannotAnswer

RFM = (RECENCY, ORDERS, REVENUE, TENURE)
# mean days since last order, orders, revenue, days known, people
SHOP = {
    "Power": (5, 60, 6_000, 500, 300),
    "Casual": (12, 2, 60, 450, 500),
    "New": (6, 2, 50, 15, 300),
    "At-Risk": (160, 30, 2_500, 520, 300),
    "Dormant": (300, 1.5, 40, 420, 600),
}


def shop(seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    rows, kind = [], []
    for number, (recency, orders, revenue, known, people) in enumerate(SHOP.values()):
        spread = rng.lognormal(0.0, 0.22, (people, 4))
        rows.append(np.array([recency, orders, revenue, known]) * spread)
        kind += [number] * people
    order = rng.permutation(len(kind))
    names = [feature.name for feature in RFM]
    return pd.DataFrame(np.concatenate(rows)[order], columns=names), np.array(kind)[order]


@pytest.fixture(scope="module")
def found() -> tuple[Clustering, pd.DataFrame, np.ndarray]:
    values, kind = shop(0)
    return cluster(values, RFM), values, kind


def test_planted_kinds_of_people_are_found(found: tuple[Clustering, pd.DataFrame, np.ndarray]) -> None:
    groups, _, kind = found
    assert groups.structure
    # New and Casual differ in how long they are known, which does not take part: four groups can be told apart.
    merged = np.where(kind == list(SHOP).index("New"), list(SHOP).index("Casual"), kind)
    assert adjusted_rand_score(merged, groups.labels) >= 0.8
    assert groups.verdict.startswith("These groups are clearer than in shuffled data.")


def test_names_come_from_what_the_groups_are_like(found: tuple[Clustering, pd.DataFrame, np.ndarray]) -> None:
    groups, _, kind = found
    for name in ("Power", "At-Risk", "Dormant"):
        label = np.bincount(groups.labels[kind == list(SHOP).index(name)]).argmax()
        assert groups.names[label].split(" – ")[0].rstrip(" 2") == name
    assert len(set(groups.names)) == groups.k


def test_the_order_of_groups_is_that_of_their_worth(found: tuple[Clustering, pd.DataFrame, np.ndarray]) -> None:
    groups, values, _ = found
    worth = values["revenue"].groupby(groups.labels).median()
    assert groups.names[0].startswith("Power")
    assert worth.iloc[0] == worth.max()


def test_the_same_question_has_the_same_answer(found: tuple[Clustering, pd.DataFrame, np.ndarray]) -> None:
    groups, values, _ = found
    again = cluster(values, RFM)
    np.testing.assert_array_equal(groups.labels, again.labels)
    pd.testing.assert_frame_equal(groups.quality, again.quality)
    other_seed = cluster(values, RFM, seed=7)
    assert adjusted_rand_score(groups.labels, other_seed.labels) >= 0.98
    assert other_seed.names == groups.names


def test_groups_survive_the_cache(found: tuple[Clustering, pd.DataFrame, np.ndarray]) -> None:
    groups, _, _ = found
    kept = clustering_from_bytes(groups.to_bytes())
    np.testing.assert_array_equal(kept.labels, groups.labels)
    assert (kept.names, kept.structure, kept.features) == (groups.names, groups.structure, groups.features)
    pd.testing.assert_frame_equal(kept.quality, groups.quality)
    pd.testing.assert_frame_equal(kept.profile, groups.profile)
    with pytest.raises(ValueError, match="not stored groups"):
        clustering_from_bytes(b"something else")


@pytest.mark.parametrize("seed", range(3))
def test_uniform_noise_has_no_structure(seed: int) -> None:
    """Hours and days drawn independently: the silhouette is near .4 all the same."""
    rng = np.random.default_rng(seed)
    values = pd.DataFrame({"recency_days": rng.integers(0, 366, 3_000) * 1.0, "usage": rng.uniform(0, 1_000, 3_000)})
    groups = cluster(values, (RECENCY, USAGE))
    assert not groups.structure
    assert groups.verdict.startswith("These groups are no better than in shuffled data. We do not name them.")
    assert groups.names == tuple(f"Group {n + 1}" for n in range(groups.k))
    assert groups.quality["silhouette"].max() > 0.3


def test_people_without_a_figure_belong_to_no_group() -> None:
    values, _ = shop(1)
    values.loc[:9, "recency_days"] = np.nan
    groups = cluster(values, RFM)
    assert (groups.labels[:10] == -1).all()
    assert (groups.labels[10:] >= 0).all()


def test_large_data_are_fitted_on_a_sample_and_all_are_assigned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "FIT_ROWS", 800)
    values, kind = shop(2)
    groups = cluster(values, RFM)
    assert groups.fitted_on == 800
    assert (groups.labels >= 0).all()
    merged = np.where(kind == list(SHOP).index("New"), list(SHOP).index("Casual"), kind)
    assert adjusted_rand_score(merged, groups.labels) >= 0.8


def test_too_few_people_and_equal_people_are_no_answer() -> None:
    values, _ = shop(3)
    with pytest.raises(CannotAnswer, match="49 people"):
        cluster(values.iloc[:49], RFM)
    same = pd.DataFrame({"recency_days": [3.0] * 80, "active_days_per_week": [1.0] * 80})
    with pytest.raises(CannotAnswer, match="hardly differ"):
        cluster(same, (RECENCY, ACTIVITY))


def test_skewed_columns_are_logged_and_scaled() -> None:
    rng = np.random.default_rng(0)
    raw = np.column_stack([rng.lognormal(3, 1.2, 4_000), rng.normal(5, 2, 4_000), np.full(4_000, 0.1)])
    ready = prepare(raw)
    np.testing.assert_allclose(ready.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(ready.std(axis=0), [1, 1, 0], atol=1e-9)
    assert np.corrcoef(ready[:, 0], np.log1p(raw[:, 0]))[0, 1] == pytest.approx(1)
    assert np.corrcoef(ready[:, 1], raw[:, 1])[0, 1] == pytest.approx(1)


def test_negative_revenue_keeps_its_order() -> None:
    raw = np.concatenate([[-500.0, -1.0, 0.0, 1.0], np.geomspace(1, 1e6, 200)])[:, None]
    assert (np.diff(prepare(raw)[:4, 0]) > 0).all()


def test_k_is_the_largest_stable_one_near_the_best() -> None:
    quality = pd.DataFrame(
        {
            "k": range(2, 7),
            "silhouette": [0.434, 0.338, 0.336, 0.317, 0.314],
            "stability": [0.975, 0.915, 0.849, 0.792, 0.811],
        }
    )
    assert clusters.choose_k(quality)[0] == 4  # 6 is stable too, but .12 below the best
    k, reason = clusters.choose_k(quality.assign(stability=0.5))
    assert k == 2
    assert "no number of groups stays the same" in reason


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(1, 4))
def test_silhouette_equals_the_reference(seed: int, k: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    points = np.round(rng.normal(size=(60, width)), 1)  # equal points occur
    labels = np.concatenate([np.arange(k), rng.integers(0, k, 60 - k)])
    exact = cdist(points, points)  # the reference's own distances are rounded to 1e-8
    assert silhouette(points, labels) == pytest.approx(silhouette_score(exact, labels, metric="precomputed"), abs=1e-12)


def profile_of(groups: list[tuple[float, float, float, float]]) -> pd.DataFrame:
    features = dict(zip(ROLES, ("recency_days", "orders", "revenue", "tenure_days"), strict=True))
    rows = [
        (number, features[role], features[role], role, z)
        for number, heights in enumerate(groups)
        for role, z in zip(ROLES, heights, strict=True)
    ]
    return pd.DataFrame(rows, columns=["group", "feature", "label", "role", "z"])


def test_each_archetype_has_its_own_name() -> None:
    names = name_groups(profile_of(list(ARCHETYPES.values())), len(ARCHETYPES))
    assert [name.split(" – ")[0] for name in names] == list(ARCHETYPES)
    assert names[0] == "Power – many orders, high revenue"
    assert names[3] == "New – joined lately, recently active"


def test_two_kinds_of_dormant_people_are_both_dormant() -> None:
    names = name_groups(profile_of([(0.9, -0.7, -0.7, 0.2), (2.2, -0.7, -0.7, 0.2), (-0.8, 1.7, 1.7, 0.5)]), 3)
    assert [name.split(" – ")[0] for name in names] == ["Dormant", "Dormant 2", "Power"]


@given(st.lists(st.tuples(*[st.floats(-3, 3)] * 4), min_size=1, max_size=6))
def test_names_are_always_unique(groups: list[tuple[float, float, float, float]]) -> None:
    assert len(set(name_groups(profile_of(groups), len(groups)))) == len(groups)


def test_agreement_of_two_groupings() -> None:
    one, other = np.array([0, 0, 1, 1], dtype=np.int8), np.array([3, 3, 2, 2], dtype=np.int8)
    assert clusters.agreement(one, other) == (1.0, 1.0)
