"""Files of old and of other office programs: converted by LibreOffice, then read as what they
became. Workbooks are read without it, too, as far as that goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from rag.documents.formats import libreoffice
from rag.documents.formats.calamine import rewritten
from rag.errors import UnreadableDocument
from rag.reading.clean import Cleaned
from rag.reading.detect import real_ending
from rag.reading.office.sheets import read_xlsx
from rag.reading.office.slides import read_pptx
from rag.reading.office.word import read_docx
from rag.reading.pages import RETRY
from rag.reading.parsers.compound import stream_names
from rag.settings import Reading

_TEXTS, _SLIDES, _SHEETS = (".doc", ".rtf", ".odt"), (".ppt", ".odp"), (".xls", ".xlsb", ".ods")
_XML = b"<?xml"  # files of Office 2003, and flat ones of OpenDocument
_WORKS = {"CONTENTS", "MM"}  # streams of Microsoft Works
_HEAD_BYTES = 1024
_UNFORMATTED = (
    "cells are read as they are stored: percent signs, thousands separators and currencies of "
    f"their number formats are missing; to have them, {libreoffice.INSTALL}, then: {RETRY}"
)


def read_text_document(data: bytes, settings: Reading) -> Cleaned:
    """A file of a word processor: .doc .wps .rtf .odt.

    Raises:
        UnreadableDocument: LibreOffice is not installed or cannot read it, or it has no text.
    """
    return _converted(data, _TEXTS, "docx", read_docx, settings)


def read_presentation(data: bytes, settings: Reading) -> Cleaned:
    """Slides: .ppt .dps .odp.

    Raises:
        UnreadableDocument: LibreOffice is not installed or cannot read it, or it has no text.
    """
    return _converted(data, _SLIDES, "pptx", read_pptx, settings)


def read_workbook(data: bytes, settings: Reading) -> Cleaned:
    """A workbook: .xls .et .xlsb .ods. Without LibreOffice the number formats are missing.

    Raises:
        UnreadableDocument: damaged, encrypted, or empty.
    """
    if libreoffice.available():
        with suppress(UnreadableDocument):  # it takes too long, or is damaged in its eyes
            return _converted(data, _SHEETS, "xlsx", read_xlsx, settings)
    if not data.strip(b"\x00 \t\r\n"):
        raise UnreadableDocument("the file is empty")
    cleaned = read_xlsx(rewritten(data), settings)
    return replace(cleaned, warnings=(*cleaned.warnings, _UNFORMATTED))


def _converted(
    data: bytes,
    kinds: Sequence[str],
    target: str,
    read: Callable[[bytes, Reading], Cleaned],
    settings: Reading,
) -> Cleaned:
    if not data.strip(b"\x00 \t\r\n"):
        raise UnreadableDocument("the file is empty")
    return read(libreoffice.convert(data, _known(data, kinds), target, settings), settings)


def _known(data: bytes, kinds: Sequence[str]) -> str:
    """Which of the kinds a file is: what LibreOffice does not know it reads as plain text,
    whatever comes out.

    Raises:
        UnreadableDocument: none of them.
    """
    found = real_ending(data, "")
    if found in kinds:
        return found
    if data[:_HEAD_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_XML):
        return kinds[0]
    if not _WORKS.isdisjoint(stream_names(data)):
        return ".wps"
    raise UnreadableDocument(f"the file is damaged, encrypted, or none of: {', '.join(kinds)}")
