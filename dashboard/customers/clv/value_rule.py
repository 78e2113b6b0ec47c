"""The settings of a lifetime value, as one value that validates itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.errors import UserError
from dashboard.insights import options

Floats = npt.NDArray[np.float64]
DAYS_PER_MONTH = 365.25 / 12


@dataclass(frozen=True)
class ValueRule:
    """months: the horizon, 1 to 36; always finite. margin: share of net revenue that remains, above 0 to 1. discount:
    interest per year, 0 to 1. tiers: where medium and high value begin, as shares of customers. order_events: names of
    events that are orders, where the orders are in an event log."""

    months: int = 12
    margin: float = 1.0
    discount: float = 0.10
    tiers: tuple[float, float] = (1 / 3, 2 / 3)
    order_events: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.months <= 36:
            raise _bad("The horizon is 1 to 36 months.")
        if not 0 < self.margin <= 1:
            raise _bad("The margin is a share above 0 and up to 1, such as 0.3.")
        if not 0 <= self.discount <= 1:
            raise _bad("The discount rate is a share per year from 0 to 1, such as 0.1.")
        if len(self.tiers) != 2 or not 0 < self.tiers[0] < self.tiers[1] < 1:
            raise _bad("Tiers need two shares, such as 0.33 and 0.66.")

    @property
    def days(self) -> float:
        return self.months * DAYS_PER_MONTH

    @property
    def times(self) -> Floats:
        """Ends of the months in days from now."""
        times: Floats = np.arange(1, self.months + 1, dtype=np.float64) * DAYS_PER_MONTH
        return times

    @property
    def weights(self) -> Floats:
        """What to multiply E[Y(k)], the orders expected by the end of month k, with so that the sum is
        sum of (E[Y(k)] - E[Y(k-1)]) / (1 + d)^(k - 1/2), d the rate per month."""
        at_middle = (1 + self.discount) ** (-(np.arange(1, self.months + 1) - 0.5) / 12)
        weights: Floats = at_middle - np.append(at_middle[1:], 0.0)
        return weights

    @property
    def per_month(self) -> float:
        """The interest of a month."""
        return float((1 + self.discount) ** (1 / 12) - 1)

    def to_json(self) -> dict[str, Any]:
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}


def from_json(data: Mapping[str, Any] | None) -> ValueRule:
    """The inverse of :meth:`ValueRule.to_json`; missing settings have their default. Raises UserError."""
    given = dict(data or {})
    unknown = sorted(set(given) - set(ValueRule.__dataclass_fields__))
    if unknown:
        names = ", ".join(ValueRule.__dataclass_fields__)
        raise UserError("unknown_option", f"Customer value has no setting {unknown[0]}.", f"It has: {names}.")
    try:
        if "months" in given:
            given["months"] = options.whole(given["months"], "months", 1, 36)
        for name in ("margin", "discount"):
            if name in given:
                given[name] = float(given[name])
        if "tiers" in given:
            tiers = given["tiers"]
            given["tiers"] = tuple(float(v) for v in (tiers.split(",") if isinstance(tiers, str) else tiers))
        if "order_events" in given:
            given["order_events"] = options.texts(given["order_events"] or (), "order_events")
    except (TypeError, ValueError):
        raise _bad("A setting of customer value has a value of another kind.") from None
    return ValueRule(**given)


def _bad(text: str) -> UserError:
    return UserError("bad_option", text, "Correct it or leave it out for the default.")
