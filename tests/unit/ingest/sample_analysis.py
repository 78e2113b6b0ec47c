"""Plain pandas analyses that look for what the samples have planted; they share no code with the product."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency

END = pd.Timestamp("2025-12-31 15:00")


class Streaming:
    def __init__(self, folder: Path) -> None:
        self.users = pd.read_csv(folder / "users.csv", parse_dates=["signup_time"]).set_index("user_id")
        events = pd.read_csv(folder / "events.csv", parse_dates=["event_time"])
        self.rows = len(events)
        self.events = events.drop_duplicates()
        self.payments = pd.read_csv(folder / "payments.csv", parse_dates=["order_time"])
        self.age = self.events["event_time"] - self.events["user_id"].map(self.users["signup_time"])
        self.plays = self.events["event_name"] == "play"

    def within(self, mask: pd.Series, first_hours: float, last_hours: float) -> pd.Series:
        """Number of such events per user between two ages (last exclusive)."""
        hours = self.age / pd.Timedelta(hours=1)
        chosen = self.events[mask & (hours >= first_hours) & (hours < last_hours)]
        return chosen.groupby("user_id").size().reindex(self.users.index, fill_value=0)

    def aha(self) -> pd.DataFrame:
        """hi, retained per user observed for 37 days."""
        hours = self.age / pd.Timedelta(hours=1)
        first_day = self.events[self.plays & (hours < 24)]
        kinds = first_day.groupby("user_id")["category"].nunique().reindex(self.users.index, fill_value=0)
        table = pd.DataFrame({"hi": kinds >= 3, "retained": self.within(self.plays, 30 * 24, 37 * 24) > 0})
        return table[self.users["signup_time"] <= END - pd.Timedelta(days=37)]

    def risk_ratio(self) -> float:
        rates = self.aha().groupby("hi")["retained"].mean()
        return float(rates[True] / rates[False])

    def early_sign(self) -> tuple[float, float]:
        """Accuracy of "fewer than 5 plays in 72 h means not there on day 7", and the base rate."""
        observed = self.users["signup_time"] <= END - pd.Timedelta(days=8)
        few = (self.within(self.plays, 0, 72) < 5)[observed]
        gone = (self.within(self.plays, 7 * 24, 8 * 24) == 0)[observed]
        return float((few == gone).mean()), float(gone.mean())

    def decoy(self) -> tuple[float, float]:
        """Crude odds ratio of the decoy for retention, and the Mantel-Haenszel one within the aha groups."""
        table = self.aha()
        did = (self.within(self.events["event_name"] == "rate_title", 0, 24) > 0).reindex(table.index)
        top = bottom = 0.0
        for _, group in table.groupby("hi"):
            cells = pd.crosstab(did.reindex(group.index), group["retained"]).to_numpy()
            top += cells[1, 1] * cells[0, 0] / len(group)
            bottom += cells[1, 0] * cells[0, 1] / len(group)
        cells = pd.crosstab(did, table["retained"]).to_numpy()
        return float(cells[1, 1] * cells[0, 0] / (cells[1, 0] * cells[0, 1])), top / bottom

    def null_findings(self, names: list[str]) -> int:
        """How many of the meaningless events survive Benjamini-Hochberg at 5 %, at 1 to 4 occurrences in 3 days."""
        table = self.aha()
        hours = self.age / pd.Timedelta(hours=1)
        early = self.events[self.events["event_name"].isin(names) & (hours < 72)]
        counts = (
            early.groupby(["user_id", "event_name"]).size().unstack(fill_value=0).reindex(table.index, fill_value=0)
        )
        p = np.sort(
            [
                chi2_contingency(pd.crosstab(counts[name] >= times, table["retained"]), correction=False).pvalue
                for name in names
                for times in (1, 2, 3, 4)
            ]
        )
        passed = np.flatnonzero(p <= 0.05 * np.arange(1, len(p) + 1) / len(p))
        return int(passed.max() + 1) if passed.size else 0

    def value_ratio(self) -> tuple[float, float]:
        """12-month value SmartTV : Web by Kaplan-Meier (who still pays is censored at age - 1), and by revenue to date."""
        paid = self.payments.groupby("user_id").agg(age=("amount", "size"), revenue=("amount", "sum"))
        paid = paid.join(self.users[["platform", "signup_time"]])
        possible = (END - paid["signup_time"] - pd.Timedelta(days=1)) // pd.Timedelta(days=30) + 1
        paid["ended"] = paid["age"] < possible
        value, naive = {}, {}
        for platform, price in (("SmartTV", 12), ("Web", 8)):
            group = paid[paid["platform"] == platform]
            time = np.where(group["ended"], group["age"], group["age"] - 1)
            alive, total = 1.0, 0.0
            for month in range(1, 13):
                total += alive
                at_risk = (time >= month).sum()
                alive *= 1 - ((time == month) & group["ended"]).sum() / max(at_risk, 1)
            value[platform], naive[platform] = price * total, group["revenue"].mean()
        return value["SmartTV"] / value["Web"], naive["SmartTV"] / naive["Web"]

    def weekly_index(self) -> np.ndarray:
        """Plays per weekday in the season's last half, when churn and growth move little within a week."""
        recent = self.events[
            self.plays & (self.events["event_time"] >= "2025-04-07") & (self.events["event_time"] < "2025-12-29")
        ]
        counts = recent["event_time"].dt.dayofweek.value_counts().sort_index()
        return (counts / counts.mean()).to_numpy()


def truth(folder: Path) -> dict[str, Any]:
    import json

    found: dict[str, Any] = json.loads((folder / "answer_key.json").read_text(encoding="utf-8"))
    return found
