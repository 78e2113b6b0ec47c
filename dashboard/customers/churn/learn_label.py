"""Learning from the file's own label: it says who has left, but not when."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dashboard.customers.churn import activity, kernels, leaks, train, user_columns
from dashboard.customers.churn.leaks import Warning
from dashboard.customers.churn.learned import Learned, blank, in_order, judged, ranks, too_few, useful, without_leaks
from dashboard.customers.churn.rule import ChurnRule
from dashboard.customers.churn.table import Table
from dashboard.insights import users
from dashboard.insights.view import View

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def from_label(view: View, rule: ChurnRule) -> Learned:
    X, columns, skipped = user_columns.snapshot_columns(view, None, rule.exclude)
    told = users.column_of(view, "churned").astype(np.int64)
    rank = ranks(view)
    everybody = Table(columns, X, np.arange(len(told), dtype=np.int64), _rhythm(view))
    everybody, _, _ = in_order(everybody, rank, told == 1)
    told = told[everybody.row]
    known, left = told >= 0, told == 1
    warnings = [
        Warning("skipped", f"“{user_columns.header(view, s.name)}” is not used: {s.reason}.", s.name) for s in skipped
    ]
    table = useful(everybody, rule)
    now = np.flatnonzero(told != 1)
    base = float(left[known].mean()) if known.any() else float("nan")
    reason = too_few(left[known]) or ("" if table.columns else "There is no column that could explain who leaves.")
    if rule.model == "rules" and not reason:
        reason = "Rules were asked for."
    if not reason:
        honest, leaky = without_leaks(table.take(known), left[known], rule)
        table = table.only([column.name for column in honest.columns])
        warnings += [*leaky, *leaks.window_warnings(table.columns)]
        reason = "" if table.columns else "Every column that is left tells by itself who left."
    start = blank(rule, "churned", view, table.take(now), base, tuple(warnings), reason)
    if reason:
        return start
    person = rank[everybody.row]
    rows = np.flatnonzero(known)
    trained = train.train(table.columns, table.X[rows], left[rows], person[rows], rule.model)
    held = ~np.isnan(trained.out_of_fold)
    test_p, test_left = trained.out_of_fold[held], left[rows][held]
    made = replace(
        start,
        trained=trained,
        p=trained.probability(table.X[now]),
        train_rows=int(held.sum()),
        train_left=int(test_left.sum()),
        test_p=test_p,
        test_left=test_left,
    )
    return judged(made)


def _rhythm(view: View) -> dict[str, Floats]:
    """Silence and usual gap of everybody where there is activity over time. For lists only, never a feature: who has
    left is silent because of it."""
    if "events" not in view.dataset.manifest.tables:
        return {}
    cut = view.as_of + 1
    days = activity.days_at(activity.spec_of(view, 1, cut), cut)
    return {"silence": cut - 1 - days[:, kernels.LAST], "gap": activity.own_gap(days)}
