"""``user``: the story of one person, as the user page tells it."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import Any

from dashboard.cli.choose import dataset_named
from dashboard.cli.output import Output
from dashboard.errors import UserError
from dashboard.filters import Filters


def add_to(commands: Any) -> None:
    """Register the commands of this module."""
    user = commands.add_parser(
        "user",
        help="everything about one person",
        description="The story of one person: profile, groups, health, value, chance of leaving. Always as JSON.",
        epilog="Example: python -m dashboard user retail 17850",
    )
    user.add_argument("dataset", metavar="DATASET", help="id or name of the dataset")
    user.add_argument("person", metavar="ID", help="the user id, exactly as in the file")
    user.add_argument("--as-of", default="", metavar="DAY", help="the day to look back from; default: the data's last")
    user.add_argument("--json", action="store_true", help="accepted, and what happens anyway")
    user.set_defaults(run=run_user)


def run_user(args: argparse.Namespace, output: Output) -> int:
    """Print the story."""
    from dashboard.errors import NotFound
    from dashboard.service import user, user_story

    dataset = dataset_named(args.dataset)
    filters = Filters(dataset=dataset.id)
    if args.as_of:
        try:
            filters = filters.with_(as_of=dt.date.fromisoformat(args.as_of))
        except ValueError:
            raise UserError("bad_day", "--as-of is not a day.", "Write it like 2025-03-08.") from None
    try:
        handle = user.handle_of(dataset.id, args.person)
    except NotFound:
        raise UserError("unknown_person", "There is nobody of that id.", "Ids are compared exactly.") from None
    output.as_json = True
    output.show(user_story.to_json(dataset.id, filters, handle), [])
    return 0
