"""Learning from time: earlier cut-offs to train on, the last one whose window is over to judge by."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dashboard import schema
from dashboard.customers.churn import activity, calibration, cuts, kernels, quality, tiers, train
from dashboard.customers.churn.activity import Spec
from dashboard.customers.churn.cuts import Cuts, Proposal
from dashboard.customers.churn.learned import Learned, blank, in_order, judged, ranks, too_few, useful, without_leaks
from dashboard.customers.churn.rule import ChurnRule
from dashboard.customers.churn.table import Column, Table, stacked
from dashboard.customers.churn.train import Trained
from dashboard.customers.clv.model import fit_model
from dashboard.customers.rfm_orders import order_book
from dashboard.customers.table import local_days
from dashboard.errors import CannotAnswer, UserError
from dashboard.insights import users
from dashboard.insights.view import View

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

ENDED_WINDOW = 30


@dataclass(frozen=True)
class _Ends:
    """Day of the end of everybody (NaN = not ended by the as-of day), of the start; gone: ended on an unknown day."""

    end: Floats
    start: Floats
    gone: Mask


def from_time(view: View, rule: ChurnRule, basis: str, end: str) -> Learned:
    ends = _ends(view, end) if basis == "ended" else None
    if basis == "silence":
        return _silent(view, rule)
    proposal = cuts.propose(view) if "events" in view.dataset.manifest.tables else None
    window, why = _window(view, rule, basis, proposal)
    if window == 0:
        return _by_rhythm(view, rule, basis, 30, ends, proposal, why)
    at = cuts.cuts_of(view, window)
    if at is None:
        why = f"The data are too short to train and test a window of {window} days."
        return _by_rhythm(view, rule, basis, window, ends, proposal, why)
    spec = activity.spec_of(view, window, at.test, rule.columns)
    rank = ranks(view)
    parts = [_labelled(spec, cut, ends) for cut in at.train]
    table, left, person = in_order(stacked([t for t, _ in parts]), rank, np.concatenate([y for _, y in parts]))
    test, test_left = _labelled(spec, at.test, ends)
    test, test_left, _ = in_order(test, rank, test_left)
    why = too_few(left) or too_few(test_left)
    if rule.model == "rules" and not why:
        why = "Rules were asked for."
    if why:
        return _by_rhythm(view, rule, basis, window, ends, proposal, why)
    table = useful(table, rule)
    table, warnings = without_leaks(table, left, rule)
    if not table.columns:
        return _by_rhythm(view, rule, basis, window, ends, proposal, "Nothing is left that could explain who leaves.")
    test = test.only([c.name for c in table.columns])
    trained = train.train(table.columns, table.X, left, person, rule.model)
    test_p = trained.probability(test.X)
    final, now, p, shift = _final(spec, at, ends, rank, trained, (table, left), (test, test_left), rule)
    made = blank(rule, basis, view, now, float(test_left.mean()), warnings, "")
    made = replace(
        made,
        window=window,
        cuts=at,
        spec=spec,
        proposal=proposal,
        trained=final,
        p=p,
        train_rows=int((~np.isnan(trained.out_of_fold)).sum()),
        train_left=int(left[~np.isnan(trained.out_of_fold)].sum()),
        test_p=test_p,
        test_left=test_left,
        shift=shift,
    )
    return judged(_compared(made, test))


def _window(view: View, rule: ChurnRule, basis: str, proposal: Proposal | None) -> tuple[int, str]:
    """(days of the label window, why there is none)."""
    limit = cuts.longest_window(view)
    if rule.window:
        return rule.window, ""
    usual = ENDED_WINDOW if basis == "ended" or proposal is None else cuts.usual_window(view, proposal)
    usual = min(usual, limit) if basis == "ended" else usual
    days = min(view.last_complete, view.as_of) - view.first_day + 1
    long = "one day" if days == 1 else f"{max(days, 0)} days"
    return usual, "" if usual else f"The data cover {long}: too few to see who stays away."


def _labelled(spec: Spec, cut: int, ends: _Ends | None) -> tuple[Table, Mask]:
    """Everybody at risk at a cut-off whose window is over, with their features, and who left in the window."""
    days = activity.days_at(spec, cut)
    if ends is None:
        row = np.flatnonzero(activity.at_risk(spec, cut, days))
        left = days[row, kernels.AFTER] == 0
    else:
        row = np.flatnonzero(_there(ends, days, cut))
        with np.errstate(invalid="ignore"):
            left = ends.end[row] < cut + spec.window
    return activity.features(spec, cut, row, days), left


def _there(ends: _Ends, days: Floats, cut: int) -> Mask:
    """Known before the cut-off and not ended by then; without a start day everybody is."""
    begun = np.fmin(ends.start, days[:, kernels.FIRST])
    with np.errstate(invalid="ignore"):
        there: Mask = ~(ends.end < cut) & ~ends.gone & ((begun < cut) | np.isnan(ends.start))
    return there


def _ends(view: View, name: str) -> _Ends:
    manifest = view.dataset.manifest
    end = local_days(users.column_of(view, name).astype(np.int64), manifest.time_zone)
    end[end > view.as_of] = np.nan
    start = np.full(len(end), np.nan)
    if manifest.has_column("users", "signup_time"):
        start = local_days(users.column_of(view, "signup_time").astype(np.int64), manifest.time_zone)
    gone = np.zeros(len(end), bool)
    if manifest.has_column("users", "churned"):
        gone = (users.column_of(view, "churned").astype(np.int64) == 1) & np.isnan(end)
        stamps = users.column_of(view, name).astype(np.int64)
        gone &= stamps == schema.NULL_TIME  # an end in the future is known: it has not come yet
    return _Ends(end, start, gone)


def _people_now(spec: Spec, now: int, ends: _Ends | None, rank: Ints) -> Table:
    days = activity.days_at(spec, now)
    mask = activity.at_risk(spec, now, days) if ends is None else _there(ends, days, now)
    table = activity.features(spec, now, np.flatnonzero(mask), days)
    return in_order(table, rank, np.zeros(len(table), bool))[0]


def _final(
    spec: Spec,
    at: Cuts,
    ends: _Ends | None,
    rank: Ints,
    trained: Trained,
    old: tuple[Table, Mask],
    latest: tuple[Table, Mask],
    rule: ChurnRule,
) -> tuple[Trained, Table, Floats, float]:
    """The same kind of model with the latest window as well, and the people at risk today with their probabilities."""
    names = [c.name for c in old[0].columns]
    table, left, person = in_order(stacked([old[0], latest[0]]), rank, np.concatenate([old[1], latest[1]]))
    final = train.again(trained, table.columns, table.X, left, person)
    now = _people_now(spec, at.now, ends, rank).only(names)
    p = final.probability(now.X)
    shift = 0.0
    if rule.recalibrate:
        shift = calibration.shift(final.probability(latest[0].X), latest[1])
        p = calibration.shifted(p, shift)
    return final, now, p, shift


def _compared(made: Learned, test: Table) -> Learned:
    """Other ways on the same people of the test: silence alone, and for shops the purchase model."""
    assert made.cuts is not None and made.spec is not None
    index = {c.name: j for j, c in enumerate(test.columns)}
    found = []
    if "silence" in index:
        roc = quality.areas(np.nan_to_num(test.X[:, index["silence"]]), made.test_left)[0]
        found.append(("Days of silence alone", roc))
    p_now = None
    if made.spec.shop and made.spec.orders and made.basis == "activity":
        try:
            chance = no_order(made.spec, made.cuts.test, test.row)
            found.append(("Purchase model: chance of no order", quality.areas(chance, made.test_left)[0]))
            p_now = no_order(made.spec, made.cuts.now, made.now.row)
        except CannotAnswer:
            p_now = None
    return replace(made, compared=tuple(found), p_no_order=p_now)


def no_order(spec: Spec, cut: int, row: Ints) -> Floats:
    """Chance of no order in the window from the day ``cut`` on, by BG/NBD fitted on the orders before it; NaN for
    people without an order. Raises CannotAnswer with too few customers."""
    book = order_book(spec.view, cut - 1)
    history = book.history()
    mean = float(book.value.sum() / len(book.day)) if len(book.day) else 0.0
    chance = fit_model(history, mean).p_no_purchase(history, spec.window)
    out = np.full(spec.view.dataset.manifest.users, np.nan)
    out[book.row] = chance
    return out[row]


def _by_rhythm(
    view: View, rule: ChurnRule, basis: str, window: int, ends: _Ends | None, proposal: Proposal | None, why: str
) -> Learned:
    """Tiers by silence against people's own rhythm, with what became of such people where a window is over."""
    spec = activity.spec_of(view, window, view.as_of + 1, rule.columns)
    rank = ranks(view)
    now = _people_now(spec, view.as_of + 1, ends, rank)
    test = min(view.last_complete, view.as_of) + 1 - window
    base, found = float("nan"), tiers.measured(np.zeros(0), np.zeros(0, bool))
    if test > view.first_day:
        table, left = _labelled(spec, test, ends)
        if len(table):
            found, base = tiers.measured(table.words["silence"] / table.words["gap"], left), float(left.mean())
    group = tiers.tier_of(now.words["silence"] / now.words["gap"])
    rates = np.array([tier.rate for tier in found])
    made = blank(rule, basis, view, now, base, (), why)
    return replace(made, window=window, spec=spec, proposal=proposal, tiers=found, p=rates[group])


def _silent(view: View, rule: ChurnRule) -> Learned:
    """Only the last activity of each person is known: how long they have been silent, and no rate at all."""
    if rule.model in ("logistic", "boosted"):
        raise UserError("bad_option", "Nothing in these data says who left, so no model can be fitted.", "Use auto.")
    silence = users.recency_days(view)
    row = np.flatnonzero(~np.isnan(silence))
    column = Column("silence", "Recency", "Days since the last activity", "silence")
    table, _, _ = in_order(
        Table((column,), silence[row][:, None], row, {"silence": silence[row]}), ranks(view), np.zeros(len(row), bool)
    )
    why = "Nothing says who left, and each person's last activity alone cannot show who comes back."
    return replace(blank(rule, "silence", view, table, float("nan"), (), why), window=rule.window or 60)
