"""Components are looked at as they were made, also when another test of this process has started the application."""

from __future__ import annotations

import pytest
from dash.development.base_component import Component

from dashboard.web import fold


@pytest.fixture(autouse=True)
def unfolded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Component, "to_plotly_json", fold._written)
