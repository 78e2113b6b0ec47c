"""The dataset select of the frame: a choice changes the address, and what nobody chose never does."""

from __future__ import annotations

import pytest
from dash import no_update

from dashboard.web.shell import search_with_dataset


@pytest.mark.parametrize("dataset", ["", None, "aaaaaaaaaaaa"])
def test_what_the_frame_put_there_is_no_choice(dataset: str | None) -> None:
    """Also when an import ends meanwhile and another dataset would be shown now."""
    assert search_with_dataset(dataset, "aaaaaaaaaaaa", "?job=1&uploads=2") is no_update


def test_a_choice_takes_the_dates_along_and_leaves_the_filters() -> None:
    found = search_with_dataset("bbbbbbbbbbbb", "aaaaaaaaaaaa", "?dataset=aaaaaaaaaaaa&range=7d&where.country=DE&job=1")
    assert found == "?dataset=bbbbbbbbbbbb&range=7d"
