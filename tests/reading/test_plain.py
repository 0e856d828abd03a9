"""Encodings are decided by what comes out, not by the first that succeeds."""

import pytest

from rag.errors import UnreadableDocument
from rag.reading.parsers.plain import decode

SIMPLIFIED = "港口的灯塔建于一九〇二年，塔高三十一米。它的灯光可以照到二十海里之外，渔民都认得。"
TRADITIONAL = (
    "港口的燈塔建於一九〇二年，塔高三十一米。它的燈光可以照到二十海里之外，漁民都認得，這是實話。"
)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (SIMPLIFIED, "utf-8"),
        (SIMPLIFIED, "utf-8-sig"),
        (SIMPLIFIED, "utf-16"),
        (SIMPLIFIED, "utf-16-le"),
        (SIMPLIFIED, "gb18030"),
        (SIMPLIFIED, "gb2312"),
        (TRADITIONAL, "big5"),
        (TRADITIONAL, "utf-16-be"),
        ("Plain English text.", "ascii"),
        ("Le café près du port était fermé à midi, dit-on.", "cp1252"),
    ],
)
def test_round_trip(text: str, encoding: str) -> None:
    text = text.replace("〇", "零") if encoding in ("gb2312", "big5") else text
    assert decode(text.encode(encoding)).text == text


def test_big5_that_is_valid_gb18030_too() -> None:
    data = TRADITIONAL.replace("〇", "零").encode("big5")
    data.decode("gb18030")
    assert decode(data).encoding == "big5hkscs"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b" \n\x00\x00", "empty"),
        (bytes(range(256)) * 20, "encoding is unknown"),
        (b"\x00\x01\x02\x03abc" * 50, "binary"),
        (b"\xff\xfe\x00", "utf-16"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableDocument, match=words):
        decode(data)
