"""K-Means groups for pages."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dashboard.customers.clusters import Clustering, Labels, agreement
from dashboard.customers.features import features_of
from dashboard.customers.rules import CLASSES, RuleSet
from dashboard.customers.segments import Mask
from dashboard.filters import Filters
from dashboard.result import LeftOut, Result
from dashboard.service import core
from dashboard.service.customer_results import Clusters
from dashboard.service.people import GROUPS, PeopleView, formed, grouping, kept_groups, view
from dashboard.store import preferences

SAMPLE = 2_000  # people in the picture of the groups


def clusters(dataset_id: str, filters: Filters, rules: RuleSet) -> Clusters:
    """K-Means groups of all people, shown for the chosen ones, and how they agree with the rules.

    Takes seconds the first time for a dataset version and as-of day, then comes from the cache.
    """
    seen = view(dataset_id, filters, rules)
    found = grouping(seen)
    inside = seen.chosen & (found.labels >= 0)
    left_out = _without_group(seen, found.labels)
    kept = kept_groups(dataset_id)
    people = np.bincount(found.labels[inside], minlength=found.k)
    total = int(inside.sum())
    groups = pd.DataFrame({"group": range(found.k), "name": found.names, "people": people})
    groups["share"] = groups["people"] / total if total else np.nan
    profile = found.profile.drop(columns="role")
    profile.insert(1, "name", [found.names[group] for group in profile["group"]])
    quality_units = {"k": "count", "silhouette": "number", "stability": "number", "null_95": "number"}
    return Clusters(
        structure=found.structure,
        k=found.k,
        verdict=found.verdict,
        choice=found.choice,
        quality=seen.result("cluster_quality", found.quality, quality_units, left_out=left_out),
        groups=seen.result("cluster_groups", groups, {"people": "count", "share": "rate"}, left_out=left_out),
        profile=seen.result("cluster_profile", profile, {"value": "number", "z": "number"}, left_out=left_out),
        agreement=_agreement(seen, found, inside, left_out),
        sample=_sample(seen, found, inside, left_out),
        kept=str(kept.get("as_of", "")) if kept and kept["about"].get("model") == found.model.to_json() else "",
        model=found.model.to_json(),
    )


def keep_groups(dataset_id: str, filters: Filters, rules: RuleSet) -> None:
    """Keep the groups as they are now with the dataset: people who come later are put into the nearest one instead of
    being grouped again. Raises CannotAnswer where no groups can be formed."""
    core.authorise(dataset_id, "change")
    seen = view(dataset_id, filters, rules)
    found = formed(seen)
    preferences.write(dataset_id, GROUPS, {"about": found.about(), "as_of": seen.as_of.isoformat()})


def forget_groups(dataset_id: str) -> None:
    """Form the groups anew from now on."""
    core.authorise(dataset_id, "change")
    preferences.write(dataset_id, GROUPS, None)


def _agreement(seen: PeopleView, found: Clustering, inside: Mask, left_out: tuple[LeftOut, ...]) -> Result:
    counts = np.zeros((found.k, len(CLASSES)), dtype=np.int64)
    np.add.at(counts, (found.labels[inside], seen.found.segment[inside]), 1)
    sizes = counts.sum(axis=1, keepdims=True)
    frame = pd.DataFrame(
        {
            "group": np.repeat(np.arange(found.k), len(CLASSES)),
            "name": np.repeat(found.names, len(CLASSES)),
            "segment": list(CLASSES) * found.k,
            "people": counts.ravel(),
            "share": np.where(sizes > 0, counts / np.maximum(sizes, 1), np.nan).ravel(),
        }
    )
    ari, ami = agreement(found.labels[inside], seen.found.segment[inside]) if inside.any() else (None, None)
    units = {"people": "count", "share": "rate"}
    return seen.result("cluster_agreement", frame, units, {"ari": ari, "ami": ami}, left_out)


def _sample(seen: PeopleView, found: Clustering, inside: Mask, left_out: tuple[LeftOut, ...]) -> Result:
    positions = np.flatnonzero(inside)
    if len(positions) > SAMPLE:
        positions = np.sort(np.random.default_rng(0).choice(positions, SAMPLE, replace=False))
    y = next(feature for feature in reversed(found.features) if feature.fitted)
    labels = found.labels[positions]
    frame = pd.DataFrame(
        {
            "x": seen.recency[positions],
            "y": features_of(seen.people)[0][y.name].to_numpy(dtype=np.float64)[positions],
            "group": labels,
            "name": np.asarray(found.names, dtype=object)[labels],
        }
    ).astype({"name": "str"})
    summary = {
        "x_label": found.features[0].label,
        "y_label": y.label,
        "shown": len(frame),
        "people": int(inside.sum()),
    }
    return seen.result("cluster_sample", frame, {"x": "days", "y": y.unit}, summary, left_out)


def _without_group(seen: PeopleView, labels: Labels) -> tuple[LeftOut, ...]:
    missing = int((seen.chosen & (labels < 0)).sum())
    text = f"{missing:,} {'person' if missing == 1 else 'people'} without a figure or a last activity: in no group."
    return (LeftOut("no_group", missing, text),) if missing else ()
