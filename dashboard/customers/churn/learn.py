"""From a dataset to a tested churn model and the people it is about.

Three kinds of leaving. *activity*: nothing in the window after a cut-off day. *ended*: an end date in that window. Both
are trained on earlier cut-offs whose windows end by the test cut-off and judged on the last one. *churned*: the file
says who has left but not when; judged by people left out of the training, five times in turn.
"""

from __future__ import annotations

import time
from dataclasses import replace

from dashboard.customers.churn import activity, user_columns
from dashboard.customers.churn.learn_label import from_label
from dashboard.customers.churn.learn_time import from_time
from dashboard.customers.churn.learned import Learned
from dashboard.customers.churn.rule import ChurnRule
from dashboard.errors import CannotAnswer
from dashboard.insights.memo import Memo
from dashboard.insights.view import View

END_NAMES = (
    *("churn_date", "churned_at", "churn_time", "cancel_date", "cancelled_at", "canceled_at", "cancellation_date"),
    *("end_date", "ended_at", "subscription_end", "subscription_end_date", "contract_end", "left_at"),
)

_memo: Memo[Learned] = Memo(512 << 20, lambda item: 3 * item.now.X.nbytes + 10_000)


def forget() -> None:
    """Drop what is kept in memory (for measurements)."""
    _memo.clear()


def learned(view: View, rule: ChurnRule) -> Learned:
    """The model of a view's data and day, made once. Raises CannotAnswer where nothing tells who is about to leave."""
    bare = activity.unfiltered(view)
    return _memo.get((view.scope, view.as_of, rule), lambda: _learn(bare, rule))


def _learn(view: View, rule: ChurnRule) -> Learned:
    started = time.perf_counter()
    user_columns.check_names(view, (*rule.columns, *rule.exclude, *rule.keep))
    basis, end = basis_of(view, rule)
    made = from_label(view, rule) if basis == "churned" else from_time(view, rule, basis, end)
    return replace(made, seconds=round(time.perf_counter() - started, 3))


def basis_of(view: View, rule: ChurnRule) -> tuple[str, str]:
    """("activity" | "ended" | "churned" | "silence", the column with the end date). The file's own word wins."""
    manifest = view.dataset.manifest
    columns = manifest.columns.get("users", {})
    dated = [name for name in columns if columns[name].type == "time" and columns[name].header]
    if rule.end and rule.end not in dated:
        raise CannotAnswer(f"The users have no date “{rule.end}”.", (rule.end,), "Choose a column with dates.")
    end = rule.end or next((name for name in END_NAMES if name in dated), "")
    has = {
        "ended": bool(end) and view.dated,
        "churned": manifest.has_column("users", "churned"),
        "activity": "events" in manifest.tables,
    }
    if rule.label != "auto":
        if not has[rule.label]:
            needs = {"ended": "a date on which each user left", "churned": "a column that says who left"}
            raise CannotAnswer(
                f"This needs {needs.get(rule.label, 'a table with times')}; this data has none.",
                (rule.label,),
                "Map the column or add the file.",
            )
        return rule.label, end if rule.label == "ended" else ""
    for basis in ("ended", "churned", "activity"):
        if has[basis]:
            return basis, end if basis == "ended" else ""
    if manifest.has_column("users", "last_active_time"):
        return "silence", ""
    raise CannotAnswer(
        "Churn needs to know who left: a column that says so, an end date, or activity over time.",
        ("users.churned", "events"),
        "Map the column that says who left, or add an event log or orders.",
    )
