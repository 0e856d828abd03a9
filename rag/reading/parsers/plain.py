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
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]|\x1b(?!\\[)")  # not colours in a log
# A text may hold so many control characters (torn fields of an export, marks of a terminal): a
# few in any, this share of a long one. Of a program's file a tenth or more are.
_FEW_CONTROLS = 2
_CONTROL_SHARE, _LONG_CONTROL_SHARE = 0.1, 0.03
_SOME_CONTROLS = 20
_MAX_DAMAGED = 0.002
# Bytes of another encoding look like UTF-8 for at most a few characters: where there are so many
# whole ones of several bytes for each that is damaged, it is UTF-8.
_WHOLE_FOR_EACH_DAMAGED = 10
_REPLACEMENT = "\ufffd"
_MOST_FREQUENT = frozenset(
    "的一是不了在人有我他这这個个们們来來到时時大地为為子中你说說生国國年着就那和要上以会會与與及"
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text and the encoding that it was decoded with; `damaged` counts the places where the
    bytes were none of it, each a U+FFFD in the text."""

    text: str
    encoding: str
    damaged: int = 0

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the reader of the document is told of it."""
        if not self.damaged:
            return ()
        name = self.encoding.removesuffix("-sig").upper()
        return (f"{self.damaged:,} places hold bytes that are no {name}; shown as {_REPLACEMENT}",)


def decode(data: bytes, declared: str | None = None) -> Decoded:
    """The text of `data`. A byte order mark decides; then UTF-8, if the bytes are valid but for
    a few; then the `declared` encoding, if it gives a text; then the encoding whose decoding has
    the largest share of common characters. Where a file declares its encoding, too, a few bytes
    may be damaged. Those become U+FFFD.

    Raises:
        UnreadableDocument: the bytes are empty, binary, or in no encoding known here.
    """
    if not data.strip(b"\x00 \t\r\n\x0c"):
        raise UnreadableDocument("the file is empty")
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _marked(data, encoding)
    try:
        return Decoded(_checked(data.decode("utf-8")), "utf-8")
    except UnicodeDecodeError as error:
        where = f"byte 0x{data[error.start]:02x} at offset {error.start}"
    if (damaged := _damaged_utf8(data)) is not None:
        return damaged
    scored = [(_score(data, encoding), -i, encoding) for i, encoding in enumerate(_CANDIDATES)]
    score, _, encoding = max(scored)
    mended = _as_declared(data, declared)
    if mended is not None and (
        score < _MIN_SCORE or mended.encoding == encoding or _text_score(mended) >= score
    ):
        return mended
    if score < _MIN_SCORE:
        plain = data.decode("utf-8", "replace")
        if _is_few(plain.count(_REPLACEMENT), plain):  # ASCII with a few bytes of anything
            return _mended(data, "utf-8")
        raise UnreadableDocument(
            f"the encoding is unknown: not UTF-8 ({where}), and no other encoding gives readable "
            f"text (best: {encoding}, {score:.0%} common characters, {_MIN_SCORE:.0%} needed); "
            "save the file as UTF-8"
        )
    return _mended(data, encoding)


def _as_declared(data: bytes, declared: str | None) -> Decoded | None:
    """The text in the encoding that the file declares, if that is one and all but a few of the
    bytes fit."""
    try:
        name = codecs.lookup(declared or "").name
    except LookupError:
        return None
    wider = {"gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs"}.get(name, name)
    mended = _mended(data, wider)
    return mended if _is_few(mended.damaged, mended.text) else None


def _damaged_utf8(data: bytes) -> Decoded | None:
    """The text, where all but a few of the characters beyond ASCII are whole in UTF-8."""
    text = data.decode("utf-8", "replace")
    damaged = text.count(_REPLACEMENT) - data.decode("utf-8", "ignore").count(_REPLACEMENT)
    whole = sum(1 for character in text if character > "\x7f") - damaged
    if whole < _WHOLE_FOR_EACH_DAMAGED * damaged:
        return None
    return Decoded(_checked(text), "utf-8", damaged)


def _mended(data: bytes, encoding: str) -> Decoded:
    """The text in that encoding, whatever of the bytes fits."""
    text = data.decode(encoding, "replace")
    own = data.decode(encoding, "ignore").count(_REPLACEMENT)
    return Decoded(_checked(text), encoding, text.count(_REPLACEMENT) - own)


def _is_few(damaged: int, text: str) -> bool:
    return damaged <= max(2, _MAX_DAMAGED * len(text))


def _marked(data: bytes, encoding: str) -> Decoded:
    """The text of a file whose byte order mark says how it is encoded; a few bytes of it may be
    damaged."""
    decoded = _mended(data, encoding)
    if decoded.damaged * _WHOLE_FOR_EACH_DAMAGED > len(decoded.text):
        _strict(data, encoding)
    return decoded


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
    if _looks_binary(text):
        controls = len(_CONTROL.findall(text[:_SAMPLE_BYTES]))
        raise UnreadableDocument(
            f"the file looks binary: {controls} control characters; only text can be read here"
        )
    if not text.strip("\ufeff \t\r\n\x0c"):
        raise UnreadableDocument("the file is empty")
    return text


def _looks_binary(text: str) -> bool:
    sample = text[:_SAMPLE_BYTES]
    controls = len(_CONTROL.findall(sample))
    if controls <= _FEW_CONTROLS:
        return False
    share = _CONTROL_SHARE if controls <= _SOME_CONTROLS else _LONG_CONTROL_SHARE
    return controls > share * len(sample)


def _score(data: bytes, encoding: str) -> float:
    """Share of common characters among those beyond ASCII; 0 where more than a few of the bytes
    do not fit."""
    text = data.decode(encoding, "replace")
    if not _is_few(text.count(_REPLACEMENT), text) or _looks_binary(text):
        return 0.0
    return _share(text[:_SAMPLE_BYTES], encoding)


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
