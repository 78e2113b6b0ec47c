"""Churn on the samples: the column that leaks, plans that are left at planted rates, a shop whose orders are BG/NBD."""

from __future__ import annotations

import secrets
from pathlib import Path

import numpy as np
import pytest
from scipy.special import betaln

from dashboard import service
from dashboard.filters import Filters
from dashboard.ingest import publish, sample, sample_saas
from dashboard.ingest.inspect import inspect_file
from dashboard.ingest.layout import Source
from dashboard.ingest.plan import ImportOptions

ALL = Filters(range="all")


def imported(kind: str, events: int, folder: Path) -> str:
    sources = [
        Source(secrets.token_hex(16), path, path.name, inspect_file(path, file_name=path.name).plan)
        for path in sample.generate(kind, events, 3, folder)
    ]
    return str(publish.import_sources(sources, ImportOptions(), name=kind, owner="local")["dataset"])


def test_the_leaking_column_of_the_saas_sample_is_refused(data_dir: Path, tmp_path: Path) -> None:
    dataset = imported("saas", 60_000, tmp_path)
    card = service.insight("churn", dataset, ALL)
    assert [w["column"] for w in card.summary["warnings"] if w["code"] == "leak"] == ["offboarding_tickets"]
    figures = card.frame.set_index("measure")["value"]
    assert figures["roc_auc"] < 0.95
    assert figures["calibration_slope"] == pytest.approx(1, abs=0.15)
    drivers = service.insight("churn_drivers", dataset, ALL).frame
    assert drivers["group"].iloc[0] == "plan"
    people = service.insight("churn_people", dataset, ALL, rows=10_000).frame
    plans = {}
    for plan in ("Free", *sample_saas.SBG):
        chosen = service.insight("churn_people", dataset, ALL.with_where("plan", [plan]), rows=10_000).frame
        plans[plan] = chosen["probability"].mean()
    assert sum(len(people[people["band"] == band]) for band in ("healthy", "watch", "at risk")) == len(people)
    # the planted order of plans: Free is never left, the others by their chance to leave within six renewals
    leaves = {name: 1 - np.exp(betaln(a, b + 6) - betaln(a, b)) for name, (a, b) in sample_saas.SBG.items()}
    assert sorted(plans, key=lambda name: plans[name]) == ["Free", *sorted(leaves, key=lambda name: leaves[name])]
    assert plans["Free"] < 0.05
    assert people["value_at_risk"].sum() == pytest.approx(card.summary["value_at_risk"])


def test_a_shop_is_predicted_nearly_as_well_as_by_its_own_process(data_dir: Path, tmp_path: Path) -> None:
    """The purchase model is the true one here; a regression on counts must come close to it, and honestly so."""
    dataset = imported("shop", 40_000, tmp_path)
    card = service.insight("churn", dataset, ALL)
    figures = card.frame.set_index("measure")["value"]
    others = {item["name"]: item["roc"] for item in card.summary["compared"]}
    true = others["Purchase model: chance of no order"]
    assert true > 0.65
    assert true - 0.03 < figures["roc_auc"] < true + 0.015
    assert figures["calibration_slope"] == pytest.approx(1, abs=0.3)
    assert not [w for w in card.summary["warnings"] if w["code"] == "leak"]
    people = service.insight("churn_people", dataset, ALL, rows=100_000).frame
    assert np.corrcoef(people["probability"], people["p_no_order"])[0, 1] > 0.7
