"""Plain pandas analyses that look for what the samples have planted; they share no code with the product."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import betaln, expit, gammaln, hyp2f1
from scipy.stats import chi2_contingency
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

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
        """12-month value SmartTV : Web by Kaplan-Meier (paying: censored at age - 1), and by revenue to date."""
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
        counts = recent["event_time"].dt.day_of_week.value_counts().sort_index()
        return (counts / counts.mean()).to_numpy()


class Shop:
    START = pd.Timestamp("2025-01-01")

    def __init__(self, folder: Path) -> None:
        lines = pd.read_csv(folder / "orders.csv", parse_dates=["order_time"], dtype={"order_id": "str"})
        self.rows = len(lines)
        self.lines = lines.drop_duplicates()
        self.returns = self.lines[self.lines["order_id"].str.startswith("C")]
        sold = self.lines[~self.lines["order_id"].str.startswith("C")]
        value = sold["quantity"] * sold["unit_price"]
        self.orders = (
            sold.assign(value=value)
            .groupby("order_id")
            .agg(customer_id=("customer_id", "first"), time=("order_time", "first"), value=("value", "sum"))
        )
        known = self.orders.dropna(subset="customer_id")
        self.weeks = (known["time"] - self.START) / pd.Timedelta(weeks=1)
        self.customer = known["customer_id"]
        first = self.weeks.groupby(self.customer).min()
        self.cohort = first[first < 26]

    def summary(self) -> pd.DataFrame:
        """Repeat orders x, age at the last one t_x, age T at week 52, and orders in the 26 weeks after."""
        inside = self.customer.isin(self.cohort.index)
        customer, weeks = self.customer[inside], self.weeks[inside]
        early = weeks < 52
        table = pd.DataFrame({"T": 52 - self.cohort})
        table["x"] = customer[early].value_counts().reindex(table.index) - 1
        table["t_x"] = weeks[early].groupby(customer[early]).max().reindex(table.index) - self.cohort
        table["later"] = customer[~early & (weeks < 78)].value_counts().reindex(table.index, fill_value=0)
        return table

    def bg_nbd(self) -> tuple[float, float, float]:
        """r/alpha, a/(a+b) of the BG/NBD model fitted to 52 weeks, and actual over expected orders in the next 26."""
        table = self.summary()
        x, t_x, age = (table[name].to_numpy(dtype=float) for name in ("x", "t_x", "T"))

        def loss(logs: np.ndarray) -> float:
            r, alpha, a, b = np.exp(logs)
            bought = np.where(
                x > 0, np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + t_x), -np.inf
            )
            each = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + gammaln(a + b) + gammaln(b + x) - gammaln(b)
            each -= gammaln(a + b + x)
            return -float(np.sum(each + np.logaddexp(-(r + x) * np.log(alpha + age), bought)))

        r, alpha, a, b = np.exp(minimize(loss, np.zeros(4), method="L-BFGS-B").x)
        alive = expit(
            -(np.log(a) - np.log(b + np.maximum(x, 1) - 1) + (r + x) * (np.log(alpha + age) - np.log(alpha + t_x)))
        )
        alive = np.where(x == 0, 1.0, alive)
        ahead = 26.0
        z = ahead / (alpha + age + ahead)
        power = (1 - z) ** (a - 1)
        expected = (a + b + x - 1) / (a - 1) * (1 - power * hyp2f1(a + b - 1 - r, a - 1, a + b + x - 1, z)) * alive
        return r / alpha, a / (a + b), float(table["later"].sum() / expected.sum())


class Saas:
    def __init__(self, folder: Path) -> None:
        self.users = pd.read_csv(folder / "users.csv", parse_dates=["signup_time"]).set_index("user_id")
        events = pd.read_csv(folder / "events.csv", parse_dates=["event_time"])
        self.rows = len(events)
        self.events = events.drop_duplicates()
        self.payments = pd.read_csv(folder / "payments.csv", parse_dates=["order_time"])
        self.people = pd.read_csv(folder / "answer_people.csv").set_index("user_id")

    def features(self) -> tuple[pd.DataFrame, pd.Series]:
        """Days since last active and active days per week known, of the people whose archetype counts."""
        days = self.events["event_time"].dt.floor("D")
        by_user = days.groupby(self.events["user_id"])
        people = self.people[self.people["counted"]]
        known = (END - self.users["signup_time"]).reindex(people.index) / pd.Timedelta(weeks=1)
        table = pd.DataFrame(
            {
                "recency_days": (END.floor("D") - by_user.max().reindex(people.index)).dt.days.astype(float),
                "active_days": by_user.nunique().reindex(people.index) / known,
            }
        )
        return table, people["archetype"]

    def survival(self, plan: str) -> tuple[float, float]:
        """a, b of the shifted beta-geometric curve by maximum likelihood; running ones are censored at age - 1."""
        paid = self.payments.groupby("user_id").size()
        users = self.users[self.users["plan"] == plan]
        age = paid.reindex(users.index).to_numpy()
        ended = (users["churned"] == "yes").to_numpy()

        def loss(logs: np.ndarray) -> float:
            a, b = np.exp(logs)
            left = betaln(a + 1, b + age - 1) - betaln(a, b)  # renewed age - 1 times, then not
            stays = betaln(a, b + age - 1) - betaln(a, b)
            return -float(np.where(ended, left, stays).sum())

        a, b = np.exp(minimize(loss, np.zeros(2), method="L-BFGS-B").x)
        return float(a), float(b)

    def funnel(self) -> pd.DataFrame:
        """Conversion to create_project within 14 days by platform and half of the year, and in all."""
        created = self.events[self.events["event_name"] == "create_project"].groupby("user_id")["event_time"].min()
        table = self.users[self.users["signup_time"] <= END - pd.Timedelta(days=14)].copy()
        table["done"] = created.reindex(table.index) - table["signup_time"] <= pd.Timedelta(days=14)
        middle = pd.Timestamp("2025-01-01") + (END - pd.Timestamp("2025-01-01")) / 2
        table["half"] = np.where(table["signup_time"] < middle, 0, 1)
        rates = table.pivot_table(index="platform", columns="half", values="done", aggfunc="mean")
        rates.loc["total"] = table.groupby("half")["done"].mean()
        return rates

    def local_weekdays(self) -> tuple[np.ndarray, int]:
        """Weekly index of everyday use and its busiest hour, in the customers' zone."""
        local = self.events["event_time"].dt.tz_localize("UTC").dt.tz_convert("America/Bogota")
        start = pd.Timestamp("2025-03-03", tz="America/Bogota")
        inside = (local >= start) & (local < start + pd.Timedelta(weeks=42))
        use = local[inside & ~self.events["event_name"].isin(["signup", "create_project", "invite_teammate"])]
        counts = use.dt.day_of_week.value_counts().sort_index()
        return (counts / counts.mean()).to_numpy(), int(use.dt.hour.value_counts().idxmax())


class Campaign:
    FEATURES = ("days", "usage_hours", "discounted_orders", "months_known")

    def __init__(self, folder: Path) -> None:
        self.users = pd.read_csv(folder / "users.csv", parse_dates=["last_active"])
        self.offered = (self.users["arm"] == "offer").to_numpy()
        self.renewed = (self.users["renewed"] == "yes").to_numpy()

    def effect(self) -> tuple[float, float, float]:
        """Difference of the renewal rates and its 95 % interval."""
        with_offer, without = self.renewed[self.offered], self.renewed[~self.offered]
        difference = with_offer.mean() - without.mean()
        error = np.sqrt(with_offer.var() / len(with_offer) + without.var() / len(without))
        return float(difference), float(difference - 1.96 * error), float(difference + 1.96 * error)

    def top_fifth(self) -> tuple[float, float]:
        """Effect among the fifth with the largest predicted effect, and among the riskiest fifth (T-learner)."""
        table = self.users.assign(days=(END - self.users["last_active"]).dt.days)
        x = np.log1p(table[list(self.FEATURES)].to_numpy(dtype=float))
        fit, rest = np.arange(len(x)) % 2 == 0, np.arange(len(x)) % 2 == 1
        chance = {}
        for arm in (True, False):
            chosen = fit & (self.offered == arm)
            model = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=8, random_state=0)
            with threadpool_limits(limits=1):  # its threads wait for each other far longer than they work
                chance[arm] = model.fit(x[chosen], self.renewed[chosen]).predict_proba(x[rest])[:, 1]
        found = []
        for score in (chance[True] - chance[False], 1 - chance[False]):
            top = np.flatnonzero(rest)[np.argsort(-score)[: rest.sum() // 5]]
            found.append(self.renewed[top][self.offered[top]].mean() - self.renewed[top][~self.offered[top]].mean())
        return float(found[0]), float(found[1])


def truth(folder: Path) -> dict[str, Any]:
    import json

    found: dict[str, Any] = json.loads((folder / "answer_key.json").read_text(encoding="utf-8"))
    return found
