"""Cleaning as answers: the ledger, the lines behind one rule, and how the price of every product behaves.

The rules are those kept with the dataset; every one can be asked for otherwise, as a what-if, without keeping it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dashboard.customers.cleaning import prices, taken
from dashboard.customers.cleaning.ledger import Ledger, ledger, position
from dashboard.customers.cleaning.rules import (
    APART,
    BAD_DEBT,
    BY_NAME,
    CANCELLATIONS,
    GUESTS,
    KEPT,
    NET,
    RULES,
    Cleaning,
    codes_of,
)
from dashboard.errors import UserError
from dashboard.insights import options, periods, where
from dashboard.insights.registry import ORDERS, insight
from dashboard.insights.view import View
from dashboard.result import Result

TABLE = "transactions"
MAX_ROWS, MAX_PRODUCTS = 5_000, 5_000
_UNITS = {
    **dict.fromkeys(("rows", "kept_rows", "met_rows", "customers", "kept_customers", "orders", "kept_orders"), "count"),
    **dict.fromkeys(("revenue", "kept_revenue", "met_revenue"), "money"),
}


def rules_of(view: View, changes: dict[str, Any]) -> Cleaning:
    """The rules of the view with some of them otherwise. Raises UserError."""
    if not changes:
        return view.cleaning
    unknown = sorted(set(changes) - set(view.cleaning.to_json()))
    if unknown:
        raise UserError(
            "unknown_option",
            f"There is no cleaning rule {', '.join(unknown)}.",
            f"There are: {', '.join(view.cleaning.to_json())}.",
        )
    given = dict(changes)
    if isinstance(given.get("codes"), str):
        given["codes"] = codes_of(given["codes"])
    return Cleaning.from_json({**view.cleaning.to_json(), **given})


def _read(view: View) -> dict[str, Any]:
    return {"rows_read": view.dataset.manifest.rows.get(TABLE, 0), "users_read": view.dataset.manifest.users}


@insight(
    "cleaning",
    "Cleaning ledger",
    definition="From all order lines to the sales of known customers: what each rule takes, adding up exactly.",
    needs=(ORDERS,),
)
def cleaning(view: View, **changes: Any) -> Result:
    """One row per rule, in the order in which they are applied; a line is taken by the first rule in force that it
    meets. Columns: rule, label, treatment (drop, net, apart, flag, keep), rows, revenue, customers, orders (what it
    takes; customers and orders: those whose last line goes), kept_rows, kept_revenue, kept_customers, kept_orders (left
    after it), met_rows, met_revenue (lines that meet the rule, whichever takes them), missing ("" or the column without
    which nobody can tell). Options: a treatment by rule (duplicates: flag, drop; bad_debt: keep, drop; cancellations:
    net, drop; write_offs: drop, keep; zero_prices: drop, keep; adjustments: net, drop; service_codes: keep, drop;
    guests: apart, drop) and codes (product codes of services), without keeping it. Filters and the as-of day choose
    the lines, the range does not. summary: raw, kept (rows, revenue, customers, orders), products, countries (of kept
    lines), aov, gross_revenue and net_revenue as on the other pages, paired_rows, paired_revenue, unpaired_rows,
    unpaired_revenue (returns with and without a purchase)."""
    rules = rules_of(view, changes)
    found = ledger(view, rules)
    summary = _summary(found, rules)
    return Result(
        "cleaning",
        found.frame(rules),
        units=_UNITS,
        summary=summary,
        notes=(*_notes(found, rules, summary), *where.ignored(view, TABLE)),
        **_read(view),
    )


def _summary(found: Ledger, rules: Cleaning) -> dict[str, Any]:
    kept = found.kept()
    gross = kept["revenue"] + (found.money(GUESTS) if rules.guests == APART else 0.0)
    netted = sum(found.money(rule.name) for rule in RULES if rules.treatment(rule.name) == NET)
    netting = rules.cancellations == NET
    return {
        "raw": found.raw(),
        "kept": kept,
        "products": found.products if found.products >= 0 else None,
        "countries": found.countries if found.countries >= 0 else None,
        "aov": kept["revenue"] / kept["orders"] if kept["orders"] else None,
        "gross_revenue": gross,
        "net_revenue": gross + netted,
        "paired_rows": found.paired_rows,
        "paired_revenue": found.paired_revenue,
        "unpaired_rows": int(found.rows[position(CANCELLATIONS)]) - found.paired_rows if netting else 0,
        "unpaired_revenue": found.money(CANCELLATIONS) - found.paired_revenue if netting else 0.0,
    }


def _notes(found: Ledger, rules: Cleaning, summary: dict[str, Any]) -> list[str]:
    notes = [
        f"“{BY_NAME[name].label}” cannot be told: the file has no column for {column.replace('_', ' ')}."
        for name, column in found.missing.items()
    ]
    if summary["unpaired_rows"]:
        notes.append(
            f"{summary['unpaired_rows']:,} returned lines match no earlier purchase of a known customer: they lower "
            "net revenue, not the value of an order."
        )
    debt = int(found.met_rows[position(BAD_DEBT)])
    raw = summary["raw"]["rows"]
    if raw and debt > 0.02 * raw:
        notes.append(
            f"{debt:,} lines have an order number that begins with A: so many are hardly bad debt. Leave that rule off."
        )
    return notes


@insight(
    "cleaning_rows",
    "The lines behind a cleaning rule",
    definition="The order lines that a rule takes, or that meet it: exactly those counted in the ledger.",
    needs=(ORDERS,),
)
def cleaning_rows(
    view: View, *, rule: str = "cancellations", which: str = "taken", rows: Any = 1_000, offset: Any = 0, **changes: Any
) -> Result:
    """The lines in stored order. Columns: user_id ("" for guests), order_time (ISO, in the dataset's zone), order_id,
    product_id, description, quantity, unit_price, amount, country where the file has them, and for returns purchase
    (order number of the purchase they are taken off, "" = none found). Options: rule (a rule of the ledger, or kept);
    which: taken (by the rule, at its place) or met (whichever rule takes them); rows: 1 to 5,000; offset: the first
    one; the others as for cleaning. summary: total."""
    rules = rules_of(view, changes)
    if rule not in BY_NAME and rule != KEPT:
        raise UserError(
            "unknown_rule", "There is no cleaning rule of that name.", f"There are: {', '.join((*BY_NAME, KEPT))}."
        )
    if which not in ("taken", "met"):
        raise options.bad("which", "taken or met")
    limit, first = options.whole(rows, "rows", 1, MAX_ROWS), options.whole(offset, "offset", 0, 2**40)
    places = taken.places(view, rules, rule, met=which == "met")
    total = sum(len(rows_) for rows_ in places)
    frame = taken.frame_of(view, taken.window(places, first, limit), purchases=rule == "cancellations")
    units = {"quantity": "number", "unit_price": "money", "amount": "money"}
    return Result(
        "cleaning_rows",
        frame,
        units={name: unit for name, unit in units.items() if name in frame},
        summary={"total": total},
        notes=where.ignored(view, TABLE),
        **_read(view),
    )


@insight(
    "price_behaviour",
    "How prices behave",
    definition="Per product: the usual price, and whether it is normal, promotional, changed once, zero or manual, or "
    "complex.",
    needs=(ORDERS,),
)
def price_behaviour(view: View, *, behaviour: str = "", top: Any = 1_000) -> Result:
    """One row per product, by revenue. Columns: product, behaviour, lines, revenue, usual_price, prices (different
    ones), usual_share, below_share, above_share (of the lines), lowest, highest, free_lines, old_price, new_price,
    changed_on (ISO day, "" = not). Options: behaviour (normal, promotional, one-off change, zero or manual, complex);
    top: 1 to 5,000 products. Sales up to the as-of day, guests included; filters play no part. summary: products,
    counts and revenue by behaviour, thresholds."""
    if behaviour and behaviour not in prices.BEHAVIOURS:
        raise UserError(
            "unknown_behaviour",
            "There is no price behaviour of that name.",
            f"There are: {', '.join(prices.BEHAVIOURS)}.",
        )
    limit = options.whole(top, "top", 1, MAX_PRODUCTS)
    table = prices.price_table(view)
    sums = table.groupby("behaviour").agg(products=("product", "size"), revenue=("revenue", "sum"))
    sums = sums.reindex(list(prices.BEHAVIOURS), fill_value=0)
    chosen = table[table["behaviour"] == behaviour] if behaviour else table
    frame = chosen.head(limit).reset_index(drop=True)
    days = frame["changed_on"].to_numpy(np.int64)
    frame["changed_on"] = pd.Series([periods.iso(int(day)) if day >= 0 else "" for day in days], dtype="str")
    summary = {
        "products": len(table),
        "chosen": len(chosen),
        "counts": dict(zip(prices.BEHAVIOURS, sums["products"].astype(int).tolist(), strict=True)),
        "revenue": dict(zip(prices.BEHAVIOURS, sums["revenue"].astype(float).tolist(), strict=True)),
        "thresholds": {"normal": prices.NEARLY_ALL, "usual": prices.MOSTLY, "below": prices.BELOW, "lines": prices.FEW},
    }
    units = {
        **dict.fromkeys(("lines", "prices", "free_lines"), "count"),
        **dict.fromkeys(("revenue", "usual_price", "lowest", "highest", "old_price", "new_price"), "money"),
        **dict.fromkeys(("usual_share", "below_share", "above_share"), "rate"),
    }
    return Result("price_behaviour", frame, units=units, summary=summary, **_read(view))
