"""Tables with lines from left to right only: columns from gaps, cells of several lines whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.hidden_lines import measure
from rag.documents.pdf.characters import Box, Glyph
from rag.documents.pdf.lined import find_lined
from rag.documents.pdf.ruled import find_grids
from rag.types import BlockKind
from tests.documents.conftest import Open, find
from tests.documents.pdf.test_stretches import typed
from tests.documents.test_pdf import REPORT


def across(*ys: float, x0: float = 10, x1: float = 310) -> list[Box]:
    return [Box(x0, y, x1, y) for y in ys]


def set_at(*cells: tuple[float, float, str]) -> list[Glyph]:
    return [glyph for x, y, text in cells for glyph in typed(text, x, y)]


HEADER = [(12, 14, "项目"), (112, 14, "本年"), (112, 26, "金额"), (212, 20, "上年金额")]


def test_columns_and_cells_of_several_lines() -> None:
    glyphs = set_at(
        *HEADER,
        (12, 44, "归属于母公司所有者"), (112, 44, "1,581.20"), (212, 44, "1,126.00"),
        (12, 57, "的净利润"),
        (12, 70, "其中：少数股东权益"), (112, 70, "3.00"), (212, 70, "2.00"),
        (12, 83, "一、流动资产："),
        (12, 96, "应收账款"), (112, 96, "12.00"),
    )  # fmt: skip
    outside = set_at((12, 120, "表下面的文字"))
    (grid,), rest = find_lined(across(10, 40, 110), glyphs + outside, [])
    assert [row.text for row in grid.rows] == [
        "项目\t本年金额\t上年金额",
        "归属于母公司所有者的净利润\t1,581.20\t1,126.00",
        "其中：少数股东权益\t3.00\t2.00",
        "一、流动资产：",
        "应收账款\t12.00",
    ]
    assert "".join(glyph.text for glyph in rest) == "表下面的文字"
    assert grid.rows[1].box.y1 == 67  # the second line of the cell included


def test_cells_that_stand_around_the_middle_of_their_row() -> None:
    glyphs = set_at(
        *HEADER,
        (12, 44, "变量的名称很长很"), (112, 50, "甲"), (212, 50, "乙"), (12, 56, "长的"),
        (12, 80, "另一个变量"), (112, 80, "丙"), (212, 80, "丁"),
        (12, 104, "第三个变量名"), (112, 104, "戊"), (212, 104, "己"),
    )  # fmt: skip
    (grid,), _ = find_lined(across(10, 40, 120), glyphs, [])
    assert [row.text for row in grid.rows[1:]] == [
        "变量的名称很长很长的\t甲\t乙", "另一个变量\t丙\t丁", "第三个变量名\t戊\t己",
    ]  # fmt: skip


def test_rows_by_the_distance_of_lines() -> None:
    """Lines of one cell stand 13 points apart, rows 15: what is in no figure's row ends there."""
    glyphs = set_at(
        *HEADER,
        (12, 50, "二次供水泵房改造以"), (112, 56.5, "2,015.0"), (212, 56.5, "1,640.8"),
        (12, 63, "及水表出户工程"),
        (12, 78, "污水处理费返还款项"),
        (12, 93, "与经营活动有关的其"), (12, 106, "他款项"),
        (12, 121, "水质检测"), (112, 121, "45.0"), (212, 121, "39.9"),
    )  # fmt: skip
    (grid,), _ = find_lined(across(10, 40, 140), glyphs, [])
    assert [row.text for row in grid.rows[1:]] == [
        "二次供水泵房改造以及水表出户工程\t2,015.0\t1,640.8",
        "污水处理费返还款项",
        "与经营活动有关的其他款项",
        "水质检测\t45.0\t39.9",
    ]


def test_rows_are_not_one_cell_because_groups_of_them_stand_further_apart() -> None:
    rows = [("库存现金", 44), ("银行存款", 57), ("泵房设备", 74), ("地下管网", 87)]
    glyphs = set_at(*HEADER, *((12, y, text) for text, y in rows))
    glyphs += set_at(*((x, y, f"{y}.2") for _, y in rows for x in (112, 212)))
    (grid,), _ = find_lined(across(10, 40, 110), glyphs, [])
    assert [row.text for row in grid.rows[1:]] == [f"{t}\t{y}.2\t{y}.2" for t, y in rows]


def test_a_cell_beside_several_rows_stands_in_the_first() -> None:
    glyphs = set_at(
        *HEADER,
        (12, 48, "东区各站的名称与职"), (112, 48, "石榴岭"), (212, 48, "运行"),
        (12, 61, "责"), (112, 63, "柳荫"), (212, 63, "停用"),
        (12, 78, "槐树沟备用水源枯水"), (112, 84, "备用"), (212, 84, "甲"),
        (12, 91, "期启用"), (12, 106, "白鹭湾净水站供工业"), (12, 119, "园区"),
        (12, 134, "青石河水库引水渠首"), (12, 147, "闸"),
    )  # fmt: skip
    (grid,), _ = find_lined(across(10, 40, 170), glyphs, [])
    assert [row.text for row in grid.rows[1:]] == [
        "东区各站的名称与职责\t石榴岭\t运行", "\t柳荫\t停用", "槐树沟备用水源枯水期启用\t备用\t甲",
        "白鹭湾净水站供工业园区", "青石河水库引水渠首闸",
    ]  # fmt: skip


def test_the_heading_of_an_empty_column_makes_it_one() -> None:
    glyphs = set_at(
        (12, 14, "项目"), (90, 14, "附注"), (152, 14, "本年"), (232, 14, "上年"),
        (12, 44, "营业收入"), (152, 44, "13.0"), (232, 44, "24.0"),
        (12, 58, "营业成本"), (152, 58, "8.0"), (232, 58, "10.0"),
        (12, 72, "税金"), (152, 72, "2.0"), (232, 72, "3.0"),
    )  # fmt: skip
    (grid,), _ = find_lined(across(10, 40, 90), glyphs, [])
    assert [row.text for row in grid.rows[:2]] == [
        "项目\t附注\t本年\t上年", "营业收入\t\t13.0\t24.0",
    ]  # fmt: skip


@pytest.mark.parametrize("columns", [[10], [10, 170]])
def test_running_text_between_lines_is_no_table(columns: list[float]) -> None:
    line = "正文的一行写满了这一栏的宽度" if len(columns) > 1 else "正文的一行写满了整页的宽度" * 2
    glyphs = [g for x in columns for y in range(14, 74, 14) for g in typed(line, x, y)]
    assert find_lined(across(10, 80, 150), glyphs, []) == ([], glyphs)


def test_lines_of_a_known_table_are_left_alone() -> None:
    rules = across(10, 40, 70) + [Box(x, 10, x, 70) for x in (10, 110, 310)]
    glyphs = set_at((12, 14, "甲"), (112, 14, "乙"), (12, 44, "丙"), (112, 44, "丁"))
    grids, rest = find_grids(rules, glyphs)
    assert len(grids) == 1
    assert find_lined(rules, rest, grids) == ([], [])


def test_tables_of_journal_articles(real: Open) -> None:
    cities = real("bce_Enco_zh_0.pdf")
    row = find(cities, "石家庄\t349.240", BlockKind.TABLE_ROW)
    assert row.lead[-2].split("\t")[:6] == ["城市", "2005年", "", "", "", "2010年"]
    assert row.lead[-1].split("\t")[1:4] == [
        "创业风险资本投入和投出总额/百万元", "占全国比重/%", "占京津冀城市群比重/%",
    ]  # fmt: skip
    cell = next(c for table in cities.tables for c in table.cells if c.text == "19.8")
    assert [label.text for label in cell.labels] == ["北京", "2010年", "占全国比重/%"]
    assert row.page == 4
    patients = real("bce_Bio_zh_0.pdf")
    row = find(patients, "2\t女\t44", BlockKind.TABLE_ROW)
    assert row.span.of(patients.text) == (
        "2\t女\t44\tPh^+ALL-CR1\t高危，BCR-ABL\t单倍型\tMRD阳性、BCR-ABLP190（+）/0.05％\tDLI+伊马替尼\t355"
    )
    assert row.lead[-1].split("\t")[:3] == ["例号", "性别", "年龄（岁）"]


def test_ruled_tables_come_out_much_the_same_with_three_lines_only(shared: Path) -> None:
    """Of the tables of the annual report only the line above, the one below the header and the
    one below are kept, or none."""
    known = measure((shared / "documents" / REPORT).read_bytes())
    assert known.three >= 0.9 * known.rows
    assert known.none >= 0.6 * known.rows
