"""Subtitles: paragraphs with their times, without numbers and marks."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.documents.load import parse_document
from rag.errors import UnreadableDocument
from rag.settings import Reading
from rag.types import Document

SRT = """1
00:00:01,000 --> 00:00:03,000
<i>港口的灯塔</i>建于
一九〇二年。

2
00:00:03,500 --> 00:00:05,000
{\\an8}塔高31米，

3
00:00:05,100 --> 00:00:06,000
渔民都认得

4
01:02:20,000 --> 01:02:22,000
尾声
"""
VTT = """WEBVTT - 港口

NOTE 这是注释
第二行注释

STYLE
::cue { color: red }

intro
00:01.000 --> 00:03.000 align:left
<v.loud 张三>港口 <b>好</b>。

00:04.000 --> 00:05.000
<00:04.500><c>再见</c>。
"""


def read(text: str, name: str) -> Document:
    document = parse_document(text.encode(), Path(name), name, Reading())
    assert document.source is not None
    for run in document.origin:
        ours = document.text[run.start : run.start + run.length]
        assert ours == document.source[run.source : run.source + run.length]
    return document


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_subrip(ends: str) -> None:
    document = read(SRT.replace("\n", ends), "a.srt")
    assert document.text.split("\n") == [
        "港口的灯塔建于 一九〇二年。",
        "塔高31米， 渔民都认得",
        "尾声",
    ]
    assert [block.lead for block in document.blocks] == [
        ("00:00:01",),
        ("00:00:03",),
        ("01:02:20",),
    ]
    assert [block.lines for block in document.blocks] == [(3, 4), (8, 12), (16, 16)]


def test_webvtt() -> None:
    document = read(VTT, "a.vtt")
    assert document.text.split("\n") == ["张三 港口 好。", "再见。"]
    assert document.blocks[0].lead == ("00:00:01",)


def test_numbers_that_stand_without_a_blank_line_before_them() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\n甲\n2\n00:00:02,000 --> 00:00:03,000\n1990\n"
    assert read(text, "a.srt").text == "甲 1990"


@pytest.mark.parametrize("text", ["一句话。", "00:00:01,000 --> 00:00:02,000\n\n", ""])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(UnreadableDocument):
        read(text, "a.srt")
