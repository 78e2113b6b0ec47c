"""The real data sets are understood without a correction, and so is the user table in other clothes."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from dashboard.ingest.inspect import Inspection, inspect_file
from dashboard.ingest.plan import ROW_NUMBER, SPACES

EXPECTED: dict[str, tuple[str, int, dict[str, str]]] = {
    "streaming_users/netflix_users.csv": (
        "users", 25_000,
        {"user_id": "User_ID", "name": "Name", "age": "Age", "country": "Country", "plan": "Subscription_Type",
         "usage": "Watch_Time_Hours", "last_active_time": "Last_Login"},
    ),
    "online_retail/online_retail.csv.gz": (
        "transactions", 541_909,
        {"order_id": "InvoiceNo", "product_id": "StockCode", "description": "Description", "quantity": "Quantity",
         "order_time": "InvoiceDate", "unit_price": "UnitPrice", "user_id": "CustomerID", "country": "Country"},
    ),
    "cdnow/CDNOW_master.txt": (
        "transactions", 69_659,
        {"user_id": "customer_id", "order_time": "date", "quantity": "number_of_cds", "amount": "dollar_value"},
    ),
    "cdnow/CDNOW_sample.txt": (
        "transactions", 6_919,
        {"user_id": "column 1", "order_time": "column 3", "quantity": "column 4", "amount": "column 5"},
    ),
    "cdnow/cdnow_customers_summary.csv": ("users", 2_357, {"user_id": "ID"}),
    "complete_journey/transactions_sample.csv.gz": (
        "transactions", 75_000,
        {"user_id": "household_id", "order_id": "basket_id", "product_id": "product_id", "quantity": "quantity",
         "amount": "sales_value", "order_time": "transaction_timestamp"},
    ),
    "complete_journey/demographics.csv.gz": ("users", 801, {"user_id": "household_id"}),
    "complete_journey/coupon_redemptions.csv.gz": (
        "events", 2_102, {"user_id": "household_id", "event_time": "redemption_date"},
    ),
    "ecom_events/ecom_events.csv.gz": (
        "events", 31_106,
        {"user_id": "user_id", "session_id": "session_id", "event_name": "event", "event_time": "timestamp",
         "platform": "platform"},
    ),
    "sparkify_events/sparkify_events.jsonl.gz": (
        "events", 8_056,
        {"user_id": "userId", "event_time": "ts", "event_name": "page", "plan": "level", "session_id": "sessionId",
         "duration_seconds": "length"},
    ),
    "ravenstack/ravenstack_accounts.csv": (
        "users", 500,
        {"user_id": "account_id", "name": "account_name", "country": "country", "signup_time": "signup_date",
         "plan": "plan_tier", "churned": "churn_flag"},
    ),
    "ravenstack/ravenstack_subscriptions.csv": (
        "events", 5_000,
        {"user_id": "account_id", "event_time": "start_date", "plan": "plan_tier", "amount": "mrr_amount"},
    ),
    "ravenstack/ravenstack_feature_usage.csv": (
        "events", 25_000,
        {"user_id": "subscription_id", "event_time": "usage_date", "feature": "feature_name",
         "duration_seconds": "usage_duration_secs"},
    ),
    "ravenstack/ravenstack_churn_events.csv": (
        "events", 600, {"user_id": "account_id", "event_time": "churn_date", "amount": "refund_amount_usd"},
    ),
    "ravenstack/ravenstack_supports_ticket.csv": (
        "events", 2_000, {"user_id": "account_id", "event_time": "submitted_at"},
    ),
    "telco_churn/telco_customer_churn.csv": (
        "users", 7_043, {"user_id": "customerID", "gender": "gender", "churned": "Churn"},
    ),
}  # fmt: skip


def fields(found: Inspection) -> dict[str, str]:
    return {c.name: c.header for c in found.plan.columns if c.use == "field"}


@pytest.mark.parametrize("name", EXPECTED)
def test_understood_without_correction(name: str, real_data: Path) -> None:
    kind, records, expected = EXPECTED[name]
    found = inspect_file(real_data / name)
    assert (found.plan.kind, found.records, found.rejected) == (kind, records, ())
    assert fields(found) == expected
    assert found.plan.open_questions == ()


def test_details_of_the_plans(real_data: Path) -> None:
    retail = inspect_file(real_data / "online_retail/online_retail.csv.gz").plan
    ids = retail.column("user_id")
    assert ids is not None and ids.strip_decimal_zero and retail.packed
    assert inspect_file(real_data / "cdnow/CDNOW_master.txt").plan.dialect.delimiter == SPACES
    spark = inspect_file(real_data / "sparkify_events/sparkify_events.jsonl.gz").plan
    when = spark.column("event_time")
    assert when is not None and when.time is not None and (when.time.kind, when.time.unit) == ("epoch", "ms")
    for file in sorted((real_data / "ravenstack").glob("*.csv")):
        for column in inspect_file(file).plan.columns:
            assert column.time is None or column.time.order == "dmy"
            assert not column.header.startswith("\ufeff")


def test_open_ended_classes_are_categories(real_data: Path) -> None:
    plan = inspect_file(real_data / "complete_journey/demographics.csv.gz").plan
    types = {c.header: c.type for c in plan.columns}
    assert (types["household_size"], types["kids_count"]) == ("category", "category")


def test_people_without_ids_are_numbered(real_data: Path) -> None:
    found = inspect_file(real_data / "hillstrom/hillstrom.csv.gz")
    ids = found.plan.column("user_id")
    assert (found.plan.kind, found.records, found.plan.open_questions) == ("users", 64_000, ())
    assert ids is not None and ids.index == ROW_NUMBER


def test_a_link_table_asks_what_it_is(real_data: Path) -> None:
    found = inspect_file(real_data / "complete_journey/campaigns.csv.gz")
    assert {q.code for q in found.plan.open_questions} == {"kind", "event_time"}


Row = list[str]


def _date(text: str, form: str) -> str:
    return dt.date.fromisoformat(text).strftime(form)


def _german(row: Row) -> Row:
    return [*row[:5], row[5].replace(".", ","), row[6], _date(row[7], "%d.%m.%Y")]


def _reordered(row: Row) -> Row:
    code = {"UK": "GB", "USA": "US"}.get(row[3], row[3])
    return [
        _date(row[7], "%d-%b-%Y"),
        row[6],
        row[5],
        row[4],
        code,
        row[2],
        row[1],
        f"CUST-{int(row[0]):06d}",
        "ads",
        "7",
    ]


def _epoch(row: Row) -> Row:
    moment = dt.datetime.combine(dt.date.fromisoformat(row[7]), dt.time(), dt.UTC)
    return [*row[:7], str(int(moment.timestamp()))]


VARIANTS: dict[str, tuple[list[str], Callable[[Row], Row], str, str]] = {
    "german": (
        ["Kundennummer", "Vorname Nachname", "Alter", "Land", "Abo", "Sehdauer (Stunden)", "Lieblingsgenre",
         "Letzte Anmeldung"], _german, ";", "cp1252",
    ),
    "french": (
        ["Identifiant client", "Nom complet", "Âge", "Pays", "Type d'abonnement", "Heures visionnées", "Genre préféré",
         "Dernière connexion"], lambda r: [*_german(r)[:7], _date(r[7], "%d/%m/%Y")], ";", "utf-8-sig",
    ),
    "spanish": (
        ["id_usuario", "nombre", "edad", "país", "tipo_suscripción", "horas_vistas", "género_favorito",
         "último_acceso"],
        lambda r: r, ",", "utf-16",
    ),
    "portuguese": (
        ["ID do Cliente", "Nome", "Idade", "País", "Plano", "Horas Assistidas", "Gênero", "Último Acesso"], lambda r: r,
        "|", "utf-8",
    ),
    "italian": (
        ["Codice Cliente", "Nome", "Età", "Paese", "Abbonamento", "Ore di visione", "Genere preferito",
         "Ultimo accesso"],
        lambda r: [*r[:7], _date(r[7], "%d/%m/%Y")], ",", "utf-8",
    ),
    "dutch": (
        ["Klantnummer", "Naam", "Leeftijd", "Land", "Abonnement", "Kijkuren", "Genre", "Laatste login"], lambda r: r,
        ",", "utf-8",
    ),
    "american": (
        ["customerId", "fullName", "age", "country", "membershipType", "totalWatchTime", "favGenre", "lastSeenAt"],
        lambda r: [*r[:7], _date(r[7], "%m/%d/%Y")], "\t", "utf-8",
    ),
    "reordered and extended": (
        ["last_login_date", "genre", "watch_hours", "plan", "country_code", "AGE", "Customer Name", "Customer ID",
         "signup_source", "score"], _reordered, ",", "utf-8",
    ),
    "epoch": (
        ["uid", "display_name", "age", "market", "tier", "usage_minutes", "genre", "last_active_ts"], _epoch, ",",
        "utf-8",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", VARIANTS)
def test_the_same_users_in_other_clothes(name: str, real_data: Path, tmp_path: Path) -> None:
    header, change, delimiter, encoding = VARIANTS[name]
    original = real_data / "streaming_users/netflix_users.csv"
    path = tmp_path / "variant.csv"
    with original.open(encoding="utf-8", newline="") as source, path.open("w", encoding=encoding, newline="") as target:
        rows = csv.reader(source)
        next(rows)
        writer = csv.writer(target, delimiter=delimiter)
        writer.writerow(header)
        writer.writerows(change(row) for row in rows)
    plain, found = inspect_file(original), inspect_file(path)
    assert (found.plan.kind, found.records, found.rejected, found.plan.open_questions) == ("users", 25_000, (), ())
    assert set(fields(found)) == set(fields(plain))

    def read(inspection: Inspection, field: str) -> list[str]:
        position = next(i for i, c in enumerate(inspection.plan.columns) if c.name == field)
        return [row.read[position].removesuffix(" UTC").removesuffix(" 00:00:00") for row in inspection.preview]

    for field in ("name", "age", "plan", "usage", "last_active_time"):
        assert read(found, field) == read(plain, field)
