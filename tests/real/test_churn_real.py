"""Published figures of churn prediction on real files: Telco and Online Retail, through the import."""

from __future__ import annotations

import datetime as dt
import secrets
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import StratifiedKFold

from dashboard import service
from dashboard.customers.churn import activity, cuts, kernels, leaks, models, quality, user_columns
from dashboard.customers.churn.table import Table
from dashboard.filters import Filters, day_number
from dashboard.ingest import publish
from dashboard.ingest.inspect import inspect_file
from dashboard.ingest.layout import Source
from dashboard.ingest.plan import ImportOptions
from dashboard.insights import users
from dashboard.insights.view import View, view_of
from dashboard.store.dataset import Dataset, open_dataset

ALL = Filters(range="all")
TELCO = Path("telco_churn") / "telco_customer_churn.csv"
RETAIL = Path("online_retail") / "online_retail.csv.gz"


def imported(path: Path) -> Dataset:
    """A file as a person would import it: with the proposals of the inspection."""
    plan = inspect_file(path, file_name=path.name).plan
    source = Source(secrets.token_hex(16), path, path.name, plan)
    return open_dataset(publish.import_sources([source], ImportOptions(), name="Real", owner="local")["dataset"])


@pytest.fixture
def telco(real_data: Path, data_dir: Path) -> Dataset:
    return imported(real_data / TELCO)


@pytest.fixture
def retail(real_data: Path, data_dir: Path) -> Dataset:
    return imported(real_data / RETAIL)


def measured(dataset: Dataset, **options: object) -> pd.DataFrame:
    return service.insight("churn", dataset.id, ALL, **options).frame.set_index("measure")


def telco_rows(dataset: Dataset, file: Path) -> tuple[Table, np.ndarray]:
    """Features and label in the order of the file, the 11 blank totals as the 0 they mean."""
    X, columns, _ = user_columns.snapshot_columns(view_of(dataset, ALL))
    left = users.column_of(view_of(dataset, ALL), "churned") == 1
    ids = np.concatenate([p.user_ids.to_numpy(zero_copy_only=False) for p in dataset.partitions])
    order = pd.Index(ids).get_indexer(pd.read_csv(file)["customerID"])
    total = next(j for j, column in enumerate(columns) if column.name == "totalcharges")
    assert np.isnan(X[:, total]).sum() == 11
    X[:, total] = np.nan_to_num(X[:, total])
    return Table(columns, X[order], order), left[order]


def test_telco_by_the_published_folds(telco: Dataset, real_data: Path) -> None:
    """Logistic regression in 5 shuffled folds, seed 0, in the order of the file."""
    table, left = telco_rows(telco, real_data / TELCO)
    assert (len(left), int(left.sum())) == (7_043, 1_869)
    scores = np.empty(len(left))
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(table.X, left):
        scores[test] = models.fit("logistic", table.columns, table.X[train], left[train]).score(table.X[test])
    found = quality.assess(scores, left, 0.5)
    assert found.roc == pytest.approx(0.8452, abs=0.006)
    assert found.pr == pytest.approx(0.6526, abs=0.006)
    assert found.brier == pytest.approx(0.1354, abs=0.006)
    assert found.lift == pytest.approx(2.83, abs=0.006)
    assert found.log_loss == pytest.approx(0.4174, abs=0.003)
    assert found.slope == pytest.approx(0.98, abs=0.02)


def test_telco_in_the_product(telco: Dataset) -> None:
    card = service.insight("churn", telco.id, ALL).summary
    assert (card["basis"], card["model"], card["train_people"]) == ("churned", "logistic", 7_043)
    assert card["base"] == pytest.approx(0.2654, abs=5e-5)
    found = measured(telco)["value"]
    assert found["roc_auc"] == pytest.approx(0.8452, abs=0.006)
    assert found["pr_auc"] == pytest.approx(0.6526, abs=0.006)
    assert found["brier"] == pytest.approx(0.1354, abs=0.006)
    # three people in the best tenth are .016: folds by the order of ids move the lift by more than .006
    assert found["lift_10"] == pytest.approx(2.83, abs=0.05)
    assert found["calibration_slope"] == pytest.approx(1, abs=0.05)
    assert found["calibration_intercept"] == pytest.approx(0, abs=0.01)
    assert found["no_information_rate"] == pytest.approx(0.7346, abs=5e-5)
    trees = next(c for c in card["candidates"] if c["kind"] == "boosted")
    assert trees["roc"] == pytest.approx(0.846, abs=0.006)
    assert trees["ahead"] <= trees["error"]
    assert card["value_at_risk"] > 0  # there is a fee
    codes = {w["code"] for w in card["warnings"]}
    assert "leak" not in codes
    assert "window_depends_on_outcome" in codes  # tenure and total charges stop when somebody leaves
    people = service.insight("churn_people", telco.id, ALL, rows=10_000).frame
    assert len(people) == 7_043 - 1_869
    drivers = service.insight("churn_drivers", telco.id, ALL).frame.set_index("group")
    assert {"tenure", "Contract", "InternetService"} <= set(drivers.index[:4])
    assert drivers.loc["tenure", "direction"] == "less leaving"


def test_a_leaking_column_of_telco_is_caught(real_data: Path, data_dir: Path, tmp_path: Path) -> None:
    """A column somebody fills in when a customer leaves."""
    frame = pd.read_csv(real_data / TELCO, dtype=str, keep_default_na=False)
    rng = np.random.default_rng(0)
    noise = rng.random(len(frame)) < 0.01
    frame["ClosingLetter"] = np.where((frame["Churn"] == "Yes") ^ noise, "sent", "none")
    path = tmp_path / "telco_with_leak.csv"
    frame.to_csv(path, index=False)
    dataset = imported(path)
    card = service.insight("churn", dataset.id, ALL).summary
    caught = [w for w in card["warnings"] if w["code"] == "leak"]
    assert [w["column"] for w in caught] == ["closingletter"]
    assert measured(dataset).loc["roc_auc", "value"] == pytest.approx(0.8452, abs=0.006)
    assert measured(dataset, keep=["closingletter"]).loc["roc_auc", "value"] > 0.98


def test_online_retail_is_judged_on_a_later_window(retail: Dataset) -> None:
    card = service.insight("churn", retail.id, ALL).summary
    assert (card["basis"], card["window"], card["model"]) == ("activity", 90, "logistic")
    assert (card["train_days"], card["test_day"]) == (["2011-06-12"], "2011-09-10")
    assert card["base"] == pytest.approx(0.381, abs=0.004)
    assert card["train_left"] / card["train_people"] == pytest.approx(0.503, abs=0.004)
    found = measured(retail)
    assert found.loc["roc_auc", "value"] == pytest.approx(0.748, abs=0.006)
    assert found.loc["roc_auc", "low"] < 0.748 < found.loc["roc_auc", "high"]
    others = {item["name"]: item["roc"] for item in card["compared"]}
    assert others["Days of silence alone"] == pytest.approx(0.655, abs=0.003)
    assert others["Purchase model: chance of no order"] == pytest.approx(0.733, abs=0.003)
    # the season: summer expects more to stay away than do before Christmas
    assert found.loc["calibration_intercept", "value"] == pytest.approx(-0.41, abs=0.1)
    assert any(w["code"] == "calibration_in_the_large" for w in card["warnings"])


def test_online_retail_customers_come_back(retail: Dataset) -> None:
    found = service.insight("churn_window", retail.id, ALL)
    back = found.frame.set_index("days")
    assert back.loc[90, "back"] == pytest.approx(0.456, abs=0.003)
    assert back.loc[180, "back"] == pytest.approx(0.299, abs=0.003)
    assert back.loc[180, "back_twice"] == pytest.approx(0.562, abs=0.006)
    assert found.summary["few"] is None
    assert (found.summary["proposed"], found.summary["used"]) == (180, 90)


def leaky_view(dataset: Dataset) -> tuple[View, int]:
    return activity.unfiltered(view_of(dataset, ALL)), day_number(dt.date(2011, 12, 10))


def test_a_label_made_of_recency_is_caught(retail: Dataset) -> None:
    """The published wrong way: left = silent for more than 90 days, with that silence (or orders of 90 days) as
    feature."""
    view, now = leaky_view(retail)
    spec = activity.spec_of(view, 90, now)
    days = activity.days_at(spec, now)
    row = np.flatnonzero(~np.isnan(days[:, kernels.LAST]))
    table = activity.features(spec, now, row, days)
    silence = table.X[:, [c.name for c in table.columns].index("silence")]
    left = silence >= 90
    assert left.mean() == pytest.approx(0.334, abs=0.002)
    whole = models.fit("logistic", table.columns, table.X, left)
    assert quality.areas(whole.score(table.X), left)[0] > 0.999
    caught = {name: auc for name, _, auc in leaks.leaking(table.columns, table.X, left)}
    assert caught["silence"] == 1.0
    rest = table.only([c.name for c in table.columns if c.name not in ("silence", "overdue")])
    again = models.fit("logistic", rest.columns, rest.X, left)
    assert quality.areas(again.score(rest.X), left)[0] > 0.999  # orders of 90 days tell the same
    assert "days_window" in {name for name, _, _ in leaks.leaking(rest.columns, rest.X, left)}
    # judged as it should be, no feature knows the answer
    at = cuts.cuts_of(view, 90)
    assert at is not None
    early = activity.days_at(spec, at.test)
    honest = np.flatnonzero(activity.at_risk(spec, at.test, early))
    fair = activity.features(spec, at.test, honest, early)
    assert leaks.leaking(fair.columns, fair.X, early[honest, kernels.AFTER] == 0) == ()
