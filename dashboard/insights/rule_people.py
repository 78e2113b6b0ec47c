"""The people who meet a rule of conditions, whether or not it is saved: what stands behind a number about any two ways
to divide people."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from dashboard.customers import segment_json, segment_members
from dashboard.customers.segment_rules import in_words
from dashboard.insights import users, where
from dashboard.insights.registry import insight
from dashboard.insights.rfm import ids_of
from dashboard.insights.view import View
from dashboard.result import Result


@insight(
    "rule_people",
    "People who meet conditions",
    definition="The people who meet a rule of conditions, such as a class together with a segment.",
)
def rule_people(view: View, *, rule: Any) -> Result:
    """One row per person, sorted by id. Columns: user_id. Option rule: the JSON form (or its text) of a tree of
    conditions, as saved segments have it. summary: people, words (the rule as a sentence). Raises UserError for a rule
    that cannot be read, CannotAnswer where the data lack what it asks for."""
    asked = segment_json.from_text(rule) if isinstance(rule, str) else segment_json.from_json(rule)
    segment_members.check(view.dataset, asked)
    mask = users.chosen(view) & np.concatenate(segment_members.members(view, asked)).astype(bool)
    ids = np.sort(ids_of(view, np.flatnonzero(mask)))
    return Result(
        "rule_people",
        pd.DataFrame({"user_id": pd.Series(ids, dtype="str")}),
        summary={"people": len(ids), "words": in_words(asked), "rule": json.loads(segment_json.to_text(asked))},
        notes=where.ignored(view, None),
        **users.rows_read(view),
    )
