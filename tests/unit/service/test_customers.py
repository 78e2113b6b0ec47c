from __future__ import annotations

import csv
import io
import secrets
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from dashboard.customers import selection
from dashboard.customers.rules import CLASSES, LEVELS, RuleSet
from dashboard.errors import CannotAnswer, NotFound, UserError
from dashboard.filters import Filters, parse
from dashboard.ingest import publish, sample
from dashboard.ingest.inspect import inspect_file
from dashboard.ingest.layout import Source
from dashboard.ingest.plan import ImportOptions
from dashboard.service import core, customers
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset

TOKENS = [
    *("all", "targets"),
    *(f"class.{name}" for name in CLASSES),
    *(f"level.{name}" for name in LEVELS),
    *(f"band.{band}" for band in range(3)),
    *(f"cell.{level}.{band}" for level in LEVELS for band in range(3)),
]
AS_OF = pd.Timestamp("2025-03-08")


def user_table(count: int = 600, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    days = pd.Series(rng.integers(0, 366, count))
    frame = pd.DataFrame(
        {
            "user_id": [f"{'=' if n % 50 == 0 else ''}u{n:05d}" for n in range(count)],
            "last_active_time": (AS_OF - pd.to_timedelta(days, unit="D")).dt.strftime("%Y-%m-%d"),
            "country": rng.choice(["UK", "Germany", "+France"], count),
            "plan": rng.choice(["Basic", "Premium"], count),
            "usage": np.round(rng.uniform(0, 1_000, count), 2),
        }
    )
    frame.loc[0, "last_active_time"] = AS_OF.strftime("%Y-%m-%d")  # somebody was active on the last day
    frame.loc[1, "usage"] = np.nan
    frame.loc[2, "last_active_time"] = None
    frame.loc[3, "country"] = None
    return frame


@pytest.fixture
def dataset(data_dir: Path) -> Dataset:
    return build_dataset(data_dir, users=user_table())


def read(download: customers.Download) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(download.chunks).decode("utf-8"), newline="")))


def view(**where: str) -> Filters:
    filters = Filters()
    for name, value in where.items():
        filters = filters.with_where(name, [value])
    return filters


@pytest.mark.parametrize(
    "filters", [Filters(), view(country="UK", plan="Premium"), view(country=""), view(plan="Gold")]
)
def test_number_is_list_is_file(dataset: Dataset, filters: Filters) -> None:
    rules = RuleSet()
    shown = customers.segmentation(dataset.id, filters, rules)
    numbers = {"all": shown.people, "targets": shown.targets}
    numbers |= {f"class.{row.segment}": row.people for row in shown.distribution.frame.itertuples()}
    numbers |= {f"cell.{row.level}.{row.band}": row.people for row in shown.grid.frame.itertuples()}
    assert customers.targets(dataset.id, filters, rules).people == shown.targets
    for token in TOKENS:
        page = customers.people_page(dataset.id, filters, rules, token, start=0, end=1_000)
        download = customers.people_csv(dataset.id, filters, rules, token)
        rows = read(download)
        assert numbers.get(token, page.total) == page.total == len(page.rows) == download.people == len(rows)
        assert [row["user_id"].lstrip("'") for row in rows] == [row["user_id"] for row in page.rows]
        assert f"_{page.total}-users_as-of-2025-03-08.csv" in download.file_name


def test_the_numbers_equal_a_plain_calculation(dataset: Dataset) -> None:
    frame = user_table()
    days = (AS_OF - pd.to_datetime(frame["last_active_time"])).dt.days
    low, high = frame["usage"].quantile([0.33, 0.66])
    level = np.where(~(frame["usage"] >= low), "Low", np.where(frame["usage"] < high, "Medium", "High"))
    band = np.where(days <= 60, 0, np.where(days <= 120, 1, 2))
    shown = customers.segmentation(dataset.id, Filters(), RuleSet())
    assert (shown.low, shown.high) == pytest.approx((low, high))
    assert (shown.as_of, shown.measure, shown.everyone) == ("2025-03-08", "usage", 600)
    cells = shown.grid.frame.set_index(["level", "band"])["people"]
    for name in LEVELS:
        for number in range(3):
            assert cells[name, number] == ((level == name) & (band == number)).sum()
    uk = customers.targets(dataset.id, view(country="UK"), RuleSet())
    dormant = np.isin(level, ["Medium", "High"]) & (band == 1)
    expected = (dormant | ((level == "Medium") & (band == 2))) & (frame["country"] == "UK")
    assert uk.people == expected.sum()
    assert uk.share == pytest.approx(expected.sum() / (frame["country"] == "UK").sum())
    assert uk.by_plan is not None
    assert uk.by_plan.frame["people"].sum() == expected.sum()
    notes = " ".join(shown.distribution.notes)
    assert "1 person without an engagement figure: counted as Low." in notes
    assert "1 person without any activity on record" in notes


def test_a_filter_that_people_do_not_have_is_named_and_left_out(dataset: Dataset) -> None:
    shown = customers.segmentation(dataset.id, view(feature="search"), RuleSet())
    assert shown.people == shown.everyone == 600
    assert any("filter on feature does not apply" in note for note in shown.distribution.notes)


def test_breakdowns_add_up_when_there_are_many_values(data_dir: Path) -> None:
    frame = user_table()
    frame["country"] = [f"Land {n % 40:02d}" for n in range(len(frame))]
    many = build_dataset(data_dir, users=frame.drop(columns="plan"))
    found = customers.targets(many.id, Filters(), RuleSet())
    assert found.by_plan is None
    assert found.by_country is not None
    by_country = found.by_country.frame
    assert by_country["value"].tolist()[-1] == "Other"
    assert len(by_country) == 21
    for result in (by_country, found.by_segment.frame):
        assert result["people"].sum() == found.people
        assert result["chosen"].sum() == found.chosen == 600
        known = result[result["chosen"] > 0]
        np.testing.assert_allclose(known["share"], known["people"] / known["chosen"])
    assert found.by_segment.frame["value"].tolist() == list(CLASSES)
    top = by_country["value"].iloc[0]
    assert customers.targets(many.id, view(country=top), RuleSet()).people == by_country["people"].iloc[0]
    assert "plan" not in [column.name for column in customers.people_columns(many.id, Filters(), RuleSet())]


def test_filters_never_move_limits(dataset: Dataset) -> None:
    everybody = customers.segmentation(dataset.id, Filters(), RuleSet())
    some = customers.segmentation(dataset.id, view(country="UK"), RuleSet())
    assert (some.low, some.high) == (everybody.low, everybody.high)
    assert some.people < everybody.people == some.everyone


def test_as_of_can_be_changed_and_the_date_range_plays_no_part(dataset: Dataset) -> None:
    later = customers.segmentation(dataset.id, parse("?as_of=2026-08-01"), RuleSet())
    assert later.distribution.frame.set_index("segment").loc["Risky", "people"] == 600
    earlier = customers.segmentation(dataset.id, parse("?as_of=2024-12-01"), RuleSet())
    assert any("active after the as-of day" in note for note in earlier.distribution.notes)
    assert earlier.recency.frame["p05"].min() >= 0
    ranged = customers.segmentation(dataset.id, parse("?range=7d"), RuleSet())
    pd.testing.assert_frame_equal(
        ranged.distribution.frame, customers.segmentation(dataset.id, Filters(), RuleSet()).distribution.frame
    )


def test_a_page_is_a_slice_of_the_sorted_filtered_list(dataset: Dataset) -> None:
    sort = [{"colId": "engagement", "sort": "desc"}]
    narrow = {"country": {"type": "equals", "filter": "uk"}, "recency_days": {"type": "greaterThan", "filter": 60}}
    whole = customers.targets_page(dataset.id, Filters(), RuleSet(), 0, 1_000, sort, narrow)
    assert whole.total == len(whole.rows) > 20
    values = [row["engagement"] for row in whole.rows]
    assert values == sorted(values, reverse=True)
    assert {row["country"] for row in whole.rows} == {"UK"}
    part = customers.targets_page(dataset.id, Filters(), RuleSet(), 5, 12, sort, narrow)
    assert part.rows == whole.rows[5:12]
    assert part.total == whole.total
    assert customers.targets_page(dataset.id, Filters(), RuleSet(), 10_000, 10_100).rows == []
    same = customers.people_csv(dataset.id, Filters(), RuleSet(), "targets", sort_model=sort, filter_model=narrow)
    assert [row["user_id"] for row in read(same)] == [row["user_id"].replace("=", "'=") for row in whole.rows]
    assert "_narrowed_" in same.file_name


def test_the_file_says_what_it_holds_and_runs_no_formula(dataset: Dataset) -> None:
    download = customers.targets_csv(dataset.id, view(country="UK", plan="Premium"), RuleSet())
    count = customers.targets(dataset.id, view(country="UK", plan="Premium"), RuleSet()).people
    assert download.file_name == (
        f"discount-targets_dormant+risky-medium_uk-premium_{count}-users_as-of-2025-03-08.csv"
    )
    text = b"".join(customers.people_csv(dataset.id, Filters(), RuleSet()).chunks).decode("utf-8")
    for line in text.splitlines():
        assert all(cell.startswith('"') for cell in line.split('","')[0:1])
        assert '"=' not in line
        assert '"+' not in line
    rows = read(customers.targets_csv(dataset.id, Filters(), RuleSet()))
    assert all(row["reason"].endswith("gets a discount.") for row in rows)
    assert all(float(row["recency_days"]) > 60 for row in rows)


def test_unknown_columns_lists_and_people_are_refused(dataset: Dataset) -> None:
    with pytest.raises(UserError, match="not known"):
        customers.targets_page(dataset.id, Filters(), RuleSet(), 0, 10, [{"colId": "row", "sort": "asc"}])
    with pytest.raises(UserError, match="not known"):
        customers.targets_page(dataset.id, Filters(), RuleSet(), 0, 10, None, {"reason": {"type": "blank"}})
    with pytest.raises(UserError, match="does not exist"):
        customers.people_page(dataset.id, Filters(), RuleSet(), "class.Nobody")
    with core.acting_as("somebody else"), pytest.raises(NotFound):
        customers.segmentation(dataset.id, Filters(), RuleSet())
    with core.acting_as("somebody else"), pytest.raises(NotFound):
        customers.save_rules(dataset.id, RuleSet())


def test_rules_are_kept_with_the_dataset(dataset: Dataset) -> None:
    assert customers.get_rules(dataset.id) == RuleSet()
    mine = RuleSet(recent_days=30, dormant_days=90)
    customers.save_rules(dataset.id, mine)
    assert customers.get_rules(dataset.id) == mine
    assert customers.rules_of(dataset.id, Filters()) == mine
    link = Filters().with_option("rules", RuleSet(q_low=0.2).to_text())
    assert customers.rules_of(dataset.id, link) == RuleSet(q_low=0.2)
    assert customers.rules_of(dataset.id, Filters().with_option("rules", "nonsense")) == mine


def test_preview_shows_what_other_limits_would_do(dataset: Dataset) -> None:
    before, after = RuleSet(), RuleSet(recent_days=30, dormant_days=300)
    frame = customers.preview(dataset.id, view(plan="Basic"), before, after).frame.set_index("segment")
    for rules, column in ((before, "before"), (after, "after")):
        shown = customers.segmentation(dataset.id, view(plan="Basic"), rules)
        assert frame.loc[list(CLASSES), column].tolist() == shown.distribution.frame["people"].tolist()
        assert frame.loc["Discount targets", column] == shown.targets
    assert (frame["change"] == frame["after"] - frame["before"]).all()


def test_groups_are_counted_listed_and_honest(dataset: Dataset) -> None:
    everybody = customers.clusters(dataset.id, Filters(), RuleSet())
    assert not everybody.structure
    assert "no better than in shuffled data" in everybody.verdict
    some = customers.clusters(dataset.id, view(country="UK"), RuleSet())
    pd.testing.assert_frame_equal(some.quality.frame, everybody.quality.frame)  # groups are those of all people
    for row in some.groups.frame.itertuples():
        page = customers.people_page(dataset.id, view(country="UK"), RuleSet(), f"group.{row.group}")
        assert page.total == row.people
    counts = some.agreement.frame.groupby("group")["people"].sum()
    assert counts.tolist() == some.groups.frame["people"].tolist()
    assert 0 <= everybody.agreement.summary["ami"] <= 1
    assert everybody.sample.summary["shown"] == 598  # one person has no usage, another no date
    assert everybody.groups.left_out[0].count == 2


def test_a_shop_is_measured_by_net_revenue_and_returns_refresh_nothing(data_dir: Path) -> None:
    dataset = build_dataset(
        data_dir,
        transactions=[
            {"user_id": "a", "order_time": "2025-01-01 10:00", "order_id": "1", "amount": 100.0},
            {"user_id": "a", "order_time": "2025-03-01 10:00", "order_id": "C1", "amount": -40.0},
            {"user_id": "b", "order_time": "2025-03-01 12:00", "order_id": "2", "amount": 10.0},
            {"user_id": "b", "order_time": "2025-03-02 12:00", "order_id": "3", "amount": 20.0},
            {"user_id": None, "order_time": "2025-03-02 13:00", "order_id": "4", "amount": 999.0},
        ],
    )
    page = customers.people_page(dataset.id, Filters(), RuleSet())
    rows = {row["user_id"]: row for row in page.rows}
    assert page.total == 2
    assert customers.segmentation(dataset.id, Filters(), RuleSet()).measure == "revenue"
    assert (rows["a"]["engagement"], rows["a"]["orders"], rows["a"]["recency_days"]) == (60, 1, 60)
    assert (rows["b"]["engagement"], rows["b"]["orders"], rows["b"]["recency_days"]) == (30, 2, 0)
    january = customers.people_page(dataset.id, parse("?as_of=2025-01-31"), RuleSet())
    assert [(row["user_id"], row["engagement"], row["recency_days"]) for row in january.rows] == [
        ("a", 100, 30),
        ("b", 0, None),
    ]


def test_an_event_log_is_measured_by_active_days(data_dir: Path) -> None:
    dataset = build_dataset(
        data_dir,
        events=[{"user_id": "a", "event_time": f"2025-01-0{day} 23:30", "event_name": "visit"} for day in (1, 1, 2, 5)]
        + [{"user_id": "b", "event_time": "2025-01-06 08:00", "event_name": "visit"}],
        time_zone="Europe/Berlin",
    )
    rows = {row["user_id"]: row for row in customers.people_page(dataset.id, Filters(), RuleSet()).rows}
    assert (rows["a"]["engagement"], rows["a"]["first_day"], rows["a"]["last_day"]) == (3, "2025-01-01", "2025-01-05")
    assert rows["b"]["recency_days"] == 0
    with pytest.raises(CannotAnswer, match="no usage per person"):
        customers.segmentation(dataset.id, Filters(), RuleSet(measure="usage"))


def test_a_table_without_dates_or_usage_says_what_is_missing(data_dir: Path) -> None:
    dataset = build_dataset(data_dir, users=[{"user_id": "a", "usage": 1.0}, {"user_id": "b", "usage": 2.0}])
    with pytest.raises(CannotAnswer) as refused:
        customers.segmentation(dataset.id, Filters(), RuleSet())
    assert refused.value.missing == ("last_active_time",)
    bare = build_dataset(data_dir, users=[{"user_id": "a", "last_active_time": "2025-01-01"}])
    with pytest.raises(CannotAnswer) as refused:
        customers.segmentation(bare.id, Filters(), RuleSet())
    assert refused.value.missing == ("usage",)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1_000))
def test_row_order_and_partitions_change_nothing(data_dir: Path, seed: int) -> None:
    frame = user_table(80)
    shuffled = frame.sample(frac=1, random_state=seed)
    pages = [
        customers.people_page(
            build_dataset(data_dir, users=rows, partitions=partitions).id, Filters(), RuleSet(), selection.ALL
        )
        for rows, partitions in ((frame, 1), (shuffled, 1 + seed % 5))
    ]
    links = [[row.pop("_person").partition(".")[2] for row in page.rows] for page in pages]
    assert all(one != other for one, other in zip(*links, strict=True)), "a link belongs to one dataset"
    assert pages[0] == pages[1]


def test_planted_archetypes_are_found_through_the_whole_import(data_dir: Path, tmp_path: Path) -> None:
    """Sample files, recognised and imported without a question, give groups that agree with what was planted."""
    sources = []
    for path in sample.generate("saas", 150_000, 0, tmp_path)[:2]:  # without payments: a renewal is no use
        seen = inspect_file(path, file_name=path.name)
        assert not seen.plan.open_questions
        sources.append(Source(secrets.token_hex(16), path, path.name, seen.plan))
    dataset_id = publish.import_sources(sources, ImportOptions(), name="SaaS", owner="local")["dataset"]
    groups = customers.clusters(dataset_id, Filters(), RuleSet())
    assert groups.structure
    assert groups.groups.frame["name"].str.startswith("Power – often active").sum() == 1
    planted = pd.read_csv(tmp_path / "answer_people.csv").set_index("user_id")
    found = pd.concat(
        pd.DataFrame(
            customers.people_page(dataset_id, Filters(), RuleSet(), f"group.{n}", start=at, end=at + 1_000).rows
        ).assign(group=n)
        for n in range(groups.k)
        for at in range(0, 2_000, 1_000)
    ).set_index("user_id")
    planted = planted[planted["counted"]]
    assert adjusted_rand_score(planted["archetype"], found["group"].reindex(planted.index)) >= 0.8
