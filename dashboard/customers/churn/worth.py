"""What the people at risk are worth: predicted lifetime value of customers, or of subscribers with a fee."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.customers.churn.activity import unfiltered
from dashboard.customers.churn.learned import Learned
from dashboard.customers.churn.rule import Reading
from dashboard.customers.clv.customers import value_table
from dashboard.customers.clv.value_rule import ValueRule
from dashboard.customers.rfm_orders import has_orders
from dashboard.errors import CannotAnswer
from dashboard.insights.clv_subscribers import valued
from dashboard.insights.clv_subscriptions import subscribers
from dashboard.insights.view import View

Floats = npt.NDArray[np.float64]
NO_MONEY = "The data know no orders and no fee per month, so there is no value at risk in money."


def lifetime_value(view: View, found: Learned, reading: Reading) -> tuple[Floats | None, str]:
    """(predicted value of everybody in ``found.now`` over the horizon, NaN where a person has no order or fee; None
    where the data know no money, and why)."""
    rule = ValueRule(months=reading.months, margin=reading.margin)
    try:
        everybody = _of_customers(view, rule) if has_orders(view) else _of_subscribers(view, rule)
    except CannotAnswer as refusal:
        return None, refusal.message
    return everybody[found.now.row], ""


def _of_customers(view: View, rule: ValueRule) -> Floats:
    """By BG/NBD and Gamma-Gamma, in partition order."""
    table = value_table(view, rule)
    value = np.full(view.dataset.manifest.users, np.nan)
    value[table.book.row] = table.prediction.clv
    return value


def _of_subscribers(view: View, rule: ValueRule) -> Floats:
    """By the survival curve of their plan, as on the value page; it knows nothing of the person's own risk."""
    if not view.dataset.manifest.has_column("users", "churned"):
        raise CannotAnswer(NO_MONEY)
    people = subscribers(unfiltered(view))
    if not people.in_money:
        raise CannotAnswer(NO_MONEY, ("fee",))
    value = valued(people, rule)["clv"].to_numpy(np.float64)
    if np.isnan(value).all():
        raise CannotAnswer("Too few subscribers have left to say how long the others will stay.")
    return value
