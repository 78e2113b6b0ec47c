"""Cleaning against plain Python, through the store: ledger, pairing, prices; and the rules as data."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from dashboard import service
from dashboard.customers.cleaning import stored, taken
from dashboard.customers.cleaning.rules import DEFAULT, RULES, SWITCHES, Cleaning, aliases_of, codes_of
from dashboard.errors import CannotAnswer, UserError
from dashboard.filters import Filters
from dashboard.insights.view import View, view_of
from dashboard.service import cleaning, data
from dashboard.store.dataset import Dataset
from tests.store_builder import build_dataset

WHOLE = Filters(range="all")
START = dt.date(2024, 1, 1)
KEEP_REPEATED = {"duplicates": (("transactions", "keep"),)}
Line = dict[str, Any]


def line(
    user: str | None, day: int | None, order: str, quantity: float, price: float | None, product: str | None = "p"
) -> Line:
    when = None if day is None else f"{START + dt.timedelta(days=day)} 10:00"
    return {
        "user_id": user,
        "order_time": when,
        "order_id": order,
        "product_id": product,
        "quantity": quantity,
        "unit_price": price,
    }


def shop(folder: Path, lines: list[Line], partitions: int = 2) -> Dataset:
    return build_dataset(folder, transactions=lines, partitions=partitions, **KEEP_REPEATED)


def met(item: Line, repeated: bool) -> set[str]:
    """The rules a line meets, by their definitions."""
    found = set()
    q, p = item["quantity"], item["unit_price"]
    amount = None if p is None else q * p
    if item["order_time"] is None:
        found.add("no_date")
    if repeated:
        found.add("duplicates")
    if item["order_id"][0] == "A":
        found.add("bad_debt")
    returned = amount is not None and amount < 0 and q < 0
    if returned or (item["order_id"][0] == "C" and (q < 0 or (amount or 0) < 0)):
        found.add("cancellations")
    if item["user_id"] is None and q < 0 and p == 0:
        found.add("write_offs")
    if not amount:
        found.add("zero_prices")
    elif not returned and not (amount > 0 and q > 0 and p is not None and p > 0):
        found.add("adjustments")
    if item["product_id"] in ("POST", "post"):
        found.add("service_codes")
    if item["user_id"] is None:
        found.add("guests")
    return found


def plain(lines: list[Line], rules: Cleaning) -> list[str]:
    """Which step takes each line; equal lines after the first are repeated."""
    seen: Counter[tuple[Any, ...]] = Counter()
    out = []
    for item in lines:
        key = tuple(item.values())
        seen[key] += 1
        its = met(item, seen[key] > 1)
        out.append(next((rule.name for rule in RULES if rules.claims(rule.name) and rule.name in its), "kept"))
    return out


any_lines = st.lists(
    st.builds(
        line,
        st.sampled_from(["a", "b", "c", None]),
        st.sampled_from([0, 1, 1, 2, None]),
        st.sampled_from(["1", "2", "C3", "A4"]),
        st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.0]),
        st.sampled_from([-1.0, 0.0, 1.5, 2.0, None]),
        st.sampled_from(["p", "POST", "post", "POSTCARD", None]),
    ),
    min_size=1,
    max_size=30,
)
any_rules = st.builds(
    Cleaning, **{rule.name: st.sampled_from(rule.treatments) for rule in RULES if rule.name in SWITCHES}
)


@given(any_lines, any_rules)
@effort(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_ledger_is_the_definition(data_dir: Path, lines: list[Line], rules: Cleaning) -> None:
    dataset = shop(data_dir, [line("z", 5, "9", 1, 7.0), *lines])
    everything = [line("z", 5, "9", 1, 7.0), *lines]
    steps = plain(everything, rules)
    changes = {name: rules.treatment(name) for name in SWITCHES}
    found = service.insight("cleaning", dataset.id, WHOLE, **changes)
    frame = found.frame.set_index("rule")
    counts, money = Counter(steps), Counter()
    for step, item in zip(steps, everything, strict=True):
        money[step] += 0.0 if item["unit_price"] is None else item["quantity"] * item["unit_price"]
    last: dict[str, int] = {}
    order = [*(rule.name for rule in RULES), "kept"]
    for step, item in zip(steps, everything, strict=True):
        if item["user_id"] is not None:
            last[item["user_id"]] = max(last.get(item["user_id"], 0), order.index(step))
    customers = Counter(order[step] for step in last.values())
    for at, rule in enumerate(RULES):
        row = frame.loc[rule.name]
        assert row["rows"] == counts[rule.name]
        assert row["revenue"] == pytest.approx(money[rule.name])
        assert row["customers"] == customers[rule.name]
        assert row["kept_rows"] == sum(counts[name] for name in order[at + 1 :])
        assert row["kept_customers"] == sum(customers[name] for name in order[at + 1 :])
        which = service.insight("cleaning_rows", dataset.id, WHOLE, rule=rule.name, **changes)
        assert len(which.frame) == which.summary["total"] == counts[rule.name]
    kept = found.summary["kept"]
    assert (kept["rows"], kept["customers"]) == (counts["kept"], customers["kept"])
    assert found.summary["raw"]["rows"] == len(everything)


@given(any_lines, any_rules, st.randoms(use_true_random=False))
@effort(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_order_of_lines_and_partitions_change_nothing(
    data_dir: Path, lines: list[Line], rules: Cleaning, chance: random.Random
) -> None:
    lines = [line("z", 5, "9", 1, 7.0), *lines]
    shuffled = chance.sample(lines, len(lines))
    changes = {name: rules.treatment(name) for name in SWITCHES}
    ledgers = [
        service.insight("cleaning", shop(data_dir, items, partitions).id, WHOLE, **changes)
        for items, partitions in ((lines, 1), (shuffled, 3))
    ]
    one, other = (item.frame.drop(columns=["revenue", "kept_revenue", "met_revenue"]) for item in ledgers)
    assert one.equals(other)
    assert ledgers[0].frame["revenue"].tolist() == pytest.approx(ledgers[1].frame["revenue"].tolist())


def pairs(lines: list[Line]) -> dict[str, str]:
    """Order of the purchase per return, by the definition. Lines of one person have different days."""
    sold: list[Line] = []
    found = {}
    for item in sorted(lines, key=lambda one: str(one["order_time"])):
        if item["user_id"] is None:
            continue
        if item["quantity"] > 0:
            sold.append({**item, "left": item["quantity"]})
            continue
        wanted = -item["quantity"]
        same = ("user_id", "product_id")
        fits = [s for s in reversed(sold) if all(s[k] == item[k] for k in same) and s["left"] >= wanted]
        fits.sort(key=lambda s: (s["unit_price"] != item["unit_price"], s["left"] != wanted))
        if fits:
            fits[0]["left"] -= wanted
            found[item["order_id"]] = fits[0]["order_id"]
    return found


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", None]),
            st.sampled_from([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0]),
            st.sampled_from([1.5, 2.0]),
            st.sampled_from(["p", "q"]),
        ),
        min_size=1,
        max_size=20,
    )
)
@effort(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pairing_is_the_definition(data_dir: Path, rows: list[tuple[Any, ...]]) -> None:
    lines = [
        line(user, day, f"{day}", quantity, price, product) for day, (user, quantity, price, product) in enumerate(rows)
    ]
    dataset = shop(data_dir, lines)
    wanted = pairs(lines)
    found = service.insight("cleaning", dataset.id, WHOLE).summary
    listed = service.insight("cleaning_rows", dataset.id, WHOLE, rule="cancellations").frame
    assert {row.order_id: row.purchase for row in listed.itertuples() if row.purchase} == wanted
    returns = [item for item in lines if item["quantity"] < 0]
    assert (found["paired_rows"], found["unpaired_rows"]) == (len(wanted), len(returns) - len(wanted))
    total = sum(item["quantity"] * item["unit_price"] for item in returns)
    assert found["paired_revenue"] + found["unpaired_revenue"] == pytest.approx(total)


def test_a_return_at_the_same_price_is_found_first(data_dir: Path) -> None:
    lines = [line("a", 0, "1", 2, 5.0), line("a", 1, "2", 1, 4.0), line("a", 2, "C3", -1, 5.0)]
    found = service.insight("cleaning_rows", shop(data_dir, lines).id, WHOLE, rule="cancellations").frame
    assert found["purchase"].tolist() == ["1"]


def test_a_dropped_purchase_takes_no_return(data_dir: Path) -> None:
    lines = [line("a", 0, "A1", 1, 5.0), line("a", 1, "C2", -1, 5.0), line("a", 2, "3", 1, 1.0)]
    dataset = shop(data_dir, lines)
    assert service.insight("cleaning", dataset.id, WHOLE).summary["paired_rows"] == 1
    cleaning.treat(dataset.id, {"bad_debt": "drop"})
    assert service.insight("cleaning", dataset.id, WHOLE).summary["paired_rows"] == 0


def test_rules_are_data_and_come_back(data_dir: Path) -> None:
    later = line("z", 3, "9", 1, 0.0)  # the last day is not over and plays no part
    dataset = shop(data_dir, [line("a", 0, "1", 1, 5.0), line("b", 1, "2", 1, 3.0, "POST"), later])
    rules = Cleaning(duplicates="drop", codes=("post", " x  y ", ""), aliases=(("EIRE", "Ireland"),))
    assert (rules.codes, Cleaning.from_json(rules.to_json())) == (("POST", "X Y"), rules)
    assert DEFAULT.key == "" != rules.key
    stored.keep(dataset.id, rules)
    assert stored.cleaning_of(dataset.id) == rules == seen(dataset).cleaning
    assert cleaning.treat(dataset.id, {"service_codes": "drop", "no_date": "drop", "nothing": "x"})
    assert service.insight("revenue", dataset.id, WHOLE).summary["net"] == 5.0
    assert cleaning.rules(dataset.id).undo == 2
    assert cleaning.undo(dataset.id) and stored.cleaning_of(dataset.id) == rules
    assert service.insight("revenue", dataset.id, WHOLE).summary["net"] == 8.0
    assert cleaning.undo(dataset.id) and not cleaning.undo(dataset.id)
    assert not cleaning.rules(dataset.id).changed
    assert not cleaning.treat(dataset.id, {"guests": "apart"})


def seen(dataset: Dataset) -> View:
    return view_of(dataset, WHOLE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"duplicates": "net"},
        {"guests": "keep"},
        {"unknown": 1},
        {"codes": "POST"},
        {"codes": [1]},
        {"codes": ["x" * 300]},
        {"codes": [str(n) for n in range(600)]},
        {"aliases": [["a"]]},
        {"aliases": [["a", "b"], ["a", "c"]]},
        {"aliases": [["a", "b"], ["b", "c"]]},
        {"aliases": [["a", ""]]},
        [],
    ],
)
def test_rules_that_make_no_sense_are_refused_in_words(wrong: Any) -> None:
    with pytest.raises(UserError) as refused:
        Cleaning.from_json(wrong)
    assert refused.value.code == "bad_cleaning" and refused.value.hint


def test_lists_as_people_type_them() -> None:
    assert codes_of("post, DOT;\n m \r\nPost") == ("DOT", "M", "POST")
    assert aliases_of("EIRE = Ireland\n\nUK=United Kingdom\nSpain = Spain") == (
        ("EIRE", "Ireland"),
        ("UK", "United Kingdom"),
    )
    with pytest.raises(UserError, match="is written as"):
        aliases_of("EIRE Ireland")


def test_what_a_file_cannot_say_is_said(data_dir: Path) -> None:
    amounts = [{"user_id": "a", "order_time": f"2024-01-0{day}", "amount": 5.0 - 4 * day} for day in (1, 2, 3)]
    dataset = build_dataset(data_dir, transactions=amounts, **KEEP_REPEATED)
    found = service.insight("cleaning", dataset.id, WHOLE, bad_debt="drop", service_codes="drop")
    missing = {row.rule: row.missing for row in found.frame.itertuples() if row.missing}
    assert missing == {"bad_debt": "order_id", "write_offs": "quantity", "service_codes": "product_id"}
    assert sum("cannot be told" in note for note in found.notes) == 3
    assert found.frame.set_index("rule").loc["cancellations", "rows"] == 2
    with pytest.raises(CannotAnswer) as refused:
        service.insight("price_behaviour", dataset.id, WHOLE)
    assert refused.value.missing == ("transactions.product_id",)
    events = build_dataset(data_dir, events=[{"user_id": "a", "event_time": "2024-01-01", "event_name": "x"}])
    with pytest.raises(CannotAnswer):
        service.insight("cleaning", events.id, WHOLE)
    for options in ({"rule": "nothing"}, {"which": "some"}, {"sleep": "drop"}):
        with pytest.raises(UserError):
            service.insight("cleaning_rows", dataset.id, WHOLE, **options)


def prices(rows: list[tuple[float, int]], product: str, day: int = 0) -> list[Line]:
    """Lines of one product: (price, how many), in the order of days."""
    found, day_ = [], day
    for price, count in rows:
        for _ in range(count):
            found.append(line(f"u{day_ % 7}", day_, f"{product}{day_}", 1, price, product))
            day_ += 1
    return found


def test_how_prices_behave(data_dir: Path) -> None:
    lines = [
        *prices([(5.0, 96), (4.0, 4)], "steady"),
        *prices([(5.0, 30), (4.0, 8), (5.0, 30), (6.0, 2), (3.0, 10)], "sale"),
        *prices([(5.0, 30), (6.0, 40)], "raised"),
        *prices([(5.0, 20), (6.0, 20), (5.0, 20), (7.0, 15)], "many"),
        *prices([(5.0, 4), (0.0, 4)], "gift"),
        *prices([(5.0, 60)], "POST"),
        *prices([(5.0, 2), (6.0, 2)], "rare"),
    ]
    dataset = shop(data_dir, lines, partitions=3)
    found = service.insight("price_behaviour", dataset.id, WHOLE)
    table = found.frame.set_index("product")
    assert table["behaviour"].to_dict() == {
        "steady": "normal",
        "sale": "promotional",
        "raised": "one-off change",
        "many": "complex",
        "gift": "zero or manual",
        "POST": "zero or manual",
        "rare": "complex",
    }
    raised = table.loc["raised"]
    assert (raised["old_price"], raised["new_price"], raised["changed_on"]) == (5.0, 6.0, "2024-01-31")
    assert (table.loc["sale", "usual_price"], table.loc["sale", "prices"]) == (5.0, 4)
    assert table.loc["sale", "below_share"] == pytest.approx(18 / 80)
    assert table.loc["sale", "above_share"] == pytest.approx(2 / 80)
    assert table.loc["gift", "free_lines"] == 4
    assert found.summary["counts"]["complex"] == 2
    assert len(service.insight("price_behaviour", dataset.id, WHOLE, behaviour="complex").frame) == 2
    with pytest.raises(UserError):
        service.insight("price_behaviour", dataset.id, WHOLE, behaviour="odd")


def test_the_file_of_a_rule_has_its_lines(data_dir: Path) -> None:
    lines = [line("=x", 0, "1", 1, 5.0), line(None, 1, "2", 1, 3.0), line("a", 2, "C3", -1, 5.0)]
    dataset = shop(data_dir, lines)
    for rule, which, count in (("kept", "taken", 1), ("guests", "taken", 1), ("no_date", "met", 0)):
        made = data.export("cleaning", f"?dataset={dataset.id}&rule={rule}&which={which}")
        text = b"".join(made.chunks).decode()
        assert len(text.splitlines()) == count + 1
        assert text.startswith('"user_id","order_time","order_id"')
    assert '"\'=x"' in b"".join(data.export("cleaning", f"?dataset={dataset.id}&rule=kept").chunks).decode()
    with pytest.raises(UserError):
        data.export("cleaning", f"?dataset={dataset.id}&rule=nothing")
    everything = b"".join(data.export("prices", f"?dataset={dataset.id}").chunks).decode()
    assert len(everything.splitlines()) == 2
    assert taken.COLUMNS[0] == "user_id"
