"""Kept groups: later people join the nearest centre, whoever else comes."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.preprocessing import StandardScaler

from dashboard.customers.cluster_model import GroupModel, Scaling, model_from_json
from dashboard.customers.clusters import Clustering, cluster, clustering_from_bytes, raw_features, regrouped
from dashboard.customers.features import ORDERS, RECENCY, REVENUE, TENURE
from dashboard.errors import CannotAnswer, UserError

FEATURES = (RECENCY, ORDERS, REVENUE, TENURE)
NAMES = [feature.name for feature in FEATURES]


def shop(seed: int, people: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    kinds = np.array([(5.0, 60, 6_000, 500), (12, 2, 60, 450), (300, 1.5, 40, 420)])[np.arange(people) % 3]
    return pd.DataFrame(kinds * rng.lognormal(0.0, 0.2, kinds.shape), columns=NAMES)


@pytest.fixture(scope="module")
def found() -> Clustering:
    return cluster(shop(0), FEATURES)


def test_the_model_gives_the_groups_it_was_made_from(found: Clustering) -> None:
    values = shop(0)
    raw = values[list(found.model.features)].to_numpy()
    np.testing.assert_array_equal(found.model.predict(raw), found.labels)
    assert found.model.names == found.names and found.model.features == ("recency_days", "orders", "revenue")


def test_a_person_joins_the_nearest_centre_and_company_changes_nothing(found: Clustering) -> None:
    later = shop(7, 90)
    raw = later[list(found.model.features)].to_numpy()
    together = found.model.predict(raw)
    alone = np.concatenate([found.model.predict(row[None, :]) for row in raw])
    np.testing.assert_array_equal(together, alone)
    points = found.model.scaling.apply(raw)
    np.testing.assert_array_equal(together, cdist(points, np.array(found.model.centres)).argmin(axis=1))


def test_kept_groups_of_other_people_keep_names_and_centres(found: Clustering) -> None:
    about = json.loads(json.dumps(found.about()))
    later = shop(3, 60)
    again = regrouped(about, later)
    assert (again.names, again.model, again.structure) == (found.names, found.model, found.structure)
    expected = later.groupby(again.labels)["orders"].mean()
    shown = again.profile[again.profile["feature"] == "orders"].set_index("group")["value"]
    assert shown.to_dict() == pytest.approx(expected.to_dict())


def test_a_missing_figure_is_in_no_group(found: Clustering) -> None:
    values = shop(1, 9)
    values.loc[4, "orders"] = np.nan
    labels = regrouped(found.about(), values).labels
    assert labels[4] == -1 and (np.delete(labels, 4) >= 0).all()


def test_bytes_carry_the_model(found: Clustering) -> None:
    again = clustering_from_bytes(found.to_bytes())
    assert again.model == found.model
    np.testing.assert_array_equal(again.labels, found.labels)


def test_figures_that_are_gone_are_named(found: Clustering) -> None:
    with pytest.raises(CannotAnswer, match="orders") as refused:
        raw_features(shop(0).drop(columns="orders"), found.model.features)
    assert refused.value.missing == ("orders",)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(2, 200))
def test_scaling_is_standardising_of_logged_columns(seed: int, width: int, people: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 1, (people, width)) * 10.0 ** rng.integers(-3, 6, width)
    values[:, 0] = np.exp(values[:, 0].clip(-20, 20))
    scaling = Scaling.of(values)
    shown = np.where(scaling.logged, np.sign(values) * np.log1p(np.abs(values)), values)
    np.testing.assert_allclose(scaling.apply(values), StandardScaler().fit_transform(shown), atol=1e-6)


def test_a_constant_column_says_nothing() -> None:
    scaling = Scaling.of(np.array([[7.0, 1.0], [7.0, 2.0]]))
    assert scaling.apply(np.array([[9.0, 1.5]])).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize(
    "damage",
    [
        {"centres": []},
        {"centres": [[1.0]]},
        {"centres": [[float("nan"), 0.0, 0.0]] * 3},
        {"names": ["one"]},
        {"mean": [0.0]},
        {"features": []},
        {"logged": None},
        {"spread": ["x", "y", "z"]},
    ],
)
def test_a_forged_model_is_refused(found: Clustering, damage: dict[str, object]) -> None:
    assert model_from_json(found.model.to_json()) == found.model
    with pytest.raises(UserError, match="cannot be read"):
        model_from_json({**found.model.to_json(), **damage})
    for nonsense in (None, [], "x", {}):
        with pytest.raises(UserError):
            model_from_json(nonsense)
    with pytest.raises(UserError):
        regrouped({"model": {}}, shop(0))


def test_parts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UserError):
        GroupModel(("a", "b"), Scaling((True,), (0.0, 0.0), (1.0, 1.0)), ((0.0, 0.0),), ("one",))
