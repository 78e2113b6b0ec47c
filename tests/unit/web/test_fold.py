"""Plain trees are written as one component with the same page; what callbacks know stays a component."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from dash import dcc, html
from dash.development.base_component import Component
from hypothesis import given
from hypothesis import strategies as st

from dashboard.web import fold
from dashboard.web.fold import folded

VOID = ("img", "br", "hr")


class _Reader(HTMLParser):
    """HTML as nested [tag, attributes, children]."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root: list[Any] = []
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made: list[Any] = [tag, dict(attrs), []]
        self._open[-1].append(made)
        if tag not in VOID:
            self._open.append(made[2])

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open[-1] and isinstance(self._open[-1][-1], str):
            self._open[-1][-1] += data
        else:
            self._open[-1].append(data)


def read(text: str) -> list[Any]:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.root


def is_folded(component: Component) -> bool:
    return folded(component)["namespace"] == fold.NAMESPACE


def test_a_table_is_one_component() -> None:
    table = html.Table(
        [html.Thead(html.Tr([html.Th("Day", scope="col"), html.Th(1.0, className="num", **{"data-value": "1"})]))],
        className="plain-table",
        hidden=True,
    )
    made = folded(table)
    assert (made["namespace"], made["type"]) == ("holdfast", "Html")
    assert made["props"]["tag"] == "table"
    assert made["props"]["attributes"] == {"className": "plain-table", "hidden": True}
    assert made["props"]["html"] == (
        '<thead><tr><th scope="col">Day</th><th class="num" data-value="1">1</th></tr></thead>'
    )


def test_one_component_stays_what_it_is() -> None:
    assert folded(html.P("Hello"))["type"] == "P"


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=12)
LEAVES = st.one_of(TEXTS.map(html.Span), TEXTS, st.integers(-9, 9), st.none())


@given(
    st.recursive(
        LEAVES,
        lambda inner: st.lists(inner, max_size=4).map(lambda some: html.Div(some, title="<'\"&>")),
        max_leaves=12,
    ),
    TEXTS,
)
def test_the_page_reads_as_the_components_say(inner: Any, title: str) -> None:
    """Whatever stands in texts and attributes arrives as it is and never as markup."""

    def expected(child: Any) -> list[Any]:
        if child is None:
            return []
        if not isinstance(child, Component):
            return [str(child)] if str(child) else []
        children = getattr(child, "children", None)
        given_ = children if isinstance(children, list) else [children]
        joined: list[Any] = []
        for part in (part for item in given_ for part in expected(item)):
            if isinstance(part, str) and joined and isinstance(joined[-1], str):
                joined[-1] += part
            else:
                joined.append(part)
        title_ = getattr(child, "title", None)
        return [[child._type.lower(), {} if title_ is None else {"title": title_}, joined]]

    made = folded(html.Div(html.Section([inner], title=title)))["props"]
    assert read(made["html"]) == expected(html.Section([inner], title=title))


@pytest.mark.parametrize(
    "alive",
    [
        dcc.Store(id="x"),
        dcc.Input(),
        html.Button("x", id={"type": "a", "index": 1}),
        html.Button("x", n_clicks=0),
        html.Form(),
        html.Script("alert(1)"),
        html.Div("x", id="listened"),
        html.A("x", href="javascript:alert(1)"),
        html.A("x", href=" javascript:alert(1)"),
        html.Img(src="data:text/html,x"),
    ],
)
def test_what_lives_stays_a_component(alive: Component, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold, "_alive", frozenset({"listened"}))
    assert not is_folded(html.Div([html.P("x"), html.Div([alive])]))
    assert is_folded(html.Div([html.P("x"), html.Div("x", id="nobody-listens")]))


@pytest.mark.parametrize(
    "href", ["/segments?range=7d", "#page", "?a=b", "https://x.example/", "mailto:a@b.example", "x.csv", ""]
)
def test_honest_addresses_fold(href: str) -> None:
    assert is_folded(html.P(html.A("x", href=href)))


def test_a_link_is_followed_without_loading_the_application_anew() -> None:
    made = folded(html.P(["See ", dcc.Link("here", href="/glossary?a=1&b=2", className="quiet")]))
    assert read(made["props"]["html"])[1] == [
        "a",
        {"href": "/glossary?a=1&b=2", "class": "quiet", "data-go": "1"},
        ["here"],
    ]


def test_attributes_that_are_no_plain_texts() -> None:
    inner = html.Details(
        [html.Summary("More"), html.Label("x", htmlFor="y")],
        open=True,
        hidden=False,
        style={"minHeight": 20, "--weight": "0.5", "opacity": 0.5, "width": "3%", "color": None},
        **{"aria-hidden": True},
    )
    (made,) = read(folded(html.Div(inner))["props"]["html"])
    assert made[1] == {
        "open": None,
        "style": "min-height:20px;--weight:0.5;opacity:0.5;width:3%",
        "aria-hidden": "true",
    }
    assert made[2][1][1] == {"for": "y"}


def test_ids_of_callbacks_are_known() -> None:
    many = {"output": "..a.children...b.data@0f..", "inputs": [{"id": "c", "property": "x"}], "state": []}
    one = {"output": "d.children", "inputs": [], "state": [{"id": "e", "property": "x"}]}
    assert fold._named(many) | fold._named(one) == {"a", "b", "c", "d", "e"}


def test_the_application_folds_and_knows_its_callbacks() -> None:
    from dashboard.web.app import create_app

    create_app()
    assert Component.to_plotly_json is folded
    assert {"dataset", "executive-kpis", "errors", "status"} <= fold._alive
