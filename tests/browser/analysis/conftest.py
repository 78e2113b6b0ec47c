"""A server with one small dataset of each kind, built through the real build and publish code."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from dashboard import settings
from tests.browser.conftest import Server, Watch, go, open_page, prepare, settled, start_server
from tests.store_builder import build_dataset

COUNTRIES = np.array(["Germany", "India", "United Kingdom"])
PLANS = np.array(["Basic", "Premium"])
LAST_DAY = dt.date(2026, 3, 31)
NEUTRAL = "/glossary"  # a page without data
USERS, EVENTS, LINES = 600, 6_000, 3_000


@dataclass(frozen=True)
class Analysis:
    """A running product and the ids of its datasets by kind: ``users``, ``events``, ``shop``."""

    server: Server
    ids: dict[str, str]


def user_table() -> pd.DataFrame:
    """People with usage and a last login, independent of each other: no structure in the data."""
    draw = np.random.default_rng(1)
    days = draw.integers(0, 300, USERS)
    days[0] = 0
    return pd.DataFrame(
        {
            "user_id": [f"u{number:04d}" for number in range(USERS)],
            "country": COUNTRIES[draw.integers(0, 3, USERS)],
            "plan": PLANS[draw.integers(0, 2, USERS)],
            "usage": draw.uniform(0, 1_000, USERS).round(2),
            "age": draw.integers(16, 80, USERS).astype(float),
            "last_active_time": [(LAST_DAY - dt.timedelta(int(back))).isoformat() for back in days],
            # a hostile value: shown as text everywhere, never as markup or formula
            "genre": np.array(["Drama", "=1+1", "<b>Loud</b>"])[draw.integers(0, 3, USERS)],
        }
    )


def _stamps(draw: np.random.Generator, rows: int) -> list[str]:
    seconds = np.sort(draw.integers(0, 120 * 86_400, rows))
    first = dt.datetime.combine(LAST_DAY - dt.timedelta(119), dt.time())
    return [(first + dt.timedelta(seconds=int(second))).isoformat(sep=" ") for second in seconds]


def event_log() -> pd.DataFrame:
    draw = np.random.default_rng(2)
    people = draw.integers(0, 250, EVENTS)
    return pd.DataFrame(
        {
            "user_id": [f"e{number:04d}" for number in people],
            "event_time": _stamps(draw, EVENTS),
            "event_name": np.array(["open", "play", "share"])[draw.integers(0, 3, EVENTS)],
            "platform": np.array(["web", "phone"])[people % 2],
        }
    )


def order_lines() -> pd.DataFrame:
    draw = np.random.default_rng(3)
    people = draw.integers(0, 300, LINES)
    quantity = draw.integers(1, 6, LINES).astype(float)
    quantity[::40] = -1.0  # returns
    return pd.DataFrame(
        {
            "user_id": [f"c{number:04d}" for number in people],
            "order_time": _stamps(draw, LINES),
            "order_id": [f"o{number // 2:05d}-{person}" for number, person in enumerate(people)],
            "quantity": quantity,
            "unit_price": draw.uniform(1, 40, LINES).round(2),
            "country": COUNTRIES[people % 3],
        }
    )


@pytest.fixture(scope="session")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Analysis]:
    """The product with the three datasets, shared by all tests of the analytical pages; none of them changes data."""
    folder = tmp_path_factory.mktemp("analysis")
    before = os.environ["DASHBOARD_DATA_DIR"]
    running = start_server(folder / "data")
    os.environ["DASHBOARD_DATA_DIR"] = str(folder / "data")
    settings.current.cache_clear()
    try:
        ids = {
            "users": build_dataset(folder, users=user_table(), name="People").id,
            "events": build_dataset(folder, events=event_log(), name="Log").id,
            "shop": build_dataset(folder, transactions=order_lines(), name="Shop", currency="EUR").id,
        }
        os.environ["DASHBOARD_DATA_DIR"] = before
        settings.current.cache_clear()
        yield Analysis(running, ids)
    finally:
        os.environ["DASHBOARD_DATA_DIR"] = before
        settings.current.cache_clear()
        running.stop()


@pytest.fixture(scope="session")
def contexts(analysis: Analysis, browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """One browser context per window size and colour scheme: their caches make the second page quick."""
    made: dict[tuple[int, int, str], BrowserContext] = {}

    def context(width: int = 1280, height: int = 900, color_scheme: str = "light") -> BrowserContext:
        key = (width, height, color_scheme)
        if key not in made:
            made[key] = browser.new_context(
                base_url=analysis.server.url,
                viewport={"width": width, "height": height},
                color_scheme=color_scheme,  # type: ignore[arg-type]
                accept_downloads=True,
            )
            prepare(made[key])
        return made[key]

    yield context
    for opened in made.values():
        opened.close()


@pytest.fixture(scope="session")
def kept() -> dict[BrowserContext, tuple[Page, Watch]]:
    """The page of each context that tests share: its scripts are loaded once, what it shows is drawn anew."""
    return {}


@pytest.fixture
def view(
    analysis: Analysis,
    contexts: Callable[..., BrowserContext],
    kept: dict[BrowserContext, tuple[Page, Watch]],
) -> Iterator[Callable[..., Page]]:
    """``view("/", "shop", "range=all", width=390)``: a page that shows a dataset, fully drawn. The test fails when it
    logs an error or asks another host for anything."""
    used: list[tuple[Page, Watch]] = []
    own: list[Page] = []  # a test that asks for several pages of one kind gets them side by side

    def show(path: str, kind: str, query: str = "", **options: object) -> Page:
        context = contexts(**options)
        address = f"{path}?dataset={analysis.ids[kind]}" + (f"&{query}" if query else "")
        shared = kept.get(context)
        if shared is not None and shared not in used:
            page, watch = shared
            watch.forget()
            used.append(shared)
            page.mouse.move(0, 0)
            go(page, NEUTRAL)  # nothing of the last test stays open
            settled(page)
            go(page, address)
            settled(page)
            return page
        page, watch = context.new_page(), Watch()
        watch.attach(page)
        used.append((page, watch))
        if shared is None:
            kept[context] = used[-1]
        else:
            own.append(page)
        open_page(page, address)
        return page

    yield show
    for page in own:
        page.close()
    for _page, watch in used:
        watch.check()
