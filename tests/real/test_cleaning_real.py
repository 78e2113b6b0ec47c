"""The cleaning ledger of Online Retail: every published figure, through the product's own import."""

from __future__ import annotations

import datetime as dt
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboard import service, settings
from dashboard.filters import Filters
from dashboard.ingest import publish
from dashboard.ingest.inspect import inspect_file
from dashboard.ingest.layout import Source
from dashboard.ingest.plan import ImportOptions
from dashboard.result import Result
from dashboard.service import cleaning

LAST_DAY = dt.date(2011, 12, 9)
WHOLE = Filters(range="all", as_of=LAST_DAY)


@pytest.fixture(scope="module")
def retail(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Iterator[str]:
    before = os.environ["DASHBOARD_DATA_DIR"]
    os.environ["DASHBOARD_DATA_DIR"] = str(tmp_path_factory.mktemp("cleaning"))
    settings.current.cache_clear()
    path = real_data / "online_retail" / "online_retail.csv.gz"
    source = Source(secrets.token_hex(16), path, path.name, inspect_file(path, file_name=path.name).plan)
    yield str(publish.import_sources([source], ImportOptions(currency="GBP"), name="Retail", owner="local")["dataset"])
    os.environ["DASHBOARD_DATA_DIR"] = before
    settings.current.cache_clear()


def ledger(dataset: str, filters: Filters = WHOLE, **changes: Any) -> Result:
    return service.insight("cleaning", dataset, filters, **changes)


def left(result: Result, rule: str) -> tuple[int, float]:
    """Lines and revenue after a rule."""
    row = result.frame.set_index("rule").loc[rule]
    return int(row["kept_rows"]), float(row["kept_revenue"])


def test_the_ledger_of_the_defaults(retail: str) -> None:
    found = ledger(retail)
    raw, kept = found.summary["raw"], found.summary["kept"]
    assert (raw["rows"], raw["customers"], raw["orders"]) == (541_909, 4_372, 25_900)
    assert raw["revenue"] == pytest.approx(9_747_747.934, abs=0.01)
    assert (kept["rows"], kept["customers"], kept["orders"]) == (397_884, 4_338, 18_532)
    assert kept["revenue"] == pytest.approx(8_911_407.904, abs=0.01)
    assert (found.summary["products"], found.summary["countries"]) == (3_665, 37)
    assert found.summary["aov"] == pytest.approx(480.87, abs=0.005)
    taken = found.frame.set_index("rule")["rows"].to_dict()
    assert sum(taken.values()) + kept["rows"] == 541_909
    assert {name: count for name, count in taken.items() if count} == {
        "cancellations": 9_288,
        "write_offs": 1_336,
        "zero_prices": 1_179,
        "adjustments": 2,
        "guests": 132_220,
    }
    assert left(found, "service_codes") == (530_104, pytest.approx(10_666_684.544, abs=0.01))


def test_what_meets_a_rule_whichever_takes_it(retail: str) -> None:
    met = ledger(retail).frame.set_index("rule")
    assert met["met_rows"].to_dict() == {
        "no_date": 0,
        "duplicates": 5_268,
        "bad_debt": 3,
        "cancellations": 9_288,
        "write_offs": 1_336,
        "zero_prices": 2_515,
        "adjustments": 2,
        "service_codes": 2_916,
        "guests": 135_080,
    }
    assert met.loc["cancellations", "met_revenue"] == pytest.approx(-896_812.49, abs=0.01)
    assert met.loc["bad_debt", "met_revenue"] == pytest.approx(11_062.06 - 2 * 11_062.06, abs=0.01)
    assert met.loc["adjustments", "met_revenue"] == pytest.approx(-2 * 11_062.06, abs=0.01)


@pytest.mark.parametrize(
    ("changes", "rows", "customers", "orders", "revenue"),
    [
        ({"duplicates": "drop"}, 392_692, 4_338, 18_532, 8_887_208.894),
        ({"service_codes": "drop"}, 396_337, 4_334, 18_402, 8_761_066.65),
        ({"service_codes": "drop", "duplicates": "drop"}, 391_150, 4_334, 18_402, 8_737_227.64),
        ({"bad_debt": "drop"}, 397_884, 4_338, 18_532, 8_911_407.904),
    ],
)
def test_the_rules_switched(
    retail: str, changes: dict[str, str], rows: int, customers: int, orders: int, revenue: float
) -> None:
    found = ledger(retail, **changes)
    kept = found.summary["kept"]
    assert (kept["rows"], kept["customers"], kept["orders"]) == (rows, customers, orders)
    assert kept["revenue"] == pytest.approx(revenue, abs=0.01)
    assert int(found.frame["rows"].sum()) + rows == 541_909
    assert found.frame["revenue"].sum() + kept["revenue"] == pytest.approx(9_747_747.934, abs=0.01)


def test_more_rows_of_the_table(retail: str) -> None:
    """Sales with guests after de-duplication; customers with price 0; the Kingdom alone; credit notes of customers."""
    assert left(ledger(retail, duplicates="drop"), "service_codes") == (
        524_878,
        pytest.approx(10_642_110.804, abs=0.01),
    )
    free = ledger(retail, zero_prices="keep").summary["kept"]
    assert (free["rows"], free["customers"]) == (397_924, 4_339)
    kingdom = ledger(retail, WHOLE.with_where("country", ["United Kingdom"])).summary["kept"]
    assert (kingdom["rows"], kingdom["customers"], kingdom["orders"]) == (354_321, 3_920, 16_646)
    assert kingdom["revenue"] == pytest.approx(7_308_391.554, abs=0.01)
    notes = service.insight("cleaning_rows", retail, WHOLE, rule="cancellations", rows=5_000)
    more = service.insight("cleaning_rows", retail, WHOLE, rule="cancellations", rows=5_000, offset=5_000)
    assert notes.summary["total"] == len(notes.frame) + len(more.frame) == 9_288
    assert sum(int((part.frame["user_id"] != "").sum()) for part in (notes, more)) == 8_905
    assert {order[0] for part in (notes, more) for order in part.frame["order_id"]} == {"C"}
    assert len({order for part in (notes, more) for order in part.frame["order_id"]}) == 3_836


def test_the_two_orders_that_were_cancelled_whole(retail: str) -> None:
    notes = service.insight("cleaning_rows", retail, WHOLE, rule="cancellations", rows=5_000).frame
    more = service.insight("cleaning_rows", retail, WHOLE, rule="cancellations", rows=5_000, offset=5_000).frame
    found = {
        row.user_id: (row.purchase, row.amount)
        for part in (notes, more)
        for row in part.itertuples()
        if row.amount < -70_000
    }
    assert found == {"12346": ("541431", -77_183.6), "16446": ("581483", pytest.approx(-168_469.6))}


def test_words_in_descriptions_play_no_part(retail: str) -> None:
    """Wrong formula 23: 'DOT' would drop 9,017 polka dots, 'C' 135 product codes, a pattern the gift vouchers."""
    table = service.insight("price_behaviour", retail, WHOLE, top=5_000).frame.set_index("product")
    for code in ("85099C", "84997C", "DCGS0003"):
        assert table.loc[code, "lines"] > 0
    services = cleaning.rules(retail).codes.split("\n")
    assert set(table.index[table.index.str.upper().isin(services)]) >= {"POST", "DOT", "M"}
    assert (table.loc[["POST", "DOT", "M"], "behaviour"] == "zero or manual").all()
    assert sum(service.insight("price_behaviour", retail, WHOLE).summary["counts"].values()) == len(table)


def test_the_other_pages_agree_and_follow_the_switches(retail: str) -> None:
    for treatments in ({}, {"duplicates": "drop"}, {"guests": "drop", "duplicates": "flag"}, {"bad_debt": "drop"}):
        cleaning.treat(retail, treatments)
        found, money = ledger(retail).summary, service.insight("revenue", retail, WHOLE)
        assert money.summary["gross"] == pytest.approx(found["gross_revenue"], abs=0.01)
        assert money.summary["net"] == pytest.approx(found["net_revenue"], abs=0.01)
        assert any(item.code == "cleaning" for item in money.left_out) == bool(treatments)
    cleaning.reset(retail)
    cleaning.treat(retail, {"guests": "drop"})
    assert service.metric("aov", retail, WHOLE).summary["value"] == pytest.approx(480.87, abs=0.005)
    cleaning.treat(retail, {"service_codes": "drop", "duplicates": "drop"})
    segments = service.insight("rfm", retail, WHOLE, money="gross")
    assert segments.summary["customers"] == 4_334
    assert segments.frame["money"].sum() == pytest.approx(8_737_227.64, abs=0.01)
    assert service.insight("clv", retail, WHOLE).frame["customers"].sum() == 4_334
    for _ in range(5):
        cleaning.undo(retail)
    cleaning.reset(retail)
    assert service.insight("rfm", retail, WHOLE).summary["customers"] == 4_338
    assert service.insight("active_users", retail, WHOLE).frame.iloc[-1]["mau"] == 1_628


def test_countries_by_another_name(retail: str) -> None:
    before = service.insight("revenue_by", retail, WHOLE, dimension="country", top=50).frame.set_index("value")
    assert "EIRE = Ireland" in cleaning.rules(retail).suggested
    cleaning.keep_aliases(retail, "EIRE = Ireland\nChannel Islands = United Kingdom\n")
    after = service.insight("revenue_by", retail, WHOLE, dimension="country", top=50).frame.set_index("value")
    assert "EIRE" not in after.index
    assert after.loc["Ireland", "net"] == pytest.approx(before.loc["EIRE", "net"])
    together = before.loc[["United Kingdom", "Channel Islands"], "net"].sum()
    assert after.loc["United Kingdom", "net"] == pytest.approx(together)
    assert len(after) == len(before) - 1
    country = {item.name: dict(item.values) for item in service.dimensions(retail)}["country"]
    assert "EIRE" not in country and country["Ireland"] > 0
    ireland = service.insight("revenue", retail, WHOLE.with_where("country", ["Ireland"]))
    assert ireland.summary["net"] == pytest.approx(before.loc["EIRE", "net"])
    cleaning.reset(retail)
    assert len(service.insight("revenue_by", retail, WHOLE, dimension="country", top=50).frame) == 38
