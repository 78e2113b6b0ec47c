"""Names for groups of people, taken from what the groups are like, never from their number."""

from __future__ import annotations

from collections import Counter
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

Role = Literal["recency", "frequency", "value", "tenure"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

# What each kind of person is like, in standard deviations, in the order of ROLES. recency counts days of silence: minus
# = active lately.
ARCHETYPES: Final[dict[str, tuple[float, float, float, float]]] = {
    "Power": (-1.0, 1.3, 1.3, 0.4),
    "Core": (-0.3, 0.2, 0.2, 0.2),
    "Casual": (-0.8, -0.7, -0.7, 0.1),
    "New": (-0.8, -0.5, -0.5, -1.5),
    "At-Risk": (1.0, 0.7, 0.7, 0.2),
    "Dormant": (1.0, -0.8, -0.8, 0.0),
}
NEAR_TIE: Final = 0.1  # cosine a group may lose to get a name of its own
# What a high and a low value of a feature is called.
WORDS: Final[dict[str, tuple[str, str]]] = {
    "recency_days": ("long inactive", "recently active"),
    "usage": ("high usage", "low usage"),
    "active_days_per_week": ("often active", "seldom active"),
    "orders": ("many orders", "few orders"),
    "revenue": ("high revenue", "low revenue"),
    "tenure_days": ("long known", "joined lately"),
}


def name_groups(profile: pd.DataFrame, k: int) -> tuple[str, ...]:
    """A unique name per group: the archetype that fits, and the group's two most extreme features.

    profile: group, feature, label, role, z. Archetypes are matched by cosine, all groups at once (Hungarian method), so
    near ties get different names. A group that this would give a clearly worse name keeps its best one with a number:
    two kinds of dormant people are "Dormant" and "Dormant 2", not "Dormant" and "At-Risk". Both vectors get a constant
    1: a cosine sees directions only, and would call people who are hardly above average the strongest ones.
    """
    heights = profile.pivot_table(index="group", columns="role", values="z").reindex(index=range(k))
    roles = [role for role in ROLES if role in heights.columns]
    ideals = np.array([[*(vector[ROLES.index(role)] for role in roles), 1.0] for vector in ARCHETYPES.values()])
    groups = np.column_stack([heights[roles].fillna(0.0).to_numpy(dtype=np.float64), np.ones(k)])
    fit = (groups @ ideals.T) / (np.linalg.norm(groups, axis=1)[:, None] * np.linalg.norm(ideals, axis=1))
    kinds = fit.argmax(axis=1)
    for group, kind in zip(*linear_sum_assignment(-fit), strict=True):
        if fit[group, kind] >= fit[group].max() - NEAR_TIE:
            kinds[group] = kind
    names, used = list(ARCHETYPES), Counter[str]()
    found = []
    for group in range(k):
        kind = names[int(kinds[group])]
        used[kind] += 1
        number = f" {used[kind]}" if used[kind] > 1 else ""
        found.append(f"{kind}{number} – {_extremes(profile[profile['group'] == group])}")
    return tuple(found)


def _extremes(features: pd.DataFrame) -> str:
    ordered = features.assign(height=features["z"].abs()).sort_values("height", ascending=False, kind="stable")
    words = []
    for name, label, z in ordered[["feature", "label", "z"]].head(2).itertuples(index=False):
        high, low = WORDS.get(name, (f"high {label.lower()}", f"low {label.lower()}"))
        words.append(high if z > 0 else low)
    return ", ".join(words)
