"""Mutated files: a case is a number, from which the same bytes come each time."""

from __future__ import annotations

import json
import random
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from io import BytesIO
from pathlib import Path

from rag.documents.detect import supported
from rag.documents.formats import office
from tests.documents.formats.office_files import SHEETS, made, slides, text_document
from tests.documents.formats.test_mail import outlook, with_page
from tests.documents.formats.test_notebook import BOOK
from tests.documents.formats.test_ofd import layer, ofd, rule, words
from tests.documents.formats.test_subtitles import SRT, VTT
from tests.documents.formats.test_tex import PAPER

LARGEST_BYTES = 400_000
"""Larger files, which take seconds each, are mutated in one case of `RARE`."""
RARE = 100
# Pages without a text layer are read by networks, several seconds each; files of old office
# programs by a program that takes a second to start.
_SLOW = re.compile(r"ocr|image|\.(?:doc|wps|rtf|odt|ppt|dps|odp|xls|et|xlsb|ods)$", re.IGNORECASE)
_ENCODINGS = ("utf-8", "gb18030", "big5hkscs")
_DIGITS = re.compile(rb"[0-9]+")
_WIDE_DIGITS = re.compile(rb"(?:[0-9]\0\0\0)+")
_NUMBERS = (b"0", b"-1", b"65536", b"2147483648", b"18446744073709551616", b"1e999", b"0.0000001")
_HOSTILE = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1a", b"\x0c" * 50, b"\n" * 500, b"\t" * 200, b" " * 5000,
    b"<", b"]]>", b"&#x0;", b"&#xD800;", b"&x;", b"<div>" * 400, b"</div>" * 40, b"<table><tr><td>" * 60,
    b'<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
    b'<img src="http://127.0.0.1:9/x.png"><link rel="stylesheet" href="//127.0.0.1:9/x.css">',
    b'<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">',
    b'<xi:include href="/etc/passwd" parse="text"/>',
    b"../../../../tmp/escaped", b"/etc/passwd", b"endobj", b"stream\n", b"/Kids [1 0 R]", b"/Parent 3 0 R",
    b'"' * 333, b",,,,,,,,", b"{" * 3000, b"[" * 3000, b"---\n", b"```\n", b"|" * 700, b"#" * 99,
    "（一）".encode(), "、".encode() * 300, "第999999999999条".encode(), "“".encode() * 99, b"\xf0\x9f\x92\xa9",
    "2020年13月45日".encode(), "９９９９９９９９９９".encode(), b"\xa1\xa1" * 40, b"\xe2\x80\xa8" * 30,
    # What took patterns more than linear time, in lengths at which that is minutes.
    b"." * 40_000, b". " * 20_000, "·".encode() * 20_000, "…".encode() * 20_000, "．".encode() * 20_000,
    "2023年".encode() * 8_000, b"1," * 20_000, b"[1" * 20_000, "（".encode() * 20_000, "第一".encode() * 9_000,
    b" " * 60_000, b"\t" * 40_000, b"-" * 40_000, b"*" * 40_000, b"a." * 20_000, b"\n#" * 10_000, b"$\\" * 15_000,
    b'<tr><td rowspan="0" colspan="60000">' * 99, b"<td>" * 30_000, b"&x" * 20_000, b"|--" * 20_000,
    "甲\n\n".encode() * 9_000, "名,值\n甲,1\n".encode() * 4_000, b"&#" * 20_000, b"<!-" * 15_000, b"9" * 40_000, "一二三".encode() * 5_000, "“”".encode() * 7_000,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """A damaged file: its name, and what it was made from."""

    name: str
    source: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Sources:
    """Whole files by name: those that are read in moments, and those that take long, or the
    function that makes one when a case wants it."""

    quick: tuple[tuple[str, bytes], ...]
    slow: tuple[tuple[str, bytes | Callable[[], bytes]], ...]


def sources(documents: Path) -> Sources:
    """The real files in a folder, and one made here for each format that it lacks."""
    found = [(path.name, path.read_bytes()) for path in sorted(documents.iterdir())]
    endings = {Path(name).suffix.lower() for name, _ in found}
    found += [(name, data) for name, data in _made() if Path(name).suffix not in endings]
    found = [(name, data) for name, data in found if Path(name).suffix.lower() in supported()]
    slow = [item for item in found if len(item[1]) > LARGEST_BYTES or _SLOW.search(item[0])]
    by_office = _office() if office.available() else ()
    lacking = [item for item in by_office if Path(item[0]).suffix not in endings]
    return Sources(tuple(item for item in found if item not in slow), (*slow, *lacking))


def case(number: int, files: Sources) -> Case:
    """The case of that number."""
    random_ = random.Random(f"wenju {number}")
    slow = files.slow and random_.randrange(RARE) == 0
    source, whole = random_.choice(files.slow if slow else files.quick)
    data = whole if isinstance(whole, bytes) else whole()
    if data.startswith(b"PK") and random_.random() < 0.8:
        data = _inside(data, random_)
    else:
        data = _changed(data, random_)
    return Case(f"{number:06d}{Path(source).suffix}", source, data)


def _changed(data: bytes, random_: random.Random) -> bytes:
    """Mutated, a text mostly so that its encoding stays whole."""
    encoding = next((name for name in _ENCODINGS if _is_text(data, name)), None)
    if encoding is None or random_.random() < 0.3:
        return _mutated(data, random_)
    wide = data.decode(encoding).encode("utf-32-le")  # characters are cut and moved whole
    return _mutated(wide, random_, 4).decode("utf-32-le", "ignore").encode(encoding, "ignore")


def _is_text(data: bytes, encoding: str) -> bool:
    try:
        return "\x00" not in data.decode(encoding)
    except UnicodeDecodeError:
        return False


def _mutated(data: bytes, random_: random.Random, unit: int = 1) -> bytes:
    """`data`, in units of so many bytes, with some changed, cut out, doubled, put elsewhere, made
    hostile."""
    result = bytearray(data)
    for _ in range(random_.randint(1, 8)):
        count = len(result) // unit
        at = random_.randrange(count or 1) * unit
        size = random_.choice((1, 2, 10, 100, 1000, count // 4 + 1)) * unit
        action = random_.randrange(8)
        if action == 0:
            result[at : at + unit] = _widened(bytes([random_.randrange(256)]), unit)
        elif action == 1:
            del result[at : at + size]
        elif action == 2:
            result[at:at] = result[at : at + size]
        elif action == 3:
            result[at : at + size] = _widened(random_.randbytes(random_.randint(0, 20)), unit)
        elif action == 4:
            result[at:at] = _widened(random_.choice(_HOSTILE), unit)
        elif action == 5:
            _number(result, at, random_, unit)
        elif action == 6:
            del result[at:]
        else:
            other = random_.randrange(count or 1) * unit
            result[at:at] = result[other : other + size]
    return bytes(result)


def _widened(data: bytes, unit: int) -> bytes:
    return data if unit == 1 else data.decode("utf-8", "replace").encode("utf-32-le")


def _number(result: bytearray, at: int, random_: random.Random, unit: int) -> None:
    """Makes a number behind `at` another one: sizes and counts that lie."""
    match = (_DIGITS if unit == 1 else _WIDE_DIGITS).search(result, at)
    if match:
        result[match.start() : match.end()] = _widened(random_.choice(_NUMBERS), unit)


def _inside(data: bytes, random_: random.Random) -> bytes:
    """An archive of which one file is mutated: its checksum is right, its content is not."""
    result = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as source, zipfile.ZipFile(result, "w") as target:
        names = source.namelist()
        chosen = random_.choice([name for name in names if name.endswith(("ml", "rels"))] or names)
        for name in names:
            content = source.read(name)
            content = _changed(content, random_) if name == chosen else content
            target.writestr(zipfile.ZipInfo(name), content)  # without the time of day
    return result.getvalue()


@cache
def _made() -> Sequence[tuple[str, bytes]]:
    text = "第一章 总则\n\n第一条 灯塔建于1902年5月6日，塔高31米。\n\n1. 名称：白石灯塔；\n2. 位置：东港。\n"
    page = f"<html><head><title>灯塔</title></head><body><h1>灯塔</h1><p>{text}</p></body></html>"
    package = '<package xmlns="http://www.idpf.org/2007/opf"><metadata/><manifest>'
    book = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
        '<rootfiles><rootfile full-path="book.opf"/></rootfiles></container>',
        "book.opf": package + '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/>'
        '</manifest><spine><itemref idref="a"/></spine></package>',
        "a.xhtml": page,
    }  # fmt: skip
    saved = (
        "From: <Saved by Blink>\nSubject: 灯塔\nMIME-Version: 1.0\nContent-Type: multipart/related; "
        f"boundary=b\n\n--b\nContent-Type: text/html; charset=utf-8\n\n{page}\n--b--\n"
    )
    row = '{"title": "灯塔", "text": "塔高31米，建于1902年。", "tags": ["海", {"a": null}]}'
    feed = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>海</title><entry><title>灯塔</title>'
        f"<updated>2020-01-02T03:04:05Z</updated><content>{text}</content></entry></feed>"
    )
    return (
        ("made.txt", text.encode() * 20),
        ("made.md", f"---\ntitle: 灯塔\ndate: 2020-01-02\n---\n# 灯塔\n\n{text}\n| 甲 | 乙 |\n|--|--|\n| 1 | 2 |\n".encode()),
        ("made.log", text.encode("gb18030")),
        ("made.tsv", "名称\t高（米）\n白石灯塔\t31\n".encode() * 10),
        ("made.epub", _zipped(book)),
        ("made.json", f"[{row}, {row}]".encode()),
        ("made.jsonl", f"{row}\n".encode() * 8),
        ("made.atom", feed.encode()),
        ("made.htm", page.encode("big5hkscs", "ignore")),
        ("made.eml", bytes(with_page())),
        ("made.msg", outlook()),
        ("made.mht", saved.encode()),
        ("made.srt", SRT.encode()),
        ("made.vtt", VTT.encode()),
        ("made.ipynb", json.dumps(BOOK, ensure_ascii=False).encode()),
        ("made.tex", PAPER.encode()),
        ("made.ofd", ofd(layer(words(text[:30], 20, 40), rule(20, 50, 140, 50)), layer(words("塔。", 9, 9)))),
    )  # fmt: skip


def _office() -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Files of old and other office programs, each made by LibreOffice when it is first wanted."""
    report = text_document("<text:h>灯塔</text:h><text:p>灯塔建于1902年，塔高31米。</text:p>")
    deck = slides(("灯塔", "塔高31米。"), ("客运", "五月3,100人。"))
    for flat, ending, targets in (
        (report, ".fodt", ("doc", "rtf", "odt")),
        (deck, ".fodp", ("ppt", "odp")),
        (SHEETS, ".fods", ("xls", "ods")),
    ):
        for target in targets:
            yield f"made.{target}", cache(partial(made, flat, ending, target))


def _zipped(files: dict[str, str]) -> bytes:
    data = BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return data.getvalue()
