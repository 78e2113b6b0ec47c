"""Glossary: every registered metric, found by typing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from dashboard.service import glossary

pytestmark = pytest.mark.browser


def test_all_metrics_are_there_and_can_be_found(view: Callable[..., Page]) -> None:
    page = view("/glossary", "users")
    terms = page.locator(".term")
    expect(terms).to_have_count(len(glossary()))
    for metric in glossary():
        expect(page.locator(f"#term-{metric.key}")).to_contain_text(metric.definition)
    page.keyboard.press("/")
    field = page.get_by_label("Find a term")
    expect(field).to_be_focused()
    field.fill("stickiness")
    expect(page.locator("#term-stickiness")).to_be_visible()
    expect(page.locator("#term-revenue")).to_be_hidden()
    field.fill("no such word")
    expect(page.get_by_text("Nothing matches")).to_be_visible()


def test_says_what_the_dataset_lacks(view: Callable[..., Page]) -> None:
    page = view("/glossary", "users")
    expect(page.locator("#term-revenue .term-answer")).to_contain_text("needs a table of orders")
