"""What the persons who stop at a step would be worth, had they gone on like those who did."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.engine import executors
from dashboard.errors import CannotAnswer
from dashboard.insights import where
from dashboard.insights.funnel_attempts import Attempts, Counted, span_of
from dashboard.insights.funnel_match import NEVER
from dashboard.insights.funnel_query import FunnelQuery
from dashboard.insights.selector import TABLE
from dashboard.insights.view import View
from dashboard.statistics.intervals import bootstrap_mean, z_value
from dashboard.store.partition import Partition

FEW = 2_000  # persons up to which the interval is a bootstrap; above, the mean of money is normal enough
MIN_PASSED = 10  # below, no mean is extrapolated
Floats = npt.NDArray[np.float64]


def later_money(view: View, query: FunnelQuery, found: Counted) -> Floats:
    """float64[attempts, steps]: net amount of the person's events from the one that served the step on, up to the
    as-of day; 0 where the step was not reached. Raises CannotAnswer without amounts."""
    until = span_of(view, query).until

    def later(partition: Partition, part: Attempts) -> Floats:
        events = partition.table(TABLE)
        if events is None or not events.has("amount"):
            raise CannotAnswer("Money per step needs events with amounts.", ("events.amount",), "Map the column.")
        if not len(part.person):
            return np.zeros(part.rows.shape)
        amounts = np.nan_to_num(events.column("amount"), nan=0.0)
        amounts[events.time > until] = 0
        kept = where.rows(view, partition, TABLE)
        if len(kept):
            amounts[kept == 0] = 0
        so_far = np.concatenate([[0.0], np.cumsum(amounts)])
        end = events.offsets[part.person + 1]
        money: Floats = np.where(part.rows >= 0, so_far[end][:, None] - so_far[part.rows], 0.0)
        return money

    return np.concatenate(list(executors.threads().map(later, view.dataset.partitions, found.parts)))


def money_lost(view: View, query: FunnelQuery, found: Counted) -> Floats:
    """float64[steps, 3]: dropped persons × mean later money of those who passed, with the ends of a 95 % interval of
    that mean. NaN at the first step, at optional steps and where fewer than 10 passed."""
    out = np.full((len(query.steps), 3), np.nan)
    money = later_money(view, query, found)
    reached = np.concatenate([part.at for part in found.parts]) != NEVER
    for k in range(1, len(query.steps)):
        if query.steps[k].optional:
            continue
        passed = money[reached[:, k], k]
        dropped = int(reached[:, query.step_before(k)].sum()) - len(passed)
        if len(passed) < MIN_PASSED:
            continue
        if len(passed) <= FEW:
            out[k] = bootstrap_mean(passed)
        else:
            half = z_value(0.95) * passed.std(ddof=1) / np.sqrt(len(passed))
            out[k] = passed.mean() + np.array([0.0, -half, half])
        out[k] *= dropped
    return out
