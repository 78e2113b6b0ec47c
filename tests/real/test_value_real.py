"""Published figures of RFM and customer value on real files: CDNOW and Online Retail."""

from __future__ import annotations

import datetime as dt
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dashboard import service, settings
from dashboard.conform.value import sample_history
from dashboard.customers import rfm
from dashboard.customers.clv import bgnbd, gamma_gamma, guards, pareto_nbd, value
from dashboard.customers.clv.backtest import backtest
from dashboard.customers.clv.history import History, history
from dashboard.customers.clv.model import fit_model
from dashboard.customers.clv.value_rule import ValueRule
from dashboard.customers.rfm_map import SegmentMap
from dashboard.customers.rfm_rule import RfmRule
from dashboard.filters import Filters, day_number
from dashboard.ingest import publish
from dashboard.ingest.inspect import inspect_file
from dashboard.ingest.layout import Source
from dashboard.ingest.plan import ImportOptions

CALIBRATION = day_number(dt.date(1997, 9, 30))
LAST_DAY = dt.date(2011, 12, 9)
WHOLE = Filters(range="all", as_of=LAST_DAY)


@pytest.fixture(scope="module")
def cdnow(real_data: Path) -> pd.DataFrame:
    """The raw sample: customer, day, value per line."""
    names = ["customer", "id", "day", "items", "value"]
    frame = pd.read_csv(real_data / "cdnow" / "CDNOW_sample.txt", sep=r"\s+", header=None, names=names, dtype=str)
    stamps = pd.to_datetime(frame["day"], format="%Y%m%d").to_numpy().astype("datetime64[D]").astype(np.int64)
    return pd.DataFrame({"customer": frame["id"], "day": stamps, "value": frame["value"].astype(float)})


@pytest.fixture(scope="module")
def calibration(cdnow: pd.DataFrame) -> History:
    return sample_history(cdnow, CALIBRATION)


@pytest.fixture(scope="module")
def hold_out(cdnow: pd.DataFrame) -> pd.DataFrame:
    """Orders (days) and money of weeks 40 to 78 per customer of the calibration."""
    later = cdnow[cdnow["day"] > CALIBRATION].groupby("customer").agg(orders=("day", "nunique"), value=("value", "sum"))
    customers = sorted(cdnow.loc[cdnow["day"] <= CALIBRATION, "customer"].unique())
    return later.reindex(customers).fillna(0.0)


def test_raw_sample_equals_the_published_summary(calibration: History, real_data: Path) -> None:
    summary = pd.read_csv(real_data / "cdnow" / "cdnow_customers_summary.csv")
    assert len(calibration) == len(summary) == 2_357
    assert calibration.x.tolist() == summary["frequency"].tolist()
    assert int((calibration.x == 0).sum()) == 1_411
    assert calibration.t_x == pytest.approx(summary["recency"].to_numpy(), abs=0.006)


def test_bgnbd_from_the_raw_sample(calibration: History) -> None:
    found = bgnbd.fit(calibration)
    assert found.parameters == pytest.approx((0.2425945, 4.4136019, 0.7929199, 2.4258881), rel=5e-4)
    assert found.log_likelihood == pytest.approx(-9582.4292, abs=0.01)
    errors = found.standard_errors
    assert [errors[name] for name in bgnbd.NAMES] == pytest.approx([0.0126, 0.378, 0.186, 0.705], rel=0.01)
    assert guards.degenerate_dropout(found).ok


def test_bgnbd_from_the_summary(real_data: Path) -> None:
    summary = pd.read_csv(real_data / "cdnow" / "cdnow_customers_summary.csv")
    found = bgnbd.fit(history(summary["frequency"], summary["recency"], summary["T"]))
    assert found.parameters == pytest.approx((0.242593, 4.413538, 0.792890, 2.425772), rel=5e-4)
    assert found.log_likelihood == pytest.approx(-9582.426, abs=0.01)


def test_pareto_nbd(calibration: History) -> None:
    found = pareto_nbd.fit(calibration)
    assert found.parameters == pytest.approx((0.55315, 10.57633, 0.60625, 11.67150), rel=1e-3)
    assert found.log_likelihood == pytest.approx(-9594.976, abs=0.01)
    errors = found.standard_errors
    assert [errors[name] for name in pareto_nbd.NAMES] == pytest.approx([0.0476, 0.8427, 0.1873, 6.2105], rel=0.002)


def test_gamma_gamma_of_946_repeaters(calibration: History) -> None:
    found = gamma_gamma.fit(calibration)
    assert found.n == 946
    assert found.parameters == pytest.approx((6.25, 3.745, 15.445), abs=0.01)
    assert found.log_likelihood == pytest.approx(-4055.9177, abs=0.01)
    check = guards.independence(calibration)
    assert check.ok
    assert check.value == pytest.approx(0.114, abs=0.001)


def test_the_hold_out_of_cdnow(calibration: History, hold_out: pd.DataFrame, cdnow: pd.DataFrame) -> None:
    past = cdnow[cdnow["day"] <= CALIBRATION].groupby("customer")["value"].sum().reindex(hold_out.index).to_numpy()
    orders = hold_out["orders"].to_numpy()
    assert orders.sum() == 1_882
    found = backtest(calibration, 39.0, orders, hold_out["value"].to_numpy(), past, check=True)
    assert (found.correlation, found.check, found.naive) == pytest.approx((0.626, 0.630, 0.577), abs=0.001)
    assert found.guard.ok
    assert found.guard.value == pytest.approx(-0.12, abs=0.005)
    assert (found.top_decile, found.top_decile_past) == pytest.approx((0.502, 0.490), abs=0.01)


def test_an_endless_horizon_would_grow_without_end(calibration: History) -> None:
    """With a < 1 the expected number of orders has no limit: only finite horizons are offered."""
    model = fit_model(calibration)
    orders = model.expected_orders(calibration, np.array([104.0, 2_000.0, 20_000.0])).sum(axis=0)
    assert orders[1] > 2 * orders[0]
    assert orders[2] > 2 * orders[1]


def test_value_of_cdnow_is_finite_and_modest(calibration: History) -> None:
    days = history(calibration.x, calibration.t_x * 7, calibration.T * 7, calibration.zbar)
    model = fit_model(days)
    found = value.predict(model, days, ValueRule(months=24, margin=0.3, discount=0.15))
    assert np.isfinite(found.clv).all()
    assert found.clv.mean() == pytest.approx(14.4, abs=0.4)  # 104 weeks: 14.43, counted in weeks


@pytest.fixture(scope="module")
def lines(real_data: Path) -> pd.DataFrame:
    """Lines of known customers with a positive quantity: user, day, order, price, value."""
    frame = pd.read_csv(
        real_data / "online_retail" / "online_retail.csv.gz",
        dtype={"CustomerID": "str", "InvoiceNo": "str"},
        usecols=["InvoiceNo", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"],
        parse_dates=["InvoiceDate"],
    )
    frame = frame[frame["CustomerID"].notna() & (frame["Quantity"] > 0)]
    day = frame["InvoiceDate"].to_numpy().astype("datetime64[D]").astype(np.int64)
    money = frame["Quantity"] * frame["UnitPrice"]
    return pd.DataFrame(
        {
            "customer": frame["CustomerID"],
            "day": day,
            "order": frame["InvoiceNo"],
            "price": frame["UnitPrice"],
            "value": money,
        }
    )


def test_online_retail_shows_no_leaving(lines: pd.DataFrame) -> None:
    weeks = sample_history(lines, day_number(LAST_DAY))
    customers = history(weeks.x, weeks.t_x * 7, weeks.T * 7, weeks.zbar)
    model = fit_model(customers)
    assert len(customers) == 4_339
    assert model.orders["r"] == pytest.approx(0.8264, abs=0.001)
    assert model.orders["alpha"] == pytest.approx(68.89, abs=0.01)
    assert model.orders["a"] == pytest.approx(0.0034, abs=0.0002)
    assert model.orders["b"] == pytest.approx(6.75, abs=0.05)
    assert bgnbd.p_alive(model.orders.parameters, customers.x, customers.t_x, customers.T).mean() == pytest.approx(
        0.999, abs=0.0005
    )
    assert model.degenerate
    assert np.isnan(model.p_alive(customers)).all()
    assert guards.independence(customers).value == pytest.approx(0.016, abs=0.001)
    # purchases in place of repeat purchases (wrong formula 22) are another model altogether
    wrong = bgnbd.fit(history(customers.x + 1, customers.t_x, customers.T))
    assert wrong["alpha"] < 10


COUNTS = {
    "recipe": (633, 819, 484, 42, 94, 187, 352, 593, 63, 1_071),
    "default": (604, 688, 484, 67, 169, 121, 478, 357, 35, 560, 775),
    "value_aware": (631, 809, 503, 36, 89, 184, 359, 571, 73, 404, 679),
    "rank": (577, 708, 474, 63, 167, 116, 475, 372, 37, 567, 782),
    "rank_value_aware": (601, 828, 493, 35, 87, 178, 358, 590, 75, 408, 685),
}
RULES = {
    "recipe": RfmRule(scoring="row_order"),
    "default": RfmRule(),
    "value_aware": RfmRule(value_aware=True),
    "rank": RfmRule(scoring="rank"),
    "rank_value_aware": RfmRule(scoring="rank", value_aware=True),
}


@pytest.fixture(scope="module")
def customers(lines: pd.DataFrame) -> pd.DataFrame:
    """Recency on 2011-12-11, invoices and money of the clean set, in the order of customer ids."""
    by = (
        lines[lines["price"] > 0]
        .groupby("customer")
        .agg(last=("day", "max"), orders=("order", "nunique"), money=("value", "sum"))
    )
    by["recency"] = day_number(dt.date(2011, 12, 11)) - by["last"]
    return by.sort_index().astype(float)


def scored(frame: pd.DataFrame, rule: RfmRule, segments: SegmentMap) -> rfm.Scored:
    return rfm.score(*(frame[name].to_numpy() for name in ("recency", "orders", "money")), rule, segments)


@pytest.mark.parametrize("name", COUNTS)
def test_segments_of_online_retail(customers: pd.DataFrame, name: str) -> None:
    segments = SegmentMap().merged("Lost", "Hibernating") if name == "recipe" else SegmentMap()
    frame = rfm.by_segment(scored(customers, RULES[name], segments), segments)
    assert tuple(frame["customers"]) == COUNTS[name]
    if name == "recipe":
        best = frame.iloc[0]
        assert (best["recency_days"] - 1, best["frequency"], best["monetary"]) == pytest.approx(
            (6.3618, 12.4139, 6_857.94), abs=0.005
        )
        assert best["money_share"] == pytest.approx(0.487, abs=0.0005)


def test_shuffling_rows_changes_scores_of_row_order_only(customers: pd.DataFrame) -> None:
    order = np.random.default_rng(7).permutation(len(customers))
    shuffled = customers.iloc[order]
    for name, rule in RULES.items():
        first, again = scored(customers, rule, SegmentMap()), scored(shuffled, rule, SegmentMap())
        moved = int((first.F[order] != again.F).sum())
        assert moved > 1_000 if name == "recipe" else moved == 0
        if name != "recipe":
            assert (first.code[order] == again.code).all()
            assert (first.segment[order] == again.segment).all()
    default, ranked = scored(customers, RULES["default"], SegmentMap()), scored(customers, RULES["rank"], SegmentMap())
    differing = tuple(int((getattr(default, letter) != getattr(ranked, letter)).sum()) for letter in "RFM")
    assert differing == (115, 0, 2)
    assert int((default.segment != ranked.segment).sum()) == 85


@pytest.fixture(scope="module")
def retail(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Iterator[str]:
    """Online Retail through the product's own import."""
    before = os.environ["DASHBOARD_DATA_DIR"]
    os.environ["DASHBOARD_DATA_DIR"] = str(tmp_path_factory.mktemp("value"))
    settings.current.cache_clear()
    path = real_data / "online_retail" / "online_retail.csv.gz"
    source = Source(secrets.token_hex(16), path, path.name, inspect_file(path, file_name=path.name).plan)
    yield str(publish.import_sources([source], ImportOptions(currency="GBP"), name="Retail", owner="local")["dataset"])
    os.environ["DASHBOARD_DATA_DIR"] = before
    settings.current.cache_clear()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("default", {}),
        ("rank", {"scoring": "rank"}),
        ("value_aware", {"value_aware": True, "money": "gross"}),
        ("rank_value_aware", {"scoring": "rank", "value_aware": True, "money": "gross"}),
    ],
)
def test_segments_from_the_store(retail: str, name: str, options: dict[str, object]) -> None:
    found = service.insight("rfm", retail, WHOLE, **options)
    assert tuple(found.frame["customers"]) == COUNTS[name]
    assert found.summary["customers"] == 4_338
    if options.get("money") == "gross":
        assert found.frame["money"].sum() == pytest.approx(8_911_407.904, abs=0.01)
    for segment, count in zip(found.frame["segment"], found.frame["customers"], strict=True):
        people = service.insight("rfm_people", retail, WHOLE, segment=segment, **options).frame
        assert len(people) == people["user_id"].nunique() == count
    assert service.insight("rfm_grid", retail, WHOLE, **options).frame["customers"].sum() == 4_338


def test_value_from_the_store(retail: str) -> None:
    found = service.insight("clv", retail, WHOLE)
    checks = {check["code"]: check for check in found.summary["guards"]}
    assert not checks["degenerate_dropout"]["ok"]
    assert not found.summary["p_alive_shown"]
    assert found.frame["p_alive"].isna().all()
    assert found.summary["order_model"]["parameters"]["alpha"] == pytest.approx(68.89, abs=0.05)  # one customer less
    assert found.frame["customers"].sum() == 4_338
    assert found.frame["clv"].sum() == pytest.approx(found.summary["clv"])
    assert found.summary["low"] < found.summary["clv"] < found.summary["high"]
    assert found.summary["historic"] == pytest.approx(8_310_477.05, abs=0.01)
    people = service.insight("clv_people", retail, WHOLE).frame
    assert len(people) == 4_338
    assert people["clv"].is_monotonic_decreasing
    returned = service.insight("clv_people", retail, WHOLE, user_id="12346").frame.iloc[0]
    assert returned["historic"] == pytest.approx(0.0)  # bought and returned 77,183.60


def test_the_hold_out_of_online_retail_is_christmas(lines: pd.DataFrame, retail: str) -> None:
    """The published figures are those of the last 90 days, counted in purchase days and gross money."""
    clean = lines[lines["price"] > 0].groupby(["customer", "day"], as_index=False)["value"].sum()
    split = day_number(LAST_DAY) - 90
    early, later = clean[clean["day"] <= split], clean[clean["day"] > split]
    by = early.groupby("customer").agg(
        days=("day", "size"), first=("day", "min"), last=("day", "max"), value=("value", "sum")
    )
    repeats = (by["days"] - 1).astype(float)
    mean = (by["value"] - early.groupby("customer")["value"].first()) / repeats.clip(lower=1)
    past = history(repeats, by["last"] - by["first"], split - by["first"], mean.where(repeats > 0, 0.0))
    after = later.groupby("customer").agg(orders=("day", "size"), value=("value", "sum")).reindex(by.index).fillna(0)
    spent = by["value"].to_numpy()
    found = backtest(past, 90.0, after["orders"].to_numpy(float), after["value"].to_numpy(), spent)
    assert found.guard.value == pytest.approx(-0.26, abs=0.005)
    assert found.predicted_value / found.actual_value - 1 == pytest.approx(-0.45, abs=0.005)
    assert (found.top_decile, found.top_decile_past) == pytest.approx((0.525, 0.523), abs=0.001)

    stored = service.insight("clv_backtest", retail, WHOLE, days=90)  # the same with returns taken off
    assert stored.summary["split_day"] == "2011-09-10"
    assert stored.summary["error"] == pytest.approx(found.guard.value, abs=0.002)
    assert stored.summary["value_error"] == pytest.approx(-0.41, abs=0.005)
    assert any("too few orders" in note for note in stored.notes)
