"""Ids of components that more than one module speaks to.

An id that only one module uses stays in that module.
"""

from __future__ import annotations

URL = "url"  # dcc.Location: ``url.search`` is the state of every page, see dashboard.filters
PAGE = "page"  # the container whose children are the current page's layout
PAGE_TITLE = "page-title"  # dcc.Store: title of the current page, written to the document
STATUS = "status"  # role=status region: short sentences that a screen reader announces

NAV = "nav"  # the collapsible list of links
NAV_TOGGLE = "nav-toggle"
NAV_LINK = "nav-link"  # type of the pattern id {"type": NAV_LINK, "path": …}
DATASET = "dataset"  # select of the dataset; writes ``dataset=`` into the URL
DATASETS_CHANGED = "datasets-changed"  # dcc.Store: pages write any new value after a dataset came, changed or went

THEME = "theme"  # select: system | light | dark
THEME_MODE = "theme-mode"  # dcc.Store: the mode in force, "light" or "dark"
COPY_LINK = "copy-link"
HELP = "help"
HELP_OPEN = "help-open"

JOB_STARTED = "job-started"  # dcc.Store: pages write the id of a job they started; polling begins
JOB_POLL = "job-poll"  # dcc.Interval: ticks only while a job is alive
JOB_INDICATOR = "job-indicator"
JOB_TOASTS = "job-toasts"
JOB_SEEN = "job-seen"  # dcc.Store: alive jobs at the last tick
ERRORS = "errors"  # where a failed callback tells its reference id

UPLOADS = "uploads"  # dcc.Store: finished uploads, written by assets/upload.js: [{"id", "file_name", "size"}, …]
UPLOAD_ZONE = "upload-zone"


def nav_link(path: str) -> dict[str, str]:
    return {"type": NAV_LINK, "path": path}
