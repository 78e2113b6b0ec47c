"""Two-by-two tables: behaviour yes/no against outcome yes/no."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from scipy import special, stats

from dashboard.statistics.intervals import z_value

RARE, COMMON = 0.01, 0.99  # outside, "almost nobody" or "almost everybody" does it
MIN_REACH, MAX_REACH, MIN_CELL = 0.05, 0.95, 5  # outside, a table is no basis for a recommendation


@dataclass(frozen=True)
class Table:
    """tp: behaviour and outcome; fp: behaviour only; fn: outcome only; tn: neither. Undefined measures are None."""

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def n(self) -> int:
        return self.tp + self.fp + self.fn + self.tn

    @property
    def phi(self) -> float | None:
        """Phi coefficient = Matthews correlation coefficient."""
        product = (self.tp + self.fp) * (self.tp + self.fn) * (self.tn + self.fp) * (self.tn + self.fn)
        return (self.tp * self.tn - self.fp * self.fn) / math.sqrt(product) if product else None

    @property
    def ppv(self) -> float | None:
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def npv(self) -> float | None:
        return _ratio(self.tn, self.tn + self.fn)

    @property
    def sensitivity(self) -> float | None:
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def specificity(self) -> float | None:
        return _ratio(self.tn, self.tn + self.fp)

    @property
    def reach(self) -> float | None:
        """Share of persons with the behaviour."""
        return _ratio(self.tp + self.fp, self.n)

    @property
    def base_rate(self) -> float | None:
        """Share of persons with the outcome."""
        return _ratio(self.tp + self.fn, self.n)

    @property
    def lift(self) -> float | None:
        """Rate of those with the behaviour over everybody's rate."""
        ppv, base = self.ppv, self.base_rate
        return ppv / base if ppv is not None and base else None

    @property
    def share_out_of_range(self) -> bool:
        reach = self.reach
        return reach is None or reach < RARE or reach > COMMON

    @property
    def p_value(self) -> float:
        """Chi-squared without correction, Fisher's exact test where an expected cell is below 5; 1 when a margin is
        empty."""
        rows, columns = (self.tp + self.fp, self.fn + self.tn), (self.tp + self.fn, self.fp + self.tn)
        if not all(rows) or not all(columns):
            return 1.0
        cells = [[self.tp, self.fp], [self.fn, self.tn]]
        if min(rows) * min(columns) / self.n < 5:
            return float(stats.fisher_exact(cells).pvalue)
        cross = self.tp * self.tn - self.fp * self.fn
        return float(special.chdtrc(1, self.n * (cross / rows[0] / columns[0]) * (cross / rows[1] / columns[1])))

    def risk_ratio(self, level: float = 0.95) -> tuple[float, float, float] | None:
        """(ratio, low, high): outcome rate with over without the behaviour; log interval (Katz et al., Biometrics 34
        (1978) 469). None when a rate is 0 or a group is empty."""
        with_, without = self.tp + self.fp, self.fn + self.tn
        if not with_ or not without or not self.tp or not self.fn:
            return None
        ratio = (self.tp / with_) / (self.fn / without)
        error = math.sqrt(1 / self.tp - 1 / with_ + 1 / self.fn - 1 / without)
        spread = math.exp(z_value(level) * error)
        return ratio, ratio / spread, ratio * spread

    def odds_ratio(self) -> float:
        """Cross-product ratio; one half is added to every cell only when one is 0 (Haldane)."""
        add = 0.5 if 0 in (self.tp, self.fp, self.fn, self.tn) else 0.0
        return ((self.tp + add) * (self.tn + add)) / ((self.fp + add) * (self.fn + add))

    @property
    def recommendable(self) -> bool:
        """Whether the table may be offered as a turning point: reach 5–95 %, cells of at least 5, and a risk-ratio
        interval that does not contain 1."""
        reach, ratio = self.reach, self.risk_ratio()
        if reach is None or not MIN_REACH <= reach <= MAX_REACH or min(self.tp, self.fp, self.fn, self.tn) < MIN_CELL:
            return False
        return ratio is not None and not ratio[1] <= 1 <= ratio[2]


def mantel_haenszel(strata: Iterable[Table], level: float = 0.95) -> tuple[float, float, float] | None:
    """(odds ratio, low, high) pooled over strata: N. Mantel, W. Haenszel, JNCI 22 (1959) 719, with the interval of J.
    Robins, N. Breslow, S. Greenland, Biometrics 42 (1986) 311. None when no stratum informs it."""
    top = bottom = pr = ps_qr = qs = 0.0
    for table in strata:
        if table.n == 0:
            continue
        r, s = table.tp * table.tn / table.n, table.fp * table.fn / table.n
        p, q = (table.tp + table.tn) / table.n, (table.fp + table.fn) / table.n
        top, bottom = top + r, bottom + s
        pr, ps_qr, qs = pr + p * r, ps_qr + p * s + q * r, qs + q * s
    if top <= 0 or bottom <= 0:
        return None
    ratio = top / bottom
    error = math.sqrt(pr / (2 * top * top) + ps_qr / (2 * top * bottom) + qs / (2 * bottom * bottom))
    spread = math.exp(z_value(level) * error)
    return ratio, ratio / spread, ratio * spread


def e_value(risk_ratio: float) -> float:
    """How strong an unmeasured cause would have to be to explain a risk ratio away: RR + sqrt(RR (RR − 1)), of 1/RR
    below 1 (T. J. VanderWeele, P. Ding, Ann. Intern. Med. 167 (2017) 268)."""
    ratio = risk_ratio if risk_ratio >= 1 else 1 / risk_ratio
    return ratio + math.sqrt(ratio * (ratio - 1))


def _ratio(top: int, bottom: int) -> float | None:
    return top / bottom if bottom else None
