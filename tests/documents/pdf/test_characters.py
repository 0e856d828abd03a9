"""What a PDF file's characters mean and where they stand: exponents, hyphens, fonts, directions."""

from __future__ import annotations

import pytest

from rag.documents.detect import Cleaned
from rag.documents.pdf.ocr import Recognition, available, is_garbled
from rag.documents.pdf.pdfium import parse_pdf
from rag.documents.pdf.read import clean_pages, read_pdf
from rag.errors import UnreadableDocument
from rag.settings import Reading
from rag.types import BlockKind
from tests.pdf_file import at, chinese_font, drawn_pdf, font, pdf_file, shown


def read(data: bytes) -> Cleaned:
    return read_pdf(data, Reading())


def without_ocr(data: bytes) -> Cleaned:
    """As it is read where no OCR is installed."""
    paged = parse_pdf(data, 10)
    return clean_pages(paged, Recognition(), [page for page in paged.pages if is_garbled(page)])


def test_raised_and_lowered_characters() -> None:
    content = (
        at(60, 700, "库容10") + at(108, 704, "-8", 7) + at(122, 700, "立方米，排放CO") + at(218, 697.5, "2", 7)
        + at(225, 700, "，据统计") + at(273, 704, "[1]", 6) + at(291, 700, "较多。")
    )  # fmt: skip
    assert read(drawn_pdf([content])).text == "库容10^-8立方米，排放CO_2，据统计[1]较多。"


def test_a_small_character_on_the_line_has_no_mark() -> None:
    assert read(drawn_pdf([at(60, 700, "甲乙丙") + at(96, 700, "12", 8)])).text == "甲乙丙12"


def test_hyphens_at_the_ends_of_lines() -> None:
    lines = [
        "the annual re-",
        "port of the wenju-",
        "docs.org site by Kaplan-",
        "Meier and others.",
    ]
    assert read(pdf_file([lines])).text == (
        "the annual report of the wenju-docs.org site by Kaplan-Meier and others."
    )


def test_characters_beyond_the_first_65536() -> None:
    rare = font(more="1 beginbfchar <FFF0> <D842DFB7> endbfchar ")
    text = read(drawn_pdf([at(60, 700, "姓名\ufff0野家。", name="R")], {"R": rare})).text
    assert text == "姓名𠮷野家。"


GARBLED = "灯灶灸灼灾灿炉炊炎炒炕炬炭炮烁烂烈烘烙烛"  # U+7000 … U+70FF


@pytest.mark.parametrize(
    "wrong",
    [font("ABCDEF+SimSun", shift=None), font("ABCDEF+SimHei", shift=-0x7000)],
    ids=["no map", "a map without Chinese"],
)
def test_fonts_that_do_not_say_what_they_show(wrong: list[str]) -> None:
    content = at(60, 700, GARBLED, name="G") + at(60, 660, "港口的灯塔很高。")
    found = without_ocr(drawn_pdf([content], {"G": wrong}))
    assert found.text == "港口的灯塔很高。"
    (warning,) = found.warnings
    assert warning.startswith("1 of 1 pages are set in fonts that do not say which characters")
    with pytest.raises(UnreadableDocument, match="do not say which characters they show"):
        without_ocr(drawn_pdf([at(60, 700, GARBLED, name="G")], {"G": wrong}))


def test_characters_that_stand_alone_in_a_font_that_is_nowhere_are_counted() -> None:
    rows = [("姓名", "性别", "在职"), ("沈砚", "女", "是"), ("何守礼", "男", "否")]
    cells = [
        (60 + 120 * column, 700 - 20 * row, text)
        for row, texts in enumerate(rows)
        for column, text in enumerate(texts)
    ]
    nowhere = "".join(at(x, y, text, name="N") for x, y, text in cells)
    found = read(drawn_pdf([nowhere], {"N": font()}))
    assert [one for one in found.warnings if one.startswith("up to 4 characters that stand alone")]
    # A space has no form in any font, and shows nothing of its font.
    spaces = (
        at(60, 700, "　　", name="N") + at(140, 700, "　", name="N") + at(160, 700, "沈砚是馆长。")
    )
    assert not read(drawn_pdf([spaces], {"N": font()})).warnings


def test_a_chinese_font_with_a_right_map_is_left_alone() -> None:
    content = at(60, 700, "ABCDEFGHIJKL" + GARBLED, name="G")
    assert (
        without_ocr(drawn_pdf([content], {"G": font("ABCDEF+SimSun")})).text
        == "ABCDEFGHIJKL" + GARBLED
    )


def test_a_few_unknown_characters_are_counted() -> None:
    content = at(60, 700, "灯灶", name="G") + at(60, 660, "港口的灯塔很高。")
    found = without_ocr(drawn_pdf([content], {"G": font("ABCDEF+SimSun", shift=None)}))
    assert found.warnings == ("2 characters of fonts that do not say what they show are left out",)


@pytest.mark.skipif(not available(), reason="needs the extra ocr")
def test_pages_in_such_fonts_are_read_by_ocr() -> None:
    wrong = chinese_font()
    wrong[0] = wrong[0].replace("/Encoding", "/ToUnicode {3} 0 R/Encoding")
    wrong.append(font(shift=-0x7000)[2])
    content = at(60, 700, "灯火炎热烈焰", 24, "G") + at(60, 660, "灿烂炉灶烟煤炭", 24, "G")
    found = read(drawn_pdf([content], {"G": wrong}))
    assert found.text.replace("\n", "") == "灯火炎热烈焰灿烂炉灶烟煤炭"
    assert found.blocks[0].by_ocr
    assert "were read by OCR" in found.warnings[0]


def test_ticks_and_boxes_of_symbol_fonts_stay() -> None:
    content = at(60, 700, "同意") + at(84, 700, "\uf0fe\uf0fc", name="W") + at(110, 700, "反对")
    found = read(drawn_pdf([content], {"W": font("ABCDEF+Wingdings")}))
    assert found.text == "同意☑✓反对"


def test_boxes_ten_times_too_high_do_not_mix_lines() -> None:
    content = at(60, 700, "第一行的文字，", name="T") + at(60, 682, "第二行的文字。", name="T")
    assert (
        read(drawn_pdf([content], {"T": font("Tall", height=10_000)})).text
        == "第一行的文字，第二行的文字。"
    )


def test_turned_text_stands_by_itself() -> None:
    side = f"BT /V 10 Tf 0 1 -1 0 40 400 Tm {shown('左边的说明')} ET "
    mark = f"BT /V 30 Tf 0.7 0.7 -0.7 0.7 100 400 Tm {shown('草稿')} ET "
    body = "".join(at(60, 700 - 20 * i, f"第{i}行的文字写到这里为止。") for i in range(20))
    found = read(drawn_pdf([side + mark + body, body + mark], {"V": chinese_font()}))
    notes = [b.span.of(found.text) for b in found.blocks if b.kind is BlockKind.NOTE]
    assert notes == ["草稿", "左边的说明"]
    assert "".join(f"第{i}行的文字写到这里为止。" for i in range(20)) in found.text.replace(
        "\n", ""
    )


@pytest.mark.parametrize("matrix", ["0 1 -1 0 100 60", "0 -1 1 0 100 700", "-1 0 0 -1 500 400"])
def test_a_page_that_is_turned_as_a_whole(matrix: str) -> None:
    lines = ["港口的灯塔建于一九〇二年，", "塔高三十一米。"]
    content = (
        f"BT /V 12 Tf {matrix} Tm 20 TL " + " ".join(f"{shown(line)} T*" for line in lines) + " ET"
    )
    data = drawn_pdf([content], {"V": chinese_font()})
    found = read(data)
    assert found.text == "".join(lines)
    (box,) = found.blocks[0].boxes
    upright = parse_pdf(data, 1).pages[0].glyphs
    assert all(box.left <= g.box.x0 and g.box.x1 <= box.right for g in upright)
    assert all(box.top <= g.box.y0 and g.box.y1 <= box.bottom for g in upright)


def test_columns_from_top_to_bottom() -> None:
    columns = ["港口的灯塔建于一九", "〇二年，塔高三十一", "米。"]
    content = "".join(at(400 - 20 * i, 700, text, name="V") for i, text in enumerate(columns))
    found = read(drawn_pdf([content], {"V": chinese_font("V")}))
    assert found.text == "港口的灯塔建于一九〇二年，塔高三十一米。"


def test_a_column_beside_the_text_and_characters_below_each_other_in_a_table() -> None:
    body = "".join(at(100, 700 - 20 * i, f"第{i}行的文字写到这里为止。") for i in range(12))
    side = at(40, 600, "侧边的说明", name="V")
    found = read(drawn_pdf([side + body], {"V": chinese_font("V")}))
    assert found.text.endswith("\n侧边的说明")
    assert "".join(f"第{i}行的文字写到这里为止。" for i in range(12)) in found.text
    rules = "".join(f"{x} 500 m {x} 700 l S " for x in (60, 90, 300)) + "".join(
        f"60 {y} m 300 {y} l S " for y in (500, 600, 700)
    )
    cells = (
        at(69, 690, "是否处方", name="V")
        + at(100, 650, "药品名称")
        + at(64, 540, "否定")
        + at(100, 540, "疫苗")
    )
    table = read(drawn_pdf([rules + cells], {"V": chinese_font("V")}))
    assert table.text == "是否处方\t药品名称\n否定\t疫苗"


def test_values_of_forms_stand_in_their_fields_and_remarks_are_notes() -> None:
    def utf16(text: str) -> str:
        return f"<FEFF{text.encode('utf-16-be').hex()}>"

    notes = [
        f"<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V{utf16('王五')}/Rect[97 697 200 712]>>",
        (
            "<</Type/Annot/Subtype/Widget/FT/Btn/T(box)/V/Yes/AS/Yes/Rect[60 667 72 679]"
            "/AP<</N<</Yes 1 0 R/Off 1 0 R>>>>>>"
        ),
        f"<</Type/Annot/Subtype/Text/Contents{utf16('请核对姓名。')}/Rect[300 700 320 720]>>",
        f"<</Type/Annot/Subtype/FreeText/Contents{utf16('已核对。')}/Rect[300 600 320 620]>>",
        f"<</Type/Annot/Subtype/Link/Contents{utf16('链接')}/Rect[300 600 320 620]>>",
    ]
    content = (
        at(60, 700, "姓名：")
        + at(75, 670, "同意")
        + at(60, 640, "此表一式两份，由海港局保存一份。")
    )
    form = "<</Fields[{0} 0 R {1} 0 R]>>"
    found = read(drawn_pdf([content], notes=notes, form=form))
    assert found.text.split("\n") == [
        "姓名：王五", "☑同意", "此表一式两份，由海港局保存一份。", "请核对姓名。", "已核对。",
    ]  # fmt: skip
    assert [b.kind for b in found.blocks[-2:]] == [BlockKind.NOTE, BlockKind.NOTE]
