"""Which encoding a text file has, decided over the whole file, and the file as UTF-8.

Proven: a byte order mark, the zero bytes of UTF-16 and UTF-32, and UTF-8 (its byte sequences do not occur by chance).
Everything else cannot be proven from bytes; cp1252 is proposed with a warning that shows how words would read.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dashboard.errors import UserError
from dashboard.ingest.limits import Limits

if TYPE_CHECKING:
    from dashboard.ingest.slices import Source

_MARKS: tuple[tuple[bytes, str], ...] = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
CHOICES: tuple[tuple[str, str], ...] = (
    ("cp1252", "Western European (Windows-1252)"),
    ("cp1250", "Central European (Windows-1250)"),
    ("cp1251", "Cyrillic (Windows-1251)"),
    ("iso-8859-7", "Greek (ISO 8859-7)"),
    ("cp1254", "Turkish (Windows-1254)"),
    ("cp1255", "Hebrew (Windows-1255)"),
    ("cp1256", "Arabic (Windows-1256)"),
    ("gb18030", "Chinese, simplified (GBK, GB 18030)"),
    ("big5", "Chinese, traditional (Big5)"),
    ("cp932", "Japanese (Shift JIS)"),
    ("euc_jp", "Japanese (EUC)"),
    ("cp949", "Korean (CP949)"),
    ("mac_roman", "Old Macintosh"),
    ("cp850", "DOS"),
)
_WORD = re.compile(r"\w*[^\x00-\x7f]\w*(?:[ '-]?\w+)?")
_SAMPLE_LINES = 20
_TAIL = 64 << 10


@dataclass(frozen=True)
class Encoding:
    """name: Python codec. proven: the bytes leave no other reading. replaced: bytes that are not valid in it (they
    become U+FFFD), counted over the whole file. words: how text with such letters reads, for the preview. size:
    unpacked bytes of the file. ascii: no byte above 127. implausible: the proposed encoding makes few real words.
    tail: the last bytes of the file as they are, beginning at a multiple of four."""

    name: str
    proven: bool = True
    replaced: int = 0
    words: tuple[str, ...] = ()
    size: int = 0
    ascii: bool = False
    implausible: bool = False
    tail: bytes = field(default=b"", repr=False)


def byte_order_mark(head: bytes) -> tuple[str | None, int]:
    """Encoding named by a byte order mark and the mark's length."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name, len(mark)
    return None, 0


def utf16_without_mark(head: bytes) -> str | None:
    """UTF-16 or UTF-32 by where the zero bytes are: Western text has one in every other byte and nowhere else."""
    size = len(head) - len(head) % 4
    if size < 4:
        return None
    quarters = [head[i:size:4].count(0) * 4 / size for i in range(4)]
    if quarters[1] > 0.6 and quarters[2] > 0.6 and quarters[3] > 0.6 and quarters[0] < 0.2:
        return "utf-32-le"
    if quarters[0] > 0.6 and quarters[1] > 0.6 and quarters[2] > 0.6 and quarters[3] < 0.2:
        return "utf-32-be"
    even, odd = head[0:size:2].count(0) * 2 / size, head[1:size:2].count(0) * 2 / size
    if odd > 0.4 and even < 0.1:
        return "utf-16-le"
    if even > 0.4 and odd < 0.1:
        return "utf-16-be"
    return None


def known(name: str) -> str:
    """The codec a person chose, checked. Raises UserError when there is none of that name or it does not make text."""
    try:
        info = codecs.lookup(name)
        usable = getattr(info, "_is_text_encoding", True) and info.incrementaldecoder is not None
        if not usable or info.name in ("idna", "punycode", "unicode-escape", "unicode_escape", "raw-unicode-escape"):
            raise LookupError(name)
    except (LookupError, ValueError):
        raise UserError("unknown_encoding", "There is no encoding of that name.", "Try utf-8 or cp1252.") from None
    return info.name


def decide(source: Source, limits: Limits, chosen: str = "") -> Encoding:
    """Find the encoding of a text file by reading all of it (streaming, memory bounded).

    chosen: a codec name a person picked; then only the bytes that do not fit are counted. Raises UserError when the
    file is larger than the limits allow.
    """
    head = source.head(64 << 10, limits)
    named, _ = byte_order_mark(head)
    certain = known(chosen) if chosen else named or utf16_without_mark(head)
    if certain in (None, "utf-8") and not chosen and source.ascii(limits):
        size = source.path.stat().st_size
        return Encoding("utf-8", size=size, ascii=True, tail=source.tail(_TAIL + size % 4))
    check = _Utf8Check()
    counter = _Replacements(certain) if certain and certain != "utf-8" else None
    size = 0
    tail = b""
    odd: list[bytes] = []
    for piece in source.slices(limits):
        size += len(piece)
        keep = _TAIL + size % 4
        tail = piece[-keep:] if len(piece) >= keep else (tail + piece)[-keep:]
        if counter is not None:
            counter.feed(piece)
            continue
        check.feed(piece)
        if len(odd) < _SAMPLE_LINES and not piece.isascii():
            odd += [line for line in re.split(rb"[\r\n]+", piece[: 1 << 20]) if not line.isascii()][:_SAMPLE_LINES]
    if counter is not None:
        counter.finish()
        return Encoding(certain or "", proven=not chosen, replaced=counter.replaced, size=size, tail=tail)
    check.finish()
    if check.ascii:
        return Encoding("utf-8", size=size, ascii=True, tail=tail)
    if check.invalid == 0 or certain == "utf-8" or check.valid > 10 * check.invalid:
        words = _words(b"\n".join(odd), "utf-8")
        return Encoding("utf-8", replaced=check.invalid, words=words, size=size, tail=tail)
    sample = b"\n".join(odd)
    counter = _Replacements("cp1252")
    for piece in source.slices(limits):
        counter.feed(piece)
    return Encoding(
        "cp1252",
        proven=False,
        replaced=counter.replaced,
        words=_words(sample, "cp1252"),
        size=size,
        tail=tail,
        implausible=_implausible(sample),
    )


class _Utf8Check:
    """Counts valid and invalid multi-byte sequences over slices; ``ascii`` stays True while no byte exceeds 127."""

    def __init__(self) -> None:
        self.ascii = True
        self.valid = self.invalid = 0
        self._rest = b""

    def feed(self, piece: bytes) -> None:
        if not self._rest and piece.isascii():
            return
        self.ascii = False
        piece = self._rest + piece
        keep = next((n for n in range(1, min(3, len(piece)) + 1) if piece[-n] >= 0xC0), 0)
        self._rest = piece[len(piece) - keep :]
        self._count(piece[: len(piece) - keep])

    def finish(self) -> None:
        self._count(self._rest)

    def _count(self, piece: bytes) -> None:
        try:
            text = piece.decode()
        except UnicodeDecodeError:
            text = piece.decode(errors="replace")
            genuine = piece.count(b"\xef\xbf\xbd")
            self.invalid += text.count("\ufffd") - genuine
            self.valid += genuine
        self.valid += len(text) - len(text.encode("ascii", errors="ignore")) - text.count("\ufffd")


class _Replacements:
    """Counts the bytes of a file that a codec cannot read."""

    def __init__(self, name: str) -> None:
        self._decoder = codecs.getincrementaldecoder(name)(errors="replace")
        self.replaced = 0

    def feed(self, piece: bytes) -> None:
        self.replaced += self._decoder.decode(piece).count("\ufffd")

    def finish(self) -> None:
        self.replaced += self._decoder.decode(b"", final=True).count("\ufffd")


def _words(sample: bytes, encoding: str) -> tuple[str, ...]:
    """Up to eight words with non-ASCII letters, the frequent ones first."""
    text = sample.decode(encoding, errors="replace")
    found = Counter(word.strip().strip("\ufeff")[:24] for word in _WORD.findall(text) if any(c.isalpha() for c in word))
    return tuple(word for word, _ in found.most_common(8))


def _implausible(sample: bytes) -> bool:
    """Whether the bytes hardly make sense as cp1252: few of the high bytes are letters inside words of small
    letters."""
    text = sample.decode("cp1252", errors="replace")
    high = [(i, c) for i, c in enumerate(text) if ord(c) > 127]
    if len(high) < 8:
        return False
    wanted = "’‘“”–—…•€£§°´¨·«»©®™\u00a0"
    fits = 0
    for i, c in high:
        before, after = text[i - 1 : i], text[i + 1 : i + 2]
        near = (before.isascii() and before.isalpha()) or (after.isascii() and after.isalpha())
        if c in wanted or (near and unicodedata.category(c) in ("Ll", "Lu")):
            fits += 1
    return fits < 0.6 * len(high)
