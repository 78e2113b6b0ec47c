"""Names for groups of people, taken from what the groups are like, never from their number."""

from __future__ import annotations

from typing import Final, Literal, get_args

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

Role = Literal["recency", "frequency", "value", "tenure"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

# What each kind of person is like, in the order of ROLES. recency counts days of silence: minus = active lately.
ARCHETYPES: Final[dict[str, tuple[float, float, float, float]]] = {
    "Power": (-0.8, 1.0, 1.0, 0.3),
    "Core": (-0.6, 0.3, 0.2, 0.6),
    "Casual": (-0.8, -0.7, -0.7, 0.2),
    "New": (-0.8, -0.6, -0.6, -1.5),
    "At-Risk": (0.8, 0.7, 0.7, 0.2),
    "Dormant": (0.9, -0.8, -0.8, 0.0),
}
# What a high and a low value of a feature is called.
WORDS: Final[dict[str, tuple[str, str]]] = {
    "recency_days": ("long inactive", "recently active"),
    "usage": ("high usage", "low usage"),
    "active_days": ("many active days", "few active days"),
    "orders": ("many orders", "few orders"),
    "revenue": ("high revenue", "low revenue"),
    "tenure_days": ("long with us", "new"),
}


def name_groups(profile: pd.DataFrame, k: int) -> tuple[str, ...]:
    """A unique name per group: the archetype that fits best, and the group's two most extreme features.

    profile: group, feature, role, z. Archetypes are matched by cosine, all groups at once (Hungarian method), so no two
    groups share one; k must not exceed the number of archetypes.
    """
    heights = profile.pivot_table(index="group", columns="role", values="z").reindex(index=range(k))
    roles = [role for role in ROLES if role in heights.columns]
    groups = heights[roles].fillna(0.0).to_numpy(dtype=np.float64)
    ideals = np.array([[vector[ROLES.index(role)] for role in roles] for vector in ARCHETYPES.values()])
    lengths = np.linalg.norm(groups, axis=1)[:, None] * np.linalg.norm(ideals, axis=1)
    cosine = (groups @ ideals.T) / np.where(lengths == 0, 1.0, lengths)
    chosen, kinds = linear_sum_assignment(-cosine)
    names = list(ARCHETYPES)
    kind_of = {int(group): names[kind] for group, kind in zip(chosen, kinds, strict=True)}
    return tuple(f"{kind_of[group]} – {_extremes(profile[profile['group'] == group])}" for group in range(k))


def _extremes(features: pd.DataFrame) -> str:
    ordered = features.assign(height=features["z"].abs()).sort_values("height", ascending=False, kind="stable")
    words = []
    for name, label, z in ordered[["feature", "label", "z"]].head(2).itertuples(index=False):
        high, low = WORDS.get(name, (f"high {label.lower()}", f"low {label.lower()}"))
        words.append(high if z > 0 else low)
    return ", ".join(words)
