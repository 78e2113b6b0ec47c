"""The figures of a test as rows with a name, a value and what it means."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from dashboard.customers.churn.quality import Quality

TEXTS = ("measure", "label", "better", "meaning")
NUMBERS = ("value", "low", "high")
COLUMNS = ["measure", "label", "value", "low", "high", "better", "meaning"]


def frame(q: Quality | None) -> pd.DataFrame:
    """One row per figure; no rows without a test."""
    if q is None:
        texts = {name: pd.Series([], dtype="str") for name in TEXTS}
        return pd.DataFrame({**texts, **{name: pd.Series([], dtype=np.float64) for name in NUMBERS}})[COLUMNS]
    everybody = "nobody leaves" if q.base < 0.5 else "everybody leaves"
    limit = f"At a probability of {q.threshold:.1%}"
    guess = f"Mean precision over all cut-offs; guessing gives {q.base:.3f}."
    ranks = "Chance that somebody who left ranks above one who stayed; 0.5 is guessing."
    lift = "How much more often the tenth with the highest risk leaves than everybody."
    brier = f"Mean squared error of the probabilities; the base rate alone gives {q.brier_base:.4f}."
    slope = "Below 1: probabilities are too extreme; above 1: too timid."
    rows: list[tuple[str, str, float, tuple[float, float] | None, str, str]] = [
        ("roc_auc", "AUC (ROC)", q.roc, q.roc_interval, "higher", ranks),
        ("pr_auc", "AUC (precision–recall)", q.pr, q.pr_interval, "higher", guess),
        ("lift_10", "Lift of the top 10 %", q.lift, None, "higher", lift),
        ("brier", "Brier score", q.brier, None, "lower", brier),
        ("log_loss", "Log-loss", q.log_loss, None, "lower", "Penalty for confident mistakes."),
        ("calibration_intercept", "Calibration in the large", q.intercept, None, "0", "Below 0: too many expected."),
        ("calibration_slope", "Calibration slope", q.slope, None, "1", slope),
        ("base_rate", "Share who left", q.base, None, "", "In the test."),
        ("no_information_rate", "No-information rate", q.no_information, None, "", f"Right by saying {everybody}."),
        ("accuracy", "Accuracy", q.accuracy, None, "higher", f"{limit}; compare it with the no-information rate."),
        ("ppv", "Leavers among the flagged", q.ppv, None, "higher", f"{limit}: positive predictive value."),
        ("sensitivity", "Leavers that are flagged", q.sensitivity, None, "higher", f"{limit}: sensitivity."),
        ("specificity", "Stayers not flagged", q.specificity, None, "higher", f"{limit}: specificity."),
        ("mcc", "Matthews correlation", q.mcc, None, "higher", f"{limit}: 1 is perfect agreement, 0 is chance."),
    ]
    flat = [(m, label, v, *(ends or (math.nan, math.nan)), good, text) for m, label, v, ends, good, text in rows]
    return pd.DataFrame(flat, columns=COLUMNS)
