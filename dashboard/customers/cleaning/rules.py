"""The cleaning rules of a dataset's order lines, in the one order in which they are applied, as plain data.

Every line belongs to the first rule in force that it meets, else it is kept. What becomes of a rule's lines is its
*treatment*:

drop: as if they were not in the file. net: no sale; their money stays in net revenue, and a return is taken off the
purchase it belongs to. apart: revenue, but of no customer. flag, keep: nothing; the line goes on to the next rule.

The defaults change no number of the product: lines that are left out by default carry no money.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field, fields
from typing import Any, NamedTuple, NoReturn

from dashboard.errors import UserError

DROP, NET, APART, FLAG, KEEP = "drop", "net", "apart", "flag", "keep"
NO_DATE, DUPLICATES, BAD_DEBT, CANCELLATIONS = "no_date", "duplicates", "bad_debt", "cancellations"
WRITE_OFFS, ZERO_PRICES, ADJUSTMENTS = "write_offs", "zero_prices", "adjustments"
SERVICE_CODES, GUESTS = "service_codes", "guests"
KEPT = "kept"  # what no rule takes

# The wholesaler of the "Online Retail" data uses these; other shops have others, so they are data and editable.
DEFAULT_CODES = ("AMAZONFEE", "B", "BANK CHARGES", "C2", "CRUK", "D", "DOT", "M", "PADS", "POST", "S")
# Names of one country that files mix; offered, never applied unasked.
SUGGESTED_ALIASES = (
    ("Czech Republic", "Czechia"),
    ("EIRE", "Ireland"),
    ("Great Britain", "United Kingdom"),
    ("Holland", "Netherlands"),
    ("Korea", "South Korea"),
    ("RSA", "South Africa"),
    ("U.S.A.", "United States"),
    ("UK", "United Kingdom"),
    ("USA", "United States"),
)
MAX_CODES, MAX_ALIASES, MAX_LENGTH = 500, 500, 200


class Rule(NamedTuple):
    """name: stable key. label, short, text: for people. treatments: allowed ones, the default first. money: whether its
    lines can carry money, so that dropping them changes revenue. need: the column without which nobody can tell."""

    name: str
    label: str
    short: str
    text: str
    treatments: tuple[str, ...]
    money: bool = True
    need: str = ""


RULES: tuple[Rule, ...] = (
    Rule(
        NO_DATE,
        "Lines without a date",
        "No date",
        "They belong to no day, so no number has them.",
        (DROP,),
        money=False,
    ),
    Rule(
        DUPLICATES,
        "Repeated lines",
        "Repeated",
        "Equal to another line of the same order in every imported column. They may be real: the same item scanned "
        "twice.",
        (FLAG, DROP),
    ),
    Rule(
        BAD_DEBT,
        "Bad debt",
        "Bad debt",
        "Order numbers that begin with A and go on in digits: corrections of accounts, not sales.",
        (KEEP, DROP),
        need="order_id",
    ),
    Rule(
        CANCELLATIONS,
        "Cancellations and credit notes",
        "Cancellations",
        "Lines with a negative quantity and value. They are taken off the purchase of the same person and product, and "
        "never count as an order or a visit.",
        (NET, DROP),
    ),
    Rule(
        WRITE_OFFS,
        "Stock write-offs",
        "Write-offs",
        "A negative quantity with price 0 and no customer: goods lost or corrected in the warehouse.",
        (DROP, KEEP),
        money=False,
        need="quantity",
    ),
    Rule(
        ZERO_PRICES,
        "Price 0 or no price",
        "Price 0",
        "Gifts, samples and corrections by hand; they carry no money.",
        (DROP, KEEP),
        money=False,
    ),
    Rule(
        ADJUSTMENTS,
        "Other adjustments",
        "Adjustments",
        "Money that is neither a sale nor a return, such as a negative price.",
        (NET, DROP),
    ),
    Rule(
        SERVICE_CODES,
        "Services and fees",
        "Services",
        "Postage, bank charges, discounts and entries by hand: exactly the product codes of the list.",
        (KEEP, DROP),
        need="product_id",
    ),
    Rule(
        GUESTS,
        "Guests",
        "Guests",
        "Sales without a customer: in revenue, in no number per customer.",
        (APART, DROP),
    ),
)
IN_WORDS = {
    DROP: "Leave out",
    APART: "Revenue, of no customer",
    FLAG: "Keep, and flag",
    KEEP: "Keep",
    NET: "Keep in net revenue",
}
BY_NAME = {rule.name: rule for rule in RULES}
SWITCHES = tuple(rule.name for rule in RULES if len(rule.treatments) > 1)


@dataclass(frozen=True)
class Cleaning:
    """The treatment of every rule with a choice, and the two lists. Equal rules are equal objects.

    codes: product codes that are no goods, upper case. aliases: (name in the file, name that it means), for countries.
    Raises UserError ("bad_cleaning") for anything that is not allowed.
    """

    duplicates: str = FLAG
    bad_debt: str = KEEP
    cancellations: str = NET
    write_offs: str = DROP
    zero_prices: str = DROP
    adjustments: str = NET
    service_codes: str = KEEP
    guests: str = APART
    codes: tuple[str, ...] = DEFAULT_CODES
    aliases: tuple[tuple[str, str], ...] = field(default=())

    def __post_init__(self) -> None:
        for name in SWITCHES:
            allowed = BY_NAME[name].treatments
            if getattr(self, name) not in allowed:
                _refuse(
                    f"“{BY_NAME[name].label}” cannot be treated like this.", f"Choose one of: {', '.join(allowed)}."
                )
        object.__setattr__(self, "codes", _codes(self.codes))
        object.__setattr__(self, "aliases", _aliases(self.aliases))

    def treatment(self, name: str) -> str:
        """What happens to the lines of a rule."""
        return str(getattr(self, name)) if name in SWITCHES else BY_NAME[name].treatments[0]

    def claims(self, name: str) -> bool:
        """Whether a rule takes its lines out of the sales of known customers."""
        return self.treatment(name) in (DROP, NET, APART)

    @property
    def drops(self) -> tuple[Rule, ...]:
        """The rules that leave lines with money out: only these change revenue."""
        return tuple(rule for rule in RULES if rule.money and self.treatment(rule.name) == DROP)

    @property
    def key(self) -> str:
        """What stands for the rules in a cache key; "" for the defaults."""
        if self == DEFAULT:
            return ""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "codes": list(self.codes), "aliases": [list(pair) for pair in self.aliases]}

    @classmethod
    def from_json(cls, data: Any) -> Cleaning:
        """The inverse of :meth:`to_json`; missing keys have their default. Raises UserError ("bad_cleaning")."""
        known = {item.name for item in fields(cls)}
        if not isinstance(data, dict) or set(data) - known:
            _refuse("These cleaning rules have an unknown form.", "Reset them to the defaults.")
        values = dict(data)
        try:
            if "codes" in values:
                values["codes"] = tuple(_text(code) for code in _list(values["codes"]))
            if "aliases" in values:
                pairs = [tuple(_text(part) for part in _list(pair)) for pair in _list(values["aliases"])]
                values["aliases"] = tuple((name, meant) for name, meant in pairs)
        except ValueError:
            _refuse("These cleaning rules have an unknown form.", "Reset them to the defaults.")
        return cls(**values)


def in_words(rule: str, treatment: str) -> str:
    """What becomes of a rule's lines, for people."""
    return "Take off the purchase" if (rule, treatment) == (CANCELLATIONS, NET) else IN_WORDS[treatment]


def codes_of(text: str) -> tuple[str, ...]:
    """Product codes as a person types them: one a line, or with commas or semicolons between."""
    return _codes(tuple(re.split(r"[\n\r,;]+", text)))


def aliases_of(text: str) -> tuple[tuple[str, str], ...]:
    """Country aliases as a person types them: "EIRE = Ireland", one a line. Raises UserError for a line of another
    form."""
    pairs = []
    for line in text.splitlines():
        if not line.strip():
            continue
        name, sign, meant = line.partition("=")
        if not sign:
            _refuse("An alias is written as “name in the file = name to use”.", "For example: EIRE = Ireland")
        pairs.append((name, meant))
    return _aliases(tuple(pairs))


def _codes(given: Any) -> tuple[str, ...]:
    codes = tuple(sorted({_clean(code).upper() for code in given} - {""}))
    if len(codes) > MAX_CODES:
        _refuse(f"More than {MAX_CODES} product codes are no list of services.", "Shorten the list.")
    return codes


def _aliases(given: Any) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for name, meant in given:
        name, meant = _clean(name), _clean(meant)
        if not name and not meant:
            continue
        if not name or not meant:
            _refuse("An alias needs a name on both sides.", "For example: EIRE = Ireland")
        if found.get(name, meant) != meant:
            _refuse("One name has two meanings.", "Keep one line per name.")
        if name != meant:
            found[name] = meant
    if len(found) > MAX_ALIASES:
        _refuse(f"There can be at most {MAX_ALIASES} aliases.", "Shorten the list.")
    if set(found) & set(found.values()):
        _refuse("A name is both an alias and the meaning of one.", "Point every alias at the final name.")
    return tuple(sorted(found.items()))


def _clean(text: str) -> str:
    words = " ".join(text.split())
    if len(words) > MAX_LENGTH:
        _refuse(f"A code or name has more than {MAX_LENGTH} characters.", "Shorten it.")
    return words


def _list(value: Any) -> list[Any] | tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError("expected a list")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("expected a text")
    return value


def _refuse(message: str, hint: str) -> NoReturn:
    raise UserError("bad_cleaning", message, hint)


DEFAULT = Cleaning()
