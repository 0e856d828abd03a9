"""Messages, mailboxes, saved pages: text and facts, and the files in them as documents."""

from __future__ import annotations

import struct
from email.message import EmailMessage
from pathlib import Path

import pytest

from rag import Index
from rag.documents.formats.email import free_name, may_attach, parse_eml, read_eml, read_mht
from rag.documents.load import FoundFile, find_files, parse_document, read_document
from rag.errors import UnreadableDocument
from rag.settings import Reading, Settings
from rag.types import BlockKind, Document
from tests.documents.formats.compound_file import Tree, compound
from tests.fakes import CharacterEncoder

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(60)
TABLE = (
    "<html><body><p>各位：报价如下。</p><table><tr><th>型号</th><th>单价</th></tr>"
    "<tr><td>灯塔甲</td><td>3,100元</td></tr></table><img src='cid:logo'></body></html>"
)


def message(**files: bytes) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = "关于灯塔维修的报价"
    mail["From"] = "王芳 <wang@example.com>"
    mail["To"] = "李雷 <li@example.com>, zhao@example.com"
    mail["Date"] = "Mon, 06 May 2024 10:20:00 +0800"
    mail.set_content("各位：报价如下。\n\n灯塔甲单价3,100元。\n")
    for name, data in files.items():
        mail.add_attachment(data, maintype="application", subtype="octet-stream",
                            filename=name.replace("__", "."))  # fmt: skip
    return mail


def with_page() -> EmailMessage:
    mail = message()
    mail.add_alternative(TABLE, subtype="html")
    (_, page) = mail.iter_parts()
    assert isinstance(page, EmailMessage)
    page.add_related(PICTURE, "image", "png", cid="<logo>")
    mail.set_boundary("outer")  # else by chance
    page.set_boundary("inner")
    return mail


def read(data: bytes, name: str) -> Document:
    return parse_document(data, Path(name), name, Reading())


def named(files: list[FoundFile]) -> dict[str, str]:
    return {file.name: file.problem for file in files}


def test_a_message() -> None:
    document = read(bytes(message(价目__txt="灯塔甲 3,100元".encode())), "报价.eml")
    assert document.text.split("\n") == [
        "关于灯塔维修的报价", "发件人：王芳 <wang@example.com>", "收件人：李雷 <li@example.com>, zhao@example.com",
        "时间：2024-05-06 10:20", "附件：价目.txt", "各位：报价如下。", "灯塔甲单价3,100元。",
    ]  # fmt: skip
    assert (document.title, document.date, document.date_inferred) == (
        "关于灯塔维修的报价",
        "2024-05-06",
        False,
    )
    assert (document.publisher, document.source) == ("王芳 <wang@example.com>", None)
    assert document.blocks[-1].headings == ("关于灯塔维修的报价",)


def test_the_web_page_of_a_message_is_read_with_its_table() -> None:
    document = read(bytes(with_page()), "报价.eml")
    assert document.text.split("\n") == [
        "关于灯塔维修的报价", "发件人：王芳 <wang@example.com>", "收件人：李雷 <li@example.com>, zhao@example.com",
        "时间：2024-05-06 10:20", "各位：报价如下。", "型号\t单价", "灯塔甲\t3,100元", "灯塔甲单价3,100元。",
    ]  # fmt: skip
    assert document.blocks[-2].kind is BlockKind.TABLE_ROW
    assert document.warnings[0].startswith("1 paragraphs stand in only one of the message's two")
    assert document.warnings[1].startswith("1 pictures are not read")
    assert parse_eml(bytes(with_page())).attachments == ()


def test_what_only_one_version_of_a_message_says_is_kept() -> None:
    mail = message()
    mail.set_content(
        "各位：\n\n- 灯塔甲单价3,100元，见 https://example.com/a 。\n- 灯塔乙单价2,900元。\n\n附：周五前回复。\n"
    )
    page = "<p>各位：</p><ul><li>灯塔甲单价3,100元，见<a href='https://example.com/a'>此</a>。</li><li>灯塔乙单价2,800元。</li></ul>"
    mail.add_alternative(page, subtype="html")
    document = read(bytes(mail), "报价.eml")
    assert document.text.split("\n")[4:] == [
        "各位：", "灯塔甲单价3,100元，见此。", "灯塔乙单价2,800元。",
        "- 灯塔乙单价2,900元。", "附：周五前回复。",
    ]  # fmt: skip
    (warning,) = document.warnings
    assert warning.startswith("2 paragraphs stand in only one")


def test_versions_of_a_message_that_differ_in_markup_only_are_one() -> None:
    mail = message()
    mail.set_content(
        "各位：\n\n1. 灯塔甲单价3,100元\n（含税）。\n2. 见 <https://example.com/a>\n\n> PORT 港口\n"
    )
    page = "<p>各位：</p><ol><li>灯塔甲单价<b>3,100</b>元（含税）。</li><li>见</li></ol><blockquote>Port 港口</blockquote>"
    mail.add_alternative(page, subtype="html")
    document = read(bytes(mail), "报价.eml")
    assert document.text.split("\n")[4:] == [
        "各位：",
        "灯塔甲单价3,100元（含税）。",
        "见",
        "Port 港口",
    ]
    assert document.warnings == ()


def test_a_message_with_pictures_in_its_text_keeps_its_head_and_files() -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"] = "报价", "王芳 <wang@example.com>"
    mail.set_content(TABLE, subtype="html")
    mail.add_related(PICTURE, "image", "png", cid="<logo>")
    mail.add_attachment(
        "灯塔高31米。".encode(), maintype="application", subtype="octet-stream", filename="说明.txt"
    )
    document = read(bytes(mail), "报价.eml")
    assert document.publisher == "王芳 <wang@example.com>"
    assert "附件：说明.txt" in document.text.split("\n")


@pytest.mark.parametrize("charset", ["gb2312", "big5", "utf-8"])
def test_messages_in_old_encodings(charset: str) -> None:
    words = "關於燈塔" if charset == "big5" else "关于灯塔"
    body = words.encode(charset)
    raw = (
        b"Subject: "
        + body
        + b"\r\nFrom: =?"
        + charset.encode()
        + b"?B?zfW3vA==?= <w@example.com>\r\n"
        b"Content-Type: text/plain; charset=" + charset.encode() + b"\r\n\r\n" + body * 10
    )
    document = read(raw, "a.eml")
    assert document.title == words
    assert document.text.endswith(words * 10)
    if charset == "gb2312":
        assert document.publisher == "王芳 <w@example.com>"


def test_attachments_are_documents_inside(tmp_path: Path) -> None:
    inner = message(内__txt="内层附件。".encode())
    outer = message(说明__txt="灯塔高31米。".encode(), 表__csv="港口,人数\n东港,3100\n".encode())
    outer.add_attachment(inner)
    folder = tmp_path / "信"
    folder.mkdir()
    (folder / "信.eml").write_bytes(bytes(outer))
    files = find_files([folder])
    assert named(files) == dict.fromkeys(
        ["信.eml", "信.eml/说明.txt", "信.eml/表.csv", "信.eml/关于灯塔维修的报价.eml",
         "信.eml/关于灯塔维修的报价.eml/内.txt"], "",
    )  # fmt: skip
    texts = {file.name: read_document(file.path, file.name, Reading()).text for file in files}
    assert texts["信.eml/说明.txt"] == "灯塔高31米。"
    assert texts["信.eml/关于灯塔维修的报价.eml/内.txt"] == "内层附件。"
    index = Index.build([folder], tmp_path / "index", Settings(), encoder=CharacterEncoder())
    assert {info.name for info in index.documents()} == set(texts)
    index.update([folder])
    assert index.report is not None and (index.report.unchanged, index.report.read) == (5, 0)


def test_an_archive_in_a_message_is_read_one_in_an_archive_not(tmp_path: Path) -> None:
    from tests.documents.test_containers import pack

    nested = pack(tmp_path / "n.zip", {"x.txt": "内层。"}).read_bytes()
    packed = pack(tmp_path / "资料.zip", {"灯塔.txt": "塔高31米。", "n.zip": nested}).read_bytes()
    (tmp_path / "n.zip").unlink()
    (tmp_path / "资料.zip").unlink()
    (tmp_path / "信.eml").write_bytes(bytes(message(资料__zip=packed)))
    found = named(find_files([tmp_path]))
    assert found["信.eml/资料.zip/灯塔.txt"] == ""
    assert "an archive in an archive" in found["信.eml/资料.zip/n.zip"]
    pack(tmp_path / "邮件.zip", {"信.eml": bytes(message(a__txt="附件。".encode()))})
    (tmp_path / "信.eml").unlink()
    files = find_files([tmp_path])
    assert list(named(files)) == ["邮件.zip/信.eml", "邮件.zip/信.eml/a.txt"]
    assert read_document(files[1].path, files[1].name, Reading()).text == "附件。"


def test_messages_in_one_another_end_somewhere(tmp_path: Path) -> None:
    mail = message(底__txt="最里面。".encode())
    for _ in range(6):
        outer = message()
        outer.add_attachment(mail)
        mail = outer
    (tmp_path / "信.eml").write_bytes(bytes(mail))
    problems = [problem for problem in named(find_files([tmp_path])).values() if problem]
    assert len(problems) == 1 and "more than 4 files in one another" in problems[0]


def test_a_mailbox(tmp_path: Path) -> None:
    first, second = message(a__txt="附件甲。".encode()), message()
    second.replace_header("Subject", "第二封")
    second.set_content("From 上海到东港要三小时。\n>From 东港回来也是。\n")
    parts = [bytes(mail).replace(b"\nFrom ", b"\n>From ") for mail in (first, second)]
    box = b"".join(
        b"From a@example.com Mon May  6 10:20:00 2024\n" + part + b"\n\n" for part in parts
    )
    (tmp_path / "邮箱.mbox").write_bytes(box)
    files = find_files([tmp_path])
    assert list(named(files)) == [
        "邮箱.mbox/00001.eml",
        "邮箱.mbox/00001.eml/a.txt",
        "邮箱.mbox/00002.eml",
    ]
    documents = [read_document(file.path, file.name, Reading()) for file in files]
    assert [document.title for document in documents] == ["关于灯塔维修的报价", "a", "第二封"]
    (tmp_path / "邮箱.mbox").write_bytes(b"no mailbox")
    (problem,) = named(find_files([tmp_path])).values()
    assert "no mailbox" in problem


def wide(number: str, text: str) -> dict[str, bytes]:
    return {f"__substg1.0_{number}001F": text.encode("utf-16-le")}


def properties(head: int, *entries: tuple[int, int, int]) -> bytes:
    return bytes(head) + b"".join(
        struct.pack("<HHIQ", kind, number, 6, value) for kind, number, value in entries
    )


SENT = (133_594_356_000_000_000, "2024-05-06")  # tenths of microseconds since 1601
ATTACHED = "灯塔高31米。" * 400


def outlook() -> bytes:
    inner: Tree = {
        "__properties_version1.0": properties(24), **wide("0037", "转发的信"), **wide("1000", "里面的话。"),
    }  # fmt: skip
    tree: Tree = {
        "__properties_version1.0": properties(32, (0x40, 0x39, SENT[0]), (3, 0x3FFD, 936)),
        **wide("0037", "关于灯塔维修"),
        "__substg1.0_1000001E": "各位：塔高31米。".encode("gb18030"),
        **wide("0C1A", "王芳"),
        **wide("5D01", "wang@example.com"),
        **wide("0E04", "李雷"),
        "__attach_version1.0_#00000000": {
            "__properties_version1.0": properties(8), **wide("3707", "说明.txt"),
            "__substg1.0_37010102": ATTACHED.encode(),
        },
        "__attach_version1.0_#00000001": {
            "__properties_version1.0": properties(8), **wide("3001", "转发"), "__substg1.0_3701000D": inner,
        },
    }  # fmt: skip
    return compound(tree)


def test_a_message_of_outlook(tmp_path: Path) -> None:
    (tmp_path / "信.msg").write_bytes(outlook())
    files = find_files([tmp_path])
    assert named(files) == dict.fromkeys(["信.msg", "信.msg/说明.txt", "信.msg/转发.eml"], "")
    document, text, inner = (read_document(file.path, file.name, Reading()) for file in files)
    assert document.text.split("\n") == [
        "关于灯塔维修", "发件人：王芳 <wang@example.com>", "收件人：李雷", "时间：2024-05-06 02:20 UTC",
        "附件：说明.txt、转发.eml", "各位：塔高31米。",
    ]  # fmt: skip
    assert (document.date, document.publisher) == (SENT[1], "王芳 <wang@example.com>")
    assert text.text.startswith("灯塔高31米。")
    assert inner.text == "转发的信\n里面的话。"


def test_a_saved_page() -> None:
    head = b"From: <Saved by Blink>\r\nSubject: page\r\nMIME-Version: 1.0\r\n"
    data = (
        head
        + b'Content-Type: multipart/related; type="text/html"; boundary="b"\r\n\r\n'
        + (
            "--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body><h1>港口概况</h1>"
            "<p>塔高31米。</p></body></html>\r\n--b\r\nContent-Type: image/png\r\nContent-Location: http://a/x.png\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\niVBORw0K\r\n--b--\r\n"
        ).encode()
    )
    for name in ("页.mht", "页.mhtml", "页.html", "页.doc"):
        document = read(data, name)
        assert (document.text, document.title) == ("港口概况\n塔高31米。", "港口概况")
        assert document.warnings == ("1 pictures that the page does not show are not read",)
    with pytest.raises(UnreadableDocument, match="no web page"):
        read_mht(b"A: b\n\ntext", Reading())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"no header at all", "no headers"),
        (b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nAAAA", "encrypted"),
        (b"Content-Type: multipart/mixed; boundary=a\n\n" + b"\n" * 11_000_000, "too many lines"),
        (b"X: y\n\n", "holds no text"),
    ],
)
def test_what_is_no_message_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableDocument, match=words):
        read_eml(data, Reading())


def test_parts_in_parts_end_somewhere() -> None:
    """Each part opens a further one: the parser would go down without end."""
    heads = b"".join(
        b"--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n" % (i, i + 1) for i in range(3000)
    )
    data = b"Subject: a\nContent-Type: multipart/mixed; boundary=b0\n\n" + heads
    with pytest.raises(UnreadableDocument, match=r"too many lines|too deeply"):
        read_eml(data, Reading())


def test_a_damaged_message_of_outlook_is_refused() -> None:
    whole = outlook()
    for data in (b"", whole[:3000], whole[:512] + bytes(len(whole) - 512), compound({"a": b"b"})):
        with pytest.raises(UnreadableDocument):
            read(data, "信.msg")
    with pytest.raises(UnreadableDocument, match="the limit is 9,000"):
        parse_document(whole, Path("信.msg"), "信.msg", Reading(max_unpacked_bytes=9000))


def test_a_message_whose_parts_are_no_longer_told_apart_keeps_its_text() -> None:
    data = (
        b"Subject: a\nContent-Type: multipart/mixed; boundary=x\n\n--y\n\n" + "塔高31米。".encode()
    )
    assert "塔高31米。" in read(data, "a.eml").text


def test_names_of_attachments() -> None:
    taken: set[str] = set()
    names = [
        "../../etc/passwd",
        "a\x00b.txt",
        "a\u202eb.txt",
        "",
        "x.txt",
        "X.TXT",
        "n" * 500 + ".docx",
    ]
    free = [free_name(name, taken) for name in names]
    assert free[:6] == ["_.._etc_passwd", "a_b.txt", "a_b (2).txt", "file", "x.txt", "X (2).TXT"]
    assert len(free[6]) < 140 and free[6].endswith(".docx")
    assert may_attach(bytes(message(a__txt=b"b"))) and not may_attach(bytes(message()))
