"""How the price of every product behaves: normal, promotional, changed once, zero or set by hand, or complex.

Definition (definitions section 7: the usual price of a product is its mode). Over the lines that sell something:

* **usual price**: the price most lines have; of equally frequent ones the higher.
* **zero or manual**: the code is in the list of services, or half of the product's lines or more have price 0 or none.
* **normal**: 95 % of the lines or more have the usual price.
* **one-off change**: two prices together have 95 % of the lines or more, at least 5 % each, and every line at one of
  them is on an earlier day than, or the same day as, every line at the other: the price changed, once, for good.
* **promotional**: 60 % of the lines or more have the usual price, and of the others 80 % or more are below it.
* **complex**: everything else, such as prices by quantity or two channels with prices of their own.

A product with fewer than 5 lines sold says nothing about its price and counts as normal when it has one price, else as
complex.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.customers.cleaning import claims, price_kernels
from dashboard.customers.cleaning.claims import numbers
from dashboard.engine.run import run
from dashboard.errors import CannotAnswer
from dashboard.store.partition import Partition, Rows

if TYPE_CHECKING:
    from dashboard.insights.view import View

NORMAL, PROMOTIONAL, ONE_OFF, MANUAL, COMPLEX = (
    *("normal", "promotional", "one-off change"),
    *("zero or manual", "complex"),
)
BEHAVIOURS = (NORMAL, PROMOTIONAL, ONE_OFF, MANUAL, COMPLEX)
NEARLY_ALL, MOSTLY, BELOW, HALF, FEW = 0.95, 0.6, 0.8, 0.5, 5
UNIT = 10_000  # prices are told apart to the ten-thousandth
_START = 1 << 14


@dataclass(frozen=True)
class _Levels:
    """One entry per (product, price) of a partition, and the lines without money per product."""

    product: npt.NDArray[np.int32]
    price: npt.NDArray[np.int64]
    lines: npt.NDArray[np.int64]
    revenue: npt.NDArray[np.float64]
    first: npt.NDArray[np.int32]
    last: npt.NDArray[np.int32]
    free: npt.NDArray[np.int64]


def price_table(view: View) -> pd.DataFrame:
    """One row per product that was ever sold or given away, by revenue, largest first.

    Columns: product, behaviour, lines (that sell), revenue, usual_price, prices (different ones), usual_share,
    below_share, above_share (of the lines sold; NaN without any), lowest, highest, free_lines, old_price, new_price
    and changed_on (day number of the first line at the new price; -1) of a one-off change, else NaN.
    Raises CannotAnswer without product codes, or without a price.
    """
    _check(view)
    parts = run(view.dataset, lambda partition: _partition(view, partition), list)
    free = np.sum(np.stack([part.free for part in parts]), axis=0)
    columns = ("product", "price", "lines", "revenue", "first", "last")
    levels = pd.DataFrame({name: np.concatenate([getattr(part, name) for part in parts]) for name in columns})
    levels = levels.groupby(["product", "price"], as_index=False).agg(
        {"lines": "sum", "revenue": "sum", "first": "min", "last": "max"}
    )
    return _classified(view, levels, free)


def _check(view: View) -> None:
    columns = view.dataset.manifest.columns.get(claims.TABLE, {})
    if "product_id" in claims.missing(view.dataset).values():
        raise CannotAnswer(
            "How prices behave needs a product code per order line; this data has none.",
            ("transactions.product_id",),
            "Map the column with the product code when importing.",
        )
    if not any(name in columns and columns[name].type == "number" for name in ("unit_price", "quantity")):
        raise CannotAnswer(
            "How prices behave needs the price of one piece, or the quantity beside the amount; this data has neither.",
            ("transactions.unit_price",),
            "Map the column with the unit price or the quantity when importing.",
        )


def _partition(view: View, partition: Partition) -> _Levels:
    lines = partition.table(claims.TABLE)
    assert lines is not None  # callers need the table and have checked
    amount, product = lines.column("amount"), lines.column("product_id")
    sold = claims.sold_lines(view, partition)
    price = _prices(lines)
    size = _START
    while True:
        keys, price_key = np.full(size, -1, np.int32), np.zeros(size, np.int64)
        counts, money = np.zeros(size, np.int64), np.zeros(size)
        first, last = np.zeros(size, np.int32), np.zeros(size, np.int32)
        used = price_kernels.price_levels(
            *(product, price, amount, lines.day, sold, view.as_of),
            *(keys, price_key, counts, money, first, last),
        )
        if used >= 0:
            break
        size *= 4
    free = np.zeros(view.dataset.manifest.dictionaries["product_id"], np.int64)
    nothing = (np.nan_to_num(amount) == 0).astype(np.uint8)
    price_kernels.free_lines(product, nothing, lines.day, view.as_of, free)
    at = np.flatnonzero(keys >= 0)
    return _Levels(keys[at], price_key[at], counts[at], money[at], first[at], last[at], free)


def _prices(lines: Rows) -> npt.NDArray[np.int64]:
    """Price of a piece in ten-thousandths; 0 where it is not known."""
    price, quantity = numbers(lines, "unit_price"), numbers(lines, "quantity")
    if not len(price):
        with np.errstate(divide="ignore", invalid="ignore"):
            price = lines.column("amount") / quantity
    limit = 2**62 / UNIT
    price = np.where(np.isfinite(price) & (np.abs(price) < limit), price, 0.0)
    return np.rint(price * UNIT).astype(np.int64)


def _classified(view: View, levels: pd.DataFrame, free: npt.NDArray[np.int64]) -> pd.DataFrame:
    texts = view.dataset.dictionary("product_id")
    ranked = levels.sort_values(["product", "lines", "price"], ascending=[True, False, False], ignore_index=True)
    groups = ranked.groupby("product", sort=True)
    usual, second = groups.nth(0).set_index("product"), groups.nth(1).set_index("product")
    out = groups.agg(lines=("lines", "sum"), revenue=("revenue", "sum"), prices=("price", "size"))
    out["lowest"], out["highest"] = groups["price"].min(), groups["price"].max()
    out["usual_price"], out["usual"] = usual["price"], usual["lines"]
    mode = ranked["product"].map(usual["price"])
    below = ranked["lines"].where(ranked["price"] < mode, 0).groupby(ranked["product"]).sum()
    out["below"] = below
    out["above"] = out["lines"] - out["usual"] - out["below"]
    other = second.reindex(out.index)
    ends, starts = usual["last"].reindex(out.index), usual["first"].reindex(out.index)
    fell, rose = other["last"] <= starts, ends <= other["first"]
    two = (out["usual"] + other["lines"]) / out["lines"]
    change = (two >= NEARLY_ALL) & (other["lines"] / out["lines"] >= 1 - NEARLY_ALL) & (fell | rose)
    out = out.reindex(out.index.union(pd.Index(np.flatnonzero(free))))
    out["free_lines"] = free[out.index]
    service = claims.service_marks(view.dataset, view.cleaning.codes)[out.index].astype(bool)
    out["behaviour"] = _behaviour(out, change.reindex(out.index, fill_value=False), service)
    once = out["behaviour"] == ONE_OFF
    later = other["last"].reindex(out.index) <= starts.reindex(out.index)  # the usual price is the later one
    now, then = out["usual_price"], other["price"].reindex(out.index)
    out["old_price"], out["new_price"] = np.where(later, then, now), np.where(later, now, then)
    since = np.where(later, starts.reindex(out.index), other["first"].reindex(out.index))
    out["changed_on"] = np.where(once, np.nan_to_num(since, nan=-1), -1).astype(np.int64)
    out.loc[~once, ["old_price", "new_price"]] = np.nan
    for name in ("usual_price", "lowest", "highest", "old_price", "new_price"):
        out[name] = out[name] / UNIT
    for name in ("usual", "below", "above"):
        out[f"{name}_share"] = out[name] / out["lines"]
    for name in ("lines", "prices"):
        out[name] = out[name].fillna(0).astype(np.int64)
    out["revenue"] = out["revenue"].fillna(0.0)
    out["product"] = pd.Series([str(texts[code]) for code in out.index], index=out.index, dtype="str")
    names = ["product", "behaviour", "lines", "revenue", "usual_price", "prices", "usual_share", "below_share"]
    names += ["above_share", "lowest", "highest", "free_lines", "old_price", "new_price", "changed_on"]
    found = out[names].reset_index(drop=True)
    return found.sort_values(["revenue", "product"], ascending=[False, True], ignore_index=True)


def _behaviour(out: pd.DataFrame, change: pd.Series, service: npt.NDArray[np.bool_]) -> pd.Series:
    sold = out["lines"].fillna(0)
    usual, others = out["usual"] / sold.where(sold > 0), (sold - out["usual"]).where(lambda n: n > 0)
    found = np.select(
        [
            service | (out["free_lines"] >= HALF * (out["free_lines"] + sold)),
            (usual >= NEARLY_ALL) | (out["prices"] == 1),
            (sold >= FEW) & change.astype(bool),
            (sold >= FEW) & (usual >= MOSTLY) & (out["below"] / others >= BELOW),
        ],
        [MANUAL, NORMAL, ONE_OFF, PROMOTIONAL],
        COMPLEX,
    )
    return pd.Series(found, index=out.index, dtype="str")
