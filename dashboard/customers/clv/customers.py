"""Every customer of a dataset with history, prediction, rhythm and what must be said about them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboard.customers.clv import guards
from dashboard.customers.clv.backtest import Backtest, backtest
from dashboard.customers.clv.guards import Guard
from dashboard.customers.clv.history import History, Pooled, pooled
from dashboard.customers.clv.model import Model, fit_model
from dashboard.customers.clv.value import Prediction, Rhythm, predict, rhythm, tiers
from dashboard.customers.clv.value_rule import ValueRule
from dashboard.customers.rfm_orders import OrderBook, order_book
from dashboard.errors import CannotAnswer, UserError
from dashboard.insights.memo import Memo
from dashboard.insights.view import View

Floats = npt.NDArray[np.float64]
MIN_DAYS = 60  # shorter data cannot be split into a part to fit and a part to test
_FIT_SHARE = 2 / 3


@dataclass(frozen=True)
class ValueTable:
    """One entry per customer, in the order of ``book``. historic: net revenue times margin, to date. tier: 0 low, 1
    medium, 2 high. unlikely: predicted far above the best past year. guards: of the model and of this prediction.
    """

    book: OrderBook
    history: History
    model: Model
    prediction: Prediction
    rhythm: Rhythm
    historic: Floats
    tier: npt.NDArray[np.int8]
    unlikely: npt.NDArray[np.bool_]
    guards: tuple[Guard, ...]

    def __len__(self) -> int:
        return len(self.book)


@dataclass(frozen=True)
class _Fitted:
    """What no setting of a value changes: margin, horizon and discount ask the same model."""

    book: OrderBook
    history: History
    rows: Pooled
    model: Model
    best_year: Floats


_models: Memo[_Fitted] = Memo(512 << 20, lambda item: 200 * len(item.book) + 1_000)
_memo: Memo[ValueTable] = Memo(512 << 20, lambda table: 150 * len(table) + 1_000)
_tests: Memo[Backtest] = Memo(4 << 20, lambda _: 10_000)


def value_table(view: View, rule: ValueRule) -> ValueTable:
    """Everybody with an order up to the view's as-of day; filters play no part. Raises CannotAnswer without orders or
    with too few customers."""
    return _memo.get((view.scope, view.as_of, rule), lambda: _value_table(view, rule))


def _value_table(view: View, rule: ValueRule) -> ValueTable:
    names = rule.order_events
    found = _models.get((view.scope, view.as_of, names), lambda: _fitted(view, names))
    book, customers, model = found.book, found.history, found.model
    prediction = predict(model, customers, rule, found.rows)
    unlikely = guards.above_best_year(prediction.clv, found.best_year, rule.margin, rule.months / 12)
    checks = (
        *model.guards,
        guards.season(int(book.first_day.min()), book.as_of, rule.months),
        guards.implausible(unlikely),
    )
    return ValueTable(
        book=book,
        history=customers,
        model=model,
        prediction=prediction,
        rhythm=rhythm(customers, book.last_day, book.as_of, model.mean_gap),
        historic=rule.margin * book.net,
        tier=tiers(prediction.clv, rule),
        unlikely=unlikely,
        guards=checks,
    )


def _fitted(view: View, names: tuple[str, ...]) -> _Fitted:
    book = order_book(view, names=names)
    customers = book.history()
    rows = pooled(customers)
    return _Fitted(book, customers, rows, fit_model(customers, _mean_order(book), rows), book.best_year())


def _mean_order(book: OrderBook) -> float:
    return float(book.value.sum() / len(book.day)) if len(book.day) else 0.0


def split_day(book: OrderBook) -> int:
    """Last day of the first two thirds of the data."""
    first = int(book.first_day.min()) if len(book) else book.as_of
    return first + int((book.as_of - first + 1) * _FIT_SHARE) - 1


def backtest_of(
    view: View, names: tuple[str, ...], split: int | None = None, *, check: bool = True
) -> tuple[Backtest, int]:
    """(the test, its split day): fitted on the orders up to the split, compared with those after it. What came back
    after the split is not known at the split. check: also fit the second model, which takes much longer.

    Raises CannotAnswer for data shorter than 60 days, UserError for a split outside them.
    """
    whole = order_book(view, names=names)
    first = int(whole.first_day.min()) if len(whole) else whole.as_of
    if whole.as_of - first + 1 < MIN_DAYS:
        raise CannotAnswer(
            f"The orders cover {whole.as_of - first + 1} days; a test of the prediction needs at least {MIN_DAYS}.",
            hint="Add older orders.",
        )
    day = split_day(whole) if split is None else split
    if not first < day < whole.as_of:
        raise UserError("bad_option", "The split is not inside the data.", "Choose a day between first and last order.")
    key = (view.scope, view.as_of, names, day, check)
    return _tests.get(key, lambda: _backtest(view, whole, names, day, check)), day


def _backtest(view: View, whole: OrderBook, names: tuple[str, ...], day: int, check: bool) -> Backtest:
    early = order_book(view, day, names)
    later = whole.day > day
    at = np.searchsorted(whole.row, early.row)
    actual = whole.total(later.astype(np.float64))[at]
    actual_value = whole.total(np.where(later, whole.value, 0.0))[at]
    past = early.total(early.value)
    return backtest(early.history(), float(whole.as_of - day), actual, actual_value, past, check=check)
