"""The hash of a text must never change: it decides where a stored person lives."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.store.hashing import text_hash

MASK = 2**64 - 1


def reference(data: bytes) -> int:
    h = len(data)
    for i in range(0, len(data), 8):
        word = int.from_bytes(data[i : i + 8].ljust(8, b"\0"), "little")
        word = word * 0x87C37B91114253D5 & MASK
        word = (word << 31 | word >> 33) & MASK
        word = word * 0x4CF5AD432745937F & MASK
        h ^= word
        h = (h << 27 | h >> 37) & MASK
        h = (h * 5 + 0x52DCE729) & MASK
    h ^= h >> 33
    h = h * 0xFF51AFD7ED558CCD & MASK
    h ^= h >> 33
    h = h * 0xC4CEB9FE1A85EC53 & MASK
    return h ^ h >> 33


@given(st.text())
@settings(deadline=None)
def test_equals_the_reference(text: str) -> None:
    assert text_hash(text) == reference(text.encode())


def test_pinned_values() -> None:
    assert [text_hash(text) for text in ("", "abc", "0123456789é")] == [
        0,
        6911825112894803526,
        16339108342546383697,
    ]
