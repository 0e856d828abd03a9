"""Pages drawn as pictures, and the places of quotations on them."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import pypdfium2
import pytest

from rag.documents.pdf.characters import Box
from rag.documents.pdf.pdfium import draw_page
from rag.documents.pdf.preview import MOST_PIXELS, marks, page_picture
from rag.errors import UnreadableDocument
from rag.types import PageBox
from tests.documents.bad_pdf import ENCRYPTED, empty_pdf
from tests.documents.pdf.test_stretches import typed
from tests.documents.test_pdf import REPORT

ROW = "归属于上市公司股东的净利润\t406,195,463.57\t221,041,634.94\t83.76\t754,465,552.70"


def test_a_row_is_marked_on_its_page(shared: Path) -> None:
    picture = page_picture(shared / "documents" / REPORT, 5, ROW, 595)
    assert picture.png.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", picture.png[16:24]) == (picture.width, picture.height)
    assert picture.width == 595
    first, second, *cells = picture.boxes
    assert (round(first.x0), round(first.y0)) == (95, 628)  # below 营业收入, at the left
    assert (round(second.x0), second.y0 > first.y1) == (95, True)  # the second line of the cell
    assert all(box.y0 == first.y0 and box.x0 > first.x1 for box in cells)


def test_a_quotation_is_marked_in_its_column(shared: Path) -> None:
    path = shared / "documents" / "bce_Bio_zh_0.pdf"
    picture = page_picture(path, 2, "复发难治ALL患者完全缓解率达83%", 800)
    (box,) = picture.boxes
    assert (box.x1 < 400, 15 < box.y1 - box.y0 < 25) == (True, True)
    (place,) = page_picture(path, 2, "", 800, [PageBox(2, 50, 330, 280, 350)]).boxes
    assert place.y0 / 330 == pytest.approx(picture.width / 595, rel=0.02)


def test_pieces_of_a_quotation_are_found_folded() -> None:
    glyphs = typed("合併資產總額", 10, 10) + typed("為１２３４萬元", 10, 24)
    assert marks("合并资产 总额\n为1234万元。", glyphs, []) == [
        Box(10, 10, 70, 20), Box(10, 24, 80, 34),
    ]  # fmt: skip
    assert marks("没有的话在这里", glyphs, []) == []


def test_a_quotation_is_looked_for_in_its_block() -> None:
    glyphs = typed("同样的一句话", 10, 10) + typed("同样的一句话", 10, 100)
    block = PageBox(1, 8, 98, 90, 112)
    assert marks("同样的一句话", glyphs, [block]) == [Box(10, 100, 70, 110)]
    assert marks("别的话", glyphs, [block]) == [Box(8, 98, 90, 112)]


def test_a_block_on_another_page_is_not_marked() -> None:
    picture = page_picture(
        empty_pdf(2), 2, "字", 100, [PageBox(1, 20, 20, 80, 40), PageBox(2, 50, 100, 150, 120)]
    )
    assert (picture.width, picture.height) == (100, 100)
    assert picture.boxes == (Box(25, 50, 75, 60),)


def test_a_picture_is_never_large() -> None:
    picture = page_picture(empty_pdf(1), 1, "", 1_000_000)
    assert MOST_PIXELS * 0.99 < picture.width * picture.height < MOST_PIXELS * 1.01


@pytest.mark.parametrize(
    ("data", "page", "words"),
    [(ENCRYPTED, 1, "encrypted"), (empty_pdf(2), 3, "no page 3"), (empty_pdf(2), 0, "no page 0"),
     (b"%PDF-1.4 and no more", 1, "damaged"), (b"", 1, "empty")],
)  # fmt: skip
def test_what_cannot_be_drawn(data: bytes, page: int, words: str) -> None:
    with pytest.raises(UnreadableDocument, match=words):
        page_picture(data, page, "", 100)
    with pytest.raises(ValueError, match="0 pixels"):
        page_picture(data, page, "", 0)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_characters_stand_on_their_ink_however_a_page_is_turned(shared: Path, turn: int) -> None:
    pdf = pypdfium2.PdfDocument(shared / "documents" / "bce_Comp_zh_0.pdf")
    pdf[1].set_rotation(turn)
    pdf[1].set_cropbox(40, 60, 500, 700)
    file = BytesIO()
    pdf.save(file)
    drawn = draw_page(file.getvalue(), 2, 900, MOST_PIXELS)
    raster = drawn.raster
    pixels = np.frombuffer(raster.pixels, np.uint8).reshape(raster.height, raster.width, 3)
    inked = []
    for glyph in drawn.page.glyphs:
        edges = (glyph.box.x0, glyph.box.y0, glyph.box.x1, glyph.box.y1)
        x0, y0, x1, y1 = (int(drawn.scale * edge) for edge in edges)
        if x0 >= 0 and x1 < raster.width and y0 >= 0 and y1 < raster.height:
            inked.append(pixels[y0 : y1 + 1, x0 : x1 + 1].mean(2).min() < 140)
    assert len(inked) > 1_400
    assert sum(inked) > 0.95 * len(inked)
