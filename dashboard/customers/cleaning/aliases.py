"""Names of one country that a file mixes, read as one name: in filters, in lists of values and in sums by country.

The stored texts stay as they came; an alias is a preference of the dataset and can change at any time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.customers.cleaning.rules import SUGGESTED_ALIASES, Cleaning
from dashboard.store.dataset import Dataset

COLUMN = "country"
Codes = npt.NDArray[np.int32]


def meanings(dataset: Dataset, name: str, cleaning: Cleaning) -> Codes | None:
    """int32 by code of the column: the code that stands for its meaning; None when no alias applies.

    The meaning of an alias need not occur in the data: then the first alias of it stands for all of them, and
    :func:`texts` shows the meaning.
    """
    if name != COLUMN or not cleaning.aliases or name not in dataset.manifest.dictionaries:
        return None
    codes = np.arange(dataset.manifest.dictionaries[name], dtype=np.int32)
    stands: dict[str, int] = {}
    found = False
    for alias, meant in cleaning.aliases:
        code = dataset.code(name, alias)
        if code < 0:
            continue
        there = dataset.code(name, meant)
        codes[code] = stands.setdefault(meant, there if there >= 0 else code)
        found = True
    return codes if found else None


def texts(dataset: Dataset, name: str, cleaning: Cleaning) -> list[str]:
    """The texts of a column by code, aliases replaced by what they mean."""
    given = [str(text) for text in dataset.dictionary(name)]
    if name != COLUMN or not cleaning.aliases:
        return given
    meant = dict(cleaning.aliases)
    return [meant.get(text, text) for text in given]


def with_aliases(name: str, values: tuple[str, ...], cleaning: Cleaning) -> tuple[str, ...]:
    """The values of a filter and everything in the file that means one of them."""
    if name != COLUMN or not cleaning.aliases:
        return values
    return (*values, *(alias for alias, meant in cleaning.aliases if meant in values))


def suggested(dataset: Dataset, cleaning: Cleaning) -> tuple[tuple[str, str], ...]:
    """Well-known aliases that occur in the data and are not in the table yet."""
    if COLUMN not in dataset.manifest.dictionaries:
        return ()
    known = {alias for alias, _ in cleaning.aliases} | {meant for _, meant in cleaning.aliases}
    return tuple(
        (alias, meant) for alias, meant in SUGGESTED_ALIASES if alias not in known and dataset.code(COLUMN, alias) >= 0
    )
