"""Text made comparable: folded, and mended where half a character came.

Folding for comparison: NFKC, lower case, traditional to simplified characters.

Folding is for matching only; nothing that is shown or quoted is folded. Third party: OpenCC.

Half characters: of JSON's `\\ud83d\\ude00` one may come without the other, and no encoder takes
that. In Python they are code points from U+D800 to U+DFFF.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

FOLDING_VERSION = 1
"""Raised when `fold` gives other text than before; indexes made before are then stale."""


class _Converter(Protocol):
    def convert(self, text: str) -> str: ...


class _Table(dict[int, str]):
    """Code point -> its NFKC form in lower case, computed once for each."""

    def __missing__(self, code: int) -> str:
        folded = unicodedata.normalize("NFKC", chr(code)).lower()
        self[code] = folded
        return folded


_TABLE = _Table()
_WIDE_MARKS = tuple((mark, unicodedata.normalize("NFKC", mark)) for mark in "，：（）；！？")
"""What is most often folded in Chinese text, replaced in less time than the table takes."""


@cache
def _simplifier() -> _Converter:
    import opencc

    converter: _Converter = opencc.OpenCC("t2s")
    return converter


def simplify(text: str) -> str:
    """Traditional characters to simplified ones, by phrase where OpenCC knows the phrase.

    >>> simplify("臺灣積體電路")
    '台湾积体电路'
    """
    return _simplifier().convert(text) if not text.isascii() else text


def fold(text: str) -> str:
    """The form of `text` in which it is compared: NFKC and lower case character by character
    (so that offsets can be followed, see `fold_aligned`), then simplified characters.

    >>> fold("ＯceanＰrotocol　１２３㎡臺灣")
    'oceanprotocol 123m2台湾'
    """
    return simplify(_folded(text))


def nfkc(text: str) -> str:
    """The text in Unicode's form NFKC, as a whole: `unicodedata.normalize`, sooner for Chinese.

    >>> nfkc("１２，㎡")
    '12,m2'
    """
    for mark, folded in _WIDE_MARKS:
        text = text.replace(mark, folded)
    return unicodedata.normalize("NFKC", text)


def _folded(text: str) -> str:
    """NFKC and lower case, character by character. A text in NFKC has no character that is not,
    and lower case depends on the neighbours for one capital alone."""
    plain = text
    for mark, folded in _WIDE_MARKS:
        plain = plain.replace(mark, folded)
    if "Σ" not in plain and unicodedata.is_normalized("NFKC", plain):
        return plain.lower()
    return text.translate(_TABLE)


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text and the way back: character `i` of `text` came from character
    `offsets[i]` of the original; `offsets[len(text)]` is the original's length."""

    text: str
    offsets: npt.NDArray[np.int64]


def fold_aligned(text: str) -> Folded:
    """`fold` with the way back to the offsets of the original. `.text == fold(text)` except
    where OpenCC changes a text's length; then characters are simplified one at a time.

    >>> fold_aligned("Ａ㎡b").offsets.tolist()
    [0, 1, 1, 2, 3]
    """
    plain = text.translate(_TABLE)
    if len(plain) == len(text):  # no character gives an empty piece, so each gives one character
        offsets = np.arange(len(text) + 1)
    else:
        lengths = np.fromiter((len(_TABLE[ord(character)]) for character in text), np.int64)
        offsets = np.append(np.repeat(np.arange(len(text)), lengths), len(text))
    folded = simplify(plain)
    if len(folded) != len(plain):
        folded = "".join(_one_to_one(character) for character in plain)
    return Folded(folded, offsets)


@cache
def _one_to_one(character: str) -> str:
    simple = simplify(character)
    return simple if len(simple) == 1 else character


def squeeze(text: str) -> str:
    """`fold` without white space: the form in which quotations are compared.

    >>> squeeze("Ａ b\\nＣ")
    'abc'
    """
    return "".join(fold(text).split())


_HALF = re.compile("[\ud800-\udfff]")


def half_in(text: str) -> str:
    """The first half character of a text as its number; empty where all are whole.

    >>> half_in("青石桥"), half_in("青\\ud800石桥")
    ('', 'U+D800')
    """
    found = None if text.isascii() else _HALF.search(text)
    return f"U+{ord(found[0]):04X}" if found else ""


def mended(text: str) -> str:
    """A text of whole characters: two halves that belong together are joined, any other is
    replaced.

    >>> mended("\\ud83d\\ude00 \\ud83d")
    '😀 \ufffd'
    """
    if not half_in(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def cut_half(text: str) -> tuple[str, str]:
    """A part of a longer text, mended, and the half character at its end, if there is one, whose
    other half may come with the next part.

    >>> cut_half("好\\ud83d")
    ('好', '\\ud83d')
    """
    at = len(text) - 1 if "\ud800" <= text[-1:] <= "\udbff" else len(text)
    return mended(text[:at]), text[at:]
