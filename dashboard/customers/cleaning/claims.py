"""Which rules every order line meets, and which lines revenue, RFM and lifetime value leave out because of them."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dashboard.customers.cleaning import kernels
from dashboard.customers.cleaning.rules import DROP, RULES, Cleaning
from dashboard.insights.memo import Memo
from dashboard.store.dataset import Dataset
from dashboard.store.partition import Partition, Rows

if TYPE_CHECKING:
    from dashboard.insights.view import View

TABLE = "transactions"
STEPS = len(RULES) + 1  # every rule, then "kept"
Bytes = npt.NDArray[np.uint8]
Bits = npt.NDArray[np.uint16]

_bits: Memo[Bits] = Memo(256 << 20, lambda item: int(item.nbytes))
_kept: Memo[Bytes] = Memo(128 << 20, lambda item: int(item.nbytes))


def forget() -> None:
    """Drop what is kept in memory (for measurements)."""
    _bits.clear()
    _kept.clear()


def missing(dataset: Dataset) -> dict[str, str]:
    """The rules that this dataset cannot judge, with the column that is missing."""
    columns = dataset.manifest.columns.get(TABLE, {})
    found = {}
    for rule in RULES:
        info = columns.get(rule.need)
        made = rule.need == "order_id" and info is not None and not info.header  # from person and time, not the file
        if rule.need and (info is None or made or not _usable(dataset, rule.need)):
            found[rule.name] = rule.need
    return found


def _usable(dataset: Dataset, name: str) -> bool:
    text = name in ("order_id", "product_id")
    return (dataset.manifest.columns[TABLE][name].type == "number") != text


def rules_met(dataset: Dataset, partition: Partition, codes: tuple[str, ...]) -> Bits:
    """uint16[n_rows]: bit r is set where the line meets rule r of ``rules.RULES``. codes: of services."""
    key = (dataset.id, dataset.version, dataset.manifest.content_hash, partition.index, codes)
    return _bits.get(key, lambda: _rules_met(dataset, partition, codes))


def _rules_met(dataset: Dataset, partition: Partition, codes: tuple[str, ...]) -> Bits:
    lines = partition.table(TABLE)
    assert lines is not None  # callers need the table and have checked
    lacking = set(missing(dataset).values())
    out = np.empty(lines.n_rows, np.uint16)
    order, product = (_codes_of(lines, name, lacking) for name in ("order_id", "product_id"))
    kernels.rules_met(
        lines.day,
        lines.n_known,
        equal_to_previous(lines),
        lines.column("amount"),
        numbers(lines, "quantity"),
        numbers(lines, "unit_price"),
        order,
        _order_marks(dataset) if len(order) else np.zeros(0, np.uint8),
        product,
        service_marks(dataset, codes) if len(product) else np.zeros(0, np.uint8),
        out,
    )
    out.flags.writeable = False
    return out


def equal_to_previous(lines: Rows) -> Bytes:
    """uint8[n_rows]: 1 where a line equals the one before in person, time and every other stored column. Equal lines
    are neighbours, because a table is sorted by its values."""
    same = np.ones(lines.n_rows, np.uint8)
    if not lines.n_rows:
        return same
    for name in lines.names:
        values = lines.column(name)
        equal = values[1:] == values[:-1]
        if values.dtype == np.float64:
            equal |= np.isnan(values[1:]) & np.isnan(values[:-1])
        same[1:] &= equal
    starts = lines.offsets[lines.offsets < lines.n_rows]
    same[0] = 0
    same[starts] = 0
    return same


def numbers(lines: Rows, name: str) -> npt.NDArray[np.float64]:
    """A column of numbers, empty where the file has none."""
    if lines.has(name) and lines.column(name).dtype == np.float64:
        column: npt.NDArray[np.float64] = lines.column(name)
        return column
    return _nothing(np.float64)


def _codes_of(lines: Rows, name: str, lacking: set[str]) -> npt.NDArray[np.int32]:
    found: npt.NDArray[np.int32] = lines.column(name) if name not in lacking and lines.has(name) else _nothing(np.int32)
    return found


def _nothing(kind: Any) -> npt.NDArray[Any]:
    array = np.zeros(0, kind)
    array.flags.writeable = False  # as stored columns are: kernels are compiled for read-only input
    return array


def _order_marks(dataset: Dataset) -> Bytes:
    """uint8 by code: order numbers that are a letter (C, A) and digits."""
    marks = {"C": kernels.CREDIT, "A": kernels.DEBT}
    texts = dataset.dictionary("order_id")
    found = (marks.get(str(text)[:1].upper(), 0) if str(text)[1:].isdigit() else 0 for text in texts)
    return np.fromiter(found, np.uint8, len(texts))


def service_marks(dataset: Dataset, codes: tuple[str, ...]) -> Bytes:
    """uint8 by code of ``product_id``: the codes of the list, whole and in any case of letters; never a part of one."""
    wanted = set(codes)
    texts = dataset.dictionary("product_id")
    return np.fromiter((" ".join(str(text).split()).upper() in wanted for text in texts), np.uint8, len(texts))


def steps(cleaning: Cleaning, lacking: dict[str, str]) -> Bytes:
    """uint8 by bits: the first rule in force among them, ``len(RULES)`` = kept."""
    table = np.full(1 << len(RULES), len(RULES), np.uint8)
    for number, rule in reversed(list(enumerate(RULES))):
        if cleaning.claims(rule.name) and rule.name not in lacking:
            table[(np.arange(len(table)) >> number) & 1 == 1] = number
    return table


def kept_lines(view: View, partition: Partition) -> Bytes:
    """uint8[n_rows]: 0 for order lines that the rules of the dataset leave out of revenue; length 0 when they leave out
    none that carries money, which is so by default."""
    if not view.cleaning.drops or partition.table(TABLE) is None:
        return EVERYTHING
    key: Hashable = (view.scope, partition.index)
    return _kept.get(key, lambda: _kept_lines(view, partition))


def _kept_lines(view: View, partition: Partition) -> Bytes:
    cleaning = view.cleaning
    step = steps(cleaning, missing(view.dataset))
    stays = np.array([not (rule.money and cleaning.treatment(rule.name) == DROP) for rule in RULES] + [True], np.uint8)
    kept = stays[step[rules_met(view.dataset, partition, cleaning.codes)]]
    kept.flags.writeable = False
    return kept


EVERYTHING: Bytes = _nothing(np.uint8)


def dropped(view: View) -> int:
    """How many order lines the rules leave out of revenue."""
    kept = (kept_lines(view, partition) for partition in view.dataset.partitions)
    return sum(int(len(mask) - np.count_nonzero(mask)) for mask in kept)


def sold_lines(view: View, partition: Partition) -> Bytes:
    """uint8[n_rows]: 1 for lines that sell something (amount, quantity and price above 0 where the file has them) and
    that the rules keep."""
    lines = partition.table(TABLE)
    assert lines is not None  # callers need the table and have checked
    sold = lines.column("amount") > 0
    for name in ("quantity", "unit_price"):
        values = numbers(lines, name)
        sold &= values > 0 if len(values) else True
    kept = kept_lines(view, partition)
    return (sold & kept.astype(bool) if len(kept) else sold).astype(np.uint8)


def purchases_of_returns(view: View, partition: Partition) -> npt.NDArray[np.int64]:
    """int64[n_rows]: the line of the purchase a return belongs to, -1 where there is none, -2 for other lines (see
    :func:`kernels.pair_returns`)."""
    lines = partition.table(TABLE)
    assert lines is not None  # callers need the table and have checked
    match = np.empty(lines.n_rows, np.int64)
    product = lines.column("product_id") if lines.has("product_id") else _nothing(np.int32)
    kernels.pair_returns(
        lines.offsets,
        lines.day,
        sold_lines(view, partition),
        lines.column("amount"),
        numbers(lines, "quantity"),
        numbers(lines, "unit_price"),
        product if product.dtype == np.int32 else _nothing(np.int32),
        match,
    )
    return match
