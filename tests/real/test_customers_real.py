"""Figures that were computed outside the product, on real files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from dashboard.customers.clusters import cluster
from dashboard.customers.features import ORDERS, RECENCY, REVENUE, TENURE
from dashboard.customers.rules import RuleSet
from dashboard.filters import Filters
from dashboard.service import customers
from tests.store_builder import build_dataset


def streaming_users(folder: Path) -> pd.DataFrame:
    frame = pd.read_csv(folder / "streaming_users" / "netflix_users.csv", dtype={"User_ID": "str"})
    names = {
        "User_ID": "user_id",
        "Country": "country",
        "Subscription_Type": "plan",
        "Watch_Time_Hours": "usage",
        "Last_Login": "last_active_time",
    }
    return frame.rename(columns=names)[list(names.values())]


def test_streaming_users_give_the_published_segments(real_data: Path, data_dir: Path) -> None:
    dataset = build_dataset(data_dir, users=streaming_users(real_data), partitions=4)
    shown = customers.segmentation(dataset.id, Filters(), RuleSet())
    assert (shown.everyone, shown.as_of) == (25_000, "2025-03-08")
    assert (round(shown.low, 4), round(shown.high, 4)) == (334.2369, 657.2076)
    counts = dict(zip(shown.distribution.frame["segment"], shown.distribution.frame["people"], strict=True))
    assert counts == {"Risky": 19_392, "Dormant": 2_782, "Loyal": 1_446, "Regular": 1_380}
    assert shown.targets == 8_325
    uk = Filters().with_where("country", ["UK"]).with_where("plan", ["Premium"])
    targets = customers.targets(dataset.id, uk, RuleSet())
    assert targets.people == 308
    download = customers.targets_csv(dataset.id, uk, RuleSet())
    assert download.file_name == "discount-targets_dormant+risky-medium_uk-premium_308-users_as-of-2025-03-08.csv"
    assert b"".join(download.chunks).count(b"\r\n") == 309


def test_streaming_users_have_no_cluster_structure(real_data: Path, data_dir: Path) -> None:
    dataset = build_dataset(data_dir, users=streaming_users(real_data))
    groups = customers.clusters(dataset.id, Filters(), RuleSet())
    assert not groups.structure
    assert "no better than in shuffled data" in groups.verdict
    assert groups.groups.frame["people"].sum() == 25_000
    assert len(groups.sample.frame) == 2_000


@pytest.fixture(scope="module")
def retail_features(real_data: Path) -> pd.DataFrame:
    """Recency on 2011-12-10, invoices, money per customer of the clean set, in the order of customer ids."""
    lines = pd.read_csv(
        real_data / "online_retail" / "online_retail.csv.gz",
        dtype={"CustomerID": "str", "InvoiceNo": "str"},
        usecols=["InvoiceNo", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"],
        parse_dates=["InvoiceDate"],
    )
    lines = lines[(lines["Quantity"] > 0) & (lines["UnitPrice"] > 0) & lines["CustomerID"].notna()]
    lines["value"] = lines["Quantity"] * lines["UnitPrice"]
    by_customer = lines.groupby("CustomerID").agg(
        last=("InvoiceDate", "max"),
        first=("InvoiceDate", "min"),
        orders=("InvoiceNo", "nunique"),
        revenue=("value", "sum"),
    )
    snapshot = pd.Timestamp("2011-12-10")
    return pd.DataFrame(
        {
            "recency_days": (snapshot - by_customer["last"]).dt.days.astype(float),
            "orders": by_customer["orders"].astype(float),
            "revenue": by_customer["revenue"],
            "tenure_days": (snapshot - by_customer["first"]).dt.days.astype(float),
        }
    ).sort_index()


def test_online_retail_groups(retail_features: pd.DataFrame) -> None:
    features = (RECENCY, ORDERS, REVENUE, TENURE)
    groups = cluster(retail_features, features)
    quality = groups.quality.set_index("k")
    assert quality.loc[[2, 3, 4], "silhouette"].tolist() == pytest.approx([0.434, 0.338, 0.336], abs=0.004)
    assert groups.structure
    assert groups.k == 4
    assert sorted(np.bincount(groups.labels).tolist()) == [713, 812, 1_187, 1_626]
    revenue = retail_features["revenue"].groupby(groups.labels).sum() / retail_features["revenue"].sum()
    assert sorted(revenue.round(3)) == pytest.approx([0.050, 0.063, 0.240, 0.647], abs=0.002)

    again = cluster(retail_features.sample(frac=1, random_state=1).sort_index(), features)
    np.testing.assert_array_equal(groups.labels, again.labels)
    other_seed = cluster(retail_features, features, seed=11)
    assert other_seed.k == groups.k
    assert adjusted_rand_score(groups.labels, other_seed.labels) >= 0.98

    rng = np.random.default_rng(0)
    shuffled = retail_features.apply(lambda column: rng.permutation(column.to_numpy()))
    assert not cluster(shuffled, features).structure
