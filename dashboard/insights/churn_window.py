"""After how many silent days people are gone: the share that comes back, and the window a churn model takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dashboard.customers.churn import activity, cuts
from dashboard.insights import options, where
from dashboard.insights.registry import TIMED, insight
from dashboard.insights.view import View
from dashboard.result import Result


@insight(
    "churn_window",
    "After how many silent days people are gone",
    definition="Share of people who come back after so many days of silence, and the shortest silence that few end.",
    needs=(TIMED,),
)
def churn_window(view: View, *, horizon: Any = 0) -> Result:
    """One row per candidate. Columns: days (int64), back (float64: share of those silent so long that is active again
    within ``horizon`` more days, Kaplan–Meier of own gaps with the open ones; NaN where fewer than 10 were watched so
    long), back_twice (the same within as many days again), watched (int64: gaps that were at least so long), silent
    (int64: people silent so long as of the last complete day), share (of everybody ever active), proposed (bool: the
    window that is used), testable (bool: the data are long enough to train and test a model with it). Option horizon:
    days, 0 = 90 (less for short data). summary: proposed (days), few (days with fewer than 20 % coming back, None where
    none), quantile (days within which 90 % of the gaps end), used (what the churn model takes; 0 = too little data),
    horizon, people, sentence. Filters play no part."""
    more = options.whole(horizon, "horizon", 0, 365)
    bare = activity.unfiltered(view)
    found = cuts.propose(bare, more)
    limit, used = cuts.longest_window(bare), cuts.usual_window(bare, found)
    days = np.array(found.candidates, np.int64)
    frame = pd.DataFrame(
        {
            "days": days,
            "back": found.back,
            "back_twice": found.back_twice,
            "watched": found.at_risk.astype(np.int64),
            "silent": found.silent,
            "share": found.silent / found.people if found.people else np.full(len(days), np.nan),
            "proposed": days == found.window,
            "testable": days <= limit,
        }
    )
    manifest = view.dataset.manifest
    return Result(
        "churn_window",
        frame,
        units={
            "days": "days",
            "back": "rate",
            "back_twice": "rate",
            "watched": "count",
            "silent": "count",
            "share": "rate",
        },
        summary={
            "proposed": found.window,
            "few": found.chosen or None,
            "quantile": found.quantile,
            "used": used,
            "horizon": found.horizon,
            "people": found.people,
            "sentence": _window_sentence(found, used),
        },
        notes=("Pauses that still go on are waited for, not counted as leaving.", *where.ignored(view, None)),
        rows_read=manifest.rows.get("events", 0),
        users_read=manifest.users,
    )


def _window_sentence(found: cuts.Proposal, used: int) -> str:
    if found.chosen:
        text = f"After {found.chosen} silent days fewer than 20 % come back within {found.horizon} days."
    else:
        text = (
            f"After no candidate fewer than 20 % come back within {found.horizon} days; 90 % of the gaps end within "
            f"{found.quantile} days."
        )
    if not used:
        return f"{text} The data are too short to test a churn model."
    if used != found.window:
        text += f" The data can test at most {used} days, so the model takes {used}."
        text += f" {cuts.return_note(found, used)}"
    return text.strip()
