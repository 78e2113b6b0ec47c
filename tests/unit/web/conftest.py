"""The application without a worker, asked through Flask's test client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dash import Dash
from flask.testing import FlaskClient

from dashboard.web.app import create_app


@pytest.fixture(scope="session")
def app() -> Dash:
    return create_app()


@pytest.fixture
def client(app: Dash, data_dir: Path) -> Iterator[FlaskClient]:
    """Requests of a page of our own, with an empty data directory."""
    with app.server.test_client() as made:
        yield made
