"""What the import page draws again and what it leaves alone."""

from __future__ import annotations

from typing import Any

import pytest
from dash import Dash, no_update

from dashboard.service import wizard
from tests.unit.service.test_wizard_service import ORDERS, USERS, arrived, work

FILES, JOINS, FORM, BAR, SIGNATURE = 0, 1, 2, 3, 8


@pytest.mark.usefixtures("data_dir")
def test_choices_stay_when_a_comparison_ends(app: Dash, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has chosen “replace” while ids are compared must not import by “append”."""
    import pages.import_ as page

    search = "?uploads=" + ".".join((arrived(ORDERS), arrived(USERS, "users.csv")))

    def show(signature: Any, joining: str) -> tuple[Any, ...]:
        monkeypatch.setattr(wizard, "joins", lambda *_: ([], joining))
        return page.show(search, 0, signature, "/import")

    begun = show(None, "")
    assert begun[FORM] == []  # nothing could be read yet
    work()
    read = show(begun[SIGNATURE], "running")
    assert read[FILES] is not no_update and read[FORM] and read[BAR]
    compared = show(read[SIGNATURE], "done")
    assert compared[JOINS] is not no_update
    assert compared[FILES] is no_update and compared[FORM] is no_update
    assert show(compared[SIGNATURE], "done")[SIGNATURE] is no_update
