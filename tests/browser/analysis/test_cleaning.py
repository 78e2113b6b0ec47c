"""Cleaned data in the browser: accessible in the dark, fits a phone, says what the data cannot tell."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe, sideways

pytestmark = pytest.mark.browser


def test_it_fits_a_phone_in_the_dark_and_says_what_is_missing(view: Callable[..., Page]) -> None:
    page = view("/cleaning", "shop", "show=rows", width=390, height=844, color_scheme="dark")
    assert sideways(page) == 0
    assert axe(page) == []
    expect(page.get_by_text("Cannot be told: the file has no product id.")).to_be_visible()
    other = view("/cleaning", "events")
    expect(other.get_by_text("needs a table of orders").first).to_be_visible()
