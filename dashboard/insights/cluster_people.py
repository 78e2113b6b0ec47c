"""The people of a K-Means group: those whose nearest centre is the group's.

The centres travel with the question, so a saved segment of a group stays that group: people who come later are put into
it by the same centres, and forming the groups anew changes nothing about it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dashboard.customers.cluster_model import GroupModel, Labels, model_from_json
from dashboard.customers.clusters import Clustering, cluster, raw_features
from dashboard.customers.features import features_of
from dashboard.insights import options, users, where
from dashboard.insights.memo import Memo
from dashboard.insights.registry import LAST_ACTIVE, insight
from dashboard.insights.view import View
from dashboard.result import LeftOut, Result

_fits: Memo[Clustering] = Memo(64 << 20, lambda found: found.labels.nbytes + 20_000)
_labels: Memo[Labels] = Memo(64 << 20, lambda labels: labels.nbytes + 1_000)


def groups_of(view: View) -> Clustering:
    """The groups of everybody as of the view's day, formed now; one label per row of ``users.everybody(view).frame``.
    Raises CannotAnswer."""
    return _fits.get((view.scope, view.as_of), lambda: cluster(*features_of(users.everybody(view))))


def labels_of(view: View, model: GroupModel) -> Labels:
    """The group of everybody by given centres, per row of ``users.everybody(view).frame``; -1 = a figure is missing."""

    def find() -> Labels:
        values, _ = features_of(users.everybody(view))
        return model.predict(raw_features(values, model.features))

    return _labels.get((view.scope, view.as_of, model), find)


@insight(
    "cluster_people",
    "Who is in a group",
    definition="The people of a K-Means group: those nearest to its centre.",
    needs=(LAST_ACTIVE,),
)
def cluster_people(view: View, *, group: Any = 0, model: Any = None) -> Result:
    """One row per person, sorted by id. Columns: user_id, group (number from 0), name. Options: group; model: scaling
    and centres of the groups meant (features, logged, mean, spread, centres, names); without one the groups are formed
    now. summary: people, groups (their names). Raises CannotAnswer, and UserError for a model that cannot be read."""
    asked = groups_of(view).model if model is None else model_from_json(model)
    wanted = options.whole(group, "group", 0, len(asked.names) - 1)
    people, labels = users.everybody(view), labels_of(view, asked)
    chosen = users.chosen(view)[people.frame["row"].to_numpy()]
    inside = np.flatnonzero(chosen & (labels == wanted))
    frame = pd.DataFrame({"user_id": people.frame["user_id"].iloc[inside].astype("str").to_numpy()}, dtype="str")
    frame["group"] = wanted
    frame["name"] = asked.names[wanted]
    missing = int((chosen & (labels < 0)).sum())
    left = (LeftOut("no_group", missing, "people without a figure or a last activity: in no group"),) if missing else ()
    return Result(
        "cluster_people",
        frame,
        summary={"people": len(frame), "groups": list(asked.names)},
        left_out=left,
        notes=where.ignored(view, None),
        **users.rows_read(view),
    )
