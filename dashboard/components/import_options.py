"""The decisions that concern a whole dataset, as fields: time zone, currency, week, equal rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import available_timezones

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard.components.labelled import labelled
from dashboard.ingest.plan import ImportOptions
from dashboard.schema import KIND_LABEL, TABLES, TableName

WIZARD, STORED = "wizard", "stored"  # scopes: a dataset in the making, or one that exists
UNSTATED = "none"  # value of the currency select; an empty value would be shown as an empty box
CURRENCIES = (
    *("EUR", "USD", "GBP", "CHF", "JPY", "CNY", "INR", "BRL", "CAD", "AUD", "SEK", "NOK", "DKK", "PLN", "CZK"),
    *("TRY", "ZAR", "MXN", "KRW"),
)


def zone_id(scope: str) -> str:
    return f"{scope}-zone"


def currency_id(scope: str) -> str:
    return f"{scope}-currency"


def week_id(scope: str) -> str:
    return f"{scope}-week"


def duplicates_id(scope: str, table: Any) -> dict[str, Any]:
    return {"type": f"{scope}-duplicates", "table": table}


def money(value: Any) -> str:
    """The currency that a value of the select stands for; "" for none."""
    return "" if value == UNSTATED else str(value or "")


def options_fields(options: ImportOptions, kinds: Sequence[TableName], *, scope: str) -> list[Component]:
    """Labelled controls with the ids of ``scope``. kinds: tables of the dataset; those of others are hidden."""
    duplicates = dict(options.duplicates)
    known = ("", *CURRENCIES) if options.currency in ("", *CURRENCIES) else ("", *CURRENCIES, options.currency)
    zone, zones = options.time_zone, f"{scope}-zones"
    return [
        labelled(
            "Time zone of the data",
            html.Div(
                [
                    dbc.Input(id=zone_id(scope), value=zone, list=zones, autocomplete="off", debounce=True),
                    html.Datalist([html.Option(value=name) for name in sorted(available_timezones())], id=zones),
                ]
            ),
            help="Type to search. Times without an offset are in this zone, and days begin at its midnight.",
        ),
        labelled(
            "Currency",
            dbc.Select(
                id=currency_id(scope),
                options=[{"value": c or UNSTATED, "label": c or "not stated"} for c in known],
                value=options.currency or UNSTATED,
            ),
        ),
        labelled(
            "A week begins on",
            dbc.Select(
                id=week_id(scope),
                options=[{"value": "monday", "label": "Monday"}, {"value": "sunday", "label": "Sunday"}],
                value=options.week_start,
            ),
        ),
        *(
            html.Div(
                labelled(
                    f"{KIND_LABEL[table]}: rows equal in every column",
                    dbc.Select(
                        id=duplicates_id(scope, table),
                        options=[
                            {"value": "drop", "label": "count once"},
                            {"value": "keep", "label": "keep all, and count them"},
                        ],
                        value=duplicates.get(table, "keep"),
                    ),
                ),
                hidden=table not in kinds,
            )
            for table in TABLES
        ),
    ]
