"""The frame around every page: loads clean, can be used by keyboard, fits a phone, follows the theme."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, Watch, axe, open_page, settled, sideways

pytestmark = pytest.mark.browser


def test_first_visit_lands_on_the_data_page(own_server: Server, new_page: Callable[..., Page]) -> None:
    page = new_page(own_server.url)  # other tests leave datasets on the shared server
    open_page(page, "/")
    expect(page).to_have_url(re.compile("/data$"))
    expect(page.get_by_role("navigation", name="Pages").get_by_role("link", name="Data")).to_have_class(
        re.compile(r"\bactive\b")
    )
    expect(page).to_have_title(re.compile("Holdfast"))
    assert page.locator("h1").count() == 1
    assert page.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_frame_is_accessible(new_page: Callable[..., Page], server: Server, scheme: str) -> None:
    page = new_page(server.url, color_scheme=scheme)
    open_page(page, "/data")
    assert axe(page) == []


def test_theme_follows_the_system_and_is_remembered(new_page: Callable[..., Page], server: Server) -> None:
    page = new_page(server.url, color_scheme="dark")
    open_page(page, "/data")
    html = page.locator("html")
    expect(html).to_have_attribute("data-bs-theme", "dark")
    page.get_by_label("Theme").select_option("light")
    expect(html).to_have_attribute("data-bs-theme", "light")
    expect(html).to_have_attribute("data-ag-theme-mode", "light")
    page.reload()
    settled(page)
    expect(html).to_have_attribute("data-bs-theme", "light")
    expect(page.get_by_label("Theme")).to_have_value("light")
    page.get_by_label("Theme").select_option("system")
    expect(html).to_have_attribute("data-bs-theme", "dark")


def test_phone_width_has_no_sideways_scroll_and_a_menu(new_page: Callable[..., Page], server: Server) -> None:
    page = new_page(server.url, width=390, height=844)
    open_page(page, "/data")
    assert sideways(page) == 0
    nav = page.get_by_role("navigation", name="Pages")
    expect(nav).to_be_hidden()
    menu = page.get_by_role("button", name="Menu")
    expect(menu).to_have_attribute("aria-expanded", "false")
    menu.click()
    expect(nav).to_be_visible()
    expect(menu).to_have_attribute("aria-expanded", "true")
    assert sideways(page) == 0
    nav.get_by_role("link", name="Data").click()
    settled(page)


def test_links_carry_the_view_but_not_the_page_state(page: Page) -> None:
    open_page(page, "/data?range=7d&where.country=DE&tab=two")
    link = page.get_by_role("navigation", name="Pages").get_by_role("link").first
    expect(link).to_have_attribute("href", re.compile(r"\?range=7d&where\.country=DE$"))


def test_help_by_keyboard_and_back(page: Page) -> None:
    open_page(page, "/data")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("Keyboard")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_skip_link_comes_first_and_moves_to_the_content(page: Page) -> None:
    open_page(page, "/data")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_unknown_page_says_so_with_status_404(page: Page, watch: Watch) -> None:
    watch.allow("404")
    response = page.goto("/nothing-here")
    assert response is not None and response.status == 404
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    expect(page.get_by_role("link", name="Go to the data page")).to_be_visible()


@pytest.mark.parametrize(
    "query",
    [
        "?dataset=" + "a" * 3000,
        "?dataset=../../etc/passwd",
        "?dataset=a&dataset=b&range=%00&where.%3Cscript%3E=1",
        "?layout=1&self=2&page=x&search=y",
        "?range=9999-99-99..x&as_of=0000&compare=%F0%28%8C%28",
        "?" + "&".join(f"where.c{i}=x" for i in range(300)),
    ],
)
def test_hostile_addresses_still_draw_the_page(page: Page, query: str) -> None:
    response = page.goto("/data" + query)
    assert response is not None and response.status == 200
    settled(page)


def test_copy_link_says_so(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_page(page, "/data?range=7d")
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator("#status")).to_contain_text("Link copied")
    assert page.evaluate("() => navigator.clipboard.readText()").endswith("/data?range=7d")


def test_a_press_is_not_lost_when_its_button_is_drawn_anew(page: Page) -> None:
    open_page(page, "/data")
    page.evaluate(
        """() => {
          window.pressed = 0;
          const make = () => {
            const button = document.createElement('button');
            button.id = 'again';
            button.textContent = 'Stop';
            button.addEventListener('click', () => { window.pressed += 1; });
            return button;
          };
          document.querySelector('main').prepend(make());
          window.drawAnew = () => document.getElementById('again').replaceWith(make());
        }"""
    )
    page.get_by_role("button", name="Stop").hover()
    page.mouse.down()
    page.evaluate("window.drawAnew()")
    page.mouse.up()
    assert page.evaluate("window.pressed") == 1
    page.get_by_role("button", name="Stop").click()  # an ordinary press counts once
    assert page.evaluate("window.pressed") == 2
    page.mouse.down()
    page.evaluate("window.drawAnew()")
    page.mouse.move(5, 5)  # released elsewhere: changed one's mind
    page.mouse.up()
    assert page.evaluate("window.pressed") == 2


def test_the_focus_stays_where_it_was_when_its_place_is_drawn_anew(page: Page) -> None:
    open_page(page, "/data")
    page.evaluate(
        """() => {
          const box = document.createElement('div');
          window.draw = () => { box.innerHTML = '<button id="one">One</button><input id="two" value="some text">'; };
          window.draw();
          document.querySelector('main').prepend(box);
        }"""
    )
    at = "() => document.activeElement.id"
    page.locator("#one").focus()
    page.evaluate("window.draw()")
    expect(page.locator("#one")).to_be_focused()
    page.keyboard.press("Tab")
    page.evaluate("document.activeElement.setSelectionRange(2, 4)")
    page.evaluate("window.draw()")
    expect(page.locator("#two")).to_be_focused()
    assert page.evaluate("[document.activeElement.selectionStart, document.activeElement.selectionEnd]") == [2, 4]
    page.evaluate("document.activeElement.blur()")  # left by the person: nothing is to be kept
    page.evaluate("() => new Promise(done => setTimeout(done))")
    page.evaluate("window.draw()")
    page.evaluate("() => new Promise(requestAnimationFrame)")
    assert page.evaluate(at) == ""
