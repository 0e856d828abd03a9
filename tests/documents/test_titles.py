"""Titles from title pages, whatever a file says of itself."""

from __future__ import annotations

from rag.documents.formats.docx import read_docx
from rag.documents.formats.text import clean_text
from rag.settings import Reading
from tests.documents.test_office import W, archive, paragraph, run


def word(body: str, title: str = "") -> str | None:
    parts = {
        "word/document.xml": f"<w:document {W}><w:body>{body}</w:body></w:document>",
        "docProps/core.xml": f'<c xmlns:d="x"><d:title>{title}</d:title></c>',
    }
    return read_docx(archive(**parts), Reading()).title


TEXT = "".join(
    paragraph(f"第{i}段写的是港口的灯塔，它建于一九〇二年，塔高三十一米。") for i in "一二三四"
)


def large(text: str, size: int) -> str:
    return f'<w:p>{run(text, f"""<w:sz w:val="{size}"/>""")}</w:p>'


def test_the_property_names_a_kind_of_document_only() -> None:
    cover = paragraph("海港市灯塔维修工程") + paragraph("招标文件")
    assert word(cover + TEXT, "招标文件") == "海港市灯塔维修工程 招标文件"
    assert (
        word(paragraph("海港市灯塔维修工程招标文件") + TEXT, "招标文件")
        == "海港市灯塔维修工程招标文件"
    )
    assert word(TEXT, "海港市灯塔维修工程") == "海港市灯塔维修工程"


def test_the_largest_type_of_the_title_page() -> None:
    cover = (
        paragraph("编号：2023-01") + large("海港市灯塔维修工程", 72) + large("可行性研究报告", 72)
    )
    preface = large("前言", 44)
    assert word(cover + preface + TEXT, "模板") == "海港市灯塔维修工程 可行性研究报告"
    assert word(preface + TEXT, "海港年报二〇二三") == "海港年报二〇二三"


def test_what_stands_beside_a_title_is_none() -> None:
    body = "港务局在这一年里完成了三件事，其中最要紧的是把老码头的护栏换新。"
    assert clean_text(f"密级：内部\n编号：2023-01\n\n海港年报\n\n{body}\n").title == "海港年报"
    assert clean_text(f"前言\n\n海港年报\n\n{body}\n").title == "海港年报"
