"""The frame around every page: navigation, dataset, theme, running jobs, help. Holds no data; callbacks fill it."""

from __future__ import annotations

from itertools import groupby
from typing import Any
from urllib.parse import quote

import dash
import dash_bootstrap_components as dbc
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update

from dashboard.components import ids
from dashboard.components.labelled import aria
from dashboard.components.upload_zone import upload_store
from dashboard.filters import parse
from dashboard.service import data
from dashboard.web import jobs_panel

INDEX = """<!DOCTYPE html>
<html lang="en" data-bs-theme="light" data-ag-theme-mode="light">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{%title%}</title>
<link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">
<link rel="stylesheet" href="/assets/vendor/bootstrap.min.css">
<link rel="prefetch" as="script" href="/_dash-component-suites/plotly/package_data/plotly.min.js">
<script src="/assets/head/theme.js"></script>
{%css%}
</head>
<body>
{%app_entry%}
<noscript><main class="container py-5"><h1>Holdfast</h1><p>This page needs JavaScript. Switch it on and reload.</p>
</main></noscript>
<footer>
{%config%}
{%scripts%}
{%renderer%}
</footer>
</body>
</html>"""

# Every page's place: the heading it stands under, its path, and the key that leads to it after "g".
NAVIGATION: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("Overview", (("/", "e"), ("/discounts", "d"))),
    (
        "Customers",
        (
            *(("/segments", "s"), ("/value", "v"), ("/churn", "h")),
            *(("/customers", "c"), ("/user", "u"), ("/audiences", "a")),
        ),
    ),
    ("Behaviour", (("/engagement", "n"), ("/funnels", "f"), ("/retention", "r"), ("/paths", "p"))),
    ("Data", (("/data", "i"), ("/glossary", "l"), ("/how-we-count", "w"))),
)
SHOWN = "dataset-shown"  # dcc.Store: the value that the frame has put into the dataset select

SHORTCUTS: tuple[tuple[str, str], ...] = (
    ("?", "Show this help"),
    ("/", "Go to the search field of the page"),
    ("[ and ]", "Earlier and later period"),
    ("Esc", "Close what is open"),
)


def pages() -> list[dict[str, Any]]:
    """The registered pages that have a place in the navigation, in its order, with ``group`` and ``key``."""
    return [
        {**page, "group": group, "key": key}
        for group, places in NAVIGATION
        for path, key in places
        if (page := page_at(path)) is not None
    ]


def page_at(path: Any) -> dict[str, Any] | None:
    """The page registered under a path, or None. A slash at the end makes no difference."""
    wanted = "/" + path.strip("/") if isinstance(path, str) else "/"
    return next((page for page in dash.page_registry.values() if page["path"] == wanted), None)


def icon(name: str) -> html.Span:
    """A decorative icon drawn in the text's colour (assets/icons.css)."""
    return html.Span(className=f"icon icon-{name}", **aria(hidden="true"))


def _link(page: dict[str, Any]) -> html.Li:
    link = dcc.Link(
        [icon(page.get("icon", "page")), html.Span(page["name"])],
        href=page["path"],
        id=ids.nav_link(page["path"]),
        className="nav-link shell-link",
    )
    return html.Li(link, className="nav-item", **{"data-key": page["key"]})


def _nav() -> html.Nav:
    groups = [
        html.Li(
            [
                html.Span(name, className="shell-group-name", id=f"nav-{name.lower()}"),
                html.Ul(list(map(_link, shown)), className="nav shell-links", **aria(labelledby=f"nav-{name.lower()}")),
            ],
            className="shell-group",
        )
        for name, places in groupby(pages(), key=lambda page: page["group"])
        if (shown := list(places))
    ]
    return html.Nav(html.Ul(groups, className="shell-groups"), id=ids.NAV, **aria(label="Pages"))


def _tools() -> html.Div:
    return html.Div(
        [
            html.Div(
                [
                    html.Label("Dataset", htmlFor=ids.DATASET, className="visually-hidden"),
                    dbc.Select(id=ids.DATASET, options=[], value="", size="sm", placeholder="No dataset yet"),
                ],
                className="shell-dataset",
            ),
            html.Div(id=ids.JOB_INDICATOR, className="shell-jobs"),
            html.Button(
                [icon("link"), html.Span("Copy link", className="visually-hidden")],
                id=ids.COPY_LINK,
                title="Copy a link to this view",
                className="btn btn-sm btn-outline-secondary shell-button",
            ),
            html.Button(
                [html.Span("?", **aria(hidden="true")), html.Span("Help", className="visually-hidden")],
                id=ids.HELP_OPEN,
                title="Help and keyboard shortcuts (?)",
                className="btn btn-sm btn-outline-secondary shell-button",
            ),
            html.Div(
                [
                    html.Label("Theme", htmlFor=ids.THEME, className="visually-hidden"),
                    dbc.Select(
                        id=ids.THEME,
                        options=[
                            {"label": "System", "value": "system"},
                            {"label": "Light", "value": "light"},
                            {"label": "Dark", "value": "dark"},
                        ],
                        value="system",
                        size="sm",
                        persistence=True,
                        persistence_type="local",
                    ),
                ],
                className="shell-theme",
            ),
        ],
        className="shell-tools",
    )


def _help() -> dbc.Modal:
    shortcuts = (*SHORTCUTS, *((f"g {page['key']}", page["name"]) for page in pages()))
    rows = [html.Tr([html.Th(html.Kbd(keys), scope="row"), html.Td(text)]) for keys, text in shortcuts]
    return dbc.Modal(
        [
            dbc.ModalHeader(dbc.ModalTitle("Help", tag="h2")),
            dbc.ModalBody(
                [
                    html.P(
                        [
                            "Every number explains itself: point at or focus the ",
                            html.B("?"),
                            " next to it. All definitions are in the ",
                            dcc.Link("glossary", href="/glossary"),
                            ". The address of a page holds its dataset, dates and filters: copy the link to share "
                            "what you see.",
                        ]
                    ),
                    html.H3("Keyboard", className="h6"),
                    html.Table(html.Tbody(rows), className="table table-sm mb-0"),
                ]
            ),
        ],
        id=ids.HELP,
        is_open=False,
        scrollable=True,
    )


def layout() -> html.Div:
    """The frame with an empty page container."""
    return html.Div(
        [
            dcc.Location(id=ids.URL, refresh="callback-nav"),
            dcc.Store(id=ids.PAGE_TITLE),
            dcc.Store(id=ids.THEME_MODE),
            dcc.Store(id=ids.DATASETS_CHANGED),
            dcc.Store(id=SHOWN),
            upload_store(),
            *jobs_panel.stores(),
            html.A("Skip to content", href="#" + ids.PAGE, className="visually-hidden-focusable shell-skip"),
            html.Header(
                [
                    html.Div(
                        [
                            dcc.Link("Holdfast", href="/", id=ids.nav_link("#brand"), className="shell-brand"),
                            html.Button(
                                [icon("menu"), html.Span("Menu", className="visually-hidden")],
                                id=ids.NAV_TOGGLE,
                                className="btn btn-sm btn-outline-secondary shell-button shell-toggle",
                                **aria(controls=ids.NAV, expanded="false"),
                            ),
                        ],
                        className="shell-head",
                    ),
                    _nav(),
                    _tools(),
                ],
                className="shell-bar bg-body-tertiary border-bottom d-print-none",
            ),
            html.Main(id=ids.PAGE, className="container-fluid shell-page", tabIndex=-1),
            html.Div(id=ids.STATUS, role="status", className="visually-hidden"),
            jobs_panel.toasts(),
            html.Div(id=ids.ERRORS, role="alert", className="shell-toasts shell-errors d-print-none"),
            _help(),
        ],
        className="shell",
    )


def not_found() -> html.Div:
    return html.Div(
        [
            html.H1("Not found"),
            html.P("This page does not exist or is not yours."),
            html.P(dcc.Link("Go to the data page", href="/data")),
        ],
        className="py-4",
    )


def render(path: str | None) -> tuple[Any, str]:
    """The layout and the title of the page at a path.

    Only the path decides: filters live in the query string, and pages listen to it with ``Input("url", "search")``,
    so a changed filter never rebuilds a page.
    """
    page = page_at(path)
    if page is None:
        return not_found(), "Not found – Holdfast"
    content = page["layout"]
    title = page.get("supplied_title") or f"{page['name']} – Holdfast"
    return (content() if callable(content) else content), title


def dataset_options(search: str | None) -> tuple[list[dict[str, str]], str]:
    """Options and value of the dataset select; without a dataset in the URL the newest is shown."""
    known = data.datasets()
    options = [{"label": item.name, "value": item.id} for item in known]
    wanted = parse(search).dataset
    if wanted and all(item.id != wanted for item in known):
        return [{"label": "Not found", "value": wanted}, *options], wanted
    return options, wanted or (known[0].id if known else "")


def show_datasets(search: str | None, _changed: Any) -> tuple[list[dict[str, str]], str, str]:
    """Options and value of the dataset select, and the value once more for :func:`search_with_dataset`."""
    options, value = dataset_options(search)
    return options, value, value


def search_with_dataset(dataset: str | None, shown: str | None, search: str | None) -> Any:
    """The query string after a person chose a dataset; filters of another dataset's values do not carry over.

    shown: what the frame itself put into the select. Asking what it would put there now is no answer: an import that
    ends at this moment would make a choice of what nobody has touched.
    """
    if not isinstance(dataset, str) or dataset in ("", shown):
        return no_update
    current = parse(search)
    return current.with_(dataset=dataset, where=(), segment=None, as_of=None, extra=()).to_search()


def register(app: Dash) -> None:
    """Attach the frame's callbacks."""
    app.callback(Output(ids.PAGE, "children"), Output(ids.PAGE_TITLE, "data"), Input(ids.URL, "pathname"))(render)
    app.callback(
        Output(ids.DATASET, "options"),
        Output(ids.DATASET, "value"),
        Output(SHOWN, "data"),
        Input(ids.URL, "search"),
        Input(ids.DATASETS_CHANGED, "data"),
    )(show_datasets)
    app.callback(
        Output(ids.URL, "search"),
        Input(ids.DATASET, "value"),
        State(SHOWN, "data"),
        State(ids.URL, "search"),
        prevent_initial_call=True,
    )(search_with_dataset)
    clientside = (
        ("title", Output(ids.PAGE, "title"), Input(ids.PAGE_TITLE, "data")),
        ("theme", Output(ids.THEME_MODE, "data"), Input(ids.THEME, "value")),
        ("toggleNav", Output(ids.NAV, "className"), Input(ids.NAV_TOGGLE, "n_clicks"), Input(ids.URL, "pathname")),
        ("openHelp", Output(ids.HELP, "is_open"), Input(ids.HELP_OPEN, "n_clicks"), Input(ids.URL, "pathname")),
        ("copyLink", Output(ids.STATUS, "children"), Input(ids.COPY_LINK, "n_clicks")),
        (
            "navLinks",
            Output({"type": ids.NAV_LINK, "path": ALL}, "href"),
            Output({"type": ids.NAV_LINK, "path": ALL}, "className"),
            Input(ids.URL, "search"),
            Input(ids.URL, "pathname"),
            State({"type": ids.NAV_LINK, "path": ALL}, "id"),
        ),
    )
    for function, *dependencies in clientside:
        app.clientside_callback(ClientsideFunction("shell", function), *dependencies)
    jobs_panel.register(app)


def with_query(path: str, search: str | None) -> str:
    """A link to another page that keeps the view's dataset, dates and filters."""
    return quote(path) + parse(search).with_(extra=()).to_search()
