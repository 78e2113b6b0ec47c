"""How long a silence means that somebody has left, and the cut-off days a model is trained and tested on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboard.customers.churn import kernels
from dashboard.engine.run import run
from dashboard.insights.active_days import active_days
from dashboard.insights.view import View
from dashboard.statistics.survival import MIN_AT_RISK, kaplan_meier
from dashboard.store.partition import Partition

Floats = npt.NDArray[np.float64]

CANDIDATES = (7, 14, 30, 45, 60, 90, 120, 180, 270, 365)
FEW_RETURN = 0.20
HORIZON = 90
SHORTEST, LONGEST = 7, 180  # limits of the 90 % quantile of own gaps
HISTORY = 2  # label windows that must lie before the earliest cut-off
TRAIN_CUTS = 3
PARTS = HISTORY + 2  # of the data's length: history, one window to train on, one to test on


@dataclass(frozen=True)
class Proposal:
    """candidates: days; back: share that comes back within ``horizon`` more days after so many silent days (NaN where
    fewer than 10 were seen so long); back_twice: within as many days again; silent, people: whom each marks today, of
    everybody ever active. chosen: the smallest with fewer than 20 %, 0 = none. quantile: days within which 90 % of the
    gaps end, clipped to 7 .. 180; window: chosen, or else the quantile."""

    candidates: tuple[int, ...]
    back: Floats
    back_twice: Floats
    at_risk: Floats
    silent: npt.NDArray[np.int64]
    people: int
    horizon: int
    chosen: int
    quantile: int

    @property
    def window(self) -> int:
        return self.chosen or self.quantile


def observed_gaps(view: View) -> tuple[Floats, npt.NDArray[np.bool_], Floats]:
    """(length of every gap between active days up to the last complete day, whether it ended, open gaps alone)."""
    until = min(view.last_complete, view.as_of)

    def read(partition: Partition) -> tuple[Floats, npt.NDArray[np.bool_]]:
        days = active_days(view, partition, ())
        length, closed = np.empty(len(days.day)), np.empty(len(days.day), np.uint8)
        n = kernels.gaps_of(days.offsets, days.day, until, length, closed)
        return length[:n].copy(), closed[:n].astype(bool)

    parts = run(view.dataset, read, list)
    length, closed = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
    return length, closed, length[~closed]


def propose(view: View, horizon: int = 0) -> Proposal:
    """From Kaplan–Meier of the gaps, the open ones still waited for. view: without filters. horizon: days in which
    somebody may come back; 0 = 90, less for short data."""
    length, closed, still = observed_gaps(view)
    span = max(min(view.last_complete, view.as_of) - view.first_day + 1, 1)
    within = horizon or max(SHORTEST, min(HORIZON, span // 3))
    curve = kaplan_meier(length, closed)
    longest = np.sort(length)

    def watched(days: int) -> int:
        return len(longest) - int(np.searchsorted(longest, days, side="right"))

    def returning(silent: int, more: int) -> float:
        """NaN where too few were watched until then, unless nobody was left to come back before that."""
        there, end = curve.at(silent), curve.at(silent + more)
        few = watched(silent) < MIN_AT_RISK or (watched(silent + more) < MIN_AT_RISK and end > 0)
        return float("nan") if few or there <= 0 else 1 - end / there

    seen = np.array([watched(days) for days in CANDIDATES], np.float64)
    back = np.array([returning(days, within) for days in CANDIDATES])
    twice = np.array([returning(days, days) for days in CANDIDATES])
    chosen = next((d for d, share in zip(CANDIDATES, back, strict=True) if share < FEW_RETURN), 0)
    reached = np.flatnonzero(curve.survival <= 0.1)
    ended = length[closed]
    by_curve = float(curve.times[reached[0]]) if reached.size else float("inf")
    by_gaps = float(np.quantile(ended, 0.9)) if len(ended) else float(LONGEST)
    quantile = int(np.clip(by_curve if np.isfinite(by_curve) else by_gaps, SHORTEST, LONGEST))
    silent = np.array([int((still >= days).sum()) for days in CANDIDATES], np.int64)
    return Proposal(CANDIDATES, back, twice, seen, silent, len(still), within, chosen, quantile)


@dataclass(frozen=True)
class Cuts:
    """Days: features come from before a cut-off, labels from the ``window`` days from it on. train: ascending, their
    windows end by ``test``; test: the last whose window is over; now: the day after the as-of day."""

    window: int
    train: tuple[int, ...]
    test: int
    now: int


def longest_window(view: View) -> int:
    """The longest label window for which the data hold a test, a training cut-off and a history."""
    return max(min(view.last_complete, view.as_of) - view.first_day + 1, 0) // PARTS


def cuts_of(view: View, window: int) -> Cuts | None:
    """The cut-offs; None where the data are too short."""
    last = min(view.last_complete, view.as_of)
    test = last + 1 - window
    earliest = view.first_day + HISTORY * window
    train = [test - k * window for k in range(1, TRAIN_CUTS + 1) if test - k * window >= earliest]
    if not train:
        return None
    return Cuts(window, tuple(sorted(train)), test, view.as_of + 1)


def usual_window(view: View, proposal: Proposal) -> int:
    """The proposed window, or the longest candidate that the data can test; 0 where they can test none."""
    limit = longest_window(view)
    if proposal.window <= limit:
        return proposal.window
    return max((days for days in CANDIDATES if days <= limit), default=0)


def return_note(found: Proposal, window: int) -> str:
    """What a silence of that long does not mean, where many come back; "" otherwise."""
    if window not in found.candidates:
        return ""
    share = float(found.back[found.candidates.index(window)])
    if not share >= FEW_RETURN:
        return ""
    return (
        f"{share:.1%} of those silent for {window} days come back within {found.horizon} more days: this is the chance "
        "of a pause that long, not of leaving for good."
    )
