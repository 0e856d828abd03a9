"""Cleaned texts keep every character, know where it came from, and have an outline."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.formats.text import clean_markdown, clean_text, read_text
from rag.settings import Reading
from rag.types import Block, BlockKind, Span, pieces
from tests.documents.conftest import Open, find

WORDS = st.sampled_from(
    ["港口建于山下", "第一章 总则", "（一）费用", "，", "。", "12", " ", "\n", "\n\n", "\n\n\n\n", "\t", "Port",
     "目录", "……3", "表1 费用表", "资料来源：港务局", "图/港务局", "“", "”", "\f", "　", "\r\n", "de-\nlay"]
)  # fmt: skip
TEXTS = st.lists(WORDS, max_size=60).map("".join)


@given(TEXTS, st.data())
def test_the_pieces_of_any_span_give_its_characters(source: str, data: st.DataObject) -> None:
    for clean in (clean_text, clean_markdown):
        cleaned = clean(source)
        start = data.draw(st.integers(0, len(cleaned.text)))
        end = data.draw(st.integers(start, len(cleaned.text)))
        found = "".join(source[p.start : p.end] for p in pieces(cleaned.origin, Span(start, end)))
        assert "".join(found.split()) == "".join(cleaned.text[start:end].split())


@given(TEXTS)
def test_blocks_are_in_order_and_cover_the_text(source: str) -> None:
    cleaned = clean_text(source)
    assert "\n".join(block.span.of(cleaned.text) for block in cleaned.blocks) == cleaned.text
    ends = [0, *(block.span.end for block in cleaned.blocks)]
    assert all(b.span.start >= end for b, end in zip(cleaned.blocks, ends, strict=False))


def blocks(source: str) -> list[tuple[str, str, tuple[str, ...]]]:
    cleaned = clean_text(source)
    return [(b.kind.value, b.span.of(cleaned.text), b.headings) for b in cleaned.blocks]


def test_numbered_headings_nest() -> None:
    body = "这里写了一段足够长的正文，说明港口的这一项费用由谁来付，什么时候付，付多少，以及不付会怎样。"
    source = f"第一章 总则\n\n一、费用\n\n（一）泊位费\n\n{body}\n\n（二）水费\n\n{body}水费另算。\n\n第二章 附则\n\n{body}完。\n"
    found = blocks(source)
    assert found[3][2] == ("第一章 总则", "一、费用", "（一）泊位费")
    assert found[5][2] == ("第一章 总则", "一、费用", "（二）水费")
    assert found[7][2] == ("第二章 附则",)


def test_a_title_of_two_lines_above_a_byline() -> None:
    source = "老港新生\n\n三号码头如何变成公园\n\n本报记者 周晓舟 白泽报道\n\n码头在去年停用，今年春天种上了第一批树，附近的居民都来帮忙浇水。\n"
    assert blocks(source)[-1][2] == ("老港新生 三号码头如何变成公园",)


def test_a_caption_that_interrupts_a_sentence_follows_the_paragraph() -> None:
    source = (
        "港务局今年打算把三号码头的吊机全部换成电动的，并且请来了\n\n"
        "视觉白泽/图\n\n两位退休的老师傅做顾问。\n"
    )
    assert [(kind, text) for kind, text, _ in blocks(source)] == [
        (
            "paragraph",
            "港务局今年打算把三号码头的吊机全部换成电动的，并且请来了两位退休的老师傅做顾问。",
        ),
        ("caption", "视觉白泽/图"),
    ]


def test_rows_with_tabs_carry_title_and_header() -> None:
    source = (
        "吊机台数\n\n单位：台\n\n年份\t电动\t柴油\n2021年\t3\t9\n2022年\t7\t5\n\n数据来源：港务局\n"
    )
    cleaned = clean_text(source)
    rows = [b for b in cleaned.blocks if b.kind is BlockKind.TABLE_ROW]
    assert rows[2].lead == ("吊机台数 单位：台", "年份\t电动\t柴油")


def test_a_repeated_paragraph_is_kept_once_and_noted() -> None:
    paragraph = "港口的灯塔建于1902年，塔高三十一米，灯光可以照到二十海里之外。"
    found: tuple[Block, ...] = clean_text(
        f"{paragraph}\n\n别的事情写在这里，也是一段。\n\n{paragraph}\n"
    ).blocks
    assert len(found) == 2
    assert found[0].repeats == ((5, 5),)


def test_markdown_front_matter_headings_tables_and_lists() -> None:
    source = (
        "---\ntitle: 港口手册\ndate: 2024-05-06\n---\n# 手册\n\n## 费用\n\n泊位费按天\n收取。\n\n"
        "- 小船\n- 大船\n\n| 船 | 费 |\n|---|---|\n| 小船 | 30元 |\n"
    )
    cleaned = clean_markdown(source)
    assert (cleaned.title, cleaned.date, cleaned.date_inferred) == ("港口手册", "2024-05-06", False)
    found = [(b.kind.value, b.span.of(cleaned.text), b.headings, b.lead) for b in cleaned.blocks]
    assert found == [
        ("title", "手册", (), ()),
        ("heading", "费用", ("手册",), ()),
        ("paragraph", "泊位费按天收取。", ("手册", "费用"), ()),
        ("list item", "- 小船", ("手册", "费用"), ()),
        ("list item", "- 大船", ("手册", "费用"), ()),
        ("table row", "船\t费", ("手册", "费用"), ()),
        ("table row", "小船\t30元", ("手册", "费用"), ("船\t费",)),
    ]


def test_a_text_that_is_set_as_markdown_is_read_as_such(real: Open) -> None:
    guide = real("chatchat_test.txt")
    assert guide.title == "如何向 ChatGPT 提问以获得高质量答案：提示技巧工程完全指南"
    block = find(guide, "Prompt 工程是创建提示或指导像 ChatGPT 这样的语言模型输出的过程。")
    assert block.headings[-1] == "第一章：Prompt 工程技术简介"
    assert block.lines is not None
    settings = "# port of the server\nport = 1\n# its name\nname = x\n## more\n# end\n"
    assert read_text(settings.encode(), Reading()).text.startswith("# port of the server")


@pytest.mark.parametrize(
    "caption",
    [
        "海港公司打印出来的零部件。受访者/供图", "海港的灯塔。 王五 摄", "灯塔夜景。视觉中国图", "码头的早晨（资料图片）",
        "灯塔内景。图源：海港局", "新码头开工。企业供图", "王五/摄", "灯塔｜图片",
    ],
)  # fmt: skip
def test_a_caption_between_columns_stays_out_of_the_quotation(caption: str) -> None:
    before = "港口的负责人说：“这座灯塔建于一九〇二年，它的光能照到三十海里之外，可"
    after = "以指引所有进港的船只，我们每年都要检修两次，从来没有停过一天。”"
    body = "这一天港口里停着四十条船，码头上的工人正在装卸货物，天气很好，风也不大。"
    source = "\n\n".join([body] * 1 + [before, caption, after, body.replace("四十", "五十")])
    text = clean_text(source).text
    assert before + after in text
    assert caption in text.split("\n")
