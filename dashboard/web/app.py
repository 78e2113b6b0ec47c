"""The web application: one Dash app, its frame, pages, routes and guards."""

from __future__ import annotations

from functools import cache
from typing import Any

from dash import Dash

from dashboard.components import ids
from dashboard.settings import ROOT
from dashboard.web import errors, fold, guard, routes, security, shell


class _App(Dash):  # type: ignore[misc]
    """Dash that does not tell strangers which versions run here."""

    def _config(self) -> dict[str, Any]:
        about: dict[str, Any] = super()._config()
        hidden = dict.fromkeys(("dash_version", "python_version", "plotly_version", "dash_version_url"), "")
        return {**about, **hidden, "disable_version_check": True}


@cache
def create_app() -> Dash:
    """The one application of this process (callbacks of pages register globally, so there cannot be a second).

    Layouts hold no data; every response carries the security headers; a defect in a callback becomes a reference id.
    """
    app = _App(
        "dashboard.web.app",
        title="Holdfast",
        use_pages=True,
        pages_folder=str(ROOT / "pages"),
        assets_folder=str(ROOT / "assets"),
        assets_path_ignore=["vendor", "head"],  # linked in the head, in their own order
        serve_locally=True,
        suppress_callback_exceptions=True,  # otherwise every page's layout travels with every index page
        use_async=False,
        enable_mcp=False,
        include_pages_meta=False,
        compress=True,
        health_endpoint="healthz",
        update_title=None,
        index_string=shell.INDEX,
        on_error=errors.on_callback_error,
        add_log_handler=False,
    )
    app.layout = shell.layout
    shell.register(app)
    routes.register(app)
    security.install(app)
    guard.install(app)
    _first_request(app)
    return app


def _first_request(app: Dash) -> None:
    """Dash finishes its set-up in the first request, which is not safe from threads: make it here. The hashes of its
    inline scripts and all callbacks are known afterwards. The health path, because nobody is signed in yet."""
    app.server.test_client().get("/healthz", base_url="http://localhost")
    fold.install(app._callback_list, (ids.ERRORS, ids.STATUS))
    security.allow_scripts(app, tuple(app.csp_hashes()))
