"""Metrics of money: revenue, orders, and the averages made of them."""

from __future__ import annotations

from dashboard.insights import revenue
from dashboard.insights import revenue_kernels as money
from dashboard.insights.registry import EVENT_LOG, ORDERS, Floats, Spans, metric
from dashboard.insights.totals import ratio
from dashboard.insights.view import View


@metric(
    "revenue",
    "Net revenue",
    definition="Gross revenue plus returns and adjustments (both usually negative), guests included.",
    formula="gross + returns + adjustments",
    unit="money",
    needs=(ORDERS,),
)
def net_revenue(view: View, spans: Spans) -> Floats:
    return revenue.columns(revenue.sums(view, spans))["net"]


@metric(
    "gross_revenue",
    "Gross revenue",
    definition="Sum of the order lines with positive quantity and price, guests included.",
    formula="Σ line value, quantity > 0 and price > 0",
    unit="money",
    needs=(ORDERS,),
)
def gross_revenue(view: View, spans: Spans) -> Floats:
    return revenue.columns(revenue.sums(view, spans))["gross"]


@metric(
    "orders",
    "Orders",
    definition="Distinct orders with a gross value above 0; credit notes are no orders.",
    formula="distinct order ids with gross value > 0",
    unit="count",
    needs=(ORDERS,),
)
def orders(view: View, spans: Spans) -> Floats:
    return revenue.columns(revenue.sums(view, spans))["orders"]


@metric(
    "aov",
    "Average order value",
    definition="Gross revenue divided by the number of orders, guests included.",
    formula="gross revenue ÷ orders",
    unit="money",
    needs=(ORDERS,),
)
def aov(view: View, spans: Spans) -> Floats:
    return revenue.columns(revenue.sums(view, spans))["aov"]


@metric(
    "paying_users",
    "Paying users",
    definition="Distinct known customers with at least one order in the period.",
    formula="distinct users with an order in the period",
    unit="count",
    needs=(ORDERS,),
)
def paying_users(view: View, spans: Spans) -> Floats:
    return revenue.sums(view, spans)[:, money.PAYERS]


@metric(
    "arpu",
    "Revenue per active user",
    definition="Net revenue of known customers divided by the users who were active or ordered in the period.",
    formula="net revenue of known users ÷ users active or paying",
    unit="money",
    needs=(ORDERS,),
)
def arpu(view: View, spans: Spans) -> Floats:
    return ratio(revenue.sums(view, spans)[:, money.NET_KNOWN], revenue.active_or_paying(view, spans))


@metric(
    "arppu",
    "Revenue per paying user",
    definition="Net revenue of known customers divided by the customers with an order in the period.",
    formula="net revenue of known users ÷ paying users",
    unit="money",
    needs=(ORDERS,),
)
def arppu(view: View, spans: Spans) -> Floats:
    totals = revenue.sums(view, spans)
    return ratio(totals[:, money.NET_KNOWN], totals[:, money.PAYERS])


@metric(
    "paying_share",
    "Paying share",
    definition="Share of the users active in the period who ordered in it.",
    formula="paying users ÷ users active or paying",
    unit="rate",
    needs=(ORDERS, EVENT_LOG),
)
def paying_share(view: View, spans: Spans) -> Floats:
    return ratio(revenue.sums(view, spans)[:, money.PAYERS], revenue.active_or_paying(view, spans))


@metric(
    "repeat_rate",
    "Repeat rate",
    definition="Share of the period's customers who ordered at least twice in the period.",
    formula="users with ≥ 2 orders ÷ users with ≥ 1 order",
    unit="rate",
    needs=(ORDERS,),
)
def repeat_rate(view: View, spans: Spans) -> Floats:
    totals = revenue.sums(view, spans)
    return ratio(totals[:, money.REPEATERS], totals[:, money.PAYERS])


@metric(
    "return_rate",
    "Returned value",
    definition="Value of returns as a share of gross revenue in the same period.",
    formula="−returns ÷ gross revenue",
    unit="rate",
    higher_is_better=False,
    needs=(ORDERS,),
)
def return_rate(view: View, spans: Spans) -> Floats:
    totals = revenue.sums(view, spans)
    return ratio(0.0 - totals[:, money.RETURNS], totals[:, money.GROSS])


@metric(
    "guest_share",
    "Guest share",
    definition="Share of gross revenue from orders without a customer id.",
    formula="gross revenue of guests ÷ gross revenue",
    unit="rate",
    higher_is_better=None,
    needs=(ORDERS,),
)
def guest_share(view: View, spans: Spans) -> Floats:
    totals = revenue.sums(view, spans)
    return ratio(totals[:, money.GROSS] - totals[:, money.GROSS_KNOWN], totals[:, money.GROSS])
