"""The switches of RFM, as one value that validates itself and travels as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from dashboard.errors import UserError
from dashboard.insights import options

Scoring = Literal["auto", "quantile", "rank", "fixed", "row_order"]
FrequencyOf = Literal["orders", "days"]
Money = Literal["net", "gross"]
Basis = Literal["auto", "orders", "usage"]
Cuts = tuple[float, ...]


@dataclass(frozen=True)
class RfmRule:
    """How persons are measured and scored.

    basis: from orders, or from use (recency of use, active days, fee paid); auto = orders where there are any. scoring:
    auto = quantile, or thirds where there are too few persons or values. bins: 5, 4 or 3 classes. frequency: distinct
    orders or purchase days. money: net of returns, or gross. value_aware: the grid's columns use
    floor((F + M) / 2 + 0.5) in place of F. recency_cuts (days), frequency_cuts, money_cuts: four ascending limits for
    fixed scores. weights: of R, F, M in the combined score. order_events: names of events that are orders, where the
    orders are in an event log. fee: a number per user that stands for money in use-based scores.
    """

    basis: Basis = "auto"
    scoring: Scoring = "auto"
    bins: int = 5
    frequency: FrequencyOf = "orders"
    money: Money = "net"
    value_aware: bool = False
    recency_cuts: Cuts = (30, 90, 180, 365)
    frequency_cuts: Cuts = (1, 2, 3, 6)
    money_cuts: Cuts = (50, 150, 400, 1000)
    weights: tuple[float, ...] = (1.0, 1.0, 1.0)
    order_events: tuple[str, ...] = ()
    fee: str = ""

    def __post_init__(self) -> None:
        for name, kind in (("basis", Basis), ("scoring", Scoring), ("frequency", FrequencyOf), ("money", Money)):
            if getattr(self, name) not in get_args(kind):
                raise _bad(name, f"can be {', '.join(get_args(kind))}")
        if self.bins not in (3, 4, 5):
            raise _bad("bins", "can be 3, 4 or 5")
        for name in ("recency_cuts", "frequency_cuts", "money_cuts"):
            cuts = getattr(self, name)
            if len(cuts) != 4 or any(not math.isfinite(c) for c in cuts) or list(cuts) != sorted(set(cuts)):
                raise _bad(name, "needs four ascending numbers")
        if len(self.weights) != 3 or any(not w >= 0 for w in self.weights) or not 0 < sum(self.weights) < math.inf:
            raise _bad("weights", "needs three numbers of at least 0 that are not all 0")

    def to_json(self) -> dict[str, Any]:
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}


def from_json(data: Mapping[str, Any] | None) -> RfmRule:
    """The inverse of :meth:`RfmRule.to_json`; missing switches have their default. Raises UserError."""
    given = dict(data or {})
    unknown = sorted(set(given) - set(RfmRule.__dataclass_fields__))
    if unknown:
        raise UserError(
            "unknown_option", f"RFM has no switch {unknown[0]}.", f"It has: {', '.join(RfmRule.__dataclass_fields__)}."
        )
    for name, default in asdict(RfmRule()).items():
        if name not in given:
            continue
        value = given[name]
        try:
            if name == "order_events":
                given[name] = options.texts(value or (), name)
            elif isinstance(default, tuple):
                given[name] = tuple(float(v) for v in (value.split(",") if isinstance(value, str) else value))
            elif isinstance(default, bool):
                given[name] = options.flag(value, name)
            elif isinstance(default, int):
                given[name] = options.whole(value, name, 3, 5)
            else:
                given[name] = options.text(value, name)
        except (TypeError, ValueError):
            raise _bad(name, "has a value of another kind") from None
    return RfmRule(**given)


def _bad(name: str, wanted: str) -> UserError:
    return UserError("bad_option", f"The switch {name} {wanted}.", "Correct it or leave it out for the default.")
