"""What a file is: its encoding, its format by content and name, and which parser reads it.

The encoding of a text file is decided by what comes out; the format by the content, which wins over
the ending of the name. A parser takes a file's bytes and gives a cleaned text; what it needs is
imported when it is called, so that reading a text file loads no library for another format.
"""

from __future__ import annotations

import codecs
import os
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from rag.documents.formats import archives
from rag.errors import UnreadableDocument
from rag.plugins import Group, Plugin, plugins
from rag.settings import Reading
from rag.types import Block, Run, Table

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CANDIDATES = ("gb18030", "big5hkscs", "utf-16-le", "utf-16-be", "cp1252")
# Half of the characters of a right decoding are common ones; of a wrong one far fewer.
_MIN_SCORE = 0.6
_SAMPLE_BYTES = 200_000
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]|\x1b(?!\\[)")  # not colours in a log
# A text may hold so many control characters (torn fields of an export, marks of a terminal): a
# few in any, this share of a long one. Of a program's file a tenth or more are.
_FEW_CONTROLS = 2
_CONTROL_SHARE, _LONG_CONTROL_SHARE = 0.1, 0.03
_SOME_CONTROLS = 20
_MAX_DAMAGED = 0.002
# Bytes of another encoding look like UTF-8 for at most a few characters: where there are so many
# whole ones of several bytes for each that is damaged, it is UTF-8.
_WHOLE_FOR_EACH_DAMAGED = 10
_REPLACEMENT = "\ufffd"
_MOST_FREQUENT = frozenset(
    "的一是不了在人有我他这这個个们們来來到时時大地为為子中你说說生国國年着就那和要上以会會与與及"
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text and the encoding that it was decoded with; `damaged` counts the places where the
    bytes were none of it, each a U+FFFD in the text."""

    text: str
    encoding: str
    damaged: int = 0

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the reader of the document is told of it."""
        if not self.damaged:
            return ()
        name = self.encoding.removesuffix("-sig").upper()
        return (f"{self.damaged:,} places hold bytes that are no {name}; shown as {_REPLACEMENT}",)


def decode(data: bytes, declared: str | None = None) -> Decoded:
    """The text of `data`. A byte order mark decides; then UTF-8, if the bytes are valid but for
    a few; then the `declared` encoding, if it gives a text; then the encoding whose decoding has
    the largest share of common characters. Where a file declares its encoding, too, a few bytes
    may be damaged. Those become U+FFFD.

    Raises:
        UnreadableDocument: the bytes are empty, binary, or in no encoding known here.
    """
    if not data.strip(b"\x00 \t\r\n\x0c"):
        raise UnreadableDocument("the file is empty")
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _marked(data, encoding)
    try:
        return Decoded(_checked(data.decode("utf-8")), "utf-8")
    except UnicodeDecodeError as error:
        where = f"byte 0x{data[error.start]:02x} at offset {error.start}"
    if (damaged := _damaged_utf8(data)) is not None:
        return damaged
    scored = [(_score(data, encoding), -i, encoding) for i, encoding in enumerate(_CANDIDATES)]
    score, _, encoding = max(scored)
    mended = _as_declared(data, declared)
    if mended is not None and (
        score < _MIN_SCORE or mended.encoding == encoding or _text_score(mended) >= score
    ):
        return mended
    if score < _MIN_SCORE:
        plain = data.decode("utf-8", "replace")
        if _is_few(plain.count(_REPLACEMENT), plain):  # ASCII with a few bytes of anything
            return _mended(data, "utf-8")
        raise UnreadableDocument(
            f"the encoding is unknown: not UTF-8 ({where}), and no other encoding gives readable "
            f"text (best: {encoding}, {score:.0%} common characters, {_MIN_SCORE:.0%} needed); "
            "save the file as UTF-8"
        )
    return _mended(data, encoding)


def _as_declared(data: bytes, declared: str | None) -> Decoded | None:
    """The text in the encoding that the file declares, if that is one and all but a few of the
    bytes fit."""
    try:
        name = codecs.lookup(declared or "").name
    except LookupError:
        return None
    wider = {"gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs"}.get(name, name)
    mended = _mended(data, wider)
    return mended if _is_few(mended.damaged, mended.text) else None


def _damaged_utf8(data: bytes) -> Decoded | None:
    """The text, where all but a few of the characters beyond ASCII are whole in UTF-8."""
    text = data.decode("utf-8", "replace")
    damaged = text.count(_REPLACEMENT) - data.decode("utf-8", "ignore").count(_REPLACEMENT)
    whole = sum(1 for character in text if character > "\x7f") - damaged
    if whole < _WHOLE_FOR_EACH_DAMAGED * damaged:
        return None
    return Decoded(_checked(text), "utf-8", damaged)


def _mended(data: bytes, encoding: str) -> Decoded:
    """The text in that encoding, whatever of the bytes fits."""
    text = data.decode(encoding, "replace")
    own = data.decode(encoding, "ignore").count(_REPLACEMENT)
    return Decoded(_checked(text), encoding, text.count(_REPLACEMENT) - own)


def _is_few(damaged: int, text: str) -> bool:
    return damaged <= max(2, _MAX_DAMAGED * len(text))


def _marked(data: bytes, encoding: str) -> Decoded:
    """The text of a file whose byte order mark says how it is encoded; a few bytes of it may be
    damaged."""
    decoded = _mended(data, encoding)
    if decoded.damaged * _WHOLE_FOR_EACH_DAMAGED > len(decoded.text):
        _strict(data, encoding)
    return decoded


def _text_score(decoded: Decoded) -> float:
    return _share(decoded.text[:_SAMPLE_BYTES], decoded.encoding)


def _strict(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableDocument(
            f"the file starts like {encoding} but byte offset {error.start} is not: {error.reason}"
        ) from None


def _checked(text: str) -> str:
    if _looks_binary(text):
        controls = len(_CONTROL.findall(text[:_SAMPLE_BYTES]))
        raise UnreadableDocument(
            f"the file looks binary: {controls} control characters; only text can be read here"
        )
    if not text.strip("\ufeff \t\r\n\x0c"):
        raise UnreadableDocument("the file is empty")
    return text


def _looks_binary(text: str) -> bool:
    sample = text[:_SAMPLE_BYTES]
    controls = len(_CONTROL.findall(sample))
    if controls <= _FEW_CONTROLS:
        return False
    share = _CONTROL_SHARE if controls <= _SOME_CONTROLS else _LONG_CONTROL_SHARE
    return controls > share * len(sample)


def _score(data: bytes, encoding: str) -> float:
    """Share of common characters among those beyond ASCII; 0 where more than a few of the bytes
    do not fit."""
    text = data.decode(encoding, "replace")
    if not _is_few(text.count(_REPLACEMENT), text) or _looks_binary(text):
        return 0.0
    return _share(text[:_SAMPLE_BYTES], encoding)


def _share(text: str, encoding: str) -> float:
    beyond = [character for character in text if character > "\x7f"]
    if not beyond:
        return 0.0
    common = _western() if encoding == "cp1252" else _common()
    known = sum(character in common for character in beyond)
    frequent = sum(character in _MOST_FREQUENT for character in beyond)
    if encoding == "cp1252":
        # Western text is ASCII with a few accents; anything else is something else.
        return known / len(beyond) if len(beyond) < 0.2 * len(text) else 0.0
    return (known + min(frequent, 0.1 * len(beyond))) / (1.1 * len(beyond))


@cache
def _common() -> frozenset[str]:
    """The first levels of GB 2312 and Big5 (3,755 simplified and 5,401 traditional characters,
    ordered by use), and Chinese punctuation and full-width forms.

    Source: GB/T 2312-1980, rows 16-55; Big5 (1984), 0xA440-0xC67E.
    """
    level1 = (
        bytes((row, cell)).decode("gb2312", "ignore")
        for row in range(0xB0, 0xD8)
        for cell in range(0xA1, 0xFF)
    )
    big5 = (
        bytes((row, cell)).decode("big5", "ignore")
        for row in range(0xA4, 0xC7)
        for cell in (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    )
    marks = "，。、；：？！“”‘’（）《》〈〉【】「」『』—…·～　％．－／＋＝￥"
    full = "".join(chr(code) for code in range(0xFF10, 0xFF5B))
    return frozenset("".join(level1) + "".join(big5) + marks + full)


@cache
def _western() -> frozenset[str]:
    return frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿßÀÁÂÄÇÈÉÊËÍÎÑÓÔÖØÚÜ–—‘’“”•…€£©®°·«»")


_HEAD_BYTES = 4096
_ZIP = b"PK\x03\x04"
# Streams at the root of a compound file -> what the file is.
_STREAMS = {
    "EncryptedPackage": "",
    "__properties_version1.0": ".msg",
    "WordDocument": ".doc",
    "Workbook": ".xls",
    "Book": ".xls",
    "PowerPoint Document": ".ppt",
}
# Files in a zip archive -> what the archive is.
_PARTS = {
    "word/document.xml": ".docx",
    "xl/workbook.xml": ".xlsx",
    "xl/workbook.bin": ".xlsb",
    "ppt/presentation.xml": ".pptx",
    "OFD.xml": ".ofd",
    "META-INF/container.xml": ".epub",
}
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
_OPEN_KINDS = {"text": ".odt", "spreadsheet": ".ods", "presentation": ".odp"}
_PICTURES = ((b"\x89PNG\r\n\x1a\n", ".png"), (b"\xff\xd8\xff", ".jpg"), (b"II*\0", ".tif"),
             (b"MM\0*", ".tif"))  # fmt: skip
# Endings that several real formats have in common.
_SAME = (
    {".docx", ".docm"}, {".xlsx", ".xlsm"}, {".pptx", ".pptm"}, {".doc", ".wps", ".dot"},
    {".xls", ".et", ".xlt"}, {".ppt", ".dps", ".pps"}, {".jpg", ".jpeg"}, {".tif", ".tiff"},
)  # fmt: skip
_PAGE = re.compile(
    rb"^\s*+(?:<\?xml[^>]{0,200}\?>\s*+)?(?:<!--.{0,999}?-->\s*+)?<(?:!doctype\s+html|html)\b",
    re.IGNORECASE | re.DOTALL,
)
# Programs of offices write tables of a web page, without a page around them, into .xls files.
_PAGE_PART = re.compile(rb"^\s*+<(?:table|meta|head|style|body|div)\b", re.IGNORECASE)
_MESSAGE = re.compile(
    rb"(?:[A-Za-z][A-Za-z0-9-]{1,60}:[^\r\n]{0,2000}\r?\n(?:[ \t][^\r\n]*\r?\n)*){2,}"
)
_RELATED = re.compile(rb"^content-type:\s*multipart/related\b", re.IGNORECASE | re.MULTILINE)
_MAIL = re.compile(rb"^(?:mime-version|from|received|subject):", re.IGNORECASE | re.MULTILINE)
# The text of files with these endings is never that of another format.
_PLAIN = {"", ".txt", ".text", ".log", ".csv", ".tsv"}
_WEB, _SAVED_PAGE = {".html", ".htm"}, {".mht", ".mhtml"}
_OFFICE_TEXT = {".doc", ".docx", ".docm", ".wps", ".rtf", ".odt", ".pdf"}
_OFFICE_SHEET = {".xls", ".xlsx", ".xlsm", ".et", ".ods", ".xlsb"}


def real_ending(data: bytes, ending: str) -> str:
    """The ending, in lower case, of the format that `data` is in; `ending`, that of the file's
    name, where the content says nothing else.

    >>> real_ending(b"%PDF-1.7 ...", ".doc"), real_ending("一句话。".encode(), ".xls")
    ('.pdf', '.csv')
    >>> real_ending(b"<!DOCTYPE html><p>a", ".xls"), real_ending(b"# Title", ".md")
    ('.html', '.md')
    """
    ending = ending.lower()
    if plugin_of(ending):
        return ending
    found = _binary(data)
    if not found and not data.startswith((_ZIP, archives.MAGIC)):  # else it is damaged
        found = _text(data, ending)
    same = any(ending in group and found in group for group in _SAME)
    return ending if same or not found else found


def _magic(data: bytes) -> str:
    """By the first bytes alone."""
    if data.startswith(b"%PDF-"):
        return ".pdf"
    if data.startswith(rb"{\rtf"):
        return ".rtf"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return ".webp"
    return next((ending for magic, ending in _PICTURES if data.startswith(magic)), "")


def _binary(data: bytes) -> str:
    if data.startswith(_ZIP):
        return _archived(BytesIO(data))
    if data.startswith(archives.MAGIC):
        names = archives.stream_names(data)
        return next((ending for name, ending in _STREAMS.items() if name in names), "")
    return _magic(data)


def _archived(source: IO[bytes]) -> str:
    """What a zip archive is, if it is the package of an office file or a book."""
    try:
        with zipfile.ZipFile(source) as archive:
            names = set(archive.namelist())
            stated = archive.open("mimetype").read(100) if "mimetype" in names else b""
    except Exception:  # noqa: BLE001 (a damaged archive raises whatever it meets)
        return ""
    kind = stated.decode("ascii", "replace").strip()
    if kind.startswith(_OPEN_DOCUMENT):
        return _OPEN_KINDS.get(kind.removeprefix(_OPEN_DOCUMENT).split("-")[0], "")
    return next((ending for part, ending in _PARTS.items() if part in names), "")


def is_package(path: Path) -> bool:
    """Whether a zip archive is an office file or a book.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return file.read(4) == _ZIP and bool(_archived(file))


def _text(data: bytes, ending: str) -> str:
    """What a file without marks of a binary format is, where its ending is one of those that
    programs put on anything."""
    head = data[:_HEAD_BYTES].removeprefix(b"\xef\xbb\xbf")
    office = ending in _OFFICE_TEXT | _OFFICE_SHEET
    found = ""
    if ending == ".msg" and _MESSAGE.match(head) and _MAIL.search(head):
        return ".eml"
    if (office or ending in _WEB) and _MESSAGE.match(head) and _RELATED.search(head):
        return ".mht"
    if office or ending in _PLAIN | _SAVED_PAGE:
        if _PAGE.match(head) or (office and _PAGE_PART.match(head)):
            found = ".html"
        elif office and _is_text(data, head):
            found = ".csv" if ending in _OFFICE_SHEET else ".txt"
    return found


def _is_text(data: bytes, head: bytes) -> bool:
    """Whether it is plain text: no PDF, no XML of an office program."""
    if b"%PDF-" in head[:1024] or b"endobj" in data or head.lstrip().startswith(b"<"):
        return False
    try:
        decode(data)
    except UnreadableDocument:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What a file became. `title` and `date` are None where nothing states or suggests them,
    `publisher` and `tags` empty where the file states none. `source` is the decoded file, or None
    for a format without a text of its own; `origin` is then empty. `warnings` say what of the file
    is not in the text."""

    text: str
    blocks: tuple[Block, ...]
    origin: tuple[Run, ...]
    title: str | None
    date: str | None
    date_inferred: bool
    source: str | None
    warnings: tuple[str, ...] = ()
    publisher: str | None = None
    tags: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


Parser = Callable[[bytes, Reading], Cleaned]

_FORMAT_PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp")
PAGED = (".pdf", *_FORMAT_PICTURES)
"""The endings of files whose pages can be drawn."""
_FORMATS = "rag.documents.formats"
# Ending -> module and function.
_PARSERS = {
    ".txt": "rag.documents.formats.text:read_text",
    ".text": "rag.documents.formats.text:read_text",
    ".log": "rag.documents.formats.text:read_text",
    ".md": "rag.documents.formats.text:read_markdown",
    ".markdown": "rag.documents.formats.text:read_markdown",
    ".docx": "rag.documents.formats.docx:read_docx",
    ".pptx": "rag.documents.formats.pptx:read_pptx",
    ".epub": "rag.documents.formats.web:read_epub",
    ".xlsx": "rag.documents.formats.sheets:read_xlsx",
    ".xlsm": "rag.documents.formats.sheets:read_xlsx",
    ".csv": "rag.documents.formats.records:read_csv",
    ".tsv": "rag.documents.formats.records:read_csv",
    ".json": "rag.documents.formats.records:read_json",
    ".jsonl": "rag.documents.formats.records:read_json_lines",
    ".ndjson": "rag.documents.formats.records:read_json_lines",
    ".html": "rag.documents.formats.web:read_html",
    ".htm": "rag.documents.formats.web:read_html",
    ".xhtml": "rag.documents.formats.web:read_html",
    ".xml": "rag.documents.formats.web:read_xml",
    ".rss": "rag.documents.formats.web:read_xml",
    ".atom": "rag.documents.formats.web:read_xml",
    ".srt": "rag.documents.formats.text:read_subtitles",
    ".vtt": "rag.documents.formats.text:read_subtitles",
    ".ipynb": "rag.documents.formats.text:read_notebook",
    ".tex": "rag.documents.formats.tex:read_tex",
    ".ofd": "rag.documents.formats.ofd:read_ofd",
    ".eml": "rag.documents.formats.email:read_eml",
    ".msg": "rag.documents.formats.email:read_msg",
    ".mht": "rag.documents.formats.email:read_mht",
    ".mhtml": "rag.documents.formats.email:read_mht",
    ".pdf": "rag.documents.pdf.read:read_pdf",
    **dict.fromkeys(
        (".doc", ".wps", ".rtf", ".odt"), "rag.documents.formats.legacy:read_text_document"
    ),
    **dict.fromkeys((".ppt", ".dps", ".odp"), "rag.documents.formats.legacy:read_presentation"),
    **dict.fromkeys((".xls", ".et", ".xlsb", ".ods"), "rag.documents.formats.legacy:read_workbook"),
    **dict.fromkeys(_FORMAT_PICTURES, "rag.documents.pdf.read:read_image"),
}

_BROUGHT = "rag.documents.formats.text:read_brought"
# Read by this program's own code.
_OWN = {".txt", ".text", ".log", ".md", ".markdown", ".csv", ".tsv", ".json", ".jsonl", ".ndjson"}


def parser_of(suffix: str) -> Parser | None:
    """The parser for files whose name ends with `suffix` (`.pdf`); a name without an ending is
    a text's. None where there is none, built in or of another package."""
    ending = suffix.lower() or ".txt"
    if ending in _PARSERS:
        parser: Parser = named(_PARSERS[ending])
        return parser
    brought = plugin_of(ending)
    return partial(named(_BROUGHT), brought) if brought else None


def plugin_of(ending: str) -> Plugin | None:
    """The parser that another package brings for an ending (`.xyz`); none for those that are
    read here."""
    if ending in _PARSERS or not ending:
        return None
    return plugins(Group.PARSERS).get(ending.lower().removeprefix("."))


def named(place: str) -> Any:
    """What `module:name` names; the module is loaded only now."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


def is_foreign(path: str) -> bool:
    """Whether a library parses a file of this name, which takes longer than reading a text."""
    ending = os.path.splitext(path)[1].lower()  # noqa: PTH122 (as many as there are files)
    return bool(ending) and ending not in _OWN


def supported() -> list[str]:
    """The endings of files that can be read, sorted."""
    return sorted({*_PARSERS, *(f".{name}" for name in plugins(Group.PARSERS))})
