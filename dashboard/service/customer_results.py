"""What the customer functions of the service return to pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from dashboard.customers.rules import RuleSet
from dashboard.result import Result


@dataclass(frozen=True)
class Segmentation:
    """The rule segments of the chosen people.

    rules: as used. measure: "usage" | "revenue" | "active_days"; measure_label: for people. low, high: the engagement
    limits used (in the measure's unit), from all people. as_of: ISO day. people: chosen by the filters; everyone: in
    the dataset; targets: chosen people who get a discount.

    distribution: segment, people, share, low, high (Wilson 95 %), targets; one row per class.
    grid: level, band (0..2), days (band in words), segment, target (bool), people, share; nine rows.
    engagement, recency: segment, people, p05, p25, median, p75, p95, mean of engagement / of days since last activity;
    computed when first looked at.
    """

    rules: RuleSet
    measure: str
    measure_label: str
    low: float
    high: float
    as_of: str
    people: int
    everyone: int
    targets: int
    distribution: Result
    grid: Result
    spread: Callable[[str], Result] = field(repr=False, compare=False)  # "engagement" or "recency"

    @cached_property
    def engagement(self) -> Result:
        return self.spread("engagement")

    @cached_property
    def recency(self) -> Result:
        return self.spread("recency")


@dataclass(frozen=True)
class Clusters:
    """The K-Means groups. Fitted on all people; people counts are those of the chosen ones.

    structure: the groups are better than in shuffled data; only then do they have names ("Power – many orders, …"),
    otherwise "Group 1" … verdict: one sentence for people. choice: why this number of groups. k: number of groups.

    quality: k, silhouette, stability (bootstrap ARI), null_95 (95th percentile of shuffled data; NaN where not
    computed), chosen (bool). groups: group, name, people, share. profile: group, name, feature, label, value (mean, in
    the feature's own unit), z. agreement: group, name, segment, people, share (of the group); summary ``ari``, ``ami``.
    sample: x, y, group, name; at most 2,000 people; summary ``x_label``, ``y_label``, ``shown``, ``people``.
    kept: ISO day as of which these groups were formed and kept with the dataset, "" = formed from the data in view.
    model: scaling and centres (JSON), for lists and saved segments of a group.
    """

    structure: bool
    k: int
    verdict: str
    choice: str
    quality: Result
    groups: Result
    profile: Result
    agreement: Result
    sample: Result
    kept: str
    model: dict[str, Any]


@dataclass(frozen=True)
class Targets:
    """Who gets a discount, in numbers.

    people: number of targets. share: of the chosen people (None when nobody is chosen). low, high: its Wilson 95 %
    interval. chosen: people the filters choose. rule: the target rule in words. file_name: of the download.
    by_segment, by_country, by_plan: value, people (targets), chosen, share (targets of chosen); the latter two are None
    when the dataset has no such column; the 20 largest values, then "Other".
    """

    people: int
    share: float | None
    low: float | None
    high: float | None
    chosen: int
    rule: str
    file_name: str
    by_segment: Result
    by_country: Result | None
    by_plan: Result | None


@dataclass(frozen=True)
class PeoplePage:
    """rows: JSON-ready dictionaries by column field (None = missing). total: rows of the whole filtered list."""

    rows: list[dict[str, Any]]
    total: int


@dataclass(frozen=True)
class Download:
    """A file to stream. chunks: UTF-8 bytes; people: number of rows without the header."""

    file_name: str
    people: int
    chunks: Iterator[bytes] = field(repr=False)
