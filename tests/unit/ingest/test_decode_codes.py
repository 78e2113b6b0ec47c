"""Texts as codes: order of first appearance, exact whatever the lengths and however the tables grow."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.ingest.decode_codes import ODD, Coder, joined

NO_QUOTES = np.array([-1, -1], np.int64)


def reference(texts: list[bytes]) -> tuple[list[int], list[bytes]]:
    seen: dict[bytes, int] = {}
    return [seen.setdefault(t, len(seen)) if t else -1 for t in texts], list(seen)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(st.binary(max_size=40).map(lambda b: b.replace(b"\0", b"0")), max_size=40), max_size=4))
def test_codes_are_those_of_a_dictionary(chunks: list[list[bytes]]) -> None:
    coder = Coder(NO_QUOTES, 64)
    found: list[int] = []
    for texts in chunks:
        found += coder.encode(*joined(texts))[0].tolist()
    codes, distinct = reference([t for texts in chunks for t in texts])
    assert found == codes
    assert [coder.text(k) for k in range(len(coder))] == distinct


def test_tables_grow(tmp_path: object) -> None:
    texts = [b"%d-%s" % (i * 7919 % 50_000, b"x" * (i % 60)) for i in range(120_000)]
    coder = Coder(NO_QUOTES, 64)
    first = coder.encode(*joined(texts[:50_000]))[0].tolist()
    early = coder.dictionary()
    second = coder.encode(*joined(texts[50_000:]))[0].tolist()
    codes, distinct = reference(texts)
    assert first + second == codes
    assert coder.dictionary().to_pylist() == [t.decode() for t in distinct]
    assert early.to_pylist() == [t.decode() for t in distinct[: len(early)]]


def test_row_fingerprints_do_not_depend_on_codes() -> None:
    texts = [b"b", b"a", b"", b"b"]
    one, other = np.zeros(4, np.uint64), np.zeros(4, np.uint64)
    coder = Coder(NO_QUOTES, 64)
    coder.encode(*joined([b"z", b"a"]))
    coder.encode(*joined(texts), hashes=one, seed=5)
    Coder(NO_QUOTES, 64).encode(*joined(texts), hashes=other, seed=5)
    assert one.tolist() == other.tolist()
    assert one[0] == one[3] != one[1]
    assert one[2] == 0
    Coder(NO_QUOTES, 64).encode(*joined(texts), hashes=other, seed=6)
    assert other.tolist() != one.tolist()


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20))
def test_every_text_that_needs_a_look_is_left(text: str) -> None:
    starts = np.zeros(256, np.bool_)
    starts[ord("n")] = True
    data = text.encode()
    codes, odd = Coder(NO_QUOTES, 64, starts).encode(*joined([data]))
    unusual = any(b < 32 or b > 127 for b in data) or (data.startswith(b"n") and len(data) <= 9)
    assert (codes[0] == ODD) == unusual
    assert odd == int(unusual)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=20).map(lambda b: b.replace(b"\0", b"0")), min_size=1, max_size=30))
def test_a_known_text_has_the_fingerprint_of_a_new_one(texts: list[bytes]) -> None:
    """Short cells that are known already are looked up on a way of their own."""
    coder = Coder(NO_QUOTES, 64)
    first, second = np.zeros(len(texts), np.uint64), np.zeros(len(texts), np.uint64)
    codes = coder.encode(*joined(texts), hashes=first, seed=3)[0]
    assert coder.encode(*joined(texts), hashes=second, seed=3)[0].tolist() == codes.tolist()
    assert first.tolist() == second.tolist()


def test_a_text_that_needs_a_look_is_left_also_when_it_is_known() -> None:
    starts = np.zeros(256, np.bool_)
    starts[ord("n")] = True
    coder = Coder(NO_QUOTES, 64, starts)
    texts = [b"nina", "é".encode(), b"a\x01", b"plain", b"n" * 10]
    assert coder.encode_texts(texts).tolist() == [0, 1, 2, 3, 4]
    assert coder.encode(*joined(texts))[0].tolist() == [ODD, ODD, ODD, 3, 4]


def test_zeros_after_the_point_are_cut_off_known_or_not() -> None:
    coder = Coder(NO_QUOTES, 64)
    texts = [b"17850.0", b"17850", b"1.50", b"x.0", b"17850.0"]
    for _ in range(2):
        assert coder.encode(*joined(texts), strip_zero=True)[0].tolist() == [0, 0, 1, 2, 0]
    assert coder.stripped == 4
