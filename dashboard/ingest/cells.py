"""What a single cell looks like: the vocabulary that dialect, header and column types are decided with."""

from __future__ import annotations

import re
import unicodedata

NULL_WORDS = frozenset(
    {"na", "n/a", "#n/a", "null", "nan", "none", "nil", "-", "--", "?", "\\n", "(null)", "<na>", "."}
)
PLACEHOLDER_IDS = NULL_WORDS | {
    "unknown",
    "undefined",
    "anonymous",
    "guest",
    "test",
    "0",
    "-1",
    "xxx",
    "tbd",
    "missing",
}
TRUE_WORDS = frozenset({"true", "t", "yes", "y", "1", "ja", "oui", "si", "sí", "sim", "wahr", "vrai", "on", "x"})
FALSE_WORDS = frozenset({"false", "f", "no", "n", "0", "nein", "non", "nao", "não", "nee", "falsch", "faux", "off"})
TOTAL_WORDS = frozenset(
    {"total", "totals", "subtotal", "sum", "summe", "gesamt", "gesamtsumme", "zwischensumme", "insgesamt", "somme"}
    | {"totaal", "totale", "totales", "suma", "soma", "totaux", "overall"}
)
MONTHS: dict[str, int] = {}
for _number, _names in enumerate(
    (
        "jan january januar janvier enero janeiro gennaio januari janv ene gen jän jänner jaen",
        "feb february februar février fevrier febrero fevereiro febbraio februari févr fevr fev",
        "mar march märz maerz mars marzo março marco maart mär mrz mrt",
        "apr april avril abril aprile avr abr",
        "may mai mayo maio maggio mei mag",
        "jun june juni juin junio junho giugno giu",
        "jul july juli juillet julio julho luglio juil lug",
        "aug august août aout agosto augustus ago",
        "sep sept september septembre septiembre setembro settembre set",
        "oct october oktober octobre octubre outubro ottobre okt out ott",
        "nov november novembre noviembre novembro",
        "dec december dezember décembre decembre diciembre dezembro dicembre dez déc dic",
    ),
    start=1,
):
    MONTHS.update(dict.fromkeys(_names.split(), _number))

_SIGN = r"[-+−]?"
_MONEY = r"(?:[$€£¥₹₽₩]|US\$|USD|EUR|GBP|CHF|kr\.?|zł|R\$|Fr\.)"
NUMBER = re.compile(
    rf"{_SIGN}\(?\s*{_MONEY}?\s*{_SIGN}"
    r"(?:\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d*)?|\d[\d.,'’]*|[.,]\d+)"
    rf"(?:[eE][-+]?\d{{1,3}})?\s*(?:%|{_MONEY})?\s*\)?[-−]?"  # 5- is minus five; 5+ is "five or more" and no number
)
TIME_OF_DAY = (
    r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?\s*(?:[aApP]\.?[mM]\.?)?\s*(?:Z|UTC|GMT|[-+]\d{2}:?\d{2}|[-+]\d{2})?"
)
_MONTH = "(?:" + "|".join(sorted(map(re.escape, MONTHS), key=len, reverse=True)) + r")\.?"
_WEEKDAY = r"(?:[^\W\d]{2,10}\.?,?\s+)?"
DATE = re.compile(
    rf"{_WEEKDAY}(?:\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.](?:\d{{4}}|\d{{2}})"
    rf"|\d{{4}}年\d{{1,2}}月\d{{1,2}}日"
    rf"|\d{{1,2}}(?:st|nd|rd|th|\.)?[-/\s]?\s*(?:de\s+)?{_MONTH}(?:[-/,\s]|\s+de\s)\s*(?:\d{{4}}|\d{{2}})"
    rf"|{_MONTH}[-/\s]\s*\d{{1,2}}(?:st|nd|rd|th)?[,\s]\s*\d{{4}}|\d{{4}}[-/]{_MONTH}[-/]\d{{1,2}})"
    rf"(?:(?:T|,?\s+|\s*-\s+|:){TIME_OF_DAY})?",
    re.IGNORECASE,
)
_CLOCK = re.compile(TIME_OF_DAY)
_EMAIL = re.compile(r"[^\s@,;]{1,64}@[^\s@,;]{1,255}\.[^\s@,;]{2,24}")
_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_WORDS = re.compile(r"[\w#&’./()*+-][\w\s#&'’./()*+%@!?°<>=-]*(?:[,:] [\w\s#&'’./()*+%@!?°<>=-]*)*:?")
_CODE = re.compile(r"(?=.*\d)[\w.:/+-]{2,64}")


def shape(cell: str) -> str:
    """One of: empty, null, number, date, clock, email, url, code (an identifier with digits), word, prose, odd.

    Linear in the length: cells of more than 200 characters are prose without a look.
    """
    if not cell:
        return "empty"
    if len(cell) > 200:
        return "prose"
    if cell[0].isascii() and cell.isdigit():
        return "number"
    if cell.lower() in NULL_WORDS:
        return "null"
    has_digit = any(c.isdigit() for c in cell)
    if has_digit:
        if len(cell) < 40:
            if NUMBER.fullmatch(cell):
                return "number"
            if DATE.fullmatch(cell):
                return "date"
            if _CLOCK.fullmatch(cell):
                return "clock"
        if "@" not in cell and _CODE.fullmatch(cell):
            return "code"
    if "@" in cell and _EMAIL.fullmatch(cell):
        return "email"
    if ("." in cell or ":" in cell) and _URL.fullmatch(cell):
        return "url"
    if not cell.endswith("'") and _WORDS.fullmatch(cell):
        return "word" if len(cell) <= 60 else "prose"
    return "odd"


def plain(text: str) -> str:
    """Text for comparing names: lower case, without accents and marks, ``ß`` as ss."""
    text = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    return "".join(c for c in text if not unicodedata.combining(c)).casefold()


def is_total(cell: str) -> bool:
    """Whether the cell begins or ends with a word for a total ("Grand total", "Summe:")."""
    words = re.findall(r"[^\W\d_]+", plain(cell))
    return 0 < len(words) <= 8 and (words[0] in TOTAL_WORDS or words[-1] in TOTAL_WORDS or words[1:2] == ["total"])
