"""Bytes of a text file into text: the encoding is decided by what comes out."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from functools import cache

from rag.errors import UnreadableDocument

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CANDIDATES = ("gb18030", "big5hkscs", "utf-16-le", "utf-16-be", "cp1252")
# Half of the characters of a right decoding are common ones; of a wrong one far fewer.
_MIN_SCORE = 0.6
_SAMPLE_BYTES = 200_000
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_MAX_CONTROL_SHARE = 0.001
_MAX_DAMAGED = 0.002
_MOST_FREQUENT = frozenset(
    "的一是不了在人有我他这这個个们們来來到时時大地为為子中你说說生国國年着就那和要上以会會与與及"
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text and the encoding that it was decoded with."""

    text: str
    encoding: str


def decode(data: bytes, declared: str | None = None) -> Decoded:
    """The text of `data`. A byte order mark decides; then UTF-8, if the bytes are valid; then
    the `declared` encoding, if it gives a text; then the encoding whose decoding has the
    largest share of common characters. Where a file declares its encoding, a few bytes may be
    damaged; they become U+FFFD.

    Raises:
        UnreadableDocument: the bytes are empty, binary, or in no encoding known here.
    """
    if not data.strip(b"\x00 \t\r\n\x0c"):
        raise UnreadableDocument("the file is empty")
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return Decoded(_checked(_strict(data, encoding)), encoding)
    try:
        return Decoded(_checked(data.decode("utf-8")), "utf-8")
    except UnicodeDecodeError as error:
        where = f"byte 0x{data[error.start]:02x} at offset {error.start}"
    scored = [(_score(data, encoding), -i, encoding) for i, encoding in enumerate(_CANDIDATES)]
    score, _, encoding = max(scored)
    mended = _as_declared(data, declared)
    if mended is not None and (
        score < _MIN_SCORE or mended.encoding == encoding or _text_score(mended) >= score
    ):
        return mended
    if score < _MIN_SCORE:
        raise UnreadableDocument(
            f"the encoding is unknown: not UTF-8 ({where}), and no other encoding gives readable "
            f"text (best: {encoding}, {score:.0%} common characters, {_MIN_SCORE:.0%} needed); "
            "save the file as UTF-8"
        )
    return Decoded(_checked(_strict(data, encoding)), encoding)


def _as_declared(data: bytes, declared: str | None) -> Decoded | None:
    """The text in the encoding that the file declares, if that is one and all but a few of the
    bytes fit."""
    try:
        name = codecs.lookup(declared or "").name
    except LookupError:
        return None
    wider = {"gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs"}.get(name, name)
    text = data.decode(wider, "replace")
    damaged = text.count("\ufffd")
    if damaged > max(2, _MAX_DAMAGED * len(text)):
        return None
    return Decoded(_checked(text), wider)


def _text_score(decoded: Decoded) -> float:
    return _share(decoded.text[:_SAMPLE_BYTES], decoded.encoding)


def _strict(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableDocument(
            f"the file starts like {encoding} but byte offset {error.start} is not: {error.reason}"
        ) from None


def _checked(text: str) -> str:
    controls = len(_CONTROL.findall(text[:_SAMPLE_BYTES]))
    if controls > max(2, _MAX_CONTROL_SHARE * min(len(text), _SAMPLE_BYTES)):
        raise UnreadableDocument(
            f"the file looks binary: {controls} control characters; only text can be read here"
        )
    if not text.strip("\ufeff \t\r\n\x0c"):
        raise UnreadableDocument("the file is empty")
    return text


def _score(data: bytes, encoding: str) -> float:
    """Share of common characters among those beyond ASCII; 0 where decoding fails."""
    try:
        text = data.decode(encoding)[:_SAMPLE_BYTES]
    except UnicodeDecodeError:
        return 0.0
    return 0.0 if _CONTROL.search(text) else _share(text, encoding)


def _share(text: str, encoding: str) -> float:
    beyond = [character for character in text if character > "\x7f"]
    if not beyond:
        return 0.0
    common = _western() if encoding == "cp1252" else _common()
    known = sum(character in common for character in beyond)
    frequent = sum(character in _MOST_FREQUENT for character in beyond)
    if encoding == "cp1252":
        # Western text is ASCII with a few accents; anything else is something else.
        return known / len(beyond) if len(beyond) < 0.2 * len(text) else 0.0
    return (known + min(frequent, 0.1 * len(beyond))) / (1.1 * len(beyond))


@cache
def _common() -> frozenset[str]:
    """The first levels of GB 2312 and Big5 (3,755 simplified and 5,401 traditional characters,
    ordered by use), and Chinese punctuation and full-width forms.

    Source: GB/T 2312-1980, rows 16-55; Big5 (1984), 0xA440-0xC67E.
    """
    level1 = (
        bytes((row, cell)).decode("gb2312", "ignore")
        for row in range(0xB0, 0xD8)
        for cell in range(0xA1, 0xFF)
    )
    big5 = (
        bytes((row, cell)).decode("big5", "ignore")
        for row in range(0xA4, 0xC7)
        for cell in (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    )
    marks = "，。、；：？！“”‘’（）《》〈〉【】「」『』—…·～　％．－／＋＝￥"
    full = "".join(chr(code) for code in range(0xFF10, 0xFF5B))
    return frozenset("".join(level1) + "".join(big5) + marks + full)


@cache
def _western() -> frozenset[str]:
    return frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿßÀÁÂÄÇÈÉÊËÍÎÑÓÔÖØÚÜ–—‘’“”•…€£©®°·«»")
