"""Messages of Outlook (.msg).

Source: [MS-OXMSG] (Outlook Item File Format) and [MS-OXPROPS]; a stream `__substg1.0_PPPPTTTT`
holds the property PPPP of type TTTT: 001F text in UTF-16, 001E text in the message's code page,
0102 bytes, 000D a message in this one.
"""

from __future__ import annotations

import codecs
import datetime as dt
import struct
from contextlib import suppress
from email.parser import HeaderParser
from email.utils import parsedate_to_datetime

from rag.documents.formats.mail import (
    MOST_ATTACHMENTS,
    Attachment,
    Mail,
    clean_mail,
    free_name,
    written_mail,
)
from rag.errors import UnreadableDocument
from rag.reading.clean import Cleaned
from rag.reading.parsers.compound import read_streams
from rag.reading.parsers.plain import decode
from rag.settings import Reading

_SUBJECT, _BODY, _HTML, _RTF = "0037", "1000", "1013", "1009"
_SENDER, _SENDER_ADDRESS, _SENDER_SMTP = "0C1A", "0C1F", "5D01"
_TO, _CC, _HEADERS = "0E04", "0E03", "007D"
_SENT, _RECEIVED = 0x0039, 0x0E06
_CODE_PAGES = (0x3FFD, 0x3FDE)  # of the message, of its text on its way
_NAME, _SHORT_NAME, _DISPLAY_NAME, _FILE, _CONTENT_ID = "3707", "3704", "3001", "3701", "3712"
_ATTACHED, _MESSAGE = "__attach_version1.0", "3701000D"
_PROPERTIES = "__properties_version1.0"
_HEAD_BYTES = {"root": 32, "inner": 24}
_ENTRY = struct.Struct("<HHIQ")  # type, property, flags, value
_DEEPEST = 4
_EPOCH = dt.datetime(1601, 1, 1, tzinfo=dt.UTC)

Streams = dict[tuple[str, ...], bytes]


def read_msg(data: bytes, settings: Reading) -> Cleaned:
    """A message of Outlook. Its attachments are documents of their own.

    Raises:
        UnreadableDocument: damaged, no message, too large, or without text.
    """
    return clean_mail(parse_msg(data, settings.max_unpacked_bytes))


def parse_msg(data: bytes, max_bytes: int) -> Mail:
    """A message of Outlook; `max_bytes` limits all of its parts together.

    Raises:
        UnreadableDocument: damaged, no message, or too large.
    """
    if not data.strip(b"\x00 \t\r\n"):
        raise UnreadableDocument("the file is empty")
    streams = read_streams(data, max_bytes)
    if (_PROPERTIES,) not in streams:
        raise UnreadableDocument("the file is damaged or no message of Outlook")
    return _mail(streams, _HEAD_BYTES["root"], 1)


def _mail(streams: Streams, head: int, depth: int) -> Mail:
    """The message of these streams, whose names have lost what stands above the message."""
    facts = _facts(streams.get((_PROPERTIES,), b"")[head:])
    page = _code_page(facts)

    def text(number: str) -> str:
        return _text(streams, (), number, page)

    headers = HeaderParser().parsestr(text(_HEADERS)[:20_000])
    html = text(_HTML)
    if not html and (raw := streams.get((f"__substg1.0_{_HTML}0102",))):
        html = _decoded(raw, page)
    sent = _time(facts.get(_SENT)) or _time(facts.get(_RECEIVED))
    with suppress(ValueError, TypeError, OverflowError, IndexError):
        sent = parsedate_to_datetime(headers["date"]) if headers["date"] else sent
    address = text(_SENDER_SMTP) or text(_SENDER_ADDRESS)
    name = text(_SENDER)
    plain = text(_BODY)
    files, pictures = _files(streams, page, html, depth)
    unread = f"__substg1.0_{_RTF}0102" in {path[0] for path in streams} and not (plain or html)
    return Mail(
        subject=text(_SUBJECT),
        sender=f"{name} <{address}>" if "@" in address and name != address else name or address,
        to=text(_TO),
        copied=text(_CC),
        sent=sent,
        bodies=((plain, html),) if plain or html else (),
        attachments=tuple(files),
        pictures=pictures,
        warnings=("the message's text is kept as RTF only and is not read",) if unread else (),
    )


def _files(streams: Streams, page: str, html: str, depth: int) -> tuple[list[Attachment], int]:
    """The files attached, and how many pictures stand inside the text."""
    names: set[str] = set()
    files: list[Attachment] = []
    pictures = 0
    for folder in sorted({path[0] for path in streams if path[0].startswith(_ATTACHED)}):
        own = {path[1:]: data for path, data in streams.items() if path[0] == folder and path[1:]}
        if len(files) >= MOST_ATTACHMENTS:
            raise UnreadableDocument(f"the message holds more than {MOST_ATTACHMENTS:,} files")
        name = next(
            filter(None, (_text(own, (), n, page) for n in (_NAME, _SHORT_NAME, _DISPLAY_NAME))),
            f"attachment-{len(files) + 1}",
        )
        inner = f"__substg1.0_{_MESSAGE}"
        within = {path[1:]: data for path, data in own.items() if path[0] == inner and path[1:]}
        if (_PROPERTIES,) in within:
            if depth >= _DEEPEST:
                raise UnreadableDocument(f"more than {_DEEPEST} messages in one another")
            mail = _mail(within, _HEAD_BYTES["inner"], depth + 1)
            files.append(Attachment(free_name(f"{name}.eml", names), written_mail(mail)))
            continue
        data = own.get((f"__substg1.0_{_FILE}0102",), b"")
        shown = _text(own, (), _CONTENT_ID, page).strip("<>")
        if shown and f"cid:{shown}" in html:
            pictures += 1
        else:
            files.append(Attachment(free_name(name, names), data))
    return files, pictures


def _facts(entries: bytes) -> dict[int, int]:
    """The properties of fixed size by their number."""
    whole = len(entries) - len(entries) % _ENTRY.size
    return {number: value for _, number, _, value in _ENTRY.iter_unpack(entries[:whole])}


def _code_page(facts: dict[int, int]) -> str:
    for number in _CODE_PAGES:
        page = facts.get(number, 0) & 0xFFFFFFFF
        name = {65001: "utf-8", 936: "gb18030", 54936: "gb18030", 950: "big5hkscs"}.get(page)
        if name is None and page:
            with suppress(LookupError):
                name = codecs.lookup(f"cp{page}").name
        if name:
            return name
    return ""


def _text(streams: Streams, above: tuple[str, ...], number: str, page: str) -> str:
    wide = streams.get((*above, f"__substg1.0_{number}001F"))
    if wide is not None:
        return wide.decode("utf-16-le", "replace").rstrip("\0")
    narrow = streams.get((*above, f"__substg1.0_{number}001E"))
    return _decoded(narrow, page).rstrip("\0") if narrow else ""


def _decoded(data: bytes, page: str) -> str:
    try:
        return decode(data, page or None).text
    except UnreadableDocument:
        return data.decode(page or "utf-8", "replace")


def _time(value: int | None) -> dt.datetime | None:
    """A time of Windows: tenths of microseconds since 1601."""
    if not value:
        return None
    with suppress(OverflowError):
        return _EPOCH + dt.timedelta(microseconds=value // 10)
    return None
