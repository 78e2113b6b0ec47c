"""Churn answers on data whose truth is planted, through the service: model, reasons, refusals, invariants."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from dashboard import service
from dashboard.customers.churn import learn
from dashboard.customers.churn.learned import BANDS
from dashboard.customers.churn.rule import ChurnRule
from dashboard.customers.churn.story import explain
from dashboard.errors import CannotAnswer, UserError
from dashboard.filters import Filters
from dashboard.insights.view import view_of
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset

ALL = Filters(range="all")
START = dt.date(2024, 1, 1)


def customers(n: int = 1_200, seed: int = 0) -> pd.DataFrame:
    """People with a label: short contracts and few logins leave; size means nothing; a column tells it afterwards."""
    rng = np.random.default_rng(seed)
    monthly, logins, size = rng.random(n) < 0.5, rng.poisson(6, n), rng.normal(50, 10, n)
    left = rng.random(n) < expit(-1.5 + 2.0 * monthly - 0.5 * (logins - 6))
    return pd.DataFrame(
        {
            "user_id": [f"u{i:05d}" for i in range(n)],
            "contract": np.where(monthly, "monthly", "yearly"),
            "logins": logins.astype(float),
            "size": size,
            "exit_calls": np.where(left, 1.0, 0.0),
            "country": rng.choice(["UK", "FR"], n),
            "churned": left,
        }
    )


@pytest.fixture(scope="module")
def users() -> pd.DataFrame:
    return customers()


def stays(days: int = 240, people: int = 900, seed: int = 1) -> pd.DataFrame:
    """An event log: everybody comes at an own rhythm until they stop; who is about to stop comes less often before."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(people):
        rate, begin = rng.gamma(4, 0.1) + 0.05, int(rng.integers(0, days // 2))
        stop = begin + int(rng.exponential(130)) + 14
        day = np.arange(begin, min(stop, days))
        chance = np.where(day > stop - 30, rate * 0.35, rate)
        for d in day[rng.random(len(day)) < chance]:
            rows.append((f"p{i:04d}", START + dt.timedelta(days=int(d)), "visit"))
    rows.append(("p0000", START + dt.timedelta(days=days), "visit"))
    return pd.DataFrame(rows, columns=["user_id", "event_time", "event_name"])


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return stays()


def figures(dataset: Dataset, **options: Any) -> dict[str, float]:
    frame = service.insight("churn", dataset.id, ALL, **options).frame
    return dict(zip(frame["measure"], frame["value"], strict=True))


def test_a_label_is_learned_and_a_leak_is_left_out(data_dir: Path, users: pd.DataFrame) -> None:
    dataset = build_dataset(data_dir, users=users)
    card = service.insight("churn", dataset.id, ALL)
    assert (card.summary["basis"], card.summary["model"]) == ("churned", "logistic")
    assert card.summary["train_people"] == card.summary["test_people"] == 1_200
    assert card.summary["base"] == pytest.approx(users["churned"].mean())
    leaks = [w for w in card.summary["warnings"] if w["code"] == "leak"]
    assert [w["column"] for w in leaks] == ["exit_calls"]
    assert "left out" in leaks[0]["text"]
    found = figures(dataset)
    # what the truth itself achieves on these people; nothing honest is better by more than chance
    truth = expit(-1.5 + 2.0 * (users["contract"] == "monthly") - 0.5 * (users["logins"] - 6))
    best = pd.Series(truth).rank()[users["churned"]].sum()
    k = int(users["churned"].sum())
    oracle = (best - k * (k + 1) / 2) / (k * (len(users) - k))
    assert found["roc_auc"] == pytest.approx(oracle, abs=0.015)
    assert found["calibration_slope"] == pytest.approx(1, abs=0.15)
    assert found["calibration_intercept"] == pytest.approx(0, abs=0.02)
    assert found["no_information_rate"] == pytest.approx(1 - users["churned"].mean())
    kept = service.insight("churn", dataset.id, ALL, keep=["exit_calls"])
    assert "because you asked" in kept.summary["warnings"][0]["text"]
    assert figures(dataset, keep=["exit_calls"])["roc_auc"] > 0.99


def test_drivers_point_the_planted_way(data_dir: Path, users: pd.DataFrame) -> None:
    dataset = build_dataset(data_dir, users=users)
    frame = service.insight("churn_drivers", dataset.id, ALL).frame.set_index("group")
    assert frame.index[:2].tolist() in (["contract", "logins"], ["logins", "contract"])
    assert frame.loc["logins", "direction"] == "less leaving"
    assert frame["share"].sum() == pytest.approx(1)
    assert frame.loc["size", "share"] < 0.1
    assert "exit_calls" not in frame.index
    assert "leave" in frame.loc["logins", "text"]
    monthly = frame.loc["contract"]
    assert (monthly["direction"] == "more leaving") == ("monthly" in monthly["feature"])


def test_people_add_up_and_explain_tells_the_same(data_dir: Path, users: pd.DataFrame) -> None:
    dataset = build_dataset(data_dir, users=users)
    card = service.insight("churn", dataset.id, ALL).summary
    people = service.insight("churn_people", dataset.id, ALL, rows=10_000)
    frame = people.frame
    staying = users[~users["churned"]]["user_id"]
    assert sorted(frame["user_id"]) == sorted(staying)
    assert frame["probability"].is_monotonic_decreasing
    assert people.summary["total"] == card["people"] == len(staying)
    assert frame["probability"].sum() == pytest.approx(card["expected"])
    for band in BANDS:
        members = service.insight("churn_members", dataset.id, ALL, band=band).frame["user_id"].tolist()
        assert members == sorted(frame.loc[frame["band"] == band, "user_id"])
        assert len(members) == card["bands"][band]
    assert (frame.loc[frame["band"] == "at risk", "probability"] >= card["risk_from"]).all()
    assert (frame.loc[frame["band"] == "healthy", "probability"] < card["watch_from"]).all()
    first = frame.iloc[0]
    view = view_of(dataset, ALL)
    story = explain(view, first["user_id"])
    assert story is not None
    assert (story.probability, story.band) == (first["probability"], first["band"])
    raising = [reason.text for reason in story.reasons if reason.raises]
    assert raising[:3] == [text for text in first[["reason_1", "reason_2", "reason_3"]] if text]
    assert "contract: monthly" in raising or any("logins" in text for text in raising)
    gone = explain(view, users.loc[users["churned"], "user_id"].iloc[0])
    assert gone is not None
    assert (gone.band, gone.probability) == ("gone", None)
    assert explain(view, "nobody") is None


def test_filters_choose_people_and_leave_the_model_alone(data_dir: Path, users: pd.DataFrame) -> None:
    dataset = build_dataset(data_dir, users=users)
    uk = ALL.with_where("country", ["UK"])
    everybody, some = (service.insight("churn_people", dataset.id, f, rows=10_000).frame for f in (ALL, uk))
    expected = everybody[everybody["user_id"].isin(users.loc[users["country"] == "UK", "user_id"])]
    pd.testing.assert_frame_equal(some, expected.reset_index(drop=True))
    assert figures(dataset) == dict(
        service.insight("churn", dataset.id, uk).frame[["measure", "value"]].itertuples(index=False)
    )


@pytest.mark.parametrize("partitions", [1, 4])
def test_the_order_of_rows_and_partitions_changes_nothing(
    data_dir: Path, users: pd.DataFrame, log: pd.DataFrame, partitions: int
) -> None:
    part = log[log["user_id"] < "p0500"]
    for tables, options in (({"users": users}, {}), ({"events": part}, {"model": "logistic", "window": 28})):
        shuffled = {name: table.sample(frac=1, random_state=3) for name, table in tables.items()}
        one = build_dataset(data_dir, **tables)
        other = build_dataset(data_dir, **shuffled, partitions=partitions)
        for name in ("churn", "churn_curves", "churn_drivers", "churn_people"):
            left, right = (service.insight(name, d.id, ALL, **options).frame for d in (one, other))
            pd.testing.assert_frame_equal(left, right, rtol=1e-6, atol=1e-9)


def test_leaving_in_time_is_learned_from_earlier_windows(data_dir: Path, log: pd.DataFrame) -> None:
    dataset = build_dataset(data_dir, events=log)
    card = service.insight("churn", dataset.id, ALL, window=28)
    s = card.summary
    assert (s["basis"], s["window"]) == ("activity", 28)
    test_day, last = dt.date.fromisoformat(s["test_day"]), dt.date.fromisoformat(s["test_until"])
    assert (last - test_day).days == 27
    assert all(dt.date.fromisoformat(day) + dt.timedelta(days=28) <= test_day for day in s["train_days"])
    found = figures(dataset, window=28)
    silence = next(item["roc"] for item in s["compared"] if item["name"] == "Days of silence alone")
    assert found["roc_auc"] > max(silence, 0.8)
    assert found["calibration_slope"] == pytest.approx(1, abs=0.35)
    people = service.insight("churn_people", dataset.id, ALL, window=28, rows=2_000).frame
    last_seen = pd.to_datetime(log["event_time"]).groupby(log["user_id"]).max()
    silent = (pd.Timestamp(START + dt.timedelta(days=240)) - last_seen).dt.days
    assert people.set_index("user_id")["silent_days"].to_dict() == silent[silent <= 55].to_dict()
    assert (people["overdue"] - people["silent_days"] / people["usual_gap"]).abs().max() < 1e-9
    risky = people.iloc[0]
    assert any(text.startswith("no visit for") for text in risky[["reason_1", "reason_2", "reason_3"]])
    assert people["lifetime_value"].isna().all()
    assert s["value_at_risk"] is None


def test_a_weekly_visitor_ranks_above_a_yearly_one(data_dir: Path) -> None:
    days = {"weekly": range(0, 331, 7), "yearly": (0, 271)}
    rows = [
        {"user_id": who, "event_time": START + dt.timedelta(days=d), "event_name": "visit"}
        for who, when in days.items()
        for d in when
    ]
    rows += [{"user_id": "last", "event_time": START + dt.timedelta(days=359), "event_name": "visit"}]
    dataset = build_dataset(data_dir, events=rows)
    frame = service.insight("churn_people", dataset.id, ALL, window=60, sort="overdue").frame.set_index("user_id")
    assert (frame.loc["weekly", "silent_days"], frame.loc["yearly", "silent_days"]) == (30, 88)
    assert frame.index.get_loc("weekly") < frame.index.get_loc("yearly")
    assert frame.loc["weekly", "band"] == "at risk"


def test_too_few_leavers_are_rules_and_said(data_dir: Path, users: pd.DataFrame) -> None:
    few = pd.concat([users[~users["churned"]], users[users["churned"]].head(49)])
    card = service.insight("churn", build_dataset(data_dir, users=few).id, ALL)
    assert card.summary["model"] == "rules"
    assert "49 people have left; a churn model needs at least 50." in card.summary["why"]
    assert card.frame.empty
    assert any("No model" in note for note in card.notes)


def test_rule_tiers_hold_what_became_of_such_people(data_dir: Path) -> None:
    log = stays(people=70, seed=5)
    dataset = build_dataset(data_dir, events=log)
    card = service.insight("churn", dataset.id, ALL, window=28)
    assert card.summary["model"] == "rules"
    tiers = pd.DataFrame(card.summary["tiers"])
    assert tiers["name"].tolist() == ["On time", "Late", "Overdue"]
    seen = tiers[tiers["people"] > 0]
    assert (seen["rate"] == seen["left"] / seen["people"]).all()
    assert ((seen["low"] <= seen["rate"]) & (seen["rate"] <= seen["high"])).all()
    assert tiers["rate"].iloc[2] > tiers["rate"].iloc[0]
    people = service.insight("churn_people", dataset.id, ALL, window=28).frame
    rate = dict(zip(BANDS, tiers["rate"], strict=True))
    assert (people["probability"] == people["band"].map(rate)).all()
    assert people["reason_1"].eq("").all()


def ended(n: int = 900, days: int = 200, seed: int = 2) -> pd.DataFrame:
    """Subscriptions with an end date: the risk per day is three times as high on the basic plan."""
    rng = np.random.default_rng(seed)
    basic = rng.random(n) < 0.5
    begin = rng.integers(0, 100, n)
    length = rng.exponential(np.where(basic, 80, 240)).astype(int) + 1
    end = begin + length
    text = [(START + dt.timedelta(days=int(d))).isoformat() if d <= days else None for d in end]
    return pd.DataFrame(
        {
            "user_id": [f"s{i:04d}" for i in range(n)],
            "signup_time": [START + dt.timedelta(days=int(d)) for d in begin],
            "platform": np.where(basic, "basic", "full"),
            "end_date": pd.to_datetime(pd.Series(text)),
        }
    )


def test_end_dates_are_used(data_dir: Path) -> None:
    table = ended()
    log = [{"user_id": "s0000", "event_time": START + dt.timedelta(days=d), "event_name": "x"} for d in (0, 201)]
    dataset = build_dataset(data_dir, users=table, events=log)
    s = service.insight("churn", dataset.id, ALL).summary
    assert (s["basis"], s["window"], s["model"]) == ("ended", 30, "logistic")
    test_day = pd.Timestamp(s["test_day"])
    there = (table["signup_time"].astype("datetime64[us]") < test_day) & ~(table["end_date"] < test_day)
    assert s["test_people"] == there.sum()
    assert s["test_left"] == (there & (table["end_date"] < test_day + pd.Timedelta(days=30))).sum()
    frame = service.insight("churn_drivers", dataset.id, ALL).frame.set_index("group")
    assert frame.index[0] == "platform"
    people = service.insight("churn_people", dataset.id, ALL, rows=2_000).frame
    assert set(people["user_id"]) == set(table.loc[table["end_date"].isna(), "user_id"])
    basic = people["user_id"].map(table.set_index("user_id")["platform"]) == "basic"
    assert people.loc[basic, "probability"].mean() > 1.8 * people.loc[~basic, "probability"].mean()


def test_trees_are_taken_only_where_they_win(data_dir: Path) -> None:
    rng = np.random.default_rng(4)
    n = 3_000
    a, b = rng.normal(size=n), rng.normal(size=n)
    left = rng.random(n) < expit(3 * np.sign(a * b))
    crossed = pd.DataFrame({"user_id": [f"u{i:05d}" for i in range(n)], "a": a, "b": b, "churned": left})
    dataset = build_dataset(data_dir, users=crossed)
    s = service.insight("churn", dataset.id, ALL).summary
    trees = next(c for c in s["candidates"] if c["kind"] == "boosted")
    assert s["model"] == "boosted"
    assert trees["ahead"] > trees["error"]
    assert figures(dataset)["roc_auc"] > 0.9
    assert figures(dataset, model="logistic")["roc_auc"] < 0.6
    story = service.insight("churn_people", dataset.id, ALL, rows=5).frame
    parts = learn.learned(view_of(dataset, ALL), ChurnRule()).trained
    assert parts is not None
    X = np.column_stack([a, b])[:50]
    shares = parts.model.contributions(X, ("a", "b"))
    base = parts.model.score(np.array([[np.median(a), np.median(b)]]))
    logits = np.log(parts.model.score(X) / (1 - parts.model.score(X))) - np.log(base / (1 - base))
    assert shares.sum(axis=1) == pytest.approx(logits)  # Shapley values add up
    assert story["reason_1"].str.startswith(("a:", "b:")).all()


def test_a_season_raises_the_alert_and_recalibration_meets_the_rate(data_dir: Path, log: pd.DataFrame) -> None:
    """In the last 28 days most people stay away for a reason that no history shows."""
    rng = np.random.default_rng(6)
    day = (pd.to_datetime(log["event_time"]) - pd.Timestamp(START)).dt.days
    away = set(rng.choice(log["user_id"].unique(), 450, replace=False))
    kept = log[~((day > 211) & log["user_id"].isin(away)) | (day == 240)]
    dataset = build_dataset(data_dir, events=kept)
    card = service.insight("churn", dataset.id, ALL, window=28).summary
    alert = [w["text"] for w in card["warnings"] if w["code"] == "calibration_in_the_large"]
    assert len(alert) == 1
    assert "Recalibrate" in alert[0]
    assert figures(dataset, window=28)["calibration_intercept"] > 0.2
    view = view_of(dataset, ALL)
    rule = ChurnRule(window=28)
    plain, shifted = learn.learned(view, rule), learn.learned(view, replace(rule, recalibrate=True))
    assert shifted.shift > 0
    assert (shifted.p > plain.p).all()
    assert np.array_equal(np.argsort(shifted.p), np.argsort(plain.p))


def test_options_are_checked(data_dir: Path, users: pd.DataFrame) -> None:
    dataset = build_dataset(data_dir, users=users)
    for options in (
        {"label": "magic"},
        {"window": 366},
        {"window": "soon"},
        {"model": "forest"},
        {"watch": 0.9, "risk": 0.2},
        {"colour": "red"},
        {"sort": "name"},
        {"band": "doomed"},
        {"rows": 0},
    ):
        with pytest.raises(UserError):
            service.insight("churn_people", dataset.id, ALL, **options)
    for options in ({"exclude": ["nothing"]}, {"end": "logins"}, {"label": "activity"}, {"label": "ended"}):
        with pytest.raises(CannotAnswer):
            service.insight("churn", dataset.id, ALL, **options)
    moved = service.insight("churn", dataset.id, ALL, watch=0.1, risk=0.9).summary
    assert (moved["watch_from"], moved["risk_from"]) == (0.1, 0.9)
    without = service.insight("churn_drivers", dataset.id, ALL, exclude=["logins"]).frame
    assert "logins" not in without["group"].tolist()


def test_only_the_last_activity_gives_no_rate(data_dir: Path) -> None:
    table = [
        {"user_id": f"u{i}", "last_active_time": START + dt.timedelta(days=i), "usage": float(i)} for i in range(120)
    ]
    dataset = build_dataset(data_dir, users=table)
    card = service.insight("churn", dataset.id, ALL).summary
    assert (card["basis"], card["model"]) == ("silence", "rules")
    people = service.insight("churn_people", dataset.id, ALL, rows=200).frame
    assert people["probability"].isna().all()
    assert people["silent_days"].max() == 119
    assert set(people.loc[people["silent_days"] > 60, "band"]) == {"at risk"}
    with pytest.raises(UserError):
        service.insight("churn", dataset.id, ALL, model="logistic")


def test_nothing_to_learn_from_is_refused(data_dir: Path) -> None:
    dataset = build_dataset(data_dir, users=[{"user_id": "a", "country": "UK"}])
    with pytest.raises(CannotAnswer) as refusal:
        service.insight("churn", dataset.id, ALL)
    assert "users.churned" in refusal.value.missing
    assert explain(view_of(dataset, ALL), "a") is None
