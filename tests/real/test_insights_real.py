"""Published figures of real data, through the product's own import: nothing on the way may change a number."""

from __future__ import annotations

import datetime as dt
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard import service, settings
from dashboard.filters import Filters
from dashboard.ingest import publish
from dashboard.ingest.inspect import inspect_file
from dashboard.ingest.layout import Source
from dashboard.ingest.plan import ImportOptions

LAST_DAY = dt.date(2011, 12, 9)
WHOLE = Filters(range="2010-12-01..2011-12-09", compare="none", as_of=LAST_DAY)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One data directory for the module: importing half a million lines once is enough."""
    directory = tmp_path_factory.mktemp("real")
    before = os.environ["DASHBOARD_DATA_DIR"]
    os.environ["DASHBOARD_DATA_DIR"] = str(directory)
    settings.current.cache_clear()
    yield directory
    os.environ["DASHBOARD_DATA_DIR"] = before
    settings.current.cache_clear()


def imported(path: Path, **options: str) -> str:
    plan = inspect_file(path, file_name=path.name).plan
    source = Source(secrets.token_hex(16), path, path.name, plan)
    result = publish.import_sources([source], ImportOptions(**options), name=path.name, owner="local")  # type: ignore[arg-type]
    return str(result["dataset"])


@pytest.fixture(scope="module")
def retail(folder: Path, real_data: Path) -> str:
    return imported(real_data / "online_retail" / "online_retail.csv.gz", currency="GBP")


def test_active_users_of_the_shop(retail: str) -> None:
    result = service.insight("active_users", retail, WHOLE)
    frame = result.frame
    assert len(frame) == 374
    assert tuple(frame.iloc[-1][["dau", "wau", "mau"]]) == (35, 464, 1628)
    assert frame["dau"].mean() == pytest.approx(44.82, abs=0.005)
    assert frame[frame["window_full"]]["mau"].mean() == pytest.approx(1006.57, abs=0.005)
    assert frame["mau"].mean() == pytest.approx(979.55, abs=0.005)
    assert frame["stickiness"].tail(30).mean() == pytest.approx(0.0500, abs=0.00005)
    assert result.summary["stickiness_30"] == pytest.approx(0.0495, abs=0.00005)


def test_the_automatic_headline_uses_full_windows_only(retail: str) -> None:
    result = service.insight("active_users", retail, Filters(range="all", as_of=LAST_DAY))
    assert result.summary["stickiness"] == pytest.approx(0.0445, abs=0.00005)
    assert result.summary["mau_mean"] == pytest.approx(1006.57, abs=0.005)


def test_the_last_day_is_not_over_and_presets_end_before_it(retail: str) -> None:
    view = service.view_of(retail, Filters())
    assert (view.as_of - view.period.last, view.period.days) == (1, 30)


def test_the_sum_of_daily_users_is_no_monthly_figure(retail: str) -> None:
    """Wrong formula 1, published as 2,784 instead of 1,628. Over 30 calendar days the sum of DAU is as wrong."""
    frame = service.insight("active_users", retail, WHOLE).frame
    assert frame["dau"].tail(30).sum() > 1.4 * frame["mau"].iloc[-1]


def test_revenue_with_its_parts(retail: str) -> None:
    result = service.insight("revenue", retail, WHOLE)
    assert result.summary["gross"] == pytest.approx(10_666_684.544, abs=0.01)
    assert result.summary["net"] == pytest.approx(9_747_747.934, abs=0.01)
    assert result.summary["adjustments"] == pytest.approx(-22_124.12, abs=0.01)
    assert {item.code: item.count for item in result.left_out} == {"zero_amount": 2_515, "adjustments": 2}
    assert result.frame["net"].sum() == pytest.approx(result.summary["net"])
    assert result.frame["orders"].sum() == result.summary["orders"]


def test_revenue_of_known_customers(retail: str) -> None:
    result = service.insight("revenue", retail, WHOLE, guests="exclude")
    assert result.summary["gross"] == pytest.approx(8_911_407.904, abs=0.01)
    assert result.summary["orders"] == 18_532
    assert result.summary["payers"] == 4_338
    assert result.summary["aov"] == pytest.approx(480.866, abs=0.001)
    assert result.summary["repeat_rate"] == pytest.approx((4_338 - 1_493) / 4_338)


def test_the_kingdom_alone(retail: str) -> None:
    result = service.insight("revenue", retail, WHOLE.with_where("country", ["United Kingdom"]), guests="exclude")
    assert (result.summary["orders"], result.summary["payers"]) == (16_646, 3_920)
    assert result.summary["gross"] == pytest.approx(7_308_391.554, abs=0.01)


def test_countries_add_up(retail: str) -> None:
    result = service.insight("revenue_by", retail, WHOLE, dimension="country", top=50)
    assert len(result.frame) == 38
    assert result.frame["net"].sum() == pytest.approx(9_747_747.934, abs=0.01)
    assert result.frame["orders"].sum() == result.summary["orders"]


def test_cards_of_the_shop(retail: str) -> None:
    cards = {card.key: card for card in service.kpis(retail, Filters())}
    assert {"revenue", "orders", "aov", "repeat_rate"} <= set(cards)
    assert all(card.value is not None and card.previous is not None for card in cards.values())
    assert cards["revenue"].currency == "GBP"


def test_the_list_is_as_long_as_the_number(retail: str) -> None:
    people = service.people(retail, WHOLE, day="2011-12-09", window=30)
    assert len(people) == len(set(people)) == 1_628
    assert "17850" in people or all(not person.endswith(".0") for person in people)


@pytest.fixture(scope="module")
def streaming(folder: Path, real_data: Path) -> str:
    return imported(real_data / "streaming_users" / "netflix_users.csv")


def test_a_table_of_users(streaming: str) -> None:
    countries = service.insight("users_by", streaming, Filters(), dimension="country").frame.set_index("value")["users"]
    assert (countries["UK"], countries["Germany"], countries["India"], countries["USA"]) == (2592, 2547, 2505, 2503)
    plans = service.insight("users_by", streaming, Filters(), dimension="plan").frame.set_index("value")["users"]
    assert dict(plans) == {"Premium": 8402, "Basic": 8356, "Standard": 8242}


def test_how_usage_spreads(streaming: str) -> None:
    summary = service.insight("spread", streaming, Filters(), column="usage").summary
    assert summary["users"] == 25_000
    assert summary["mean"] == pytest.approx(500.468858, abs=1e-6)
    assert summary["sd"] == pytest.approx(286.381815, abs=1e-6)
    assert (summary["q25"], summary["median"], summary["q75"]) == pytest.approx((256.5675, 501.505, 745.7325))
    assert (summary["q33"], summary["q66"]) == pytest.approx((334.2369, 657.2076), abs=5e-5)


def test_what_a_table_of_users_cannot_say(streaming: str) -> None:
    states = {item.key: item.state for item in service.answerability(streaming)}
    assert states["users"] == states["mean_usage"] == states["recent_share"] == "can"
    assert states["dau"] == states["revenue"] == states["stickiness"] == "cannot"
    assert {card.key for card in service.kpis(streaming, Filters())} >= {"users", "mean_usage", "recent_share"}


def test_the_event_log_of_a_shop(folder: Path, real_data: Path) -> None:
    dataset = imported(real_data / "ecom_events" / "ecom_events.csv.gz")
    result = service.metric("active_users", dataset, Filters(range="all", compare="none"))
    everything = Filters(range="2024-01-04..2024-06-29", compare="none", as_of=dt.date(2024, 6, 29))
    assert service.metric("active_users", dataset, everything).summary["value"] == 600
    assert 590 <= result.summary["value"] <= 600
    buyers = service.insight("unique_users", dataset, everything, by="month", activity="purchase")
    assert buyers.frame["events"].sum() == 470
