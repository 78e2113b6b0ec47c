"""An online shop: customers who order at their own pace until they silently stop.

Planted: the buying process of the BG/NBD model and the order values of the Gamma-Gamma model, so that the ratios of
their parameters can be found again; a hold-out of 26 weeks; returns, guests and repeated lines in known numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dashboard.ingest import sample_parts as parts
from dashboard.ingest.sample_parts import DAY, Floats, Ints, Sample

LINES_PER_CUSTOMER = 8
WEEKS, COHORT_WEEKS, HOLD_OUT_WEEKS = 78, 26, 26  # the models concern those who first ordered in the first 26 weeks
CUT = WEEKS * 7 * DAY - 9 * 3_600  # the last day is cut off in the afternoon
R, ALPHA = 0.6, 6.0  # order rate per week ~ Gamma(R, rate ALPHA)
A, B = 0.8, 2.5  # chance to stop after an order ~ Beta(A, B)
P, Q, V = 6.25, 3.74, 15.44  # order value ~ Gamma(P, rate nu), nu ~ Gamma(Q, rate V)
RETURN_SHARE, GUEST_SHARE = 0.03, 0.02  # of orders
CATEGORIES = ("Kitchen", "Garden", "Toys", "Books", "Home", "Gifts", "Sport", "Office")
PRODUCTS_PER_CATEGORY = 40


def make(rows: int, seed: int) -> Sample:
    """``rows`` lines of orders.csv and the customers who placed them."""
    rng = np.random.default_rng([seed, 2])
    unique = parts.unique_rows(rows)
    count = max(20, unique // LINES_PER_CUSTOMER)
    who, when, value = _orders(rng, count)
    if len(who) > unique // 2:  # only with a handful of customers, by chance
        kept = np.sort(rng.permutation(len(who))[: unique // 2])
        who, when, value = who[kept], when[kept], value[kept]
    guests = max(1, int(len(who) * GUEST_SHARE))
    guest_when = np.minimum(parts.warp(rng.random(guests) * CUT), CUT - 1)
    who = np.concatenate([who, np.full(guests, -1)])
    when = np.concatenate([when, guest_when])
    value = np.concatenate([value, _values(rng, np.arange(guests), guests)])
    in_time = np.lexsort((who, when))
    who, when, value = who[in_time], when[in_time], value[in_time]
    returned = np.flatnonzero((rng.random(len(who)) < RETURN_SHARE) & (when + 10 * DAY < CUT))

    # One line per order and one per return; what is left of the wanted rows are further lines of the same orders.
    lines_of = 1 + rng.multinomial(unique - len(who) - len(returned), np.full(len(who), 1 / len(who)))
    order = np.repeat(np.arange(len(who)), lines_of)
    quantity, price = _lines(rng, value, order)
    product = _products(rng, lines_of, order)
    first_line = np.cumsum(lines_of) - lines_of
    back = first_line[returned]
    order_all = np.concatenate([order, returned])
    line_when = np.concatenate([when[order], when[returned] + rng.integers(2, 10, len(returned)) * DAY])
    is_return = np.arange(len(order_all)) >= len(order)
    quantity = np.concatenate([quantity, -quantity[back]])
    price, product = np.concatenate([price, price[back]]), np.concatenate([product, product[back]])
    sequence = np.lexsort((np.arange(len(order_all)), order_all, is_return, line_when))
    lines = sequence[parts.with_duplicates(rng, unique, rows)]

    customer_ids = parts.ids("c", count)
    country = rng.choice(len(parts.COUNTRIES), count + 1, p=np.array(parts.COUNTRY_SHARE))
    countries, names = pa.array(parts.COUNTRIES), _product_names()
    numbers = pa.array([f"{number:07d}" for number in range(1, len(who) + 1)])
    returns = pa.array([f"C{number:07d}" for number in range(1, len(who) + 1)])

    def columns(piece: slice) -> dict[str, pa.Array]:
        chosen = lines[piece]
        orders, customers = order_all[chosen], who[order_all[chosen]]
        gone = pa.array(is_return[chosen])
        return {
            "order_id": pc.if_else(gone, returns.take(pa.array(orders)), numbers.take(pa.array(orders))),
            "customer_id": customer_ids.take(pa.array(customers, mask=customers < 0)),
            "order_time": parts.stamps(line_when[chosen]),
            "product_id": pa.array([f"P{code:04d}" for code in product[chosen].tolist()]),
            "description": names.take(pa.array(product[chosen])),
            "quantity": pa.array(quantity[chosen]),
            "unit_price": pa.array(price[chosen]),
            "country": countries.take(pa.array(country[customers])),
        }

    known = who >= 0
    first = np.full(count, CUT, dtype=np.int64)
    np.minimum.at(first, who[known], when[known])
    customers_table = {
        "customer_id": customer_ids,
        "signup_time": parts.stamps(np.maximum(first - rng.integers(60, 3 * DAY, count), 0)),
        "country": countries.take(pa.array(country[:count])),
        "platform": parts.pick(rng, ("Web", "Mobile", "App"), (0.45, 0.35, 0.2), count),
    }
    truths = _truths(rows, unique, count, len(who), guests, len(returned))
    return Sample(
        tables=(
            ("customers.csv", count, parts.one_batch(customers_table)),
            ("orders.csv", rows, parts.batches(columns, rows)),
        ),
        truths=truths,
    )


def _orders(rng: np.random.Generator, count: int) -> tuple[Ints, Ints, Floats]:
    """Customer, seconds since START and value of every order before the cut; everybody has at least one."""
    share = np.exp(parts.GROWTH_PER_DAY * 7 * np.arange(WEEKS))
    start = rng.choice(WEEKS, count, p=share / share.sum()) + rng.random(count)
    start = np.minimum(start, CUT / (7 * DAY) * (1 - 1e-9))
    rate = rng.gamma(R, 1 / ALPHA, count)
    stop = rng.beta(A, B, count)
    people, now = [np.arange(count)], [start]
    active, clock = np.arange(count), start
    while active.size:
        clock = clock + rng.exponential(1, len(active)) / np.maximum(rate[active], 1e-12)
        inside = clock < CUT / (7 * DAY)
        active, clock = active[inside], clock[inside]
        people.append(active)
        now.append(clock)
        stays = rng.random(len(active)) >= stop[active]  # nobody stops after the first order: so the model is defined
        active, clock = active[stays], clock[stays]
    who = np.concatenate(people)
    when = np.minimum(parts.warp(np.concatenate(now) * 7 * DAY), CUT - 1)
    return who, when, _values(rng, who, count)


def _values(rng: np.random.Generator, who: Ints, count: int) -> Floats:
    nu = rng.gamma(Q, 1 / V, count)
    return np.maximum(rng.gamma(P, 1.0, len(who)) / nu[who], 1.0)


def _lines(rng: np.random.Generator, value: Floats, order: Ints) -> tuple[Ints, Floats]:
    """Quantity and unit price per line, so that an order's lines add up to its value within a few cents."""
    weight = rng.gamma(2.0, 1.0, len(order)) + 0.1
    share = weight / np.bincount(order, weights=weight)[order]
    amount = value[order] * share
    quantity = np.minimum(rng.integers(1, 7, len(order)), np.maximum(1, (amount / 0.5).astype(np.int64)))
    return quantity, np.maximum(np.round(amount / quantity, 2), 0.01)


def _products(rng: np.random.Generator, lines_of: Ints, order: Ints) -> Ints:
    """Different products on the lines of one order: no two of its lines are equal by chance."""
    total = len(CATEGORIES) * PRODUCTS_PER_CATEGORY
    start = rng.integers(0, total, len(lines_of))
    line = np.arange(len(order)) - np.repeat(np.cumsum(lines_of) - lines_of, lines_of)
    return (start[order] + line * 37) % total  # 37 and 320 share no factor: the first repeat is line 321


def _product_names() -> pa.Array:
    return pa.array([f"{category} item {n:02d}" for category in CATEGORIES for n in range(PRODUCTS_PER_CATEGORY)])


def _truths(rows: int, unique: int, count: int, orders: int, guests: int, returns: int) -> dict[str, Any]:
    return {
        "rows": {"customers.csv": count, "orders.csv": rows},
        "duplicate_rows": {"orders.csv": rows - unique},
        "orders": orders,
        "guest_orders": guests,
        "returns": {"lines": returns, "rule": "order_id starts with C, quantity is negative"},
        "bg_nbd": {
            "people": f"first order in the first {COHORT_WEEKS} weeks",
            "calibration_weeks": WEEKS - HOLD_OUT_WEEKS,
            "hold_out_weeks": HOLD_OUT_WEEKS,
            "r_over_alpha": R / ALPHA,
            "r_over_alpha_tolerance": 0.02,
            "a_over_a_plus_b": round(A / (A + B), 4),
            "hold_out_ratio": 1.0,
            "hold_out_tolerance": 0.06,
        },
        "gamma_gamma": {"mean_order_value": round(P * V / (Q - 1), 2), "tolerance": 2.0},
        "weekly_index": {"monday_to_sunday": list(map(float, parts.WEEKDAY)), "tolerance": 0.03},
    }
