"""OFD files: characters in their places, tables by their lines, templates, annotations."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pytest

from rag.documents.formats.ofd import read_ofd
from rag.documents.load import parse_document
from rag.errors import UnreadableDocument
from rag.settings import Reading
from rag.types import BlockKind, Document

SPACE = 'xmlns:ofd="http://www.ofdspec.org/2016"'
ROOT = (
    f"<ofd:OFD {SPACE}><ofd:DocBody><ofd:DocInfo><ofd:Title>{{}}</ofd:Title><ofd:CreationDate>"
    "2024-05-06</ofd:CreationDate></ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>"
    "</ofd:DocBody></ofd:OFD>"
)


def words(text: str, x: float, y: float, size: float = 4, more: str = "") -> str:
    """A line whose characters stand a size apart, as the programs of offices write them."""
    return (
        f'<ofd:TextObject Boundary="{x} {y} 150 6" Size="{size}" {more}><ofd:TextCode X="0" Y="{size}" '
        f'DeltaX="g {len(text) - 1} {size}">{text}</ofd:TextCode></ofd:TextObject>'
    )


def rule(x0: float, y0: float, x1: float, y1: float) -> str:
    return (
        f'<ofd:PathObject Boundary="{x0} {y0} {x1 - x0} {y1 - y0}" LineWidth="0.3"><ofd:AbbreviatedData>'
        f"M 0 0 L {x1 - x0} {y1 - y0}</ofd:AbbreviatedData></ofd:PathObject>"
    )


def ofd(
    *pages: str, title: str = "", parts: Mapping[str, str] | None = None, more: str = ""
) -> bytes:
    listed = "".join(
        f'<ofd:Page ID="{i + 1}" BaseLoc="Pages/Page_{i}/Content.xml"/>' for i in range(len(pages))
    )
    files = {
        "OFD.xml": ROOT.format(title),
        "Doc_0/Document.xml": f'<ofd:Document {SPACE}><ofd:CommonData><ofd:PageArea><ofd:PhysicalBox>0 0 210 297'
        f'</ofd:PhysicalBox></ofd:PageArea><ofd:TemplatePage ID="99" BaseLoc="Tpls/Tpl_0/Content.xml"/>'
        f"</ofd:CommonData><ofd:Pages>{listed}</ofd:Pages>{more}</ofd:Document>",
        **{
            f"Doc_0/Pages/Page_{i}/Content.xml": f"<ofd:Page {SPACE}>{page}</ofd:Page>"
            for i, page in enumerate(pages)
        },
        **(parts or {}),
    }  # fmt: skip
    data = BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return data.getvalue()


def layer(*objects: str) -> str:
    return f"<ofd:Content><ofd:Layer>{''.join(objects)}</ofd:Layer></ofd:Content>"


def read(data: bytes, name: str = "发票.ofd") -> Document:
    return parse_document(data, Path(name), name, Reading())


LINES = [
    "灯塔建于一九〇二年，塔高三十一米，由港务局出资修建，用的是当地出产的花岗石，",
    "它的灯光可以照到二十海里之外，渔民都认得。",
]


def test_paragraphs_on_pages() -> None:
    first = layer(words("港口概况", 80, 20, 8), words(LINES[0], 20, 40), words(LINES[1], 20, 46))
    document = read(ofd(first, layer(words("第二页只有一句话。", 20, 40)), title="港口年报"))
    assert document.text.split("\n") == ["港口概况", "".join(LINES), "第二页只有一句话。"]
    assert [block.page for block in document.blocks] == [1, 1, 2]
    assert document.blocks[0].kind is BlockKind.HEADING
    assert (document.title, document.source, document.warnings) == ("港口概况", None, ())
    (box,) = document.blocks[2].boxes
    assert box.page == 2 and abs(box.left - 20 * 72 / 25.4) <= 1


def test_a_table_by_its_lines() -> None:
    rows = [("项目", "金额"), ("灯油", "3,100.00"), ("维修", "650.00")]
    objects = [words(text, 22 + 60 * column, 51 + 10 * row) for row, cells in enumerate(rows)
               for column, text in enumerate(cells)]  # fmt: skip
    objects += [rule(20, 50 + 10 * i, 140, 50 + 10 * i) for i in range(4)]
    objects += [rule(x, 50, x, 80) for x in (20, 80, 140)]
    document = read(ofd(layer(*objects)))
    assert document.text.split("\n") == ["项目\t金额", "灯油\t3,100.00", "维修\t650.00"]
    assert document.blocks[2].kind is BlockKind.TABLE_ROW
    assert document.blocks[2].lead == ("项目\t金额",)


def test_templates_annotations_and_what_is_left_out() -> None:
    page = '<ofd:Template TemplateID="99"/>' + layer(
        words("金额：叁仟壹佰元整", 20, 60),
        '<ofd:CompositeObject Boundary="0 0 1 1" ResourceID="5"/>',
    )
    annotations = (
        f'<ofd:PageAnnot {SPACE}><ofd:Annot Type="Stamp"><ofd:Appearance Boundary="20 80 60 10">'
        f'{words("已核验", 0, 0)}</ofd:Appearance></ofd:Annot><ofd:Annot Type="Watermark"><ofd:Appearance>'
        f"{words('样张', 0, 0)}</ofd:Appearance></ofd:Annot></ofd:PageAnnot>"
    )
    data = ofd(page, parts={
        "Doc_0/Tpls/Tpl_0/Content.xml": f"<ofd:Page {SPACE}>{layer(words('电子发票', 80, 20))}</ofd:Page>",
        "Doc_0/Annots/Annotations.xml": f'<ofd:Annotations {SPACE}><ofd:Page PageID="1"><ofd:FileLoc>'
        "Page_0/Annotation.xml</ofd:FileLoc></ofd:Page></ofd:Annotations>",
        "Doc_0/Annots/Page_0/Annotation.xml": annotations,
        "Doc_0/Attachs/Attachments.xml": f'<ofd:Attachments {SPACE}><ofd:Attachment Name="a.xml"/></ofd:Attachments>',
    }, more="<ofd:Annotations>Annots/Annotations.xml</ofd:Annotations><ofd:Attachments>/Doc_0/Attachs/Attachments.xml"
       "</ofd:Attachments>")  # fmt: skip
    document = read(data)
    assert [line for line in document.text.split("\n") if line] == [
        "电子发票",
        "金额：叁仟壹佰元整",
        "已核验",
    ]
    assert set(document.warnings) == {
        "1 attached files are not read", "1 watermarks are left out",
        "1 drawings that are kept apart are not read",
    }  # fmt: skip


def test_turned_and_scaled_text_stands_in_its_place() -> None:
    data = ofd(layer(words("塔高三十一米。", 20, 40, 1, 'CTM="4 0 0 4 0 0"')))
    document = read(data, "a.ofd")
    assert document.text == "塔高三十一米。"
    (box,) = document.blocks[0].boxes
    assert 6.5 * 4 < (box.right - box.left) / (72 / 25.4) < 7.5 * 4


def test_pages_that_are_pictures_are_named() -> None:
    picture = layer('<ofd:ImageObject Boundary="0 0 210 297" ResourceID="1"/>')
    document = read(ofd(layer(words(LINES[0], 20, 40)), picture))
    assert (
        "1 of 2 pages are pictures without a text and are missing (page 2)" in document.warnings[0]
    )
    with pytest.raises(UnreadableDocument, match="all pages are pictures"):
        read(ofd(picture))


def test_what_is_none_is_refused() -> None:
    for data, reason in (
        (b"", "empty"), (b"no archive", "damaged|no zip"), (ofd(), "no text on any"),
        (ofd(layer(words("一", 20, 40)), parts={"Encryptions.xml": "<a/>"}), "encrypted"),
    ):  # fmt: skip
        with pytest.raises(UnreadableDocument, match=reason):
            read_ofd(data, Reading())
    with pytest.raises(UnreadableDocument, match="the limit is 1"):
        read_ofd(ofd(layer(), layer()), Reading(max_pages=1))
    with pytest.raises(UnreadableDocument, match="unpacks to"):
        read_ofd(ofd(layer() + " " * 60_000_000), Reading())


def test_numbers_beyond_reason_are_left() -> None:
    hostile = (
        '<ofd:TextObject Boundary="1e99 0 1 1" Size="1e98"><ofd:TextCode X="0" DeltaX="g 999999999 1e9">塔'
        '</ofd:TextCode></ofd:TextObject><ofd:TextObject Size="4" Boundary="a b c d" CTM="1 2"><ofd:TextCode X="x" '
        'DeltaX="g 999999 4 . - g">高三十一米</ofd:TextCode></ofd:TextObject>'
    )
    assert read(ofd(layer(hostile, words("一句话。", 20, 40)))).text.endswith("一句话。")
