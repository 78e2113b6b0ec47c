"""How we count: the published cases run live and pass."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe, sideways

pytestmark = pytest.mark.browser


def test_cases_run_live_and_name_their_sources(view: Callable[..., Page]) -> None:
    page = view("/how-we-count", "events")
    assert axe(page) == []
    page.get_by_role("button", name="Check now: Retention").click()
    topic = page.get_by_role("region", name="Retention", exact=True)
    expect(topic.get_by_text("15 passed, 0 failed")).to_be_visible(timeout=120_000)
    topic.get_by_text("passed, 0 failed").click()
    expect(topic.locator(".conform-case")).to_have_count(15)
    expect(topic.get_by_text("PostHog/posthog").first).to_be_attached()


def test_dark_and_on_a_phone(view: Callable[..., Page]) -> None:
    page = view("/how-we-count", "events", width=390, height=844, color_scheme="dark")
    assert sideways(page) == 0
    assert axe(page) == []
