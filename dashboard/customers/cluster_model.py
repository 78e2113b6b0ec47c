"""The groups of K-Means as data: scaling and centres, so that people who come later are put into the same groups.

Groups that are formed again from more people are other groups, whatever they are called. A model that was kept (with a
dataset, or inside a saved segment) answers for new people by the nearest centre instead.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from dashboard.errors import UserError

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]

SKEWED = 1.0  # skewness from which a column is logged
MAX_FEATURES, MAX_CENTRES, MAX_NAME = 20, 30, 200
_CHUNK = 200_000  # rows at a time: the distances of a million people need not be in memory at once


@dataclass(frozen=True)
class Scaling:
    """How raw features become comparable: columns that are ``logged`` (sign kept), then centred and divided by their
    standard deviation (0 = a constant column, which becomes 0). One entry per feature."""

    logged: tuple[bool, ...]
    mean: tuple[float, ...]
    spread: tuple[float, ...]

    @staticmethod
    def of(values: Floats) -> Scaling:
        """values: rows x features without NaN; right-skewed columns (skewness > 1) are logged."""
        deviation = values - values.mean(axis=0)
        size = np.sqrt((deviation**2).mean(axis=0))
        with np.errstate(divide="ignore", invalid="ignore"):
            skewness = (deviation**3).mean(axis=0) / size**3
        logged = np.nan_to_num(skewness) > SKEWED
        seen = _log(values, logged)
        mean = seen.mean(axis=0)
        spread = np.sqrt(((seen - mean) ** 2).mean(axis=0))
        # Rounding leaves a constant column with a spread of 1e-17 times its size.
        constant = spread <= 1e-12 * np.maximum(1.0, np.abs(seen).max(axis=0))
        return Scaling(
            tuple(bool(item) for item in logged),
            tuple(float(item) for item in mean),
            tuple(float(item) for item in np.where(constant, 0.0, spread)),
        )

    def apply(self, values: Floats) -> Floats:
        """The scaled values; NaN stays NaN."""
        spread = np.asarray(self.spread)
        constant = spread == 0
        centred = _log(values, np.asarray(self.logged)) - np.asarray(self.mean)
        scaled: Floats = np.where(constant, 0.0 * centred, centred / np.where(constant, 1.0, spread))
        return scaled


def _log(values: Floats, logged: npt.NDArray[np.bool_]) -> Floats:
    out: Floats = np.where(logged, np.sign(values) * np.log1p(np.abs(values)), values)
    return out


@dataclass(frozen=True)
class GroupModel:
    """features: names of the columns, in the order of the rest. centres: one point of scaled values per group. names:
    of the groups. Raises UserError ("bad_groups") when the parts do not fit together."""

    features: tuple[str, ...]
    scaling: Scaling
    centres: tuple[tuple[float, ...], ...]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        width, rows = len(self.features), (self.scaling.mean, self.scaling.spread, *self.centres)
        if not 1 <= width <= MAX_FEATURES or not 1 <= len(self.centres) <= MAX_CENTRES:
            _refuse()
        if len(self.names) != len(self.centres) or len(self.scaling.logged) != width:
            _refuse()
        if any(len(row) != width or not all(map(math.isfinite, row)) for row in rows):
            _refuse()

    def predict(self, values: Floats) -> Labels:
        """The group of each row of raw values (rows x features): that of the nearest centre, the first of equals; -1
        where a feature is missing."""
        out = np.full(len(values), -1, dtype=np.int8)
        centres = np.asarray(self.centres)
        for start in range(0, len(values), _CHUNK):
            part = values[start : start + _CHUNK]
            complete = ~np.isnan(part).any(axis=1)
            points = self.scaling.apply(part[complete])
            distance = np.stack([((points - centre) ** 2).sum(axis=1) for centre in centres], axis=1)
            out[start : start + _CHUNK][complete] = distance.argmin(axis=1)
        return out

    def to_json(self) -> dict[str, Any]:
        return {
            "features": list(self.features),
            "logged": list(self.scaling.logged),
            "mean": list(self.scaling.mean),
            "spread": list(self.scaling.spread),
            "centres": [list(row) for row in self.centres],
            "names": list(self.names),
        }


def model_from_json(data: Any) -> GroupModel:
    """The inverse of :meth:`GroupModel.to_json`. Raises UserError ("bad_groups") for anything else."""
    if not isinstance(data, Mapping):
        _refuse()
    try:
        scaling = Scaling(
            tuple(bool(item) for item in data["logged"]),
            tuple(float(item) for item in data["mean"]),
            tuple(float(item) for item in data["spread"]),
        )
        names = tuple(str(item)[:MAX_NAME] for item in data["names"])
        centres = tuple(tuple(float(item) for item in row) for row in data["centres"])
        return GroupModel(tuple(str(item) for item in data["features"]), scaling, centres, names)
    except (KeyError, TypeError, ValueError):
        _refuse()


def _refuse() -> NoReturn:
    raise UserError("bad_groups", "These groups cannot be read.", "Open them again on the segments page.")
