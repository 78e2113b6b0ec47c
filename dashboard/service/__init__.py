"""What pages, the web layer and the command line call. Everything below is reached through here only."""

from dashboard.service import customers, segments  # first: they load the module people, whose name is a function here
from dashboard.service.core import (
    ACTIONS,
    acting_as,
    authorise,
    current_owner,
    keep_as_of,
    kept_as_of,
    run,
    view_of,
    warm,
)
from dashboard.service.insights import (
    answerability,
    dimensions,
    glossary,
    insight,
    insights_available,
    kpis,
    metric,
    people,
)

__all__ = [
    "ACTIONS",
    "acting_as",
    "answerability",
    "authorise",
    "current_owner",
    "customers",
    "dimensions",
    "glossary",
    "insight",
    "insights_available",
    "keep_as_of",
    "kept_as_of",
    "kpis",
    "metric",
    "people",
    "run",
    "segments",
    "view_of",
    "warm",
]
