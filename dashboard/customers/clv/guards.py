"""What must be checked before a lifetime value is shown: each check says what it found and what follows from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboard.customers.clv.fit import Fit
from dashboard.customers.clv.history import History

Floats = npt.NDArray[np.float64]
MAX_CORRELATION = 0.3
MAX_DRIFT = 0.15  # predicted against actual orders of the hold-out
TIMES_BEST_YEAR = 3.0
FULL_SEASONS = 730  # days: a season shows only when it has come round twice


@dataclass(frozen=True)
class Guard:
    """code: stable name. ok: nothing to say. value: what was measured (NaN = could not be). text: for people; "" when
    ok."""

    code: str
    ok: bool
    value: float
    text: str = ""


def degenerate_dropout(fit: Fit) -> Guard:
    """Whether BG/NBD parameters say that practically nobody ever leaves: then P(alive) carries no information."""
    a, b = fit["a"], fit["b"]
    share = a / (a + b)
    bad = share < 0.01 or a < 1e-3 or b > 1e3
    text = (
        "No leaving can be seen in these orders, so the chance of still being a customer is hidden. "
        "Expected orders and the chance of no order remain valid."
    )
    return Guard("degenerate_dropout", not bad, share, text if bad else "")


def independence(customers: History) -> Guard:
    """Whether order frequency and order value are unrelated among repeaters, as the money model assumes."""
    chosen = customers.take(customers.repeaters)
    rho = math.nan
    if len(chosen) > 2 and np.ptp(chosen.x) > 0 and np.ptp(chosen.zbar) > 0:
        rho = float(np.corrcoef(chosen.x, chosen.zbar)[0, 1])
    bad = abs(rho) >= MAX_CORRELATION  # NaN compares false
    text = f"How often people order and how much they spend per order are related (r = {rho:.2f}): values are biased."
    return Guard("correlation", not bad, rho, text if bad else "")


def finite_mean(money: Fit | None) -> Guard:
    """Whether the expected order value of a new customer is finite (q > 1)."""
    q = math.nan if money is None else money["q"]
    bad = q <= 1
    text = "Order values vary so much that their expected value is not finite: means shrunk to the average are used."
    return Guard("infinite_mean", not bad, q, text if bad else "")


def season(first_day: int, last_day: int, months: int) -> Guard:
    """Whether the data are long enough to tell a season from growth."""
    days = last_day - first_day + 1
    bad = days < FULL_SEASONS and months % 12 != 0
    text = (
        f"The data cover {days} days; seasons cannot be told from growth, and this horizon is no whole year. "
        "Use 12 months, or weigh the result with last year's share of these months."
    )
    return Guard("season", not bad, float(days), text if bad else "")


def drift(predicted: float, actual: float) -> Guard:
    """Whether the total of the hold-out was met within 15 %."""
    ratio = predicted / actual - 1 if actual > 0 else math.nan
    bad = not abs(ratio) <= MAX_DRIFT
    if math.isnan(ratio):
        text = "Nobody ordered in the period kept for the test, so the model could not be tested."
    else:
        word = "too few" if ratio < 0 else "too many"
        text = (
            f"In the period kept for the test the model expected {abs(ratio):.0%} {word} orders. "
            "It knows no season and no campaigns; treat totals with care."
        )
    return Guard("drift", not bad, ratio, text if bad else "")


def above_best_year(clv: Floats, best_year: Floats, margin: float, years: float) -> npt.NDArray[np.bool_]:
    """Customers whose predicted value per year is more than 3 times what their best year brought."""
    flagged: npt.NDArray[np.bool_] = clv / max(years, 1.0) > TIMES_BEST_YEAR * margin * best_year
    return flagged


def implausible(flagged: npt.NDArray[np.bool_]) -> Guard:
    """How many customers :func:`above_best_year` marks."""
    count = int(flagged.sum())
    people = "customer is" if count == 1 else "customers are"
    text = f"{count:,} {people} predicted to bring more than 3 times their best past year: check before acting."
    return Guard("above_best_year", count == 0, float(count), text if count else "")


def sentences(guards: Sequence[Guard]) -> tuple[str, ...]:
    """What people must know."""
    return tuple(guard.text for guard in guards if not guard.ok)
