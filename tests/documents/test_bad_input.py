"""Bad input: each file is a line in the report, the run goes on, what was indexed stays."""

from __future__ import annotations

import os
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from rag.documents.load import find_files
from rag.index.local.index import Index
from rag.index.protocol import Field
from rag.settings import Reading, Settings
from tests.documents.bad_pdf import ENCRYPTED, empty_pdf
from tests.fakes import CharacterEncoder

GOOD = "灯塔建于1902年，塔高三十一米。\n"
SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    "{}</sheetData></worksheet>"
)
LAUGHS = '<!DOCTYPE r [<!ENTITY a "笑笑笑笑笑笑笑笑">' + "".join(
    f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)
)


def zipped(files: dict[str, bytes | str]) -> bytes:
    data = BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def book(sheet: str) -> bytes:
    """A workbook of one sheet, with no more than a reader needs."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kinds}.sheet.main+xml"/>'
            f'<Override PartName="/xl/sheet1.xml" ContentType="{kinds}.worksheet+xml"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="a" '
            f'Type="{relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relations}"><sheets>'
            '<sheet name="一" sheetId="1" r:id="b"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
            f'<Relationship Id="b" Type="{relations}/worksheet" Target="sheet1.xml"/></Relationships>',
            "xl/sheet1.xml": SHEET.format(sheet),
        }
    )


# Name -> content, and words of the line in the report; None where the file is read.
BAD: dict[str, tuple[bytes, str | None]] = {
    "加密.pdf": (ENCRYPTED, "encrypted; save it without a password"),
    "截断.pdf": (empty_pdf(3)[:150], "damaged, truncated or no PDF"),
    "空.pdf": (b"", "the file is empty"),
    "空.txt": (b"", "the file is empty"),
    "十万页.pdf": (empty_pdf(100_000), "100,000 pages, the limit is 20,000"),
    "不是压缩包.docx": (b"PK\x03\x04 no archive", "damaged or no zip archive"),
    "炸弹.docx": (zipped({"word/document.xml": b" " * 80_000_000}), "unpacks to 80,000,000 bytes"),
    "炸弹.zip": (zipped({f"{n}.txt": b"0" * 60_000_000 for n in range(3)}), "unpacks to"),
    "套娃.zip": (zipped({"内.zip": zipped({"a.txt": GOOD})}), "an archive in an archive"),
    "上级.zip": (zipped({"../逃.txt": GOOD}), "leads out of the archive"),
    "绝对.zip": (zipped({"/etc/逃.txt": GOOD}), "leads out of the archive"),
    "外部实体.xml": (
        b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r><p>&x;</p></r>', "holds no text"
    ),
    "笑.xml": ((LAUGHS + "]><r><p>&j;</p></r>").encode(), "holds no text"),
    "百万空行.xlsx": (book('<row r="1"/>' * 1_000_000), "the workbook holds no text"),
    "空行之后.xlsx": (
        book("<row/>" * 1_000_000 + '<row><c t="inlineStr"><is><t>塔高</t></is></c></row>'), None
    ),
    "五十兆一行.html": ("<p>开头".encode() + b" " * 50_000_000 + "结尾。</p>".encode(), None),
    "程序.exe": (b"MZ", "cannot be read; supported"),
    "二进制.txt": (bytes(range(256)) * 40, "encoding is unknown"),
}  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """An index of a good file, brought up to date with all the bad ones, and with one of which
    an earlier version was good."""
    place = tmp_path_factory.mktemp("bad")
    folder = place / "资料"
    folder.mkdir()
    (folder / "好.txt").write_text(GOOD, "utf-8")
    (folder / "变坏.txt").write_text("潮汐表每天更新两次。\n", "utf-8")
    settings = Settings(reading=Reading(max_seconds=250))
    index = Index.build([folder], place / "index", settings, encoder=CharacterEncoder())
    (folder / "变坏.txt").write_bytes(b"\x00\x01\x02" * 1000)
    for name, (data, _) in BAD.items():
        (folder / name).write_bytes(data)
    (place / "外面.txt").write_text("不应读入。\n", "utf-8")
    (folder / "出去.txt").symlink_to(place / "外面.txt")
    (folder / "自己.txt").symlink_to(folder / "自己.txt")
    (folder / "圈").symlink_to(folder)
    os.mkfifo(folder / "管道.txt")
    if sys.platform == "linux":
        (folder / os.fsdecode("年报.txt".encode("gbk"))).write_text(GOOD, "utf-8")
    index.update([folder])
    return index


def line(index: Index, name: str) -> str:
    """What the report says of a file or of what lies in it."""
    assert index.report is not None
    return "; ".join(
        item.reason
        for item in index.report.skipped
        if item.document == name or item.document.startswith(f"{name}/")
    )


@pytest.mark.parametrize("name", [name for name, (_, words) in BAD.items() if words])
def test_each_is_a_line_in_the_report(built: Index, name: str) -> None:
    words = BAD[name][1]
    assert words is not None
    assert words in line(built, name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("出去.txt", "leads out of the folder"),
        ("自己.txt", "cannot be read"),
        ("管道.txt", "no regular file"),
        ("年报.txt", "rename"),
        ("变坏.txt", "binary"),
    ],
)
def test_links_pipes_and_names(built: Index, name: str, words: str) -> None:
    if name == "年报.txt" and sys.platform != "linux":
        pytest.skip("names are Unicode here")
    assert words in line(built, name)


def test_the_run_goes_on_and_nothing_indexed_is_lost(built: Index) -> None:
    read = [name for name, (_, words) in BAD.items() if words is None]
    assert {info.name for info in built.documents()} == {"好.txt", "变坏.txt", *read}
    assert built.document("变坏.txt").text == "潮汐表每天更新两次。"
    assert "塔高" in built.document("空行之后.xlsx").text
    assert built.document("五十兆一行.html").text.split() == ["开头", "结尾。"]
    ((row, _), *_) = built.rank_words({Field.WORDS: {"灯塔": 1.0}}, 1)
    assert built.row_document(row).name == "好.txt"
    assert built.verify() == []


def test_a_folder_that_cannot_be_read_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "锁着").mkdir()
    (tmp_path / "a.txt").write_text(GOOD, "utf-8")
    real = os.scandir

    def scandir(path: str) -> object:
        if path.endswith("锁着/"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert [(item.name, item.problem) for item in find_files([tmp_path])] == [
        ("a.txt", ""),
        ("锁着", "the folder cannot be read: Permission denied"),
    ]
