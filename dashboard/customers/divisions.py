"""Several ways to divide the same people (rules, RFM, K-Means groups, churn risk) side by side: how far they agree, and
where one calls somebody active whom another calls lost.

Works on plain arrays, one entry per person. Agreement: adjusted Rand index (Hubert and Arabie 1985) and adjusted mutual
information (Vinh, Epps and Bailey 2010); 0 is what chance gives, 1 is the same division.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.customers.clusters import agreement

Codes = npt.NDArray[np.int8]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

HERE, BETWEEN, AWAY = 1, 0, -1  # what a name says about a person: still active, neither, leaving or gone


@dataclass(frozen=True)
class Division:
    """One way to divide people.

    key: short name ("rules"). label: for people. names: of its parts. codes: position in names per person, -1 = in no
    part. standing: HERE, BETWEEN or AWAY per name.
    """

    key: str
    label: str
    names: tuple[str, ...]
    codes: Codes
    standing: tuple[int, ...]


def agreements(divisions: Sequence[Division], chosen: Mask) -> pd.DataFrame:
    """One row per pair, in the order given. Columns: first, second (keys), people (in both divisions), ari, ami (NaN
    where nobody is in both)."""
    rows = []
    for position, first in enumerate(divisions):
        for second in divisions[position + 1 :]:
            both = chosen & (first.codes >= 0) & (second.codes >= 0)
            people = int(both.sum())
            ari, ami = agreement(first.codes[both], second.codes[both]) if people else (np.nan, np.nan)
            rows.append((first.key, second.key, people, ari, ami))
    return pd.DataFrame(rows, columns=["first", "second", "people", "ari", "ami"])


def table(first: Division, second: Division, chosen: Mask, worth: Floats) -> pd.DataFrame:
    """Every pair of names. Columns: first, second, people, share (of the people of the first name; NaN without any),
    worth (sum, missing values left out), contradiction (one says active, the other leaving or gone)."""
    both = chosen & (first.codes >= 0) & (second.codes >= 0)
    width = len(second.names)
    pair = first.codes[both].astype(np.int64) * width + second.codes[both]
    size = len(first.names) * width
    people = np.bincount(pair, minlength=size)
    sums = np.bincount(pair, weights=np.nan_to_num(worth[both]), minlength=size)
    of_row = np.repeat(people.reshape(-1, width).sum(axis=1), width)
    return pd.DataFrame(
        {
            "first": np.repeat(first.names, width),
            "second": list(second.names) * len(first.names),
            "people": people,
            "share": np.where(of_row > 0, people / np.maximum(of_row, 1), np.nan),
            "worth": sums,
            "contradiction": np.repeat(first.standing, width) * np.tile(second.standing, len(first.names)) < 0,
        }
    )


def contradictions(divisions: Sequence[Division], chosen: Mask, worth: Floats) -> pd.DataFrame:
    """The work list: pairs of names, one active and one leaving or gone, that somebody carries; most worth first.

    Columns: here, here_name (the division and its name that say active), away, away_name, people, worth.
    """
    parts = []
    for position, first in enumerate(divisions):
        for second in divisions[position + 1 :]:
            found = table(first, second, chosen, worth)
            found = found[found["contradiction"] & (found["people"] > 0)]
            active = {name for name, standing in zip(first.names, first.standing, strict=True) if standing == HERE}
            for row in found.itertuples(index=False):
                one, other = (first.key, row.first), (second.key, row.second)
                here, away = (one, other) if row.first in active else (other, one)
                parts.append((*here, *away, row.people, row.worth))
    frame = pd.DataFrame(parts, columns=["here", "here_name", "away", "away_name", "people", "worth"])
    ordered = frame.sort_values(["worth", "people"], ascending=False, kind="stable", ignore_index=True)
    return ordered.astype({"people": "int64", "worth": "float64"})
