"""Pictures in Word and PowerPoint files are read by OCR where it is there, else counted."""

from __future__ import annotations

import zipfile
from email.message import EmailMessage
from functools import cache
from io import BytesIO

import pytest

import rag.documents.pdf.read as pictures
from rag.documents.formats.docx import read_docx
from rag.documents.formats.email import read_eml
from rag.documents.formats.pptx import read_pptx
from rag.documents.formats.web import read_epub
from rag.documents.pdf.ocr import available
from rag.documents.pdf.pdfium import draw_page
from rag.documents.pdf.preview import write_png
from rag.settings import Reading
from tests.documents.test_office import REL, P, W, paragraph, related
from tests.pdf_file import at, chinese_font, drawn_pdf


@cache
def picture() -> bytes:
    page = drawn_pdf([at(60, 700, "灯塔票价十二元", 36, "G")], {"G": chinese_font()})
    return write_png(draw_page(page, 1, 600, 1_000_000).raster)


def zipped(parts: dict[str, str | bytes]) -> bytes:
    data = BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return data.getvalue()


def word() -> bytes:
    shown = '<w:p><w:r><w:drawing><pic:pic xmlns:pic="p"><a:blip xmlns:a="a" r:embed="i1"/></pic:pic></w:drawing></w:r></w:p>'
    body = paragraph("价目表如下。") + shown + shown
    return zipped(
        {
            "word/document.xml": f"<w:document {W} {REL}><w:body>{body}</w:body></w:document>",
            "word/media/i.png": picture(),
            **related("word/document.xml", i1=("image", "media/i.png")),
        }
    )


def slides() -> bytes:
    shapes = '<p:pic><a:blip r:embed="i1"/></p:pic>'
    return zipped(
        {
            "ppt/presentation.xml": f'<p:presentation {P} {REL}><p:sldIdLst><p:sldId r:id="s1"/></p:sldIdLst></p:presentation>',
            "ppt/slides/s.xml": f"<p:sld {P} {REL}>{shapes}</p:sld>",
            "ppt/media/i.png": picture(),
            **related("ppt/presentation.xml", s1=("slide", "slides/s.xml")),
            **related("ppt/slides/s.xml", i1=("image", "../media/i.png")),
        }
    )


def book() -> bytes:
    page = '<p>价目。</p><img src="../i%20.png"/><p>完。</p><aside>见后文</aside><img src="http://a/b.png"/>'
    opf = (
        '<package><manifest><item id="a" href="t/a.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="a"/></spine></package>'
    )
    return zipped(
        {
            "META-INF/container.xml": '<container><rootfile full-path="b.opf"/></container>',
            "b.opf": opf,
            "t/a.xhtml": f"<html><body>{page}</body></html>",
            "i .png": picture(),
        }
    )


def letter() -> bytes:
    mail = EmailMessage()
    mail["Subject"] = "价目"
    mail.set_content('<p>见图。</p><img src="cid:one">', subtype="html")
    mail.add_related(picture(), "image", "png", cid="<one>")
    return bytes(mail)


@pytest.mark.skipif(not available(), reason="needs the extra ocr")
def test_pictures_of_books_and_messages_are_read() -> None:
    read = read_epub(book(), Reading())
    assert read.text.split("\n") == ["价目。", "灯塔票价十二元", "完。", "见后文"]
    assert [block.by_ocr for block in read.blocks] == [False, True, False, False]
    assert read.warnings == (
        "1 pictures were read by OCR, which may misread characters",
        "1 pictures, frames or films are not read",
    )
    assert read_eml(letter(), Reading()).text.split("\n") == ["价目", "见图。", "灯塔票价十二元"]


@pytest.mark.skipif(not available(), reason="needs the extra ocr")
def test_a_picture_is_read_once_and_marked() -> None:
    read = read_docx(word(), Reading())
    assert read.text.split("\n") == ["价目表如下。", "灯塔票价十二元"]
    assert [block.by_ocr for block in read.blocks] == [False, True]
    assert read.warnings == ("1 pictures were read by OCR, which may misread characters",)
    deck = read_pptx(slides(), Reading())
    assert (deck.text, deck.blocks[0].page, deck.blocks[0].by_ocr) == ("灯塔票价十二元", 1, True)


def test_without_ocr_pictures_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "available", lambda: False)
    (warning,) = read_docx(word(), Reading()).warnings
    assert warning.startswith("1 pictures are not read; to have them read by OCR:")
    assert read_epub(book(), Reading()).warnings[0].startswith("1 pictures are not read; to have")
    assert read_eml(letter(), Reading()).warnings[0].startswith("1 pictures are not read; to have")
