"""What is header, label, unit, section and note of a table is decided by what its cells hold and
how they are merged; the same for every format."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.grids import (
    Downward,
    Grid,
    GridRow,
    Placed,
    Size,
    analyse,
    header_at,
    joined,
    laid_out,
    merged_downwards,
    separate,
    tabbed,
)


def rows_of(*texts: str) -> list[GridRow]:
    return [GridRow(text, tabbed(text)) for text in texts]


def cells_of(grid: Grid) -> list[tuple[str, list[str], list[str], str | None]]:
    """Each cell with its labels and its unit; the rows stand below each other in a text."""
    starts, at = [], 0
    for row in grid.rows:
        starts.append(at)
        at += len(row.text) + 1
    text = "\n".join(row.text for row in grid.rows)
    found = []
    for cell in grid.cells(starts):
        assert cell.span.of(text) == cell.text
        assert all(label.span.of(text) == label.text for label in cell.labels)
        rows, columns = ([label.text for label in own] for own in (cell.rows, cell.columns))
        found.append((cell.text, rows, columns, cell.unit))
    return found


def test_year_columns_are_a_header() -> None:
    grid = analyse(
        rows_of("项目\t2023\t2022年", "营业收入（元）\t1,024.50\t987", "员工（人）\t31\t30")
    )
    assert list(grid.headers) == [0]
    assert cells_of(grid)[1:3] == [
        ("1,024.50", ["营业收入（元）"], ["2023"], "元"),
        ("987", ["营业收入（元）"], ["2022年"], "元"),
    ]


def test_a_header_of_two_rows_without_merged_cells() -> None:
    grid = analyse(
        rows_of("地区\t收入\t\t支出", "\t预算\t决算\t预算", "甲县\t12\t13\t9", "乙县\t8\t7\t6")
    )
    assert list(grid.headers) == [0, 1]
    assert cells_of(grid)[1] == ("12", ["甲县"], ["收入", "预算"], None)


def test_merged_headers_and_labels_stand_in_every_row_and_column_that_they_cover() -> None:
    laid = laid_out([
        [Size(rows=2), Size(rows=2), Size(columns=2)],
        [Size(), Size()],
        [Size(rows=2), Size(), Size(), Size()],
        [Size(), Size(columns=2)],
    ])  # fmt: skip
    words = [["部", "组", "人数"], ["男", "女"], ["一部", "甲组", "3", "4"], ["乙组", "未定"]]
    rows = []
    for texts, placed in zip(words, laid, strict=True):
        text, cells = "", []
        for word, cell in zip(texts, placed, strict=True):
            text += "\t" * bool(text)
            cells.append(
                Placed(len(text), len(text) + len(word), cell.column, cell.rows, cell.columns)
            )
            text += word
        rows.append(GridRow(text, tuple(cells)))
    grid = analyse(rows)
    assert cells_of(grid)[-3:] == [
        ("乙组", ["一部"], ["组"], None),
        ("未定", ["一部", "乙组"], ["人数", "男"], None),
        ("未定", ["一部", "乙组"], ["人数", "女"], None),
    ]
    assert cells_of(grid)[2:4] == [
        ("3", ["一部", "甲组"], ["人数", "男"], None),
        ("4", ["一部", "甲组"], ["人数", "女"], None),
    ]
    assert grid.lead(3)[-1] == "一部"


def test_two_keys_name_a_row() -> None:
    grid = analyse(rows_of("姓名\t月份\t课时", "戚三\t1月\t20", "戚三\t2月\t22", "葛四\t1月\t18"))
    assert cells_of(grid)[5] == ("22", ["戚三", "2月"], ["课时"], None)


def test_in_a_table_of_words_as_many_columns_are_labels_as_it_takes_to_tell_rows_apart() -> None:
    grid = analyse(
        rows_of("日期\t地点\t负责人", "周一\t北堤\t齐五", "周一\t南湾\t宋六", "周二\t北堤\t齐五")
    )
    assert cells_of(grid)[2] == ("齐五", ["周一", "北堤"], ["负责人"], None)


def test_title_unit_sections_and_notes() -> None:
    grid = analyse(
        rows_of(
            "资产负债表",
            "编制：财务部\t\t单位：万元",
            "项目\t期末\t期初",
            "流动资产：",
            "货币资金\t12.5\t11.0",
            "流动负债：",
            "短期借款\t3.0\t（4.0）",
            "注：未经审计。",
        )
    )
    assert (grid.caption, grid.unit) == (["资产负债表", "编制：财务部"], "万元")
    assert cells_of(grid)[4] == ("3.0", ["流动负债：", "短期借款"], ["期末"], "万元")
    assert grid.table([None] * 8, 3).notes == ("注：未经审计。",)
    assert grid.lead(6) == (
        "资产负债表",
        "编制：财务部 单位：万元",
        "项目\t期末\t期初",
        "流动负债：",
    )


def test_a_repeated_header_is_no_row() -> None:
    grid = analyse(rows_of("站\t量", "甲\t1", "站\t量", "乙\t2"))
    assert [cell[0] for cell in cells_of(grid)] == ["甲", "1", "乙", "2"]


def test_a_table_of_figures_without_a_header() -> None:
    grid = analyse(rows_of("甲\t1\t2", "乙\t3\t4"))
    assert not grid.headers
    assert cells_of(grid)[1] == ("1", ["甲"], [], None)


def test_a_code_is_no_number_and_a_cell_with_its_unit_takes_no_other() -> None:
    grid = analyse(
        rows_of(
            "店名\t编号\t增长（%）\t面积", "甲店\t00317\t3.5\t80平方米", "乙店\t00405\t4%\t95平方米"
        )
    )
    assert cells_of(grid)[1] == ("00317", ["甲店"], ["编号"], None)
    assert [cell[3] for cell in cells_of(grid)] == [None, None, "%", None, None, None, None, None]


def test_tables_below_each_other_in_a_sheet() -> None:
    rows = rows_of(
        "镇\t人口",
        "甲镇\t10",
        "乙镇\t20",
        "学校表",
        "学校\t教师\t学生",
        "一小\t12\t200",
        "二小\t9\t150",
    )
    assert separate(rows, []) == [range(3), range(3, 7)]
    rows = rows_of("项目\t金额", "收入", "甲\t1", "支出", "乙\t2", "丙\t3")
    assert separate(rows, [3]) == [range(6)]
    rows = rows_of("岗位\t人数", "甲\t1", "联系人\t部门", "齐五\t人事", "宋六\t财务")
    assert separate(rows, []) == [range(5)]


def test_lines_before_the_header_of_an_export() -> None:
    rows = rows_of(
        "对账单",
        "账号\t6222\t户名\t林某",
        "日期\t商户\t金额\t状态\t备注\t余额",
        *["3-01\t甲\t1\t成功\t无\t9"] * 3,
    )
    assert header_at(rows) == 2
    assert header_at(rows[2:]) == 0


def test_cells_that_go_on_below() -> None:
    rows = merged_downwards([
        [Downward("类"), Downward("项"), Downward("数")],
        [Downward("甲"), Downward("一"), Downward("1")],
        [Downward("", goes_on=True), Downward("二"), Downward("2")],
        [Downward(""), Downward(""), Downward("")],
    ])  # fmt: skip
    assert [[words for words, _ in row] for row in rows] == [
        ["类", "项", "数"], ["甲", "一", "1"], ["二", "2"]
    ]  # fmt: skip
    assert (rows[1][0][1].rows, rows[2][0][1].column) == (2, 1)


def test_merged_cells_over_each_other_are_filled_in_within_limits() -> None:
    sizes = [[Size(rows=65_000, columns=1000)] * 5] * 3000  # minutes where each is filled in
    grid = analyse([GridRow("甲\t1", tuple(placed[:2])) for placed in laid_out(sizes)])
    assert grid.width * len(grid.rows) <= 2_000_000


CELLS = st.sampled_from(
    ["", "甲", "项目", "2023年", "1,024", "3.5%", "—", "单位：元", "注：无", "0012"]
)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=5), min_size=1, max_size=8))
def test_every_cell_is_of_the_text_and_never_its_own_label(table: list[list[str]]) -> None:
    rows = [row for row in rows_of(*("\t".join(cells) for cells in table)) if row.cells]
    if not rows:
        return
    grid = analyse(rows)
    cells = cells_of(grid)
    body = sum(len(row.cells) for i, row in enumerate(rows) if grid.is_body(i))
    assert len(cells) == body
    starts = list(range(0, 1000 * len(rows), 1000))
    for cell in grid.cells(starts):
        assert cell.span not in [label.span for label in cell.labels]


def test_only_the_corner_above_the_labels_is_empty() -> None:
    grid = analyse(rows_of("\t秘书\t代表", "姓名\t杨某\t李某", "电话\t0471-65\t0471-66"))
    assert list(grid.headers) == [0]
    assert ("0471-66", ["电话"], ["代表"], None) in cells_of(grid)


def test_a_header_that_is_said_again_names_its_columns_once() -> None:
    grid = analyse(rows_of("名\t值", "甲\t1", "名\t值", "乙\t2", "丙部：", "丁\t3"))
    assert cells_of(grid) == [
        (text, [*section, *name], [column], None)
        for section, row in (((), "甲1"), ((), "乙2"), (("丙部：",), "丁3"))
        for text, name, column in zip(row, ((), (row[0],)), "名值", strict=True)
    ]
    assert grid.lead(5) == ("名\t值", "丙部：")


def _labelled(*texts: str) -> None:
    grid = analyse(rows_of(*texts))
    list(grid.cells(range(0, 100 * len(grid.rows), 100)))
    for row in range(len(grid.rows)):
        grid.lead(row)


_MERGED_OVER_ALL = laid_out([[Size(columns=2_000)]] * 60)


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda: joined([("甲", Placed(0, 0, i)) for i in range(150_000)]), id="wide"),
        pytest.param(
            lambda: analyse([GridRow("甲", tuple(row)) for row in _MERGED_OVER_ALL]), id="alike"
        ),
        pytest.param(lambda: _labelled(*["名\t值", "甲\t1"] * 10_000), id="header again"),
        pytest.param(lambda: _labelled("名\t值", *["甲部：", "甲\t1"] * 10_000), id="sections"),
        pytest.param(lambda: _labelled("名\t值", "甲\t1", *["注：甲"] * 20_000), id="notes"),
        pytest.param(
            lambda: separate(rows_of(*["甲"] * 40_000, "a\tb"), range(1, 40_000)), id="gaps"
        ),
        pytest.param(
            lambda: laid_out([[Size(rows=0)] * 1_900, *[[Size()]] * 60_000]), id="reaching down"
        ),
    ],
)
def test_tables_take_linear_time(act: Callable[[], object]) -> None:
    """A second or two; minutes where each cell or row is held against all others."""
    started = time.process_time()
    act()
    assert time.process_time() - started < 20
