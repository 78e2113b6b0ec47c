"""Published retention figures of real data, through the product's own import."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard import service
from dashboard.filters import Filters
from tests.real.test_insights_real import LAST_DAY, folder, imported, retail  # noqa: F401 - fixtures

WHOLE = Filters(range="2010-12-01..2011-12-09", compare="none", as_of=LAST_DAY)
DECEMBER = [885, 324, 286, 340, 321, 352, 321, 309, 313, 350, 331, 445, 235]
POOLED = [0.2365, 0.2492, 0.2692, 0.2808, 0.2895, 0.2873, 0.2868, 0.3083, 0.3579, 0.3710, 0.5028]


def test_the_first_cohort_of_the_shop(retail: str) -> None:  # noqa: F811
    result = service.insight("retention", retail, WHOLE, kind="first_time", period="month")
    first = result.frame[result.frame["cohort"] == "2010-12-01"]
    assert first["users"].to_list() == DECEMBER
    assert first["complete"].to_list() == [True] * 12 + [False]  # December 2011 is not over
    people = service.insight(
        "retention_people", retail, WHOLE, kind="first_time", period="month", cohort="2010-12-01", k=11
    )
    assert len(people.frame) == DECEMBER[11]


def test_the_pooled_curve_leaves_the_running_month_out(retail: str) -> None:  # noqa: F811
    result = service.insight("retention", retail, WHOLE, kind="first_time", period="month")
    curve = result.summary["curve"]
    assert [item["rate"] for item in curve[1:12]] == pytest.approx(POOLED, abs=5e-5)
    assert curve[12]["rate"] is None and curve[12]["at_risk"] == 0
    # what the mean of percentages says when the month that is not over is in it
    month_one = result.frame[(result.frame["k"] == 1) & (result.frame["members"] > 0)]
    assert month_one["rate"].mean() == pytest.approx(0.2062, abs=5e-5)


def test_every_member_is_in_one_cohort_and_no_cell_exceeds_it(retail: str) -> None:  # noqa: F811
    result = service.insight("retention", retail, WHOLE, kind="first_time", period="month")
    frame = result.frame
    assert frame[frame["k"] == 0]["users"].sum() == 4338
    assert (frame["users"] <= frame["members"]).all()
    split = service.insight("retention", retail, WHOLE, kind="first_time", period="month", breakdown="country", top=3)
    added = split.frame.groupby(["index", "k"])["users"].sum()
    assert added.to_list() == frame.set_index(["index", "k"])["users"].to_list()


def test_lifecycle_adds_up_to_the_active_customers(retail: str) -> None:  # noqa: F811
    lifecycle = service.insight("lifecycle", retail, WHOLE, by="month").frame
    active = service.insight("unique_users", retail, WHOLE, by="month").frame
    assert lifecycle["active"].to_list() == active["users"].to_list()
    assert lifecycle["new"].to_list()[0] == 885 and lifecycle["new"].sum() == 4338


def test_survival_of_a_table_of_contracts(folder: Path, real_data: Path) -> None:  # noqa: F811
    """Equal to lifelines on Telco: tenure in months, churn; the log-rank test of the kinds of contract."""
    path = next((real_data / "telco_churn").glob("*.csv*"))
    dataset = imported(path)
    names = {name.casefold(): name for name in service.core.open_for("read", dataset).manifest.columns["users"]}
    options = {"duration": names["tenure"], "breakdown": names["contract"], "top": 3}
    result = service.insight("survival", dataset, Filters(range="all"), source="contract", duration=names["tenure"])
    curve = result.frame.set_index("time")
    for time, share in ((12, 0.84320), (24, 0.78870), (72, 0.59280)):
        assert curve["survival"][time] == pytest.approx(share, abs=1e-4)
    assert (curve["low"][12], curve["high"][12]) == pytest.approx((0.8342, 0.8518), abs=1e-4)
    assert result.summary["groups"][0]["restricted_mean"] == pytest.approx(54.492, abs=1e-3)
    split = service.insight("survival", dataset, Filters(range="all"), source="contract", **options)
    assert split.summary["log_rank"]["statistic"] == pytest.approx(2352.873, abs=0.01)
