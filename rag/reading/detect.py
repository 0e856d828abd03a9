"""What a file really is: its content wins over the ending of its name."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from pathlib import Path
from typing import IO

from rag.errors import UnreadableDocument
from rag.reading.parsers import compound
from rag.reading.parsers.plain import decode

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
_WEB_OR_MAIL, _SAVED_PAGE = {".html", ".htm", ".eml", ".msg"}, {".mht", ".mhtml"}
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
    found = _binary(data)
    if not found and not data.startswith((_ZIP, compound.MAGIC)):  # else it is damaged
        found = _text(data, ending)
    same = any(ending in group and found in group for group in _SAME)
    return ending if same or not found else found


def is_disguised(head: bytes) -> bool:
    """Whether a file that begins with these bytes is none of plain text, whatever its name says."""
    return bool(_magic(head) or head.startswith((_ZIP, compound.MAGIC)) or _PAGE.match(head))


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
    if data.startswith(compound.MAGIC):
        names = compound.stream_names(data)
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
    if (office or ending in _WEB_OR_MAIL) and _MESSAGE.match(head):
        if _RELATED.search(head):
            return ".mht"
        found = ".eml" if ending == ".msg" and _MAIL.search(head) else ""
    if office or ending in _PLAIN | _SAVED_PAGE:
        if _PAGE.match(head) or (office and _PAGE_PART.match(head)):
            found = ".html"
        elif office and not found and _is_text(data, head):
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
