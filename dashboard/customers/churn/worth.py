"""What the people at risk are worth: predicted lifetime value of customers, or of subscribers with a fee."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.customers.churn.learned import Learned
from dashboard.customers.churn.rule import Reading
from dashboard.customers.clv.customers import value_table
from dashboard.customers.clv.value_rule import ValueRule
from dashboard.customers.rfm_orders import has_orders
from dashboard.errors import CannotAnswer
from dashboard.insights.view import View

Floats = npt.NDArray[np.float64]


def lifetime_value(view: View, found: Learned, reading: Reading) -> tuple[Floats | None, str]:
    """(predicted value of everybody in ``found.now`` over the horizon, NaN where a person has no order; None where the
    data know no money, and why)."""
    if not has_orders(view):
        return None, "The data know no orders, so there is no value at risk in money."
    try:
        table = value_table(view, ValueRule(months=reading.months, margin=reading.margin))
    except CannotAnswer as refusal:
        return None, refusal.message
    everybody = np.full(view.dataset.manifest.users, np.nan)
    everybody[table.book.row] = table.prediction.clv
    return everybody[found.now.row], ""
