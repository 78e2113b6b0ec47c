"""Cases of intervals, two-by-two tables, impact, break-even and uplift: numbers in, numbers out."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from dashboard.conform.case import Case
from dashboard.conform.runner import adapter
from dashboard.errors import UserError
from dashboard.statistics import impact, uplift
from dashboard.statistics.intervals import difference, sample_size, two_sided, wilson
from dashboard.statistics.tables import Table


def _wilson(item: dict[str, Any]) -> dict[str, Any]:
    k, n = item["k"], item["n"]
    low, high = (float(end) for end in wilson(k, n, item["level"]))
    if not n:
        return {"rate": None, "low": None, "high": None}
    return {"rate": k / n, "low": low, "high": high}


def _difference(item: dict[str, Any]) -> dict[str, Any]:
    if not item["n1"] or not item["n0"]:
        return dict.fromkeys(("difference", "low", "high", "z", "p_value", "incremental"))
    found = difference(item["k1"], item["n1"], item["k0"], item["n0"], item["level"])
    return {**asdict(found), "p_value": two_sided(found.z)}  # the vocabulary's is the pooled one at any size


def _sample_size(item: dict[str, Any]) -> dict[str, Any]:
    return {"per_group": sample_size(item["p0"], item["p1"], item["alpha"], item["power"])}


METHODS = {"wilson": _wilson, "difference": _difference, "sample_size": _sample_size}


@adapter("intervals")
def intervals_case(case: Case) -> dict[str, Any]:
    return {"items": [METHODS[case.settings["method"]](item) for item in case.settings["items"]]}


def table_numbers(table: Table) -> dict[str, Any]:
    """A two-by-two table under the names of the vocabulary."""
    names = ("phi", "ppv", "npv", "sensitivity", "specificity", "base_rate", "lift", "share_out_of_range")
    return {**asdict(table), **{name: getattr(table, name) for name in names}, "share_above_threshold": table.reach}


@adapter("phi_table")
def phi_table_case(case: Case) -> dict[str, Any]:
    return table_numbers(Table(**{name: int(case.data[name]) for name in ("tp", "fp", "fn", "tn")}))


@adapter("impact")
def impact_case(case: Case) -> dict[str, Any]:
    names = ("others_pre", "others_post", "adopters_pre", "adopters_post")
    return asdict(impact.impact(*(float(case.data[name]) for name in names)))


@adapter("break_even")
def break_even_case(case: Case) -> dict[str, Any]:
    found = [impact.break_even(i["base_rate"], i["margin"], i["discount"]) for i in case.settings["items"]]
    return {"items": [{"can_pay_off": extra is not None, "extra_rate_needed": extra} for extra in found]}


@adapter("uplift_auc", features=("uplift_auc",))
def uplift_auc_case(case: Case) -> dict[str, Any]:
    outcome, score, treated = (case.data[name] for name in ("outcome", "score", "treated"))
    if len(np.unique(outcome)) < 2:
        raise UserError("constant_outcome", "Everybody has the same outcome.", "A ranking needs some of each.")
    return {
        "uplift_auc": uplift.uplift_auc(outcome, score, treated),
        "qini_auc": uplift.qini_auc(outcome, score, treated),
    }
