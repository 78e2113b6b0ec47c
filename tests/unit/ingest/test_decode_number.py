"""Numbers: what each shape means, and that the compiled parser and the plain one agree."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dashboard.ingest.decode_codes import joined
from dashboard.ingest.decode_number import number_cells, parse_number


def compiled(texts: list[str], decimal: str, thousands: str):
    data, spans = joined([t.encode() for t in texts])
    values, unsure = np.zeros(len(texts)), np.empty(len(texts), np.int64)
    count = number_cells(data, spans, ord(decimal), ord(thousands) if thousands else -1, values, unsure)
    return values, set(unsure[:count].tolist())


@pytest.mark.parametrize(
    ("text", "decimal", "thousands", "value"),
    [
        ("12", ".", "", 12.0),
        ("-0.5", ".", "", -0.5),
        ("+3", ".", "", 3.0),
        (".5", ".", "", 0.5),
        ("5.", ".", "", 5.0),
        ("1.234,56", ",", ".", 1234.56),
        ("1,234,567.89", ".", ",", 1234567.89),
        ("12,34", ".", ",", None),
        ("1,23", ",", "", 1.23),
        ("$1,200.50", ".", ",", 1200.5),
        ("-$5", ".", "", -5.0),
        ("$-5", ".", "", -5.0),
        ("1 200,50 €", ",", " ", 1200.5),
        ("1\u00a0200", ".", "", 1200.0),
        ("1'200.5", ".", "", 1200.5),
        ("EUR 7", ".", "", 7.0),
        ("(11,062.06)", ".", ",", -11062.06),
        ("5-", ".", "", -5.0),
        ("12%", ".", "", 0.12),
        ("1e3", ".", "", 1000.0),
        ("1.5E-3", ".", "", 0.0015),
        ("−7", ".", "", -7.0),
        ("٣٫٥", ".", "", 3.5),
        ("١٢", ".", "", 12.0),
        ("12 apples", ".", "", None),
        ("1e999", ".", "", None),
        ("1_000", ".", "", None),
        ("inf", ".", "", None),
        ("1.2.3", ".", "", None),
        ("-", ".", "", math.nan),
        ("NA", ".", "", math.nan),
        ("nan", ".", "", math.nan),
        ("", ".", "", math.nan),
        ("12345678901234567890", ".", "", 12345678901234567890.0),
    ],
)
def test_shapes(text: str, decimal: str, thousands: str, value: float | None) -> None:
    found = parse_number(text, decimal, thousands)
    if value is None or math.isnan(value):
        assert found is value or (found is not None and value is not None and math.isnan(found))
    else:
        assert found == value


NUMBERS = st.one_of(
    st.text(alphabet="0123456789.,-+eE '%$()", max_size=24),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9).map(str),
    st.integers(-(10**12), 10**12).map("{:,}".format),
)


@settings(max_examples=800, deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=20), st.sampled_from([(".", ""), (".", ","), (",", "."), (",", "")]))
@example(["0", "-0", "00012", "1,2,3", ",5", "9007199254740993", "1,2345"], (".", ","))
@example(["0,E0", "1.e3", ",E1", "1.,e2"], (",", "."))
def test_where_the_kernel_answers_it_agrees(texts: list[str], signs: tuple[str, str]) -> None:
    texts = [t.strip() for t in texts]
    values, unsure = compiled(texts, *signs)
    for i, text in enumerate(texts):
        if i not in unsure:
            wanted = parse_number(text, *signs)
            assert wanted is not None
            assert values[i] == wanted or (math.isnan(values[i]) and math.isnan(wanted))


def test_the_kernel_answers_the_usual_shapes() -> None:
    usual = ["0", "12.5", "-3.25", "1e3", "1234567.891", "+7", "1,234,567.5"]
    values, unsure = compiled(usual, ".", ",")
    assert not unsure
    assert values.tolist() == [0.0, 12.5, -3.25, 1000.0, 1234567.891, 7.0, 1234567.5]
