"""Mail: what a message says of itself, its text, and the files in it. Also web pages that a browser
saved with all that belongs to them (.mht), which are set as mail."""

from __future__ import annotations

import datetime as dt
import mimetypes
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from email.header import decode_header
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import Compat32
from email.utils import getaddresses, parsedate_to_datetime

from rag.errors import UnreadableDocument
from rag.reading.clean import Cleaned, clean_fragments
from rag.reading.flow import Fragment, Role, fragments, written
from rag.reading.furniture import find_furniture
from rag.reading.layout import infer_layout
from rag.reading.lines import split_lines
from rag.reading.marked.html import HEADING_RANKS, PageText, page_text, page_warnings
from rag.reading.marked.web import clean_page
from rag.reading.outline import NO_HEADING
from rag.reading.parsers.markup import parse_html
from rag.reading.parsers.plain import decode
from rag.settings import Reading

MOST_ATTACHMENTS = 1_000
_LONGEST_HEADER = 20_000
_LONGEST_NAME = 120
# Lines times parts made of parts: each line is held against the ends of all that are open.
_MOST_WORK = 20_000_000
# Of a text that is there as a web page, too, the page is read where it holds so much of it.
_PAGE_SHARE = 0.5
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "cp936": "gb18030", "big5": "big5hkscs"}
_CJK = re.compile("[\u4e00-\u9fff]")
_NO_NAME = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|\u2028\u2029\ufffd]+')
_INLINE_IMAGE = re.compile(rb"cid:([^\"'\s)>]{1,300})", re.IGNORECASE)
# A message without any of these holds no file: it need not be taken apart to know.
_TEXTS = {"text/plain", "text/html"}
_MAY_ATTACH = re.compile(rb"filename|name\*?=|attachment|message/rfc822", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a message; names are unique in it."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """A message. `sent` is in the sender's time zone; `bodies` are the parts of its text, each
    plain, as a web page, or both, one of which is empty where it is not there; `pictures` counts
    those that stand inside the text."""

    subject: str = ""
    sender: str = ""
    to: str = ""
    copied: str = ""
    sent: dt.datetime | None = None
    bodies: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    pictures: int = 0
    warnings: tuple[str, ...] = ()


class _Bounded(Compat32):
    """Headers are cut to a length in which no parser loses itself."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """The name and the value of a header."""
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_LONGEST_HEADER]


def read_eml(data: bytes, _settings: Reading) -> Cleaned:
    """A message. Its attachments are documents of their own.

    Raises:
        UnreadableDocument: empty, no message, encrypted, or without text.
    """
    return clean_mail(parse_eml(data))


def read_mht(data: bytes, _settings: Reading) -> Cleaned:
    """A web page saved with its pictures, which are left out.

    Raises:
        UnreadableDocument: empty, damaged, or without text.
    """
    mail = parse_eml(data)
    page = next((page for _, page in mail.bodies if page), "")
    if not page:
        raise UnreadableDocument("the file holds no web page")
    cleaned = clean_page(parse_html(page))
    return replace(cleaned, warnings=(*_left_out(mail), *cleaned.warnings))


def may_attach(data: bytes) -> bool:
    """Whether a message may hold files."""
    return _MAY_ATTACH.search(data) is not None


def parse_eml(data: bytes) -> Mail:
    """A message in the format of mail on its way.

    Source: RFC 5322 and RFC 2045 to 2049.

    Raises:
        UnreadableDocument: empty, no message, encrypted, or too many parts.
    """
    if not data.strip(b"\x00 \t\r\n"):
        raise UnreadableDocument("the file is empty")
    work = data.count(b"\n") * (1 + len(re.findall(rb"(?i)boundary\s*=", data)))
    if work > _MOST_WORK:
        raise UnreadableDocument(
            f"the message has too many lines and parts ({work:,}, the limit is {_MOST_WORK:,})"
        )
    try:
        message = BytesParser(policy=_Bounded()).parsebytes(data.lstrip(b"\r\n\t \xef\xbb\xbf"))
        if not message.keys():
            raise UnreadableDocument("the file is no message: it has no headers")
        if message.get_content_type() in ("multipart/encrypted", "application/pkcs7-mime"):
            raise UnreadableDocument("the message is encrypted; save it decrypted to read it")
        found = _Parts(data)
        found.walk(message)
        return Mail(
            subject=_header(message, "subject"),
            sender=_people(message, "from"),
            to=_people(message, "to"),
            copied=_people(message, "cc"),
            sent=_sent(message),
            bodies=tuple(found.bodies),
            attachments=tuple(found.attachments),
            pictures=found.pictures,
        )
    except RecursionError:
        raise UnreadableDocument(
            "the message is damaged: its parts are nested too deeply"
        ) from None


@dataclass(slots=True)
class _Parts:
    """The parts of a message: texts, files, pictures inside the text."""

    data: bytes
    bodies: list[tuple[str, str]] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    pictures: int = 0

    def walk(self, part: Message) -> None:
        """Everything in a part."""
        kind = part.get_content_type()
        disposition = part.get_content_disposition()
        inner = _parts(part)
        if kind == "message/rfc822" and inner:
            subject = _header(inner[0], "subject") or "message"
            self.attach(f"{subject[:_LONGEST_NAME]}.eml", inner[0].as_bytes())
        elif kind == "multipart/alternative" and inner:
            self._alternatives(inner)
        elif inner:
            for one in inner:
                self.walk(one)
        elif kind in _TEXTS and disposition != "attachment":
            text = _text(part)
            if text.strip():
                self.bodies.append((text, "") if kind == "text/plain" else ("", text))
        elif part.get_content_maintype() == "multipart":  # the marks between its parts are lost
            text = _text(part)
            if text.strip():
                self.bodies.append(("", text) if "<html" in text[:2000].lower() else (text, ""))
        elif part.get_content_maintype() == "image" and self._stands_inside(part):
            self.pictures += 1
        else:
            self.attach(_name(part, kind, len(self.attachments) + 1), _payload(part))

    def attach(self, name: str, data: bytes) -> None:
        """A file of the message, under a name that no other one has."""
        if len(self.attachments) >= MOST_ATTACHMENTS:
            raise UnreadableDocument(f"the message holds more than {MOST_ATTACHMENTS:,} files")
        self.attachments.append(Attachment(free_name(name, self.names), data))

    def _alternatives(self, parts: Sequence[Message]) -> None:
        """The same text, plain and as a web page, which may come with its pictures."""
        inner = _Parts(self.data, attachments=self.attachments, names=self.names)
        for part in parts:
            inner.walk(part)
        plain = "\n\n".join(text for text, _ in inner.bodies if text)
        page = "\n".join(page for _, page in inner.bodies if page)
        if plain or page:
            self.bodies.append((plain, page))
        self.pictures += inner.pictures

    def _stands_inside(self, part: Message) -> bool:
        """Whether the text shows a picture."""
        name = str(part.get("content-id", "")).strip("<> \r\n")
        if name:
            shown = {match[1] for match in _INLINE_IMAGE.finditer(self.data)}
            coded = name.encode("ascii", "replace")
            return coded in shown or part.get_content_disposition() != "attachment"
        return part.get_content_disposition() == "inline" or bool(part.get("content-location"))


def free_name(name: str, taken: set[str]) -> str:
    """A name of a file without what leads elsewhere or cannot be shown, and not yet `taken`; now
    it is.

    >>> free_name("../a/b.txt", {"_a_b.txt"})
    '_a_b (2).txt'
    """
    name = _NO_NAME.sub("_", " ".join(name.split())).lstrip(".~").strip() or "file"
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 10:
        stem, dot, ending = name, "", ""
    stem = stem[:_LONGEST_NAME]
    free, number = f"{stem}{dot}{ending}", 1
    while free.lower() in taken or not free.isprintable():
        number += 1
        stem = "".join(c if c.isprintable() else "_" for c in stem)
        free = f"{stem} ({number}){dot}{ending}"
    taken.add(free.lower())
    return free


def _name(part: Message, kind: str, number: int) -> str:
    name = part.get_filename() or ""
    if name:
        return _decoded(name)
    return f"attachment-{number}{mimetypes.guess_extension(kind) or ''}"


def _parts(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def _payload(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _text(part: Message) -> str:
    data = _payload(part)
    if not data.strip():
        return ""
    try:
        return decode(data, part.get_content_charset() or None).text
    except UnreadableDocument:
        return data.decode("utf-8", "replace")


def _header(message: Message, name: str) -> str:
    value = next((value for key, value in message.raw_items() if key.lower() == name), "")
    return _decoded(str(value))


def _decoded(value: str) -> str:
    """A header as it is meant: encoded words, or bytes of some encoding."""
    raw = value.encode("ascii", "surrogateescape") if value.isascii() or _has_bytes(value) else b""
    if raw and not raw.isascii():
        try:
            value = decode(raw).text
        except UnreadableDocument:
            value = raw.decode("utf-8", "replace")
    try:
        words = decode_header(value)
    except Exception:  # noqa: BLE001 (a damaged header raises whatever it meets)
        words = [(value, None)]
    text = ""
    for word, charset in words:
        if isinstance(word, bytes):
            name = (charset or "ascii").lower()
            try:
                text += word.decode(_WIDER.get(name, name), "replace")
            except LookupError:
                text += word.decode("utf-8", "replace")
        else:
            text += word
    return " ".join(text.split())


def _has_bytes(value: str) -> bool:
    return any("\udc80" <= character <= "\udcff" for character in value) and all(
        character < "\x80" or "\udc80" <= character <= "\udcff" for character in value
    )


def _people(message: Message, name: str) -> str:
    """Names with addresses, as they are written."""
    values = [str(value) for key, value in message.raw_items() if key.lower() == name]
    flat = [value.replace("\r", " ").replace("\n", " ") for value in values]
    found = []
    for coded, address in getaddresses(flat):
        shown = _decoded(coded)
        found.append(f"{shown} <{address}>" if shown and address else shown or address)
    return ", ".join(one for one in found if one)


def _sent(message: Message) -> dt.datetime | None:
    try:
        return parsedate_to_datetime(str(message.get("date", "")))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def clean_mail(mail: Mail) -> Cleaned:
    """A message as a cleaned text: subject, sender, receivers, time and names of files stand above
    its text. The subject is the title, the day it was sent the date, the sender the publisher.

    Raises:
        UnreadableDocument: neither text nor subject.
    """
    pages: list[PageText] = []
    body = [one for plain, page in mail.bodies for one in _body(plain, page, pages)]
    if not body and not mail.subject:
        raise UnreadableDocument("the message holds no text")
    head = list(_facts(mail))
    cleaned = clean_fragments(
        [*head, *body],
        title=mail.subject or None,
        date=mail.sent.date().isoformat() if mail.sent else None,
        stated=mail.sent is not None,
        warnings=[*_left_out(mail), *page_warnings(pages)],
    )
    return replace(cleaned, publisher=mail.sender or None)


def _facts(mail: Mail) -> Iterator[Fragment]:
    """What the message says of itself, in the language that it is written in."""
    words = f"{mail.subject}{mail.sender}{''.join(f'{a}{b}' for a, b in mail.bodies)}"
    chinese = _CJK.search(words[:20_000]) is not None
    labels = (
        ("发件人：", "收件人：", "抄送：", "时间：", "附件：") if chinese
        else ("From: ", "To: ", "Cc: ", "Date: ", "Attachments: ")
    )  # fmt: skip
    if mail.subject:
        yield written(Role.BODY, mail.subject, rank=HEADING_RANKS[0])
    sent = mail.sent.strftime("%Y-%m-%d %H:%M") if mail.sent else ""
    if mail.sent and mail.sent.utcoffset() == dt.timedelta():
        sent += " UTC"
    files = ("、" if chinese else ", ").join(one.name for one in mail.attachments)
    for label, value in zip(labels, (mail.sender, mail.to, mail.copied, sent, files), strict=True):
        if value:
            yield written(Role.BODY, f"{label}{value}", rank=NO_HEADING)


def _body(plain: str, page: str, pages: list[PageText]) -> list[Fragment]:
    """One part of the text: the web page, which holds tables, where it holds the text."""
    if page:
        shown = page_text(parse_html(page))
        size = sum(len(item.text) for item in shown.fragments)
        if shown.fragments and size >= _PAGE_SHARE * len("".join(plain.split())):
            pages.append(shown)
            return [
                replace(item, rank=NO_HEADING) if item.rank is None and item.role is Role.BODY
                else item
                for item in shown.fragments
            ]  # fmt: skip
    if not plain.strip():
        return []
    lines = split_lines(plain)
    layout = infer_layout(lines)
    return [
        written(item.role, item.text, rank=NO_HEADING if item.role is Role.BODY else None)
        for item in fragments(lines, layout, find_furniture(lines, layout))
    ]


def _left_out(mail: Mail) -> list[str]:
    if not mail.pictures:
        return list(mail.warnings)
    return [*mail.warnings, f"{mail.pictures} pictures inside the text are not read"]


def written_mail(mail: Mail) -> bytes:
    """A message in the format of mail on its way, as it is kept inside another one."""
    message = EmailMessage()
    for name, value in (("Subject", mail.subject), ("From", mail.sender), ("To", mail.to),
                        ("Cc", mail.copied)):  # fmt: skip
        if value:
            message.add_header(name, _NO_NAME.sub(" ", value) if name == "Subject" else value)
    if mail.sent:
        message["Date"] = mail.sent
    plain = "\n\n".join(text for text, _ in mail.bodies if text)
    page = "\n".join(page for _, page in mail.bodies if page)
    message.set_content(plain)
    if page:
        message.add_alternative(page, subtype="html")
    for one in mail.attachments:
        message.add_attachment(
            one.data, maintype="application", subtype="octet-stream", filename=one.name
        )
    return message.as_bytes()
