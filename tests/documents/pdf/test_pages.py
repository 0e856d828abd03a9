"""Tables from lines, columns from gaps, furniture from repetition, paragraphs from edges."""

from __future__ import annotations

import pytest

from rag.documents.fragments import Fragment, Role
from rag.documents.headings import NO_HEADING
from rag.documents.pdf.characters import Box, Glyph, Page, PageLine, stretches
from rag.documents.pdf.columns import foot, reading_order
from rag.documents.pdf.paragraphs import fragments, without_furniture
from rag.documents.pdf.read import read_pdf
from rag.documents.pdf.ruled import find_grids
from rag.settings import Reading
from rag.types import BlockKind
from tests.documents.pdf.test_stretches import typed
from tests.pdf_file import at, drawn_pdf


def table(columns: list[float], rows: list[float]) -> list[Box]:
    """The lines of a ruled table."""
    across = [Box(columns[0], y, columns[-1], y) for y in rows]
    return across + [Box(x, rows[0], x, rows[-1]) for x in columns]


def test_a_ruled_table_gives_rows() -> None:
    glyphs = (
        typed("项目", 12, 12) + typed("2020年", 62, 12)
        + typed("营业收", 12, 32) + typed("入", 12, 43) + typed("1,581", 62, 36)
        + typed("表外", 12, 80)
    )  # fmt: skip
    grids, rest = find_grids(table([10, 60, 110], [10, 30, 60]), glyphs)
    assert [row.text for row in grids[0].rows] == ["项目\t2020年", "营业收入\t1,581"]
    assert "".join(glyph.text for glyph in rest) == "表外"


def test_merged_cells_are_one() -> None:
    rules = [
        Box(10, 10, 110, 10), Box(60, 30, 110, 30), Box(10, 50, 110, 50),
        *(Box(x, 10, x, 50) for x in (10, 60, 110)),
    ]  # fmt: skip
    glyphs = typed("合计", 12, 25) + typed("一", 62, 12) + typed("二", 62, 32)
    grids, _ = find_grids(rules, glyphs)
    assert [row.text for row in grids[0].rows] == ["合计\t一", "\t二"]


def test_a_table_open_at_its_sides() -> None:
    rules = [Box(10, y, 110, y) for y in (10, 30, 50)] + [Box(60, 10, 60, 50)]
    glyphs = typed("甲", 12, 15) + typed("乙", 62, 15) + typed("丙", 12, 35) + typed("丁", 62, 35)
    grids, rest = find_grids(rules, glyphs)
    assert [row.text for row in grids[0].rows] == ["甲\t乙", "丙\t丁"]
    assert rest == []


def test_a_box_around_text_is_no_table() -> None:
    glyphs = typed("一段话", 12, 15)
    assert find_grids(table([10, 110], [10, 50]), glyphs) == ([], glyphs)


def column(x: float, text: str, y: float = 60.0) -> list[Glyph]:
    return [g for i, part in enumerate(text.split()) for g in typed(part, x, y + 14 * i)]


LEFT = "左边第一行的文字写满 左边第二行的文字写满 左边第三行的文字写满 左边第四行的文字写满"
RIGHT = "右边第一行的文字写满 右边第二行的文字写满 右边第三行的文字写满 右边第四行的文字写满"


def test_columns_under_a_title_across_the_page() -> None:
    glyphs = (
        typed("横贯全页的题目写在两栏的上面居中", 40, 30) + column(10, LEFT) + column(130, RIGHT)
    )
    lines = reading_order(stretches(glyphs), [], 1)
    assert [line.text for line in lines] == [
        "横贯全页的题目写在两栏的上面居中", *LEFT.split(), *RIGHT.split(),
    ]  # fmt: skip


def test_cells_side_by_side_are_rows_not_columns() -> None:
    glyphs = column(10, "项目 收入 成本 利润 合计") + column(130, "金额 12 34 56 78")
    lines = reading_order(stretches(glyphs), [], 1)
    assert [line.text for line in lines] == [
        "项目\t金额", "收入\t12", "成本\t34", "利润\t56", "合计\t78",
    ]  # fmt: skip
    assert all(line.row for line in lines)


def test_footnotes_stand_below_a_short_rule() -> None:
    parts = stretches(typed("正文写在这里", 10, 100) + typed("①注释", 10, 185, size=8))
    page = Page(1, 200, 200, (), (Box(10, 180, 60, 180),))
    assert [part.text for part in foot(parts, [], page)] == ["①注释"]


def line(text: str, x: float, y: float, page: int = 1, size: float = 10.0) -> PageLine:
    width = size * len(text)
    return PageLine(text, Box(x, y, x + width, y + size), size, False, page, 10, 210)


def test_heads_feet_and_page_numbers_are_left_out() -> None:
    pages = [Page(n, 220, 300, (), ()) for n in (1, 2, 3, 4)]
    lines = [
        [
            line("港务年报", 90, 10, n),
            line(f"第{n}页的正文", 10, 100, n),
            line(f"- {n} -", 100, 285, n),
        ]
        for n in (1, 2, 3, 4)
    ]
    kept, _ = without_furniture(pages, lines)
    assert [[item.text for item in page] for page in kept] == [
        [f"第{n}页的正文"] for n in (1, 2, 3, 4)
    ]


def test_contents_are_left_out_and_their_titles_known() -> None:
    page = Page(1, 220, 300, (), ())
    texts = ["目录", "港口概况........3", "客运与货运........12", "财务报告........20", "正文"]
    kept, titles = without_furniture(
        [page], [[line(t, 10, 60 + 20 * i) for i, t in enumerate(texts)]]
    )
    assert [item.text for item in kept[0]] == ["正文"]
    assert titles == {"港口概况", "客运与货运", "财务报告"}


def read(*lines: PageLine) -> list[Fragment]:
    count = max(item.page for item in lines)
    pages = [[item for item in lines if item.page == n + 1] for n in range(count)]
    return fragments(pages, [(220, 300)] * count, [])


FULL = "这一行写满了整栏的宽度一共是二十个字没有标"


def test_paragraphs_begin_with_an_indent_and_end_with_a_short_line() -> None:
    found = read(
        line(FULL[:18], 30, 20), line(FULL[:20], 10, 34), line("末行。", 10, 48),
        line("第二段" + FULL[:15], 30, 62), line("到此为止。", 10, 76),
    )  # fmt: skip
    assert [item.text for item in found] == [
        FULL[:18] + FULL[:20] + "末行。", "第二段" + FULL[:15] + "到此为止。",
    ]  # fmt: skip


def test_a_sentence_goes_on_on_the_next_page() -> None:
    found = read(line(FULL[:20], 10, 280), line("下一页接着说完。", 10, 20, page=2))
    assert [(item.text, item.page) for item in found] == [(FULL[:20] + "下一页接着说完。", 1)]


def test_headings_by_number_and_by_size() -> None:
    body = [line(FULL[:20], 10, 60 + 14 * i) for i in range(9)]
    found = read(line("港口的由来", 10, 20, size=15.0), *body, line("（一）客运", 10, 230), body[0])
    ranks = [item.rank for item in found]
    assert (ranks[0] or 0) > 0
    assert ranks[1] == NO_HEADING
    assert (ranks[2] or 0) > 0


def test_a_row_does_not_cut_an_open_sentence() -> None:
    row = PageLine("甲\t乙", Box(10, 34, 200, 44), 10, False, 1, 10, 210, row=True)
    found = read(line(FULL[:20], 10, 20), row, line("说完了。", 10, 48))
    assert [item.role for item in found] == [Role.BODY, Role.ROW]
    assert found[0].text.endswith("说完了。")


def test_columns_of_three_lines_of_which_the_last_is_short() -> None:
    columns = (
        (60, ("澜水镇今年春天修好了三座石桥并", "且在桥面上铺了本地的青石板行人", "往来方便了。")),
        (270, ("镇里的老人说从前过河要等渡船遇", "上大雨涨水的日子常常要等上一整", "天。")),
    )
    words = "".join(at(x, 700 - 18 * i, t) for x, own in columns for i, t in enumerate(own))
    cleaned = read_pdf(drawn_pdf([words]), Reading())
    assert cleaned.text.split() == ["".join(own) for _, own in columns]
    cells = [("石榴岭水厂日常巡检记录表", "每周一次由值班员完成"), ("水质检测", "每月。")] * 2
    words = "".join(at(60 + 210 * c, 700 - 18 * i, cells[i][c]) for i in range(3) for c in (0, 1))
    rows = read_pdf(drawn_pdf([words]), Reading()).blocks
    assert [block.kind for block in rows] == [BlockKind.TABLE_ROW] * 3


def ruled(rows: list[list[str]], top: float) -> str:
    """A table of three columns with lines all around, rows 20 points high."""
    edges, bottom = (60, 200, 340, 460), top - 20 * len(rows)
    lines = [f"60 {top - 20 * i} m 460 {top - 20 * i} l S " for i in range(len(rows) + 1)]
    lines += [f"{x} {top} m {x} {bottom} l S " for x in edges]
    cells = (
        at(x + 4, top - 20 * i - 15, cell)
        for i, row in enumerate(rows) for x, cell in zip(edges, row, strict=False)
    )  # fmt: skip
    return "".join([*lines, *cells])


HEADER = ["门店", "三月客流", "四月客流"]


@pytest.mark.parametrize("head", ["续表", "海棠百货年报", "表2 各店客流（续）"])
def test_a_table_goes_on_below_the_head_of_the_next_page(head: str) -> None:
    first = ruled([HEADER, ["桂花巷店", "412", "388"], ["梧桐里店", "355", "371"]], 140)
    second = at(60, 800, head) + ruled(
        [["石板桥店", "188", "199"], ["南码头店", "501", "487"]], 770
    )
    cleaned = read_pdf(drawn_pdf([first, second]), Reading())
    row = next(b for b in cleaned.blocks if b.span.of(cleaned.text).startswith("南码头店"))
    assert row.lead[-1].split("\t") == HEADER
    assert len(cleaned.tables) == 1


def test_a_table_below_a_heading_is_another() -> None:
    first = ruled([HEADER, ["桂花巷店", "412", "388"], ["梧桐里店", "355", "371"]], 140)
    second = at(60, 800, "二、各店人数") + ruled(
        [["门店", "男员工", "女员工"], ["石板桥店", "9", "12"]], 770
    )
    cleaned = read_pdf(drawn_pdf([first, second]), Reading())
    assert cleaned.blocks[-1].lead[-1].split("\t") == ["门店", "男员工", "女员工"]
    assert len(cleaned.tables) == 2
