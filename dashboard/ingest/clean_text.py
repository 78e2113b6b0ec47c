"""Words and characters: what means "missing", what looks like a placeholder, what must not stay in a text."""

from __future__ import annotations

import re
import unicodedata

from dashboard.ingest.cells import NULL_WORDS, PLACEHOLDER_IDS

_ZEROS = re.compile(r"0000[0-]*")
_SPACING = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)


def is_null_word(text: str) -> bool:
    """Whether a trimmed cell outside id columns means "missing"."""
    return len(text) <= 9 and text.lower() in NULL_WORDS


def is_null_prose(text: str) -> bool:
    """The same for free texts, where a lone punctuation mark is something somebody wrote."""
    return is_null_word(text) and any(c.isalpha() for c in text)


def is_placeholder(text: str) -> bool:
    """Whether an id looks as if somebody wrote "nobody": counted and listed, never changed."""
    return len(text) <= 40 and (text.lower() in PLACEHOLDER_IDS or _ZEROS.fullmatch(text) is not None)


def clean_text(text: str) -> str:
    """Composed characters (NFC), line breaks and tabs as one space, no control, zero-width or bidi characters."""
    text = _SPACING.sub(" ", unicodedata.normalize("NFC", text))
    return _INVISIBLE.sub("", text).strip(" \u00a0")
