"""K-Means groups of people, and whether they mean anything.

Skewed features are logged, all are scaled, people are taken in the order of their ids, so neither the order of a file
nor the seed decides. The number of groups follows from stability and silhouette, and the groups count as structure
only when they beat the same data with every column shuffled on its own.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from dashboard.customers.archetypes import Role, name_groups
from dashboard.customers.cluster_model import GroupModel, Scaling, model_from_json
from dashboard.customers.silhouette import MAX_ROWS, silhouette
from dashboard.errors import CannotAnswer, UserError

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]

MIN_PEOPLE = 50
MAX_GROUPS = 6
FIT_ROWS = 20_000  # more people are assigned to the nearest centre, not fitted
STABLE = 0.8  # mean bootstrap ARI from which groups count as stable
WITHIN_BEST = 0.1  # silhouette a larger number of groups may lose
PERMUTATIONS = 20
BOOTSTRAPS = 10
# A silhouette above all shuffles by a hair is significant in large data and still no use to anybody.
MIN_GAIN = 0.02


@dataclass(frozen=True)
class Feature:
    """A column people are grouped by. role: what it says about a person (archetypes). fitted: False for columns that
    only describe the groups."""

    name: str
    label: str
    role: Role
    unit: str
    fitted: bool = True


@dataclass(frozen=True)
class Clustering:
    """The groups of all people.

    labels: group per person, 0-based in the order of names, -1 = a feature is missing. structure: better than shuffled
    data and stable. names: unique; "Group 1" … without structure. choice, verdict: sentences for people.
    quality: k, silhouette, stability, null_95 (only for the chosen k), chosen.
    profile: group, feature, label, unit, role, value (mean in the feature's own unit), z (mean in standard deviations
    of the logged and scaled feature over all people). model: scaling and centres, for people who come later.
    """

    labels: Labels
    structure: bool
    names: tuple[str, ...]
    choice: str
    verdict: str
    features: tuple[Feature, ...]
    quality: pd.DataFrame
    profile: pd.DataFrame
    fitted_on: int
    model: GroupModel

    @property
    def k(self) -> int:
        return len(self.names)

    def to_bytes(self) -> bytes:
        """Arrow IPC stream of the labels; everything else as schema metadata."""
        table = pa.table({"labels": self.labels}).replace_schema_metadata({"clustering": json.dumps(self.about())})
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return sink.getvalue()

    def about(self) -> dict[str, Any]:
        """Everything but the labels, JSON-ready; :func:`regrouped` makes the groups of other people of it."""
        return {
            "structure": self.structure,
            "names": self.names,
            "choice": self.choice,
            "verdict": self.verdict,
            "features": [asdict(feature) for feature in self.features],
            "quality": self.quality.to_dict(orient="list"),
            "profile": self.profile.to_dict(orient="list"),
            "fitted_on": self.fitted_on,
            "model": self.model.to_json(),
        }


def clustering_from_bytes(data: bytes) -> Clustering:
    """Read what :meth:`Clustering.to_bytes` wrote. Raises ValueError when the bytes are something else."""
    try:
        table = pa.ipc.open_stream(data).read_all()
        about = json.loads(table.schema.metadata[b"clustering"])
    except (pa.ArrowInvalid, KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError("not stored groups") from error
    return _of_about(about, table.column("labels").to_numpy(), pd.DataFrame(about["profile"]))


def regrouped(about: dict[str, Any], values: pd.DataFrame) -> Clustering:
    """The kept groups (:meth:`Clustering.about`) for the people of ``values``, one column per feature: each person gets
    the nearest centre. Raises CannotAnswer when a feature is missing, UserError for groups that cannot be read."""
    try:
        features = [Feature(**feature) for feature in about["features"]]
        model = model_from_json(about["model"])
        labels = model.predict(raw_features(values, model.features))
        shown = [feature for feature in features if feature.name in values]
        return _of_about(about, labels, _profile(values, labels, shown, len(model.names)))
    except (KeyError, TypeError, ValueError):
        raise UserError("bad_groups", "The kept groups cannot be read.", "Form the groups anew.") from None


def raw_features(values: pd.DataFrame, names: Sequence[str]) -> Floats:
    """The named columns as rows x features. Raises CannotAnswer when one is missing."""
    lacking = [name for name in names if name not in values]
    if lacking:
        raise CannotAnswer(
            f"These groups were made from figures that the data no longer have: {', '.join(lacking)}.",
            tuple(lacking),
            "Form the groups anew on the segments page.",
        )
    return values[list(names)].to_numpy(dtype=np.float64)


def _of_about(about: dict[str, Any], labels: Labels, profile: pd.DataFrame) -> Clustering:
    return Clustering(
        labels=labels,
        structure=bool(about["structure"]),
        names=tuple(about["names"]),
        choice=str(about["choice"]),
        verdict=str(about["verdict"]),
        features=tuple(Feature(**feature) for feature in about["features"]),
        quality=pd.DataFrame(about["quality"]),
        profile=profile,
        fitted_on=int(about["fitted_on"]),
        model=model_from_json(about["model"]),
    )


def prepare(values: Floats) -> Floats:
    """Features ready for distances: right-skewed columns (skewness > 1) logged with their sign kept, then every column
    with mean 0 and standard deviation 1 (a constant column becomes 0). values: rows x features without NaN."""
    return Scaling.of(values).apply(values)


def cluster(values: pd.DataFrame, features: Sequence[Feature], *, seed: int = 0) -> Clustering:
    """Group people by the fitted features. values: one row per person in the order of user ids, one column per feature.

    Raises CannotAnswer for fewer than 50 people with all features, or when nothing distinguishes them.
    """
    fitted = [feature for feature in features if feature.fitted]
    raw = values[[feature.name for feature in fitted]].to_numpy(dtype=np.float64)
    complete = ~np.isnan(raw).any(axis=1)
    count = int(complete.sum())
    if count < MIN_PEOPLE:
        raise CannotAnswer(
            f"{count} people have all the figures that groups are made from; fewer than {MIN_PEOPLE} are too few.",
            hint="The segments by rules work for any number of people.",
        )
    scaling = Scaling.of(raw[complete])
    points = scaling.apply(raw[complete])
    # One thread: sums of several threads are rounded in an order that changes from run to run, and with it the groups.
    with threadpool_limits(limits=1):
        return _cluster(values, list(features), raw, scaling, points, seed)


def _cluster(
    values: pd.DataFrame, features: list[Feature], raw: Floats, scaling: Scaling, points: Floats, seed: int
) -> Clustering:
    rng = np.random.default_rng(seed)
    sample = points[_draw(rng, len(points), FIT_ROWS)]
    part = sample[_draw(rng, len(sample), MAX_ROWS)]
    most = min(MAX_GROUPS, len(np.unique(sample, axis=0)) - 1)
    if most < 2:
        raise CannotAnswer(
            "People hardly differ in activity or spending, so they cannot be put into groups.",
            hint="The segments by rules still show who was active when.",
        )
    models = {k: KMeans(k, n_init=10, random_state=seed).fit(sample) for k in range(2, most + 1)}
    rows = [(k, silhouette(part, m.predict(part)), _stability(part, m, k, rng, seed)) for k, m in models.items()]
    quality = pd.DataFrame(rows, columns=["k", "silhouette", "stability"])
    k, choice = choose_k(quality)
    quality["chosen"] = quality["k"] == k
    real, stability = next((height, ari) for groups, height, ari in rows if groups == k)
    stable = stability >= STABLE
    limit = float(np.quantile(shuffled(part, k, rng, seed), 0.95))
    quality["null_95"] = np.where(quality["chosen"], limit, np.nan)
    better = real > limit and real - limit >= MIN_GAIN
    fitted = [feature for feature in features if feature.fitted]
    order = _order(models[k].predict(points), points, fitted)
    centres = tuple(tuple(float(item) for item in models[k].cluster_centers_[group]) for group in order)
    plain = tuple(f"Group {number + 1}" for number in range(k))
    model = GroupModel(tuple(feature.name for feature in fitted), scaling, centres, plain)
    labels = model.predict(raw)
    profile = _profile(values, labels, features, k)
    structure = better and stable
    names = name_groups(profile, k) if structure else plain
    verdict = _verdict(better, stable, real, limit)
    model = replace(model, names=names)
    return Clustering(labels, structure, names, choice, verdict, tuple(features), quality, profile, len(sample), model)


def _draw(rng: np.random.Generator, count: int, limit: int) -> npt.NDArray[np.int64]:
    """At most ``limit`` positions, ascending, so that the order of people stays."""
    if count <= limit:
        return np.arange(count)
    return np.sort(rng.choice(count, limit, replace=False))


def _stability(points: Floats, model: KMeans, k: int, rng: np.random.Generator, seed: int) -> float:
    """Mean ARI between the groups and those found in people drawn again with replacement."""
    labels = model.predict(points)
    agreement = []
    for _ in range(BOOTSTRAPS):
        again = KMeans(k, n_init=3, random_state=seed).fit(points[rng.integers(0, len(points), len(points))])
        agreement.append(adjusted_rand_score(labels, again.predict(points)))
    return float(np.mean(agreement))


def shuffled(points: Floats, k: int, rng: np.random.Generator, seed: int) -> list[float]:
    """Silhouettes of the same number of groups after every column was shuffled on its own: no structure is left."""
    found = []
    for _ in range(PERMUTATIONS):
        null = np.column_stack([rng.permutation(column) for column in points.T])
        found.append(silhouette(null, KMeans(k, n_init=3, random_state=seed).fit_predict(null)))
    return found


def choose_k(quality: pd.DataFrame) -> tuple[int, str]:
    """The largest number of groups that is stable and hardly worse than the best one, and the reason in words.

    quality: k, silhouette, stability. Without a stable one: the best silhouette.
    """
    best = quality["silhouette"].max()
    fine = quality[(quality["stability"] >= STABLE) & (quality["silhouette"] >= best - WITHIN_BEST)]
    if len(fine):
        k = int(fine["k"].max())
        return k, (
            f"{k} groups: the largest number (up to {MAX_GROUPS}) that stays the same when people are drawn again "
            f"(agreement at least {STABLE}) and separates people nearly as well as the best number does."
        )
    k = int(quality["k"].iloc[int(quality["silhouette"].to_numpy().argmax())])
    return k, f"{k} groups separate people best, but no number of groups stays the same when people are drawn again."


def _verdict(better: bool, stable: bool, real: float, limit: float) -> str:
    figures = f"Silhouette {real:.2f}, in shuffled data up to {limit:.2f}."
    if not better:
        return f"These groups are no better than in shuffled data. We do not name them. {figures}"
    if not stable:
        return f"These groups change when people are drawn again. We do not name them. {figures}"
    return f"These groups are clearer than in shuffled data. {figures}"


def _order(found: npt.NDArray[np.int32], points: Floats, fitted: list[Feature]) -> npt.NDArray[np.int64]:
    """The groups in a business order instead of K-Means' accidental one: most valuable first."""
    weights = np.array([-0.1 if feature.role == "recency" else 1.0 for feature in fitted])
    worth = np.array([(points[found == group] @ weights).mean() for group in range(int(found.max()) + 1)])
    return np.argsort(-worth, kind="stable")


def _profile(values: pd.DataFrame, labels: Labels, features: list[Feature], k: int) -> pd.DataFrame:
    rows = []
    for feature in features:
        column = values[feature.name].to_numpy(dtype=np.float64)
        known = ~np.isnan(column) & (labels >= 0)
        if not known.any():
            continue
        z = prepare(column[known][:, None])[:, 0]
        for group in range(k):
            inside = labels[known] == group
            value, height = (column[known][inside].mean(), z[inside].mean()) if inside.any() else (np.nan, np.nan)
            rows.append((group, feature.name, feature.label, feature.unit, feature.role, float(value), float(height)))
    return pd.DataFrame(rows, columns=["group", "feature", "label", "unit", "role", "value", "z"])


def agreement(labels: Labels, segment: Labels) -> tuple[float, float]:
    """Adjusted Rand index and adjusted mutual information of two ways to group the same people."""
    return float(adjusted_rand_score(segment, labels)), float(adjusted_mutual_info_score(segment, labels))
