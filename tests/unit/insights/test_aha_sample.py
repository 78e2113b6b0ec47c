"""What the streaming sample has planted is found again by the product, through import and store."""

from __future__ import annotations

import secrets

import pandas as pd
import pytest

from dashboard import settings
from dashboard.filters import Filters
from dashboard.ingest import publish
from dashboard.ingest.inspect import inspect_file
from dashboard.ingest.layout import Source
from dashboard.ingest.plan import ImportOptions
from dashboard.ingest.sample import generate
from dashboard.ingest.sample_streaming import DECOY, NULL_EVENTS
from dashboard.insights.aha import aha
from dashboard.insights.view import view_of
from dashboard.result import Result
from dashboard.store.dataset import open_dataset


@pytest.fixture(scope="module", params=[0, 1])
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """20,000 people; came back = a play on days 30 to 36."""
    folder = tmp_path_factory.mktemp("sample")
    (folder / "data").mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DASHBOARD_DATA_DIR", str(folder / "data"))
        settings.current.cache_clear()
        paths = generate("streaming", 1_000_000, request.param, folder)[:2]
        sources = [
            Source(secrets.token_hex(16), path, path.name, inspect_file(path, file_name=path.name).plan)
            for path in paths
        ]
        dataset = open_dataset(
            publish.import_sources(sources, ImportOptions(), name="Sample", owner="local")["dataset"]
        )
        result = aha(view_of(dataset, Filters()), outcome="play", from_day=30, to_day=37)
    settings.current.cache_clear()
    return result


def best(result: Result, name: str) -> pd.Series:
    frame = result.frame
    return frame[(frame["behaviour"] == name) & frame["best"]].iloc[0]


def test_the_planted_rule_is_first_and_as_strong_as_planted(found: Result) -> None:
    rule = found.summary["best"]
    assert (rule["kind"], rule["behaviour"], rule["at_least"], rule["days"]) == ("distinct", "category", 3, 1)
    assert rule["risk_ratio"] == pytest.approx(1.70, abs=0.12)  # as the reporting half has it
    assert float(best(found, "category")["risk_ratio"]) == pytest.approx(1.70, abs=0.12)
    assert rule["low"] < 1.70 < rule["high"]
    assert rule["reach"] == pytest.approx(0.30, abs=0.015)
    assert rule["phi"] == pytest.approx(0.178, abs=0.02)
    assert rule["versus_average"] == pytest.approx(1.40, abs=0.06)


def test_what_means_nothing_is_not_called_significant(found: Result) -> None:
    frame = found.frame
    nulls = frame[frame["behaviour"].isin(NULL_EVENTS)]
    assert set(nulls["behaviour"]) == set(NULL_EVENTS)
    assert not nulls["significant"].any() and not nulls["recommended"].any()


def test_the_decoy_is_explained_by_the_planted_rule(found: Result) -> None:
    decoy = best(found, DECOY)
    assert decoy["significant"] and decoy["odds_ratio"] > 1.15
    assert decoy["within_best_odds_ratio"] == pytest.approx(1.0, abs=0.12)
    assert decoy["label"] == "explained" and not decoy["recommended"]
