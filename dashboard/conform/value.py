"""Cases of RFM and customer value."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dashboard.conform.case import Case, day
from dashboard.conform.runner import adapter
from dashboard.customers.clv import bgnbd, gamma_gamma, pareto_nbd
from dashboard.customers.clv.fit import Fit
from dashboard.customers.clv.history import History, history
from dashboard.customers.rfm_map import SCORES, SegmentMap
from dashboard.customers.rfm_orders import OrderBook, order_book, week_of
from dashboard.customers.rfm_read import rfm_table
from dashboard.customers.rfm_rule import RfmRule
from dashboard.errors import UserError
from dashboard.insights.rfm import ids_of
from dashboard.insights.view import View


def _book(case: Case, names: tuple[str, ...], last: int) -> tuple[View, OrderBook]:
    view = replace(case.view(last, last), as_of=last)
    return view, order_book(view, names=names)


def _last_day(case: Case) -> int:
    last = case.stored.manifest.last_day
    return last if last is not None else 0


def _nobody_orders(case: Case) -> bool:
    """Whether no event is an order. People are told so; a case expects the numbers of nobody."""
    return case.stored.code("event_name", case.settings["order_event"]) < 0


@adapter("rfm")
def rfm_case(case: Case) -> dict[str, Any]:
    wanted = case.settings
    if wanted["scoring"] != "quantile_ties_equal":
        raise UserError("unknown_scoring", "There is no scoring of that name.", "It is called quantile_ties_equal.")
    if _nobody_orders(case):
        return {"customers": {}}
    view = case.view(_last_day(case), _last_day(case))
    rule = RfmRule(scoring="quantile", bins=int(wanted["bins"]), order_events=(wanted["order_event"],))
    table = rfm_table(view, rule, SegmentMap())
    scored = table.scored
    return {
        "customers": {
            str(user): {
                "recency_days": int(scored.recency_days[i]),
                "frequency": int(scored.frequency[i]),
                "monetary": float(scored.monetary[i]),
                **{letter: int(getattr(scored, letter)[i]) for letter in ("R", "F", "M")},
                "code": str(scored.code[i]),
            }
            for i, user in enumerate(ids_of(view, table.row))
        }
    }


@adapter("segment_map")
def segment_map_case(case: Case) -> dict[str, Any]:
    """Every code asked one by one and all together, with and without money in the grid's column."""
    segments = SegmentMap()
    codes = [(r, f, m) for r in SCORES for f in SCORES for m in SCORES]
    found: dict[tuple[int, int, int], set[str]] = {code: {segments.name_of(code[0], code[1])} for code in codes}
    scores = np.array(codes, np.int8)
    for code, index in zip(codes, segments.classify(scores[:, 0], scores[:, 1]), strict=True):
        found[code].add(segments.names[index])
    return {
        "codes_without_segment": sum(not any(names) for names in found.values()),
        "codes_with_several_segments": sum(len(names) > 1 for names in found.values()),
    }


@adapter("customer_summary")
def customer_summary_case(case: Case) -> dict[str, Any]:
    end = day(case.settings["observation_end"])
    names = tuple(sorted({event["event_name"] for event in case.events}))
    if not names:
        return {"customers": {}}
    view, book = _book(case, names, end)
    found = book.history(end, case.settings["period"])
    return {
        "customers": {
            str(user): {
                "frequency": int(found.x[i]),
                "recency": int(found.t_x[i]),
                "T": int(found.T[i]),
                "monetary": float(found.zbar[i]),
            }
            for i, user in enumerate(ids_of(view, book.row))
        }
    }


@adapter("historic_clv")
def historic_clv_case(case: Case) -> dict[str, Any]:
    orders, gross, net = 0, 0.0, 0.0
    if not _nobody_orders(case):
        _, book = _book(case, (case.settings["order_event"],), _last_day(case))
        orders, gross, net = int(book.order_count.sum()), float(book.gross_total.sum()), float(book.net.sum())
    elif case.events:
        others = tuple(sorted({event["event_name"] for event in case.events}))
        net = float(_book(case, others, _last_day(case))[1].net.sum())
    return {
        "net_revenue": net,
        "historic_clv": net * float(case.settings["margin"]),
        "orders": orders,
        "average_order_value": gross / orders if orders else None,
    }


def _values(case: Case, model: Any, names: tuple[str, ...]) -> list[float]:
    parameters = tuple(float(case.settings["parameters"][name]) for name in names)
    out = []
    for item in case.settings["items"]:
        what = item.get("what", "p_alive")
        past = tuple(float(item[name]) for name in ("frequency", "recency", "T") if name in item)
        if what == "p_alive":
            found = model.p_alive(parameters, *past)
        elif what == "probability_of_zero":
            found = model.p_zero(parameters, float(item["t"]))
        elif what in ("expected_purchases", "conditional_expected_purchases"):
            found = model.expected_purchases(parameters, [float(item["t"])], *past)
        else:
            raise UserError("unknown_question", "The model is not asked for a number of that name.", "Correct “what”.")
        out.append(float(np.asarray(found).item()))
    return out


@adapter("bgnbd")
def bgnbd_case(case: Case) -> dict[str, Any]:
    return {"values": _values(case, bgnbd, bgnbd.NAMES)}


@adapter("pareto_nbd")
def pareto_nbd_case(case: Case) -> dict[str, Any]:
    return {"values": _values(case, pareto_nbd, pareto_nbd.NAMES)}


@adapter("gamma_gamma")
def gamma_gamma_case(case: Case) -> dict[str, Any]:
    parameters = tuple(float(case.settings["parameters"][name]) for name in gamma_gamma.NAMES)
    x, zbar = ([float(item[name]) for item in case.settings["items"]] for name in ("frequency", "monetary"))
    return {"values": gamma_gamma.expected_value(parameters, x, zbar).tolist()}


@adapter("bgnbd_fit")
def bgnbd_fit_case(case: Case) -> dict[str, Any]:
    customers = _dataset(case)
    return {"customers": len(customers), "parameters": _parameters(bgnbd.fit(customers))}


@adapter("gamma_gamma_fit")
def gamma_gamma_fit_case(case: Case) -> dict[str, Any]:
    found = gamma_gamma.fit(_dataset(case))
    return {"customers": found.n, "parameters": _parameters(found)}


def _parameters(fit: Fit) -> dict[str, float]:
    return dict(zip(fit.names, fit.parameters, strict=True))


def _dataset(case: Case) -> History:
    """The summary (frequency, recency, T in weeks) or the raw sample (customer, sample id, yyyymmdd, items, value)."""
    path = _below(case, case.dataset)
    with path.open(encoding="utf-8") as stream:
        header = stream.readline()
    if "frequency" in header:
        frame = pd.read_csv(path)
        return history(frame["frequency"], frame["recency"], frame["T"])
    frame = pd.read_csv(path, sep=r"\s+", header=None, names=["customer", "sample", "day", "items", "value"], dtype=str)
    stamps = pd.to_datetime(frame["day"], format="%Y%m%d").to_numpy().astype("datetime64[D]").astype(np.int64)
    end = day(case.settings["observation_end"])
    lines = pd.DataFrame({"customer": frame["sample"], "day": stamps, "value": frame["value"].astype(float)})
    return sample_history(lines, end, case.settings.get("period", "day"))


def sample_history(lines: pd.DataFrame, end: int, period: str = "day") -> History:
    """Histories from purchases (customer, day, value) up to ``end``, ages in weeks; one customer-period is one
    purchase."""
    known = lines[lines["day"] <= end]
    time = known["day"] if period == "day" else pd.Series(week_of(known["day"].to_numpy()), index=known.index)
    unit = 7.0 if period == "day" else 1.0
    last = end if period == "day" else int(week_of(end))
    totals = known["value"].groupby([known["customer"], time.rename("time")]).sum().reset_index()
    by = totals.groupby("customer")
    first = by["time"].min()
    again = totals[totals["time"] > totals["customer"].map(first)].groupby("customer")["value"].mean()
    x = by.size() - 1
    return history(x, (by["time"].max() - first) / unit, (last - first) / unit, again.reindex(x.index).fillna(0.0))


def _below(case: Case, name: str) -> Path:
    """The file of a case, named from the folder above that of the case file."""
    root = case.folder.resolve().parent
    path = (root / name).resolve()
    if path.is_relative_to(root) and path.is_file():
        return path
    raise UserError(
        "no_dataset", f"The data {Path(name).name} of this case cannot be found.", "Put it beside the cases."
    )
