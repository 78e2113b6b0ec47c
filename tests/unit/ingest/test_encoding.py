"""Encodings: proven by bytes or proposed with a warning, decided over the whole file."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.errors import UserError
from dashboard.ingest.encoding import Encoding, decide, known
from dashboard.ingest.limits import Limits
from dashboard.ingest.slices import SLICE, Source

TEXT = "id,name\n1,Müller\n2,Zoë García\n3,façade\n"


def found(folder: Path, content: bytes, chosen: str = "") -> Encoding:
    path = folder / "file.csv"
    path.write_bytes(content)
    return decide(Source(path), Limits(), chosen)


@pytest.mark.parametrize(
    ("codec", "name", "proven"),
    [
        ("utf-8", "utf-8", True),
        ("utf-8-sig", "utf-8", True),
        ("utf-16", "utf-16-le", True),
        ("utf-16-be", "utf-16-be", True),
        ("utf-16-le", "utf-16-le", True),
        ("utf-32", "utf-32-le", True),
        ("cp1252", "cp1252", False),
    ],
)
def test_western_text(tmp_path: Path, codec: str, name: str, proven: bool) -> None:
    seen = found(tmp_path, TEXT.encode(codec))
    assert (seen.name, seen.proven, seen.replaced, seen.implausible) == (name, proven, 0, False)


def test_words_show_how_letters_would_read(tmp_path: Path) -> None:
    words = found(tmp_path, TEXT.encode("cp1252")).words
    assert "Müller" in words
    assert any("García" in word for word in words)


def test_the_first_odd_byte_may_be_the_last_byte_of_the_file(tmp_path: Path) -> None:
    assert found(tmp_path, b"a,b\n" * 3_000_000 + b"caf\xe9").name == "cp1252"


@pytest.mark.parametrize("size", [7, 65_536, SLICE - 1, 2 * SLICE + 3])
def test_plain_ascii_packed_or_not(tmp_path: Path, size: int) -> None:
    content = (b"a,b\n1,2\n" * (size // 8 + 1))[:size]
    seen = found(tmp_path, content)
    assert (seen.name, seen.ascii, seen.size) == ("utf-8", True, size)
    assert seen.tail == content[-(65_536 + size % 4) :]
    packed = tmp_path / "file.csv.gz"
    packed.write_bytes(gzip.compress(content, 1))
    assert decide(Source(packed, packed=True), Limits()) == seen


@pytest.mark.parametrize("place", [0, 1_001, SLICE - 1, SLICE, 2 * SLICE + 2])
def test_one_odd_byte_anywhere_is_seen(tmp_path: Path, place: int) -> None:
    content = bytearray(b"a" * (2 * SLICE + 3))
    content[place] = 0xE9
    seen = found(tmp_path, bytes(content))
    assert (seen.name, seen.ascii) == ("cp1252", False)


def test_a_sequence_across_slices_is_whole(tmp_path: Path) -> None:
    content = b"x" * ((4 << 20) - 1) + "é".encode() + b"\n"
    assert found(tmp_path, content).replaced == 0
    assert found(tmp_path, content).name == "utf-8"


def test_mostly_utf8_stays_utf8_and_counts_the_damage(tmp_path: Path) -> None:
    seen = found(tmp_path, ("é" * 100).encode() + b"\xff" + ("ü" * 100).encode())
    assert (seen.name, seen.replaced) == ("utf-8", 1)


@pytest.mark.parametrize("codec", ["iso-8859-7", "gbk", "cp1251", "cp932"])
def test_other_alphabets_are_doubted(tmp_path: Path, codec: str) -> None:
    text = {
        "iso-8859-7": "Λεωνίδας,Αλέξανδρος",
        "gbk": "北京市,上海市人民",
        "cp1251": "Москва,Владимир",
        "cp932": "東京都,大阪府",
    }[codec]
    seen = found(tmp_path, (text + "\n").encode(codec) * 5)
    assert (seen.name, seen.proven, seen.implausible) == ("cp1252", False, True)


def test_a_chosen_encoding_is_obeyed_and_its_misfits_counted(tmp_path: Path) -> None:
    assert found(tmp_path, "北京".encode("gbk"), "gbk").name == "gbk"
    assert found(tmp_path, b"caf\xe9 caf\xe9", "ascii").replaced == 2


@pytest.mark.parametrize("name", ["no-such", "base64", "rot13", "idna", "", "zlib"])
def test_what_is_no_text_encoding_is_refused(name: str) -> None:
    with pytest.raises(UserError) as refused:
        known(name)
    assert refused.value.code == "unknown_encoding"


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=200))
def test_utf8_is_never_taken_for_anything_else(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    seen = found(tmp_path_factory.mktemp("any"), b"id," + text.replace("\x00", "").encode())
    assert (seen.name, seen.replaced) == ("utf-8", 0)
