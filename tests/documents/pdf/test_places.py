"""Blocks know where they stand on their pages."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from rag.documents.pdf.characters import Glyph
from rag.documents.pdf.pdfium import parse_pdf
from rag.types import BlockKind, PageBox
from tests.documents.conftest import Open, find

REPORT = "finglm_annual_report_600201_2020.pdf"


def test_a_row_stands_where_it_is_drawn(real: Open) -> None:
    row = find(real(REPORT), "营业收入\t1,581,905,632.48", BlockKind.TABLE_ROW)
    (box,) = row.boxes
    assert (box.page, box.left, box.right) == (5, 89, 532)
    assert 610 <= box.top < box.bottom <= 628


def test_a_paragraph_over_two_pages_has_a_box_on_each(real: Open) -> None:
    article = real("bce_Enco_zh_0.pdf")
    over = [block for block in article.blocks if len({box.page for box in block.boxes}) > 1]
    assert len(over) >= 3
    for block in over:
        pages = [box.page for box in block.boxes]
        assert pages == sorted(pages)
        assert pages[0] == block.page
    assert [sorted({box.page for box in block.boxes}) for block in over] == [
        [1, 2],
        [3, 5],  # a page of tables stands between
        [5, 6],
        [8, 9],
    ]


@pytest.mark.parametrize("name", ["bce_Bio_zh_0.pdf", "bce_Q-fin_zh_0.pdf", REPORT])
def test_the_characters_of_a_block_stand_in_its_boxes(real: Open, shared: Path, name: str) -> None:
    document = real(name)
    pages = parse_pdf((shared / "documents" / name).read_bytes(), 200).pages
    assert all(block.boxes and block.boxes[0].page == block.page for block in document.blocks)
    wanted, missing = 0, 0
    for block in (one for one in document.blocks[:600] if not one.by_ocr):
        text = Counter("".join(block.span.of(document.text).split()))
        found: Counter[str] = Counter()
        for box in block.boxes:
            found.update(g.text for g in pages[box.page - 1].glyphs if _inside(g, box))
        wanted += text.total()
        missing += sum(n for mark, n in (text - found).items() if mark not in MARKS)
    assert missing == 0
    assert wanted > 10_000


MARKS = "^_()/√"  # of exponents, indices, fractions and roots


def _inside(glyph: Glyph, box: PageBox) -> bool:
    x = (glyph.box.x0 + glyph.box.x1) / 2
    return box.left <= x <= box.right and box.top <= glyph.box.middle <= box.bottom
