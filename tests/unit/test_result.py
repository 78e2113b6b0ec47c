"""A result survives its trip through the cache, with everything that explains it."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.result import Kpi, LeftOut, Result, from_bytes

RESULT = Result(
    name="revenue",
    frame=pd.DataFrame(
        {
            "period": ["2024-01-01", "2024-01-02"],
            "net": [1.5, np.nan],
            "orders": np.array([1, 0], np.int64),
            "complete": [True, False],
        }
    ),
    units={"net": "money"},
    summary={"value": 1.5, "previous": None, "kpis": [{"key": "ü"}]},
    query={"where": {"plan": ["Pro", ""]}},
    dataset="abc",
    version="3",
    time_zone="Europe/Berlin",
    as_of="2024-01-02",
    rows_read=10,
    users_read=4,
    left_out=(LeftOut("guests", 2, "order lines without a customer"),),
    notes=("One.", "Two – ü."),
    computed_at="2024-01-03T00:00:00+00:00",
    seconds=0.01,
)


def test_bytes_and_back() -> None:
    again = from_bytes(RESULT.to_bytes())
    pd.testing.assert_frame_equal(again.frame, RESULT.frame)
    for name in RESULT.__dict__.keys() - {"frame"}:
        assert getattr(again, name) == getattr(RESULT, name), name


def test_an_empty_frame_survives() -> None:
    frame = pd.DataFrame({"user_id": pd.Series([], dtype=object)})
    again = from_bytes(Result("active_people", frame).to_bytes())
    assert list(again.frame.columns) == ["user_id"] and len(again.frame) == 0


@pytest.mark.parametrize("data", [b"", b"{}", b"ARROW1", RESULT.to_bytes()[:50]])
def test_what_is_no_result_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        from_bytes(data)


def test_a_foreign_arrow_table_is_refused() -> None:
    import io

    import pyarrow as pa

    sink = io.BytesIO()
    table = pa.table({"a": [1]})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(ValueError):
        from_bytes(sink.getvalue())


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)), max_size=5))
def test_a_card_survives_json(values: list[float | None]) -> None:
    card = Kpi(
        "dau", "DAU", "D.", "f", "count", None, 1.0, spark=tuple(values), spark_labels=("2024-01-01",) * len(values)
    )
    assert Kpi.from_json(json.loads(json.dumps(card.__dict__))) == card
