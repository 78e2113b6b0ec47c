"""Text that leaves in a CSV file must not become a formula in somebody's spreadsheet.

A cell's text may come from the end customer of a shop ("=HYPERLINK(...)" as a name). Every CSV the product writes for
people passes its texts and headers through :func:`safe_cell`; typed numbers and dates do not need it.
"""

from __future__ import annotations

import unicodedata

_STARTS = ("=", "+", "-", "@", "|")
_CONTROL = ("\t", "\r", "\n", "\0")


def safe_cell(text: str) -> str:
    """The text with an apostrophe in front when a spreadsheet would read it as a formula, else unchanged.

    Full-width signs count as the signs they fold to (NFKC). Rule: OWASP ASVS 1.2.10.
    """
    head = unicodedata.normalize("NFKC", text).lstrip(" \t\r\n\0\ufeff\u200b")
    if head.startswith(_STARTS) or text.startswith(_CONTROL):
        return "'" + text
    return text
