"""Headers in several languages and spellings, values that decide, and the kind of table."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.ingest.inspect import Inspection, inspect_file
from dashboard.ingest.plan import ROW_NUMBER
from dashboard.ingest.synonyms import score, words
from dashboard.ingest.vocabulary import COMMON
from dashboard.ingest.vocabulary import FIELDS as NAMES
from dashboard.schema import FIELDS, TABLES


def inspected(folder: Path, text: str, **kwargs: object) -> Inspection:
    path = folder / "file.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return inspect_file(path, **kwargs)  # type: ignore[arg-type]


def fields(found: Inspection) -> dict[str, str]:
    return {c.name: c.header for c in found.plan.columns if c.use == "field"}


@pytest.mark.parametrize("header", ["User_ID", "userId", "USER ID", "user-id", "UserID", "userid", " user.id "])
def test_spelling_does_not_matter(header: str) -> None:
    assert "".join(words(header)) == "userid"
    assert score(header, "users", "user_id") == 1.0


@pytest.mark.parametrize(
    ("header", "table", "field"),
    [
        ("Kundennummer", "users", "user_id"),
        ("Identifiant client", "users", "user_id"),
        ("código de cliente", "users", "user_id"),
        ("Klantnummer", "users", "user_id"),
        ("Gerätetyp", "users", "platform"),
        ("Dernière connexion", "users", "last_active_time"),
        ("último_acceso", "users", "last_active_time"),
        ("Âge", "users", "age"),
        ("Rechnungsdatum", "transactions", "order_time"),
        ("Menge", "transactions", "quantity"),
        ("prix unitaire", "transactions", "unit_price"),
        ("valor total", "transactions", "amount"),
        ("numero de pedido", "transactions", "order_id"),
        ("Zeitstempel", "events", "event_time"),
        ("evento", "events", "event_name"),
    ],
)
def test_usual_names_in_seven_languages(header: str, table: str, field: str) -> None:
    assert score(header, table, field) >= 0.85  # type: ignore[arg-type]


def test_every_field_has_names_and_every_name_a_field() -> None:
    for table in TABLES:
        for field in FIELDS[table]:
            assert NAMES[table].get(field.name) or COMMON.get(field.name), (table, field.name)
        assert set(NAMES[table]) <= {f.name for f in FIELDS[table]}


def test_values_decide_where_names_do_not(tmp_path: Path) -> None:
    rows = "".join(
        f"{1000 + i},{['France', 'UK', 'Brazil'][i % 3]},{['free', 'pro'][i % 2]},a{i}@b.org\n" for i in range(40)
    )
    found = inspected(tmp_path, "c1,c2,c3,c4\n" + rows)
    assert found.plan.kind == "users"
    assert fields(found) == {"user_id": "c1", "country": "c2", "plan": "c3", "email": "c4"}


def test_a_name_with_the_wrong_values_is_not_believed(tmp_path: Path) -> None:
    rows = "".join(f"u{i},yes,{['Rock', 'Jazz', 'Pop'][i % 3]},soon\n" for i in range(30))
    found = fields(inspected(tmp_path, "user_id,device_protection,genre,last_login\n" + rows))
    assert found == {"user_id": "user_id"}


@pytest.mark.parametrize(
    ("header", "row", "kind"),
    [
        ("user_id,event_name,timestamp", "u{p},open_app,2024-01-0{d} 10:00:00", "events"),
        (
            "user_id,session_start,session_end,device",
            "u{p},2024-01-0{d} 10:00:00,2024-01-0{d} 11:00:00,ios",
            "sessions",
        ),
        ("order_id,customer_id,order_date,total_amount", "o{i},c{p},2024-01-0{d},9.50", "transactions"),
        ("customer_id,signup_date,plan", "c{i},2024-01-0{d},free", "users"),
        ("customer,date,product,price", "c{p},2024-01-0{d},shoe,9.50", "transactions"),
    ],
)
def test_kinds_of_tables(tmp_path: Path, header: str, row: str, kind: str) -> None:
    rows = "".join(row.format(i=i, p=i % 7, d=1 + i % 9) + "\n" for i in range(60))
    found = inspected(tmp_path, f"{header}\n{rows}")
    assert (found.plan.kind, found.plan.open_questions) == (kind, ())


@pytest.mark.parametrize(
    ("header", "row", "kind"),
    [
        ("user_id,event_time,event_name", "u{i},2024-01-0{d} 10:00:00,{w}", "events"),
        ("user_id,session_id,start_time,end_time", "u{i},s{i},2024-01-0{d} 10:00:00,2024-01-0{d} 11:00:00", "sessions"),
        ("customer_id,order_id,order_date,amount", "c{i},o{i},2024-01-0{d},9.50", "transactions"),
    ],
)
def test_a_plain_header_wins_where_everybody_occurs_once(tmp_path: Path, header: str, row: str, kind: str) -> None:
    rows = "".join(row.format(i=i, d=1 + i % 9, w=("open", "close")[i % 2]) + "\n" for i in range(40))
    found = inspected(tmp_path, f"{header}\n{rows}")
    assert (found.plan.kind, found.plan.open_questions) == (kind, ())
    assert all(c.use == "field" and c.name != "name" for c in found.plan.columns)
    assert found.plan.kind_confidence >= 0.6


def test_a_doubtful_kind_is_asked(tmp_path: Path) -> None:
    text = "thing,worth\n" + "".join(f"w{i % 7},{i}\n" for i in range(40))
    found = inspected(tmp_path, text)
    assert 0.5 < found.plan.kind_confidence < 0.6
    assert [q.code for q in found.plan.open_questions] == ["kind"]
    answered = inspected(tmp_path, text, answers={"kind": "users"})
    assert (answered.plan.kind, answered.plan.open_questions) == ("users", ())


def test_a_list_of_people_stays_one(tmp_path: Path) -> None:
    rows = "".join(f"u{i},2024-01-0{1 + i % 9},2024-02-0{1 + i % 9},{i % 5}\n" for i in range(40))
    assert inspected(tmp_path, "user_id,signup_date,timestamp,action\n" + rows).plan.kind == "users"


def test_classes_written_with_numbers_are_no_numbers(tmp_path: Path) -> None:
    rows = "".join(f"u{i},{'5+' if i % 12 == 0 else i % 5},{'n/k' if i % 40 == 0 else i % 5}\n" for i in range(120))
    found = inspected(tmp_path, "user_id,household_size,rooms\n" + rows)
    assert {c.header: c.type for c in found.plan.columns[1:]} == {"household_size": "category", "rooms": "number"}
    assert [row.read[1] for row in found.preview[:3]] == ["5+", "1", "2"]


def test_a_named_amount_stays_one_with_bad_cells(tmp_path: Path) -> None:
    rows = "".join(f"c{i % 7},2024-01-0{1 + i % 9},{'unknown' if i % 10 == 0 else f'{i}.50'}\n" for i in range(60))
    found = inspected(tmp_path, "customer_id,order_date,amount\n" + rows)
    assert fields(found)["amount"] == "amount"
    amount = found.plan.column("amount")
    assert amount is not None and (amount.type, amount.decimal) == ("number", ".")


def test_a_price_without_a_quantity_is_the_amount(tmp_path: Path) -> None:
    rows = "".join(f"c{i % 7},2024-01-0{1 + i % 9},shoe,9.50\n" for i in range(60))
    assert fields(inspected(tmp_path, "customer,date,product,price\n" + rows))["amount"] == "price"


def test_people_without_ids_are_numbered(tmp_path: Path) -> None:
    rows = "".join(f"{20 + i % 50},Rome,{i % 7}.5\n" for i in range(80))
    found = inspected(tmp_path, "age,city,spend\n" + rows)
    ids = found.plan.column("user_id")
    assert ids is not None and ids.index == ROW_NUMBER
    assert found.plan.width == 3
    assert [row.read[-1] for row in found.preview[:2]] == ["1", "2"]
    assert any(note.code == "row_number" and note.level == "warning" for note in found.notes)


def test_what_is_required_and_missing_is_asked(tmp_path: Path) -> None:
    rows = "".join(f"c{i % 7},{i % 5}\n" for i in range(60))
    found = inspected(tmp_path, "customer_id,campaign_id\n" + rows, answers={"kind": "events"})
    assert found.plan.kind == "events"
    (question,) = found.plan.open_questions
    assert question.code == "event_time"
    answered = inspected(tmp_path, "customer_id,campaign_id\n" + rows, answers={"kind": "events", "event_time": "1"})
    assert answered.plan.open_questions == ()
    assert fields(answered)["event_time"] == "campaign_id"


def test_a_remembered_mapping_is_used_again(tmp_path: Path) -> None:
    rows = "".join(f"u{i},{i}.5,{i % 90}\n" for i in range(30))
    first = inspected(tmp_path, "user_id,score,level_reached\n" + rows)
    from dashboard.ingest import choices

    chosen = choices.use_column(choices.use_column(first.plan, 1, "field:usage"), 2, "ignored")
    again = inspected(tmp_path, "user_id,score,level_reached\n" + rows, remembered=chosen)
    assert fields(again) == {"user_id": "user_id", "usage": "score"}
    assert again.plan.columns[2].use == "ignored"
    assert again.header_key == first.header_key
    other = inspected(tmp_path, "user_id,score,level_reached\n" + rows.replace(".5", ".5 of ten"), remembered=chosen)
    assert "usage" not in fields(other)
