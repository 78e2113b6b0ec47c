"""The segment rules kept with a dataset, and those that a link carries."""

from __future__ import annotations

from dashboard.customers.rules import RuleSet
from dashboard.errors import UserError
from dashboard.filters import Filters
from dashboard.service import core
from dashboard.store import preferences


def get_rules(dataset_id: str) -> RuleSet:
    """The rules kept with the dataset; the defaults when none were saved (or they can no longer be read)."""
    core.authorise(dataset_id, "read")
    try:
        return RuleSet.from_json(preferences.read(dataset_id).get("rules", {}))
    except (UserError, ValueError, AttributeError):
        return RuleSet()


def save_rules(dataset_id: str, rules: RuleSet) -> None:
    """Keep the rules with the dataset, for everybody who sees it."""
    core.authorise(dataset_id, "change")
    preferences.write(dataset_id, "rules", rules.to_json())


def rules_of(dataset_id: str, filters: Filters) -> RuleSet:
    """The rules of a view: those in its link (``filters.option("rules")``), else those kept with the dataset. A link
    that cannot be read falls back to the latter."""
    text = filters.option("rules")
    if text:
        try:
            return RuleSet.from_text(text)
        except UserError:
            pass
    return get_rules(dataset_id)
