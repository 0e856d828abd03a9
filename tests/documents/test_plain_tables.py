"""Tables in plain text are found by what their lines hold, and running text is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.formats.text import clean_text
from rag.types import Span, Table, pieces

BODY = (
    "这里写了一段足够长的正文，说明港口的这一项费用由谁来付，什么时候付，付多少，以及不付会怎样。"
)


def tables(source: str) -> tuple[Table, ...]:
    cleaned = clean_text(source)
    for table in cleaned.tables:
        for cell in table.cells:
            for span in (cell.span, *(label.span for label in cell.labels)):
                words = "".join(source[p.start : p.end] for p in pieces(cleaned.origin, span))
                assert "".join(words.split()) == "".join(span.of(cleaned.text).split())
    return cleaned.tables


def labelled(table: Table, text: str) -> tuple[list[str], list[str], str | None]:
    cell = next(cell for cell in table.cells if cell.text == text)
    return [one.text for one in cell.rows], [one.text for one in cell.columns], cell.unit


@pytest.mark.parametrize("between", ["\t", "    ", "　　"])
def test_rows_that_white_space_parts(between: str) -> None:
    rows = [("船名", "吨位", "船员"), ("红河", "1,200", "14"), ("白沙", "300", "6")]
    source = (
        f"{BODY}\n\n港内船只\n单位：吨\n" + "\n".join(map(between.join, rows)) + f"\n\n{BODY}完。\n"
    )
    (table,) = tables(source)
    assert labelled(table, "300") == (["白沙"], ["吨位"], "吨")
    assert (table.caption, table.unit) == ("港内船只", "吨")


def test_a_row_with_an_empty_cell_is_placed_by_where_its_cells_begin() -> None:
    source = "站点        雨量      风速      温度\n北山        12.5      3.1       20\n南湾                  4.0       22\n"
    (table,) = tables(source)
    assert labelled(table, "4.0") == (["南湾"], ["风速"], None)


def test_rows_that_one_space_parts() -> None:
    source = f"表5 经营情况\n\n单位：万元\n简称 总收入 利润\n\n中通 122 87\n\n歌尔 104 15\n\n海康 83 -4\n\n{BODY}\n"
    (table,) = tables(source)
    assert labelled(table, "-4") == (["海康"], ["利润"], "万元")
    assert table.caption == "表5 经营情况"


def test_numbered_rows_may_have_a_space_in_their_last_cell() -> None:
    source = "排名 名称 领域\n1 华山 综合\n2 恒山 AI 芯片\n3 衡山 视觉\n4 嵩山 云，边\n" + BODY
    (table,) = tables(source)
    assert labelled(table, "AI 芯片") == (["2"], ["领域"], None)
    assert len(table.cells) == 12
    source = "排名 2022年 2021年\n1 京州 京州\n2 杭州 深州\n3 深州 杭州\n" + BODY
    (table,) = tables(source)
    assert labelled(table, "深州") == (["2"], ["2021年"], None)


@pytest.mark.parametrize(
    "source",
    [
        "延误\n+------+------+\n| 航班 | 次数 |\n+------+------+\n| 甲1  |   12 |\n| 乙2  |      |\n+---+---+\n共 2 行",
        "延误\n 航班 | 次数 \n------+------\n 甲1  |   12 \n 乙2  |      \n共 2 行",
        "延误\n┌──────┬──────┐\n│航班  │次数  │\n├──────┼──────┤\n│甲1   │12    │\n│乙2   │      │\n└──────┴──────┘\n共 2 行",
        "延误\n|航班|次数|\n|:---|---:|\n|甲1|12|\n|乙2||\n共 2 行",
    ],
)
def test_rows_between_lines_drawn_with_characters(source: str) -> None:
    cleaned = clean_text(source)
    assert cleaned.text.split("\n") == ["延误", "航班\t次数", "甲1\t12", "乙2", "共 2 行"]
    (table,) = cleaned.tables
    assert [([label.text for label in cell.labels], cell.text) for cell in table.cells[1:]] == [
        (["甲1", "次数"], "12"), (["航班"], "乙2"),
    ]  # fmt: skip


def test_bars_without_a_drawn_line_are_no_table() -> None:
    assert clean_text("首页 | 目录\n上页 | 下页\n").tables == ()
    assert clean_text("甲 | 乙\n----------\n丙 | 丁\n").tables == ()


def test_cells_one_to_a_line_below_a_title() -> None:
    cells = [
        "前三名股东",
        "名称",
        "股数（股）",
        "性质",
        "禾木",
        "41,077",
        "国有",
        "沈五",
        "9,861",
        "个人",
        "葛三",
        "120",
        "个人",
    ]
    source = f"{BODY}\n\n" + "\n".join(cells) + f"\n\n{BODY}完。\n"
    (table,) = tables(source)
    assert labelled(table, "9,861") == (["沈五"], ["股数（股）"], "股")
    assert labelled(table, "国有") == (["禾木"], ["性质"], None)


@pytest.mark.parametrize(
    "source",
    [
        "甲方：林某    乙方：周某\n日期：一月    日期：二月\n" + BODY,
        "2022 年 10 月 7 日\n今年 12 月 1 日\n" + BODY,
        "苹果\n梨\n桃\n李\n杏\n枣\n" + BODY,
        "1 总则\n2 费用\n3 附则\n" + BODY,
        "第一章　总则\n\n第一条　为了港口，定本办法。\n\n第二条　船舶适用。\n\n第三条之一　军船不用。\n",
        "（一）　未经检验；\n（二）　欠缴港务费；\n（三）　载有易燃物。\n" + BODY,
        "电话 12345\n邮编 10010\n" + BODY,
    ],
)
def test_what_is_no_table(source: str) -> None:
    assert clean_text(source).tables == ()


WORDS = st.sampled_from(
    [
        "甲",
        "12",
        "1,024",
        "项目 数",
        "a    b",
        "3   4",
        "　",
        "\n",
        "\n\n",
        "。",
        "表1 费用表",
        "\t",
        "| 甲 |  12|",
        "│甲 │",
        "+---+---+",
    ]
)


@given(st.lists(WORDS, max_size=60).map("".join))
def test_every_cell_can_be_followed_to_the_file(source: str) -> None:
    cleaned = clean_text(source)
    for table in cleaned.tables:
        for cell in table.cells:
            assert cell.span.of(cleaned.text) == cell.text
            found = pieces(cleaned.origin, Span(cell.span.start, cell.span.end))
            words = "".join(source[p.start : p.end] for p in found)
            assert "".join(words.split()) == "".join(cell.text.split())
