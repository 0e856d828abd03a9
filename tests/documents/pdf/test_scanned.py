"""Pages that are pictures: read by OCR, where it is installed, and named in any case."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from rag.documents.load import read_document
from rag.documents.pdf.characters import Box, Page, Stretch
from rag.documents.pdf.ocr import Recognition, evened, is_scan, parse_images, recognise_pages
from rag.documents.pdf.pdfium import parse_pdf
from rag.documents.pdf.preview import page_picture
from rag.documents.pdf.read import read_image, read_pdf
from rag.documents.workers import RETRY, Pages, listen
from rag.errors import UnreadableDocument
from rag.settings import Reading
from rag.types import BlockKind
from tests.documents.conftest import find
from tests.documents.pdf.test_stretches import typed
from tests.pdf_file import at, chinese_font, drawn_pdf

FONTS = Path("/usr/share/fonts/opentype/noto")
PARAGRAPH = (
    "双礁大桥于二〇一九年六月开工，由市政工程局负责建造，全长1860米，"
    "设计为双向六车道，两侧有人行道。工程总投资为12.4亿元，其中银行贷款占七成，"
    "其余由市财政承担。大桥预计于2023年底通车，届时港区到机场只需二十分钟。"
)


def font(size: int) -> ImageFont.FreeTypeFont:
    path = next(iter(sorted(FONTS.glob("NotoSansCJK-Regular*"))), None)
    if path is None:
        pytest.skip("no Noto CJK fonts; install fonts-noto-cjk")
    return ImageFont.truetype(path, size, index=2)


def page_of_text(height: int = 800) -> Image.Image:
    """A page with a heading and a paragraph of five lines."""
    page = Image.new("RGB", (1000, height), "white")
    draw = ImageDraw.Draw(page)
    draw.text((320, 60), "第三章 双礁大桥", fill="black", font=font(44))
    lines, own = ["\u3000\u3000"], font(30)
    for character in PARAGRAPH:
        if own.getlength(lines[-1] + character) > 780:
            lines.append("")
        lines[-1] += character
    for i, line in enumerate(lines):
        draw.text((110, height - 600 + 52 * i), line, fill="black", font=own)
    return page


def saved(page: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    page.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize(("kind", "points"), [("PNG", 595), ("PDF", 1000)])
def test_a_picture_is_read_as_a_page(kind: str, points: int, tmp_path: Path) -> None:
    path = tmp_path / f"桥.{kind.lower()}"
    path.write_bytes(saved(page_of_text(), kind))
    document = read_document(path, path.name, Reading())
    block = find(document, "12.4亿元", BlockKind.PARAGRAPH)
    assert block.span.of(document.text).replace(",", "，") == PARAGRAPH
    assert block.headings == ("第三章双礁大桥",)
    assert (block.page, block.by_ocr, block.lines) == (1, True, None)
    (box,) = block.boxes
    assert (0.1 < box.left / points < 0.12, 0.88 < box.right / points < 0.9) == (True, True)
    picture = page_picture(path, 1, "工程总投资为12.4亿元", points, block.boxes)
    assert [(b.x0, b.y0) for b in picture.boxes] == [(box.left, box.top)]
    assert document.warnings == (
        "1 of 1 pages are pictures and were read by OCR, which may misread characters (page 1)",
    )


def test_a_tiff_has_pages_and_a_tall_picture_is_read_in_parts() -> None:
    data = saved(page_of_text(), "TIFF", save_all=True, append_images=[page_of_text(3_000)])
    cleaned = read_image(data, Reading())
    (first, second) = (b for b in cleaned.blocks if "12.4亿元" in b.span.of(cleaned.text))
    assert (first.page, second.page) == (1, 2)
    assert len(second.span) == len(first.span)
    assert 1_425 < second.boxes[0].top < 1_435  # 2,400 pixels of 1,000 to 595 points


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "BMP", "PNG"])
def test_pictures_are_decoded(kind: str) -> None:
    image = Image.new("RGBA" if kind == "PNG" else "RGB", (40, 20), (0, 0, 255, 255))
    if kind == "PNG":
        image.putpixel((0, 0), (0, 0, 0, 0))  # nothing there: white paper
    (drawn,) = parse_images(saved(image, kind), 1_000, 1)
    assert (drawn.raster.width, drawn.raster.height, drawn.page.height) == (40, 20, 297.5)
    red, green, blue = drawn.raster.pixels[-3:]
    assert (red < 10, green < 10, blue > 245) == (True, True, True)
    assert kind != "PNG" or drawn.raster.pixels[:3] == b"\xff\xff\xff"


def test_a_picture_that_lies_on_its_side_is_turned() -> None:
    image = Image.new("RGB", (40, 20))
    exif = Image.Exif()
    exif[0x0112] = 6
    (drawn,) = parse_images(saved(image, "JPEG", exif=exif), 1_000, 1)
    assert (drawn.raster.width, drawn.raster.height) == (20, 40)


def test_without_ocr_the_report_says_what_is_missing(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)  # as where the extra is not installed
    for name, pages in (("mineru_small_ocr.pdf", 8), ("rapidocr_image.pdf", 1)):
        with pytest.raises(UnreadableDocument, match=rf"^{pages} of {pages} pages .*wenju\[ocr\]"):
            read_pdf((shared / "documents" / name).read_bytes(), Reading())
    with pytest.raises(UnreadableDocument, match=r'needs: pip install "wenju\[ocr\]"'):
        read_image(saved(page_of_text(), "PNG"), Reading())


def test_a_real_picture(shared: Path) -> None:
    path = shared / "documents" / "unstructured_chi_sim_image.jpeg"
    document = read_document(path, path.name, Reading())
    assert "是扫除肌肤代谢物的最佳“清道夫”" in document.text
    assert "适用人群：适合任何肌肤" in document.text


def test_a_page_of_a_real_scan(shared: Path) -> None:
    data = (shared / "documents" / "mineru_small_ocr.pdf").read_bytes()
    pages = parse_pdf(data, 10).pages
    assert [is_scan(page) for page in pages] == [True] * 8
    found = recognise_pages(data, pages[2:3], Reading())
    lines = [part.text for part in found.pages[3]]
    assert "的、化学的属性等等。商品的天然属性只是就它们使商品有用，" in lines
    assert sum(map(len, lines)) > 650


def page_with_picture(words: str = "东港的灯塔如下图所示，每晚七点亮灯。", label: str = "") -> str:
    """The content of a page with these words and a picture of a line; `label` is typed over it."""
    image = Image.new("L", (520, 90), 255)
    ImageDraw.Draw(image).text((20, 15), "灯塔票价十二元", fill=0, font=font(56))
    pixels = image.tobytes().hex()
    return (
        at(60, 600, words, 12, "G")
        + f"\nq 260 0 0 45 100 500 cm BI /W 520 /H 90 /CS /G /BPC 8 /F /AHx ID {pixels}> EI Q\n"
        + (at(110, 513, label, 28, "G") if label else "")
    )


def test_a_picture_on_a_page_of_text_is_read_once() -> None:
    pages = [page_with_picture(), page_with_picture("西港没有灯塔。")]
    data = drawn_pdf(pages, {"G": chinese_font()})
    read = read_pdf(data, Reading())
    lines = ["".join(line.split()) for line in read.text.split("\n")]
    assert lines == ["东港的灯塔如下图所示，每晚七点亮灯。", "灯塔票价十二元", "西港没有灯塔。"]
    block = read.blocks[1]
    assert (block.by_ocr, block.kind, block.page) == (True, BlockKind.NOTE, 1)
    assert [block.by_ocr for block in read.blocks if block.page == 2] == [False]
    (box,) = block.boxes
    assert 95 <= box.left < box.right <= 365 and 292 <= box.top < box.bottom <= 347
    assert read.warnings == (
        "pictures on 1 of 2 pages were read by OCR, which may misread characters (page 1)",
    )


def test_text_typed_over_a_picture_is_not_read_twice() -> None:
    data = drawn_pdf([page_with_picture(label="灯塔票价十二元")], {"G": chinese_font()})
    assert "".join(read_pdf(data, Reading()).text.split()).count("灯塔票价十二元") == 1


def test_without_ocr_pictures_on_pages_of_text_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    data = drawn_pdf([page_with_picture(), page_with_picture()], {"G": chinese_font()})
    (warning,) = read_pdf(data, Reading()).warnings
    assert warning.startswith("1 pictures on pages that have text are not read (page 1); to have")
    assert warning.endswith(RETRY)


def under(rows: Sequence[str], size: float, mode: int = 0) -> bytes:
    """A page that is the picture of a line, with these rows of type set over it."""
    image = Image.new("L", (520, 400), 255)
    ImageDraw.Draw(image).text((20, 300), "灯塔票价三元", fill=0, font=font(56))
    pixels = image.tobytes().hex()
    ground = f"q 520 0 0 400 30 400 cm BI /W 520 /H 400 /CS /G /BPC 8 /F /AHx ID {pixels}> EI Q\n"
    type_ = "".join(at(40, 780 - 30 * i, row, size, "G") for i, row in enumerate(rows))
    return drawn_pdf([f"{ground}{mode} Tr {type_}"], {"G": chinese_font()})


def test_a_picture_under_a_few_lines_is_read_and_others_are_told() -> None:
    mark = "本文件由某某资料网整理，仅供个人学习，未经许可不得转载，下载后请于二十四小时内删除。"
    read = read_pdf(under([mark], 10), Reading())
    assert "".join(read.blocks[-1].span.of(read.text).split()) == "灯塔票价三元"
    assert read.blocks[-1].by_ocr
    slide = read_pdf(under([mark[:20]] * 5, 24), Reading())
    assert slide.warnings == ("1 pictures under the text of their pages are not read (page 1)",)
    before = read_pdf(under([mark], 10, mode=3), Reading())  # the text that a scanner read
    assert (before.text, before.warnings) == (mark, ())


def test_a_page_is_given_up_when_its_time_is_over(shared: Path) -> None:
    data = (shared / "documents" / "mineru_small_ocr.pdf").read_bytes()
    said: list[Pages] = []
    listen(said.append)
    found = recognise_pages(data, parse_pdf(data, 10).pages, Reading(max_page_seconds=1e-6))
    listen(lambda _: None)
    assert said == [Pages(done, 8) for done in range(9)]
    assert (found.pages, found.late) == ({}, [1, 2, 3, 4, 5, 6, 7, 8])
    (told,) = found.warnings(8)
    assert told.startswith("8 of 8 pages are pictures and are missing")
    assert "raise reading.max_page_seconds" in told and told.endswith(RETRY)


def test_which_pages_are_pictures_of_text() -> None:
    words = tuple(typed("一页有字", 10, 10))
    many = tuple(typed("一页有很多字" * 10, 10, 10))
    assert is_scan(Page(1, 600, 800, (), (), pictured=0.1))
    assert is_scan(Page(1, 600, 800, (), (), drawn=500))  # letters that are drawn as shapes
    assert is_scan(Page(1, 600, 800, words, (), pictured=0.9))  # the mark of a scanning program
    assert not is_scan(Page(1, 600, 800, words, (), pictured=0.3))
    assert not is_scan(Page(1, 600, 800, many, (), pictured=1.0))
    assert not is_scan(Page(1, 600, 800, (), (), drawn=3))


def test_sizes_are_evened_to_those_of_most_characters() -> None:
    def line(text: str, size: float) -> Stretch:
        return Stretch(text, Box(0, 0, 1, 1), size, bold=False)

    lines = [
        line("题", 20.1),
        line("正文的一行", 10.2),
        line("正文的又一行字", 11.4),
        line("注", 8),
    ]
    sizes = [part.size for part in evened({1: lines})[1]]
    assert sizes == [20.0, 11.5, 11.5, 8.0]


def test_unclear_lines_are_told() -> None:
    assert Recognition({1: []}, unclear=3).warnings(1) == [
        (
            "1 of 1 pages are pictures and were read by OCR, which may misread characters "
            "(page 1); 3 lines too unclear to read are left out"
        )
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (saved(Image.new("1", (9_000, 9_000)), "PNG"), "9,000 x 9,000 pixels, the limit is 80,000,000"),
        (saved(Image.new("1", (30_000, 30_000)), "PNG"), "the limit is 80,000,000"),
        (saved(Image.new("RGB", (90, 90)), "PNG")[:-40], "damaged"),
        (b"no picture at all", "none"), (b"", "empty"),
        (saved(Image.new("RGB", (200, 200), "white"), "PNG"), "read by OCR"),
    ],
)  # fmt: skip
def test_pictures_that_cannot_be_read(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableDocument, match=words):
        read_image(data, Reading())


def test_nothing_is_looked_for_on_the_network(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(saved(page_of_text(), "PNG"))
    code = """
import socket, sys
from pathlib import Path
def refuse(*_): raise SystemExit("the network was asked for")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from rag.documents.pdf.read import read_image
from rag.settings import Reading
print(len(read_image(Path(sys.argv[1]).read_bytes(), Reading()).text))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) > 100
