"""Encodings are decided by what comes out, not by the first that succeeds."""

import pytest

from rag.documents.detect import decode
from rag.errors import UnreadableDocument

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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_few_damaged_bytes_are_marked(encoding: str) -> None:
    data = bytearray(((SIMPLIFIED + "\n") * 40).encode(encoding))
    at = len(SIMPLIFIED[:5].encode(encoding))
    data[at : at + 1] = b"\xff"
    decoded = decode(bytes(data))
    assert decoded.encoding == encoding
    assert decoded.text.count("\ufffd") == decoded.damaged >= 1
    assert (SIMPLIFIED + "\n") * 39 in decoded.text
    (warning,) = decoded.warnings
    assert f"{decoded.damaged} places hold bytes" in warning


def test_a_character_that_is_cut_at_the_end_is_marked() -> None:
    data = SIMPLIFIED.encode()[:-1]
    decoded = decode(data)
    assert (decoded.text, decoded.encoding, decoded.damaged) == (
        SIMPLIFIED[:-1] + "\ufffd",
        "utf-8",
        1,
    )


def test_a_mark_of_damage_that_stands_in_the_file_is_none() -> None:
    decoded = decode((SIMPLIFIED + "\ufffd").encode())
    assert (decoded.text, decoded.damaged, decoded.warnings) == (SIMPLIFIED + "\ufffd", 0, ())


def test_plain_ascii_with_a_stray_byte() -> None:
    decoded = decode(b"The tower is 31 m high.\n" * 20 + b"\x81\n")
    assert (decoded.encoding, decoded.damaged) == ("utf-8", 1)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_few_control_characters_make_no_binary(encoding: str) -> None:
    coloured = "\x1b[31m错误\x1b[0m：潮汐表没有更新，请检查港口的网络，再试一次。\n" * 30
    assert decode(coloured.encode(encoding)).text == coloured
    torn = SIMPLIFIED + "\x00\x01\x02"
    assert decode(torn.encode(encoding)).text == torn
    with pytest.raises(UnreadableDocument):
        decode(("塔\x00\x01\x02" * 40).encode(encoding))
